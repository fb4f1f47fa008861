/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_SINGLE_H
#define DBDIFF_SINGLE_H

#include "dbdiff/pair.h"

/* One artifact alone, as the first side of a pair that has no second. */
struct single {
	struct comparison_options options;
	struct comparison_side side; /* its size and SHA-256, of this very reading */
	struct pair pair;
	struct index *index; /* of the pair; open once single_index() was OK */
};

/*
 * Hashes the regular file `fd` from its beginning and indexes it in a worker. To be released also
 * after an error; it must not be moved meanwhile.
 */
enum status single_index(struct single *single, const char *name, int fd,
	const struct limits *limits, struct error *err);
/* The same from an index of it (dbdiff/index_file.h), which `fd` is; whoever made that may have
 * lied. */
enum status single_load(struct single *single, const char *name, int fd,
	const struct limits *limits, struct error *err);
void single_release(struct single *single);

#endif
