/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/judging_rules.h"

START_TEST(every_build_system_has_its_own_way)
{
	/* CMake: ctest, and what switches it off. */
	add("CMakeLists.txt", "project(x)\nenable_testing()\nadd_subdirectory(tests)\n");
	add("tests/CMakeLists.txt", "add_test(NAME a COMMAND a)\n");
	judge(CONTROL_PLAIN, DH);
	expect("yes", "yes");
	clear();
	add("CMakeLists.txt",
		"option(BUILD_TESTS \"Build them\" OFF)\nif(BUILD_TESTS)\n"
		"enable_testing()\nadd_subdirectory(tests)\nendif()\n");
	add("tests/CMakeLists.txt", "add_test(NAME a COMMAND a)\n");
	judge(CONTROL_PLAIN, DH);
	expect("vacuous", "n/a");
	clear();
	add("CMakeLists.txt",
		"option(BUILD_TESTS \"Build them\" OFF)\nif(BUILD_TESTS)\n"
		"enable_testing()\nadd_subdirectory(tests)\nendif()\n");
	add("tests/CMakeLists.txt", "add_test(NAME a COMMAND a)\n");
	judge(CONTROL_PLAIN,
		DH "override_dh_auto_configure:\n\tdh_auto_configure -- -DBUILD_TESTS=ON\n");
	expect("yes", "yes");
	clear();
	add("CMakeLists.txt", "include(CTest)\nadd_subdirectory(tests)\n");
	add("tests/CMakeLists.txt", "add_test(a a)\n");
	judge(CONTROL_PLAIN,
		DH "override_dh_auto_configure:\n\tdh_auto_configure -- -DBUILD_TESTING=OFF\n");
	expect("no", "n/a");
	expect_claim("debian/rules:2", "-DBUILD_TESTING=OFF");
	clear();
	/* An option of the package's own. */
	add("CMakeLists.txt",
		"option(FOO_TESTS \"Build them\" ON)\nenable_testing()\nif(FOO_TESTS)\n"
		"add_subdirectory(tests)\nendif()\n");
	add("tests/CMakeLists.txt", "add_test(a a)\n");
	judge(CONTROL_PLAIN,
		DH "override_dh_auto_configure:\n\tdh_auto_configure -- -DFOO_TESTS:BOOL=OFF\n");
	expect("vacuous", "n/a");
	clear();
	/* Without enable_testing() there is no target `test`. */
	add("CMakeLists.txt", "project(x)\nadd_subdirectory(tests)\n");
	add("tests/CMakeLists.txt", "add_test(a a)\n");
	judge(CONTROL_PLAIN, DH);
	expect("vacuous", "n/a");
	clear();
	/* Only what is entered from the top counts. */
	add("CMakeLists.txt", "project(x)\nenable_testing()\nadd_subdirectory(src)\n");
	add("src/CMakeLists.txt", "add_library(x x.c)\n");
	add("examples/tests/CMakeLists.txt", "add_test(a a)\n");
	judge(CONTROL_PLAIN, DH);
	expect("vacuous", "n/a");
	clear();
	/* Meson. */
	add("meson.build", "project('x')\nif get_option('tests')\n  subdir('tests')\nendif\n");
	add("meson_options.txt", "option('tests', type : 'boolean', value : true)\n");
	add("tests/meson.build", "test('a', exe)\n");
	judge(CONTROL_PLAIN, DH);
	expect("yes", "yes");
	clear();
	add("meson.build", "project('x')\nif get_option('tests')\n  subdir('tests')\nendif\n");
	add("meson_options.txt", "option('tests', type : 'boolean', value : false)\n");
	add("tests/meson.build", "test('a', exe)\n");
	judge(CONTROL_PLAIN, DH);
	expect("vacuous", "n/a");
	clear();
	add("meson.build", "project('x')\n");
	judge(CONTROL_PLAIN, DH);
	expect("none", "n/a");
	clear();
	/* Perl. */
	add("Makefile.PL", NULL);
	add("t/a.t", NULL);
	judge(CONTROL_ALL, DH);
	expect("yes", "yes");
	clear();
	add("Build.PL", NULL);
	judge(CONTROL_ALL, DH);
	expect("none", "n/a");
	clear();
}
END_TEST

#define PYBUILD "%:\n\tdh $@ --with python3 --buildsystem=pybuild\n"

