/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests/unit/source_package.h"

/* Three patches on one text, a file that one adds and another changes, and one that goes. */
#define PATCHED                                                                                    \
	"put x-1/tests/Makefile.am 'TESTS = a'; put x-1/Makefile all:; put x-1/gone/Makefile\n"    \
	"seq 40 >x-1/meson.build; orig; mkdir -p debian/patches; cp -r x-1 a; cp -r x-1 b\n"       \
	"sed -i 's/^7$/seven/; s/^30$/thirty/' b/meson.build; rm -r b/gone\n"                      \
	"put b/new/meson.build \"test('x')\"; diff -ruN a b >debian/patches/1.patch || :\n"        \
	"cp -r b c; sed -i '1,5d; s/^8$/eight/' c/meson.build; echo more >>c/new/meson.build\n"    \
	"diff -ruN b c >debian/patches/2.patch || :\n"                                             \
	"cp -r x-1 d; echo 'TESTS =' >d/tests/Makefile.am\n"                                       \
	"diff -ru a d >debian/patches/sub/3.patch || :\n"

static void expect_sha256(const char *path)
{
	const struct tree_file *file = source_tree_find(&tree, path);
	struct digest expected;

	hash_memory(file->text, file->len, &expected);
	ck_assert(digest_equal(&file->sha256, &expected));
}

START_TEST(the_series_is_applied_to_texts)
{
	package("mkdir -p debian/patches/sub\n" PATCHED
		"printf '1.patch\n2.patch -p1 # why\n\nsub/3.patch\n' >debian/patches/series\n"
		"debian; dsc '3.0 (quilt)'; cp c/meson.build expected");
	package_read();
	ck_assert_ptr_null(tree.trouble);
	ck_assert_str_eq(text_of("tests/Makefile.am"), "TESTS =\n");
	ck_assert_str_eq(text_of("new/meson.build"), "test('x')\nmore\n");
	ck_assert_ptr_null(source_tree_find(&tree, "gone/Makefile"));
	ck_assert_str_eq(text_of("Makefile"), "all:\n");
	shell("cmp expected c/meson.build");
	ck_assert_ptr_nonnull(strstr(text_of("meson.build"), "6\nseven\neight\n9\n"));
	ck_assert_int_eq(strncmp(text_of("meson.build"), "6\n", 2), 0);
	expect_sha256("meson.build");
	expect_sha256("tests/Makefile.am");
	ck_assert(!source_tree_find(&tree, "meson.build")->is_unknown);
}
END_TEST

/* The text is taken away, and that is said; all others are as they were. */
static void expect_unknown(const char *path, const char *trouble)
{
	package_read();
	ck_assert_str_eq(text_of(path), "(none)");
	ck_assert(source_tree_find(&tree, path)->is_unknown);
	ck_assert_str_eq(text_of("Makefile"), "all:\n");
	if (trouble)
		ck_assert_msg(tree.trouble && strstr(tree.trouble, trouble), "%s",
			tree.trouble ? tree.trouble : "no trouble");
}

