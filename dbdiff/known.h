/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_KNOWN_H
#define DBDIFF_KNOWN_H

#include "dbdiff/findings.h"
#include "dbdiff/matcher.h"

/* Zeroed is empty. */
struct known_pairs {
	struct known_pair *items;
	size_t count;
	size_t capacity;
};

/*
 * The values of fields that differ and identify something (a root hash, a UUID, a GUID): where the
 * same two stand in a text, they are there for the same reason.
 */
enum status known_pairs_collect(
	struct known_pairs *known, struct findings *findings, struct error *err);
void known_pairs_release(struct known_pairs *known);

#endif
