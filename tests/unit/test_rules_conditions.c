/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests/unit/judging_rules.h"

/* A condition that is not understood is never one that holds. */

#define GTEST                                                                                      \
	"Source: foo\nBuild-Depends: debhelper-compat (= 13), libgtest-dev\n\n"                    \
	"Package: foo\nArchitecture: any\n"

/* The run and its failures, of a package with that text as the file of a build system. */
static void expect_of(const char *path, const char *control, const char *text, const char *run)
{
	const char *fatal = strcmp(run, "yes") == 0 || strcmp(run, "partial") == 0 ? "yes"
		: strcmp(run, "unclear") == 0					   ? "unclear"
										   : "n/a";

	add(path, text);
	add("tests/t1.c", NULL);
	if (strcmp(path, "Makefile.am") == 0)
		add("configure.ac", "AC_INIT(foo,1)\n");
	judge(control, DH);
	ck_assert_msg(strcmp(run_at_build_word(facts.run_at_build), run) == 0 &&
			strcmp(failure_fatal_word(facts.failure_fatal), fatal) == 0,
		"%s %s, not %s %s, of\n%s%s", run_at_build_word(facts.run_at_build),
		failure_fatal_word(facts.failure_fatal), run, fatal, text, claims());
	clear();
}

static void cmake(const char *control, const char *text, const char *run)
{
	expect_of("CMakeLists.txt", control, text, run);
}

#define ENABLED "enable_testing()\n"

START_TEST(cmake_conditions_are_told_or_unknown)
{
	cmake(CONTROL_PLAIN, ENABLED "if(UNIX AND NOT WIN32)\nadd_test(a a)\nendif()\n", "yes");
	cmake(CONTROL_PLAIN, ENABLED "if(WIN32)\nadd_test(a a)\nendif()\n", "vacuous");
	cmake(CONTROL_PLAIN, ENABLED "if(WIN32)\nelse()\nadd_test(a a)\nendif()\n", "yes");
	cmake(CONTROL_PLAIN, ENABLED "if(UNIX)\nelse()\nadd_test(a a)\nendif()\n", "vacuous");
	cmake(CONTROL_PLAIN, ENABLED "if(FALSE)\nadd_test(a a)\nendif()\n", "vacuous");
	cmake(CONTROL_PLAIN, ENABLED "if(NOT X)\nadd_test(a a)\nendif()\n", "unclear");
	cmake(CONTROL_PLAIN, ENABLED "if(X)\nelse()\nadd_test(a a)\nendif()\n", "unclear");
	cmake(CONTROL_PLAIN, ENABLED "if(X)\nelseif(UNIX)\nadd_test(a a)\nendif()\n", "unclear");
	cmake(CONTROL_PLAIN, ENABLED "if(WIN32)\nelseif(UNIX)\nadd_test(a a)\nendif()\n", "yes");
	cmake(CONTROL_PLAIN, ENABLED "if(X OR UNIX)\nadd_test(a a)\nendif()\n", "yes");
	cmake(CONTROL_PLAIN, ENABLED "if(NOT (WIN32 OR\n  APPLE))\nadd_test(a a)\nendif()\n",
		"yes");
	cmake(CONTROL_PLAIN,
		ENABLED "if(CMAKE_SYSTEM_NAME STREQUAL \"Windows\")\nadd_test(a a)\nendif()\n",
		"vacuous");
	cmake(CONTROL_PLAIN,
		ENABLED "if(${CMAKE_SYSTEM_NAME} MATCHES \"^Linux|BSD\")\nadd_test(a a)\nendif()\n",
		"yes");
	cmake(CONTROL_PLAIN,
		ENABLED "if(CMAKE_SOURCE_DIR STREQUAL CMAKE_CURRENT_SOURCE_DIR)\n"
			"add_test(a a)\nendif()\n",
		"yes");
	cmake(CONTROL_PLAIN, ENABLED "if(CMAKE_VERSION VERSION_LESS 3.1)\nadd_test(a a)\nendif()\n",
		"vacuous");
	cmake(CONTROL_PLAIN, ENABLED "if(WIN32)\nreturn()\nendif()\nadd_test(a a)\n", "yes");
	cmake(CONTROL_PLAIN, ENABLED "if(NOT X)\nreturn()\nendif()\nadd_test(a a)\n", "unclear");
	cmake(CONTROL_PLAIN, ENABLED "if(UNIX)\nreturn()\nendif()\nadd_test(a a)\n", "vacuous");
}
END_TEST

