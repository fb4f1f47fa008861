/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/evidence/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/path.h"
#include "verifier/evidence/database.h"

#define SCHEMA_VERSION 8

extern const char schema_sql[];

static enum status check_version(struct sql *sql, const char *path, bool create, struct error *err)
{
	char pragma[64];
	int version;

	if (sql_version(sql, &version, err) < 0)
		return err->status;
	if (version == SCHEMA_VERSION)
		return STATUS_OK;
	if (version != 0 || !create)
		return error_set(err, STATUS_DATABASE,
			"%s has schema %d, this reproof reads %d; use the reproof that wrote it, "
			"or another --db",
			path, version, SCHEMA_VERSION);
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", SCHEMA_VERSION);
	/* Two processes may find it empty: the one that gets the lock second sees the schema. */
	if (sql_begin(sql, err) < 0)
		return err->status;
	if (sql_version(sql, &version, err) < 0 ||
		(version == 0 &&
			(sql_exec(sql, schema_sql, err) < 0 || sql_exec(sql, pragma, err) < 0)) ||
		sql_commit(sql, err) < 0) {
		sql_rollback(sql);
		return error_context(err, "%s", path);
	}
	return STATUS_OK;
}

static enum status open_mode(
	const char *path, enum sql_mode mode, struct evidence **evidence, struct error *err)
{
	struct evidence *opened = xcalloc(1, sizeof(*opened));
	const char *name = path ? path : "the private database";

	*evidence = NULL;
	if (sql_open(&opened->sql, path, mode, evidence_statements, EVIDENCE_STATEMENT_COUNT, err) <
			0 ||
		check_version(&opened->sql, name, mode != SQL_READ, err) < 0) {
		evidence_free(opened);
		return err->status;
	}
	*evidence = opened;
	return STATUS_OK;
}

enum status evidence_open(const char *path, struct evidence **evidence, struct error *err)
{
	enum status status = STATUS_OK;
	char *directory;

	if (!path)
		return open_mode(NULL, SQL_TEMPORARY, evidence, err);
	directory = path_directory(path);
	status = path_make_directories(directory, 0700, err);
	free(directory);
	return status < 0 ? status : open_mode(path, SQL_CREATE, evidence, err);
}

enum status evidence_open_read(const char *path, struct evidence **evidence, struct error *err)
{
	return open_mode(path, SQL_READ, evidence, err);
}

void evidence_free(struct evidence *evidence)
{
	if (!evidence)
		return;
	sql_release(&evidence->sql);
	free(evidence);
}

enum status evidence_begin(struct evidence *evidence, struct error *err)
{
	return sql_begin(&evidence->sql, err);
}

enum status evidence_end(struct evidence *evidence, enum status status, struct error *err)
{
	if (status == STATUS_OK)
		status = sql_commit(&evidence->sql, err);
	if (status < 0)
		sql_rollback(&evidence->sql);
	return status;
}

void bind_digest(sqlite3_stmt *statement, int parameter, const struct digest *digest)
{
	char hex[SHA256_HEX_SIZE];

	if (!digest) {
		sql_bind_text(statement, parameter, NULL);
		return;
	}
	digest_hex(digest, hex);
	sql_bind_text(statement, parameter, hex);
}

const char *column_text_or_null(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_type(statement, column) == SQLITE_NULL
		? NULL
		: sql_column_text(statement, column);
}

void bind_name(sqlite3_stmt *statement, int parameter, const char *name)
{
	if (name)
		sql_bind_blob(statement, parameter, name, strlen(name));
	else
		sql_bind_text(statement, parameter, NULL);
}

/* Names a run by its beginning and chance, so that two machines never use one name. */
static enum status make_id(int64_t now, char id[RUN_ID_SIZE], struct error *err)
{
	char stamp[CLOCK_TEXT_SIZE];
	unsigned char random[4];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return error_set_errno(err, "no random bytes for the run's name");
	clock_format_snapshot(now, stamp);
	snprintf(id, RUN_ID_SIZE, "%.8s-%.6s-%02x%02x%02x%02x", stamp, stamp + 9, random[0],
		random[1], random[2], random[3]);
	return STATUS_OK;
}

static enum status find_unfinished(struct evidence *evidence, const struct run_start *start,
	char id[RUN_ID_SIZE], bool *found, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, RUN_FIND_UNFINISHED, err);
	enum status status;

	if (!statement)
		return err->status;
	bind_digest(statement, 1, &start->key);
	status = sql_step(&evidence->sql, statement, err);
	*found = status == STATUS_OK;
	if (*found)
		snprintf(id, RUN_ID_SIZE, "%s", sql_column_text(statement, 0));
	sqlite3_reset(statement);
	return status < 0 ? status : STATUS_OK;
}

