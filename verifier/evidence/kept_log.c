/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/evidence/kept_log.h"

#include <string.h>

#include "verifier/evidence/database.h"

static enum status column_digest(
	sqlite3_stmt *row, int column, struct digest *digest, struct error *err)
{
	const char *hex = sql_column_text(row, column);

	return digest_parse(hex, strlen(hex), digest)
		? STATUS_OK
		: error_set(err, STATUS_FORMAT, "the evidence has a digest that is none");
}

enum status evidence_kept_log(struct evidence *evidence, const char *run,
	const struct digest *digest, uint64_t size, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, KEPT_LOG_PUT, err);

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	bind_digest(statement, 2, digest);
	sql_bind_integer(statement, 3, (int64_t)size);
	return sql_run(&evidence->sql, statement, err);
}

enum status evidence_read_kept_log(
	struct evidence *evidence, const char *run, struct digest *digest, struct error *err)
{
	sqlite3_stmt *row = sql_statement(&evidence->sql, READ_KEPT_LOG, err);
	enum status status;

	if (!row)
		return err->status;
	sql_bind_text(row, 1, run);
	status = sql_step(&evidence->sql, row, err);
	if (status == STATUS_OK)
		status = column_digest(row, 0, digest, err);
	sqlite3_reset(row);
	return status;
}

enum status evidence_each_built_deb(
	struct evidence *evidence, built_deb_visitor visit, void *context, struct error *err)
{
	sqlite3_stmt *row = own_statement(evidence, READ_BUILT_DEBS, NULL, err);
	struct digest digest;
	enum status status;

	if (!row)
		return err->status;
	while ((status = sql_step(&evidence->sql, row, err)) == STATUS_OK) {
		status = column_digest(row, 2, &digest, err);
		if (status == STATUS_OK)
			status = visit(context, sql_column_text(row, 0), sql_column_text(row, 1),
				&digest, err);
		if (status < 0)
			break;
	}
	sqlite3_finalize(row);
	return status < 0 ? status : STATUS_OK;
}