START_TEST(cmake_frameworks_are_build_dependencies)
{
	static const char found[] = ENABLED "find_package(GTest)\nif(GTest_FOUND)\n"
					    "add_test(a a)\nendif()\n";

	cmake(CONTROL_PLAIN, found, "vacuous");
	cmake(GTEST, found, "yes");
	cmake(GTEST, ENABLED "if(CMOCKA_FOUND)\nadd_test(a a)\nendif()\n", "vacuous");
	cmake(GTEST, ENABLED "if(Foo_FOUND)\nadd_test(a a)\nendif()\n", "unclear");
}
END_TEST

START_TEST(cmake_options_are_what_they_are_set_to)
{
	cmake(CONTROL_PLAIN, "option(T \"t\" ON)\nif(T)\n" ENABLED "add_test(a a)\nendif()\n",
		"yes");
	cmake(CONTROL_PLAIN, "option(T \"t\")\nif(T)\n" ENABLED "add_test(a a)\nendif()\n",
		"vacuous");
	cmake(CONTROL_PLAIN,
		"set(TOP OFF)\nif(PROJECT_IS_TOP_LEVEL)\nset(TOP ON)\nendif()\n"
		"option(T \"t\" ${TOP})\nif(T)\n" ENABLED "add_test(a a)\nendif()\n",
		"yes");
	cmake(CONTROL_PLAIN,
		"if(NOT DEFINED X_MASTER_PROJECT)\nset(X_MASTER_PROJECT ON)\nendif()\n"
		"if(X_MASTER_PROJECT)\n" ENABLED "add_test(a a)\nendif()\n",
		"yes");
	cmake(CONTROL_PLAIN, ENABLED "if(NOT DEFINED GTEST_FOUND)\nadd_test(a a)\nendif()\n",
		"unclear");
	cmake(CONTROL_PLAIN,
		"set(T ON)\nif(X)\nset(T OFF)\nendif()\nif(T)\n" ENABLED "add_test(a a)\nendif()\n",
		"unclear");
	cmake(CONTROL_PLAIN,
		"set(T OFF)\nlist(APPEND T x)\nif(NOT T)\n" ENABLED "add_test(a a)\nendif()\n",
		"unclear");
	cmake(CONTROL_PLAIN,
		"option(A \"a\" ON)\ncmake_dependent_option(T \"t\" ON \"A;UNIX\" "
		"OFF)\nif(T)\n" ENABLED "add_test(a a)\nendif()\n",
		"yes");
	/* BUILD_TESTING is include(CTest)'s. */
	cmake(CONTROL_PLAIN, "include(CTest)\nif(BUILD_TESTING)\nadd_test(a a)\nendif()\n", "yes");
	cmake(CONTROL_PLAIN, ENABLED "if(BUILD_TESTING)\nadd_test(a a)\nendif()\n", "unclear");
	add("CMakeLists.txt", "option(T \"t\" ON)\n" ENABLED "if(T)\nadd_test(a a)\nendif()\n");
	add("tests/t1.c", NULL);
	judge(CONTROL_PLAIN,
		DH "override_dh_auto_configure:\n\tdh_auto_configure -- -DT=$(shell x)\n");
	expect("unclear", "unclear");
	clear();
}
END_TEST

