/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/bundle_manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/number.h"
#include "base/path.h"

#define NAME_LIMIT 1024

static const char head[] = "reproof-bundle-1";

void bundle_manifest_release(struct bundle_manifest *manifest)
{
	for (size_t i = 0; i < manifest->count; i++)
		free(manifest->entries[i].name);
	for (size_t i = 0; i < manifest->repository_count; i++)
		bundle_repository_release(&manifest->repositories[i]);
	free(manifest->entries);
	free(manifest->repositories);
	*manifest = (struct bundle_manifest){0};
}

void bundle_repository_release(struct bundle_repository *repository)
{
	free(repository->name);
	free(repository->commit);
	*repository = (struct bundle_repository){0};
}

bool bundle_is_repository_name(const char *name, size_t len)
{
	if (len == 0 || len > 200 || name[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    (c != '\0' && strchr("+-._", c))))
			return false;
	}
	return true;
}

bool bundle_is_commit(const char *text, size_t len)
{
	return (len == 40 || len == 64) && strspn(text, "0123456789abcdef") >= len;
}

/* "ARCHIVE/TIME/PATH"; *path is NULL when it has no such form. */
static void archive_split(const char *text, const char **path)
{
	const char *time = strchr(text, '/');
	const char *slash = time ? strchr(time + 1, '/') : NULL;
	struct error ignored;
	int64_t timestamp;
	char *copy;

	*path = NULL;
	if (!slash)
		return;
	copy = xstrndup(time + 1, (size_t)(slash - time - 1));
	if (clock_parse_snapshot(copy, &timestamp, &ignored) == STATUS_OK)
		*path = slash + 1;
	free(copy);
}

/* dists/SUITE/NAME with a SUITE of one part or two, such as "buster/updates". */
static bool is_release(const char *path)
{
	static const char *const names[] = {"InRelease", "Release", "Release.gpg"};
	size_t slashes = 0;

	for (const char *at = path; *at; at++)
		slashes += *at == '/';
	if (slashes < 2 || slashes > 3)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(path_basename(path), names[i]) == 0)
			return true;
	}
	return false;
}

const char *bundle_archive_path(const char *name)
{
	const char *path;

	archive_split(name + strlen("archive/"), &path);
	return path;
}

char *bundle_archive_name(const struct pin *pin, const char *path)
{
	char time[CLOCK_TEXT_SIZE];

	clock_format_snapshot(pin->timestamp, time);
	return xasprintf("archive/%s/%s/%s", pin->archive, time, path);
}

