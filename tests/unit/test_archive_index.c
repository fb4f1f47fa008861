/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/archive_table.h"
#include "snapshot/pin.h"
#include "tests/unit/archive_fixture.h"

static void make_archives(void)
{
	make_top();
	shell("key good ed25519 20240101T000000 never\n"
	      "archive plain/debian stable '2025-01-02 03:04:05 UTC' good\n"
	      "for name in double inside sources tail; do mkdir -p $name; cp -r plain/debian "
	      "$name; "
	      "done\n"
	      /* Two stanzas that name one file by different digests. */
	      "cd double/debian/dists/stable/main/binary-amd64\n"
	      "(cat Packages; sed 's/^\\(SHA256: \\)[0-9a-f]/\\1z/; s/SHA256: z/SHA256: 0/;"
	      " s/^\\(SHA256: 0\\)0/\\11/' Packages) >P; mv P Packages; xz -kf Packages\n"
	      "cp Packages.xz by-hash/SHA256/$(sha256sum <Packages.xz | cut -d' ' -f1); cd $TOP\n"
	      "release double/debian stable '2025-01-02 03:04:05 UTC' good\n"
	      /* A compressed form that holds something else than the plain one. */
	      "cd inside/debian/dists/stable/main/binary-amd64; cp Packages P\n"
	      "sed -i s/hello/hallo/ Packages; xz -kf Packages; mv P Packages\n"
	      "cp Packages.xz by-hash/SHA256/$(sha256sum <Packages.xz | cut -d' ' -f1); cd $TOP\n"
	      "release inside/debian stable '2025-01-02 03:04:05 UTC' good\n"
	      /* A source package whose file would leave its directory. */
	      "cd sources/debian/dists/stable/main/source\n"
	      "sed -i 's,^Directory: .*,Directory: ../../etc,' Sources; xz -kf Sources\n"
	      "cp Sources.xz by-hash/SHA256/$(sha256sum <Sources.xz | cut -d' ' -f1); cd $TOP\n"
	      "release sources/debian stable '2025-01-02 03:04:05 UTC' good\n"
	      /* Of the two streams of a file only the first comes out, and no digest tells. */
	      "cd tail/debian/dists/stable/main/binary-amd64; (gzip -nc Packages;"
	      " head -c 512 /dev/zero; sed 's/hello/hallo/g' Packages | gzip -nc) >Q\n"
	      "rm -r Packages* by-hash; mv Q Packages.gz; cd $TOP\n"
	      "release tail/debian stable '2025-01-02 03:04:05 UTC' good\n"
	      "for name in plain double inside sources tail; do mkdir -p $name/etc\n"
	      "echo \"deb file://$TOP/$name/debian stable main\" >$name/etc/sources.list; done\n");
}

static struct archive_index *open_plain(void)
{
	struct archive_index *index;

	ck_assert_msg(capture("plain") == STATUS_OK, "%s", err.text);
	ck_assert_msg(archive_index_open(store, &pins, &index, &err) == STATUS_OK, "%s", err.text);
	return index;
}

static const char *const named[] = {
	"pool/main/h/hello/hello_1.0_amd64.deb",
	"pool/main/h/hello/libhello_1.0_amd64.deb",
	"pool/main/h/hello/hello_1.0.dsc",
	"pool/main/h/hello/hello_1.0.tar.gz",
	"dists/stable/InRelease",
	"dists/stable/main/binary-amd64/Packages",
	"dists/stable/main/binary-amd64/Packages.xz",
	"dists/stable/main/binary-amd64/Packages.gz",
	"dists/stable/main/source/Sources.xz",
};

