/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/findings.h"
#include "dbdiff/findings_sql.h"

struct emission {
	struct buffer path;
	uint64_t occurrence;
	bool has_last;
	struct difference_field *fields;
	size_t field_count;
	size_t field_capacity;
	struct difference_cause *causes;
	size_t cause_count;
	size_t cause_capacity;
	struct buffer texts; /* of the causes */
	struct difference_value *values;
	size_t value_count;
	size_t value_capacity;
	struct buffer value_texts;
	struct digest digests[SIDES];
};

static void read_fields(struct emission *emission, const char *data, size_t len)
{
	const char *end = len > 0 ? data + len : data;

	emission->field_count = 0;
	while (data < end) {
		struct difference_field field;

		field.name = data;
		field.published = field.name + strlen(field.name) + 1;
		field.rebuilt = field.published + strlen(field.published) + 1;
		data = field.rebuilt + strlen(field.rebuilt) + 1;
		ARRAY_GROW(emission->fields, emission->field_count, emission->field_capacity);
		emission->fields[emission->field_count++] = field;
	}
}

/* Keeps (path, occurrence) unique, and the path as a text of its own. */
static void read_key(struct emission *emission, sqlite3_stmt *select)
{
	const char *path = sqlite3_column_blob(select, 0);
	size_t len = (size_t)sqlite3_column_bytes(select, 0);
	uint64_t occurrence = (uint64_t)sqlite3_column_int64(select, 1);

	if (emission->has_last && emission->path.len == len &&
		memcmp(emission->path.data, path, len) == 0 && occurrence <= emission->occurrence)
		occurrence = emission->occurrence + 1;
	emission->has_last = true;
	emission->occurrence = occurrence;
	buffer_clear(&emission->path);
	buffer_add(&emission->path, path, len);
}

/* Offsets into `texts` while it grows, pointers afterwards. */
static enum status read_causes(
	struct findings *findings, struct emission *emission, int64_t id, struct error *err)
{
	sqlite3_stmt *select = sql_statement(&findings->sql, CAUSES_SELECT, err);
	struct buffer *texts = &emission->texts;
	const char *at;
	enum status status;

	emission->cause_count = 0;
	buffer_clear(texts);
	if (select == NULL)
		return err->status;
	sql_bind_integer(select, 1, id);
	while ((status = sql_step(&findings->sql, select, err)) == STATUS_OK) {
		const char *cause = sql_column_text(select, 0);
		const char *evidence = sql_column_text(select, 2);

		buffer_add(texts, cause, strlen(cause) + 1);
		buffer_add(texts, evidence, strlen(evidence) + 1);
		ARRAY_GROW(emission->causes, emission->cause_count, emission->cause_capacity);
		emission->causes[emission->cause_count++] = (struct difference_cause){
			.bytes = (uint64_t)sqlite3_column_int64(select, 1)};
	}
	sqlite3_reset(select);
	at = texts->data;
	for (size_t i = 0; i < emission->cause_count; i++) {
		emission->causes[i].id = at;
		at += strlen(at) + 1;
		emission->causes[i].evidence = *at ? at : NULL;
		at += strlen(at) + 1;
	}
	return status < 0 ? status : STATUS_OK;
}

static enum status read_values(
	struct findings *findings, struct emission *emission, int64_t id, struct error *err)
{
	sqlite3_stmt *select = sql_statement(&findings->sql, VALUES_SELECT, err);
	struct buffer *texts = &emission->value_texts;
	const char *at;
	enum status status;