static bool has_prefix(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

enum status bundle_entry_classify(const char *name, enum bundle_class *class, struct error *err)
{
	static const char suffix[] = ".bundle";
	const char *path = NULL;
	size_t len = strlen(name);

	if (!path_is_contained(name) || len > NAME_LIMIT)
		return error_set(err, STATUS_FORMAT,
			"the name \"%.200s\" leads out of the bundle: "
			"refused",
			name);
	if (has_prefix(name, "archive/"))
		archive_split(name + strlen("archive/"), &path);
	if (strcmp(name, "lock") == 0)
		*class = BUNDLE_LOCK;
	else if (has_prefix(name, "pins/") && !strchr(name + strlen("pins/"), '/'))
		*class = BUNDLE_PIN;
	else if (path && has_prefix(path, "dists/"))
		*class = is_release(path) ? BUNDLE_RELEASE : BUNDLE_INDEX;
	else if (path)
		*class = BUNDLE_POOL;
	else if (has_prefix(name, "git/") && path_has_suffix(name, suffix) &&
		bundle_is_repository_name(name + 4, len - 4 - strlen(suffix)))
		*class = BUNDLE_GIT;
	else
		return error_set(err, STATUS_FORMAT,
			"a bundle holds nothing called \"%.200s\": "
			"refused",
			name);
	return STATUS_OK;
}

int bundle_entry_compare(const struct bundle_entry *a, const struct bundle_entry *b)
{
	return a->class != b->class ? (a->class < b->class ? -1 : 1) : strcmp(a->name, b->name);
}

const struct bundle_entry *bundle_manifest_find(
	const struct bundle_manifest *manifest, const char *name)
{
	struct bundle_entry key = {.name = (char *)name};
	struct error ignored;
	size_t low = 0, high = manifest->count;

	if (bundle_entry_classify(name, &key.class, &ignored) < 0)
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = bundle_entry_compare(&manifest->entries[middle], &key);

		if (order == 0)
			return &manifest->entries[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

void bundle_manifest_format(const struct bundle_manifest *manifest, struct buffer *text)
{
	char hex[SHA256_HEX_SIZE];

	buffer_add_format(text, "%s\n", head);
	for (size_t i = 0; i < manifest->repository_count; i++)
		buffer_add_format(text, "git %s %s\n", manifest->repositories[i].name,
			manifest->repositories[i].commit);
	for (size_t i = 0; i < manifest->count; i++) {
		digest_hex(&manifest->entries[i].digest, hex);
		buffer_add_format(text, "%s %ju %s\n", hex, (uintmax_t)manifest->entries[i].size,
			manifest->entries[i].name);
	}
}

/* "git NAME COMMIT", behind "git ". */
static enum status repository_parse(struct bundle_manifest *manifest, char *line, struct error *err)
{
	struct bundle_repository *last = manifest->repository_count
		? &manifest->repositories[manifest->repository_count - 1]
		: NULL;
	char *space = strchr(line, ' ');

	if (!space || !bundle_is_repository_name(line, (size_t)(space - line)) ||
		!bundle_is_commit(space + 1, strlen(space + 1)))
		return error_set(err, STATUS_FORMAT, "not \"git NAME COMMIT\"");
	*space = '\0';
	if (manifest->count || (last && strcmp(last->name, line) >= 0))
		return error_set(err, STATUS_FORMAT, "%s is out of order, or comes twice", line);
	ARRAY_GROW(
		manifest->repositories, manifest->repository_count, manifest->repository_capacity);
	manifest->repositories[manifest->repository_count++] =
		(struct bundle_repository){.name = xstrdup(line), .commit = xstrdup(space + 1)};
	return STATUS_OK;
}

/* "SHA256 SIZE NAME" */
static enum status entry_parse(struct bundle_manifest *manifest, char *line, struct error *err)
{
	const struct bundle_entry *last =
		manifest->count ? &manifest->entries[manifest->count - 1] : NULL;
	char *size = strchr(line, ' '), *name = size ? strchr(size + 1, ' ') : NULL;
	struct bundle_entry entry = {0};

	if (!name || !digest_parse(line, (size_t)(size - line), &entry.digest) ||
		!number_parse(size + 1, (size_t)(name - size - 1), &entry.size))
		return error_set(err, STATUS_FORMAT, "not \"SHA256 SIZE NAME\"");
	entry.name = name + 1;
	if (bundle_entry_classify(entry.name, &entry.class, err) < 0)
		return err->status;
	if (entry.size > BUNDLE_MEMBER_LIMIT)
		return error_set(err, STATUS_LIMIT, "%s is too large for a bundle", entry.name);
	if (last && bundle_entry_compare(last, &entry) >= 0)
		return error_set(err, STATUS_FORMAT, "%s %s: refused", entry.name,
			strcmp(last->name, entry.name) == 0 ? "comes twice" : "is out of order");
	if (entry.class == BUNDLE_PIN && ++manifest->pin_count > BUNDLE_PINS_MOST)
		return error_set(
			err, STATUS_LIMIT, "it has more than %d pins: refused", BUNDLE_PINS_MOST);
	ARRAY_GROW(manifest->entries, manifest->count, manifest->capacity);
	entry.name = xstrdup(entry.name);
	manifest->entries[manifest->count++] = entry;
	return STATUS_OK;
}

/* Each repository has its file, and each such file its repository. */
static enum status repositories_check(const struct bundle_manifest *manifest, struct error *err)
{
	size_t files = 0;

	for (size_t i = 0; i < manifest->count; i++)
		files += manifest->entries[i].class == BUNDLE_GIT;
	for (size_t i = 0; i < manifest->repository_count; i++) {
		char *name = xasprintf("git/%s.bundle", manifest->repositories[i].name);
		bool is_there = bundle_manifest_find(manifest, name) != NULL;

		free(name);
		if (!is_there)
			return error_set(err, STATUS_FORMAT,
				"it declares the repository %s, which "
				"it does not hold",
				manifest->repositories[i].name);
	}
	if (files != manifest->repository_count)
		return error_set(err, STATUS_FORMAT,
			"it holds a repository that it does not "
			"declare: refused");
	return STATUS_OK;
}

/* What reads the same is only accepted when it is written the same: "007", upper case, no end. */
static enum status canonical_check(
	const struct bundle_manifest *manifest, const struct digest *given, struct error *err)
{
	struct buffer text = {0};
	struct digest digest;

	bundle_manifest_format(manifest, &text);
	hash_memory(text.data, text.len, &digest);
	buffer_release(&text);
	if (!digest_equal(&digest, given))
		return error_set(err, STATUS_FORMAT, "it is not written as %s says", head);
	return STATUS_OK;
}

enum status bundle_manifest_parse(
	char *data, size_t len, struct bundle_manifest *manifest, struct error *err)
{
	enum status status = STATUS_OK;
	struct digest given;
	char *line, *rest = data;
	size_t number = 0;

	*manifest = (struct bundle_manifest){0};
	hash_memory(data, len, &given);
	if (strlen(data) != len)
		return error_set(err, STATUS_FORMAT, "the manifest holds a NUL");
	while (status == STATUS_OK && (line = strsep(&rest, "\n")) != NULL) {
		number++;
		if (number == 1 && strcmp(line, head) != 0)
			status = error_set(err, STATUS_UNSUPPORTED,
				"it is no %s, the form that this reproof knows", head);
		else if (number > 1 && strncmp(line, "git ", 4) == 0)
			status = repository_parse(manifest, line + 4, err);
		else if (number > 1 && line[0])
			status = entry_parse(manifest, line, err);
		if (status < 0)
			error_context(err, BUNDLE_MANIFEST_NAME ":%zu", number);
	}
	if (status == STATUS_OK)
		status = canonical_check(manifest, &given, err);
	if (status == STATUS_OK)
		status = repositories_check(manifest, err);
	if (status < 0)
		bundle_manifest_release(manifest);
	return status;
}