START_TEST(a_text_that_no_patch_fits_is_unknown)
{
	package("mkdir -p debian/patches/sub\n" PATCHED
		"echo 2.patch >debian/patches/series; debian; dsc '3.0 (quilt)'");
	package_read();
	ck_assert(source_tree_find(&tree, "meson.build")->is_unknown);
	ck_assert_ptr_nonnull(
		strstr(tree.trouble, "debian/patches/2.patch does not apply to meson.build"));
	/* Nor is there the file that 1.patch would have made. */
	ck_assert_ptr_nonnull(strstr(tree.trouble, "changes new/meson.build, which is not there"));
	ck_assert_str_eq(text_of("Makefile"), "(none)");
	/* Context with one byte changed, which patch(1) would take with a fuzz. */
	package("rm x_1-1*; sed -i 's/^ 4$/ four/' debian/patches/1.patch\n"
		"echo 1.patch >debian/patches/series; debian; dsc '3.0 (quilt)'");
	expect_unknown("meson.build", "1.patch does not apply");
	/* A hunk that ends too soon. */
	package("rm x_1-1*; head -c -20 debian/patches/sub/3.patch >debian/patches/1.patch\n"
		"debian; dsc '3.0 (quilt)'");
	expect_unknown("tests/Makefile.am", "1.patch does not apply");
	/* git renames what patch(1) would rename as well. */
	package("rm x_1-1*\n"
		"printf 'rename from tests/Makefile.am\nrename to Makefile.am\n' "
		">debian/patches/1.patch; debian; dsc '3.0 (quilt)'");
	package_read();
	ck_assert_ptr_null(source_tree_find(&tree, "tests/Makefile.am"));
	ck_assert(source_tree_find(&tree, "Makefile.am")->is_unknown);
	ck_assert_str_eq(text_of("Makefile.am"), "(none)");
}
END_TEST

START_TEST(who_applies_a_series_depends_on_the_format)
{
	/* Without quilt nothing says that they are applied, or that they are not. */
	package("mkdir -p debian/patches/sub\n" PATCHED
		"echo sub/3.patch >debian/patches/series; mv debian x-1; native\n"
		"dsc '3.0 (native)'");
	expect_unknown("tests/Makefile.am", NULL);
	package("rm x_1.tar.gz x_1-1.dsc; put x-1/debian/control 'Build-Depends: quilt'; native\n"
		"dsc '3.0 (native)'");
	package_read();
	ck_assert_str_eq(text_of("tests/Makefile.am"), "TESTS =\n");
	/* As the series says. */
	package("rm x_1.tar.gz x_1-1.dsc; sed -i 's,^\\([-+]* \\)[ad]/,\\1,' "
		"x-1/debian/patches/sub/3.patch; echo 'sub/3.patch -p0' "
		">x-1/debian/patches/series\n"
		"native; dsc '3.0 (native)'");
	package_read();
	ck_assert_str_eq(text_of("tests/Makefile.am"), "TESTS =\n");
	/* What is not in it may be applied by the build; in "3.0 (quilt)" it is not. */
	package("rm x_1.tar.gz x_1-1.dsc; mv x-1/debian .; sed -i 's,^\\([-+]* \\),\\1a/,' "
		"debian/patches/sub/3.patch; : >debian/patches/series; debian\n"
		"dsc '3.0 (quilt)'");
	package_read();
	ck_assert_str_eq(text_of("tests/Makefile.am"), "TESTS = a\n");
	package("rm x_1-1*; printf 'build:\\n\\tpatch -p1 "
		"<debian/patches/sub/3.patch\\n' >debian/rules; debian; dsc '3.0 (quilt)'");
	expect_unknown("tests/Makefile.am", NULL);
}
END_TEST

/* Upstream's texts, as they are behind 3.patch; NULL: none of them is known. */
static void expect_series(const char *script, const char *expected)
{
	struct buffer text = {0};

	buffer_add_format(&text,
		"rm -rf x_* debian x-1 a b c d\nmkdir -p debian/patches/sub\n" PATCHED
		"%s\ndebian; dsc '3.0 (quilt)'",
		script);
	package(buffer_text(&text));
	buffer_release(&text);
	package_read();
	ck_assert_msg(strcmp(text_of("tests/Makefile.am"), expected ? expected : "(none)") == 0,
		"%s\n%s%s", script, text_of("tests/Makefile.am"), tree.trouble ? tree.trouble : "");
	ck_assert_str_eq(text_of("Makefile"), expected ? "all:\n" : "(none)");
	ck_assert(!expected == !!(tree.trouble && strstr(tree.trouble, "texts are not known")));
}

