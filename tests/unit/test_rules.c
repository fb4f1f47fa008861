/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/judging_rules.h"

START_TEST(dh_runs_the_tests_unless_it_is_told_otherwise)
{
	static const struct trap traps[] = {
		{automake, DH, "yes", "yes"},
		{plain, DH, "yes", "yes"},
		{automake, "build binary clean:\n\tdh $@ --with autoreconf\n", "yes", "yes"},
		{automake, "%:\n\tdh ${@} --builddirectory=_build --parallel\n", "yes", "yes"},
		{automake, DH "override_dh_auto_test:\n", "no", "n/a"},
		{automake, DH "override_dh_auto_test: ;\n", "no", "n/a"},
		{automake, DH "override_dh_auto_test:\n\t# they fail\n", "no", "n/a"},
		{automake, DH "override_dh_auto_test:\n\techo no tests\n", "no", "n/a"},
		{automake, DH "override_dh_auto_build override_dh_auto_test:\n\ttrue\n", "no",
			"n/a"},
		{automake, DH ".PHONY: override_dh_auto_test\n", "no", "n/a"},
		{automake, DH "override_dh_auto_%:\n\ttrue\n", "yes", "yes"},
		{automake, DH "override_dh_auto_test:\n\tdh_auto_test\n", "yes", "yes"},
		{automake, DH "override_dh_auto_test:\n\tdh_auto_test -- VERBOSE=1\n", "yes",
			"yes"},
		{automake, DH "override_dh_auto_test:\n\tenv -u X dh_auto_test -a --no-act\n", "no",
			"n/a"},
		{automake, DH "execute_after_dh_auto_test:\n\techo done\n", "yes", "yes"},
		{automake, DH "execute_before_dh_auto_test:\n", "yes", "yes"},
		{automake, DH "override_dh_auto_test-indep:\n", "yes", "yes"},
		{automake, DH "override_dh_auto_test-arch:\n", "no", "n/a"},
		{automake,
			DH
			"override_dh_auto_test:\n"
			"ifeq (,$(filter nocheck,$(DEB_BUILD_OPTIONS)))\n\t$(MAKE) check\nendif\n",
			"yes", "yes"},
		{automake,
			DH "ifneq (,$(filter nocheck,$(DEB_BUILD_OPTIONS)))\n"
			   "override_dh_auto_test:\nendif\n",
			"yes", "yes"},
		{automake, "export DEB_BUILD_OPTIONS=nocheck\n" DH, "no", "n/a"},
		{automake, "DEB_BUILD_OPTIONS += nocheck\n" DH, "no", "n/a"},
		{automake,
			DH "override_dh_auto_configure:\n\tdh_auto_configure -- --disable-tests\n",
			"no", "n/a"},
		{automake,
			DH "override_dh_auto_build:\n\tdh_auto_build\n\tmake check\n"
			   "override_dh_auto_test:\n",
			"yes", "yes"},
		{automake, "build:\n\tdh build --before dh_auto_test\n\tdh build --remaining\n",
			"unclear", "unclear"},
		{automake, "binary:\n\tdh binary\nbuild:\n\t./configure\n\tmake\n", "no", "n/a"},
		{automake, "%:\n\tdh $@\nbuild build-arch build-indep:\n\tmake\n", "no", "n/a"},
		{automake, DH "build:\n\t./configure\n\tmake\n\tmake check\n", "yes", "yes"},
	};

	spring(CONTROL_PLAIN, traps, ARRAY_SIZE(traps));
}
END_TEST