	emission->value_count = 0;
	buffer_clear(texts);
	if (select == NULL)
		return err->status;
	sql_bind_integer(select, 1, id);
	while ((status = sql_step(&findings->sql, select, err)) == STATUS_OK) {
		for (int column = 0; column < 3; column++) {
			const char *text = sql_column_text(select, column);

			buffer_add(texts, text, strlen(text) + 1);
		}
		ARRAY_GROW(emission->values, emission->value_count, emission->value_capacity);
		emission->value_count++;
	}
	sqlite3_reset(select);
	at = texts->data;
	for (size_t i = 0; i < emission->value_count; i++) {
		struct difference_value *value = &emission->values[i];

		value->cause = at;
		value->published = value->cause + strlen(value->cause) + 1;
		value->rebuilt = value->published + strlen(value->published) + 1;
		at = value->rebuilt + strlen(value->rebuilt) + 1;
	}
	return status < 0 ? status : STATUS_OK;
}

static const struct digest *read_digest(
	struct emission *emission, sqlite3_stmt *select, int column, int side)
{
	struct digest *digest = &emission->digests[side];

	if (sqlite3_column_bytes(select, column) != (int)sizeof(digest->bytes))
		return NULL;
	memcpy(digest->bytes, sqlite3_column_blob(select, column), sizeof(digest->bytes));
	return digest;
}

static enum status emit_row(struct findings *findings, struct emission *emission,
	sqlite3_stmt *select, const struct difference_sink *sink, struct error *err)
{
	struct difference difference;
	int64_t id = sqlite3_column_int64(select, 7);

	if (read_causes(findings, emission, id, err) < 0 ||
		read_values(findings, emission, id, err) < 0)
		return err->status;
	read_key(emission, select);
	read_fields(
		emission, sqlite3_column_blob(select, 5), (size_t)sqlite3_column_bytes(select, 5));
	difference = (struct difference){
		.path = buffer_text(&emission->path),
		.occurrence = emission->occurrence,
		.change = (enum change)sqlite3_column_int(select, 2),
		.inspected = sqlite3_column_int(select, 3) != 0,
		.reason = (const char *)sqlite3_column_text(select, 4),
		.fields = emission->fields,
		.field_count = emission->field_count,
		.causes = emission->causes,
		.cause_count = emission->cause_count,
		.values = emission->values,
		.value_count = emission->value_count,
		.published = read_digest(emission, select, 8, PUBLISHED),
		.rebuilt = read_digest(emission, select, 9, REBUILT),
		.diff = (const char *)sqlite3_column_text(select, 6),
	};
	return sink->take(sink->context, &difference, err);
}

enum status findings_emit(
	struct findings *findings, const struct difference_sink *sink, struct error *err)
{
	sqlite3_stmt *select = sql_statement(&findings->sql, FINDING_SELECT, err);
	struct emission emission = {0};
	enum status status;

	if (select == NULL)
		return err->status;
	while ((status = sql_step(&findings->sql, select, err)) == STATUS_OK) {
		status = emit_row(findings, &emission, select, sink, err);
		if (status != STATUS_OK)
			break;
	}
	sqlite3_reset(select);
	buffer_release(&emission.path);
	buffer_release(&emission.texts);
	buffer_release(&emission.value_texts);
	free(emission.values);
	free(emission.fields);
	free(emission.causes);
	return status == STATUS_END ? STATUS_OK : status;
}

enum status findings_each_wrapper(struct findings *findings,
	enum status (*visit)(void *context, const struct wrapper *wrapper, struct error *err),
	void *context, struct error *err)
{
	sqlite3_stmt *select = sql_statement(&findings->sql, WRAPPERS_SELECT, err);
	struct buffer path = {0};
	enum status status;

	if (select == NULL)
		return err->status;
	while ((status = sql_step(&findings->sql, select, err)) == STATUS_OK) {
		struct wrapper wrapper = {
			.kind = sql_column_text(select, 1),
			.signer = (const char *)sqlite3_column_text(select, 2),
		};

		buffer_clear(&path);
		buffer_add(&path, sqlite3_column_blob(select, 0),
			(size_t)sqlite3_column_bytes(select, 0));
		wrapper.path = buffer_text(&path);
		status = visit(context, &wrapper, err);
		if (status < 0)
			break;
	}
	sqlite3_reset(select);
	buffer_release(&path);
	return status == STATUS_END ? STATUS_OK : status;
}