START_TEST(test_named_files_are_found_with_their_digest)
{
	struct archive_index *index = open_plain();
	char *path = xasprintf("%s/plain/debian/%s", top, named[_i]);
	struct archive_file file;
	struct digest digest;
	uint64_t size;

	ck_assert_int_eq(hash_file(path, &digest, &size, &err), STATUS_OK);
	ck_assert_msg(archive_index_find(index, "debian", named[_i], &file), "%s", named[_i]);
	ck_assert(digest_equal(&file.digest, &digest));
	ck_assert_uint_eq(file.size, size);
	ck_assert_str_eq(file.path, named[_i]);
	ck_assert_str_eq(file.archive, "debian");
	ck_assert(!archive_index_find(index, "debian-security", named[_i], &file));
	archive_index_free(index);
	free(path);
}
END_TEST

START_TEST(test_by_hash_is_found)
{
	static const char name[] = "dists/stable/main/binary-amd64/Packages.xz";
	struct archive_index *index = open_plain();
	struct archive_file file, again;
	char *path, hex[SHA256_HEX_SIZE];

	ck_assert(archive_index_find(index, "debian", name, &file));
	path = index_by_hash_path(file.path, &file.digest);
	ck_assert(archive_index_find(index, "debian", path, &again));
	ck_assert(digest_equal(&file.digest, &again.digest));
	free(path);
	/* Of another directory, or another digest, it is none. */
	digest_hex(&file.digest, hex);
	path = xasprintf("dists/stable/main/source/by-hash/SHA256/%s", hex);
	ck_assert(!archive_index_find(index, "debian", path, &again));
	free(path);
	file.digest.bytes[0] ^= 1;
	path = index_by_hash_path(file.path, &file.digest);
	ck_assert(!archive_index_find(index, "debian", path, &again));
	free(path);
	archive_index_free(index);
}
END_TEST

static const char *const unnamed[] = {"", "/", "pool", "pool/main/h/hello/hello_1.0_amd64.debx",
	"pool/main/h/hello/hello_1.0_amd64.de", "pool/main/h/hello/../hello/hello_1.0_amd64.deb",
	"dists/stable/Release", "dists/testing/InRelease", "dists/stable/by-hash/SHA256/",
	"dists/stable/main/binary-amd64/by-hash/SHA256/zz"};

START_TEST(test_unnamed_files_are_not_found)
{
	struct archive_index *index = open_plain();
	struct archive_file file;

	ck_assert_msg(!archive_index_find(index, "debian", unnamed[_i], &file), "%s", unnamed[_i]);
	archive_index_free(index);
}
END_TEST

static char *store_listing(void)
{
	char *script = xasprintf("find '%s' -type f -printf '%%P %%s\\n' | sort >listing-%d",
		store_directory(store), (int)getpid());
	char *name = xasprintf("listing-%d", (int)getpid()), *path = in_top(name), *text;
	size_t len;

	shell(script);
	ck_assert_int_eq(path_read_file(path, 1 << 20, &text, &len, &err), STATUS_OK);
	free(path);
	free(name);
	free(script);
	return text;
}

/*
 * What an index names counts by the signature over it, at each use. What was read of it before, and
 * kept in the store, would count by nothing: whoever can write there could say what he likes.
 */