START_TEST(nothing_to_run_is_not_a_test)
{
	static const struct trap traps[] = {
		{nothing, DH, "none", "n/a"},
		{automake_without, DH, "none", "n/a"},
		{nothing, "build:\n\tmake\n", "none", "n/a"},
		{automake_without, DH "override_dh_auto_test:\n\t$(MAKE) check\n", "vacuous",
			"n/a"},
	};

	spring(CONTROL_PLAIN, traps, ARRAY_SIZE(traps));

	/* A target that does nothing, one that only builds, and none at all beside a suite. */
	add("Makefile", "all:\n\tcc x\ncheck: all\n");
	add("tests/one.sh", NULL);
	judge(CONTROL_PLAIN, DH);
	expect("vacuous", "n/a");
	clear();
	add("Makefile", "all:\n\tcc x\ncheck:\n\t@echo there are no tests\n\t$(CC) -o t t.c\n");
	add("tests/one.sh", NULL);
	judge(CONTROL_PLAIN, "build:\n\tmake\n\tmake check\n");
	expect("vacuous", "n/a");
	clear();
	add("Makefile", "all:\n\tcc x\n");
	add("tests/one.sh", NULL);
	judge(CONTROL_PLAIN, DH);
	expect("vacuous", "n/a");
	clear();
	/* `test` is taken first, and it does nothing. */
	add("Makefile", "test:\n\t@true\ncheck:\n\t./tests/run\n");
	add("tests/run", NULL);
	judge(CONTROL_PLAIN, DH);
	expect("vacuous", "n/a");
	clear();
	/* A hook of automake's that only talks. */
	automake_without();
	add("tests/Makefile.am", "check-local:\n\t@echo none yet\n");
	judge(CONTROL_PLAIN, DH);
	expect("vacuous", "n/a");
	clear();
	/* gettext's own has a `check` that builds. */
	automake_without();
	add("po/Makefile.in.in", "check: all\nall:\n\tmsgfmt x\n");
	judge(CONTROL_PLAIN, DH);
	expect("none", "n/a");
	clear();
	/* What the makefile includes is not here. */
	add("Makefile", "include config.mk\nall:\n");
	add("tests/run", NULL);
	judge(CONTROL_PLAIN, DH);
	expect("unclear", "unclear");
	clear();
	add("Makefile",
		"check: check-lib check-bin\ncheck-lib:\n\t$(CC) -o a a.c\ncheck-bin: all\n"
		"\tcd tests && perl harness.pl\n");
	add("tests/harness.pl", NULL);
	judge(CONTROL_PLAIN, DH);
	expect("yes", "yes");
	clear();
}
END_TEST

START_TEST(masked_failures_are_seen)
{
	static const struct trap traps[] = {
		{automake, DH "override_dh_auto_test:\n\tdh_auto_test || true\n", "yes", "no"},
		{automake, DH "override_dh_auto_test:\n\t-dh_auto_test\n", "yes", "no"},
		{automake, DH "override_dh_auto_test:\n\t@-dh_auto_test\n", "yes", "no"},
		{automake, DH "override_dh_auto_test:\n\tdh_auto_test || :\n", "yes", "no"},
		{automake, DH "override_dh_auto_test:\n\tdh_auto_test; true\n", "yes", "no"},
		{automake, DH "override_dh_auto_test:\n\t$(MAKE) check | tee log\n", "yes", "no"},
		{automake, DH "override_dh_auto_test:\n\t$(MAKE) -i check\n", "yes", "no"},
		{automake, DH "override_dh_auto_test:\n\t$(MAKE) -k check\n", "yes", "yes"},
		{automake, DH "override_dh_auto_test:\n\tset -e; set +e; make check; echo x\n",
			"yes", "no"},
		{automake, DH "override_dh_auto_test:\n\tdh_auto_test || { cat log; false; }\n",
			"yes", "yes"},
		{automake,
			DH "override_dh_auto_test:\n\tdh_auto_test || \\\n\t\t(cat log; exit 1)\n",
			"yes", "yes"},
		{automake,
			DH "override_dh_auto_test:\n\t$(if $(filter hurd,$(DEB_HOST_ARCH_OS)),-)"
			   "dh_auto_test\n",
			"yes", "yes"},
		{automake,
			DH "ifneq ($(DEB_HOST_ARCH),amd64)\nIGNORE = -\nendif\n"
			   "override_dh_auto_test:\n\t$(IGNORE)dh_auto_test\n",
			"yes", "yes"},
		{automake,
			DH
			"override_dh_auto_test:\nifeq ($(DEB_HOST_ARCH_OS),linux)\n\tdh_auto_test\n"
			"else\n\tdh_auto_test || true\nendif\n",
			"yes", "yes"},
		{automake,
			DH "override_dh_auto_test:\n\tdh_auto_test -Bone\n\tdh_auto_test -Btwo || "
			   "true\n",
			"yes", "partly"},
		{automake,
			DH "override_dh_auto_test:\n\tfor d in a b; do make -C $$d check; done\n",
			"yes", "partly"},
		{automake, DH "override_dh_auto_test:\n\tmake check; s=$$?; cat log; exit $$s\n",
			"yes", "yes"},
		{automake, DH "override_dh_auto_test:\n\tmake check; exit $$(cat status)\n", "yes",
			"unclear"},
		{automake, "build:\n\t-$(MAKE) -f debian/rules run\nrun:\n\tmake check\n", "yes",
			"no"},
		{automake,
			"SHELL = /bin/bash -o pipefail\n" DH
			"override_dh_auto_test:\n\tmake check | tee log\n",
			"yes", "yes"},
		{automake, DH ".ONESHELL:\noverride_dh_auto_test:\n\tmake check\n\techo done\n",
			"yes", "no"},
		{automake,
			DH "define run\n\tcd x\n\t-make check\nendef\n"
			   "override_dh_auto_test:\n\t$(run)\n",
			"yes", "no"},
		{automake, DH ".IGNORE:\n", "yes", "no"},
		{automake, DH "override_dh_auto_test:\n\tdh_auto_test || debian/failed\n", "yes",
			"unclear"},
	};

	spring(CONTROL_PLAIN, traps, ARRAY_SIZE(traps));
}
END_TEST

