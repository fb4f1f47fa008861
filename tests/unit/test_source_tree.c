/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests/unit/making_tar.h"
#include "tests/unit/source_package.h"

static const char *text_of(const char *path)
{
	const struct tree_file *file = source_tree_find(&tree, path);

	ck_assert_msg(file != NULL, "%s is not there", path);
	return file->text ? file->text : "(none)";
}

START_TEST(reads_quilt_with_components)
{
	package("put x-1/configure.ac AC_INIT; put x-1/src/test.c 'int main;'\n"
		"put x-1/debian/rules upstreams; orig\n"
		"mkdir c; echo 'all:' >c/Makefile; tar -cjf x_1.orig-extra.tar.bz2 -C . c\n"
		"put debian/rules '#!/usr/bin/make -f'; chmod +x debian/rules; debian; dsc '3.0 "
		"(quilt)' "
		"'Testsuite: autopkgtest' 'Testsuite-Triggers: a,\n b'");
	package_read();
	ck_assert_ptr_null(tree.trouble);
	ck_assert(tree.is_packaging_whole && tree.is_upstream_whole);
	ck_assert_str_eq(tree.source, "x");
	ck_assert_str_eq(tree.version, "1-1");
	ck_assert_str_eq(tree.testsuite, "autopkgtest");
	ck_assert_str_eq(tree.triggers, "a, b");
	ck_assert_str_eq(text_of("debian/rules"), "#!/usr/bin/make -f\n");
	ck_assert(source_tree_find(&tree, "debian/rules")->is_executable);
	ck_assert_str_eq(source_tree_find(&tree, "debian/rules")->container, "x_1-1.debian.tar.xz");
	ck_assert_str_eq(text_of("configure.ac"), "AC_INIT\n");
	ck_assert_str_eq(text_of("src/test.c"), "(none)");
	ck_assert_str_eq(text_of("extra/Makefile"), "all:\n");
	ck_assert_uint_eq(tree.count, 4);
}
END_TEST

START_TEST(hashes_all_bytes_of_what_it_cuts)
{
	struct digest expected;
	char *text = malloc(1 << 20);

	package("mkdir -p x-1 debian; head -c 1048576 /dev/zero | tr '\\0' a >x-1/Makefile; orig\n"
		"put debian/control 'Source: x'; debian; dsc '3.0 (quilt)'");
	package_read();
	memset(text, 'a', 1 << 20);
	hash_memory(text, 1 << 20, &expected);
	free(text);
	const struct tree_file *file = source_tree_find(&tree, "Makefile");

	ck_assert(file->is_cut);
	ck_assert_uint_eq(file->len, TREE_TEXT_MAX);
	ck_assert(digest_equal(&file->sha256, &expected));
	ck_assert(!source_tree_find(&tree, "debian/control")->is_cut);
}
END_TEST

START_TEST(reads_native_and_what_has_no_single_top)
{
	package("put x-1/debian/rules mine; put x-1/Makefile all:; native; dsc '3.0 (native)'");
	package_read();
	ck_assert_str_eq(text_of("debian/rules"), "mine\n");
	ck_assert_str_eq(text_of("Makefile"), "all:\n");
	ck_assert(tree.is_packaging_whole && tree.is_upstream_whole);
	package("rm x_*; put y/a.c; put Makefile all:; tar -cJf x_1.orig.tar.xz ./y ./Makefile\n"
		"put debian/rules; debian; dsc '3.0 (quilt)'");
	package_read();
	ck_assert_str_eq(text_of("Makefile"), "all:\n");
	ck_assert_ptr_nonnull(source_tree_find(&tree, "y/a.c"));
}
END_TEST

