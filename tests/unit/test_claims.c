/* SPDX-License-Identifier: Apache-2.0 */
/* Trust T9: a cause claims a byte range, and what is beside it stays unexplained. */
#include "tests/unit/comparing.h"

#include "base/array.h"
#include "dbdiff/causes.h"
#include "dbdiff/claims.h"
#include "dbdiff/matching.h"

#define ALL (-1)

/* Files of two trees, published and rebuilt, as two tars that differ in nothing else. */
static void setup(void)
{
	comparing_setup();
	comparing.with_causes = true;
	shell("mkdir -p a/etc b/etc");
}

/* So many of the bytes that differ are unexplained. */
static void expect_trees(const char *script, const char *expected, int64_t unexplained)
{
	shell(script);
	shell("for t in a b; do tar --sort=name --mtime=@0 --owner=0 --group=0 --mode=a=rX"
	      " --numeric-owner -cf $t.tar -C $t .; done");
	expect_files("a.tar", "b.tar", expected);
	ck_assert_int_eq(comparing.result.unexplained_bytes,
		unexplained == ALL ? comparing.result.differing_bytes : unexplained);
	ck_assert_int_eq(comparing.result.unattributed_bytes, 0);
}

START_TEST(a_claim_that_holds_explains)
{
	expect_trees("echo 'built 2025-07-29T08:30:12Z' >a/f;"
		     "echo 'built 2025-07-29T09:41:23Z' >b/f",
		"content t//f (embedded-timestamp)\n", 0);
	ck_assert_str_eq(buffer_text(&comparing.evidence),
		"time 2025-07-29T08:30:12Z published, 2025-07-29T09:41:23Z rebuilt\n");
}
END_TEST

START_TEST(a_byte_beside_it_is_unexplained)
{
	expect_trees("echo 'built 2025-07-29T08:30:12Z, allow=no' >a/f;"
		     "echo 'built 2025-07-29T09:41:23Z, allow=yo' >b/f",
		"content t//f (embedded-timestamp) (unexplained)\n", 1);
}
END_TEST

/* A longer value moves what is behind it; a byte more there is not part of it. */
START_TEST(values_of_other_lengths)
{
	expect_trees("printf 'GIT_COMMIT: v1.8-dirty\nbehind it\n' >a/f;"
		     "printf 'GIT_COMMIT: v1.8\nbehind it\n' >b/f",
		"content t//f size (build-id-string)\n", 0);
	expect_trees("printf 'GIT_COMMIT: v1.8\nbehind its\n' >b/f",
		"content t//f size (build-id-string) (unexplained)\n", ALL);
	expect_trees("printf 'GIT_COMMIT: v1.8\nbehind it\n' >a/f;"
		     "printf 'GIT_COMMIT: v1.8-dirty\nbehind its\n' >b/f",
		"content t//f size (build-id-string) (unexplained)\n", ALL);
}
END_TEST

static void make_shadow(const char *published, const char *rebuilt)
{
	struct buffer script = {0};
	const char *options[SIDES] = {published, rebuilt};

	for (int side = 0; side < SIDES; side++)
		buffer_add_format(&script,
			"printf 'root:%%s:19000:0:99999:7:::\n' $(openssl passwd %s) "
			">%c/etc/shadow;",
			options[side], "ab"[side]);
	shell(buffer_text(&script));
	buffer_release(&script);
}

/* Another password is unexplained; with another salt it cannot be told, so that it is too. */
START_TEST(a_changed_root_hash_is_no_salt)
{
	static const char *const salts[] = {"-6 -salt abc evil", "-6 -salt xyz evil"};

	for (size_t i = 0; i < ARRAY_SIZE(salts); i++) {
		make_shadow("-6 -salt abc secret", salts[i]);
		shell("for t in a b; do tar --sort=name --mtime=@0 -cf $t.tar -C $t .; done");
		ck_assert_int_eq(compare_fds(file_open("a.tar"), file_open("b.tar")), STATUS_OK);
		expect_has(buffer_text(&comparing.text), "t//etc/shadow");
		expect_has(buffer_text(&comparing.text), " (unexplained)");
		ck_assert_int_ge(comparing.result.unexplained_bytes, 70);
		if (i == 0)
			ck_assert_ptr_null(strstr(buffer_text(&comparing.text), "(password-salt)"));
	}
}
END_TEST

