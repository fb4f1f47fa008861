/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests/unit/source_package.h"
#include "verifier/coverage/test_script.h"

/* What the script is worth, and the command that decided. */
static void expect(const char *text, enum autopkgtest_quality quality, const char *command)
{
	struct text_list own = {0};
	struct test_script judged;

	source_tree_release(&tree);
	text_list_add(&own, "foo");
	text_list_add(&own, "grep");
	tree_put("debian/tests/lib", "helper() { foo --run it; }\n");
	judged = test_script_judge(&tree, tree_put("debian/tests/t", text), &own);
	ck_assert_msg(judged.quality == quality, "%s: %s, by %s", text,
		autopkgtest_quality_word(judged.quality), judged.command ? judged.command : "-");
	if (command)
		ck_assert_str_eq(judged.command ? judged.command : "-", command);
	free(judged.command);
	text_list_release(&own);
}

START_TEST(looks_are_weak)
{
	static const char *const scripts[] = {
		"#!/bin/sh\nset -e\nfoo --version\n",
		"foo --help >/dev/null 2>&1 && echo ok\n",
		"foo --version | grep -q 1.2\n",
		"for py in $(py3versions -s); do $py -c 'import foo; print(foo)'; done\n",
		"python3.11 -c \"import foo\"\n",
		"perl -MFoo -e 1\n",
		"cat >x.c <<EOF\n#include <foo.h>\nint main(void) { return foo(); }\nEOF\ngcc -o x "
		"x.c\n",
		"#!/usr/bin/python3\nimport foo\nprint(foo.__version__)\n",
		"#!/usr/bin/perl\nuse Test::More;\nuse_ok('Foo');\ndone_testing;\n",
		"case $1 in\nrun) foo --version;;\n*) exit 1;;\nesac\n",
		"usage() { echo no; }\nusage\nfoo -V\n",
		"if [ \"$(foo --version)\" = 1 ] && [[ a < b && c ]]; then echo yes; fi\n",
		"LIST=(a b c)\nfoo --version\n",
		"bar run || true\n",
		"check() { \"$@\" || exit 1; }\ncheck foo --version\n",
		"adduser --quiet x\n${CROSS_COMPILE}gcc -o a a.c\n",
		"results[$TEST]=$RESULT\n",
		"eval $(dpkg-architecture -s)\n",
		"# foo run\necho 'foo run'\n",
		"perl -MFoo -e1\n",
		"python3 -c\"import foo\"\n",
		"pytest --version\n",
		"tox --version && python3 -m pytest --help\n",
		"pytest-3 --collect-only\nctest -N\ncargo test --no-run\n",
		"make -C tests\nninja -C build-test\nmake latest\n",
		"meson setup build test\ngo build -o test\n",
		"ps aux | grep food\n",
		"systemctl is-active foo\nldconfig -p\n",
		"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++)
		expect(scripts[i], AUTOPKGTEST_WEAK, NULL);
}
END_TEST

START_TEST(use_is_functional)
{
	expect("set -e\nfoo --version\nfoo in.txt > out.txt\n", AUTOPKGTEST_FUNCTIONAL,
		"foo in.txt");
	expect("echo abc | grep -c b\n", AUTOPKGTEST_FUNCTIONAL, "grep -c b");
	expect("gcc -o x x.c\n./x\n", AUTOPKGTEST_FUNCTIONAL, "./x");
	expect("foo run || { echo failed; exit 1; }\n", AUTOPKGTEST_FUNCTIONAL, "foo run");
	expect("timeout 10 env A=b foo run\n", AUTOPKGTEST_FUNCTIONAL, NULL);
	expect(". debian/tests/lib\nhelper\n", AUTOPKGTEST_FUNCTIONAL, "foo --run it");
	expect(". \"$(dirname \"$0\")/lib\"\n", AUTOPKGTEST_FUNCTIONAL, "foo --run it");
	expect("#!/usr/bin/python3\nimport foo\nassert foo.add(1, 2) == 3\n",
		AUTOPKGTEST_FUNCTIONAL, "assert foo.add(1, 2) == 3");
	expect("case x in\na) foo --version;;\nb|c) foo run;;\nesac\n", AUTOPKGTEST_FUNCTIONAL,
		"foo run");
	expect("out=$(foo run)\n", AUTOPKGTEST_FUNCTIONAL, "foo run");
	expect("if [ \"$(foo run | head)\" = x ]; then exit 1; fi\n", AUTOPKGTEST_FUNCTIONAL,
		"foo run");
	expect("check() { \"$@\" || exit 1; }\ncheck foo run\n", AUTOPKGTEST_FUNCTIONAL, NULL);
	expect("pytest-3 debian/tests/own.py\n", AUTOPKGTEST_FUNCTIONAL, NULL);
}
END_TEST

START_TEST(a_suite_of_upstreams_is_one)
{
	static const char *const scripts[] = {
		"cd src\nmake check\n",
		"make -C tests VERBOSE=1 installcheck\n",
		"python3 -m pytest tests\n",
		"for p in $(py3versions -s); do $p -m unittest discover; done\n",
		"prove -r t\n",
		"cp -r tests $AUTOPKGTEST_TMP && cd $AUTOPKGTEST_TMP && pytest-3\n",
		"exec ./run-tests.sh\n",
		"go test ./...\n",
		"runuser -u $U -- env TERM=x make -C t test\n",
		"for i in 3.11; do python${i} -m pytest -v tests; done\n",
		"make -C tests -f Makefile.local -j tests\n",
		"for t in a b; do ./tests/$t >/dev/null; done\n",
		"annotate-output +%H /usr/lib/foo/tests/run-tests x\n",
		"/usr/share/cargo/bin/cargo-auto-test foo 1 --all-features\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++)
		expect(scripts[i], AUTOPKGTEST_UPSTREAM_SUITE, NULL);
	/* Its failure is thrown away. */
	expect("make check || true\n", AUTOPKGTEST_WEAK, NULL);
	expect("make check || :\n", AUTOPKGTEST_WEAK, NULL);
	expect("make\n", AUTOPKGTEST_WEAK, NULL);
}
END_TEST

static void judge(const char *control)
{
	source_facts_release(&facts);
	tree_put("debian/tests/control", control);
	autopkgtest_judge(&tree, "amd64", &facts);
}

static void fresh(const char *testsuite)
{
	source_tree_release(&tree);
	tree_put("debian/control", "Source: foo\n\nPackage: foo\n");
	tree_put("debian/tests/good", "foo in >out\n");
	tree_put("debian/tests/weak", "foo --version\n");
	tree.testsuite = testsuite ? strdup(testsuite) : NULL;
}

START_TEST(stanzas_say_what_they_are)
{
	fresh("autopkgtest");
	judge("Tests: weak, good\nDepends: @\n\nTests: good\nRestrictions: superficial\n\n"
	      "# a remark\nTests: good\nRestrictions: needs-root flaky\nFeatures: test-name=x\n\n"
	      "Restrictions: hint-testsuite-triggers\nTests: nothing\nDepends: gcc\n");
	ck_assert_int_eq(facts.has_autopkgtest, KNOWN_YES);
	ck_assert_int_eq(facts.autopkgtest_quality, AUTOPKGTEST_FUNCTIONAL);
	ck_assert_uint_eq(facts.autopkgtest_count, 3);
	ck_assert_int_eq(facts.autopkgtests[0].quality, AUTOPKGTEST_FUNCTIONAL);
	ck_assert_uint_eq(facts.autopkgtests[0].names.count, 2);
	ck_assert_int_eq(facts.autopkgtests[1].quality, AUTOPKGTEST_SUPERFICIAL_ONLY);
	ck_assert_int_eq(facts.autopkgtests[2].quality, AUTOPKGTEST_FLAKY_ONLY);
	ck_assert_uint_eq(facts.autopkgtests[2].restrictions.count, 3);
	ck_assert(is_claimed("this stanza is no test"));
	ck_assert(is_claimed("debian/tests/good:1"));
}
END_TEST

static void expect_quality(
	const char *control, enum known has, enum autopkgtest_quality quality, const char *claimed)
{
	fresh("autopkgtest");
	judge(control);
	ck_assert_msg(facts.has_autopkgtest == has && facts.autopkgtest_quality == quality,
		"%s: %d %s", control, (int)facts.has_autopkgtest,
		autopkgtest_quality_word(facts.autopkgtest_quality));
	if (claimed)
		ck_assert_msg(is_claimed(claimed), "%s is not claimed", claimed);
}

START_TEST(a_stanza_of_another_architecture_shows_nothing)
{
	fresh("autopkgtest");
	judge("Tests: good\nArchitecture: s390x ppc64el\n\nTests: weak\n");
	ck_assert_int_eq(facts.autopkgtest_quality, AUTOPKGTEST_WEAK);
	fresh("autopkgtest");
	judge("Tests: good\nArchitecture: !amd64\n");
	ck_assert_int_eq(facts.autopkgtest_quality, AUTOPKGTEST_NONE);
	fresh("autopkgtest");
	judge("Tests: good\nArchitecture: linux-any\n");
	ck_assert_int_eq(facts.autopkgtest_quality, AUTOPKGTEST_FUNCTIONAL);
	fresh("autopkgtest");
	judge("Tests: good\nArchitecture: !s390x\n");
	ck_assert_int_eq(facts.autopkgtest_quality, AUTOPKGTEST_FUNCTIONAL);
}
END_TEST

START_TEST(the_best_that_is_a_test_counts)
{
	expect_quality("Tests: weak\n", KNOWN_YES, AUTOPKGTEST_WEAK, "debian/tests/weak");
	expect_quality("Tests: good\nRestrictions: superficial\n", KNOWN_YES,
		AUTOPKGTEST_SUPERFICIAL_ONLY, "superficial");
	expect_quality(
		"Tests: good\nRestrictions: flaky\n", KNOWN_YES, AUTOPKGTEST_FLAKY_ONLY, "flaky");
	expect_quality("Tests: x\nRestrictions: hint-testsuite-triggers\n", KNOWN_NO,
		AUTOPKGTEST_NONE, "no stanza that is a test");
	expect_quality("Tests: absent\n", KNOWN_YES, AUTOPKGTEST_NONE, "no file of its own");
	expect_quality("Tests: good\nRestrictions: no-such-thing\n", KNOWN_YES, AUTOPKGTEST_NONE,
		"no-such-thing");
	expect_quality("Tests: good\nRestrictions: isolation-machine\n", KNOWN_YES,
		AUTOPKGTEST_FUNCTIONAL, "containers only");
	expect_quality("Test-Command: make check\n", KNOWN_YES, AUTOPKGTEST_UPSTREAM_SUITE, NULL);
	expect_quality("Test-Command: foo --version\n", KNOWN_YES, AUTOPKGTEST_WEAK, NULL);
	expect_quality(
		"Test-Command: sh debian/tests/good\n", KNOWN_YES, AUTOPKGTEST_FUNCTIONAL, NULL);
	expect_quality("", KNOWN_NO, AUTOPKGTEST_NONE, NULL);
	/* As autopkgtest has them, remarks stand anywhere. */
	expect_quality("# one\nTests: weak,\n# two\n good # three\n", KNOWN_YES,
		AUTOPKGTEST_FUNCTIONAL, NULL);
	ck_assert_uint_eq(facts.autopkgtests[0].line, 2);
	expect_quality("no field\n", KNOWN_UNKNOWN, AUTOPKGTEST_UNKNOWN, "not read to its end");
	expect_quality("Tests: weak\n\nno field\n", KNOWN_YES, AUTOPKGTEST_WEAK, "line 3");
}
END_TEST

START_TEST(declarations_and_files_are_held_together)
{
	fresh(NULL);
	judge("Tests: good\n");
	ck_assert(!facts.is_testsuite_declared);
	ck_assert(is_claimed("Debian CI does not run it"));

	fresh("autopkgtest");
	source_facts_release(&facts);
	autopkgtest_judge(&tree, "amd64", &facts);
	ck_assert_int_eq(facts.has_autopkgtest, KNOWN_NO);
	ck_assert(is_claimed("there is no debian/tests/control"));

	fresh(NULL);
	source_facts_release(&facts);
	tree.is_packaging_whole = false;
	autopkgtest_judge(&tree, "amd64", &facts);
	ck_assert_int_eq(facts.has_autopkgtest, KNOWN_UNKNOWN);
	ck_assert_int_eq(facts.autopkgtest_quality, AUTOPKGTEST_UNKNOWN);
}
END_TEST

static void expect_generated(
	const char *testsuite, enum known has, enum autopkgtest_quality quality)
{
	fresh(testsuite);
	source_facts_release(&facts);
	autopkgtest_judge(&tree, "amd64", &facts);
	ck_assert_msg(facts.has_autopkgtest == has && facts.autopkgtest_quality == quality,
		"%s: %s", testsuite, autopkgtest_quality_word(facts.autopkgtest_quality));
}

START_TEST(what_autodep8_makes_is_what_it_says)
{
	expect_generated("autopkgtest-pkg-go", KNOWN_YES, AUTOPKGTEST_GENERATED);
	expect_generated("autopkgtest, autopkgtest-pkg-perl", KNOWN_YES, AUTOPKGTEST_GENERATED);
	/* Its own stanzas say that they are superficial. */
	expect_generated("autopkgtest-pkg-python", KNOWN_YES, AUTOPKGTEST_SUPERFICIAL_ONLY);
	expect_generated("autopkgtest-pkg-dkms", KNOWN_YES, AUTOPKGTEST_SUPERFICIAL_ONLY);
	/* It has no such kinds, and makes nothing. */
	expect_generated("autopkgtest-pkg-xyz", KNOWN_NO, AUTOPKGTEST_NONE);
	expect_generated("autopkgtest-pkg-gopher", KNOWN_NO, AUTOPKGTEST_NONE);
}
END_TEST

START_TEST(what_was_not_read_is_not_known)
{
	fresh("autopkgtest");
	tree_put("debian/tests/binary", NULL);
	judge("Tests: binary\n");
	ck_assert_int_eq(facts.autopkgtest_quality, AUTOPKGTEST_UNKNOWN);
	ck_assert_int_eq(facts.has_autopkgtest, KNOWN_YES);
	/* Upstream's tarball was not given; and with it, the test has no file. */
	fresh("autopkgtest");
	tree_put("debian/tests/control", "Tests: a\nTests-Directory: t/\n");
	tree.is_upstream_whole = false;
	source_facts_release(&facts);
	autopkgtest_judge(&tree, "amd64", &facts);
	ck_assert_int_eq(facts.autopkgtest_quality, AUTOPKGTEST_UNKNOWN);
	tree.is_upstream_whole = true;
	source_facts_release(&facts);
	autopkgtest_judge(&tree, "amd64", &facts);
	ck_assert_int_eq(facts.autopkgtest_quality, AUTOPKGTEST_NONE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("autopkgtest");
	TCase *tcase = tcase_create("core");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, package_setup, package_teardown);
	tcase_add_test(tcase, looks_are_weak);
	tcase_add_test(tcase, use_is_functional);
	tcase_add_test(tcase, a_suite_of_upstreams_is_one);
	tcase_add_test(tcase, stanzas_say_what_they_are);
	tcase_add_test(tcase, a_stanza_of_another_architecture_shows_nothing);
	tcase_add_test(tcase, the_best_that_is_a_test_counts);
	tcase_add_test(tcase, declarations_and_files_are_held_together);
	tcase_add_test(tcase, what_autodep8_makes_is_what_it_says);
	tcase_add_test(tcase, what_was_not_read_is_not_known);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
