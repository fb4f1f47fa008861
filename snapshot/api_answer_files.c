/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "snapshot/api_asking.h"

/* A file of a package, as the answers list it. */
struct answer_file {
	struct digest digest;
	const struct sha1 *sha1; /* NULL when it is not known */
	char *architecture;	 /* of a binary package; else NULL */
};

/* A zeroed struct is empty and safe to release. */
struct answer_files {
	struct answer_file *items;
	size_t count, capacity;
};

static void files_release(struct answer_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->items[i].architecture);
	free(files->items);
	*files = (struct answer_files){0};
}

static void files_append(struct answer_files *files, const struct asking *asking,
	const struct digest *digest, const char *architecture)
{
	ARRAY_GROW(files->items, files->count, files->capacity);
	files->items[files->count++] = (struct answer_file){.digest = *digest,
		.sha1 = sha1_names_of(&asking->catalog->names, digest),
		.architecture = architecture ? xstrdup(architecture) : NULL};
}

/* What statements give that are about files: "digest" or "architecture, digest". */
static enum status files_ask(struct asking *asking, enum catalog_statement statement,
	const char *const *texts, size_t count, struct answer_files *files)
{
	sqlite3_stmt *row = catalog_ask(asking->catalog, statement, texts, count, asking->err);
	enum status status = row ? STATUS_OK : asking->err->status;
	int last = row ? sqlite3_column_count(row) - 1 : 0;

	while (status == STATUS_OK &&
		(status = sql_step(&asking->catalog->sql, row, asking->err)) == STATUS_OK) {
		struct digest digest = catalog_column_digest(row, last);

		files_append(files, asking, &digest, last > 0 ? sql_column_text(row, 0) : NULL);
	}
	if (row)
		sqlite3_reset(row);
	return status < 0 ? status : STATUS_OK;
}

/* Where a file is, the earliest first. With `digest_key` each place says its SHA-256. */
static enum status places_write(
	struct asking *asking, const struct digest *digest, bool has_digest_key)
{
	sqlite3_stmt *row = catalog_ask(asking->catalog, CATALOG_PLACES, NULL, 0, asking->err);
	char hex[SHA256_HEX_SIZE];
	enum status status;

	if (!row)
		return asking->err->status;
	digest_hex(digest, hex);
	sql_bind_blob(row, 1, digest->bytes, SHA256_SIZE);
	while ((status = sql_step(&asking->catalog->sql, row, asking->err)) == STATUS_OK) {
		json_object_begin(&asking->json, NULL);
		json_text(&asking->json, "archive_name", sql_column_text(row, 0));
		json_text(&asking->json, "first_seen", sql_column_text(row, 1));
		json_text(&asking->json, "name", sql_column_text(row, 2));
		json_text(&asking->json, "path", sql_column_text(row, 3));
		if (has_digest_key)
			json_text(&asking->json, "sha256", hex);
		json_signed(&asking->json, "size", sqlite3_column_int64(row, 4));
		json_object_end(&asking->json);
	}
	sqlite3_reset(row);
	return status < 0 ? status : STATUS_OK;
}

/* What has no SHA-1 comes last. */
static int by_sha1(const void *a, const void *b)
{
	const struct answer_file *left = a, *right = b;
	int order = 0;

	if (!left->sha1 != !right->sha1)
		return left->sha1 ? -1 : 1;
	if (left->sha1)
		order = memcmp(left->sha1->bytes, right->sha1->bytes, SHA1_SIZE);
	return order ? order : digest_compare(&left->digest, &right->digest);
}

/* A copy in the order of SHA-1s. */
static struct answer_files files_sorted(
	const struct asking *asking, const struct answer_files *files)
{
	struct answer_files sorted = {0};

	for (size_t i = 0; i < files->count; i++)
		files_append(&sorted, asking, &files->items[i].digest, NULL);
	if (sorted.count)
		qsort(sorted.items, sorted.count, sizeof(sorted.items[0]), by_sha1);
	return sorted;
}

static bool is_repeated(const struct answer_files *files, size_t i)
{
	return i > 0 && digest_equal(&files->items[i].digest, &files->items[i - 1].digest);
}

