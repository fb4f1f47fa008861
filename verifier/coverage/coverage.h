/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_COVERAGE_H
#define VERIFIER_COVERAGE_COVERAGE_H

#include "base/array.h"
#include "base/buffer.h"
#include "verifier/coverage/buildlog.h"
#include "verifier/coverage/coverage_suite.h"
#include "verifier/coverage/deb_marks.h"
#include "verifier/coverage/decision.h"
#include "verifier/coverage/grade.h"
#include "verifier/coverage/tracker.h"

/*
 * What is known of the tests behind a list of packages: one row a source package, with the evidence
 * behind every cell. Made by coverage_make.h, written by sheet.h.
 */

/* What was read, and its digest: the list, the pin's suites, data files, decisions, the gate. */
struct coverage_input {
	char *role; /* "list", "pin", "debci", "tracker", … */
	char *name; /* a path, a URL without secrets, a pin's suite */
	struct digest sha256;
	int64_t time;  /* when it was had, seconds since the epoch; 0 where that says nothing */
	char *trouble; /* why nothing of it is used, and its digest is not known; or NULL */
};

/* A binary package of the list. Version and architecture are NULL where nobody says. */
struct listed_binary {
	char *name, *version, *architecture;
};

/* Outside data about one package; each part says whether its source was given. */
struct coverage_data {
	bool has_debci;
	char *debci_status, *debci_version, *debci_date, *debci_log; /* NULL: no run of it */
	uint64_t debci_seconds;					     /* that the run took */
	bool is_debci_exact;

	bool has_debci_log; /* that run's own summary was read */
	uint64_t debci_passed, debci_skipped;

	char *log_name; /* of the build log that decided */
	struct digest log_sha256;
	bool is_log_unread; /* a run kept one of it, and that cannot be read */
	char *log_ran;	    /* a word of buildlog.h; NULL: no log that belongs to it */
	char *reproducible; /* "yes", "no", "unknown"; NULL: not given */

	bool has_device;
	uint64_t device_passed, device_failed, device_skipped;

	bool has_tracker; /* the tracker names the source */
	uint64_t cves_open, cves_open_remote, cves_past;
	uint64_t cves_unsaid; /* of which the tracker says nothing in the suite */
	uint64_t cves_open_by[TRACKER_URGENCIES];

	char *newer_version, *newer_testsuite, *newer_file; /* NULL: none, or not given */

	bool has_popcon;
	uint64_t popcon; /* installations */
};

/* How far a row got; from ROW_PINNED on the pins have its source package. */
enum row_state {
	ROW_NEW,
	ROW_SELF_BUILT, /* an image has it, and no pin does */
	ROW_NOT_PINNED, /* the pins do not have it, or not in that version */
	ROW_PINNED,
	ROW_UNAVAILABLE, /* its source could not be had or read */
	ROW_READ_IN_PART,
	ROW_READ,
};

/* What the binary packages of a row bring; each text with the package's name in front. */
struct coverage_debs {
	size_t count; /* of .debs that were read: all of the row, or what it says is not whole */
	struct text_list privileges, services, sockets;
	struct text_list sections; /* Section of each, once */
};

struct coverage_package {
	char *source, *version, *suite;
	struct listed_binary *binaries; /* of the list, that it makes */
	size_t binary_count, binary_capacity;
	/* Its .debs were not seen, so that it is known by the names and versions of a list (T19).
	 */
	bool is_by_name_only;
	enum row_state state;
	char *trouble; /* why something of it is not known; NULL when self-built or read whole */
	struct source_facts *facts; /* from ROW_READ_IN_PART on; its own */
	enum evidence_class class;
	enum known confirmed;
	struct coverage_results results;
	struct coverage_data data;
	/* Those .debs of the pins that the list means; of a source, all of the architecture. */
	struct shipped_deb *debs;
	size_t deb_count, deb_capacity;
	struct coverage_debs seen;
	bool has_dependents; /* they were counted */
	uint64_t dependents; /* source packages of the list with one that depends on its own */
	const struct decision *decision; /* of coverage.decisions; or NULL */
	bool is_decided;		 /* that decision holds for the class and version */
	struct claim_list claims;	 /* of the facts and of all data */
};

/* Every .deb of the row was read, and there is one. */
bool coverage_debs_are_read(const struct coverage_package *row);

/* A zeroed struct is empty and safe to release. */
struct coverage {
	char *pins; /* their names, with commas between */
	char *architecture;
	struct coverage_suite suite;	   /* that data from outside was asked about; empty: none */
	bool is_made;			   /* each row was judged; before, it says nothing */
	struct coverage_package *packages; /* by source, then version */
	size_t count, capacity;
	/* A build log was given, or kept by a run, and not read: it may lower any class. */
	bool is_log_unread;
	/*
	 * The rows by source and version, for coverage_row(); until coverage_sort(). Of the list a
	 * version that is NULL is one of its own.
	 */
	size_t *index;
	struct coverage_input *inputs; /* by role, then name */
	size_t input_count, input_capacity;
	struct text_list notes; /* sentences for the user */
	struct text_list stale; /* decisions that hold no more */
	struct decision_list decisions;
};

#define COVERAGE_ROWS_MAX ((size_t)20000)

/*
 * The row of a source package in one version, which may be NULL; a new one when there is none yet.
 * Valid until the next call.
 */
struct coverage_package *coverage_row(
	struct coverage *coverage, const char *source, const char *version);
void coverage_add_input(struct coverage *coverage, const char *role, const char *name,
	const struct digest *sha256, int64_t time);
/* One that could not be had or read. */
void coverage_add_unread(
	struct coverage *coverage, const char *role, const char *name, const char *trouble);
/* "zlib1g 1:1.2.13 amd64", as far as it is known. */
void listed_binary_text(const struct listed_binary *binary, struct buffer *text);
/* Packages and inputs into their orders. */
void coverage_sort(struct coverage *coverage);
void coverage_release(struct coverage *coverage);

#endif
