/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/release/release.h"

#include <sys/stat.h>

#include "base/alloc.h"
#include "base/path.h"
#include "snapshot/pin_file.h"
#include "verifier/release/reader.h"
#include "verifier/release/yaml_file.h"

#define NAME_MAX_LENGTH 128

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

bool release_is_url(const char *text)
{
	static const char *const beginnings[] = {"http://", "https://", "file:///"};

	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
		size_t len = strlen(beginnings[i]);

		if (strncmp(text, beginnings[i], len) == 0)
			return text[len] && text[len] != '/' && !strchr(text, ' ');
	}
	return false;
}

enum status release_resolve(const struct release_reader *reader, const struct yaml *yaml,
	const struct yaml_node *node, enum release_path kind, char **path, struct error *err)
{
	const char *text;
	struct error inner;
	struct stat st;

	*path = NULL;
	if (yaml_text(yaml, node, &text, err) < 0)
		return err->status;
	char *joined = path_join(reader->directory, text);
	enum status status = path_resolve(joined, path, &inner);
	free(joined);
	if (status < 0)
		return yaml_error(yaml, node, err, "%s", inner.text);
	if (stat(*path, &st) < 0)
		yaml_error(yaml, node, err, "%s cannot be read", *path);
	else if (kind == RELEASE_DIRECTORY && !S_ISDIR(st.st_mode))
		yaml_error(yaml, node, err, "%s is not a directory", *path);
	else if (kind != RELEASE_DIRECTORY && !S_ISREG(st.st_mode))
		yaml_error(yaml, node, err, "%s is not a regular file", *path);
	else if (kind == RELEASE_PROGRAM && !(st.st_mode & 0111))
		yaml_error(yaml, node, err, "%s is not executable", *path);
	else
		return STATUS_OK;
	free(*path);
	*path = NULL;
	return STATUS_USAGE;
}

/* They become parts of file names and of one-line reports. */
static enum status read_name(
	const struct yaml *yaml, const struct yaml_node *node, char **name, struct error *err)
{
	const char *text;

	if (yaml_text(yaml, node, &text, err) < 0)
		return err->status;
	if (strspn(text, LOWER UPPER DIGIT) == 0 || text[strspn(text, LOWER UPPER DIGIT "._+-")] ||
		strlen(text) > NAME_MAX_LENGTH)
		return yaml_error(yaml, node, err,
			"this must begin with a letter or digit, and hold at most %d letters, "
			"digits and . _ + -",
			NAME_MAX_LENGTH);
	*name = xstrdup(text);
	return STATUS_OK;
}

static enum status read_release_name(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct release_reader *reader = context;

	return read_name(yaml, value, &reader->release->name, err);
}

static enum status read_target(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct release_reader *reader = context;

	return read_name(yaml, value, &reader->release->target, err);
}

/* The length of an archive's name at the beginning, 0 for none. */
static size_t archive_length(const char *text)
{
	return strspn(text, LOWER DIGIT) ? strspn(text, LOWER DIGIT "+.-") : 0;
}

static enum status check_pin(
	const struct yaml *yaml, const struct yaml_node *node, struct error *err)
{
	struct text_list suites = {0};
	char *archive = NULL;
	struct error inner;
	int64_t when;
	bool is_one = pin_name_parse(node->text, &archive, &when, &suites, &inner) == STATUS_OK &&
		archive[archive_length(archive)] == '\0';

	text_list_release(&suites);
	free(archive);
	if (is_one)
		return STATUS_OK;
	return yaml_error(yaml, node, err,
		"\"%s\" is no pin; one looks like debian@20260711T101637Z, or with its suites "
		"debian@20260711T101637Z:bookworm,bookworm-updates",
		node->text);
}

