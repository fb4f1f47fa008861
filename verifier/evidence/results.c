/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/evidence/database.h"

static const char *comparer_of(const struct artifact_record *artifact)
{
	if (artifact->comparer != NULL)
		return artifact->comparer;
	return artifact->beside != NULL ? artifact->beside : DBDIFF_VERSION;
}

void difference_set_id(const struct artifact_record *artifact, char id[SHA256_HEX_SIZE])
{
	char published[SHA256_HEX_SIZE], rebuilt[SHA256_HEX_SIZE];
	struct digest digest;
	char *text;

	digest_hex(&artifact->published, published);
	digest_hex(&artifact->rebuilt, rebuilt);
	text = xasprintf("%s %s %s %s", published, rebuilt, comparer_of(artifact), artifact->name);
	hash_memory(text, strlen(text), &digest);
	digest_hex(&digest, id);
	free(text);
}

enum status evidence_artifact(struct evidence *evidence, const char *run,
	const struct artifact_record *artifact, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, ARTIFACT_PUT, err);
	char id[SHA256_HEX_SIZE];

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	bind_name(statement, 2, artifact->name);
	sql_bind_text(statement, 3, verdict_word(artifact->verdict));
	sql_bind_integer(statement, 4, artifact->required);
	bind_digest(statement, 5, artifact->has_published ? &artifact->published : NULL);
	if (artifact->has_published_size)
		sql_bind_integer(statement, 6, (int64_t)artifact->published_size);
	bind_digest(statement, 7, artifact->has_rebuilt ? &artifact->rebuilt : NULL);
	if (artifact->has_rebuilt)
		sql_bind_integer(statement, 8, (int64_t)artifact->rebuilt_size);
	sql_bind_text(statement, 9, artifact->reason);
	sql_bind_integer(statement, 11, artifact->is_accepted);
	if (artifact->has_set) {
		difference_set_id(artifact, id);
		sql_bind_text(statement, 10, id);
	}
	return sql_run(&evidence->sql, statement, err);
}

enum status evidence_set_state(struct evidence *evidence, const struct artifact_record *artifact,
	enum set_state *state, bool *is_content_equal, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, SET_FIND, err);
	char id[SHA256_HEX_SIZE];
	enum status status;

	if (!statement)
		return err->status;
	difference_set_id(artifact, id);
	sql_bind_text(statement, 1, id);
	status = sql_step(&evidence->sql, statement, err);
	*state = status != STATUS_OK			? SET_UNKNOWN
		: sqlite3_column_int(statement, 0) == 1 ? SET_COMPLETE
							: SET_INCOMPLETE;
	*is_content_equal = *state == SET_COMPLETE && sqlite3_column_int(statement, 1) == 1;
	sqlite3_reset(statement);
	return status < 0 ? status : STATUS_OK;
}

struct set_writer {
	struct evidence *evidence;
	struct artifact_record artifact;
	char id[SHA256_HEX_SIZE];
	uint64_t differences;
	bool is_open;  /* its transaction has begun */
	bool is_known; /* another process stored the same set meanwhile */
};

struct set_writer *set_writer_new(struct evidence *evidence, const struct artifact_record *artifact)
{
	struct set_writer *writer = xcalloc(1, sizeof(*writer));

	writer->evidence = evidence;
	writer->artifact = *artifact;
	difference_set_id(artifact, writer->id);
	return writer;
}

/* What was found when not everything could be opened gives way to what is found now. */
static enum status clear_set(struct set_writer *writer, struct error *err)
{
	struct sql *sql = &writer->evidence->sql;
	sqlite3_stmt *statement = sql_statement(sql, SET_CLEAR, err);

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, writer->id);
	return sql_run(sql, statement, err);
}

/* Comparing takes long; the database is locked only while its result is written. */
static enum status open_set(struct set_writer *writer, struct error *err)
{
	struct sql *sql = &writer->evidence->sql;
	sqlite3_stmt *statement = sql_statement(sql, SET_PUT, err);
	enum set_state state;
	bool is_content_equal;

