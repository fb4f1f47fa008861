/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests/unit/judging_rules.h"

/* Some tests are not all, listing is not running, and a mask is one wherever it stands. */

#define ANY DH "override_dh_auto_test:\n\t"

#define PYBUILD_DH "%:\n\tdh $@ --buildsystem=pybuild\n"
#define CUSTOM	   "export PYBUILD_TEST_CUSTOM=1\n"

static void cmake(void)
{
	add("CMakeLists.txt", "enable_testing()\nadd_test(a a)\n");
	add("tests/t1.c", NULL);
}

static void meson(void)
{
	add("meson.build", "test('a', b)\n");
	add("tests/t1.c", NULL);
}

static void python(void)
{
	add("setup.py", "");
	add("tests/__init__.py", "");
	add("tests/test_a.py", "class A(unittest.TestCase):\n\tpass\n");
	add("tests/test_b.py", "class B(unittest.TestCase):\n\tpass\n");
	add("tests/data.py", "");
}

static void perl(void)
{
	add("Makefile.PL", NULL);
	add("t/a.t", NULL);
	add("t/b.t", NULL);
}

static void golang(void)
{
	add("go.mod", NULL);
	add("a_test.go", NULL);
}

static void cargo(void)
{
	add("Cargo.toml", "");
	add("tests/a.rs", NULL);
}

START_TEST(some_tests_are_a_part)
{
	static const struct trap traps[] = {
		{cmake, ANY "ctest\n", "yes", "yes"},
		{cmake, ANY "ctest --output-on-failure -j 4\n", "yes", "yes"},
		{cmake, ANY "ctest -R smoke\n", "partial", "yes"},
		{cmake, ANY "ctest -E 'x|y'\n", "partial", "yes"},
		{cmake, ANY "dh_auto_test -- ARGS=\"-E x\"\n", "partial", "yes"},
		{cmake, ANY "dh_auto_test -- ARGS=\"-j1 -V\"\n", "yes", "yes"},
		{meson, ANY "meson test -C build --print-errorlogs -t 3\n", "yes", "yes"},
		{meson, ANY "meson test --suite unit\n", "partial", "yes"},
		{meson, ANY "meson test -C build one\n", "partial", "yes"},
		{meson, ANY "dh_auto_test -- --no-suite=slow\n", "partial", "yes"},
		{meson, ANY "dh_auto_test -- --timeout-multiplier 3\n", "yes", "yes"},
		{meson, ANY "meson test --no-suite slow\n\t-meson test --suite slow\n", "yes",
			"partly"},
		{meson, ANY "meson test --no-suite slow\n\tmeson test --suite fast\n", "partial",
			"yes"},
		{meson, ANY "debian/wrap --a b -- meson test -C x\n", "yes", "yes"},
		{python, ANY "pytest tests\n", "yes", "yes"},
		{python, ANY "pytest-3 -v -p no:cacheprovider\n", "yes", "yes"},
		{python, ANY "pytest tests/test_a.py\n", "partial", "yes"},
		{python, ANY "python3 -m pytest -k \"not net\"\n", "partial", "yes"},
		{python, ANY "python3 -m unittest tests.test_a\n", "partial", "yes"},
		{python, ANY "python3 -m unittest discover -v tests\n", "yes", "yes"},
		{python, ANY "python3 tests/test_a.py\n", "partial", "yes"},
		{perl, ANY "prove -b -r t\n", "yes", "yes"},
		{perl, ANY "prove t/*.t\n", "yes", "yes"},
		{perl, ANY "prove t/a.t\n", "partial", "yes"},
		{perl, ANY "dh_auto_test -- TEST_FILES=\"t/a.t\"\n", "partial", "yes"},
		{golang, ANY "go test ./...\n", "yes", "yes"},
		{golang, ANY "go test -run TestA ./...\n", "partial", "yes"},
		{golang, ANY "go test example.org/x/a\n", "partial", "yes"},
		{golang, DH "override_dh_auto_test:\n\tdh_auto_test -- -skip TestA\n", "partial",
			"yes"},
		{cargo, ANY "cargo test --all --features x\n", "yes", "yes"},
		{cargo, ANY "cargo test -- --skip a\n", "partial", "yes"},
		{automake, ANY "make check\n", "yes", "yes"},
		{automake, ANY "make check TESTS=t1\n", "partial", "yes"},
		{automake, ANY "make check TESTS=\n", "vacuous", "n/a"},
		{automake, ANY "dh_auto_test -- TESTS=\n", "vacuous", "n/a"},
	};

	spring(CONTROL, traps, ARRAY_SIZE(traps));
}
END_TEST

