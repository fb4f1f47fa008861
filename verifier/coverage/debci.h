/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_DEBCI_H
#define VERIFIER_COVERAGE_DEBCI_H

#include "base/array.h"
#include "verifier/coverage/claim.h"
#include "verifier/coverage/data_file.h"

/*
 * What debci says of the last run of each package's autopkgtests: packages.json, which an instance
 * serves as ROOT/data/status/SUITE/ARCHITECTURE/packages.json (debci's lib/debci/job.rb and
 * lib/debci/html.rb). An array with an object a package; of keys only these are read: package,
 * version, suite, arch, status, run_id, date, duration_seconds, is_private, extra_apt_sources,
 * pin_packages. All but package and status may be absent in some version of debci. "package" stands
 * twice in the output of some: the last counts. Any other key that does refuses the file.
 */

/* What a run came to. The two troubles say nothing of the package. */
enum debci_result {
	DEBCI_PASS,    /* every test passed or was skipped, and one did pass */
	DEBCI_NEUTRAL, /* none, all skipped, only superficial passed or only flaky failed */
	DEBCI_FAIL,
	DEBCI_TROUBLE, /* tmpfail; fail where the source could not be had; a word not known */
};

struct debci_run {
	char *package, *suite, *architecture;
	char *version; /* NULL for "n/a" */
	char *word;    /* the status as it is written */
	enum debci_result result;
	char *run_id;	  /* NULL when not said */
	char *date;	  /* as it is written; NULL when not said */
	int64_t when;	  /* the same, seconds since the epoch; 0 when not said */
	uint64_t seconds; /* it took; 0 when not said */
	bool is_private;
	bool has_extra_sources; /* or packages pinned to another suite */
	size_t file;		/* which of `files` it is from */
	char *place;		/* "NAME#/17" */
};

struct debci_file {
	char *name;
	char *root; /* "https://ci.example/" before data/status/…; NULL when the name does not tell
		     */
	struct digest sha256;
};

/* A zeroed struct is empty. */
struct debci {
	/*
	 * Borrowed; NULL: not asked. With them a file that has no run at all there is refused: it
	 * is of another suite or architecture.
	 */
	const char *suite, *architecture;
	struct debci_file *files;
	size_t file_count, file_capacity;
	struct debci_run *runs; /* in the order of files and their entries */
	size_t run_count, run_capacity;
};

#define DEBCI_RUNS_MAX ((size_t)64) /* of one package, in all files; a file has one an instance */

/*
 * Adds what a file says of `sources`, which text_list_sort() has sorted. On trouble nothing of the
 * file is added. More than DEBCI_RUNS_MAX runs of one package are STATUS_LIMIT.
 */
enum status debci_read(struct debci *debci, const struct data_file *file,
	const struct text_list *sources, struct error *err);
void debci_release(struct debci *debci);

/* How the run that was found belongs to the package that ships (trust T19). */
enum debci_match {
	DEBCI_NONE,  /* there is no run of it */
	DEBCI_EXACT, /* exactly its version, suite and architecture; public; Debian's archive alone
		      */
	DEBCI_NEAREST, /* of another version, or of the right one with private or extra sources */
};

struct debci_answer {
	enum debci_match match;
	const struct debci_run *run; /* NULL with DEBCI_NONE */
	/* DEBCI_PASS of an exact match; everything else is not evidence that its tests pass. */
	bool is_evidence;
	/* Two instances do not agree on the exact version; `run` is the worse. */
	bool is_disputed;
	char *log; /* the URL or path of its log.gz; NULL when it cannot be told */
};

/*
 * The run that says most of a source at one version. Of several exact ones, the newest of each
 * instance counts, and of instances the worst (fail, neutral, trouble, pass). Without any, the
 * nearest: the highest version below, else the lowest above (debversion_compare()); then the exact
 * one that is no evidence. Adds a claim for each run that was looked at.
 */
void debci_look_up(const struct debci *debci, const char *source, const char *version,
	const char *suite, const char *architecture, struct debci_answer *answer,
	struct claim_list *claims);
void debci_answer_release(struct debci_answer *answer);

/* "pass", "neutral", "fail", "trouble" */
const char *debci_result_word(enum debci_result result);

/* The summary at the end of a run's log (autopkgtest's runner/autopkgtest): a line a test. */
struct debci_log {
	uint64_t passed, superficial, skipped, failed, flaky;
	size_t line;		       /* of the summary's heading */
	struct text_list passed_tests; /* their names, without superficial ones; sorted */
};

#define DEBCI_TESTS_MAX ((size_t)10000) /* in one summary */

void debci_log_release(struct debci_log *log);

/*
 * Reads the log's last summary. STATUS_NOT_FOUND when it has none, STATUS_LIMIT when
 * it has more than DEBCI_TESTS_MAX tests. What a log says never makes a
 * run better than its status: it can only show that a pass rests on skipped or superficial tests.
 * Adds a claim.
 */
enum status debci_log_read(const struct data_file *file, struct debci_log *log,
	struct claim_list *claims, struct error *err);

#endif
