/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/api_archive.h"

#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/escape.h"
#include "snapshot/pin.h"

void api_tables_release(struct api_tables *tables)
{
	for (size_t i = 0; i < API_TABLES; i++)
		archive_index_free(tables->tables[i].index);
	*tables = (struct api_tables){0};
}

/* The pin's table; the one that nobody has asked for the longest makes room for it. */
static enum status table_of(struct api_tables *tables, const struct pin *pin,
	const struct archive_index **index, struct error *err)
{
	/* Only read through this list. */
	struct pin_list one = {.items = (struct pin *)pin, .count = 1};
	struct api_table *table = &tables->tables[0];

	tables->clock++;
	for (size_t i = 0; i < API_TABLES; i++) {
		if (tables->tables[i].index && tables->tables[i].pin == pin) {
			tables->tables[i].used = tables->clock;
			*index = tables->tables[i].index;
			return STATUS_OK;
		}
		if (tables->tables[i].used < table->used)
			table = &tables->tables[i];
	}
	archive_index_free(table->index);
	*table = (struct api_table){.pin = pin, .used = tables->clock};
	if (archive_index_open(tables->store, &one, &table->index, err) < 0) {
		table->used = 0;
		return err->status;
	}
	*index = table->index;
	return STATUS_OK;
}

/* "20260711T101637Z", and what snapshot.debian.org takes besides: without Z, and a day alone. */
static bool time_parse(const char *text, size_t len, int64_t *time)
{
	static const size_t day = sizeof("20260711") - 1, second = sizeof("20260711T101637") - 1;
	struct error ignored;
	char *whole;
	bool is_time;

	if (len != day && len != second && len != second + 1)
		return false;
	whole = xasprintf("%.*s%s%s", (int)len, text, len == day ? "T000000" : "",
		len == second + 1 ? "" : "Z");
	is_time = clock_parse_snapshot(whole, time, &ignored) == STATUS_OK;
	free(whole);
	return is_time;
}

/* The newest pin of the archive at or before that time. */
static const struct pin *pin_at(
	const struct pin_list *pins, const char *archive, size_t archive_len, int64_t time)
{
	const struct pin *found = NULL;

	for (size_t i = 0; i < pins->count; i++) {
		const struct pin *pin = &pins->items[i];

		if (strlen(pin->archive) == archive_len &&
			memcmp(pin->archive, archive, archive_len) == 0 && pin->timestamp <= time)
			found = pin;
	}
	return found;
}

static enum status file_find(struct api_tables *tables, const struct pin *pin, const char *path,
	struct api_found *found, struct error *err)
{
	const struct pin_suite *suite = pin_suite_of_path(pin, path);
	const struct archive_index *index = NULL;
	enum status status = table_of(tables, pin, &index, err);

	if (status < 0)
		return status;
	if (!archive_index_find(index, pin->archive, path, &found->file))
		return error_set(err, STATUS_NOT_FOUND,
			"no index of %s names %s; directories are not listed", pin->name, path);
	/* The index may go before the answer does. */
	found->file.archive = pin->archive;
	found->file.path = path;
	found->modified = suite ? suite->date : pin->timestamp;
	found->pin = pin->name;
	return STATUS_OK;
}

enum status api_archive_find(struct api_tables *tables, const char *path, struct api_found *found,
	struct buffer *location, struct error *err)
{
	const char *archive = path + strlen("/archive/");
	size_t archive_len = strcspn(archive, "/");
	const char *time_text = archive + archive_len + (archive[archive_len] == '/');
	size_t time_len = strcspn(time_text, "/");
	const char *below = time_text + time_len;
	char canonical[CLOCK_TEXT_SIZE];
	const struct pin *pin;
	int64_t time;

	*found = (struct api_found){0};
	if (!time_parse(time_text, time_len, &time))
		return error_set(err, STATUS_NOT_FOUND,
			"%s has no time like 20260711T101637Z behind the archive", path);
	pin = pin_at(tables->pins, archive, archive_len, time);
	if (!pin)
		return error_set(err, STATUS_NOT_FOUND,
			"the store has no pin of %.*s at or before %.*s", (int)archive_len, archive,
			(int)time_len, time_text);
	clock_format_snapshot(pin->timestamp, canonical);
	if (strlen(canonical) != time_len || memcmp(canonical, time_text, time_len) != 0) {
		buffer_add_format(location, "/archive/%s/%s", pin->archive, canonical);
		escape_url_path(location, *below ? below : "/");
		return STATUS_END;
	}
	return file_find(tables, pin, below + (*below == '/'), found, err);
}