START_TEST(cmake_adds_what_is_called_and_entered)
{
	static const char defined[] =
		ENABLED "function(my_test n)\nadd_test(${n} a)\nendfunction()\n";
	char text[200];

	cmake(CONTROL_PLAIN, defined, "vacuous");
	snprintf(text, sizeof(text), "%smy_test(b)\n", defined);
	cmake(CONTROL_PLAIN, text, "yes");
	snprintf(text, sizeof(text), "%sif(X)\nMy_Test(b)\nendif()\n", defined);
	cmake(CONTROL_PLAIN, text, "unclear");
	cmake(CONTROL_PLAIN, ENABLED "#[[\nadd_test(a a)\n]]\n# add_test(b b)\n", "vacuous");
	cmake(CONTROL_PLAIN, ENABLED "message(\"add_test(a a)\")\n", "vacuous");
	/* Tests are enabled by the top directory, or not at all. */
	add("CMakeLists.txt", "add_subdirectory(tests)\n");
	add("tests/CMakeLists.txt", ENABLED "add_test(a a)\n");
	judge(CONTROL_PLAIN, DH);
	expect("vacuous", "n/a");
	clear();
	add("CMakeLists.txt", ENABLED "add_subdirectory(${WHERE})\n");
	add("tests/CMakeLists.txt", "add_test(a a)\n");
	judge(CONTROL_PLAIN, DH);
	expect("unclear", "unclear");
	clear();
	add("CMakeLists.txt", ENABLED "add_subdirectory(vendor/gtest)\n");
	add("vendor/gtest/CMakeLists.txt", "add_test(a a)\n");
	add("tests/t1.c", NULL);
	judge(CONTROL_PLAIN, DH);
	expect("vacuous", "n/a");
	clear();
}
END_TEST

static void meson(const char *control, const char *text, const char *run)
{
	add("meson_options.txt",
		"option('on', type : 'boolean', description : 'a, value : false')\n"
		"option('off', type : 'boolean', value : false)\n"
		"option('pick', type : 'combo', choices : ['true', 'false'])\n"
		"option('maybe', type : 'feature')\noption('no', type : 'feature', value : "
		"'disabled')\n");
	expect_of("meson.build", control, text, run);
}

START_TEST(meson_conditions_are_told_or_unknown)
{
	meson(CONTROL_PLAIN, "if get_option('on')\n test('a', b)\nendif\n", "yes");
	meson(CONTROL_PLAIN, "if not get_option('on')\n test('a', b)\nendif\n", "vacuous");
	meson(CONTROL_PLAIN, "if get_option('off')\nelse\n test('a', b)\nendif\n", "yes");
	meson(CONTROL_PLAIN, "if get_option('other')\n test('a', b)\nendif\n", "unclear");
	meson(CONTROL_PLAIN,
		"want = get_option('pick')\nif want != 'false'\n test('a', b)\nendif\n", "yes");
	meson(CONTROL_PLAIN, "if get_option('pick') == 'false'\n test('a', b)\nendif\n", "vacuous");
	meson(CONTROL_PLAIN, "if host_machine.system() == 'windows'\n test('a', b)\nendif\n",
		"vacuous");
	meson(CONTROL_PLAIN, "if host_machine.system() == 'linux'\n test('a', b)\nendif\n", "yes");
	meson(CONTROL_PLAIN, "if cc.has_function('x')\n test('a', b)\nendif\n", "unclear");
	meson(CONTROL_PLAIN, "if cc.has_function('x')\nelse\n test('a', b)\nendif\n", "unclear");
	meson(CONTROL_PLAIN, "if get_option('maybe').enabled()\n test('a', b)\nendif\n", "vacuous");
	meson(CONTROL_PLAIN, "if get_option('maybe').allowed()\n test('a', b)\nendif\n", "yes");
	meson(CONTROL_PLAIN, "if not get_option('no').disabled()\n test('a', b)\nendif\n",
		"vacuous");
	meson(CONTROL_PLAIN,
		"if (get_option('on') and\n    not meson.is_cross_build())\n test('a', b)\nendif\n",
		"yes");
	meson(CONTROL_PLAIN, "if get_option('off')\n subdir_done()\nendif\ntest('a', b)\n", "yes");
	meson(CONTROL_PLAIN, "if not get_option('off')\n subdir_done()\nendif\ntest('a', b)\n",
		"vacuous");
	meson(CONTROL_PLAIN,
		"if x\n y = true\nelse\n y = false\nendif\nif y\n test('a', b)\nendif\n",
		"unclear");
	meson(CONTROL_PLAIN, "foo.test('a')\n# test('b', c)\nx = '''\ntest('d', e)\n'''\n",
		"vacuous");
	meson(CONTROL_PLAIN, "subdir(where)\n", "unclear");
}
END_TEST

