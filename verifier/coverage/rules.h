/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_RULES_H
#define VERIFIER_COVERAGE_RULES_H

#include "verifier/coverage/makefile.h"
#include "verifier/coverage/shell.h"
#include "verifier/coverage/source_facts.h"

/*
 * Between the parts of rules_judge() (source_facts.h): rules.c, what is known and the verdict;
 * rules_walk.c, which recipes a build runs; rules_command.c, what a command is; rules_dh.c, what
 * debhelper's sequence does; rules_make.c, rules_automake.c, rules_cmake.c, rules_meson.c and
 * rules_suite.c, whether upstream's files have anything to run in that place, with rules_gate.c
 * and rules_framework.c for what their conditions are worth; rules_patch.c.
 */

/* What a test step has to run, as far as upstream's files say. */
enum effect {
	EFFECT_MISSING, /* there is no such target or runner */
	EFFECT_NOTHING, /* it is there and tests nothing */
	EFFECT_UNKNOWN,
	EFFECT_RUNS,
};

/* The way by which a recipe is come to. */
struct way {
	bool is_maybe;		  /* under a condition that is not decided */
	bool is_ignored;	  /* by a `-` before it: what is not reached there is no failure */
	enum failure_fatal fatal; /* of what stands there, at best */
	const struct way *outer;  /* bounds the depth */
	unsigned depth;
};

/* A place that runs tests, or would. */
struct run {
	char *what; /* "make check", "dh_auto_test (autoconf)" */
	const char *file;
	size_t line;
	enum effect effect;
	bool is_maybe;
	bool is_partial;  /* by its own words some of the tests */
	bool is_implicit; /* a part of dh, written nowhere */
	bool is_of_indep; /* only where packages for all architectures are built */
	char *suite;	  /* of Meson's, which it is about; NULL for none */
	bool is_without_suite;
	enum failure_fatal fatal;
};

struct rules {
	const struct source_tree *tree;
	struct source_facts *facts;
	const struct tree_file *file; /* debian/rules */
	struct makefile makefile;
	struct text_list arch_packages, indep_packages, build_depends;
	struct text_list sequence; /* debhelper's addons: "python3", "nodejs" */
	char *build_system;	   /* --buildsystem of dh; NULL for none */
	char *source_directory;	   /* --sourcedirectory of dh; NULL for none */
	bool knows_packages, is_nocheck;
	bool is_nocheck_unknown; /* DEB_BUILD_OPTIONS is set to what is not known */
	bool is_of_indep;	 /* what is walked is no part of the build of this architecture */
	bool has_dh;
	bool was_stepped[2]; /* the test step of dh, for packages of this architecture and of all */
	size_t dh_line;	     /* where `dh` is called */
	struct text_list walked;
	struct run *runs;
	size_t run_count, run_capacity;
	struct text_list configured; /* arguments of configure, cmake, meson */
	/* Why tests that exist do not run, in the order found; each with its place as a claim. */
	size_t switched_off;
	size_t off_line; /* of the first */
	bool is_unclear; /* a claim says why */
	unsigned effect_depth;
	struct text_list
		effects; /* of rules_make_effect(): "2check\tdirectory", the effect first */
};

