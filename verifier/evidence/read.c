/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/evidence/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "verifier/evidence/database.h"

static bool is_null(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_type(statement, column) == SQLITE_NULL;
}

static char *copy_or_null(sqlite3_stmt *statement, int column)
{
	return is_null(statement, column) ? NULL : xstrdup(sql_column_text(statement, column));
}

static int64_t number_or(sqlite3_stmt *statement, int column, int64_t otherwise)
{
	return is_null(statement, column) ? otherwise : sqlite3_column_int64(statement, column);
}

static enum status read_digest(
	sqlite3_stmt *statement, int column, bool *has, struct digest *digest, struct error *err)
{
	const char *hex = column_text_or_null(statement, column);

	*has = hex != NULL;
	if (hex && !digest_parse(hex, strlen(hex), digest))
		return error_set(err, STATUS_DATABASE, "\"%.70s\" is no digest", hex);
	return STATUS_OK;
}

sqlite3_stmt *own_statement(struct evidence *evidence, enum evidence_statement which,
	const char *first, struct error *err)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(evidence->sql.db, evidence_statements[which], -1, &statement,
		    NULL) != SQLITE_OK) {
		error_set(err, STATUS_DATABASE, "%s", sqlite3_errmsg(evidence->sql.db));
		return NULL;
	}
	if (first)
		sql_bind_text(statement, 1, first);
	return statement;
}

enum status evidence_read_run(
	struct evidence *evidence, const char *id, struct run_record *run, struct error *err)
{
	sqlite3_stmt *statement = own_statement(evidence, id ? READ_RUN : READ_NEWEST, id, err);
	enum status status;

	*run = (struct run_record){0};
	if (!statement)
		return err->status;
	status = sql_step(&evidence->sql, statement, err);
	if (status == STATUS_OK) {
		snprintf(run->id, sizeof(run->id), "%s", sql_column_text(statement, 0));
		run->kind = copy_or_null(statement, 1);
		run->release = copy_or_null(statement, 2);
		run->target = copy_or_null(statement, 3);
		run->tool = copy_or_null(statement, 4);
		run->comparer = copy_or_null(statement, 5);
		run->isolation = copy_or_null(statement, 6);
		run->failure_class = copy_or_null(statement, 7);
		run->failure_step = copy_or_null(statement, 8);
		run->failure_text = copy_or_null(statement, 9);
		run->started = sqlite3_column_int64(statement, 10);
		run->finished = !is_null(statement, 11);
		if (run->finished && !verdict_parse(sql_column_text(statement, 12), &run->verdict))
			status = error_set(err, STATUS_DATABASE, "run %s has no verdict", run->id);
	} else if (status == STATUS_END) {
		status = id ? error_set(err, STATUS_NOT_FOUND,
				      "no run %s in this database; reproof compare --db and "
				      "reproof verify record them",
				      id)
			    : error_set(err, STATUS_NOT_FOUND,
				      "no run in this database yet; reproof compare --db and "
				      "reproof verify record them");
	}
	sqlite3_finalize(statement);
	if (status < 0)
		run_record_release(run);
	return status;
}

void run_record_release(struct run_record *run)
{
	free(run->kind);
	free(run->release);
	free(run->target);
	free(run->tool);
	free(run->comparer);
	free(run->isolation);
	free(run->failure_class);
	free(run->failure_step);
	free(run->failure_text);
	*run = (struct run_record){0};
}

static enum status read_artifact(
	sqlite3_stmt *statement, struct artifact_row *row, struct error *err)
{
	struct artifact_record *record = &row->record;

	*row = (struct artifact_row){0};
	record->name = sql_column_text(statement, 0);
	if (!verdict_parse(sql_column_text(statement, 1), &record->verdict))
		return error_set(err, STATUS_DATABASE, "%s has no verdict", record->name);
	record->required = sqlite3_column_int(statement, 2) != 0;
	if (read_digest(statement, 3, &record->has_published, &record->published, err) < 0 ||
		read_digest(statement, 5, &record->has_rebuilt, &record->rebuilt, err) < 0)
		return err->status;
	record->has_published_size = !is_null(statement, 4);
	record->published_size = (uint64_t)number_or(statement, 4, 0);
	record->rebuilt_size = (uint64_t)number_or(statement, 6, 0);
	record->reason = column_text_or_null(statement, 7);
	row->set_id = column_text_or_null(statement, 8);
	record->has_set = row->set_id != NULL;
	row->inspected = number_or(statement, 9, 1) != 0;
	row->differences = (uint64_t)number_or(statement, 10, 0);
	row->unattributed = number_or(statement, 11, -1);
	row->unexplained = number_or(statement, 12, -1);
	record->is_accepted = number_or(statement, 13, 0) == 1;
	if (record->verdict == VERDICT_REPRODUCED)
		row->unattributed = row->unexplained = 0;
	return STATUS_OK;
}

