/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_PAIR_H
#define DBDIFF_PAIR_H

#include "dbdiff/attempt.h"
#include "dbdiff/dbdiff.h"
#include "dbdiff/findings.h"
#include "dbdiff/index.h"
#include "dbdiff/plan.h"

/* One comparison (dbdiff_compare()). */
struct pair {
	const char *name;
	const struct comparison_side *sides[SIDES];
	const struct comparison_options *options;
	bool has_bytes;		  /* of both sides; otherwise one is known by its index only */
	struct sameness sameness; /* of the artifacts' bytes, where members are spared for it */
	bool spares_hashes;   /* the files can be shown not to have changed (dbdiff/file_state.h) */
	int index_fds[SIDES]; /* unlinked; -1 when there is none */
	struct index indexes[SIDES];
	struct attempt attempts[SIDES];
	bool is_unpacked[SIDES]; /* a stream, whose content stands in the attempt's first spool */
	struct error trouble[SIDES]; /* why a side could not be indexed; STATUS_OK if it could */
	struct diff_plan plan;
	struct findings findings;
};

/* What a worker does, and with what. */
struct pair_job {
	struct pair *pair;
	int side;
	int out_fd;
	int base_fd; /* what is in out_fd when the job begins; -1 for nothing */
	const struct wanted_list *wanted; /* of pair_job_capture() */
};

/*
 * What a worker runs: the first walk, or the reading of an index that was made of it; and the
 * second for bytes, or for what is inside leaves.
 */
enum status pair_job_index(void *context, struct error *err);
enum status pair_job_capture(void *context, struct error *err);
enum status pair_job_inside(void *context, struct error *err);
/*
 * Runs one of them for each of at most SIDES sides at the same time, anew where a worker dies;
 * errors[] are what came of them.
 */
enum status pair_run(struct pair_job *jobs, int count, enum status (*run)(void *, struct error *),
	struct error *errors, struct error *err);

/*
 * Runs pair_job_index() for both sides and opens what it wrote. What a worker could not read is in
 * pair->trouble; an index that was given and cannot be read is an error, and so is a file that
 * changed.
 */
enum status pair_make_indexes(struct pair *pair, struct error *err);
/* STATUS_CONFLICT: the file of a side is not what it was. */
enum status pair_say_changed(int side, struct error *err);

#endif