bool rules_has(const struct rules *rules, const char *path);
/* The text of a file, NUL-terminated; NULL when it is not there or was not read whole. */
const char *rules_text(const struct rules *rules, const char *path);
const struct tree_file *rules_file(const struct rules *rules, const char *path);
bool rules_depends(const struct rules *rules, const char *package);
/* The expanded value; "" for none. For the caller to free. */
char *rules_value(struct rules *rules, const char *name);
void rules_say(struct rules *rules, const char *file, size_t line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void rules_switched_off(struct rules *rules, const char *file, size_t line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
struct run *rules_add_run(struct rules *rules, const struct way *way, const char *file, size_t line,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Build dependencies and packages of an ordinary build of that architecture. */
void rules_read_control(struct rules *rules, const char *architecture);
/* Whether a test suite is seen at all. */
bool rules_has_suite(const struct rules *rules);

/* What is not in a tree that was not read to its end says nothing. */
enum effect rules_as_far_as_read(const struct rules *rules, enum effect effect);

enum failure_fatal rules_worse(enum failure_fatal a, enum failure_fatal b);
void rules_walk(struct rules *rules, const char *target, const struct way *way);
/* Whether debian/rules has it by name; dh takes a prerequisite of .PHONY for one too. */
bool rules_has_target(const struct rules *rules, const char *target);

struct command {
	struct rules *rules;
	const char *file;
	size_t line;
	const char *target;    /* whose recipe it is */
	const char *directory; /* of the `cd` before it, "" for the top */
	const struct text_list *words;
	struct way way; /* with what the script makes of its failure */
};
/* Does what is to be done about a command: adds runs, walks on. */
void rules_command(const struct command *command);
/* Whether a command of these words could be a test run, or lead to one. */
bool rules_is_of_interest(const struct text_list *words);
void rules_script(struct rules *rules, const char *text, const char *target, const char *file,
	size_t line, const struct way *way);

/* What an option or variable on make's command line does to tests (GNU make, Options Summary). */
struct make_options {
	bool is_ignoring;	 /* -i: failures are ignored */
	bool is_dry;		 /* -n, -q, -t: nothing is run */
	bool is_subset, is_none; /* TESTS=…, TESTS= */
};
void make_option_read(const char *word, struct make_options *options);

/* `dh SEQUENCE …` with the words behind `dh`. */
void rules_dh(const struct command *command);
/* dh_auto_test with its words, or without any as a part of dh. */
void rules_auto_test(const struct command *command, bool is_implicit);
void rules_cdbs(struct rules *rules);

bool rules_is_one_of(const char *word, const char *const *list, size_t count);
/* Whether a part of a name between its separators does. */
bool rules_speaks_of_tests(const char *word, size_t len);
bool rules_is_test_target(const char *word);
/* A name of all tests, not of some: "check", "test", "tests". */
bool rules_is_whole_target(const char *word);
bool rules_is_test_path(const char *path);
/* By its own name, "tests/check_x.py". */
bool rules_is_test_name(const char *path);
/* By a name of what runs all of them: "run-tests.sh". */
bool rules_is_whole_name(const char *path);
/* How many files of the source, with the same ending, have a name that speaks of tests. */
size_t rules_test_count(const struct rules *rules, const char *path);
/* What `make TARGET` in that directory of upstream's files comes to; NULL for its first target. */
enum effect rules_make_effect(struct rules *rules, const char *directory, const char *target);
/* What a target comes to in a makefile with that text, in that directory. */
enum effect rules_text_effect(struct rules *rules, const char *directory, const char *path,
	const char *text, const char *target);
enum effect rules_automake_effect(struct rules *rules, const char *directory, const char *target);
/* `check` of a Makefile.in that automake made, without what it was made from. */
enum effect rules_generated_effect(
	struct rules *rules, const char *directory, const char *path, const char *text);
/*
 * Whether a framework for tests is there, by its name in pkg-config or CMake's modules: one of
 * its packages is a build dependency, or not; EFFECT_UNKNOWN of what is no known framework.
 * Another library or program is there when the package that has its name is.
 */
enum effect rules_framework(const struct rules *rules, const char *name);
/* The same of a condition of automake, "HAVE_CMOCKA". */
enum effect rules_framework_of_condition(const struct rules *rules, const char *condition);
/* Whether the targets are all that upstream's `check` is made of. */
bool rules_make_is_whole(struct rules *rules, const struct text_list *targets);
/* Whether a makefile is in that directory, or what it is made from. */
bool rules_has_makefile_in(const struct rules *rules, const char *directory);
/* Whether it is a copy of another project: vendor/, third_party/. */
bool rules_is_foreign(const char *path);
enum effect rules_cmake_effect(struct rules *rules, const char *directory);
enum effect rules_meson_effect(struct rules *rules, const char *directory);
enum effect rules_perl_effect(struct rules *rules);
enum effect rules_python_effect(struct rules *rules, const char *runner);
enum effect rules_suffix_effect(struct rules *rules, const char *suffix);
/* -DNAME=…: what cmake or meson was told; NULL for nothing. */
const char *rules_told(const struct rules *rules, const char *name);
/* "OFF", "false", "disabled" */
bool rules_is_off(const char *value, size_t len);
/* An option of configure, cmake or meson that switches tests off; NULL for none. */
const char *rules_option_off(const struct rules *rules);

/* A diff that would run what exists and is not run; NULL for none. */
char *rules_patch(const struct rules *rules);

#endif
