/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_EVIDENCE_BUILD_FAILURE_H
#define VERIFIER_EVIDENCE_BUILD_FAILURE_H

#include "verifier/evidence/evidence.h"

/*
 * Why a build failed, from a fixed catalogue: one row a class, the first that fits decides. The
 * last row, "unknown", fits always.
 */

/* What is known of a build's end besides its log; a mask of these. */
enum build_fact {
	BUILD_TIMED_OUT = 1 << 0,     /* it was ended for taking too long */
	BUILD_OUT_OF_MEMORY = 1 << 1, /* a limit of the sandbox on memory held */
	BUILD_OUT_OF_SPACE = 1 << 2,  /* a limit of the sandbox on disk held */
	BUILD_SIGNALLED = 1 << 3,     /* a signal ended its first process */
	BUILD_CHILD_KILLED =
		1 << 4,		    /* its exit code is a shell's for a child that a signal ended */
	BUILD_REACHED_OUT = 1 << 5, /* it tried to reach what is not the proxy */
};

struct failure_row {
	const char *id;
	const char *title;   /* as a report's line 1 has it */
	unsigned strong;     /* facts that decide whatever the log says */
	unsigned weak;	     /* facts that decide when no line of the log does */
	const char *pattern; /* extended regular expression of a line that decides; or NULL */
	const char *advice;  /* what to do, one sentence */
};

extern const struct failure_row failure_rows[];
extern const size_t failure_row_count;

/* NULL for an id that another version wrote. */
const struct failure_row *failure_row_find(const char *id);

/* One build's failure. Texts are of hostile origin but for the first. */
struct build_failure {
	char *class;	/* id of its row */
	uint64_t line;	/* of the log, from 1; 0 when the way it ended decided */
	char *evidence; /* that line, or how it ended; NULL for unknown */
	char *step;	/* the line that names what failed: a task, a target; or NULL */
	char *tail;	/* the log's last lines; "" when it is empty */
	char *log;	/* the file that keeps the log, compressed */
	uint64_t lines; /* of the log */
};

/* Records it, in place of an earlier one of this run. */
enum status evidence_build_failure(struct evidence *evidence, const char *run,
	const struct build_failure *failure, struct error *err);
/* STATUS_END when the run has none. Release with build_failure_release(). */
enum status evidence_read_build_failure(struct evidence *evidence, const char *run,
	struct build_failure *failure, struct error *err);
void build_failure_release(struct build_failure *failure);

#endif
