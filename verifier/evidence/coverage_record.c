/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/evidence/coverage_record.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "verifier/evidence/database.h"

enum status evidence_facts_find(struct evidence *evidence, const struct digest *key, char **facts,
	size_t *len, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, FACTS_FIND, err);
	enum status status;

	*facts = NULL;
	if (!statement)
		return err->status;
	bind_digest(statement, 1, key);
	status = sql_step(&evidence->sql, statement, err);
	if (status == STATUS_OK) {
		*facts = xstrdup(sql_column_text(statement, 0));
		*len = strlen(*facts);
	}
	sqlite3_reset(statement);
	return status;
}

enum status evidence_facts_keep(
	struct evidence *evidence, const struct digest *key, const char *facts, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, FACTS_KEEP, err);

	if (!statement)
		return err->status;
	bind_digest(statement, 1, key);
	sql_bind_text(statement, 2, facts);
	return sql_run(&evidence->sql, statement, err);
}

static enum status keep_input(struct evidence *evidence, const struct digest *key,
	const struct coverage_input_record *input, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, COVERAGE_INPUT_KEEP, err);

	if (!statement)
		return err->status;
	bind_digest(statement, 1, key);
	sql_bind_text(statement, 2, input->role);
	sql_bind_text(statement, 3, input->name);
	bind_digest(statement, 4, &input->sha256);
	sql_bind_integer(statement, 5, input->time);
	return sql_run(&evidence->sql, statement, err);
}

enum status evidence_coverage_keep(struct evidence *evidence, const char *result,
	const struct coverage_input_record *inputs, size_t count, struct error *err)
{
	sqlite3_stmt *statement;
	struct digest key;
	enum status status = evidence_begin(evidence, err);

	if (status < 0)
		return status;
	hash_memory(result, strlen(result), &key);
	statement = sql_statement(&evidence->sql, COVERAGE_KEEP, err);
	if (!statement)
		return evidence_end(evidence, err->status, err);
	bind_digest(statement, 1, &key);
	sql_bind_text(statement, 2, result);
	sql_bind_integer(statement, 3, clock_now());
	status = sql_run(&evidence->sql, statement, err);
	for (size_t i = 0; i < count && status == STATUS_OK; i++)
		status = keep_input(evidence, &key, &inputs[i], err);
	return evidence_end(evidence, status, err);
}
