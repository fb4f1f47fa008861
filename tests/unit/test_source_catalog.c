/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <sys/resource.h>

#include "tests/unit/archive_fixture.h"

static struct source_catalog *catalog;
static struct text_list architectures;

static void make_archives(void)
{
	make_top();
	shell("key good ed25519 20240101T000000 never\n"
	      "pool=a/debian/pool/main/h/hello\n"
	      "deb $pool hello 1.10 amd64 'Source: hallo (1.10-1)'\n"
	      "deb $pool libhello 1.2 amd64 'Source: hallo'\n"
	      "deb $pool alone 3 amd64\n"
	      "for v in 1.2 1.10 1.9; do dsc $pool hallo $v; done; dsc $pool kept 1; dsc $pool "
	      "evil 1\n"
	      "sed -i 's/^Maintainer/Testsuite: autopkgtest\\nTestsuite-Triggers: b, c\\n"
	      "Build-Depends: debhelper-compat (= 13),\\n d\\nBuild-Depends-Arch: e\\n&/' "
	      "$pool/hallo_1.10.dsc\n"
	      "indexes a/debian stable; cd a/debian/dists/stable/main/source\n"
	      /* apt-ftparchive writes neither of these. */
	      "sed -i 's/^Package: kept/&\\nExtra-Source-Only: yes/' Sources\n"
	      "sed -i '/^Package: evil/,/^$/s,^Directory: .*,Directory: ../etc,' Sources\n"
	      "xz -kf Sources; cp Sources.xz by-hash/SHA256/$(sha256sum <Sources.xz | cut -d' ' "
	      "-f1)\n"
	      "cd $TOP; release a/debian stable '2025-01-02 03:04:05 UTC' good\n"
	      /* Apt takes nothing from that one unasked. */
	      "mkdir -p b; cp -r a/debian b; cd b/debian; rm -r dists; dsc pool/main/h/hello hallo "
	      "2\n"
	      "cd $TOP; indexes b/debian next\n"
	      "release b/debian next '2025-01-02 03:04:05 UTC' good NotAutomatic=yes\n"
	      "cp -r b/debian/dists/next a/debian/dists; cp -r b/debian/pool a/debian\n"
	      "mkdir -p a/etc; for s in stable next; do\n"
	      "echo \"deb file://$TOP/a/debian $s main\"; done >a/etc/sources.list\n");
}

static void open_catalog(void)
{
	open_session();
	catalog = NULL;
	ck_assert_msg(capture("a") == STATUS_OK, "%s", err.text);
	text_list_add(&architectures, "amd64");
	ck_assert_msg(
		source_catalog_open(store, &pins, &architectures, &catalog, &err) == STATUS_OK,
		"%s", err.text);
}

static void close_catalog(void)
{
	source_catalog_free(catalog);
	text_list_release(&architectures);
	close_session();
}

START_TEST(a_version_has_its_fields_and_files)
{
	struct pin_source source;
	char *path = in_top("a/debian/pool/main/h/hello/hallo_1.10.tar.gz");
	struct digest digest;
	uint64_t size;

	ck_assert_msg(source_catalog_find(catalog, "hallo", "1.10", &source, &err) == STATUS_OK,
		"%s", err.text);
	ck_assert_str_eq(source.name, "hallo");
	ck_assert_str_eq(source.version, "1.10");
	ck_assert_str_eq(source.binary, "hallo");
	ck_assert_str_eq(source.maintainer, "Nobody <nobody@example>");
	ck_assert_str_eq(source.testsuite, "autopkgtest");
	ck_assert_str_eq(source.triggers, "b, c");
	ck_assert_str_eq(source.build_depends, "debhelper-compat (= 13), d, e");
	ck_assert_uint_eq(source.file_count, 2);
	ck_assert_str_eq(source.files[0].path, "pool/main/h/hello/hallo_1.10.dsc");
	ck_assert_str_eq(source.files[0].archive, "debian");
	ck_assert_str_eq(source.files[1].path, "pool/main/h/hello/hallo_1.10.tar.gz");
	ck_assert_int_eq(hash_file(path, &digest, &size, &err), STATUS_OK);
	ck_assert(digest_equal(&digest, &source.files[1].digest));
	ck_assert_uint_eq(size, source.files[1].size);
	free(path);
	pin_source_release(&source);
	/* Without those fields they are empty. */
	ck_assert_int_eq(source_catalog_find(catalog, "hallo", "1.9", &source, &err), STATUS_OK);
	ck_assert_str_eq(source.testsuite, "");
	ck_assert_str_eq(source.build_depends, "");
	pin_source_release(&source);
}
END_TEST