enum status evidence_each_artifact(struct evidence *evidence, const char *run, bool worst_first,
	artifact_visitor visit, void *context, struct error *err)
{
	sqlite3_stmt *statement = own_statement(
		evidence, worst_first ? READ_ARTIFACTS_WORST : READ_ARTIFACTS, run, err);
	enum status status = statement ? STATUS_OK : err->status;
	struct artifact_row row;

	while (status == STATUS_OK &&
		(status = sql_step(&evidence->sql, statement, err)) == STATUS_OK) {
		status = read_artifact(statement, &row, err);
		if (status == STATUS_OK)
			status = visit(context, &row, err);
	}
	sqlite3_finalize(statement);
	return status < 0 ? status : STATUS_OK;
}

/* What one difference points to while it is shown. */
struct difference_parts {
	struct difference_field *fields;
	size_t field_count, field_capacity;
	struct text_list texts; /* that they point to */
	struct difference_cause *causes;
	size_t cause_count, cause_capacity;
	struct difference_value *values;
	size_t value_count, value_capacity;
	struct digest published, rebuilt;
};

static const char *keep(struct text_list *texts, sqlite3_stmt *statement, int column)
{
	if (is_null(statement, column))
		return NULL;
	text_list_add(texts, sql_column_text(statement, column));
	return texts->items[texts->count - 1];
}

static void bind_key(
	sqlite3_stmt *statement, const char *set_id, const struct difference *difference)
{
	sql_bind_text(statement, 1, set_id);
	bind_name(statement, 2, difference->path);
	sql_bind_integer(statement, 3, (int64_t)difference->occurrence);
	sql_bind_text(statement, 4, change_word(difference->change));
}

static enum status read_fields(struct evidence *evidence, sqlite3_stmt *statement,
	struct difference_parts *parts, struct error *err)
{
	enum status status;

	while ((status = sql_step(&evidence->sql, statement, err)) == STATUS_OK) {
		struct difference_field *field;

		ARRAY_GROW(parts->fields, parts->field_count, parts->field_capacity);
		field = &parts->fields[parts->field_count++];
		field->name = keep(&parts->texts, statement, 0);
		field->published = keep(&parts->texts, statement, 1);
		field->rebuilt = keep(&parts->texts, statement, 2);
	}
	return status;
}

static enum status read_causes(struct evidence *evidence, sqlite3_stmt *statement,
	struct difference_parts *parts, struct error *err)
{
	enum status status;

	while ((status = sql_step(&evidence->sql, statement, err)) == STATUS_OK) {
		struct difference_cause *cause;

		ARRAY_GROW(parts->causes, parts->cause_count, parts->cause_capacity);
		cause = &parts->causes[parts->cause_count++];
		cause->id = keep(&parts->texts, statement, 0);
		cause->bytes = (uint64_t)sqlite3_column_int64(statement, 1);
		cause->is_unmeasured = sqlite3_column_int(statement, 3) != 0;
		cause->evidence = keep(&parts->texts, statement, 2);
	}
	return status;
}

static enum status read_values(struct evidence *evidence, sqlite3_stmt *statement,
	struct difference_parts *parts, struct error *err)
{
	enum status status;

	while ((status = sql_step(&evidence->sql, statement, err)) == STATUS_OK) {
		struct difference_value *value;

		ARRAY_GROW(parts->values, parts->value_count, parts->value_capacity);
		value = &parts->values[parts->value_count++];
		value->cause = keep(&parts->texts, statement, 0);
		value->published = keep(&parts->texts, statement, 1);
		value->rebuilt = keep(&parts->texts, statement, 2);
	}
	return status;
}

static enum status read_parts(struct evidence *evidence, const char *set_id,
	struct difference *difference, struct difference_parts *parts, struct error *err)
{
	static const struct {
		enum evidence_statement which;
		enum status (*read)(struct evidence *evidence, sqlite3_stmt *statement,
			struct difference_parts *parts, struct error *err);
	} readers[] = {
		{READ_FIELDS, read_fields},
		{READ_CAUSES, read_causes},
		{READ_VALUES, read_values},
	};

	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		sqlite3_stmt *statement = sql_statement(&evidence->sql, readers[i].which, err);