enum status evidence_run_begin(struct evidence *evidence, const struct run_start *start,
	char id[RUN_ID_SIZE], bool *continued, struct error *err)
{
	int64_t now = clock_now_milliseconds();
	sqlite3_stmt *statement;

	*continued = false;
	if (find_unfinished(evidence, start, id, continued, err) < 0)
		return err->status;
	if (*continued)
		return STATUS_OK;
	statement = sql_statement(&evidence->sql, RUN_INSERT, err);
	if (!statement || make_id(now / 1000, id, err) < 0)
		return err->status;
	sql_bind_text(statement, 1, id);
	sql_bind_text(statement, 2, start->kind);
	sql_bind_text(statement, 3, start->release);
	sql_bind_text(statement, 4, start->target);
	bind_digest(statement, 5, &start->key);
	bind_digest(statement, 6, start->descriptor);
	sql_bind_text(statement, 7, REPROOF_VERSION);
	sql_bind_text(statement, 8, DBDIFF_VERSION);
	sql_bind_integer(statement, 9, now);
	return sql_run(&evidence->sql, statement, err);
}

static const struct {
	enum status status;
	const char *class;
} failure_classes[] = {
	{STATUS_USAGE, "usage"},
	{STATUS_IO, "io"},
	{STATUS_NETWORK, "network"},
	{STATUS_NOT_FOUND, "not-found"},
	{STATUS_FORMAT, "format"},
	{STATUS_LIMIT, "limit"},
	{STATUS_UNSUPPORTED, "unsupported"},
	{STATUS_TRUST, "trust"},
	{STATUS_CLOCK, "clock"},
	{STATUS_CONFLICT, "conflict"},
	{STATUS_BUILD, "build"},
	{STATUS_SANDBOX, "sandbox"},
	{STATUS_DATABASE, "database"},
	{STATUS_INCOMPLETE, "incomplete"},
};

const char *failure_class(enum status status)
{
	for (size_t i = 0; i < ARRAY_SIZE(failure_classes); i++) {
		if (failure_classes[i].status == status)
			return failure_classes[i].class;
	}
	return status < 0 ? "io" : NULL;
}

enum status failure_status(const char *class)
{
	for (size_t i = 0; i < ARRAY_SIZE(failure_classes); i++) {
		if (strcmp(failure_classes[i].class, class) == 0)
			return failure_classes[i].status;
	}
	return STATUS_IO;
}

enum status evidence_run_finish(struct evidence *evidence, const char *run, enum verdict verdict,
	const struct run_failure *failure, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, RUN_FINISH, err);

	if (!statement)
		return err->status;
	/* A run that failed has shown nothing, whatever it had found until then. */
	if (failure)
		verdict = verdict_worst(verdict, VERDICT_NOT_ATTEMPTED);
	sql_bind_text(statement, 1, run);
	sql_bind_integer(statement, 2, clock_now_milliseconds());
	sql_bind_text(statement, 3, verdict_word(verdict));
	sql_bind_text(statement, 4, failure ? failure->class : NULL);
	sql_bind_text(statement, 5, failure ? failure->step : NULL);
	sql_bind_text(statement, 6, failure ? failure->text : NULL);
	return sql_run(&evidence->sql, statement, err);
}

enum status evidence_run_mark(
	struct evidence *evidence, const char *run, const char *mark, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, RUN_MARK, err);

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	sql_bind_text(statement, 2, mark);
	return sql_run(&evidence->sql, statement, err);
}

enum status evidence_run_isolation(struct evidence *evidence, const char *run,
	const char *isolation, const struct digest *source, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, RUN_ISOLATION, err);

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	sql_bind_text(statement, 2, isolation);
	bind_digest(statement, 3, source);
	return sql_run(&evidence->sql, statement, err);
}

enum status evidence_run_pin(
	struct evidence *evidence, const char *run, const struct pin_record *pin, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, RUN_PIN, err);
	char state[SUITE_STATE_SIZE];

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	sql_bind_text(statement, 2, pin->archive);
	sql_bind_text(statement, 3, pin->suite);
	sql_bind_text(statement, 4, pin->pin);
	suite_state_format(&pin->state, state);
	sql_bind_text(statement, 5, state);
	sql_bind_integer(statement, 6, pin->date);
	sql_bind_integer(statement, 7, pin->captured);
	sql_bind_text(statement, 8, pin->signer);
	return sql_run(&evidence->sql, statement, err);
}