static enum status read_pin(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct text_list *pins = &((struct release_reader *)context)->release->pins;

	if (value->kind == YAML_TEXT) {
		const char *text;

		if (yaml_text(yaml, value, &text, err) < 0 || check_pin(yaml, value, err) < 0)
			return err->status;
		text_list_add(pins, text);
		return STATUS_OK;
	}
	if (yaml_texts(yaml, value, pins, err) < 0)
		return err->status;
	for (size_t i = 0; i < value->count; i++)
		if (check_pin(yaml, value->items[i], err) < 0)
			return err->status;
	return STATUS_OK;
}

static enum status read_mirrors(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct release_reader *reader = context;

	if (yaml_texts(yaml, value, &reader->release->mirrors, err) < 0)
		return err->status;
	for (size_t i = 0; i < value->count; i++) {
		const char *text = value->items[i]->text;
		size_t len = archive_length(text);

		if (!release_is_url(text) &&
			(len == 0 || text[len] != '=' || !release_is_url(text + len + 1)))
			return yaml_error(yaml, value->items[i], err,
				"\"%s\" is no mirror; one looks like "
				"debian=https://HOST/debian or https://HOST/debian",
				text);
	}
	return STATUS_OK;
}

/* In the order in which they need each other. */
static const struct yaml_key keys[] = {
	{"name", true, read_release_name},
	{"target", true, read_target},
	{"published", true, release_read_published},
	{"pin", false, read_pin},
	{"mirrors", false, read_mirrors},
	{"build", true, release_read_build},
	{"artifacts", true, release_read_artifacts},
	{"ignore", false, release_read_ignore},
	{"packages", false, release_read_packages},
	{"buildinfo", false, release_read_buildinfo},
};

enum status release_parse(
	const char *path, const char *data, size_t len, struct release *release, struct error *err)
{
	struct release_reader reader = {.release = release};

	*release = (struct release){.path = xstrdup(path), .build = {.umask = 022}};
	reader.directory = path_directory(path);
	enum status status = yaml_read_text(
		path, data, len, keys, ARRAY_SIZE(keys), &reader, &release->digest, err);
	free(reader.directory);
	return status;
}

enum status release_read(const char *path, struct release *release, struct error *err)
{
	char *data = NULL;
	size_t len = 0;
	enum status status;

	*release = (struct release){0};
	if (path_read_file(path, YAML_FILE_MAX, &data, &len, err) < 0)
		return err->status = STATUS_USAGE;
	status = release_parse(path, data, len, release, err);
	free(data);
	return status;
}

static void release_published(struct release_published *published)
{
	for (size_t i = 0; i < published->hash_count; i++)
		free(published->hashes[i].name);
	free(published->hashes);
	free(published->directory);
	free(published->url);
	free(published->sha256sums);
	text_list_release(&published->files);
}

static void release_build(struct release_build *build)
{
	free(build->script);
	free(build->source);
	free(build->path);
	free(build->hostname);
	text_list_release(&build->arguments);
	text_list_release(&build->environment);
	release_kas_release(&build->kas);
}

void release_release(struct release *release)
{
	for (size_t i = 0; i < release->artifact_count; i++) {
		free(release->artifacts[i].name);
		text_list_release(&release->artifacts[i].accept);
	}
	for (size_t i = 0; i < release->ignore_count; i++) {
		free(release->ignores[i].name);
		free(release->ignores[i].reason);
	}
	free(release->artifacts);
	free(release->ignores);
	release_published(&release->published);
	release_build(&release->build);
	text_list_release(&release->pins);
	text_list_release(&release->mirrors);
	free(release->manifest);
	free(release->dpkg_status);
	free(release->buildinfo);
	free(release->path);
	free(release->name);
	free(release->target);
	*release = (struct release){0};
}

char *release_lock_path(const char *descriptor)
{
	const char *name = path_basename(descriptor);
	const char *dot = strrchr(name, '.');
	size_t len = dot && dot != name ? (size_t)(dot - descriptor) : strlen(descriptor);

	return xasprintf("%.*s.lock", (int)len, descriptor);
}