START_TEST(reads_format_1_0_out_of_its_diff)
{
	package("put x-1/Makefile old; put x-1/keep.c; orig; cp -r x-1 x-1.orig\n"
		"echo new >x-1/Makefile; put x-1/debian/rules '#!/usr/bin/make -f'\n"
		"put x-1/debian/tests/control 'Tests: t'\n"
		"printf -- '--- looks\\n+++ like/one\\n' >x-1/debian/tricky\n"
		"rm -f x_1.orig.tar.xz; tar -czf x_1.orig.tar.gz --transform s/x-1.orig/x-1/ "
		"x-1.orig\n"
		"diff -ruN x-1.orig x-1 | gzip >x_1-1.diff.gz; dsc 1.0");
	package_read();
	ck_assert_ptr_null(tree.trouble);
	ck_assert_str_eq(text_of("debian/rules"), "#!/usr/bin/make -f\n");
	ck_assert(source_tree_find(&tree, "debian/rules")->is_executable);
	ck_assert_str_eq(text_of("debian/tests/control"), "Tests: t\n");
	ck_assert_str_eq(text_of("debian/tricky"), "--- looks\n+++ like/one\n");
	ck_assert_str_eq(text_of("Makefile"), "new\n");
	ck_assert(source_tree_find(&tree, "Makefile")->is_patched);
	ck_assert(!source_tree_find(&tree, "keep.c")->is_patched);
	ck_assert_ptr_null(source_tree_find(&tree, "one"));
}
END_TEST

START_TEST(applies_the_series_to_names)
{
	package("put x-1/Makefile old; put x-1/gone.c; put x-1/kept.c; orig\n"
		"cp -r x-1 a; cp -r x-1 b; echo new >b/Makefile; rm b/gone.c; put b/tests/new.t\n"
		"mkdir -p debian/patches; diff -ruN a b >debian/patches/one.patch || :\n"
		"cp -r x-1 c; echo >c/kept.c; diff -ruN a c >debian/patches/unused.patch || :\n"
		"printf '# a remark\\none.patch -p1\\n' >debian/patches/series\n"
		"debian; dsc '3.0 (quilt)'");
	package_read();
	ck_assert(source_tree_find(&tree, "Makefile")->is_patched);
	ck_assert_ptr_null(source_tree_find(&tree, "gone.c"));
	ck_assert(source_tree_find(&tree, "tests/new.t")->is_patched);
	ck_assert(!source_tree_find(&tree, "kept.c")->is_patched);
}
END_TEST

static void expect_sha256(const char *path)
{
	const struct tree_file *file = source_tree_find(&tree, path);
	struct digest expected;

	hash_memory(file->text, file->len, &expected);
	ck_assert(digest_equal(&file->sha256, &expected));
}

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

