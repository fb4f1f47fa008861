/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/api_answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "snapshot/api_asking.h"

void asking_begin(struct asking *asking)
{
	json_object_begin(&asking->json, NULL);
	json_text(&asking->json, "_comment", "reproof: of the pins of its store");
}

enum status asking_not_found(struct asking *asking, const char *what)
{
	return error_set(asking->err, STATUS_NOT_FOUND, "no pin of the store has %s", what);
}

/* Rows of texts as objects of these keys. *count says how many there were. */
static enum status rows_write(struct asking *asking, enum catalog_statement statement,
	const char *const *texts, size_t text_count, const char *const *keys, size_t *count)
{
	sqlite3_stmt *row = catalog_ask(asking->catalog, statement, texts, text_count, asking->err);
	enum status status;

	*count = 0;
	if (!row)
		return asking->err->status;
	json_array_begin(&asking->json, "result");
	while ((status = sql_step(&asking->catalog->sql, row, asking->err)) == STATUS_OK) {
		json_object_begin(&asking->json, NULL);
		for (int i = 0; i < sqlite3_column_count(row); i++)
			json_text(&asking->json, keys[i], sql_column_text(row, i));
		json_object_end(&asking->json);
		++*count;
	}
	json_array_end(&asking->json);
	sqlite3_reset(row);
	return status < 0 ? status : STATUS_OK;
}

/* ---- the questions ---- */

static enum status timestamps_answer(struct asking *asking)
{
	const struct pin_list *pins = asking->pins;
	struct text_list archives = {0};

	for (size_t i = 0; i < pins->count; i++)
		text_list_add(&archives, pins->items[i].archive);
	text_list_sort(&archives);
	text_list_unique(&archives);
	asking_begin(asking);
	json_object_begin(&asking->json, "result");
	for (size_t i = 0; i < archives.count; i++) {
		json_array_begin(&asking->json, archives.items[i]);
		for (size_t j = 0; j < pins->count; j++) {
			char text[CLOCK_TEXT_SIZE];

			clock_format_snapshot(pins->items[j].timestamp, text);
			if (strcmp(pins->items[j].archive, archives.items[i]) == 0)
				json_text(&asking->json, NULL, text);
		}
		json_array_end(&asking->json);
	}
	json_object_end(&asking->json);
	text_list_release(&archives);
	return STATUS_OK;
}

static enum status sources_answer(struct asking *asking)
{
	static const char *const keys[] = {"package"};
	size_t count;

	asking_begin(asking);
	return rows_write(asking, CATALOG_SOURCES, NULL, 0, keys, &count);
}

static enum status source_versions_answer(struct asking *asking)
{
	static const char *const keys[] = {"version"};
	enum status status;
	size_t count;

	asking_begin(asking);
	json_text(&asking->json, "package", asking->words[0]);
	status = rows_write(asking, CATALOG_SOURCE_VERSIONS, asking->words, 1, keys, &count);
	return status < 0 || count ? status : asking_not_found(asking, "that source package");
}

static enum status source_binaries_answer(struct asking *asking)
{
	static const char *const keys[] = {"name", "version"};
	enum status status;
	size_t count;

	asking_begin(asking);
	json_text(&asking->json, "package", asking->words[0]);
	status = rows_write(asking, CATALOG_SOURCE_BINARIES, asking->words, 2, keys, &count);
	json_text(&asking->json, "version", asking->words[1]);
	return status < 0 || count
		? status
		: asking_not_found(
			  asking, "a binary package of that version of that source package");
}

static enum status binary_versions_answer(struct asking *asking)
{
	sqlite3_stmt *row = catalog_ask(
		asking->catalog, CATALOG_BINARY_VERSIONS, asking->words, 1, asking->err);
	enum status status;
	size_t count = 0;

