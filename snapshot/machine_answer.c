/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/machine_answer.h"

#include <stdlib.h>

#include "base/clock.h"

enum status machine_answer_parse(
	const char *url, const char *data, size_t len, json_t **value, struct error *err)
{
	json_error_t problem;

	*value = json_loadb(data, len, JSON_REJECT_DUPLICATES, &problem);
	if (*value)
		return STATUS_OK;
	return error_set(
		err, STATUS_FORMAT, "%.300s: line %d: %.160s", url, problem.line, problem.text);
}

enum status machine_answer_get(struct fetcher *fetcher, struct store *store, const char *url,
	uint64_t limit, json_t **value, struct error *err)
{
	struct digest digest;
	char *data = NULL;
	size_t len;
	enum status status = fetcher_get(fetcher, store, url, limit, &digest, NULL, NULL, err);

	*value = NULL;
	if (status < 0)
		return status;
	status = store_read_all(store, &digest, limit, &data, &len, err);
	if (status == STATUS_OK)
		status = machine_answer_parse(url, data, len, value, err);
	free(data);
	/* Only the server's own 404 may count as "there is none". */
	return status == STATUS_NOT_FOUND ? error_set(err, STATUS_IO, "%s", err->text) : status;
}

static int time_compare(const void *a, const void *b)
{
	const int64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

enum status machine_imports_read(const json_t *answer, const char *archive, int64_t from,
	struct time_list *times, struct error *err)
{
	const json_t *array = json_object_get(json_object_get(answer, "result"), archive);

	if (!json_is_array(array))
		return error_set(
			err, STATUS_FORMAT, "it has no list of the imports of %s", archive);
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *text = json_string_value(json_array_get(array, i));
		int64_t time;

		if (!text)
			return error_set(err, STATUS_FORMAT, "a timestamp is no text");
		if (clock_parse_snapshot(text, &time, err) < 0)
			return error_set(
				err, STATUS_FORMAT, "\"%.64s\" is no timestamp of an import", text);
		if (time < from)
			continue;
		ARRAY_GROW(times->items, times->count, times->capacity);
		times->items[times->count++] = time;
	}
	if (times->count > 1)
		qsort(times->items, times->count, sizeof(times->items[0]), time_compare);
	return STATUS_OK;
}
