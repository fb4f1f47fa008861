/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/evidence/rebuilding.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "verifier/evidence/database.h"

static char *copy_or_null(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

void rebuild_add_variation(
	struct rebuild_record *record, const char *name, const char *how, const char *why_not)
{
	ARRAY_GROW(record->variations, record->variation_count, record->variation_capacity);
	record->variations[record->variation_count++] =
		(struct rebuild_variation){xstrdup(name), copy_or_null(how), copy_or_null(why_not)};
}

void rebuild_add_culprit(
	struct rebuild_record *record, const char *artifact, const char *how, const char *varied)
{
	ARRAY_GROW(record->culprits, record->culprit_count, record->culprit_capacity);
	record->culprits[record->culprit_count++] =
		(struct rebuild_culprit){xstrdup(artifact), xstrdup(how), xstrdup(varied)};
}

void rebuild_record_release(struct rebuild_record *record)
{
	for (size_t i = 0; i < record->variation_count; i++) {
		free(record->variations[i].name);
		free(record->variations[i].how);
		free(record->variations[i].why_not);
	}
	for (size_t i = 0; i < record->artifact_count; i++)
		free(record->artifacts[i].name);
	for (size_t i = 0; i < record->culprit_count; i++) {
		free(record->culprits[i].artifact);
		free(record->culprits[i].how);
		free(record->culprits[i].varied);
	}
	free(record->variations);
	free(record->artifacts);
	free(record->culprits);
	free(record->answer);
	free(record->compared);
	free(record->kept);
	*record = (struct rebuild_record){0};
}

/* A statement of this run, ready for its other parameters. */
static sqlite3_stmt *begin_row(struct evidence *evidence, enum evidence_statement which,
	const char *run, struct error *err)
{
	sqlite3_stmt *row = sql_statement(&evidence->sql, which, err);

	if (row)
		sql_bind_text(row, 1, run);
	return row;
}

static enum status put_head(struct evidence *evidence, const char *run,
	const struct rebuild_record *record, struct error *err)
{
	sqlite3_stmt *row = begin_row(evidence, REBUILD_FORGET, run, err);

	/* The rows of the other tables go with it. */
	if (!row || sql_run(&evidence->sql, row, err) < 0)
		return err->status;
	row = begin_row(evidence, REBUILD_PUT, run, err);
	if (!row)
		return err->status;
	sql_bind_text(row, 2, record->answer);
	sql_bind_text(row, 3, record->compared);
	bind_name(row, 4, record->kept);
	sql_bind_integer(row, 5, (int64_t)record->builds);
	sql_bind_integer(row, 6, (int64_t)record->bound);
	return sql_run(&evidence->sql, row, err);
}

static enum status put_variation(struct evidence *evidence, const char *run,
	const struct rebuild_record *record, size_t index, struct error *err)
{
	sqlite3_stmt *row = begin_row(evidence, REBUILD_VARIATION_PUT, run, err);

	if (!row)
		return err->status;
	sql_bind_text(row, 2, record->variations[index].name);
	sql_bind_integer(row, 3, (int64_t)index);
	sql_bind_text(row, 4, record->variations[index].how);
	sql_bind_text(row, 5, record->variations[index].why_not);
	return sql_run(&evidence->sql, row, err);
}

static enum status put_artifact(struct evidence *evidence, const char *run,
	const struct rebuild_artifact *artifact, struct error *err)
{
	sqlite3_stmt *row = begin_row(evidence, REBUILD_ARTIFACT_PUT, run, err);

	if (!row)
		return err->status;
	bind_name(row, 2, artifact->name);
	bind_digest(row, 3, artifact->has_first ? &artifact->first : NULL);
	bind_digest(row, 4, artifact->has_second ? &artifact->second : NULL);
	return sql_run(&evidence->sql, row, err);
}

static enum status put_culprit(struct evidence *evidence, const char *run,
	const struct rebuild_culprit *culprit, struct error *err)
{
	sqlite3_stmt *row = begin_row(evidence, REBUILD_CULPRIT_PUT, run, err);

	if (!row)
		return err->status;
	bind_name(row, 2, culprit->artifact);
	sql_bind_text(row, 3, culprit->how);
	sql_bind_text(row, 4, culprit->varied);
	return sql_run(&evidence->sql, row, err);
}

enum status evidence_rebuild(struct evidence *evidence, const char *run,
	const struct rebuild_record *record, struct error *err)
{
	enum status status = evidence_begin(evidence, err);

	if (status < 0)
		return status;
	status = put_head(evidence, run, record, err);
	for (size_t i = 0; i < record->variation_count && status == STATUS_OK; i++)
		status = put_variation(evidence, run, record, i, err);
	for (size_t i = 0; i < record->artifact_count && status == STATUS_OK; i++)
		status = put_artifact(evidence, run, &record->artifacts[i], err);
	for (size_t i = 0; i < record->culprit_count && status == STATUS_OK; i++)
		status = put_culprit(evidence, run, &record->culprits[i], err);
	return evidence_end(evidence, status, err);
}

static char *column_copy(sqlite3_stmt *row, int column)
{
	return copy_or_null(column_text_or_null(row, column));
}

static void read_variation(sqlite3_stmt *row, struct rebuild_record *record)
{
	rebuild_add_variation(record, sql_column_text(row, 0), column_text_or_null(row, 1),
		column_text_or_null(row, 2));
}

static void read_artifact(sqlite3_stmt *row, struct rebuild_record *record)
{
	struct rebuild_artifact artifact = {.name = column_copy(row, 0)};
	const char *first = sql_column_text(row, 1), *second;

	artifact.has_first = digest_parse(first, strlen(first), &artifact.first);
	second = sql_column_text(row, 2);
	artifact.has_second = digest_parse(second, strlen(second), &artifact.second);
	ARRAY_GROW(record->artifacts, record->artifact_count, record->artifact_capacity);
	record->artifacts[record->artifact_count++] = artifact;
}

static void read_culprit(sqlite3_stmt *row, struct rebuild_record *record)
{
	char *artifact = column_copy(row, 0), *how = column_copy(row, 1);

	rebuild_add_culprit(record, artifact, how, sql_column_text(row, 2));
	free(artifact);
	free(how);
}

static enum status read_head(struct evidence *evidence, const char *run,
	struct rebuild_record *record, struct error *err)
{
	sqlite3_stmt *row = begin_row(evidence, READ_REBUILD, run, err);
	enum status status = row ? sql_step(&evidence->sql, row, err) : err->status;

	if (status == STATUS_OK) {
		record->answer = column_copy(row, 0);
		record->compared = column_copy(row, 1);
		record->kept = column_copy(row, 2);
		record->builds = (uint64_t)sqlite3_column_int64(row, 3);
		record->bound = (uint64_t)sqlite3_column_int64(row, 4);
	}
	if (row)
		sqlite3_reset(row);
	return status;
}

enum status evidence_read_rebuild(struct evidence *evidence, const char *run,
	struct rebuild_record *record, struct error *err)
{
	static const struct {
		enum evidence_statement which;
		void (*read)(sqlite3_stmt *row, struct rebuild_record *record);
	} lists[] = {
		{READ_REBUILD_VARIATIONS, read_variation},
		{READ_REBUILD_ARTIFACTS, read_artifact},
		{READ_REBUILD_CULPRITS, read_culprit},
	};
	enum status status;

	*record = (struct rebuild_record){0};
	status = read_head(evidence, run, record, err);
	for (size_t i = 0; i < ARRAY_SIZE(lists) && status == STATUS_OK; i++) {
		sqlite3_stmt *row = begin_row(evidence, lists[i].which, run, err);

		if (!row)
			return err->status;
		while ((status = sql_step(&evidence->sql, row, err)) == STATUS_OK)
			lists[i].read(row, record);
		sqlite3_reset(row);
		status = status < 0 ? status : STATUS_OK;
	}
	return status;
}

static enum status put_build(struct evidence *evidence, const char *run,
	const struct digest *inputs, const struct rebuild_build *build, struct error *err)
{
	static const enum evidence_statement statements[] = {
		REBUILD_BUILD_FORGET, REBUILD_BUILD_PUT};

	for (size_t i = 0; i < ARRAY_SIZE(statements); i++) {
		sqlite3_stmt *row = begin_row(evidence, statements[i], run, err);

		if (!row)
			return err->status;
		sql_bind_text(row, 2, build->varied);
		sql_bind_integer(row, 3, build->repetition);
		if (statements[i] == REBUILD_BUILD_PUT)
			bind_digest(row, 4, inputs);
		if (sql_run(&evidence->sql, row, err) < 0)
			return err->status;
	}
	return STATUS_OK;
}

enum status evidence_rebuild_build(struct evidence *evidence, const char *run,
	const struct digest *inputs, const struct rebuild_build *build, rebuild_file_source each,
	void *context, struct error *err)
{
	enum status status = evidence_begin(evidence, err);
	struct digest digest;
	const char *name;

	if (status < 0)
		return status;
	status = put_build(evidence, run, inputs, build, err);
	for (size_t i = 0; status == STATUS_OK; i++) {
		sqlite3_stmt *row;

		status = each(context, i, &name, &digest, err);
		if (status != STATUS_OK)
			break;
		row = begin_row(evidence, REBUILD_OUTPUT_PUT, run, err);
		if (!row) {
			status = err->status;
			break;
		}
		sql_bind_text(row, 2, build->varied);
		sql_bind_integer(row, 3, build->repetition);
		bind_name(row, 4, name);
		bind_digest(row, 5, &digest);
		status = sql_run(&evidence->sql, row, err);
	}
	return evidence_end(evidence, status == STATUS_END ? STATUS_OK : status, err);
}

static sqlite3_stmt *begin_build(struct evidence *evidence, enum evidence_statement which,
	const char *run, const struct rebuild_build *build, struct error *err)
{
	sqlite3_stmt *row = begin_row(evidence, which, run, err);

	if (row) {
		sql_bind_text(row, 2, build->varied);
		sql_bind_integer(row, 3, build->repetition);
	}
	return row;
}

enum status evidence_find_build(struct evidence *evidence, const char *run,
	const struct digest *inputs, const struct rebuild_build *build, output_visitor visit,
	void *context, struct error *err)
{
	sqlite3_stmt *row = begin_build(evidence, READ_REBUILD_BUILD, run, build, err);
	enum status status;

	if (!row)
		return err->status;
	bind_digest(row, 4, inputs);
	status = sql_step(&evidence->sql, row, err);
	sqlite3_reset(row);
	if (status != STATUS_OK)
		return status;
	row = begin_build(evidence, READ_REBUILD_OUTPUTS, run, build, err);
	if (!row)
		return err->status;
	while ((status = sql_step(&evidence->sql, row, err)) == STATUS_OK) {
		const char *hex = sql_column_text(row, 1);
		struct digest digest;

		if (!digest_parse(hex, strlen(hex), &digest))
			status = error_set(err, STATUS_DATABASE,
				"run %s: a build's output has no "
				"digest",
				run);
		else
			status = visit(context, sql_column_text(row, 0), &digest, 0, err);
		if (status != STATUS_OK)
			break;
	}
	sqlite3_reset(row);
	return status < 0 ? status : STATUS_OK;
}