START_TEST(digests_follow_from_what_they_are_of)
{
	shell("echo 1 >a/x; echo 2 >b/x; echo 3 >a/y; echo 3 >b/y");
	expect_trees("for t in a b; do (cd $t; sha256sum x >sums); done",
		"content t//sums (embedded-digest)\ncontent t//x (unexplained)\n", 1);
	expect_has(buffer_text(&comparing.evidence), "on each side the SHA-256 of t//x\n");
	/* That of the other side, of what is the same, and of nothing. */
	expect_trees("sha256sum <b/x >a/sums; sha256sum <a/x >b/sums",
		"content t//sums (unexplained)\ncontent t//x (unexplained)\n", ALL);
	expect_trees("sha256sum <a/x >a/sums; sha256sum <b/y >b/sums",
		"content t//sums (unexplained)\ncontent t//x (unexplained)\n", ALL);
}
END_TEST

/* As the command line of a unified kernel has it, with its SHA-256 beside it. */
START_TEST(a_uuid_and_its_digest_in_utf_16)
{
	shell("put() { printf 'root uuid=%s,sum=%s' $2 $(printf %s $2 | sha256sum | cut -d' ' "
	      "-f1) |"
	      " iconv -t UTF-16LE >$1/x; };"
	      "put a a47b1d7c-6d4c-4b47-b1a0-2f1d5b4b7f11; put b "
	      "0d6bfa2e-9f5c-4a8e-8a2b-9c3e5d7f1b22");
	expect_trees("", "content t//x (embedded-digest) (uuid)\n", 0);
	expect_has(buffer_text(&comparing.evidence),
		"on each side the SHA-256 of the UUID in t//x\n"
		"UUID a47b1d7c-6d4c-4b47-b1a0-2f1d5b4b7f11 published, "
		"0d6bfa2e-9f5c-4a8e-8a2b-9c3e5d7f1b22 rebuilt\n");
	expect_trees("printf 'A' | dd of=b/x bs=1 conv=notrunc status=none",
		"content t//x (embedded-digest) (unexplained) (uuid)\n", 1);
}
END_TEST

#define UUID_A "a47b1d7c-6d4c-4b47-b1a0-2f1d5b4b7f11"
#define UUID_B "0d6bfa2e-9f5c-4a8e-8a2b-9c3e5d7f1b22"
#define UUID_C "5e1c7a90-1111-4222-8333-944455556666"

START_TEST(the_uuid_of_the_image_elsewhere)
{
	expect_trees("echo '- IMAGE_UUID: " UUID_A "' >a/etc/ids;"
		     "echo '- IMAGE_UUID: " UUID_B "' >b/etc/ids;"
		     "echo 'the id " UUID_A "' >a/etc/f; echo 'the id " UUID_B "' >b/etc/f;"
		     "echo 'the id " UUID_A "' >a/etc/g; echo 'the id " UUID_C "' >b/etc/g",
		"content t//etc/f (image-uuid)\ncontent t//etc/g (uuid)\n"
		"content t//etc/ids (image-uuid)\n",
		0);
}
END_TEST

/* Blocks far apart, and what is between them by its hash. */
START_TEST(large_members)
{
	shell("for t in a b; do head -c 600000 /dev/zero | tr '\\0' x >$t/f; done;"
	      "put() { printf \" $2 \" | dd of=$1/f bs=1 seek=$3 conv=notrunc status=none; };"
	      "for at in 5 65530 300000 599970; do put a '2025-07-29 08:30:12' $at;"
	      " put b '2026-01-02 09:41:23' $at; done");
	expect_trees("", "content t//f (embedded-timestamp)\n", 0);
	expect_has(buffer_text(&comparing.diffs), "of 600000 bytes differ");
	expect_trees("printf Z | dd of=b/f bs=1 seek=450000 conv=notrunc status=none",
		"content t//f (embedded-timestamp) (unexplained)\n", 1);
}
END_TEST

/* What was not looked at is not explained by what was. */
START_TEST(more_blocks_than_are_read_again)
{
	shell("for t in a b; do head -c 6000000 /dev/zero | tr '\\0' x >$t/f; done;"
	      "put() { printf \" $2 \" | dd of=$1/f bs=1 seek=$3 conv=notrunc status=none; };"
	      "for i in $(seq 0 80); do put a '2025-07-29 08:30:12' $((i * 65536 + 30000));"
	      " put b '2025-07-29 09:30:12' $((i * 65536 + 30000)); done");
	expect_trees("", "content t//f (embedded-timestamp) (unexplained)\n", 81 - 64);
}
END_TEST

