/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "verifier/evidence/database.h"
#include "verifier/evidence/read.h"

enum status evidence_each_reference(
	struct evidence *evidence, reference_visitor visit, void *context, struct error *err)
{
	sqlite3_stmt *statement = own_statement(evidence, READ_REFERENCES, NULL, err);
	enum status status;

	if (!statement)
		return err->status;
	while ((status = sql_step(&evidence->sql, statement, err)) == STATUS_OK) {
		const char *hex = column_text_or_null(statement, 0);
		struct digest digest;

		if (!hex)
			continue;
		if (!digest_parse(hex, strlen(hex), &digest))
			status = error_set(
				err, STATUS_FORMAT, "the evidence has a digest that is none");
		else
			status = visit(context, &digest, err);
		if (status < 0)
			break;
	}
	sqlite3_finalize(statement);
	return status < 0 ? status : STATUS_OK;
}

enum status evidence_pin_user(struct evidence *evidence, const char *archive, const char *pin,
	char run[RUN_ID_SIZE], struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, READ_PIN_USER, err);
	enum status status;

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, archive);
	sql_bind_text(statement, 2, pin);
	status = sql_step(&evidence->sql, statement, err);
	if (status == STATUS_OK)
		snprintf(run, RUN_ID_SIZE, "%s", sql_column_text(statement, 0));
	sqlite3_reset(statement);
	return status;
}