	if (!row)
		return asking->err->status;
	asking_begin(asking);
	json_text(&asking->json, "binary", asking->words[0]);
	json_array_begin(&asking->json, "result");
	for (; (status = sql_step(&asking->catalog->sql, row, asking->err)) == STATUS_OK; count++) {
		json_object_begin(&asking->json, NULL);
		json_text(&asking->json, "binary_version", sql_column_text(row, 0));
		json_text(&asking->json, "name", asking->words[0]);
		json_text(&asking->json, "source", sql_column_text(row, 1));
		json_text(&asking->json, "version", sql_column_text(row, 2));
		json_object_end(&asking->json);
	}
	json_array_end(&asking->json);
	sqlite3_reset(row);
	if (status < 0)
		return status;
	return count ? STATUS_OK : asking_not_found(asking, "that binary package");
}

static const struct {
	const char *pattern; /* "*" is any one part */
	enum status (*answer)(struct asking *asking);
} questions[] = {
	{"mr/timestamp", timestamps_answer},
	{"mr/package", sources_answer},
	{"mr/package/*", source_versions_answer},
	{"mr/package/*/*/srcfiles", source_files_answer},
	{"mr/package/*/*/binpackages", source_binaries_answer},
	{"mr/package/*/*/binfiles/*/*", source_binary_files_answer},
	{"mr/package/*/*/allfiles", all_files_answer},
	{"mr/binary/*", binary_versions_answer},
	{"mr/binary/*/*/binfiles", binary_files_answer},
	{"mr/file/*/info", file_answer},
};

/* Cuts `path` at its slashes; false when it has too many parts. */
static bool parts_split(char *path, char **parts, size_t *count)
{
	char *rest = path, *part;

	*count = 0;
	while ((part = strsep(&rest, "/")) != NULL) {
		if (!*part)
			continue;
		if (*count == PARTS_MAX)
			return false;
		parts[(*count)++] = part;
	}
	return true;
}

static bool pattern_fits(const char *pattern, char *const *parts, size_t count, const char **words)
{
	size_t word = 0;

	for (size_t i = 0; i < count; i++) {
		size_t len = strcspn(pattern, "/");

		if (len == 0)
			return false;
		if (len == 1 && pattern[0] == '*')
			words[word++] = parts[i];
		else if (strlen(parts[i]) != len || memcmp(parts[i], pattern, len) != 0)
			return false;
		pattern += len + (pattern[len] == '/');
	}
	return *pattern == '\0';
}

bool api_query_has(const char *query, const char *name, const char *value)
{
	size_t name_len = strlen(name), value_len = strlen(value);

	while (*query) {
		size_t len = strcspn(query, "&");

		if (len == name_len + 1 + value_len && strncmp(query, name, name_len) == 0 &&
			query[name_len] == '=' &&
			strncmp(query + name_len + 1, value, value_len) == 0)
			return true;
		query += len + (query[len] == '&');
	}
	return false;
}

enum status api_answer(
	const struct api_question *question, struct buffer *answer, struct error *err)
{
	struct asking asking = {.catalog = question->catalog,
		.pins = question->pins,
		.wants_fileinfo = api_query_has(question->query, "fileinfo", "1"),
		.err = err};
	char *path = xstrdup(question->path), *parts[PARTS_MAX];
	enum status status = STATUS_UNSUPPORTED;
	size_t count = 0, i = 0;

	if (parts_split(path, parts, &count))
		while (i < ARRAY_SIZE(questions) &&
			!pattern_fits(questions[i].pattern, parts, count, asking.words))
			i++;
	else
		i = ARRAY_SIZE(questions);
	json_init_buffer(&asking.json, answer);
	asking.json.compact = true;
	if (i < ARRAY_SIZE(questions))
		status = questions[i].answer(&asking);
	else
		error_set(err, STATUS_UNSUPPORTED, "%s is no question that the Snapshot API knows",
			question->path);
	if (status == STATUS_OK) {
		json_object_end(&asking.json);
		status = json_finish(&asking.json, err);
	}
	free(path);
	return status;
}