/* A file of no known SHA-1 cannot be listed where the SHA-1 is all there is. */
static enum status sha256_only_write(struct asking *asking, struct answer_files *files)
{
	enum status status = STATUS_OK;
	bool is_begun = false;

	for (size_t i = 0; i < files->count && status == STATUS_OK; i++) {
		if (files->items[i].sha1 || is_repeated(files, i))
			continue;
		if (!is_begun)
			json_array_begin(&asking->json, "_sha256_only");
		is_begun = true;
		status = places_write(asking, &files->items[i].digest, true);
	}
	if (is_begun)
		json_array_end(&asking->json);
	return status;
}

/* With ?fileinfo=1: every place of each file. */
static enum status fileinfo_write(struct asking *asking, const struct answer_files *files)
{
	struct answer_files sorted = {0};
	enum status status = STATUS_OK;

	if (!asking->wants_fileinfo)
		return STATUS_OK;
	sorted = files_sorted(asking, files);
	json_object_begin(&asking->json, "fileinfo");
	for (size_t i = 0; i < sorted.count && status == STATUS_OK; i++) {
		char hex[SHA1_HEX_SIZE];

		if (!sorted.items[i].sha1 || is_repeated(&sorted, i))
			continue;
		sha1_hex(sorted.items[i].sha1, hex);
		json_array_begin(&asking->json, hex);
		status = places_write(asking, &sorted.items[i].digest, false);
		json_array_end(&asking->json);
	}
	json_object_end(&asking->json);
	files_release(&sorted);
	return status;
}

/* Each file: {"architecture", "hash"} of binaries, {"hash"} of sources. */
static void hashes_write(struct asking *asking, const char *key, const struct answer_files *files)
{
	json_array_begin(&asking->json, key);
	for (size_t i = 0; i < files->count; i++) {
		char hex[SHA1_HEX_SIZE];

		if (!files->items[i].sha1)
			continue;
		sha1_hex(files->items[i].sha1, hex);
		json_object_begin(&asking->json, NULL);
		if (files->items[i].architecture)
			json_text(&asking->json, "architecture", files->items[i].architecture);
		json_text(&asking->json, "hash", hex);
		json_object_end(&asking->json);
	}
	json_array_end(&asking->json);
}

/* The beginning of an answer about files, of which there have to be some. */
static enum status head_write(
	struct asking *asking, const struct answer_files *files, const char *what)
{
	struct answer_files sorted = {0};
	enum status status;

	if (files->count == 0)
		return asking_not_found(asking, what);
	sorted = files_sorted(asking, files);
	asking_begin(asking);
	status = sha256_only_write(asking, &sorted);
	files_release(&sorted);
	return status;
}

/*
 * The answer about the files that a statement gives of a binary package, a source package, or the
 * one from the other: each the words of its name and version, or NULL.
 */
static enum status files_answer(struct asking *asking, enum catalog_statement statement,
	const char *const *binary, const char *const *source, const char *what)
{
	struct answer_files files = {0};
	const char *texts[4];
	enum status status;
	size_t count = 0;

	for (size_t i = 0; binary && i < 2; i++)
		texts[count++] = binary[i];
	for (size_t i = 0; source && i < 2; i++)
		texts[count++] = source[i];
	status = files_ask(asking, statement, texts, count, &files);
	if (status == STATUS_OK)
		status = head_write(asking, &files, what);
	if (binary) {
		json_text(&asking->json, "binary", binary[0]);
		json_text(&asking->json, "binary_version", binary[1]);
	}
	if (status == STATUS_OK)
		status = fileinfo_write(asking, &files);
	if (source)
		json_text(&asking->json, "package", source[0]);
	hashes_write(asking, "result", &files);
	if (source)
		json_text(&asking->json, "version", source[1]);
	files_release(&files);
	return status;
}

/* /mr/package/SOURCE/VERSION/srcfiles */
enum status source_files_answer(struct asking *asking)
{
	return files_answer(asking, CATALOG_SOURCE_FILES, NULL, asking->words,
		"that version of that source package");
}

/* /mr/package/SOURCE/VERSION/binfiles/BINARY/VERSION */
enum status source_binary_files_answer(struct asking *asking)
{
	return files_answer(asking, CATALOG_BINARY_OF_SOURCE, asking->words + 2, asking->words,
		"that binary package of that source package");
}