START_TEST(a_name_in_the_series_is_read_as_dpkg_source_does)
{
	expect_series("mv debian/patches/sub/3.patch 'debian/patches/a#b'; "
		      "echo 'a#b -p1 # why' >debian/patches/series",
		"TESTS =\n");
	expect_series("echo ./sub//./3.patch >debian/patches/series", "TESTS =\n");
	expect_series("printf '\\f\\v sub/3.patch \\f\\r\\n' >debian/patches/series", "TESTS =\n");
	expect_series("printf '# sub/3.patch\\n  #sub/3.patch\\n\\f\\n' >debian/patches/series",
		"TESTS = a\n");
	/* Every level is 1 to it. */
	expect_series("echo 'sub/3.patch -p0' >debian/patches/series", "TESTS =\n");
	/* One that it has of its own goes before, and is all. */
	expect_series("echo sub/3.patch >debian/patches/series; : >debian/patches/debian.series",
		"TESTS = a\n");
	expect_series("echo sub/3.patch >debian/patches/debian.series; : >debian/patches/series",
		"TESTS =\n");
}
END_TEST

START_TEST(a_patch_that_was_not_read_leaves_no_text)
{
	static const char *const scripts[] = {
		"echo missing.patch >debian/patches/series",
		"echo ../patches/sub/3.patch >debian/patches/series",
		"printf 'sub/3.patch\\nsub/./3.patch\\n' >debian/patches/series",
		"gzip debian/patches/sub/3.patch; echo sub/3.patch.gz >debian/patches/series",
		"ln -s sub/3.patch debian/patches/4.patch; echo 4.patch >debian/patches/series",
		"ln debian/patches/sub/3.patch debian/patches/z; rm -rf x; mkdir x; "
		"mv debian/patches/sub/3.patch x; ln x/3.patch debian/patches/sub/3.patch; "
		"echo z >debian/patches/series; ln -f debian/patches/z debian/patches/a",
		"ln -s sub debian/patches/way; echo way/3.patch >debian/patches/series",
		"ln -s sub/s debian/patches/series; echo sub/3.patch >debian/patches/sub/s",
		"ln -s nowhere debian/patches/debian.series; : >debian/patches/series",
		"echo sub/3.patch >debian/patches/series; mv debian/patches debian/p; "
		"ln -s p debian/patches",
		/* Of upstream's debian/ nothing is there any more. */
		"mkdir -p x-1/debian/patches; mv debian/patches/sub/3.patch x-1/debian/patches\n"
		"orig; echo 3.patch >debian/patches/series",
	};

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++)
		expect_series(scripts[i], NULL);
}
END_TEST

#define RENAMED "; echo sub/3.patch >debian/patches/series; sed -i 's,^\\([-+]* \\)[ad]/tests/,\\1"
START_TEST(a_name_in_a_patch_is_read_or_leaves_no_text)
{
	expect_series(":" RENAMED "a/./tests//./,' debian/patches/sub/3.patch", "TESTS =\n");
	expect_series(":" RENAMED "a//tests/,' debian/patches/sub/3.patch", "TESTS =\n");
	expect_series(":" RENAMED "a/x/../tests/,' debian/patches/sub/3.patch", NULL);
	expect_series(":" RENAMED ",' debian/patches/sub/3.patch", NULL);
	/* No file of that name is there, and none is made. */
	expect_series(":" RENAMED "a/nowhere/,' debian/patches/sub/3.patch", NULL);
	ck_assert_ptr_nonnull(strstr(
		tree.trouble, "sub/3.patch changes nowhere/Makefile.am, which is not there"));
}
END_TEST