START_TEST(pybuild_finds_what_it_can)
{
	add("tests/test_a.py", "def test_a():\n\tpass\n");
	judge(CONTROL, PYBUILD);
	expect("yes", "yes");
	clear();
	/* Without pytest, unittest's discovery finds none of these, and is content. */
	add("tests/test_a.py", "def test_a():\n\tpass\n");
	judge(CONTROL_PLAIN, PYBUILD);
	expect("vacuous", "n/a");
	clear();
	add("tests/test_a.py", "class A(unittest.TestCase):\n\tpass\n");
	judge(CONTROL_PLAIN, PYBUILD);
	expect("vacuous", "n/a");
	clear();
	add("tests/test_a.py", "class A(unittest.TestCase):\n\tpass\n");
	add("tests/__init__.py", "");
	judge(CONTROL_PLAIN, PYBUILD);
	expect("yes", "yes");
	clear();
	add("tests/test_a.py", NULL);
	judge(CONTROL, "export PYBUILD_DISABLE=test\n" PYBUILD);
	expect("no", "n/a");
	expect_claim("debian/rules:1", "PYBUILD_DISABLE");
	clear();
	add("tests/test_a.py", NULL);
	judge(CONTROL,
		"export PYBUILD_DISABLE_python3=test\n" PYBUILD "override_dh_auto_test:\n"
		"\tdh_auto_test || true\n");
	expect("no", "n/a");
	clear();
	add("tests/test_a.py", NULL);
	judge(CONTROL, PYBUILD "override_dh_auto_test:\n\tpython3 -m pytest tests || true\n");
	expect("yes", "no");
	clear();
	add("tests/run.py", NULL);
	judge(CONTROL,
		"export PYBUILD_TEST_CUSTOM=1\nexport PYBUILD_TEST_ARGS=python3 "
		"tests/run.py\n" PYBUILD);
	expect("yes", "yes");
	clear();
}
END_TEST

START_TEST(other_languages_have_theirs)
{
	add("x_test.go", NULL);
	judge(CONTROL_ALL, "%:\n\tdh $@ --builddirectory=_build --buildsystem=golang\n");
	expect("yes", "yes");
	clear();
	add("x.go", NULL);
	judge(CONTROL_ALL, "%:\n\tdh $@ --buildsystem=golang\n");
	expect("none", "n/a");
	clear();
	add("spec/a_spec.rb", NULL);
	judge(CONTROL_ALL, "%:\n\tdh $@ --buildsystem=ruby --with ruby\n");
	expect("vacuous", "n/a");
	clear();
	add("spec/a_spec.rb", NULL);
	add("debian/ruby-tests.rake", "x\n");
	judge(CONTROL_ALL, "%:\n\tdh $@ --buildsystem=ruby --with ruby\n");
	expect("yes", "yes");
	clear();
	add("debian/ruby-tests.rake", "x\n");
	judge(CONTROL_ALL, "export DH_RUBY_IGNORE_TESTS=all\n%:\n\tdh $@ --buildsystem=ruby\n");
	expect("yes", "no");
	clear();
	/* cargo only compiles in that step, unless it is told to test. */
	add("tests/a.rs", NULL);
	judge(CONTROL_PLAIN, "%:\n\tdh $@ --buildsystem cargo\n");
	expect("vacuous", "n/a");
	clear();
	add("tests/a.rs", NULL);
	judge(CONTROL_PLAIN,
		"%:\n\tdh $@ --buildsystem cargo\noverride_dh_auto_test:\n"
		"\tdh_auto_test -- test --all\n");
	expect("yes", "yes");
	clear();
	add("tests/a.rs", NULL);
	judge(CONTROL_PLAIN,
		"%:\n\tdh $@ --buildsystem cargo\noverride_dh_auto_test:\n"
		"\tdh_auto_test -- build --all\n");
	expect("vacuous", "n/a");
	clear();
	/* Loading the module is no test. */
	add("test/index.js", NULL);
	judge(CONTROL_ALL, "%:\n\tdh $@ --with nodejs\n");
	expect("vacuous", "n/a");
	clear();
	add("test/index.js", NULL);
	add("debian/tests/pkg-js/test", "mocha\n");
	judge(CONTROL_ALL, "%:\n\tdh $@ --with nodejs\n");
	expect("yes", "yes");
	clear();
	/* cdbs. */
	automake();
	judge(CONTROL_PLAIN,
		"DEB_MAKE_CHECK_TARGET = check\n"
		"include /usr/share/cdbs/1/class/autotools.mk\n");
	expect("yes", "yes");
	clear();
	automake();
	judge(CONTROL_PLAIN, "include /usr/share/cdbs/1/class/autotools.mk\n");
	expect("no", "n/a");
	clear();
	add("tests/T.hs", NULL);
	judge(CONTROL_PLAIN, "include /usr/share/cdbs/1/class/hlibrary.mk\n");
	expect("no", "n/a");
	clear();
	add("tests/T.hs", NULL);
	judge(CONTROL_PLAIN,
		"DEB_ENABLE_TESTS = yes\ninclude /usr/share/cdbs/1/class/hlibrary.mk\n");
	expect("yes", "yes");
	clear();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rules_systems");
	TCase *tcase = tcase_create("rules_systems");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, NULL, clear);
	tcase_add_test(tcase, every_build_system_has_its_own_way);
	tcase_add_test(tcase, pybuild_finds_what_it_can);
	tcase_add_test(tcase, other_languages_have_theirs);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
