/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_DEVICE_H
#define VERIFIER_COVERAGE_DEVICE_H

#include "base/array.h"
#include "verifier/coverage/claim.h"
#include "verifier/coverage/data_file.h"

/*
 * Results of tests on devices, in one of two forms:
 * - a line a case, "TC_CR1.1-RE1_1+pass+11": case, result (pass, fail, skip), seconds, as
 *   cip-security-tests writes them; other lines of the same log are passed over;
 * - JUnit XML, as LAVA gives it for a job: <testcase> with <failure>, <error> or <skipped> in it.
 *   Without DOCTYPE and entities of its own. A suite that says how many tests it has must have
 * them.
 */
enum device_result {
	DEVICE_PASS,
	DEVICE_SKIP,
	DEVICE_FAIL
};

struct device_case {
	char *name;  /* of JUnit the testcase's; its suite is not part of it */
	char *suite; /* NULL in the first form */
	enum device_result result;
	size_t file; /* which of `files` */
	size_t line;
	bool is_outweighed; /* another result of the same case counts */
};

struct device_file {
	char *name;
	struct digest sha256;
};

/* A zeroed struct is empty. */
struct device_results {
	struct device_file *files;
	size_t file_count, file_capacity;
	struct device_case *cases; /* as they stand in the files */
	size_t case_count, case_capacity;
};

#define DEVICE_CASES_MAX ((size_t)16384) /* in all files */
#define DEVICE_ROWS_MAX	 ((size_t)4096)	 /* of the map */

/*
 * Adds a file of either form. One without a single case is STATUS_FORMAT: nothing was tested. On
 * trouble nothing of the file is added.
 */
enum status device_read(
	struct device_results *results, const struct data_file *file, struct error *err);
void device_results_release(struct device_results *results);

/*
 * Which case tests which source packages, a YAML file:
 *	format: reproof-device-map-1
 *	cases:
 *	  TC_CR1.1-RE1_1: [openssh, pam]
 *	  TC_CR2.*: [audit]		# all that begin like this
 */
struct device_map_row {
	char *name;
	bool is_prefix;
	struct text_list sources;
	size_t line;
};

struct device_map {
	char *name;
	struct digest sha256;
	struct device_map_row *rows; /* in the order of the file */
	size_t count, capacity;
};

enum status device_map_read(
	struct device_map *map, const struct data_file *file, struct error *err);
void device_map_release(struct device_map *map);

/* Cases of one source; one that was run several times counts once, with its worst result. */
struct device_count {
	size_t passed, failed, skipped;
};

/* Counts, and adds a claim for each result. */
struct device_count device_look_up(const struct device_results *results,
	const struct device_map *map, const char *source, struct claim_list *claims);
/*
 * What does not fit together: cases that no row maps, and rows that no case has, each a sentence
 * for the user.
 */
void device_loose_ends(const struct device_results *results, const struct device_map *map,
	struct text_list *sentences);

/* For device*.c only. */
void device_add(struct device_results *results, const char *name, const char *suite,
	enum device_result result, size_t line);
enum status device_read_junit(struct device_results *results, const struct data_file *file,
	const char *text, size_t len, struct error *err);

#endif