/* After that line of the hook the texts are known, or not: of the top's makefile, and of tests/. */
static void expect_recipe(const char *rule, const char *line, bool is_top_known, bool is_known)
{
	struct buffer text = {0};

	buffer_add_format(
		&text, "cat >debian/rules <<'END'\n%%:\n\tdh $@\n%s:\n\t%s\nEND\n", rule, line);
	buffer_add_text(&text, "rm -f x_1-1*; debian; dsc '3.0 (quilt)'");
	package(buffer_text(&text));
	buffer_release(&text);
	package_read();
	ck_assert_ptr_null(tree.trouble);
	ck_assert_msg(strcmp(text_of("Makefile"), is_top_known ? "all:\n" : "(none)") == 0,
		"%s: %s", line, text_of("Makefile"));
	ck_assert_msg(
		strcmp(text_of("tests/Makefile.am"), is_known ? "TESTS = a\n" : "(none)") == 0,
		"%s: %s", line, text_of("tests/Makefile.am"));
	ck_assert_int_eq(source_tree_find(&tree, "tests/Makefile.am")->is_unknown, !is_known);
	ck_assert(!is_known || !is_top_known || tree.rewrite_count == 0);
	ck_assert(is_top_known || tree.rewrite_count > 0);
}

START_TEST(a_text_that_a_recipe_may_change_is_unknown)
{
	static const struct {
		const char *line;
		bool is_top_known, is_known;
	} lines[] = {
		/* Any file may be meant. */
		{"patch -Np1 -i debian/fix.diff", false, false},
		{"patch -p1 < debian/fix.diff", false, false},
		{"cat debian/patches/sub/3.patch | patch -p1", false, false},
		{"patch -p0 < debian/patches/sub/3.patch", false, false},
		{"cd tests && patch -p1 < debian/patches/sub/3.patch", false, false},
		{"git apply debian/fix.diff", false, false},
		{"quilt import debian/fix.diff && quilt push -a", false, false},
		{"sed -i s/TESTS/XTESTS/ $$(cat debian/list)", false, false},
		{"find . -name '*.am' | grep . | xargs sed -i s/a/b/", false, false},
		{"for f in a $$X; do sed -i s/a/b/ $$f; done", false, false},
		{"cp -r debian/more/. .", false, false},
		{"cp debian/more/* .", false, true},
		{"cp -a debian/more/* .", false, false},
		{"cp -r debian/more/tests .", true, false},
		{"echo >$(shell date)", false, false},
		/* The patch that may be applied is known. */
		{"patch -p1 < debian/patches/sub/3.patch", true, false},
		{"patch -Np1 -i debian/patches/sub/3.patch", true, false},
		{"patch tests/Makefile.am <debian/fix.diff", true, false},
		/* A file. */
		{"sed -i s/TESTS/XTESTS/ tests/Makefile.am", true, false},
		{"cd tests; sed -i -e s/TESTS/XTESTS/ Makefile.am", false, false},
		{"sed -e 's/$$x/y/' -ni.bak ./tests//Makefile.in", true, false},
		{"perl -pi -e 's/$$a/b/' $(CURDIR)/tests/Makefile", true, false},
		{"find -name '*.am' | xargs sed -i s/a/b/", true, false},
		{"find . -name Makefile.am -exec sed -i s/a/b/ {} +", false, false},
		{"for f in x tests/Makefile.am; do sed -i s/a/b/ $$f; done", true, false},
		{"cp debian/am tests/Makefile.am", true, false},
		{"cp debian/Makefile.am tests", true, false},
		{"cp debian/*.am tests/", true, false},
		{"cp -t tests debian/Makefile.am", true, false},
		{"mv tests/Makefile.am tests/old", true, false},
		{"install -Dm 644 debian/am tests/Makefile.am", true, false},
		{"ln -sf ../debian/am tests/Makefile.am", true, false},
		{"echo TESTS = >tests/Makefile.am", true, false},
		{"echo TESTS = | tee tests/Makefile.am", true, false},
		{"printf 'a\\n' | ed tests/Makefile.am", true, false},
		{">tests/Makefile.am", true, false},
		{"sed -i s/a/b/ tests/$$X.am", true, false},
		{"sed -i s/a/b/ build/Makefile.am", false, false},
		/* No file that says how it is tested. */
		{"sed -i s/a/b/ src/main.c debian/x/Makefile.am", true, true},
		{"sed s/a/b/ tests/Makefile.am >debian/am", true, true},
		{"sed -i s/a/b/ debian/$$X/Makefile", true, true},
		{"find debian -name '*.am' | xargs cat", true, true},
		{"find debian/tmp | xargs sed -i s/a/b/", true, true},
		{"cp Makefile debian/tmp/", true, true},
		{"cp tests/Makefile.am Makefile.stash", true, true},
		{"install -d tests", true, true},
		{"echo x >>/dev/null 2>&1", true, true},
		{"patch --dry-run -p1 < debian/fix.diff", true, false},
	};

	package("mkdir -p debian/patches/sub\n" PATCHED ": >debian/patches/series");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		expect_recipe("override_dh_auto_configure", lines[i].line, lines[i].is_top_known,
			lines[i].is_known);
}
END_TEST