START_TEST(meson_frameworks_are_build_dependencies)
{
	static const char found[] = "d = dependency('gtest', required : false)\n"
				    "if d.found()\n test('a', b)\nendif\n";
	static const char other[] = "d = dependency('foo', required : false)\n"
				    "if d.found()\n test('a', b)\nendif\n";

	meson(CONTROL_PLAIN, found, "vacuous");
	meson(GTEST, found, "yes");
	meson(CONTROL_PLAIN, other, "unclear");
	meson(CONTROL_PLAIN, "d = dependency('gtest')\nif d.found()\n test('a', b)\nendif\n",
		"yes");
	meson(CONTROL_PLAIN,
		"d = dependency('foo', required : get_option('no'))\nif d.found()\n"
		" test('a', b)\nendif\n",
		"vacuous");
	/* What is not found takes all that names it away. */
	meson(CONTROL_PLAIN,
		"d = dependency('gtest', required : false, disabler : true)\ntest('a', b)\n",
		"unclear");
	meson(GTEST, "d = dependency('gtest', required : false, disabler : true)\ntest('a', b)\n",
		"yes");
}
END_TEST

static void automake_of(const char *control, const char *text, const char *run)
{
	expect_of("Makefile.am", control, text, run);
}

START_TEST(automake_conditions_are_told_or_unknown)
{
	automake_of(CONTROL_PLAIN, "TESTS = a\n", "yes");
	automake_of(CONTROL_PLAIN, "if OS_WIN32\nTESTS = a\nendif\n", "vacuous");
	automake_of(CONTROL_PLAIN, "if !OS_WIN32\nTESTS = a\nendif\n", "yes");
	automake_of(CONTROL_PLAIN, "if OS_WIN32\nX = 1\nelse\nTESTS = a\nendif\n", "yes");
	automake_of(CONTROL_PLAIN, "if HAVE_PYTHON\nTESTS = a\nendif\n", "unclear");
	automake_of(CONTROL_PLAIN, "if !HAVE_PYTHON\nTESTS = a\nendif\n", "unclear");
	automake_of(CONTROL_PLAIN, "if ENABLE_SLOW\nX = 1\nelse\nTESTS = a\nendif\n", "unclear");
	automake_of(CONTROL_PLAIN, "if HAVE_CMOCKA\nTESTS = a\nendif\n", "vacuous");
	automake_of(CONTROL_PLAIN, "if !HAVE_CMOCKA\nTESTS = a\nendif\n", "yes");
	automake_of(GTEST, "if HAVE_GTEST\nTESTS = a\nendif\n", "yes");
	automake_of(CONTROL_PLAIN, "if X\nTESTS = a\nendif\nTESTS += b\n", "yes");
	/* The words of TESTS, and of what it names. */
	automake_of(CONTROL_PLAIN, "TESTS = $(T)\nT = \\\n\ta \\\n\tb\n", "yes");
	automake_of(CONTROL_PLAIN, "TESTS = $(T:.c=)\nT =\n", "vacuous");
	automake_of(CONTROL_PLAIN, "TESTS = $(T)\nif X\nT = a\nendif\n", "unclear");
	automake_of(CONTROL_PLAIN, "TESTS = $(SUBSTITUTED)\n", "unclear");
	automake_of(CONTROL_PLAIN, "TESTS = @T@\n", "unclear");
	automake_of(CONTROL_PLAIN, "TESTS = # none\n", "vacuous");
	/* A hook of which nothing can be told is no test. */
	automake_of(CONTROL_PLAIN, "check-local:\n\t$(X)\n", "unclear");
	automake_of(CONTROL_PLAIN, "check-local:\n\techo ok\n", "vacuous");
	automake_of(CONTROL_PLAIN, "check-local:\n\t./tests/run\n", "yes");
}
END_TEST

