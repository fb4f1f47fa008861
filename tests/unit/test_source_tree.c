/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests/unit/making_tar.h"
#include "tests/unit/source_package.h"

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
	tcase_add_test(tcase, tests_that_patches_add_are_counted);
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
