/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/evidence/build_failure.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "verifier/evidence/database.h"

/*
 * What fits first decides, so what causes other errors stands before what it causes: a network that
 * is not there before packages that were therefore not found, all of them before a compiler's.
 */
const struct failure_row failure_rows[] = {
	{
		.id = "time-limit",
		.title = "time limit",
		.strong = BUILD_TIMED_OUT,
		.advice = "raise \"timeout\" in the descriptor, or find out what it waits for: the "
			  "log's end shows where",
	},
	{
		.id = "memory-limit",
		.title = "memory limit",
		.strong = BUILD_OUT_OF_MEMORY,
		.pattern = "Cannot allocate memory|virtual memory exhausted|std::bad_alloc|"
			   "MemoryError|[Oo]ut of memory|memory exhausted",
		.advice = "give the build more memory, or let it do less at a time",
	},
	{
		.id = "no-space",
		.title = "no space",
		.strong = BUILD_OUT_OF_SPACE,
		.pattern = "No space left on device|Disk quota exceeded|"
			   "[Yy]ou don't have enough free space",
		.advice = "make room where --db keeps the runs, or on the file system that the "
			  "build itself made too small",
	},
	{
		.id = "hash-mismatch",
		.title = "hash mismatch",
		.pattern = "Hash Sum mismatch|File has unexpected size|[Cc]hecksum mismatch|"
			   "checksums? did NOT match|has wrong checksum",
		.advice = "what the build was given is not what it expects: compare the pin with "
			  "the checksums in its recipes (reproof snapshot trust)",
	},
	{
		.id = "network",
		.title = "network asked for",
		.weak = BUILD_REACHED_OUT,
		.pattern = "Temporary failure (in name resolution|resolving)|Could not resolve|"
			   "[Uu]nable to resolve host|Name or service not known|"
			   "Network is unreachable|No route to host|"
			   "Failed to connect to .* port [0-9]|Could not connect to .*:[0-9]",
		.advice = "a build reaches only the pinned archive: put what it fetches into the "
			  "source tree, or take it from the pin",
	},
	{
		.id = "package-not-found",
		.title = "package not found at the pin",
		.pattern = "Unable to locate package|has no installation candidate|"
			   "Version .* for .* was not found|Couldn't find any package|"
			   "Couldn't find these debs|[Uu]nmet (build )?dependencies|404  Not Found",
		.advice = "the pinned archive does not have it: correct the name or version, or "
			  "find the pin that has it (reproof snapshot list)",
	},
	{
		.id = "killed",
		.title = "killed by a signal",
		.strong = BUILD_SIGNALLED,
		.weak = BUILD_CHILD_KILLED,
		.pattern =
			"Killed signal terminated program|terminated by signal [0-9]|"
			"internal compiler error: Segmentation fault|"
			"^(.*line [0-9]+: +[0-9]+ )?(Killed|Segmentation fault|Aborted|Bus error|"
			"Illegal instruction|Floating point exception)( \\(core dumped\\))?( .*)?$",
		.advice = "SIGKILL (9) without a word is mostly memory that ran out: look into the "
			  "kernel's log; other signals are defects of the program named",
	},
	{
		.id = "compiler-error",
		.title = "compiler error",
		.pattern = "^[^ :]+:[0-9]+:([0-9]+:)? (fatal )?error: |: fatal error: |"
			   "undefined reference to|ld returned [0-9]+ exit status|"
			   "^error(\\[E[0-9]+\\])?: ",
		.advice = "the source does not compile with the tools that the build saw: compare "
			  "their versions with those of the published build",
	},
	{
		.id = "unknown",
		.title = "build",
		.advice = "nothing in the log's end is known to say why: read the log",
	},
};

const size_t failure_row_count = ARRAY_SIZE(failure_rows);

const struct failure_row *failure_row_find(const char *id)
{
	for (size_t i = 0; i < failure_row_count; i++) {
		if (strcmp(failure_rows[i].id, id) == 0)
			return &failure_rows[i];
	}
	return NULL;
}

enum status evidence_build_failure(struct evidence *evidence, const char *run,
	const struct build_failure *failure, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&evidence->sql, BUILD_FAILURE_PUT, err);

	if (!statement)
		return err->status;
	sql_bind_text(statement, 1, run);
	sql_bind_text(statement, 2, failure->class);
	if (failure->line)
		sql_bind_integer(statement, 3, (int64_t)failure->line);
	bind_name(statement, 4, failure->evidence);
	bind_name(statement, 5, failure->step);
	bind_name(statement, 6, failure->tail);
	bind_name(statement, 7, failure->log);
	sql_bind_integer(statement, 8, (int64_t)failure->lines);
	return sql_run(&evidence->sql, statement, err);
}

static char *column_copy(sqlite3_stmt *row, int column)
{
	const char *text = column_text_or_null(row, column);

	return text ? xstrdup(text) : NULL;
}

enum status evidence_read_build_failure(struct evidence *evidence, const char *run,
	struct build_failure *failure, struct error *err)
{
	sqlite3_stmt *row = sql_statement(&evidence->sql, READ_BUILD_FAILURE, err);
	enum status status;

	*failure = (struct build_failure){0};
	if (!row)
		return err->status;
	sql_bind_text(row, 1, run);
	status = sql_step(&evidence->sql, row, err);
	if (status == STATUS_OK) {
		failure->class = column_copy(row, 0);
		failure->line = (uint64_t)sqlite3_column_int64(row, 1);
		failure->evidence = column_copy(row, 2);
		failure->step = column_copy(row, 3);
		failure->tail = column_copy(row, 4);
		failure->log = column_copy(row, 5);
		failure->lines = (uint64_t)sqlite3_column_int64(row, 6);
	}
	sqlite3_reset(row);
	return status;
}

void build_failure_release(struct build_failure *failure)
{
	free(failure->class);
	free(failure->evidence);
	free(failure->step);
	free(failure->tail);
	free(failure->log);
	*failure = (struct build_failure){0};
}
