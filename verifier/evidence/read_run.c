/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/evidence/database.h"
#include "verifier/evidence/read.h"

/* Reads one row into something and hands it to the visitor behind `context`. */
typedef enum status (*row_reader)(sqlite3_stmt *row, void *context, struct error *err);

static enum status each_row(struct evidence *evidence, enum evidence_statement which,
	const char *key, row_reader read, void *context, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, which, err);
	enum status status = statement ? STATUS_OK : err->status;

	if (!statement)
		return status;
	sql_bind_text(statement, 1, key);
	while (status == STATUS_OK &&
		(status = sql_step(&evidence->sql, statement, err)) == STATUS_OK)
		status = read(statement, context, err);
	sqlite3_reset(statement);
	return status < 0 ? status : STATUS_OK;
}

struct cause_call {
	cause_visitor visit;
	void *context;
};

static enum status read_cause(sqlite3_stmt *row, void *context, struct error *err)
{
	const struct cause_call *call = context;
	struct cause_row cause = {
		.cause = sql_column_text(row, 0),
		.artifacts = (uint64_t)sqlite3_column_int64(row, 1),
		.members = (uint64_t)sqlite3_column_int64(row, 2),
		.bytes = (uint64_t)sqlite3_column_int64(row, 3),
		.is_unmeasured = sqlite3_column_int(row, 4) != 0,
	};

	return call->visit(call->context, &cause, err);
}

enum status evidence_each_set_cause(struct evidence *evidence, const char *set_id,
	cause_visitor visit, void *context, struct error *err)
{
	struct cause_call call = {visit, context};

	return each_row(evidence, READ_SET_CAUSES, set_id, read_cause, &call, err);
}

struct wrapper_call {
	wrapper_visitor visit;
	void *context;
};

static enum status read_wrapper(sqlite3_stmt *row, void *context, struct error *err)
{
	const struct wrapper_call *call = context;
	struct wrapper wrapper = {
		.path = sql_column_text(row, 0),
		.kind = sql_column_text(row, 1),
		.signer = column_text_or_null(row, 2),
	};

	return call->visit(call->context, &wrapper, err);
}

enum status evidence_each_wrapper(struct evidence *evidence, const char *set_id,
	wrapper_visitor visit, void *context, struct error *err)
{
	struct wrapper_call call = {visit, context};

	return each_row(evidence, READ_WRAPPERS, set_id, read_wrapper, &call, err);
}

struct text_call {
	text_visitor visit;
	void *context;
};

static enum status read_text(sqlite3_stmt *row, void *context, struct error *err)
{
	const struct text_call *call = context;

	return call->visit(call->context, sql_column_text(row, 0), err);
}

enum status evidence_each_mark(struct evidence *evidence, const char *run, text_visitor visit,
	void *context, struct error *err)
{
	struct text_call call = {visit, context};

	return each_row(evidence, READ_MARKS, run, read_text, &call, err);
}

enum status evidence_each_served_artifact(struct evidence *evidence, const char *run,
	text_visitor visit, void *context, struct error *err)
{
	struct text_call call = {visit, context};

	return each_row(evidence, READ_SERVED_ARTIFACTS, run, read_text, &call, err);
}

struct pin_call {
	pin_visitor visit;
	void *context;
};

static enum status read_pin(sqlite3_stmt *row, void *context, struct error *err)
{
	const struct pin_call *call = context;
	const char *state = sql_column_text(row, 4);
	struct pin_record pin = {
		.archive = sql_column_text(row, 0),
		.suite = sql_column_text(row, 1),
		.pin = sql_column_text(row, 2),
		.signer = sql_column_text(row, 3),
		.date = sqlite3_column_int64(row, 5),
		.captured = sqlite3_column_int(row, 6) != 0,
	};

	if (!suite_state_parse(state, &pin.state))
		return error_set(err, STATUS_DATABASE, "%s %s: no digest", pin.archive, pin.suite);
	return call->visit(call->context, &pin, err);
}

enum status evidence_each_pin(struct evidence *evidence, const char *run, pin_visitor visit,
	void *context, struct error *err)
{
	struct pin_call call = {visit, context};

	return each_row(evidence, READ_PINS, run, read_pin, &call, err);
}

struct package_call {
	package_visitor visit;
	void *context;
};

static enum status read_package(sqlite3_stmt *row, void *context, struct error *err)
{
	const struct package_call *call = context;
	struct package_change change = {
		.change = sql_column_text(row, 0),
		.name = sql_column_text(row, 1),
		.architecture = sql_column_text(row, 2),
		.published = column_text_or_null(row, 3),
		.rebuilt = column_text_or_null(row, 4),
	};

	return call->visit(call->context, &change, err);
}

enum status evidence_each_package_change(struct evidence *evidence, const char *run,
	package_visitor visit, void *context, struct error *err)
{
	struct package_call call = {visit, context};

	return each_row(evidence, READ_PACKAGE_CHANGES, run, read_package, &call, err);
}

struct package_source {
	char *artifact;
	uint64_t packages;
};

static enum status read_source(sqlite3_stmt *row, void *context, struct error *err)
{
	struct package_source *source = context;