	if (!statement || sql_begin(sql, err) < 0)
		return err->status;
	writer->is_open = true;
	sql_bind_text(statement, 1, writer->id);
	bind_digest(statement, 2, &writer->artifact.published);
	bind_digest(statement, 3, &writer->artifact.rebuilt);
	sql_bind_text(statement, 4, comparer_of(&writer->artifact));
	bind_name(statement, 5, writer->artifact.name);
	if (sql_run(sql, statement, err) < 0)
		return err->status;
	if (sqlite3_changes(sql->db) > 0)
		return STATUS_OK;
	if (evidence_set_state(
		    writer->evidence, &writer->artifact, &state, &is_content_equal, err) < 0)
		return err->status;
	writer->is_known = state == SET_COMPLETE;
	return writer->is_known ? STATUS_OK : clear_set(writer, err);
}

/* The four columns that name a difference, as parameters 1 to 4. */
static void bind_difference(
	sqlite3_stmt *statement, const char *set_id, const struct difference *difference)
{
	sql_bind_text(statement, 1, set_id);
	bind_name(statement, 2, difference->path);
	sql_bind_integer(statement, 3, (int64_t)difference->occurrence);
	sql_bind_text(statement, 4, change_word(difference->change));
}

static enum status put_fields(
	struct set_writer *writer, const struct difference *difference, struct error *err)
{
	struct sql *sql = &writer->evidence->sql;

	for (size_t i = 0; i < difference->field_count; i++) {
		const struct difference_field *field = &difference->fields[i];
		sqlite3_stmt *statement = sql_statement(sql, FIELD_PUT, err);

		if (!statement)
			return err->status;
		bind_difference(statement, writer->id, difference);
		sql_bind_integer(statement, 5, (int64_t)i);
		bind_name(statement, 6, field->name);
		bind_name(statement, 7, field->published);
		bind_name(statement, 8, field->rebuilt);
		if (sql_run(sql, statement, err) < 0)
			return err->status;
	}
	return STATUS_OK;
}

static enum status put_causes(
	struct set_writer *writer, const struct difference *difference, struct error *err)
{
	struct sql *sql = &writer->evidence->sql;

	for (size_t i = 0; i < difference->cause_count; i++) {
		sqlite3_stmt *statement = sql_statement(sql, CAUSE_PUT, err);

		if (!statement)
			return err->status;
		bind_difference(statement, writer->id, difference);
		sql_bind_text(statement, 5, difference->causes[i].id);
		sql_bind_integer(statement, 6, (int64_t)difference->causes[i].bytes);
		bind_name(statement, 7, difference->causes[i].evidence);
		if (sql_run(sql, statement, err) < 0)
			return err->status;
	}
	return STATUS_OK;
}

static enum status put_values(
	struct set_writer *writer, const struct difference *difference, struct error *err)
{
	struct sql *sql = &writer->evidence->sql;

	for (size_t i = 0; i < difference->value_count; i++) {
		const struct difference_value *value = &difference->values[i];
		sqlite3_stmt *statement = sql_statement(sql, VALUE_PUT, err);

		if (!statement)
			return err->status;
		bind_difference(statement, writer->id, difference);
		sql_bind_text(statement, 5, value->cause);
		sql_bind_text(statement, 6, value->published);
		sql_bind_text(statement, 7, value->rebuilt);
		if (sql_run(sql, statement, err) < 0)
			return err->status;
	}
	return STATUS_OK;
}