START_TEST(conditions_are_not_guessed)
{
	static const struct trap traps[] = {
		{automake,
			DH "override_dh_auto_test:\nifeq ($(DEB_HOST_ARCH),amd64)\n\tdh_auto_test\n"
			   "endif\n",
			"yes", "yes"},
		{automake,
			DH "override_dh_auto_test:\nifeq ($(DEB_HOST_ARCH),arm64)\n\tdh_auto_test\n"
			   "endif\n",
			"no", "n/a"},
		{automake,
			DH "override_dh_auto_test:\nifeq ($(shell uname),Linux)\n\tdh_auto_test\n"
			   "endif\n",
			"unclear", "unclear"},
		{automake, DH "ifeq ($(shell uname),Linux)\noverride_dh_auto_test:\nendif\n",
			"unclear", "unclear"},
		{automake, DH "override_dh_auto_test:\n\tif [ -d /sys ]; then dh_auto_test; fi\n",
			"unclear", "unclear"},
		{automake,
			DH
			"override_dh_auto_test:\nifeq (,$(filter stage1,$(DEB_BUILD_PROFILES)))\n"
			"\tdh_auto_test\nendif\n",
			"yes", "yes"},
		{automake,
			DH "override_dh_auto_test:\nifneq (,$(filter pkg.foo.check,"
			   "$(DEB_BUILD_PROFILES)))\n\tdh_auto_test\nendif\n",
			"no", "n/a"},
		{automake, DH "override_dh_auto_test:\nifdef RUN_TESTS\n\tdh_auto_test\nendif\n",
			"no", "n/a"},
		{automake, DH "override_dh_auto_test:\n\tcat <<EOF | make check\n", "unclear",
			"unclear"},
		{automake, "include /usr/share/own/rules.mk\n", "unclear", "unclear"},
		/* It may switch off what stands nowhere; what stands in a recipe it does not. */
		{automake, "include /usr/share/own/rules.mk\n" DH, "unclear", "unclear"},
		{automake, "include /usr/share/own/rules.mk\nbuild:\n\t./configure\n\tmake check\n",
			"yes", "yes"},
		{automake, "include /usr/share/dpkg/default.mk\n" DH, "yes", "yes"},
	};

	spring(CONTROL_PLAIN, traps, ARRAY_SIZE(traps));
}
END_TEST

