/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_INDEX_H
#define VERIFIER_VERIFY_INDEX_H

#include "dbdiff/dbdiff.h"
#include "dbdiff/index_file.h"

/*
 * The descriptor is that of an index: takes from it what it says of the artifact. It fails for one
 * that is damaged or of another version.
 */
enum status index_side_open(
	struct comparison_side *side, struct index_head *head, struct error *err);

/*
 * By whom a difference set is made that rests on indexes (a zeroed head stands for bytes): so that
 * what somebody's index says is never taken for what was read. The caller frees.
 */
char *index_comparer(const struct index_head *published, const struct index_head *rebuilt);

/* The name of a file that should be one. */
bool index_is_named(const char *path);

#endif
