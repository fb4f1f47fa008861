/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_JUDGING_RULES_H
#define TESTS_UNIT_JUDGING_RULES_H

#include <check.h>
#include <stdio.h>

#include "base/buffer.h"
#include "tests/unit/source_tree_fixture.h"
#include "verifier/coverage/source_facts.h"

/* Source packages in a few lines, and what is judged of them. */
#ifndef MAYBE
#define MAYBE static __attribute__((unused))
#endif

static struct source_tree tree;
static struct source_facts facts;
static bool is_cut_off; /* upstream's files were not read to their end */

MAYBE void add(const char *path, const char *text)
{
	tree_add(&tree, path, text, text != NULL ? strlen(text) : 0);
}

MAYBE void clear(void)
{
	source_tree_release(&tree);
	coverage_claims_release(&facts.claims);
	free(facts.patch);
	facts = (struct source_facts){0};
}

#define CONTROL                                                                                    \
	"Source: foo\nBuild-Depends: debhelper-compat (= 13),\n python3-pytest <!nocheck>\n\n"     \
	"Package: foo\nArchitecture: any\n"
#define CONTROL_PLAIN                                                                              \
	"Source: foo\nBuild-Depends: debhelper-compat (= 13)\n\nPackage: foo\nArchitecture: any\n"
#define CONTROL_BOTH CONTROL_PLAIN "\nPackage: foo-doc\nArchitecture: all\n"
#define CONTROL_ALL                                                                                \
	"Source: foo\nBuild-Depends: debhelper-compat (= 13)\n\nPackage: foo\nArchitecture: all\n"

/* Sources of upstream, each with tests unless it says otherwise. */
MAYBE void automake(void)
{
	add("configure.ac", "AC_INIT(foo,1)\n");
	add("Makefile.am", "SUBDIRS = src tests\n");
	add("tests/Makefile.am", "check_PROGRAMS = t1\nTESTS = $(check_PROGRAMS)\n");
	add("tests/t1.c", NULL);
}

MAYBE void automake_without(void)
{
	add("configure.ac", "AC_INIT(foo,1)\n");
	add("Makefile.am", "bin_PROGRAMS = foo\n");
	add("test.c", NULL);
}

MAYBE void plain(void)
{
	add("Makefile", "all: foo\nfoo: foo.c\n\t$(CC) -o $@ $<\ncheck: foo\n\t./tests/run.sh\n");
	add("tests/run.sh", NULL);
}

MAYBE void nothing(void)
{
	add("foo.c", NULL);
}

MAYBE void judge(const char *control, const char *rules)
{
	add("debian/control", control);
	add("debian/rules", rules);
	tree_sort(&tree);
	tree.is_packaging_whole = tree.is_upstream_whole = !is_cut_off;
	rules_judge(&tree, "amd64", &facts);
}

MAYBE const char *claims(void)
{
	static struct buffer text;

	buffer_clear(&text);
	for (size_t i = 0; i < facts.claims.count; i++)
		buffer_add_format(&text, "\n\t%s: %s", facts.claims.items[i].where,
			facts.claims.items[i].text);
	return buffer_text(&text);
}

MAYBE void expect(const char *run, const char *fatal)
{
	ck_assert_msg(strcmp(run_at_build_word(facts.run_at_build), run) == 0 &&
			strcmp(failure_fatal_word(facts.failure_fatal), fatal) == 0,
		"%s %s, not %s %s%s", run_at_build_word(facts.run_at_build),
		failure_fatal_word(facts.failure_fatal), run, fatal, claims());
	ck_assert_uint_gt(facts.claims.count, 0);
}

MAYBE void expect_claim(const char *where, const char *part)
{
	for (size_t i = 0; i < facts.claims.count; i++) {
		if (strcmp(facts.claims.items[i].where, where) == 0 &&
			strstr(facts.claims.items[i].text, part) != NULL)
			return;
	}
	ck_abort_msg("no claim at %s has '%s':%s", where, part, claims());
}

#define DH "%:\n\tdh $@\n"

struct trap {
	void (*upstream)(void);
	const char *rules, *run, *fatal;
};

MAYBE void spring(const char *control, const struct trap *traps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		traps[i].upstream();
		judge(control, traps[i].rules);
		ck_assert_msg(strcmp(run_at_build_word(facts.run_at_build), traps[i].run) == 0 &&
				strcmp(failure_fatal_word(facts.failure_fatal), traps[i].fatal) ==
					0,
			"%s %s, not %s %s, of\n%s%s", run_at_build_word(facts.run_at_build),
			failure_fatal_word(facts.failure_fatal), traps[i].run, traps[i].fatal,
			traps[i].rules, claims());
		ck_assert_uint_gt(facts.claims.count, 0);
		clear();
	}
}

#endif
