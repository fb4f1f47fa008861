/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_BUILDS_H
#define VERIFIER_VERIFY_BUILDS_H

#include "verifier/evidence/build_failure.h"
#include "verifier/verification.h"

/* A file that a build left. */
struct built_file {
	char *name;
	struct digest digest;
};

/* What one build came to. */
struct built {
	unsigned set; /* of variations */
	unsigned repetition;
	bool failed;
	struct error failure;
	struct built_file *files; /* by name */
	size_t count, capacity;
};

/*
 * The builds of one run of kind rebuild: each made once, remembered, and recorded, so that a run
 * that is gone on with does not make it again.
 */
struct builds {
	struct verification *verification;
	const struct variation_plan *plan;
	const char *top;      /* the run's directory; a build has its own below it */
	unsigned varied;      /* the variations of the second build */
	struct digest inputs; /* what all of them are given (verify_freeze) */
	struct built **items;
	size_t count, capacity;
	unsigned made, bound;
	struct build_failure
		why;	    /* of the first build that failed; without a class when none did */
	double first_begun; /* monotonic; 0 when it was made by a killed part of the run */
};

/*
 * The build with these variations; `repetition` tells builds of the same ones apart. A build that
 * fails is STATUS_OK with `failed`; STATUS_END when no more may be made. Valid until
 * builds_release().
 */
enum status builds_get(struct builds *builds, unsigned set, unsigned repetition,
	const struct built **built, struct error *err);

/* Where the outputs of the build with nothing varied, or of the second one, are; the caller frees.
 */
char *builds_output(const struct builds *builds, unsigned set, unsigned repetition);

/* NULL when the build did not leave a file of this name. */
const struct digest *built_find(const struct built *built, const char *name);

void builds_release(struct builds *builds);

#endif