START_TEST(the_newest_is_what_apt_would_take)
{
	struct pin_source source;
	struct text_list versions = {0};

	ck_assert_int_eq(source_catalog_find(catalog, "hallo", NULL, &source, &err), STATUS_OK);
	ck_assert_str_eq(source.version, "1.10");
	ck_assert_str_eq(source.suite, "stable");
	pin_source_release(&source);
	ck_assert_int_eq(source_catalog_find(catalog, "hallo", "2", &source, &err), STATUS_OK);
	ck_assert_str_eq(source.suite, "next");
	pin_source_release(&source);
	source_catalog_versions(catalog, "hallo", &versions);
	ck_assert_uint_eq(versions.count, 4);
	ck_assert_str_eq(versions.items[0], "1.2");
	ck_assert_str_eq(versions.items[2], "1.10");
	ck_assert_str_eq(versions.items[3], "2");
	text_list_release(&versions);
}
END_TEST

START_TEST(what_is_not_there_is_said)
{
	struct pin_source source;

	ck_assert_int_eq(
		source_catalog_find(catalog, "hallo", "1.3", &source, &err), STATUS_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "4 other, the newest is 2"));
	ck_assert_int_eq(
		source_catalog_find(catalog, "hall", NULL, &source, &err), STATUS_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "no source package hall"));
	/* Kept for others' sake only: in "stable" it says so, and in "next" it does not. */
	ck_assert_int_eq(source_catalog_find(catalog, "kept", NULL, &source, &err), STATUS_OK);
	ck_assert_str_eq(source.suite, "next");
	pin_source_release(&source);
	ck_assert_int_eq(source_catalog_find(catalog, "evil", NULL, &source, &err), STATUS_FORMAT);
	ck_assert_ptr_nonnull(strstr(err.text, "evil 1"));
	ck_assert_uint_eq(source.file_count, 0);
}
END_TEST

static void expect_source(
	const char *binary, const char *version, const char *name, const char *source_version)
{
	struct binary_source source;

	ck_assert_msg(
		source_catalog_of_binary(catalog, binary, version, &source, &err) == STATUS_OK,
		"%s", err.text);
	ck_assert_str_eq(source.name, name);
	ck_assert_str_eq(source.version, source_version);
}

START_TEST(binaries_have_their_sources)
{
	struct binary_source source;

	expect_source("hello", NULL, "hallo", "1.10-1");
	expect_source("hello", "1.10", "hallo", "1.10-1");
	expect_source("libhello", NULL, "hallo", "1.2");
	expect_source("alone", "3", "alone", "3");
	ck_assert_int_eq(
		source_catalog_of_binary(catalog, "alone", "4", &source, &err), STATUS_NOT_FOUND);
}
END_TEST

START_TEST(an_architecture_that_is_not_there_is_said)
{
	struct source_catalog *other;
	struct text_list wanted = {0};

	text_list_add(&wanted, "riscv64");
	ck_assert_int_eq(
		source_catalog_open(store, &pins, &wanted, &other, &err), STATUS_NOT_FOUND);
	ck_assert_ptr_null(other);
	ck_assert_ptr_nonnull(strstr(err.text, "riscv64"));
	text_list_release(&wanted);
}
END_TEST

/* ---- indexes that are kept unpacked ---- */

static const char *const kept[] = {"Packages", "Sources"};
static const char *const kept_paths[] = {
	"a/debian/dists/stable/main/binary-amd64/", "a/debian/dists/stable/main/source/"};

static struct digest digest_of(const char *directory, const char *name, const char *end)
{
	char *path = xasprintf("%s/%s%s%s", top, directory, name, end);
	struct digest digest;

	ck_assert_msg(hash_file(path, &digest, NULL, &err) == STATUS_OK, "%s", err.text);
	free(path);
	return digest;
}