START_TEST(listing_and_compiling_run_nothing)
{
	static const struct trap traps[] = {
		{cmake, ANY "ctest -N\n", "no", "n/a"},
		{cmake, ANY "dh_auto_test -- ARGS=-N\n", "vacuous", "n/a"},
		{meson, ANY "meson test --list\n", "no", "n/a"},
		{meson, ANY "meson setup build test\n", "no", "n/a"},
		{meson, ANY "dh_auto_test -- --list\n", "vacuous", "n/a"},
		{python, ANY "pytest --collect-only\n", "no", "n/a"},
		{python, ANY "pytest --version\n", "no", "n/a"},
		{perl, ANY "prove --version\n", "no", "n/a"},
		{golang, ANY "go test -c ./...\n", "no", "n/a"},
		{golang, ANY "go build -o test ./cmd\n", "no", "n/a"},
		{cargo, ANY "cargo test --no-run\n", "no", "n/a"},
		{cargo, ANY "cargo build --bin test\n", "no", "n/a"},
		{automake, ANY "dh_auto_test -- -n\n", "vacuous", "n/a"},
	};

	spring(CONTROL, traps, ARRAY_SIZE(traps));
}
END_TEST

START_TEST(masks_are_seen_wherever_they_stand)
{
	static const struct trap traps[] = {
		{python, "export PYBUILD_TEST_ARGS=-v || true\n" PYBUILD_DH, "yes", "no"},
		{python, "export PYBUILD_TEST_ARGS=-v\n" PYBUILD_DH, "yes", "yes"},
		{python, "export PYBUILD_TEST_ARGS=-k a\n" PYBUILD_DH, "partial", "yes"},
		{python, "export PYBUILD_TEST_ARGS={dir}/tests/test_a.py\n" PYBUILD_DH, "partial",
			"yes"},
		{python, "export PYBUILD_TEST_ARGS=--collect-only\n" PYBUILD_DH, "vacuous", "n/a"},
		{python, "export PYBUILD_TEST_ARGS=$(shell x)\n" PYBUILD_DH, "partial", "unclear"},
		{python, CUSTOM "export PYBUILD_TEST_ARGS=true\n" PYBUILD_DH, "vacuous", "n/a"},
		{python, CUSTOM "export PYBUILD_TEST_ARGS={interpreter} -m pytest\n" PYBUILD_DH,
			"yes", "yes"},
		{python,
			CUSTOM "export PYBUILD_TEST_ARGS={interpreter} -m pytest || :\n" PYBUILD_DH,
			"yes", "no"},
		{automake, ANY "dh_auto_test -- --ignore-errors\n", "yes", "no"},
		{automake, ANY "dh_auto_test -- -ki\n", "yes", "no"},
		{automake, ANY "dh_auto_test -- -k -j1\n", "yes", "yes"},
		{automake, "export MAKEFLAGS += -i\n" DH, "yes", "no"},
		{automake, "MAKEFLAGS = ki\n" DH, "yes", "no"},
		{automake, "MAKEFLAGS += -j4 --no-print-directory\n" DH, "yes", "yes"},
	};

	spring(CONTROL, traps, ARRAY_SIZE(traps));
}
END_TEST

START_TEST(a_folder_of_tests_makes_no_test)
{
	static const struct trap traps[] = {
		{automake, "build:\n\tsh tests/setup.sh\nbinary:\n", "unclear", "unclear"},
		{automake, "build:\n\t./tests/install-fixtures\nbinary:\n", "unclear", "unclear"},
		{automake, "build:\n\tperl test/mkdata.pl >x.h\nbinary:\n", "unclear", "unclear"},
		{automake, "build:\n\t./tests/run-tests.sh\nbinary:\n", "yes", "yes"},
		/* What makes the makefile may leave the target empty, as qmake does. */
		{python, "build:\n\tmake check\nbinary:\n", "unclear", "unclear"},
	};

	spring(CONTROL_PLAIN, traps, ARRAY_SIZE(traps));
	add("Makefile",
		"TESTPROGS = $(shell ls)\ncheck:\n\t$(MAKE) $(TESTPROGS)\n"
		"\t$(MAKE) -C $(TESTPROGS) all\n");
	add("tests/t1.c", NULL);
	judge(CONTROL_PLAIN, DH);
	expect("unclear", "unclear");
	clear();
	/* Who looks at the source runs nothing of it. */
	add("Makefile", "check:\n\tcppcheck src\n\tshellcheck tests/*.sh\n");
	add("tests/t1.c", NULL);
	judge(CONTROL_PLAIN, DH);
	expect("vacuous", "n/a");
	clear();
	/* A loop over directories is gone into. */
	add("Makefile",
		"SUBDIRS = src tests\ncheck-recursive:\n\tfor d in $(SUBDIRS); do (cd $$d && "
		"$(MAKE) check) || exit 1; done\ncheck: check-recursive\n");
	add("tests/Makefile", "check:\n\t./t1\n");
	judge(CONTROL_PLAIN, DH);
	expect("yes", "yes");
	clear();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rules_selection");
	TCase *tcase = tcase_create("rules_selection");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, some_tests_are_a_part);
	tcase_add_test(tcase, listing_and_compiling_run_nothing);
	tcase_add_test(tcase, masks_are_seen_wherever_they_stand);
	tcase_add_test(tcase, a_folder_of_tests_makes_no_test);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
