/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/evidence/toolchain.h"

#include <string.h>

#include "verifier/evidence/database.h"

enum status evidence_toolchain_side(struct evidence *evidence, const char *run,
	const struct toolchain_side *side, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, TOOLCHAIN_SIDE_PUT, err);

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	sql_bind_text(statement, 2, side->side);
	bind_name(statement, 3, side->name);
	bind_digest(statement, 4, side->digest);
	sql_bind_text(statement, 5, side->reason);
	return sql_run(&evidence->sql, statement, err);
}

enum status evidence_toolchain_package(struct evidence *evidence, const char *run, const char *side,
	const char *name, const char *architecture, const char *version, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, TOOLCHAIN_PACKAGE_PUT, err);

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	sql_bind_text(statement, 2, side);
	bind_name(statement, 3, name);
	bind_name(statement, 4, architecture);
	bind_name(statement, 5, version);
	return sql_run(&evidence->sql, statement, err);
}

static enum status read_side(sqlite3_stmt *row, struct toolchain_side *side, struct digest *digest,
	const char *run, struct error *err)
{
	const char *hex = column_text_or_null(row, 2);

	*side = (struct toolchain_side){
		.side = sql_column_text(row, 0),
		.name = sql_column_text(row, 1),
		.digest = hex ? digest : NULL,
		.reason = column_text_or_null(row, 3),
	};
	if (hex && !digest_parse(hex, strlen(hex), digest))
		return error_set(
			err, STATUS_DATABASE, "run %s: the record of a build has no digest", run);
	return STATUS_OK;
}

enum status evidence_each_toolchain_side(struct evidence *evidence, const char *run,
	toolchain_side_visitor visit, void *context, struct error *err)
{
	sqlite3_stmt *row = own_statement(evidence, READ_TOOLCHAIN_SIDES, run, err);
	struct toolchain_side side;
	struct digest digest;
	enum status status;

	if (!row)
		return err->status;
	while ((status = sql_step(&evidence->sql, row, err)) == STATUS_OK) {
		status = read_side(row, &side, &digest, run, err);
		if (status == STATUS_OK)
			status = visit(context, &side, err);
		if (status != STATUS_OK)
			break;
	}
	sqlite3_finalize(row);
	return status < 0 ? status : STATUS_OK;
}

enum status evidence_each_toolchain_package(struct evidence *evidence, const char *run,
	toolchain_visitor visit, void *context, struct error *err)
{
	sqlite3_stmt *row = own_statement(evidence, READ_TOOLCHAIN_PACKAGES, run, err);
	enum status status;

	if (!row)
		return err->status;
	while ((status = sql_step(&evidence->sql, row, err)) == STATUS_OK) {
		struct toolchain_package package = {
			.name = sql_column_text(row, 0),
			.architecture = sql_column_text(row, 1),
			.published = column_text_or_null(row, 2),
			.rebuilt = column_text_or_null(row, 3),
		};

		status = visit(context, &package, err);
		if (status != STATUS_OK)
			break;
	}
	sqlite3_finalize(row);
	return status < 0 ? status : STATUS_OK;
}