		if (!statement)
			return err->status;
		bind_key(statement, set_id, difference);
		if (readers[i].read(evidence, statement, parts, err) < 0)
			return err->status;
	}
	difference->fields = parts->fields;
	difference->field_count = parts->field_count;
	difference->causes = parts->causes;
	difference->cause_count = parts->cause_count;
	difference->values = parts->values;
	difference->value_count = parts->value_count;
	return STATUS_OK;
}

static enum status visit_difference(struct evidence *evidence, sqlite3_stmt *statement,
	difference_visitor visit, void *context, struct error *err)
{
	struct difference_parts parts = {0};
	struct difference difference = {
		.path = sql_column_text(statement, 0),
		.occurrence = (uint64_t)sqlite3_column_int64(statement, 1),
		.inspected = sqlite3_column_int(statement, 3) != 0,
		.reason = column_text_or_null(statement, 4),
		.diff = column_text_or_null(statement, 5),
	};
	bool has_published, has_rebuilt;
	enum status status;

	if (read_digest(statement, 6, &has_published, &parts.published, err) < 0 ||
		read_digest(statement, 7, &has_rebuilt, &parts.rebuilt, err) < 0)
		return err->status;
	difference.published = has_published ? &parts.published : NULL;
	difference.rebuilt = has_rebuilt ? &parts.rebuilt : NULL;
	if (!change_parse(sql_column_text(statement, 2), &difference.change))
		return error_set(err, STATUS_DATABASE, "%s: no such change", difference.path);
	status = read_parts(evidence, sql_column_text(statement, 8), &difference, &parts, err);
	if (status == STATUS_OK)
		status = visit(context, &difference, err);
	free(parts.fields);
	text_list_release(&parts.texts);
	free(parts.causes);
	free(parts.values);
	return status;
}

/* Finalises it. */
static enum status visit_differences(struct evidence *evidence, sqlite3_stmt *statement,
	difference_visitor visit, void *context, struct error *err)
{
	enum status status = STATUS_OK;

	while (status == STATUS_OK &&
		(status = sql_step(&evidence->sql, statement, err)) == STATUS_OK)
		status = visit_difference(evidence, statement, visit, context, err);
	sqlite3_finalize(statement);
	return status < 0 ? status : STATUS_OK;
}

static void bind_limit(sqlite3_stmt *statement, int parameter, uint64_t limit)
{
	sql_bind_integer(statement, parameter, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
}

enum status evidence_each_difference(struct evidence *evidence, const char *set_id, uint64_t limit,
	difference_visitor visit, void *context, struct error *err)
{
	sqlite3_stmt *statement = own_statement(evidence, READ_DIFFERENCES, set_id, err);

	if (!statement)
		return err->status;
	bind_limit(statement, 2, limit);
	return visit_differences(evidence, statement, visit, context, err);
}

enum status evidence_each_difference_at(struct evidence *evidence, const char *set_id,
	const char *path, difference_visitor visit, void *context, struct error *err)
{
	sqlite3_stmt *statement = own_statement(evidence, READ_DIFFERENCES_AT, set_id, err);

	if (!statement)
		return err->status;
	bind_name(statement, 2, path);
	return visit_differences(evidence, statement, visit, context, err);
}

enum status evidence_each_difference_below(struct evidence *evidence, const char *set_id,
	const char *path, uint64_t limit, difference_visitor visit, void *context,
	struct error *err)
{
	sqlite3_stmt *statement = own_statement(evidence, READ_DIFFERENCES_BELOW, set_id, err);
	char *from = xasprintf("%s/", path), *to = xasprintf("%s%c", path, '/' + 1);
	enum status status = statement ? STATUS_OK : err->status;

	if (statement) {
		bind_name(statement, 2, from);
		bind_name(statement, 3, to);
		bind_limit(statement, 4, limit);
		status = visit_differences(evidence, statement, visit, context, err);
	}
	free(from);
	free(to);
	return status;
}

enum status evidence_each_difference_of(struct evidence *evidence, const char *run,
	const char *cause, uint64_t limit, difference_visitor visit, void *context,
	struct error *err)
{
	sqlite3_stmt *statement = own_statement(evidence, READ_DIFFERENCES_OF, run, err);

	if (!statement)
		return err->status;
	sql_bind_text(statement, 2, cause);
	bind_limit(statement, 3, limit);
	return visit_differences(evidence, statement, visit, context, err);
}
