/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "verifier/evidence/database.h"

/* Runs a statement whose only parameter is the run. */
static enum status run_for(struct evidence *evidence, enum evidence_statement which,
	const char *run, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, which, err);

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	return sql_run(&evidence->sql, statement, err);
}

enum status evidence_forget_build(struct evidence *evidence, const char *run, struct error *err)
{
	static const enum evidence_statement statements[] = {FORGET_MATERIALS, FORGET_HOSTS,
		FORGET_REFUSALS, FORGET_WANTED, FORGET_LIMITS, FORGET_OUTPUTS, FORGET_BUILD_FAILURE,
		FORGET_KEPT_LOG};

	for (size_t i = 0; i < ARRAY_SIZE(statements); i++) {
		if (run_for(evidence, statements[i], run, err) < 0)
			return err->status;
	}
	return STATUS_OK;
}

enum status evidence_forget_results(struct evidence *evidence, const char *run, struct error *err)
{
	static const enum evidence_statement statements[] = {
		FORGET_ARTIFACTS, FORGET_PACKAGES, FORGET_PACKAGE_SOURCE, FORGET_TOOLCHAIN};

	for (size_t i = 0; i < ARRAY_SIZE(statements); i++) {
		if (run_for(evidence, statements[i], run, err) < 0)
			return err->status;
	}
	return STATUS_OK;
}

enum status evidence_material(struct evidence *evidence, const char *run, const char *kind,
	const char *name, const struct digest *digest, uint64_t size, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, MATERIAL_PUT, err);

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	sql_bind_text(statement, 2, kind);
	bind_name(statement, 3, name);
	bind_digest(statement, 4, digest);
	sql_bind_integer(statement, 5, (int64_t)size);
	return sql_run(&evidence->sql, statement, err);
}

enum status evidence_asked_host(
	struct evidence *evidence, const char *run, const char *host, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, HOST_PUT, err);

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	bind_name(statement, 2, host);
	return sql_run(&evidence->sql, statement, err);
}

enum status evidence_refusal(struct evidence *evidence, const char *run, const char *request,
	int http_status, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, REFUSAL_PUT, err);

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	bind_name(statement, 2, request);
	sql_bind_integer(statement, 3, http_status);
	return sql_run(&evidence->sql, statement, err);
}

enum status evidence_wanted(struct evidence *evidence, const char *run, const char *kind,
	const char *target, uint64_t count, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, WANTED_PUT, err);

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	sql_bind_text(statement, 2, kind);
	sql_bind_text(statement, 3, target);
	sql_bind_integer(statement, 4, (int64_t)count);
	return sql_run(&evidence->sql, statement, err);
}

enum status evidence_limit(struct evidence *evidence, const char *run,
	const struct limit_record *limit, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, LIMIT_PUT, err);

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	sql_bind_text(statement, 2, limit->name);
	sql_bind_integer(statement, 3, (int64_t)limit->value);
	sql_bind_text(statement, 4, limit->mechanism);
	sql_bind_integer(statement, 5, limit->is_broken);
	return sql_run(&evidence->sql, statement, err);
}

enum status evidence_output(struct evidence *evidence, const char *run, const char *name,
	const struct digest *digest, uint64_t size, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, OUTPUT_PUT, err);

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	bind_name(statement, 2, name);
	bind_digest(statement, 3, digest);
	sql_bind_integer(statement, 4, (int64_t)size);
	return sql_run(&evidence->sql, statement, err);
}

enum status evidence_built(
	struct evidence *evidence, const char *run, const struct digest *inputs, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, RUN_BUILT, err);

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	sql_bind_integer(statement, 2, clock_now_milliseconds());
	bind_digest(statement, 3, inputs);
	return sql_run(&evidence->sql, statement, err);
}

enum status evidence_is_built(struct evidence *evidence, const char *run,
	const struct digest *inputs, bool *built, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, RUN_IS_BUILT, err);
	enum status status;

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	bind_digest(statement, 2, inputs);
	status = sql_step(&evidence->sql, statement, err);
	*built = status == STATUS_OK && sqlite3_column_int(statement, 0) == 1;
	sqlite3_reset(statement);
	return status < 0 ? status : STATUS_OK;
}

enum status evidence_each_output(struct evidence *evidence, const char *run, output_visitor visit,
	void *context, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, OUTPUTS_READ, err);
	enum status status = statement ? STATUS_OK : err->status;

	if (!statement)
		return status;
	sql_bind_text(statement, 1, run);
	while (status == STATUS_OK &&
		(status = sql_step(&evidence->sql, statement, err)) == STATUS_OK) {
		const char *hex = sql_column_text(statement, 1);
		struct digest digest;

		if (!digest_parse(hex, strlen(hex), &digest))
			status = error_set(
				err, STATUS_DATABASE, "run %s: an output has no digest", run);
		else
			status = visit(context, sql_column_text(statement, 0), &digest,
				(uint64_t)sqlite3_column_int64(statement, 2), err);
	}
	sqlite3_reset(statement);
	return status < 0 ? status : STATUS_OK;
}

static enum status record_change(struct evidence *evidence, const char *run,
	const struct published_record *record, struct error *err)
{
	sqlite3_stmt *last = sql_statement(&evidence->sql, PUBLISHED_LAST, err);
	sqlite3_stmt *change = sql_statement(&evidence->sql, PUBLISHED_CHANGE_PUT, err);
	char hex[SHA256_HEX_SIZE];
	enum status status;

	if (!last || !change)
		return err->status;
	sql_bind_text(last, 1, record->release);
	sql_bind_text(last, 2, record->target);
	bind_name(last, 3, record->name);
	status = sql_step(&evidence->sql, last, err);
	digest_hex(&record->digest, hex);
	if (status == STATUS_OK && strcmp(sql_column_text(last, 0), hex) != 0) {
		sql_bind_text(change, 1, run);
		bind_name(change, 2, record->name);
		sql_bind_text(change, 3, sql_column_text(last, 0));
		sql_bind_text(change, 4, hex);
		sql_bind_integer(change, 5, sqlite3_column_int64(last, 1));
		status = sql_run(&evidence->sql, change, err);
	}
	sqlite3_reset(last);
	return status < 0 ? status : STATUS_OK;
}

enum status evidence_published(struct evidence *evidence, const char *run,
	const struct published_record *record, struct error *err)
{
	sqlite3_stmt *statement;

	if (record_change(evidence, run, record, err) < 0)
		return err->status;
	statement = sql_statement(&evidence->sql, PUBLISHED_PUT, err);
	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, record->release);
	sql_bind_text(statement, 2, record->target);
	bind_name(statement, 3, record->name);
	sql_bind_text(statement, 4, record->url);
	bind_digest(statement, 5, &record->digest);
	if (record->has_size)
		sql_bind_integer(statement, 6, (int64_t)record->size);
	sql_bind_integer(statement, 7, clock_now());
	return sql_run(&evidence->sql, statement, err);
}