/* /mr/binary/BINARY/VERSION/binfiles */
enum status binary_files_answer(struct asking *asking)
{
	return files_answer(asking, CATALOG_BINARY_FILES, asking->words, NULL,
		"that version of that binary package");
}

/* The binary packages of a source, each with its files. */
static void all_binaries_write(
	struct asking *asking, const struct text_list *names, const struct answer_files *files)
{
	json_array_begin(&asking->json, "binaries");
	for (size_t i = 0; i + 1 < names->count; i += 2) {
		json_object_begin(&asking->json, NULL);
		hashes_write(asking, "files", &files[i / 2]);
		json_text(&asking->json, "name", names->items[i]);
		json_text(&asking->json, "version", names->items[i + 1]);
		json_object_end(&asking->json);
	}
	json_array_end(&asking->json);
}

/* name, version, name, version, … */
static enum status binary_names_ask(struct asking *asking, struct text_list *names)
{
	sqlite3_stmt *row = catalog_ask(
		asking->catalog, CATALOG_SOURCE_BINARIES, asking->words, 2, asking->err);
	enum status status = row ? STATUS_OK : asking->err->status;

	while (status == STATUS_OK &&
		(status = sql_step(&asking->catalog->sql, row, asking->err)) == STATUS_OK) {
		text_list_add(names, sql_column_text(row, 0));
		text_list_add(names, sql_column_text(row, 1));
	}
	if (row)
		sqlite3_reset(row);
	return status < 0 ? status : STATUS_OK;
}

enum status all_files_answer(struct asking *asking)
{
	struct answer_files sources = {0}, all = {0}, *binaries;
	struct text_list names = {0};
	enum status status = files_ask(asking, CATALOG_SOURCE_FILES, asking->words, 2, &sources);

	if (status == STATUS_OK)
		status = binary_names_ask(asking, &names);
	binaries = xcalloc(names.count / 2 + 1, sizeof(binaries[0]));
	for (size_t i = 0; i + 1 < names.count && status == STATUS_OK; i += 2) {
		const char *const texts[] = {
			names.items[i], names.items[i + 1], asking->words[0], asking->words[1]};

		status = files_ask(asking, CATALOG_BINARY_OF_SOURCE, texts, 4, &binaries[i / 2]);
		for (size_t j = 0; j < binaries[i / 2].count; j++)
			files_append(&all, asking, &binaries[i / 2].items[j].digest, NULL);
	}
	for (size_t i = 0; i < sources.count; i++)
		files_append(&all, asking, &sources.items[i].digest, NULL);
	if (status == STATUS_OK)
		status = head_write(asking, &all, "that version of that source package");
	if (status == STATUS_OK)
		status = fileinfo_write(asking, &all);
	json_text(&asking->json, "package", asking->words[0]);
	json_object_begin(&asking->json, "result");
	all_binaries_write(asking, &names, binaries);
	hashes_write(asking, "source", &sources);
	json_object_end(&asking->json);
	json_text(&asking->json, "version", asking->words[1]);
	for (size_t i = 0; i < names.count / 2; i++)
		files_release(&binaries[i]);
	free(binaries);
	files_release(&sources);
	files_release(&all);
	text_list_release(&names);
	return status;
}

enum status file_answer(struct asking *asking)
{
	struct digest digest;
	struct sha1 sha1;
	enum status status;
	size_t before;

	if (!sha1_parse(asking->words[0], strlen(asking->words[0]), &sha1))
		return error_set(asking->err, STATUS_NOT_FOUND, "that is no SHA-1");
	status = sha1_names_find(&asking->catalog->names, &sha1, &digest, asking->err);
	if (status < 0)
		return status;
	asking_begin(asking);
	json_text(&asking->json, "hash", asking->words[0]);
	json_array_begin(&asking->json, "result");
	before = asking->json.buffer->len;
	status = places_write(asking, &digest, false);
	if (status == STATUS_OK && asking->json.buffer->len == before)
		status = asking_not_found(asking, "that file");
	json_array_end(&asking->json);
	return status;
}