/* ---- what comes from the process that matches ---- */

static struct findings findings;
static struct diff_plan plan;
static struct claims claims;
static struct leaf_request leaf;
static struct plan_stretch stretch;
static struct buffer records;

static void claims_setup(void)
{
	comparing_setup();
	ck_assert_int_eq(findings_open(&findings, &comparing.err), STATUS_OK);
	stretch = (struct plan_stretch){0, 10};
	leaf = (struct leaf_request){.finding = 1,
		.members = {7, 8},
		.sizes = {10, 10},
		.stretch_count = 1,
		.is_covered = true};
	plan = (struct diff_plan){
		.leaves = &leaf, .count = 1, .stretches = &stretch, .stretch_count = 1};
	claims_init(&claims, &plan);
}

static void claims_teardown(void)
{
	claims_release(&claims);
	findings_release(&findings);
	buffer_release(&records);
	comparing_teardown();
}

static uint32_t row_of(const char *cause)
{
	return (uint32_t)(cause_find(cause) - cause_catalogue);
}

static void put_record(uint32_t cause, uint64_t start, uint64_t len, const char *text)
{
	struct match_record record = {.kind = MATCH_CLAIM,
		.cause = cause,
		.len = (uint32_t)strlen(text),
		.range = {{start, start}, {len, len}}};

	buffer_add(&records, &record, sizeof(record));
	buffer_add_text(&records, text);
}

static void read_records(size_t expected)
{
	int fd = memory_file(records.data, records.len);
	size_t at = 0;

	ck_assert_int_eq(claims_read(&claims, fd, &at, &findings, &comparing.err), STATUS_OK);
	ck_assert_uint_eq(at, 0);
	ck_assert_uint_eq(claims.leaves[0].count, expected);
	close(fd);
}

/* Checks them against these bytes of the leaf. */
static void expect_checked(
	const char *a, const char *b, size_t expected, size_t kept, bool is_explained)
{
	const char *sides[SIDES] = {a, b};
	struct captured captured[SIDES];
	int fds[SIDES];

	for (int side = 0; side < SIDES; side++) {
		struct captured_header header = {leaf.members[side], 0, strlen(sides[side])};
		struct buffer file = {0};

		captured[side] = (struct captured){.fd = -1};
		buffer_add(&file, &header, sizeof(header));
		buffer_add_text(&file, sides[side]);
		fds[side] = memory_file(file.data, file.len);
		buffer_release(&file);
		ck_assert_int_eq(
			captured_read(&captured[side], fds[side], 1, &comparing.err), STATUS_OK);
	}
	claims_release(&claims);
	claims_init(&claims, &plan);
	read_records(expected);
	ck_assert_int_eq(claims_check(&claims, captured, &findings, &comparing.err), STATUS_OK);
	ck_assert_uint_eq(claims.leaves[0].count, kept);
	ck_assert(claims.leaves[0].is_explained == is_explained);
	for (int side = 0; side < SIDES; side++) {
		captured_release(&captured[side]);
		close(fds[side]);
	}
}

/* Only what was said to its end is answered, one leaf behind the other. */
START_TEST(a_leaf_is_answered_when_it_is_done)
{
	const struct match_record other = {.kind = MATCH_DONE, .leaf = 1};
	const struct match_record done = {.kind = MATCH_DONE};
	size_t at = 0;
	int fd;

	put_record(row_of("uuid"), 2, 2, "it");
	buffer_add(&records, &other, sizeof(other));
	read_records(1);
	buffer_truncate(&records, records.len - sizeof(other));
	buffer_add(&records, &done, sizeof(done));
	fd = memory_file(records.data, records.len);
	ck_assert_int_eq(claims_read(&claims, fd, &at, &findings, &comparing.err), STATUS_OK);
	ck_assert_uint_eq(at, 1);
	close(fd);
}
END_TEST