START_TEST(automake_goes_where_subdirs_says)
{
	static const struct {
		const char *top, *run;
	} tops[] = {
		{"SUBDIRS = src tests\n", "yes"},
		{"SUBDIRS = src\n", "vacuous"},
		{"SUBDIRS = src $(D)\nD = tests\n", "yes"},
		{"SUBDIRS = src @D@\n", "unclear"},
		{"SUBDIRS = src $(D)\n", "unclear"},
		{"SUBDIRS = src\nif X\nSUBDIRS += tests\nendif\n", "unclear"},
		{"SUBDIRS = src\nif WIN32\nSUBDIRS += tests\nendif\n", "vacuous"},
		{"SUBDIRS = src\nDIST_SUBDIRS = src tests\n", "vacuous"},
		{"SUBDIRS = src vendor/json\n", "vacuous"},
		{"SUBDIRS = src\ninclude $(top_srcdir)/tests/Makefile.am\n", "yes"},
		{"if X\ninclude tests/Makefile.am\nendif\n", "unclear"},
		{"include %D%/tests/Makefile.am\n", "yes"},
		{"include generated.mk\n", "unclear"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(tops); i++) {
		add("tests/Makefile.am", "TESTS = a\n");
		add("vendor/json/Makefile.am", "TESTS = a\n");
		add("src/Makefile.am", "bin_PROGRAMS = foo\n");
		automake_of(CONTROL_PLAIN, tops[i].top, tops[i].run);
	}
}
END_TEST

START_TEST(what_automake_made_is_read_with_its_conditions)
{
	static const char head[] = "# Makefile.in generated by automake 1.16\n";
	static const struct {
		const char *text, *run;
	} texts[] = {
		{"TESTS = a$(EXEEXT)\n", "yes"},
		{"TESTS = $(am__EXEEXT_1)\n@X_TRUE@am__EXEEXT_1 = a\n", "unclear"},
		{"TESTS = $(am__EXEEXT_1)\nam__EXEEXT_1 = a b\n", "yes"},
		{"TESTS =\n", "unclear"},
		{"check-local:\n\t$(X)\n", "unclear"},
		{"check-local:\n\t./tests/run\n", "yes"},
		{"all:\n", "vacuous"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char *text = xasprintf("%s%s", head, texts[i].text);

		add("configure", NULL);
		tree.files[tree.count - 1].is_executable = true;
		expect_of("Makefile.in", CONTROL_PLAIN, text, texts[i].run);
		free(text);
	}
}
END_TEST

/* Each variable names the one before many times over; so do options that ask for options. */
START_TEST(hostile_conditions_end)
{
	struct buffer text = {0};

	buffer_add_text(&text, "TESTS = $(V20)\n");
	for (int i = 1; i <= 20; i++)
		buffer_add_format(&text, "V%d = $(V%d) $(V%d) $(V%d) $(V%d)\n", i, i - 1, i - 1,
			i - 1, i - 1);
	automake_of(CONTROL_PLAIN, buffer_text(&text), "unclear");
	buffer_clear(&text);
	buffer_add_text(&text, "# Makefile.in generated by automake 1.16\nTESTS = $(V7)\n");
	for (int i = 1; i <= 7; i++) {
		buffer_add_format(&text, "V%d =", i);
		for (int j = 0; j < 100; j++)
			buffer_add_format(&text, " $(V%d)", i - 1);
		buffer_add_char(&text, '\n');
	}
	add("configure", NULL);
	tree.files[tree.count - 1].is_executable = true;
	expect_of("Makefile.in", CONTROL_PLAIN, buffer_text(&text), "unclear");
	buffer_clear(&text);
	for (int i = 0; i < 20000; i++)
		buffer_add_text(&text,
			i == 0 ? "d = dependency('a', required : " : "dependency('a', required : ");
	for (int i = 0; i < 20000; i++)
		buffer_add_char(&text, ')');
	buffer_add_text(&text, "\nif d.found()\n test('a', b)\nendif\n");
	meson(CONTROL_PLAIN, buffer_text(&text), "unclear");
	buffer_release(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rules_conditions");
	TCase *tcase = tcase_create("rules_conditions");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, cmake_conditions_are_told_or_unknown);
	tcase_add_test(tcase, cmake_frameworks_are_build_dependencies);
	tcase_add_test(tcase, cmake_options_are_what_they_are_set_to);
	tcase_add_test(tcase, cmake_adds_what_is_called_and_entered);
	tcase_add_test(tcase, meson_conditions_are_told_or_unknown);
	tcase_add_test(tcase, meson_frameworks_are_build_dependencies);
	tcase_add_test(tcase, automake_conditions_are_told_or_unknown);
	tcase_add_test(tcase, automake_goes_where_subdirs_says);
	tcase_add_test(tcase, what_automake_made_is_read_with_its_conditions);
	tcase_add_test(tcase, hostile_conditions_end);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