START_TEST(test_nothing_is_kept_of_an_index)
{
	char *before, *after;

	ck_assert_msg(capture("plain") == STATUS_OK, "%s", err.text);
	before = store_listing();
	ck_assert_ptr_nonnull(strstr(before, "pins/debian@"));
	for (int i = 0; i < 2; i++) {
		struct archive_index *index;
		struct archive_file file;

		ck_assert_msg(archive_index_open(store, &pins, &index, &err) == STATUS_OK, "%s",
			err.text);
		ck_assert(archive_index_find(index, "debian", named[0], &file));
		archive_index_free(index);
	}
	after = store_listing();
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

/* And so an index that is not there any more, or not whole, names nothing. */
START_TEST(test_an_index_is_read_each_time)
{
	struct archive_index *index = open_plain();
	struct archive_file file;
	char *script, hex[SHA256_HEX_SIZE];

	ck_assert(archive_index_find(index, "debian", named[6], &file));
	digest_hex(&file.digest, hex);
	archive_index_free(index);
	script = xasprintf("f='%s/sha256/%.2s/%s'; chmod u+w $f\n"
			   "printf X | dd of=$f bs=1 seek=80 conv=notrunc status=none",
		store_directory(store), hex, hex + 2);
	shell(script);
	free(script);
	ck_assert_int_eq(archive_index_open(store, &pins, &index, &err), STATUS_TRUST);
	ck_assert_ptr_nonnull(strstr(err.text, "stable: main/binary-amd64/Packages.xz"));
	ck_assert_int_eq(archive_index_open(store, &pins, &index, &err), STATUS_NOT_FOUND);
	ck_assert_ptr_null(index);
}
END_TEST

static const struct {
	const char *archive;
	enum status expected;
} refusals[] = {
	{"double", STATUS_TRUST},
	{"inside", STATUS_TRUST},
	{"sources", STATUS_FORMAT},
	{"tail", STATUS_FORMAT},
};

START_TEST(test_index_is_refused)
{
	struct archive_index *index;
	enum status status;

	ck_assert_msg(capture(refusals[_i].archive) == STATUS_OK, "%s", err.text);
	status = archive_index_open(store, &pins, &index, &err);
	ck_assert_msg(status == refusals[_i].expected, "%s: %d: %s", refusals[_i].archive, status,
		err.text);
	ck_assert_ptr_null(index);
}
END_TEST

START_TEST(test_urls_are_places_then_snapshot)
{
	struct archive_index *index = open_plain();
	struct archive_file file;
	struct text_list urls = {0};

	place_list_add(&places, "debian", "http://mirror.example/debian");
	place_list_add(&places, "debian-security", "http://mirror.example/debian-security");
	ck_assert(archive_index_find(index, "debian", named[0], &file));
	archive_file_urls(&file, &pins, &places, &urls);
	ck_assert_uint_eq(urls.count, 2);
	ck_assert_str_eq(urls.items[0],
		"http://mirror.example/debian/pool/main/h/hello/hello_1.0_amd64.deb");
	ck_assert_str_eq(urls.items[1],
		"https://snapshot.debian.org/archive/debian/20250102T030405Z/pool/main/h/hello/"
		"hello_1.0_amd64.deb");
	text_list_release(&urls);
	archive_index_free(index);
}
END_TEST

/* A name of the pool is no part of a URL's syntax. */
START_TEST(test_urls_hold_any_name)
{
	struct archive_file file = {.archive = "debian", .path = "pool/main/a b#c?d%41+e~1:2.deb"};
	struct text_list urls = {0};

	place_list_add(&places, "debian", "http://mirror.example/debian");
	archive_file_urls(&file, &pins, &places, &urls);
	ck_assert_uint_eq(urls.count, 1);
	ck_assert_str_eq(urls.items[0],
		"http://mirror.example/debian/pool/main/a%20b%23c%3Fd%2541+e~1:2.deb");
	text_list_release(&urls);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("archive_index");
	TCase *tests = tcase_create("archive_index");

	tcase_set_timeout(tests, 120);
	tcase_add_unchecked_fixture(tests, make_archives, remove_top);
	tcase_add_checked_fixture(tests, open_session, close_session);
	tcase_add_loop_test(
		tests, test_named_files_are_found_with_their_digest, 0, (int)ARRAY_SIZE(named));
	tcase_add_test(tests, test_by_hash_is_found);
	tcase_add_loop_test(tests, test_unnamed_files_are_not_found, 0, (int)ARRAY_SIZE(unnamed));
	tcase_add_test(tests, test_nothing_is_kept_of_an_index);
	tcase_add_test(tests, test_an_index_is_read_each_time);
	tcase_add_loop_test(tests, test_index_is_refused, 0, (int)ARRAY_SIZE(refusals));
	tcase_add_test(tests, test_urls_are_places_then_snapshot);
	tcase_add_test(tests, test_urls_hold_any_name);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