START_TEST(tests_that_patches_add_are_counted)
{
	package("put x-1/tests/test_a.py 'def test_a(): pass'; put x-1/Makefile all:\n"
		"echo 'def test_c(): pass' >>x-1/tests/test_a.py; orig\n"
		"mkdir -p debian/patches; cp -r x-1 b; put b/tests/test_b.py 'def test_b(): pass'\n"
		"sed -i 1d b/tests/test_a.py; diff -ruN x-1 b >debian/patches/1.patch || :\n"
		"echo 1.patch >debian/patches/series; debian; dsc '3.0 (quilt)'");
	package_read();
	ck_assert_uint_eq(source_tree_find(&tree, "tests/test_b.py")->tests, 1);
	ck_assert_uint_eq(source_tree_find(&tree, "tests/test_a.py")->tests, 1);
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

START_TEST(upstream_that_is_not_given_is_not_known)
{
	package("put x-1/Makefile; orig; put debian/rules; debian; dsc '3.0 (quilt)'");
	ck_assert_int_eq(package_read_without(".orig"), STATUS_OK);
	ck_assert_ptr_null(tree.trouble);
	ck_assert(tree.is_packaging_whole && !tree.is_upstream_whole);
	ck_assert_int_eq(package_read_without(".debian"), STATUS_OK);
	ck_assert(!tree.is_packaging_whole && tree.is_upstream_whole);
	ck_assert_ptr_nonnull(strstr(tree.trouble, "x_1-1.debian.tar.xz"));
	ck_assert_int_eq(package_read_without(".dsc"), STATUS_FORMAT);
	package("echo 'Source: x' >x_1-1.dsc");
	ck_assert_int_eq(package_read_without(NULL), STATUS_FORMAT);
}
END_TEST

START_TEST(damage_is_told_and_the_rest_is_read)
{
	package("mkdir -p x-1; head -c 300000 /dev/urandom >x-1/big; put x-1/a/Makefile all:; "
		"orig\n"
		"put debian/rules; debian; dsc '3.0 (quilt)'\n"
		"truncate -s $(($(stat -c %s x_1.orig.tar.xz) / 2)) x_1.orig.tar.xz");
	package_read();
	ck_assert(tree.is_packaging_whole && !tree.is_upstream_whole);
	ck_assert_ptr_nonnull(strstr(tree.trouble, "x_1.orig.tar.xz: "));
	ck_assert_ptr_nonnull(source_tree_find(&tree, "debian/rules"));
	package("echo garbage >x_1.orig.tar.xz");
	package_read();
	ck_assert(!tree.is_upstream_whole);
	ck_assert_ptr_nonnull(tree.trouble);
	package(": >x_1.orig.tar.xz");
	package_read();
	ck_assert(!tree.is_upstream_whole);
	package("rm -r x-1; put debian/a; tar -cf - debian | gzip >x_1-1.diff.gz; rm *.debian.*\n"
		"dsc 1.0; truncate -s 40 x_1-1.diff.gz");
	package_read();
	ck_assert(!tree.is_packaging_whole);
}
END_TEST

START_TEST(a_bomb_ends_its_tarball)
{
	package("mkdir -p x-1; truncate -s 300M x-1/Makefile; put x-1/z/Makefile; orig\n"
		"put debian/rules; debian; dsc '3.0 (quilt)'");
	package_limits.ratio = 1000;
	package_read();
	ck_assert(!tree.is_upstream_whole && tree.is_packaging_whole);
	ck_assert_ptr_nonnull(strstr(tree.trouble, "bomb"));
	package_limits.ratio = 0;
	package_limits.total_bytes = 1000000;
	package_read();
	ck_assert_ptr_nonnull(strstr(tree.trouble, "over 1000000 bytes"));
	package_limits = limits_default;
	package_limits.members = 2;
	package_read();
	ck_assert_ptr_nonnull(strstr(tree.trouble, "too many files"));
}
END_TEST

static void write_orig(const struct buffer *tar)
{
	char *path = path_join(comparing.directory, "tar");

	ck_assert_int_eq(
		tempfile_write_all(path, tar->data, tar->len, 0644, &comparing.err), STATUS_OK);
	free(path);
	package("xz <tar >x_1.orig.tar.xz; put debian/rules; debian; dsc '3.0 (quilt)'");
}

START_TEST(names_that_lead_out_are_refused)
{
	static const struct tar_member members[] = {
		{.name = "x-1/../../etc/Makefile", .data = "evil"},
		{.name = "/etc/Makefile", .data = "evil"},
		{.name = "x-1/a\nb", .data = "evil"},
		{.name = "x-1/Makefile", .data = "first"},
		{.name = "x-1/Makefile", .data = "last"},
		{.name = "x-1/link", .type = '2', .link = "Makefile"},
		{.name = "x-1/out", .type = '2', .link = "../../etc/passwd"},
		{.name = "x-1/round", .type = '2', .link = "round"},
		{.name = "x-1/hard", .type = '1', .link = "x-1/Makefile"},
		{.name = "x-1/fifo", .type = '6'},
	};
	struct buffer tar = {0};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		tar_add(&tar, &members[i]);
	tar_end(&tar);
	write_orig(&tar);
	buffer_release(&tar);
	package_read();
	ck_assert_ptr_nonnull(strstr(tree.trouble, "3 names in it lead out"));
	ck_assert_str_eq(text_of("Makefile"), "last");
	ck_assert_str_eq(
		source_tree_follow(&tree, source_tree_find(&tree, "link"))->path, "Makefile");
	ck_assert_str_eq(
		source_tree_follow(&tree, source_tree_find(&tree, "hard"))->path, "Makefile");
	ck_assert_ptr_null(source_tree_follow(&tree, source_tree_find(&tree, "out")));
	ck_assert_ptr_null(source_tree_follow(&tree, source_tree_find(&tree, "round")));
	ck_assert_ptr_null(source_tree_find(&tree, "fifo"));
	for (size_t i = 0; i < tree.count; i++)
		ck_assert_ptr_null(strstr(tree.files[i].path, "etc"));
}
END_TEST

START_TEST(text_has_bounds_in_all)
{
	package("mkdir -p x-1; for i in $(seq 60); do mkdir x-1/$i\n"
		"head -c 500000 /dev/zero | tr '\\0' a >x-1/$i/Makefile; done; orig\n"
		"put debian/rules; debian; dsc '3.0 (quilt)'");
	package_limits.ratio = 0;
	package_read();
	ck_assert(tree.is_packaging_whole && !tree.is_upstream_whole);
	ck_assert_ptr_nonnull(strstr(tree.trouble, "19 files"));
}
END_TEST

START_TEST(counts_the_tests_that_files_declare)
{
	package("put x-1/tests/test_a.py 'def test_one(): pass'\n"
		"printf 'class T:\\n    def test_two(self): pass\\n    def testThree(self): "
		"pass\\n' "
		">>x-1/tests/test_a.py\n"
		"put x-1/src/lib.rs '#[test]'; put x-1/a_test.go 'func TestX(t *testing.T) {'\n"
		"put x-1/test.py 'def helper(): pass'; orig; put debian/rules; debian; dsc '3.0 "
		"(quilt)'");
	package_read();
	ck_assert_uint_eq(source_tree_find(&tree, "tests/test_a.py")->tests, 3);
	ck_assert_uint_eq(source_tree_find(&tree, "src/lib.rs")->tests, 1);
	ck_assert_uint_eq(source_tree_find(&tree, "a_test.go")->tests, 1);
	ck_assert_uint_eq(source_tree_find(&tree, "test.py")->tests, 0);
}
END_TEST

START_TEST(a_signed_dsc_says_what_is_signed)
{
	package("put x-1/Makefile; orig; put debian/rules; debian; dsc '3.0 (quilt)'\n"
		"{ printf -- '-----BEGIN PGP SIGNED MESSAGE-----\\nHash: SHA512\\n\\n'; cat "
		"x_1-1.dsc\n"
		"printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nabc\\n-----END PGP "
		"SIGNATURE-----\\n'; } >s\n"
		"mv s x_1-1.dsc");
	package_read();
	ck_assert_str_eq(tree.maintainer, "M <m@example>");
	ck_assert(tree.is_packaging_whole && tree.is_upstream_whole);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("source_tree");
	TCase *tcase = tcase_create("core");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, package_setup, package_teardown);
	tcase_add_test(tcase, reads_quilt_with_components);
	tcase_add_test(tcase, hashes_all_bytes_of_what_it_cuts);
	tcase_add_test(tcase, reads_native_and_what_has_no_single_top);
	tcase_add_test(tcase, reads_format_1_0_out_of_its_diff);
	tcase_add_test(tcase, applies_the_series_to_names);
	tcase_add_test(tcase, the_series_is_applied_to_texts);
	tcase_add_test(tcase, a_text_that_no_patch_fits_is_unknown);
	tcase_add_test(tcase, who_applies_a_series_depends_on_the_format);
	tcase_add_test(tcase, a_name_in_the_series_is_read_as_dpkg_source_does);
	tcase_add_test(tcase, a_patch_that_was_not_read_leaves_no_text);
	tcase_add_test(tcase, a_name_in_a_patch_is_read_or_leaves_no_text);
	tcase_add_test(tcase, a_text_that_a_recipe_may_change_is_unknown);
	tcase_add_test(tcase, a_recipe_counts_when_it_may_run_before_the_tests);
	tcase_add_test(tcase, tests_that_patches_add_are_counted);
	tcase_add_test(tcase, patches_over_the_bounds_leave_no_text);
	tcase_add_test(tcase, upstream_that_is_not_given_is_not_known);
	tcase_add_test(tcase, damage_is_told_and_the_rest_is_read);
	tcase_add_test(tcase, a_bomb_ends_its_tarball);
	tcase_add_test(tcase, names_that_lead_out_are_refused);
	tcase_add_test(tcase, text_has_bounds_in_all);
	tcase_add_test(tcase, counts_the_tests_that_files_declare);
	tcase_add_test(tcase, a_signed_dsc_says_what_is_signed);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
