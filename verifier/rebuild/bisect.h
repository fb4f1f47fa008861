/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_BISECT_H
#define VERIFIER_REBUILD_BISECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Which of several variations make things differ, when all of them together do. "Things" are the
 * artifacts of a build, or the build's own end. A set of variations is a mask.
 */

/*
 * Builds with the variations of `set`; differs[i] says whether thing i is then another than with
 * nothing varied. STATUS_END: no more builds are allowed. Another status ends the search with it.
 */
typedef enum status (*bisect_test)(void *context, unsigned set, bool *differs, struct error *err);

/* What is known of one thing in the end. */
struct bisect_result {
	unsigned alone;	   /* variations each of which is enough: they were tried one by one */
	unsigned together; /* when none is: a set none of which can be left out; 0 otherwise */
	unsigned
		narrowed; /* when the builds ran out: the smallest set that is known to be enough */
};

/*
 * `all` is the set that makes each of the `count` things differ. First by halves for those that are
 * enough alone: a half that changes nothing holds none; that each of the others is one was tried.
 * Then, for a thing without one, a minimal set by delta debugging (Zeller and Hildebrandt 2002):
 * the answer is 1-minimal, which is not to say that there is no other. STATUS_OK also when the
 * builds ran out.
 */
enum status bisect(unsigned all, size_t count, bisect_test test, void *context,
	struct bisect_result *results, struct error *err);

#endif