START_TEST(rules_without_dh_are_followed)
{
	static const struct trap traps[] = {
		{automake, "build: stamp\nstamp:\n\t./configure\n\t$(MAKE)\n\t$(MAKE) check\n",
			"yes", "yes"},
		{automake, "build: stamp\nstamp:\n\t$(MAKE)\ncheck:\n\t$(MAKE) check\n", "no",
			"n/a"},
		{automake,
			"build: build-arch build-indep\nbuild-arch: check\ncheck: stamp\n"
			"\t$(MAKE) -C obj check\nstamp:\n\t$(MAKE)\n",
			"yes", "yes"},
		{automake,
			"build build-%: stamp-%\n\nbuild: stamp-one\nstamp-%: %.test\n\ttouch $@\n"
			"%.test:\n\tcd x && ./runtests\n",
			"yes", "yes"},
		{automake,
			"binary: binary-arch\nbinary-arch: build\nbuild:: a\nbuild:: b\na:\nb:\n"
			"\tdh_auto_test\n",
			"yes", "yes"},
		{automake,
			"T = lib bin\nbuild: $(addprefix test-,$(T))\n"
			"$(addprefix test-,$(T)): test-%: %.stamp\n\t$(MAKE) -C $* "
			"check\n%.stamp:\n",
			"yes", "yes"},
		{automake, "build:\n\t$(MAKE) distcheck\n\tmake test-build clean-test\n", "no",
			"n/a"},
		{automake, "build:\n\tmake -n check\n", "no", "n/a"},
		{automake, "clean:\n\tmake check\nbuild:\n\tmake\n", "no", "n/a"},
		{automake, "build:\n\ttest -f x || make\n\tdh_testdir\n", "no", "n/a"},
	};

	spring(CONTROL_PLAIN, traps, ARRAY_SIZE(traps));
}
END_TEST

START_TEST(the_kind_of_package_decides_which_override_counts)
{
	automake();
	judge(CONTROL_ALL,
		DH "override_dh_auto_test-arch:\n\tdh_auto_test\n"
		   "override_dh_auto_test-indep:\n");
	expect("no", "n/a");
	expect_claim("debian/rules:5", "override_dh_auto_test-indep is empty");
	clear();
	automake();
	judge(CONTROL_BOTH,
		DH "override_dh_auto_test-arch:\n\tdh_auto_test\n"
		   "override_dh_auto_test-indep:\n");
	expect("yes", "yes");
	clear();
	automake();
	judge(CONTROL_BOTH, DH "override_dh_auto_test:\n");
	expect("no", "n/a");
	clear();
}
END_TEST

START_TEST(a_guard_by_a_dependency_needs_it_declared)
{
	static const char am[] = "if HAVE_CMOCKA\nTESTS = t1\nendif\n";

	add("configure.ac", "x\n");
	add("Makefile.am", am);
	judge("Source: foo\nBuild-Depends: debhelper-compat (= 13), libcmocka-dev\n\nPackage: foo\n"
	      "Architecture: any\n",
		DH);
	expect("yes", "yes");
	clear();
	add("configure.ac", "x\n");
	add("Makefile.am", am);
	add("tests/x", NULL);
	judge(CONTROL_PLAIN, DH);
	expect("vacuous", "n/a");
	clear();
	/* Of a switch whose default is not known nothing is claimed. */
	add("configure.ac", "x\n");
	add("Makefile.am", "if ENABLE_TESTS\nSUBDIRS = tests\nendif\n");
	add("tests/Makefile.am", "TESTS = a\n");
	judge(CONTROL_PLAIN, DH);
	expect("unclear", "unclear");
	clear();
	add("configure.ac", "x\n");
	add("Makefile.am", "if ENABLE_TESTS\nSUBDIRS = tests\nendif\n");
	add("tests/Makefile.am", "TESTS = a\n");
	judge(CONTROL_PLAIN,
		DH "override_dh_auto_configure:\n\tdh_auto_configure -- --enable-tests\n");
	expect("yes", "yes");
	clear();
}
END_TEST

/* What has these build dependencies and a condition that rests on a framework. */
static void expect_guarded(const char *depends, const char *run)
{
	char *control = xasprintf("Source: foo\nBuild-Depends: debhelper-compat (= 13), %s\n\n"
				  "Package: foo\nArchitecture: any\n",
		depends);

	add("configure.ac", "AC_INIT(foo,1)\n");
	add("Makefile.am", "if HAVE_CMOCKA\nTESTS = a\nendif\n");
	add("tests/a.c", NULL);
	judge(control, DH);
	ck_assert_msg(strcmp(run_at_build_word(facts.run_at_build), run) == 0, "%s: %s%s", depends,
		run_at_build_word(facts.run_at_build), claims());
	clear();
	free(control);
}