	(void)err;
	free(source->artifact);
	source->artifact = xstrdup(sql_column_text(row, 0));
	source->packages = (uint64_t)sqlite3_column_int64(row, 1);
	return STATUS_OK;
}

enum status evidence_read_package_source(struct evidence *evidence, const char *run,
	char **artifact, uint64_t *packages, struct error *err)
{
	struct package_source source = {0};
	enum status status =
		each_row(evidence, READ_PACKAGE_SOURCE, run, read_source, &source, err);

	*artifact = source.artifact;
	*packages = source.packages;
	return status;
}

struct published_change_call {
	published_change_visitor visit;
	void *context;
};

static enum status read_published_change(sqlite3_stmt *row, void *context, struct error *err)
{
	const struct published_change_call *call = context;
	struct published_change change = {
		.name = sql_column_text(row, 0),
		.was = sql_column_text(row, 1),
		.is_now = sql_column_text(row, 2),
		.last_seen = sqlite3_column_int64(row, 3),
	};

	return call->visit(call->context, &change, err);
}

enum status evidence_each_published_change(struct evidence *evidence, const char *run,
	published_change_visitor visit, void *context, struct error *err)
{
	struct published_change_call call = {visit, context};

	return each_row(evidence, READ_PUBLISHED_CHANGES, run, read_published_change, &call, err);
}

struct count_call {
	count_visitor visit;
	void *context;
};

static enum status read_count(sqlite3_stmt *row, void *context, struct error *err)
{
	const struct count_call *call = context;

	return call->visit(call->context, sql_column_text(row, 0), sqlite3_column_int64(row, 1),
		(uint64_t)sqlite3_column_int64(row, 2), err);
}

enum status evidence_each_host(struct evidence *evidence, const char *run, count_visitor visit,
	void *context, struct error *err)
{
	struct count_call call = {visit, context};

	return each_row(evidence, READ_HOSTS, run, read_count, &call, err);
}

enum status evidence_each_refusal(struct evidence *evidence, const char *run, count_visitor visit,
	void *context, struct error *err)
{
	struct count_call call = {visit, context};

	return each_row(evidence, READ_REFUSALS, run, read_count, &call, err);
}

struct wanted_call {
	wanted_visitor visit;
	void *context;
};

static enum status read_wanted(sqlite3_stmt *row, void *context, struct error *err)
{
	const struct wanted_call *call = context;

	return call->visit(call->context, sql_column_text(row, 0), sql_column_text(row, 1),
		(uint64_t)sqlite3_column_int64(row, 2), err);
}

enum status evidence_each_wanted(struct evidence *evidence, const char *run, wanted_visitor visit,
	void *context, struct error *err)
{
	struct wanted_call call = {visit, context};

	return each_row(evidence, READ_WANTED, run, read_wanted, &call, err);
}

struct limit_call {
	limit_visitor visit;
	void *context;
};

static enum status read_limit(sqlite3_stmt *row, void *context, struct error *err)
{
	const struct limit_call *call = context;
	const struct limit_record limit = {
		.name = sql_column_text(row, 0),
		.value = (uint64_t)sqlite3_column_int64(row, 1),
		.mechanism = sql_column_text(row, 2),
		.is_broken = sqlite3_column_int(row, 3) != 0,
	};

	return call->visit(call->context, &limit, err);
}

enum status evidence_each_limit(struct evidence *evidence, const char *run, limit_visitor visit,
	void *context, struct error *err)
{
	struct limit_call call = {visit, context};

	return each_row(evidence, READ_LIMITS, run, read_limit, &call, err);
}

enum status evidence_count_materials(struct evidence *evidence, const char *run, const char *kind,
	uint64_t *count, uint64_t *bytes, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, COUNT_MATERIALS, err);
	enum status status;

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	sql_bind_text(statement, 2, kind);
	status = sql_step(&evidence->sql, statement, err);
	*count = status == STATUS_OK ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
	*bytes = status == STATUS_OK ? (uint64_t)sqlite3_column_int64(statement, 1) : 0;
	sqlite3_reset(statement);
	return status < 0 ? status : STATUS_OK;
}

enum status evidence_each_material(struct evidence *evidence, const char *run, const char *kind,
	material_visitor visit, void *context, struct error *err)
{
	sqlite3_stmt *statement = own_statement(evidence, READ_MATERIALS, run, err);
	enum status status;

	if (!statement)
		return err->status;
	sql_bind_text(statement, 2, kind);
	while ((status = sql_step(&evidence->sql, statement, err)) == STATUS_OK) {
		const char *name = sql_column_text(statement, 0);
		const char *hex = sql_column_text(statement, 1);
		struct digest digest;

		if (!digest_parse(hex, strlen(hex), &digest))
			status = error_set(err, STATUS_DATABASE, "%s: no digest", name);
		else
			status = visit(context, name, &digest,
				(uint64_t)sqlite3_column_int64(statement, 2), err);
		if (status < 0)
			break;
	}
	sqlite3_finalize(statement);
	return status < 0 ? status : STATUS_OK;
}
