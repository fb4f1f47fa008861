/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/pin_stanzas.h"

#include <stdlib.h>
#include <string.h>

#include "snapshot/index_stream.h"

struct visit {
	const struct stanza_reading *reading;
	size_t lens[STANZA_FIELDS_MAX]; /* of the names: most fields differ by it */
	struct pin_stanza stanza;
};

static enum status fields_check(
	const struct visit *visit, const struct deb822_field *fields, struct error *err)
{
	const struct stanza_reading *reading = visit->reading;

	for (size_t i = 0; i < reading->needed; i++) {
		if (!fields[i].value || fields[i].value_len == 0)
			return error_set(err, STATUS_FORMAT, "%s (%.*s) has no %s", reading->what,
				(int)fields[0].value_len, fields[0].value ? fields[0].value : "",
				reading->names[i]);
	}
	return STATUS_OK;
}

static enum status stanza_visit(struct visit *visit, struct deb822 *reader, struct error *err)
{
	const struct stanza_reading *reading = visit->reading;
	struct deb822_field field, fields[STANZA_FIELDS_MAX] = {0};
	bool is_empty = true;
	enum status status;

	while ((status = deb822_next(reader, &field, err)) == STATUS_OK) {
		is_empty = false;
		for (size_t i = 0; i < reading->count; i++) {
			if (field.name_len == visit->lens[i] &&
				deb822_is(&field, reading->names[i])) {
				fields[i] = field;
				break;
			}
		}
	}
	if (status < 0 || is_empty)
		return status < 0 ? status : STATUS_OK;
	if (fields_check(visit, fields, err) < 0)
		return err->status;
	visit->stanza.fields = fields;
	return reading->take(reading->context, &visit->stanza, err);
}

static enum status stanzas_visit(void *context, struct deb822 *reader, struct error *err)
{
	while (!deb822_at_end(reader)) {
		if (stanza_visit(context, reader, err) < 0)
			return err->status;
	}
	return STATUS_OK;
}

static enum status index_visit(struct visit *visit, struct store *store,
	const struct suite_release *release, const struct release_file *file, struct error *err)
{
	struct index_stream *stream;
	enum status status = index_stream_open(store, release, file, &stream, err);

	if (status < 0)
		return status;
	if (visit->reading->is_frequent)
		index_stream_keep(stream);
	status = index_stream_parse(stream, stanzas_visit, visit, err);
	index_stream_close(stream);
	return status < 0 ? error_context(err, "%s", file->path) : STATUS_OK;
}

static enum status suite_visit(struct visit *visit, struct store *store, struct error *err)
{
	const struct stanza_reading *reading = visit->reading;
	struct pin_stanza *stanza = &visit->stanza;
	struct suite_release release = {0};
	struct pin_index *indexes = NULL;
	size_t count = 0;
	enum status status = pin_suite_release_read(store, stanza->suite, &release, err);

	stanza->is_not_automatic = release.is_not_automatic;
	if (status == STATUS_OK)
		status = pin_indexes(stanza->pin, &release, &indexes, &count, err);
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		stanza->index = &indexes[i];
		if (reading->is_wanted(reading->context, &indexes[i]))
			status = index_visit(visit, store, &release, indexes[i].file, err);
	}
	free(indexes);
	suite_release_release(&release);
	return status < 0 ? error_context(err, "%s %s", stanza->pin->name, stanza->suite->suite)
			  : STATUS_OK;
}

enum status pin_stanzas_visit(struct store *store, const struct pin_list *pins,
	const struct stanza_reading *reading, struct error *err)
{
	struct visit visit = {.reading = reading};

	for (size_t i = 0; i < reading->count; i++)
		visit.lens[i] = strlen(reading->names[i]);
	for (size_t i = 0; i < pins->count; i++) {
		visit.stanza.pin = &pins->items[i];
		for (size_t j = 0; j < pins->items[i].suite_count; j++) {
			visit.stanza.suite = &pins->items[i].suites[j];
			if (suite_visit(&visit, store, err) < 0)
				return err->status;
		}
	}
	return STATUS_OK;
}