static enum status take_difference(
	void *context, const struct difference *difference, struct error *err)
{
	struct set_writer *writer = context;
	struct sql *sql = &writer->evidence->sql;
	sqlite3_stmt *statement;

	if (!writer->is_open && open_set(writer, err) < 0)
		return err->status;
	writer->differences++;
	if (writer->is_known)
		return STATUS_OK;
	statement = sql_statement(sql, DIFFERENCE_PUT, err);
	if (!statement)
		return err->status;
	bind_difference(statement, writer->id, difference);
	sql_bind_integer(statement, 5, difference->inspected);
	sql_bind_text(statement, 6, difference->reason);
	bind_name(statement, 7, difference->diff);
	bind_digest(statement, 8, difference->published);
	bind_digest(statement, 9, difference->rebuilt);
	if (sql_run(sql, statement, err) < 0)
		return err->status;
	if (put_fields(writer, difference, err) < 0 || put_causes(writer, difference, err) < 0)
		return err->status;
	return put_values(writer, difference, err);
}

/* A set is open by then: wrappers come after at least one difference. */
static enum status take_wrapper(void *context, const struct wrapper *wrapper, struct error *err)
{
	struct set_writer *writer = context;
	sqlite3_stmt *statement;

	if (writer->is_known)
		return STATUS_OK;
	statement = sql_statement(&writer->evidence->sql, WRAPPER_PUT, err);
	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, writer->id);
	bind_name(statement, 2, wrapper->path);
	sql_bind_text(statement, 3, wrapper->kind);
	sql_bind_text(statement, 4, wrapper->signer);
	return sql_run(&writer->evidence->sql, statement, err);
}

struct difference_sink set_writer_sink(struct set_writer *writer)
{
	return (struct difference_sink){
		.take = take_difference, .context = writer, .wrapper = take_wrapper};
}

static void bind_bytes(sqlite3_stmt *statement, int parameter, int64_t bytes)
{
	if (bytes >= 0)
		sql_bind_integer(statement, parameter, bytes);
}

enum status set_writer_commit(
	struct set_writer *writer, const struct comparison *comparison, struct error *err)
{
	struct sql *sql = &writer->evidence->sql;
	sqlite3_stmt *statement = sql_statement(sql, SET_UPDATE, err);
	enum status status = statement ? STATUS_OK : err->status;

	/* Two files that differ without a difference would read as "nothing found" later on. */
	if (statement &&
		(writer->differences == 0 || comparison->differences != writer->differences))
		status = error_set(err, STATUS_DATABASE,
			"the comparison says %llu differences and gave %llu; nothing was recorded",
			(unsigned long long)comparison->differences,
			(unsigned long long)writer->differences);
	if (status == STATUS_OK && !writer->is_known) {
		sql_bind_text(statement, 1, writer->id);
		sql_bind_integer(statement, 2, comparison->inspected);
		sql_bind_integer(statement, 3, (int64_t)writer->differences);
		bind_bytes(statement, 4, comparison->unattributed_bytes);
		bind_bytes(statement, 5, comparison->unexplained_bytes);
		bind_bytes(statement, 6, comparison->differing_bytes);
		sql_bind_integer(statement, 7, comparison->is_content_equal);
		status = sql_run(sql, statement, err);
	}
	if (status == STATUS_OK)
		status = sql_commit(sql, err);
	set_writer_abandon(writer);
	return status;
}

void set_writer_abandon(struct set_writer *writer)
{
	if (!writer)
		return;
	if (writer->is_open)
		sql_rollback(&writer->evidence->sql);
	free(writer);
}

enum status evidence_package_change(struct evidence *evidence, const char *run,
	const struct package_change *change, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, PACKAGE_CHANGE_PUT, err);

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	sql_bind_text(statement, 2, change->change);
	sql_bind_text(statement, 3, change->name);
	sql_bind_text(statement, 4, change->architecture);
	sql_bind_text(statement, 5, change->published);
	sql_bind_text(statement, 6, change->rebuilt);
	return sql_run(&evidence->sql, statement, err);
}

enum status evidence_package_source(struct evidence *evidence, const char *run,
	const char *artifact, uint64_t packages, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, PACKAGE_SOURCE_PUT, err);

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	bind_name(statement, 2, artifact);
	sql_bind_integer(statement, 3, (int64_t)packages);
	return sql_run(&evidence->sql, statement, err);
}
