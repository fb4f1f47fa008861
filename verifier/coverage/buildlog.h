/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_BUILDLOG_H
#define VERIFIER_COVERAGE_BUILDLOG_H

#include "base/array.h"
#include "verifier/coverage/claim.h"
#include "verifier/coverage/data_file.h"

/*
 * The log of a package's build, of sbuild (as Debian's autobuilders run it) or of dpkg-buildpackage
 * alone, plain or packed. It shows what the tests that the build runs came to. What is in it was
 * written by the package itself: it can lower what is believed of a package, or confirm what its
 * source says, and never raise a class by itself (trust T19).
 */
enum buildlog_framework {
	BUILDLOG_AUTOMAKE, /* "# TOTAL: 7", and "All 7 tests passed" of the serial driver */
	BUILDLOG_AUTOTEST, /* Autoconf's: "7 tests were successful." */
	BUILDLOG_CTEST,
	BUILDLOG_MESON,
	BUILDLOG_TAP, /* Test::Harness: "Files=2, Tests=7" */
	BUILDLOG_CHECK,
	BUILDLOG_PYTEST,
	BUILDLOG_UNITTEST,
	BUILDLOG_GTEST,
	BUILDLOG_CARGO,
	BUILDLOG_GO, /* tests with -v, else packages */
	BUILDLOG_DEJAGNU,
	BUILDLOG_FRAMEWORKS,
};

/* Every summary of one framework in the test steps, added up. */
struct buildlog_totals {
	size_t summaries; /* 0: the framework was not seen */
	size_t line;	  /* of the first summary */
	uint64_t passed, failed, skipped;
	uint64_t expected; /* failed, as they were expected to */
};

/* A .deb of the build, from its .buildinfo. */
struct buildlog_deb {
	char *name;
	struct digest sha256;
};

/* A zeroed struct is empty. */
struct buildlog {
	char *name; /* of the file */
	struct digest sha256;
	/* Before the first debhelper step; NULL when not said. */
	char *source, *source_version, *architecture;
	bool is_sbuild;
	size_t build_count; /* builds by dpkg-buildpackage that it tells of, outside test steps */
	bool is_finished;   /* the build came to its end, and well */
	/* Test steps: dh_auto_test, its override, execute_before_ and execute_after_ targets. */
	size_t step_count, step_line; /* line of the first */
	size_t omitted_line; /* where debhelper says that it leaves the step out; 0: nowhere */
	struct buildlog_totals totals[BUILDLOG_FRAMEWORKS];
	struct buildlog_deb *debs;
	size_t deb_count, deb_capacity;
	size_t buildinfo_line; /* in the log; 0 when it has none */
	/* The .debs are those that a run of reproof hashed when the build of this log left them. */
	bool is_of_run;
};

/*
 * Reads a log. A packed one that is cut is STATUS_FORMAT; one of which nothing shows that it is a
 * build log at all is STATUS_FORMAT as well.
 */
enum status buildlog_read(struct buildlog *log, const struct data_file *file, struct error *err);
/*
 * Adds the .debs of a .buildinfo that lies beside a log (dpkg-buildpackage alone does not write it
 * into the log). STATUS_CONFLICT when it is of another source, version or architecture.
 */
enum status buildlog_add_buildinfo(
	struct buildlog *log, const struct data_file *file, struct error *err);
/* Adds a .deb by the name of its file. */
void buildlog_add_deb(struct buildlog *log, const char *name, const struct digest *digest);
void buildlog_clear_debs(struct buildlog *log);
void buildlog_release(struct buildlog *log);

/* A .deb that ships. */
struct shipped_deb {
	char *name, *version; /* of the binary package: "zlib1g", "1:1.2.13" */
	struct digest sha256;
};

/* Whether a file is called as a .deb of that name and version is, of whatever architecture. */
bool shipped_deb_is_named(const struct shipped_deb *deb, const char *file);

/*
 * Which of some logs, by index into `belongs`, are of the builds that made what ships (trust T19):
 * finished, of that source, version and architecture or "all", with a shipped .deb in the
 * .buildinfo, or made by the run, by SHA-256 and none in another state; of one build alone, as the
 * tests of another are not told apart. Architecture-independent packages are often
 * built apart: the logs belong together only when each shipped .deb of the source is in one of
 * them, and else none does. Adds claims that say so, or what does not fit; logs of other sources
 * are passed over. False when none belongs.
 */
bool buildlogs_belong(const struct buildlog *logs, size_t log_count, const char *source,
	const char *source_version, const char *architecture, const struct shipped_deb *debs,
	size_t deb_count, bool *belongs, struct claim_list *claims);

/* What its test steps came to, all frameworks together. */
enum buildlog_ran {
	BUILDLOG_RAN_UNREAD,  /* there is a step, and no summary in it that is known */
	BUILDLOG_RAN_NO_STEP, /* no step, or debhelper left it out */
	BUILDLOG_RAN_NOTHING, /* summaries of no test, or with every test skipped */
	BUILDLOG_RAN_SOME,    /* some were skipped */
	BUILDLOG_RAN_ALL,
	BUILDLOG_RAN_FAILED, /* some failed, whatever became of the build */
};

/* Adds a claim for each framework, "automake: 59 of 59 skipped", or for what is missing. */
enum buildlog_ran buildlog_judge(const struct buildlog *log, struct claim_list *claims);
/* "automake", "autotest", … */
const char *buildlog_framework_name(enum buildlog_framework framework);
/* "unread", "no-step", "nothing", "some", "all", "failed" */
const char *buildlog_ran_word(enum buildlog_ran ran);

#endif
