/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_COVERAGE_H
#define VERIFIER_COVERAGE_COVERAGE_H

#include "base/array.h"
#include "verifier/coverage/buildlog.h"
#include "verifier/coverage/decision.h"
#include "verifier/coverage/grade.h"

/*
 * What is known of the tests behind a list of packages: one row a source package, with the evidence
 * behind every cell. Made by coverage_make.h, written by sheet.h.
 */

/* What was read, and its digest: the list, the pin's suites, data files, decisions, the gate. */
struct coverage_input {
	char *role; /* "list", "pin", "debci", "tracker", … */
	char *name; /* a path, a URL without secrets, a pin's suite */
	struct digest sha256;
	int64_t time; /* when it was had; 0 where it says nothing */
};

/* Outside data about one package; each part says whether its source was given. */
struct coverage_data {
	bool has_debci;
	char *debci_status, *debci_version, *debci_date, *debci_log; /* NULL: no run of it */
	uint64_t debci_seconds;
	bool is_debci_exact;

	char *log_name;	    /* of the build log that decided */
	char *log_ran;	    /* a word of buildlog.h; NULL: no log that belongs to it */
	char *reproducible; /* "yes", "no", "unknown"; NULL: not given */

	bool has_device;
	uint64_t device_passed, device_failed, device_skipped;

	bool has_tracker; /* the tracker names the source */
	uint64_t cves_open, cves_open_remote, cves_past;

	bool has_popcon;
	uint64_t popcon;
};

struct coverage_package {
	char *source, *version, *suite;
	struct text_list binaries; /* of the list, that it makes: "zlib1g 1:1.2.13 amd64" */
	/* Its .debs were not seen, so that it is known by the names and versions of a list (T19).
	 */
	bool is_by_name_only;
	bool is_self_built;
	bool is_not_pinned;	    /* the pins do not have it, or not in that version */
	char *trouble;		    /* why its source is unavailable; or NULL */
	struct source_facts *facts; /* NULL then */
	enum evidence_class class;
	enum known confirmed;
	struct coverage_results results;
	struct coverage_data data;
	/* Those .debs of the pins that the list means; of a source, all of the architecture. */
	struct shipped_deb *debs;
	size_t deb_count, deb_capacity;
	uint64_t dependents; /* source packages of the list with one that depends on its own */
	const struct decision *decision;
	bool is_decided;	  /* that decision holds for the class */
	struct claim_list claims; /* of the facts and of all data */
};

/* A zeroed struct is empty and safe to release. */
struct coverage {
	char *pins; /* their names, with commas between */
	char *architecture;
	bool is_made;			   /* each row was judged; before, it says nothing */
	struct coverage_package *packages; /* by source, then version */
	size_t count, capacity;
	struct coverage_input *inputs; /* by role, then name */
	size_t input_count, input_capacity;
	struct text_list notes; /* sentences for the user */
	struct text_list stale; /* decisions that hold no more */
	struct decision_list decisions;
};

void coverage_add_input(struct coverage *coverage, const char *role, const char *name,
	const struct digest *sha256, int64_t time);
/* Packages and inputs into their orders. */
void coverage_sort(struct coverage *coverage);
void coverage_release(struct coverage *coverage);

#endif