START_TEST(a_recipe_counts_when_it_may_run_before_the_tests)
{
	static const char *const before[] = {"override_dh_autoreconf",
		"execute_before_dh_auto_test", "build", "execute_after_dh_auto_build-arch",
		"override_dh_auto_clean", "clean"};
	static const char *const behind[] = {"execute_after_dh_auto_test",
		"override_dh_auto_install", "override_dh_installdocs", "install", "update-tests"};

	package("mkdir -p debian/patches/sub\n" PATCHED ": >debian/patches/series");
	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		expect_recipe(before[i], "sed -i s/a/b/ Makefile.am", false, true);
	for (size_t i = 0; i < ARRAY_SIZE(behind); i++)
		expect_recipe(behind[i], "sed -i s/a/b/ Makefile.am", true, true);
	expect_recipe(
		"install", "sed -i s/a/b/ Makefile.am; make check\nbinary: install", false, true);
	expect_recipe("more", "sed -i s/a/b/ Makefile.am\nbuild: more", false, true);
	/* Before anything was made there is nothing to put back. */
	expect_recipe("clean", "mv Makefile.stash tests/Makefile.am", true, true);
	expect_recipe("build", "mv Makefile.stash tests/Makefile.am", true, false);
}
END_TEST

START_TEST(patches_over_the_bounds_leave_no_text)
{
	package("mkdir -p debian/patches/sub\n" PATCHED
		"{ cat debian/patches/sub/3.patch; head -c 40000000 /dev/zero | tr '\\0' a; } "
		">debian/patches/1.patch; echo 1.patch >debian/patches/series\n"
		"tar -czf x_1-1.debian.tar.gz debian; dsc '3.0 (quilt)'");
	package_read();
	ck_assert_str_eq(text_of("tests/Makefile.am"), "(none)");
	ck_assert_str_eq(text_of("Makefile"), "(none)");
	ck_assert(source_tree_find(&tree, "Makefile")->is_unknown);
	ck_assert_ptr_nonnull(strstr(tree.trouble, "upstream's texts are not known"));
	ck_assert_ptr_nonnull(strstr(text_of("debian/patches/series"), "1.patch"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("patches of a source tree");
	TCase *tcase = tcase_create("core");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, package_setup, package_teardown);
	tcase_add_test(tcase, the_series_is_applied_to_texts);
	tcase_add_test(tcase, a_text_that_no_patch_fits_is_unknown);
	tcase_add_test(tcase, who_applies_a_series_depends_on_the_format);
	tcase_add_test(tcase, a_name_in_the_series_is_read_as_dpkg_source_does);
	tcase_add_test(tcase, a_patch_that_was_not_read_leaves_no_text);
	tcase_add_test(tcase, a_name_in_a_patch_is_read_or_leaves_no_text);
	tcase_add_test(tcase, a_text_that_a_recipe_may_change_is_unknown);
	tcase_add_test(tcase, a_recipe_counts_when_it_may_run_before_the_tests);
	tcase_add_test(tcase, patches_over_the_bounds_leave_no_text);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
