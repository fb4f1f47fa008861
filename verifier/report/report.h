/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REPORT_REPORT_H
#define VERIFIER_REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "verifier/evidence/read.h"

/* How much of a run a text report shows. What is left out is always counted. */
struct report_options {
	bool all;		  /* every member, with its diff */
	bool group;		  /* reproduced artifacts are counted in place of listed */
	const char *database;	  /* the file that keeps the run; NULL: none does */
	bool is_default_database; /* a command finds it without being told */
	bool is_again;		  /* of an old run: its end does not say where that is recorded */
};

/* The report of a recorded run, for people: design §9. Prints to `stream`; escapes every name. */
enum status report_text(FILE *stream, struct evidence *evidence, const char *run,
	const struct report_options *options, struct error *err);

/* The one JSON object of `compare --json` and `verify --json`: docs/json.md. Always all of it: of
 * the options only the database counts, without which the run has no name. */
enum status report_json(FILE *stream, struct evidence *evidence, const char *run,
	const struct report_options *options, struct error *err);

/*
 * All that is known of one differing member, as text or as one JSON object. `path` may begin with
 * the artifact's name or not; STATUS_USAGE when no differing member is called so, or several are.
 * Of the options only is_again counts.
 */
enum status report_explain(FILE *stream, struct evidence *evidence, const char *run,
	const char *path, const struct report_options *options, bool is_json, struct error *err);
/* Whether the member that report_explain() would print has no diff because of a bound. */
enum status report_lacks_diff(struct evidence *evidence, const char *run, const char *path,
	bool *lacks, struct error *err);
/* The members whose difference has a cause. */
enum status report_members_of(FILE *stream, struct evidence *evidence, const char *run,
	const char *cause, bool is_json, struct error *err);

/*
 * The report of a run of kind rebuild, which has no verdict on a release. *answer (of
 * evidence/rebuilding.h; "" when it is not finished) decides the exit code. JSON: docs/json.md.
 */
#define REBUILD_ANSWER_SIZE 16
enum status report_rebuild(FILE *stream, struct evidence *evidence, const struct run_record *run,
	const struct report_options *options, bool is_json, char answer[REBUILD_ANSWER_SIZE],
	struct error *err);

/* What decides the exit code. */
struct report_outcome {
	size_t counts[VERDICT_COUNT];
	size_t artifacts;
	size_t accepted;  /* of those that are content-equal, by the descriptor's word */
	bool failed;	  /* a step failed */
	bool has_trouble; /* MARK_NOT_COMPARED */
	char failure_class[24];
	enum verdict verdict; /* report_verdict() */
};

/*
 * The verdict of the release that may be said of a run: never a good one for a run that is not
 * finished or in which a step failed, whatever was recorded.
 */
enum verdict report_verdict(const struct run_record *run);

/* Counts the artifacts of a recorded run by verdict. */
enum status report_outcome(struct evidence *evidence, const char *run,
	struct report_outcome *outcome, struct error *err);

#endif
