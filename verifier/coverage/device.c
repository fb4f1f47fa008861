/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/device.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/line_reader.h"

#define DEVICE_FILE_MAX ((size_t)64 << 20)

void device_add(struct device_results *results, const char *name, const char *suite,
	enum device_result result, size_t line)
{
	ARRAY_GROW(results->cases, results->case_count, results->case_capacity);
	results->cases[results->case_count++] = (struct device_case){.name = xstrdup(name),
		.suite = suite ? xstrdup(suite) : NULL,
		.result = result,
		.file = results->file_count,
		.line = line};
}

static enum status cases_refuse(const struct data_file *file, struct error *err)
{
	return error_set(err, STATUS_LIMIT, "%s: with it there are more than %zu cases", file->name,
		DEVICE_CASES_MAX);
}

static bool is_case_name(const char *name, size_t len)
{
	static const char bytes[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	return len > 3 && strncmp(name, "TC_", 3) == 0 && strspn(name, bytes) == len;
}

/* "TC_…+RESULT+SECONDS" and nothing else: what a program prints about it is not it. */
static enum status take_line(struct device_results *results, const struct data_file *file,
	const char *line, size_t number, struct error *err)
{
	static const struct {
		const char *word;
		enum device_result result;
	} words[] = {{"pass", DEVICE_PASS}, {"skip", DEVICE_SKIP}, {"fail", DEVICE_FAIL}};
	const char *plus = strchr(line, '+');
	const char *second = plus ? strchr(plus + 1, '+') : NULL;
	char *name;

	if (!plus || !is_case_name(line, (size_t)(plus - line)))
		return STATUS_OK;
	if (!second || second[1] == '\0' || second[1 + strspn(second + 1, "0123456789")] != '\0')
		return error_set(err, STATUS_FORMAT,
			"%s:%zu: not of the form CASE+RESULT+SECONDS; nothing of the file is used",
			file->name, number);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if ((size_t)(second - plus - 1) != strlen(words[i].word) ||
			strncmp(plus + 1, words[i].word, strlen(words[i].word)) != 0)
			continue;
		name = xstrndup(line, (size_t)(plus - line));
		device_add(results, name, NULL, words[i].result, number);
		free(name);
		return STATUS_OK;
	}
	return error_set(err, STATUS_FORMAT,
		"%s:%zu: result \"%.*s\" is none of pass, fail and skip; nothing of the file is "
		"used",
		file->name, number, (int)(second - plus - 1 > 40 ? 40 : second - plus - 1),
		plus + 1);
}

static enum status read_lines(
	struct device_results *results, const struct data_file *file, struct error *err)
{
	struct line_reader reader;
	enum status status = line_reader_open(&reader, file, err);
	const char *line;

	while (status == STATUS_OK) {
		status = line_reader_next(&reader, &line, err);
		if (status == STATUS_OK && strlen(line) == reader.text.len)
			status = take_line(results, file, line, reader.number, err);
		if (status == STATUS_OK && results->case_count > DEVICE_CASES_MAX)
			status = cases_refuse(file, err);
	}
	line_reader_release(&reader);
	return status == STATUS_END ? STATUS_OK : status;
}

static bool is_xml(const struct buffer *text)
{
	const char *at = buffer_text(text);

	if (strncmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	return at[strspn(at, " \t\r\n")] == '<';
}

static void case_release(struct device_case *item)
{
	free(item->name);
	free(item->suite);
}

static int compare_cases(const void *a, const void *b)
{
	const struct device_case *left = *(struct device_case *const *)a;
	const struct device_case *right = *(struct device_case *const *)b;
	int order = strcmp(left->name, right->name);

	if (order == 0)
		order = strcmp(left->suite ? left->suite : "", right->suite ? right->suite : "");
	return order;
}

/* Of equal names the worst first, then as they stand. */
static int compare_results(const void *a, const void *b)
{
	const struct device_case *left = *(struct device_case *const *)a;
	const struct device_case *right = *(struct device_case *const *)b;
	int order = compare_cases(a, b);

	if (order == 0)
		order = (left->result < right->result) - (left->result > right->result);
	return order ? order : (left > right) - (left < right);
}

/* Which result of a case counts, of all files that were read. */
static void settle(struct device_results *results)
{
	struct device_case **cases = xcalloc(results->case_count + 1, sizeof(cases[0]));

	for (size_t i = 0; i < results->case_count; i++)
		cases[i] = &results->cases[i];
	qsort(cases, results->case_count, sizeof(cases[0]), compare_results);
	for (size_t i = 1; i < results->case_count; i++)
		cases[i]->is_outweighed = compare_cases(&cases[i - 1], &cases[i]) == 0;
	free(cases);
}

enum status device_read(
	struct device_results *results, const struct data_file *file, struct error *err)
{
	size_t before = results->case_count;
	struct buffer text = {0};
	enum status status = data_content_all(file, DEVICE_FILE_MAX, &text, err);

	if (status == STATUS_OK && is_xml(&text))
		status = device_read_junit(results, file, buffer_text(&text), text.len, err);
	else if (status == STATUS_OK)
		status = read_lines(results, file, err);
	buffer_release(&text);
	if (status == STATUS_OK && results->case_count == before)
		status = error_set(err, STATUS_FORMAT,
			"%s: no result of a test in it, neither CASE+RESULT+SECONDS nor JUnit's "
			"testcase",
			file->name);
	if (status < 0) {
		while (results->case_count > before)
			case_release(&results->cases[--results->case_count]);
		return status;
	}
	ARRAY_GROW(results->files, results->file_count, results->file_capacity);
	results->files[results->file_count++] =
		(struct device_file){.name = xstrdup(file->name), .sha256 = file->sha256};
	settle(results);
	return STATUS_OK;
}

void device_results_release(struct device_results *results)
{
	for (size_t i = 0; i < results->case_count; i++)
		case_release(&results->cases[i]);
	for (size_t i = 0; i < results->file_count; i++)
		free(results->files[i].name);
	free(results->cases);
	free(results->files);
	*results = (struct device_results){0};
}
