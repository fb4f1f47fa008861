/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_COVERAGE_LIST_H
#define VERIFIER_COVERAGE_COVERAGE_LIST_H

#include "snapshot/snapshot.h"
#include "verifier/coverage/coverage.h"
#include "verifier/coverage/package_list.h"

/* From what a list names to source packages of the pins. */
struct coverage_listing {
	const struct source_catalog *catalog;
	const struct pin_list *pins;
	const struct package_list *list;
	/*
	 * An image that has packages of the list, or NULL. A package that an image really has and
	 * no pin knows was built for it; one that only a list names is a mistake.
	 */
	const struct package_list *image;
};

/*
 * Adds a row for each source package behind the list, in the version that the list or its binary
 * says, else the newest. A row of which the pins know nothing is self-built, or not pinned. What
 * two lines say of one source package is one row. More than COVERAGE_ROWS_MAX are STATUS_LIMIT.
 */
enum status coverage_list_add(
	const struct coverage_listing *listing, struct coverage *coverage, struct error *err);

/* Adds one binary package to the row of its source, or a new row. */
void coverage_binary_add(const struct coverage_listing *listing, const char *name,
	const char *version, const char *architecture, struct coverage *coverage);

/*
 * Versions that a Debian archive never has: "+cip1", "~cip1", "+isar", "+reproof" and others that
 * integrators add to a version of Debian's, at the end of a word.
 */
bool version_is_local(const char *version);

#endif
