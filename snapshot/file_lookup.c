/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/file_lookup.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "snapshot/machine_answer.h"

/* A package with all its versions since 2005 is some hundred kilobytes. */
#define ANSWER_LIMIT ((uint64_t)8 * 1024 * 1024)
/* More versions than these do not share the files of one. */
#define VERSIONS_LIMIT 8
#define URLS_LIMIT     8

static const char name_letters[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";

/* What is looked for. */
struct lookup {
	struct fetcher *fetcher;
	struct store *store;
	const char *root;
	const struct archive_file *file;
	const char *name; /* of the file, without its directory */
	bool is_binary;
	char *package; /* the binary or source package that it is of */
	struct text_list versions;
};

/* A name becomes part of a URL; a version may have these two besides (deb-version(7)). */
static bool is_name(const char *text, bool is_version)
{
	size_t len = strlen(text);

	for (const char *c = text; *c; c++) {
		if (!strchr(name_letters, *c) && !(is_version && (*c == '~' || *c == ':')))
			return false;
	}
	return len > 0 && len < 256 && text[0] != '.';
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && strcmp(text + len - end_len, end) == 0;
}

/* pool/main/o/openssl/libssl3_3.0.17-1_amd64.deb is of libssl3, and openssl_3.0.17-1.dsc of
 * openssl. */
static enum status package_find(struct lookup *lookup, struct error *err)
{
	char *directory = path_directory(lookup->file->path);

	lookup->is_binary = ends_with(lookup->name, ".deb") || ends_with(lookup->name, ".udeb");
	lookup->package = lookup->is_binary ? xstrndup(lookup->name, strcspn(lookup->name, "_"))
					    : xstrdup(path_basename(directory));
	free(directory);
	if (strncmp(lookup->file->path, "dists/", 6) != 0 && strchr(lookup->name, '_') &&
		is_name(lookup->package, false))
		return STATUS_OK;
	return error_set(err, STATUS_NOT_FOUND, "%s is of no package that could be looked up",
		lookup->file->path);
}

/* Whether the file can be of this version; file names leave the epoch out. */
static bool version_fits(const struct lookup *lookup, const char *version)
{
	const char *colon = strchr(version, ':'), *text = colon ? colon + 1 : version;
	const char *rest = strchr(lookup->name, '_') + 1, *dash = strrchr(text, '-');
	size_t len = strlen(text), upstream = dash ? (size_t)(dash - text) : len;

	if (lookup->is_binary)
		return strncmp(rest, text, len) == 0 && rest[len] == '_';
	return (strncmp(rest, text, len) == 0 && rest[len] == '.') ||
		(strncmp(rest, text, upstream) == 0 && rest[upstream] == '.');
}

static enum status answer_get(
	const struct lookup *lookup, const char *path, json_t **answer, struct error *err)
{
	char *url = xasprintf("%s/mr/%s", lookup->root, path);
	enum status status =
		machine_answer_get(lookup->fetcher, lookup->store, url, ANSWER_LIMIT, answer, err);

	free(url);
	return status;
}

/* {"result":[{"version":"3.0.17-1",…},…]}; of a binary package "binary_version". */
static void versions_take(struct lookup *lookup, const json_t *answer)
{
	const char *key = lookup->is_binary ? "binary_version" : "version";
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(answer, "result"), i, item)
	{
		const char *version = json_string_value(json_object_get(item, key));

		if (version && is_name(version, true) && version_fits(lookup, version) &&
			lookup->versions.count < VERSIONS_LIMIT &&
			!text_list_contains(&lookup->versions, version))
			text_list_add(&lookup->versions, version);
	}
}

static enum status versions_find(struct lookup *lookup, struct error *err)
{
	char *path = xasprintf("%s/%s/", lookup->is_binary ? "binary" : "package", lookup->package);
	json_t *answer = NULL;
	enum status status = answer_get(lookup, path, &answer, err);

	versions_take(lookup, answer);
	if (status == STATUS_OK && lookup->versions.count == 0)
		status = error_set(err, STATUS_NOT_FOUND, "%s/mr/%s knows no version that %s is of",
			lookup->root, path, lookup->name);
	json_decref(answer);
	free(path);
	return status;
}

static bool info_fits(const struct lookup *lookup, const json_t *info)
{
	const char *name = json_string_value(json_object_get(info, "name"));
	const json_t *size = json_object_get(info, "size");

	return name && strcmp(name, lookup->name) == 0 && json_is_integer(size) &&
		json_integer_value(size) >= 0 &&
		(uint64_t)json_integer_value(size) == lookup->file->size;
}

static bool is_sha1(const char *hex)
{
	return strlen(hex) == 40 && strspn(hex, "0123456789abcdef") == 40;
}

/* {"fileinfo":{"SHA1":[{"name":"openssl_3.0.17-1.dsc","size":2000,…},…],…},…} */
static void files_take(const struct lookup *lookup, const json_t *answer, struct text_list *urls)
{
	json_t *infos, *info;
	const char *sha1;
	size_t i;

	json_object_foreach(json_object_get(answer, "fileinfo"), sha1, infos)
	{
		bool fits = false;

		json_array_foreach(infos, i, info) fits = fits || info_fits(lookup, info);
		if (fits && is_sha1(sha1) && urls->count < URLS_LIMIT) {
			char *url = xasprintf("%s/file/%s", lookup->root, sha1);

			text_list_add(urls, url);
			free(url);
		}
	}
}

static enum status files_find(
	struct lookup *lookup, const char *version, struct text_list *urls, struct error *err)
{
	char *path = xasprintf("%s/%s/%s/%s?fileinfo=1", lookup->is_binary ? "binary" : "package",
		lookup->package, version, lookup->is_binary ? "binfiles" : "srcfiles");
	json_t *answer = NULL;
	enum status status = answer_get(lookup, path, &answer, err);

	files_take(lookup, answer, urls);
	json_decref(answer);
	free(path);
	return status;
}

enum status file_lookup_read(const char *root, const struct archive_file *file,
	const json_t *answer, struct text_list *versions, struct text_list *urls, struct error *err)
{
	struct lookup lookup = {.root = root, .file = file, .name = path_basename(file->path)};
	enum status status = package_find(&lookup, err);

	if (status == STATUS_OK) {
		versions_take(&lookup, answer);
		files_take(&lookup, answer, urls);
	}
	*versions = lookup.versions;
	free(lookup.package);
	return status;
}

enum status file_lookup(struct fetcher *fetcher, struct store *store, const char *root,
	const struct archive_file *file, struct text_list *urls, struct error *err)
{
	struct lookup lookup = {.fetcher = fetcher,
		.store = store,
		.root = root,
		.file = file,
		.name = path_basename(file->path)};
	size_t before = urls->count;
	enum status status = package_find(&lookup, err);

	if (status == STATUS_OK)
		status = versions_find(&lookup, err);
	for (size_t i = 0; i < lookup.versions.count && status == STATUS_OK; i++)
		status = files_find(&lookup, lookup.versions.items[i], urls, err);
	if (urls->count > before)
		status = STATUS_OK;
	else if (status == STATUS_OK)
		status = error_set(err, STATUS_NOT_FOUND, "%s knows no file %s of %ju bytes", root,
			lookup.name, (uintmax_t)file->size);
	text_list_release(&lookup.versions);
	free(lookup.package);
	return status;
}
