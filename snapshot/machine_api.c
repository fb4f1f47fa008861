/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine API of snapshot.debian.org, of which is asked:
 *	/mr/timestamp/                           {"result": {ARCHIVE: [TIMESTAMP, …], …}}
 *	/mr/binary/NAME/                         {"result": [{"binary_version": VERSION, …}, …]}
 *	/mr/binary/NAME/VERSION/binfiles?fileinfo=1
 *		{"result": [{"architecture": ARCH, "hash": SHA1}, …],
 *		 "fileinfo": {SHA1: [{"archive_name": ARCHIVE, "first_seen": TIMESTAMP, …}, …], …}}
 * 404 means that it has no such thing. It tells when a file came into an archive's pool, and not
 * which suite had it: that bounds a time, and gives none.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/path.h"
#include "snapshot/find_range.h"
#include "snapshot/machine_answer.h"

#define ANSWER_LIMIT ((uint64_t)64 * 1024 * 1024)
#define NAME_MAX_API ((size_t)128)

struct machine_api {
	struct store *store;
	struct fetcher *fetcher;
	const char *url;
	struct find_ranges *ranges;
};

/* Names and versions of packages in a path: all but letters, digits and "-._~" as %XX. */
static void add_escaped(struct buffer *url, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~";

	for (; *text; text++) {
		if (strchr(plain, *text))
			buffer_add_char(url, *text);
		else
			buffer_add_format(url, "%%%02X", (unsigned)(unsigned char)*text);
	}
}

static enum status api_get(
	const struct machine_api *api, const char *url, json_t **value, struct error *err)
{
	return machine_answer_get(api->fetcher, api->store, url, ANSWER_LIMIT, value, err);
}

static enum status shape_refuse(const char *url, const char *what, struct error *err)
{
	return error_set(err, STATUS_FORMAT,
		"%s: %s: this is no answer of snapshot.debian.org's machine API", url, what);
}

/* What answers 404 to everything would make every package unknown: so it has to know its imports.
 */
static enum status api_check(const struct machine_api *api, struct error *err)
{
	char *url = xasprintf("%s/mr/timestamp/", api->url);
	json_t *value = NULL, *result, *list;
	enum status status = api_get(api, url, &value, err);
	const char *archive;
	size_t imports = 0;

	result = json_object_get(value, "result");
	json_object_foreach(result, archive, list) imports += json_array_size(list);
	if (status == STATUS_NOT_FOUND)
		status = error_set(err, STATUS_NETWORK,
			"%s is not there: is it the address of snapshot.debian.org's machine API?",
			url);
	else if (status == STATUS_OK && imports == 0)
		status = shape_refuse(url, "it has no imports", err);
	json_decref(value);
	free(url);
	return status;
}

static void pool_note(struct find_known *known, const char *archive, int64_t time)
{
	for (size_t i = 0; i < known->pool_count; i++) {
		struct find_pool *pool = &known->pools[i];

		if (strcmp(pool->archive, archive) != 0)
			continue;
		if (time < pool->first_seen)
			pool->first_seen = time;
		return;
	}
	ARRAY_GROW(known->pools, known->pool_count, known->pool_capacity);
	known->pools[known->pool_count++] =
		(struct find_pool){.archive = xstrdup(archive), .first_seen = time};
}

/* Where and since when a file is in a pool. */
static enum status file_take(
	struct find_known *known, const json_t *infos, const char *url, struct error *err)
{
	if (json_array_size(infos) == 0)
		return shape_refuse(url, "a file has no fileinfo", err);
	for (size_t i = 0; i < json_array_size(infos); i++) {
		const json_t *info = json_array_get(infos, i);
		const char *archive = json_string_value(json_object_get(info, "archive_name"));
		const char *seen = json_string_value(json_object_get(info, "first_seen"));
		int64_t time;

		if (!archive || !seen || !path_is_contained(archive) || strchr(archive, '/') ||
			strlen(archive) > NAME_MAX_API ||
			clock_parse_snapshot(seen, &time, err) < 0)
			return shape_refuse(
				url, "a fileinfo has no archive_name and first_seen", err);
		pool_note(known, archive, time);
	}
	return STATUS_OK;
}