START_TEST(claims_that_make_no_sense_are_not_taken)
{
	uint32_t time = row_of("embedded-timestamp");

	put_record(time, 8, 3, "behind the end");
	put_record(time, UINT64_MAX - 1, 3, "wraps around");
	put_record(time, 2, 0, "nothing");
	put_record((uint32_t)cause_catalogue_count, 0, 2, "no cause");
	put_record(row_of("unexplained"), 0, 2, "no explanation");
	put_record(row_of("signature-invalid"), 0, 2, "about the content");
	put_record(time, 0, 2, "\033[2J");
	put_record(time, 0, 2, "\xff");
	read_records(0);
	put_record(time, 0, 2, "the one good");
	buffer_add_text(&records, "half a record");
	read_records(1);
}
END_TEST

START_TEST(claims_are_held_against_the_bytes)
{
	uint32_t time = row_of("embedded-timestamp");

	put_record(time, 2, 2, "first");
	put_record(time, 6, 1, "second");
	expect_checked("..aa..a...", "..bb..b...", 2, 2, true);
	expect_checked("..aa..a..c", "..bb..b..d", 2, 2, false);
	expect_checked("c.aa..a...", "d.bb..b...", 2, 2, false);
	expect_checked("..aac.a...", "..bbd.b...", 2, 2, false);
	/* Not all of it was read again. */
	leaf.is_covered = false;
	expect_checked("..aa..a...", "..bb..b...", 2, 2, false);
	leaf.is_covered = true;
	expect_checked("..aa..a..", "..bb..b..", 2, 0, false);
}
END_TEST

static void check_rest(const char *rebuilt, size_t len, bool is_explained)
{
	struct captured captured[SIDES] = {{.fd = -1}, {.fd = -1}};
	bool is_chosen = false;

	claims.leaves[0].is_explained = true;
	leaf.sizes[PUBLISHED] = leaf.sizes[REBUILT] = 1000;
	ck_assert(claims_need_rests(&claims, &is_chosen));
	ck_assert(is_chosen);
	for (int side = 0; side < SIDES; side++) {
		struct captured_header header = {leaf.members[side], WANTED_REST_OFFSET, len};
		struct buffer file = {0};
		int fd;

		buffer_add(&file, &header, sizeof(header));
		buffer_add(&file, side == PUBLISHED ? "01234567890123456789012345678901" : rebuilt,
			len);
		fd = memory_file(file.data, file.len);
		buffer_release(&file);
		ck_assert_int_eq(captured_read(&captured[side], fd, 1, &comparing.err), STATUS_OK);
	}
	ck_assert_int_eq(
		claims_check_rests(&claims, &is_chosen, captured, &comparing.err), STATUS_OK);
	ck_assert(claims.leaves[0].is_explained == is_explained);
	for (int side = 0; side < SIDES; side++) {
		close(captured[side].fd);
		captured_release(&captured[side]);
	}
}

/* Block hashes find what to read; that the rest is the same, SHA-256 says (law 1). */
START_TEST(the_rest_is_the_same_by_its_hash)
{
	check_rest("01234567890123456789012345678901", 32, true);
	check_rest("01234567890123456789012345678902", 32, false);
	check_rest("0123456789012345678901234567890", 31, false);
}
END_TEST

START_TEST(claims_that_overlap_are_nobodys)
{
	put_record(row_of("embedded-timestamp"), 2, 4, "first");
	put_record(row_of("uuid"), 5, 2, "second");
	expect_checked("..aaaaa...", "..bbbbb...", 2, 0, false);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("claims");
	TCase *tests = tcase_create("claims");
	TCase *records_tests = tcase_create("records");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, comparing_teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_claim_that_holds_explains);
	tcase_add_test(tests, a_byte_beside_it_is_unexplained);
	tcase_add_test(tests, values_of_other_lengths);
	tcase_add_test(tests, a_changed_root_hash_is_no_salt);
	tcase_add_test(tests, digests_follow_from_what_they_are_of);
	tcase_add_test(tests, a_uuid_and_its_digest_in_utf_16);
	tcase_add_test(tests, the_uuid_of_the_image_elsewhere);
	tcase_add_test(tests, large_members);
	tcase_add_test(tests, more_blocks_than_are_read_again);
	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(records_tests, claims_setup, claims_teardown);
	tcase_add_test(records_tests, a_leaf_is_answered_when_it_is_done);
	tcase_add_test(records_tests, claims_that_make_no_sense_are_not_taken);
	tcase_add_test(records_tests, claims_are_held_against_the_bytes);
	tcase_add_test(records_tests, claims_that_overlap_are_nobodys);
	tcase_add_test(records_tests, the_rest_is_the_same_by_its_hash);
	suite_add_tcase(suite, records_tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