START_TEST(a_dependency_counts_where_it_is_there)
{
	expect_guarded("libcmocka-dev", "yes");
	expect_guarded("libcmocka-dev (>= 1) [amd64 arm64] <!nocheck>", "yes");
	expect_guarded("libcmocka-dev [!amd64]", "vacuous");
	expect_guarded("libcmocka-dev [arm64]", "vacuous");
	expect_guarded("libcmocka-dev <pkg.foo.tests>", "vacuous");
	expect_guarded("libcmocka-dev <!nocheck !stage1>", "yes");
	expect_guarded("libcmocka-dev <!nocheck stage1>", "vacuous");
	expect_guarded("libcmocka-dev <stage1> <!cross>", "yes");
	expect_guarded("libcmocka-dev (<< 2)", "yes");
	expect_guarded("foo | libcmocka-dev", "vacuous");
}
END_TEST

START_TEST(what_ships_is_built_by_its_own_step)
{
	static const struct trap traps[] = {
		{automake, DH "override_dh_auto_test-arch:\n", "partial", "yes"},
		{automake, DH "override_dh_auto_test-indep:\n", "yes", "yes"},
		{automake,
			"build: build-arch build-indep\nbuild-arch:\n\ttrue\nbuild-indep:\n"
			"\tmake check\nbinary-arch binary-indep:\n",
			"partial", "yes"},
		{automake,
			"build: build-arch build-indep\nbuild-arch:\n\tmake check\nbuild-indep:\n"
			"binary-arch binary-indep:\n",
			"yes", "yes"},
	};

	spring(CONTROL_BOTH, traps, ARRAY_SIZE(traps));
}
END_TEST

START_TEST(what_is_not_known_may_switch_tests_off)
{
	static const struct trap traps[] = {
		{automake, "export DEB_BUILD_OPTIONS += $(shell x)\n" DH, "unclear", "unclear"},
		{automake, "ifeq ($(shell x),y)\nexport DEB_BUILD_OPTIONS += nocheck\nendif\n" DH,
			"unclear", "unclear"},
		{automake, "export DEB_BUILD_OPTIONS += parallel=1\n" DH, "yes", "yes"},
		/* An unread makefile may set any variable. */
		{automake,
			"include /usr/share/x/x.mk\nbuild:\nifeq ($(RUN_TESTS),)\n\tmake check\n"
			"endif\nbinary:\n",
			"unclear", "unclear"},
		{automake,
			"include /usr/share/x/x.mk\nbuild:\nifndef SKIP\n\tmake check\n"
			"endif\nbinary:\n",
			"unclear", "unclear"},
		{automake, "include /usr/share/x/x.mk\nbuild:\n\tmake check\nbinary:\n", "yes",
			"yes"},
	};

	spring(CONTROL_PLAIN, traps, ARRAY_SIZE(traps));
	add("tests/test_a.py", "def test_a():\n\tpass\n");
	judge(CONTROL, "export PYBUILD_DISABLE=$(shell x)\n%:\n\tdh $@ --buildsystem=pybuild\n");
	expect("unclear", "unclear");
	clear();
}
END_TEST

START_TEST(a_part_of_the_tests_is_a_part)
{
	add("configure.ac", "x\n");
	add("Makefile.in", "check: all\n\t./run-all\nunit:\n\t./unit\n");
	add("tests/x", NULL);
	judge(CONTROL_PLAIN, DH "override_dh_auto_test:\n\t$(MAKE) unit\n");
	expect("partial", "yes");
	clear();
	automake();
	judge(CONTROL_PLAIN, DH "override_dh_auto_test:\n\t$(MAKE) check TESTS='a b'\n");
	expect("partial", "yes");
	clear();
}
END_TEST

START_TEST(claims_name_the_line_that_shows_it)
{
	automake();
	judge(CONTROL_PLAIN,
		"# one\n" DH "\noverride_dh_auto_test:\n\techo a\n\tdh_auto_test || true\n");
	expect("yes", "no");
	expect_claim("debian/rules:7", "a failure does not break the build");
	ck_assert(facts.claims.items[0].has_sha256);
	clear();
	automake();
	judge(CONTROL_PLAIN, DH "override_dh_auto_test:\n");
	expect_claim("debian/rules:3", "override_dh_auto_test is empty");
	clear();
	tree_sort(&tree);
	rules_judge(&tree, "amd64", &facts);
	expect("unclear", "unclear");
	expect_claim("debian/rules", "not in the source");
	clear();
}
END_TEST