/* The digest of what is inside each, or of the file itself. */
static struct digest digest_kept(size_t i)
{
	return digest_of(kept_paths[i], kept[i], "");
}

static struct digest digest_packed(size_t i)
{
	return digest_of(kept_paths[i], kept[i], ".xz");
}

static char *stored_path(const struct digest *digest)
{
	char hex[SHA256_HEX_SIZE];

	digest_hex(digest, hex);
	return xasprintf("%s/sha256/%.2s/%s", store_directory(store), hex, hex + 2);
}

static void overwrite(const struct digest *digest, const char *text)
{
	char *path = stored_path(digest);
	FILE *file;

	ck_assert_int_eq(unlink(path), 0);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	free(path);
}

static enum status open_again(void)
{
	source_catalog_free(catalog);
	return source_catalog_open(store, &pins, &architectures, &catalog, &err);
}

START_TEST(what_was_unpacked_is_read_again_without_the_packed)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		struct digest plain = digest_kept(i), packed = digest_packed(i);
		char *path = stored_path(&packed);

		ck_assert(store_has(store, &plain));
		ck_assert_int_eq(unlink(path), 0);
		free(path);
	}
	ck_assert_msg(open_again() == STATUS_OK, "%s", err.text);
	expect_source("hello", NULL, "hallo", "1.10-1");
	expect_source("libhello", NULL, "hallo", "1.2");
}
END_TEST

/* What somebody wrote in its place is never read: it goes, and the packed one is unpacked. */
START_TEST(a_forged_one_is_not_believed)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		struct digest plain = digest_kept(i);

		overwrite(&plain,
			"Package: hello\nVersion: 9\nArchitecture: amd64\nDirectory: x\n"
			"Checksums-Sha256:\n x\n");
	}
	ck_assert_msg(open_again() == STATUS_OK, "%s", err.text);
	expect_source("hello", NULL, "hallo", "1.10-1");
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		struct digest plain = digest_kept(i);
		int fd;

		ck_assert_msg(
			store_read(store, &plain, &fd, NULL, &err) == STATUS_OK, "%s", err.text);
		close(fd);
	}
}
END_TEST

/* Neither form fits: there is nothing to go on with. */
START_TEST(both_forged_is_refused)
{
	struct digest plain = digest_kept(0), packed = digest_packed(0);

	overwrite(&plain, "Package: hello\n");
	overwrite(&packed, "Package: hello\n");
	ck_assert_int_eq(open_again(), STATUS_TRUST);
	ck_assert_ptr_null(catalog);
	ck_assert(!store_has(store, &plain));
}
END_TEST

/* No room for it is no trouble. */
START_TEST(one_that_cannot_be_kept_is_read_all_the_same)
{
	struct rlimit full = {.rlim_cur = 16, .rlim_max = RLIM_INFINITY};

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		struct digest plain = digest_kept(i);
		char *path = stored_path(&plain);

		ck_assert_int_eq(unlink(path), 0);
		free(path);
	}
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &full), 0);
	ck_assert_msg(open_again() == STATUS_OK, "%s", err.text);
	expect_source("hello", NULL, "hallo", "1.10-1");
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		struct digest plain = digest_kept(i);

		ck_assert(!store_has(store, &plain));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("source_catalog");
	TCase *tests = tcase_create("catalog");

	tcase_set_timeout(tests, 60);
	tcase_add_unchecked_fixture(tests, make_archives, remove_top);
	tcase_add_checked_fixture(tests, open_catalog, close_catalog);
	tcase_add_test(tests, a_version_has_its_fields_and_files);
	tcase_add_test(tests, the_newest_is_what_apt_would_take);
	tcase_add_test(tests, what_is_not_there_is_said);
	tcase_add_test(tests, binaries_have_their_sources);
	tcase_add_test(tests, an_architecture_that_is_not_there_is_said);
	tcase_add_test(tests, what_was_unpacked_is_read_again_without_the_packed);
	tcase_add_test(tests, a_forged_one_is_not_believed);
	tcase_add_test(tests, both_forged_is_refused);
	tcase_add_test(tests, one_that_cannot_be_kept_is_read_all_the_same);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