enum status machine_files_read(struct find_ranges *ranges, size_t package, const json_t *answer,
	const char *url, struct error *err)
{
	const json_t *files = json_object_get(answer, "result");
	const json_t *infos = json_object_get(answer, "fileinfo");
	const struct manifest_package *own = &ranges->manifest->items[package];
	enum status status = STATUS_OK;

	if (json_array_size(files) == 0 || !json_is_object(infos))
		return shape_refuse(url, "it has no files", err);
	for (size_t i = 0; i < json_array_size(files) && status == STATUS_OK; i++) {
		const json_t *file = json_array_get(files, i);
		const char *architecture = json_string_value(json_object_get(file, "architecture"));
		const char *hash = json_string_value(json_object_get(file, "hash"));

		if (!architecture || !hash || strlen(architecture) > NAME_MAX_API)
			return shape_refuse(url, "a file has no architecture and hash", err);
		find_known_note(ranges, package, own->version, strlen(own->version), architecture,
			strlen(architecture));
		if (find_architecture_fits(ranges, package, architecture, strlen(architecture)))
			status = file_take(
				&ranges->known[package], json_object_get(infos, hash), url, err);
	}
	return status;
}

enum status machine_versions_read(struct find_ranges *ranges, size_t package, const json_t *answer,
	const char *url, struct error *err)
{
	const json_t *versions = json_object_get(answer, "result");
	const struct manifest_package *own = &ranges->manifest->items[package];

	if (!json_is_array(versions))
		return shape_refuse(url, "it has no versions", err);
	for (size_t i = 0; i < json_array_size(versions); i++) {
		const char *version = json_string_value(
			json_object_get(json_array_get(versions, i), "binary_version"));

		if (!version || strlen(version) > NAME_MAX_API)
			return shape_refuse(url, "a version is none", err);
		if (strcmp(version, own->version) == 0)
			return shape_refuse(url, "it lists a version that it does not have", err);
		find_known_note(ranges, package, version, strlen(version), "", 0);
	}
	return STATUS_OK;
}

/* The version is unknown; but is the name? */
static enum status name_ask(const struct machine_api *api, size_t package, struct error *err)
{
	struct buffer url = {0};
	json_t *answer = NULL;
	enum status status;

	buffer_add_format(&url, "%s/mr/binary/", api->url);
	add_escaped(&url, api->ranges->manifest->items[package].name);
	buffer_add_char(&url, '/');
	status = api_get(api, buffer_text(&url), &answer, err);
	if (status == STATUS_NOT_FOUND) {
		*err = (struct error){.status = STATUS_OK};
		status = STATUS_OK;
	} else if (status == STATUS_OK) {
		status =
			machine_versions_read(api->ranges, package, answer, buffer_text(&url), err);
	}
	json_decref(answer);
	buffer_release(&url);
	return status;
}

static enum status package_ask(const struct machine_api *api, size_t package, struct error *err)
{
	const struct manifest_package *own = &api->ranges->manifest->items[package];
	struct buffer url = {0};
	json_t *value = NULL;
	enum status status;

	buffer_add_format(&url, "%s/mr/binary/", api->url);
	add_escaped(&url, own->name);
	buffer_add_char(&url, '/');
	add_escaped(&url, own->version);
	buffer_add_text(&url, "/binfiles?fileinfo=1");
	status = api_get(api, buffer_text(&url), &value, err);
	if (status == STATUS_OK) {
		status = machine_files_read(api->ranges, package, value, buffer_text(&url), err);
	} else if (status == STATUS_NOT_FOUND) {
		*err = (struct error){.status = STATUS_OK};
		status = name_ask(api, package, err);
	}
	json_decref(value);
	buffer_release(&url);
	return status;
}

enum status find_in_api(struct store *store, struct fetcher *fetcher, const char *url,
	const bool *wanted, struct find_ranges *ranges, struct error *err)
{
	struct machine_api api = {.store = store, .fetcher = fetcher, .url = url, .ranges = ranges};
	enum status status = api_check(&api, err);

	for (size_t i = 0; i < ranges->manifest->count && status == STATUS_OK; i++) {
		if (wanted[i])
			status = package_ask(&api, i, err);
	}
	return status;
}