/* What was not read is not known: no answer rests on its absence. */
START_TEST(a_tree_without_upstream_decides_little)
{
	is_cut_off = true;
	judge(CONTROL_PLAIN, DH);
	expect("unclear", "unclear");
	expect_claim("debian/rules", "not read whole");
	clear();
	judge(CONTROL_PLAIN, DH "override_dh_auto_test:\n");
	expect("unclear", "unclear");
	clear();
	judge(CONTROL_PLAIN, DH "override_dh_auto_test:\n\tmake check\n");
	expect("unclear", "unclear");
	clear();
	automake();
	judge(CONTROL_PLAIN, DH);
	expect("yes", "yes");
	clear();
	is_cut_off = false;
}
END_TEST

START_TEST(patches_switch_on_what_is_there)
{
	automake();
	judge(CONTROL_PLAIN,
		"#!/usr/bin/make -f\n\n" DH "\noverride_dh_auto_test:\n\t# they fail\n\n"
		"override_dh_fixperms:\n\tdh_fixperms\n");
	ck_assert_str_eq(facts.patch,
		"--- a/debian/rules\n+++ b/debian/rules\n@@ -3,8 +3,5 @@\n %:\n \tdh $@\n \n"
		"-override_dh_auto_test:\n-\t# they fail\n-\n override_dh_fixperms:\n"
		" \tdh_fixperms\n");
	clear();
	automake();
	judge(CONTROL_PLAIN, "include /usr/share/cdbs/1/class/autotools.mk\n");
	ck_assert_str_eq(facts.patch,
		"--- a/debian/rules\n+++ b/debian/rules\n@@ -1,1 +1,2 @@\n"
		"+DEB_MAKE_CHECK_TARGET = check\n include /usr/share/cdbs/1/class/autotools.mk\n");
	clear();
	automake();
	judge(CONTROL_PLAIN, "build:\n\t./configure\n\t$(MAKE) V=1\n\ttouch build\n");
	ck_assert_str_eq(facts.patch,
		"--- a/debian/rules\n+++ b/debian/rules\n@@ -1,4 +1,7 @@\n build:\n \t./configure\n"
		" \t$(MAKE) V=1\n+ifeq (,$(filter nocheck,$(DEB_BUILD_OPTIONS)))\n"
		"+\t$(MAKE) V=1 check\n+endif\n \ttouch build\n");
	clear();
	/* What the override does besides must not go. */
	automake();
	judge(CONTROL_PLAIN, DH "override_dh_auto_test:\n\tcp a b\n");
	ck_assert_ptr_null(facts.patch);
	clear();
	automake();
	judge(CONTROL_PLAIN, DH);
	ck_assert_ptr_null(facts.patch);
	clear();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rules");
	TCase *tcase = tcase_create("rules");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, NULL, clear);
	tcase_add_test(tcase, dh_runs_the_tests_unless_it_is_told_otherwise);
	tcase_add_test(tcase, nothing_to_run_is_not_a_test);
	tcase_add_test(tcase, masked_failures_are_seen);
	tcase_add_test(tcase, conditions_are_not_guessed);
	tcase_add_test(tcase, rules_without_dh_are_followed);
	tcase_add_test(tcase, the_kind_of_package_decides_which_override_counts);
	tcase_add_test(tcase, a_guard_by_a_dependency_needs_it_declared);
	tcase_add_test(tcase, a_dependency_counts_where_it_is_there);
	tcase_add_test(tcase, what_ships_is_built_by_its_own_step);
	tcase_add_test(tcase, what_is_not_known_may_switch_tests_off);
	tcase_add_test(tcase, a_part_of_the_tests_is_a_part);
	tcase_add_test(tcase, claims_name_the_line_that_shows_it);
	tcase_add_test(tcase, a_tree_without_upstream_decides_little);
	tcase_add_test(tcase, patches_switch_on_what_is_there);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
