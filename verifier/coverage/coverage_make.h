/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_COVERAGE_MAKE_H
#define VERIFIER_COVERAGE_COVERAGE_MAKE_H

#include "snapshot/snapshot.h"
#include "verifier/coverage/coverage.h"
#include "verifier/coverage/package_list.h"
#include "verifier/evidence/evidence.h"

/* What a table of coverage is made of. Texts are borrowed; NULL and empty: not given. */
struct coverage_request {
	const struct package_list *list;
	const struct package_list *image; /* that versions were taken from; or NULL */
	bool is_closed;			  /* with what the solver says the list needs */
	bool may_be_unknown;		  /* that the pins know none of it is no mistake */
	bool is_part; /* of a larger list, the rest of which may depend on it: none are counted */
	bool is_debian_only; /* .dsc and debian/ alone; what upstream has stays unknown */
	const char *run;     /* a verify run whose materials are the image's .debs */
	const char *architecture;
	const char *suite; /* an option of coverage_suite_choose(); or NULL */
	/* Paths and URLs. */
	struct text_list debci, devices, logs;
	const char *tracker, *popcon, *rebuilder, *device_map, *decisions;
	const char *newer; /* a Sources index of another release or distribution */
	unsigned workers;
};

/* Where it is made from. The fetcher is NULL offline, the database where nothing is kept. */
struct coverage_place {
	struct store *store;
	struct fetcher *fetcher;
	const struct pin_list *pins;
	const struct place_list *places;
	struct evidence *evidence;
	const char *database; /* its file, beside which runs/ has what runs left; NULL: none */
};

/*
 * Makes the table. What cannot be had of one package is told in its row; the error of that is given
 * with a table that `is_made`. A data file that cannot be had or read is an input with its trouble,
 * and a note: its columns are empty, and results of that kind back nothing. Any other error leaves
 * no table: decisions that cannot be read, a list of which the pins know nothing at all, outside
 * data without a suite's name.
 */
enum status coverage_make(const struct coverage_request *request,
	const struct coverage_place *place, struct coverage *coverage, struct error *err);

/* ---- its parts ---- */

struct source_catalog;

/* The facts of every row that has a source: kept ones, or made by workers. */
enum status coverage_sources_read(const struct coverage_request *request,
	const struct coverage_place *place, const struct source_catalog *catalog,
	struct coverage *coverage, struct error *err);
/*
 * The .debs that the pins have of each row, and how many source packages of the table need it
 * unless the table is of a part of a list.
 */
void coverage_binaries_read(
	const struct source_catalog *catalog, bool is_part, struct coverage *coverage);
/* What the .debs of each row bring, of those that are in the store or were read before. */
enum status coverage_debs_read(const struct coverage_request *request,
	const struct coverage_place *place, struct coverage *coverage, struct error *err);
/*
 * Marks the rows that are known by SHA-256 (trust T19): the image's own list is an artifact that
 * the run reproduced, and each .deb of the row is in that list, in the pins and, by its digest,
 * among what the run was given. STATUS_USAGE for a run that can tell no such thing.
 */
enum status coverage_materials_match(const struct coverage_request *request,
	const struct coverage_place *place, struct coverage *coverage, struct error *err);
/* Data from outside, with its claims. */
enum status coverage_data_read(const struct coverage_request *request,
	const struct coverage_place *place, struct coverage *coverage, struct error *err);

#endif
