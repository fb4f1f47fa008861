/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_SOURCE_FACTS_H
#define VERIFIER_COVERAGE_SOURCE_FACTS_H

#include "base/array.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "verifier/coverage/answer.h"
#include "verifier/coverage/claim.h"
#include "verifier/coverage/source_tree.h"

/*
 * What a source package itself says of its tests, read from its files alone: the same files give
 * the same facts, byte for byte, so that they are kept by the digests of the files and
 * COVERAGE_RULES.
 */

/* COVERAGE_RULES: changes whenever the same files could give other facts; made by make. */
#include "coverage_rules.h"

/* One stanza of debian/tests/control that is a test (README.package-tests of autopkgtest). */
struct autopkgtest {
	struct text_list names;	       /* of Tests:; or the one command of Test-Command: */
	struct text_list restrictions; /* with Features */
	struct text_list architectures;
	size_t line;
	enum autopkgtest_quality quality; /* of this stanza */
};

/* A kind of test found in upstream's files. */
struct upstream_suite {
	char *framework;      /* "automake", "autotest", "ctest", "meson", "tap", "pytest", … */
	char *where;	      /* the file that declares it: "tests/Makefile.am:12" */
	struct digest sha256; /* of that file; all zeros where it was not read */
	uint64_t count;	      /* test files or declarations */
};

struct language_size {
	char *name; /* "C", "C++", "Python", … by suffix */
	uint64_t files, bytes;
};

struct source_facts {
	char *source, *version, *maintainer;
	int64_t changed;    /* the date of the newest entry of debian/changelog; 0 unknown */
	char *compat;	    /* debhelper's level; NULL when none */
	char *build_system; /* "autoconf", "cmake", "meson", "pybuild", "makefile", …; or NULL */

	enum known has_autopkgtest;
	bool is_testsuite_declared; /* Testsuite: in the .dsc or Sources */
	enum autopkgtest_quality autopkgtest_quality;
	struct autopkgtest *autopkgtests;
	size_t autopkgtest_count, autopkgtest_capacity;
	struct text_list triggers;

	enum known has_upstream_tests;
	struct upstream_suite *suites; /* by framework, then where */
	size_t suite_count, suite_capacity;

	enum run_at_build run_at_build;
	enum failure_fatal failure_fatal;
	/* A unified diff of debian/rules or debian/tests/control that would run what exists; NULL
	 * for none. */
	char *patch;

	struct language_size *languages; /* largest first */
	size_t language_count, language_capacity;
	struct text_list services; /* unit files, init scripts: "debian/foo.service" */
	struct text_list setuid;   /* maintainer scripts and rules that set modes or capabilities */

	struct claim_list claims;
	char *trouble; /* what could not be read, so that answers are unknown; or NULL */
};

/*
 * The parts, each in a file of its own. They read the tree alone, fill in their fields and add
 * their claims. source_marks() is changed, languages, services and setuid.
 */
void rules_judge(
	const struct source_tree *tree, const char *architecture, struct source_facts *facts);
void autopkgtest_judge(
	const struct source_tree *tree, const char *architecture, struct source_facts *facts);
void upstream_judge(const struct source_tree *tree, struct source_facts *facts);
void source_marks(const struct source_tree *tree, struct source_facts *facts);
/* Whether a line of a script sets a set-user-ID or set-group-ID mode, or capabilities. */
bool script_line_sets_rights(const char *line);
/* All of them, upstream's tests first and rules last, and what the tree says of itself. */
void source_facts_judge(
	const struct source_tree *tree, const char *architecture, struct source_facts *facts);
void source_facts_release(struct source_facts *facts);

/* ---- as text: what a worker writes, and what is kept ---- */

#define SOURCE_FACTS_MAX ((size_t)16 << 20) /* bytes; longer ones are refused */

/*
 * One JSON object with a newline behind it, keys in the order of the fields, the same for the same
 * facts: {"format":"reproof-source-facts-1","rules":COVERAGE_RULES,"source":…}.
 */
void source_facts_write(const struct source_facts *facts, struct buffer *text);
/*
 * Reads exactly that: STATUS_FORMAT for anything else, of other rules too, with the key that is
 * wrong. The text may be of a worker that hostile input took over, or of a file that was changed:
 * nothing in it is believed but that it has the form. The facts are the caller's, empty on failure.
 */
enum status source_facts_read(
	const char *text, size_t len, struct source_facts *facts, struct error *err);

/* ---- made by workers ---- */

/* The files of one source package, opened: the names and descriptors are the reader's to close. */
struct source_opened {
	struct source_input *inputs;
	size_t count, capacity;
};

void source_opened_add(struct source_opened *opened, const char *name, int fd);
void source_opened_release(struct source_opened *opened);

/*
 * For source_facts_make(): what to read, and what becomes of it. Both are called from the caller's
 * own process and thread, `done` in the order in which they are ready.
 */
struct source_facts_work {
	/* Opens the files of package `index`, from 0; a failure is told to `done`. */
	enum status (*open)(
		void *context, size_t index, struct source_opened *opened, struct error *err);
	/*
	 * The facts, which it may take over by zeroing them; or NULL, with why in `err`:
	 * STATUS_LIMIT when the process that read them died or took too long.
	 */
	void (*done)(
		void *context, size_t index, struct source_facts *facts, const struct error *err);
	void *context;
};

/*
 * Makes the facts of `count` source packages, each by a process of its own that can do nothing but
 * that (dbdiff/worker.h), at most `workers` at once. They are begun in their order: the largest go
 * first for the least time. One package's failure is its own, and told to `done`.
 */
void source_facts_make(size_t count, unsigned workers, const char *architecture,
	const struct limits *limits, const struct source_facts_work *work);

#endif
