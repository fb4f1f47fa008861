/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/path.h"
#include "verifier/release/reader.h"

#define HASH_LIST_LIMIT ((size_t)16 * 1024 * 1024)

static struct release_published *published_of(void *context)
{
	return &((struct release_reader *)context)->release->published;
}

static enum status read_directory(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	return release_resolve(
		context, yaml, value, RELEASE_DIRECTORY, &published_of(context)->directory, err);
}

static enum status read_url(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	const char *text;

	if (yaml_text(yaml, value, &text, err) < 0)
		return err->status;
	/* The names of files are put behind it. */
	if (!release_is_url(text) || strpbrk(text, "?#"))
		return yaml_error(yaml, value, err,
			"\"%s\" is no base URL; one looks like https://HOST/PATH", text);
	size_t len = strlen(text);
	while (len > 0 && text[len - 1] == '/')
		len--;
	published_of(context)->url = xstrndup(text, len);
	return STATUS_OK;
}

static enum status read_files(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	if (yaml_texts(yaml, value, &published_of(context)->files, err) < 0)
		return err->status;
	for (size_t i = 0; i < value->count; i++)
		if (!path_is_contained(value->items[i]->text))
			return yaml_error(yaml, value->items[i], err,
				"\"%s\" is no name of a file below the URL", value->items[i]->text);
	return STATUS_OK;
}

static enum status read_hash_file(struct release_published *published, const struct yaml *yaml,
	const struct yaml_node *value, struct error *err)
{
	struct error inner;
	char *text = NULL;
	size_t len;
	enum status status =
		path_read_file(published->sha256sums, HASH_LIST_LIMIT, &text, &len, &inner);

	if (status == STATUS_OK)
		status = release_read_hashes(published, value->text, text, len, &inner);
	if (status < 0)
		yaml_error(yaml, value, err, "%s", inner.text);
	free(text);
	return status == STATUS_OK ? STATUS_OK : STATUS_USAGE;
}

static enum status read_sha256sums(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct release_published *published = published_of(context);
	const char *text;

	if (yaml_text(yaml, value, &text, err) < 0)
		return err->status;
	if (release_is_url(text)) {
		published->sha256sums = xstrdup(text);
		return STATUS_OK;
	}
	if (strstr(text, "://"))
		return yaml_error(yaml, value, err, "\"%s\" is no URL that can be read", text);
	if (release_resolve(context, yaml, value, RELEASE_FILE, &published->sha256sums, err) < 0)
		return err->status;
	return read_hash_file(published, yaml, value, err);
}

static const struct yaml_key keys[] = {
	{"directory", false, read_directory},
	{"url", false, read_url},
	{"files", false, read_files},
	{"sha256sums", false, read_sha256sums},
};

enum status release_read_published(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	if (yaml_map(yaml, value, err) < 0)
		return err->status;
	const struct yaml_node *directory = yaml_get(value, "directory");
	const struct yaml_node *url = yaml_get(value, "url");
	const struct yaml_node *files = yaml_get(value, "files");
	const struct yaml_node *hashes = yaml_get(value, "sha256sums");

	/* A wrong key is told before what seems to be missing because of it. */
	if (yaml_read_map(yaml, value, keys, ARRAY_SIZE(keys), context, err) < 0)
		return err->status;
	if (directory && url)
		return yaml_error(yaml, url, err, "give \"directory\" or \"url\", not both");
	if (!directory && !url && !hashes)
		return yaml_error(yaml, value, err,
			"one of \"directory\", \"url\" and \"sha256sums\" is missing here");
	if (files && !url)
		return yaml_error(yaml, files, err, "\"files\" goes with \"url\" only");
	if (files && hashes)
		return yaml_error(yaml, files, err,
			"give \"files\" or \"sha256sums\", not both: the hash list names the "
			"files");
	if (url && !files && !hashes)
		return yaml_error(yaml, url, err,
			"\"files\" or \"sha256sums\" is missing: what is at a URL cannot be "
			"listed");
	return STATUS_OK;
}

static int compare_hashes(const void *a, const void *b)
{
	return strcmp(
		((const struct release_hash *)a)->name, ((const struct release_hash *)b)->name);
}

/* "HEX  NAME", or "HEX *NAME" from `sha256sum --binary`. */
static enum status read_hash_line(struct release_published *published, const char *what,
	unsigned number, const char *line, size_t len, struct error *err)
{
	struct digest digest;

	if (len < 67 || !digest_parse(line, 64, &digest) || line[64] != ' ' ||
		(line[65] != ' ' && line[65] != '*'))
		return error_set(err, STATUS_FORMAT,
			"%s:%u: this is no line of sha256sum: 64 hex digits, two blanks, a name",
			what, number);
	const char *stored = line + 66;
	size_t stored_len = len - 66;
	if (stored_len > 2 && memcmp(stored, "./", 2) == 0) {
		stored += 2;
		stored_len -= 2;
	}
	char *name = xstrndup(stored, stored_len);
	if (strlen(name) != stored_len || !path_is_contained(name)) {
		error_set(err, STATUS_FORMAT,
			"%s:%u: the name \"%s\" is absolute, leads upward or holds control "
			"characters",
			what, number, name);
		free(name);
		return STATUS_FORMAT;
	}
	ARRAY_GROW(published->hashes, published->hash_count, published->hash_capacity);
	published->hashes[published->hash_count++] =
		(struct release_hash){.name = name, .digest = digest};
	return STATUS_OK;
}

enum status release_read_hashes(struct release_published *published, const char *what,
	const char *text, size_t len, struct error *err)
{
	const char *end = text + len;
	unsigned number = 0;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline ? newline : end;

		number++;
		if (read_hash_line(published, what, number, text, (size_t)(line_end - text), err) <
			0)
			return err->status;
		text = newline ? newline + 1 : end;
	}
	if (published->hash_count > 0)
		qsort(published->hashes, published->hash_count, sizeof(published->hashes[0]),
			compare_hashes);
	for (size_t i = 1; i < published->hash_count; i++)
		if (strcmp(published->hashes[i - 1].name, published->hashes[i].name) == 0)
			return error_set(err, STATUS_FORMAT,
				"%s: the name \"%s\" stands there twice", what,
				published->hashes[i].name);
	return STATUS_OK;
}
