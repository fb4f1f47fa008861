/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/indexing.h"

/*
 * What compressed streams can hide (trust T7): each attack is a finding, and the field "stream" is
 * "plain" only of the stream that it was made from.
 */
static void teardown(void)
{
	index_close();
	comparing_teardown();
}

static const char *form(const char *name)
{
	index_file(name);
	return index_field_of(INDEX_ARTIFACT_ID, "stream");
}

static void assert_covered(void)
{
	index_assert_covered(
		INDEX_ARTIFACT_ID, (uint64_t)index_number("SELECT size FROM member WHERE id = 1"));
	ck_assert_int_eq(index_number("SELECT inspected FROM member WHERE id = 1"), 1);
}

/* A frame that readers skip, of "hidden payload". */
#define SKIPPABLE "printf '\\120\\052\\115\\030\\016\\000\\000\\000hidden payload'"
/* Sets the flag FEXTRA of x.gz, and puts 40 kB behind its header. */
#define EXTRA                                                                                      \
	"head -c 3 x.gz; printf '\\004'; tail -c +5 x.gz | head -c 6; printf '\\100\\234';"        \
	"head -c 40000 /dev/zero | tr '\\0' h; tail -c +11 x.gz"

static const struct attack {
	const char *compress; /* x into $1 */
	const char *attack;   /* of x.SUFFIX, to stdout */
	const char *form;
	const char *findings;
} attacks[] = {
	{"gzip -nc", "cat x.z; printf payload", "bytes behind its end",
		"metadata t stream (unexplained)\nadded t///trailing\n"},
	{"bzip2 -c", "cat x.z; printf payload", "bytes behind its end",
		"metadata t stream (unexplained)\nadded t///trailing\n"},
	{"xz -c", "cat x.z; printf payload", "bytes behind its end",
		"metadata t stream (unexplained)\nadded t///trailing\n"},
	{"xz --format=lzma -c", "cat x.z; printf payload", "bytes behind its end",
		"metadata t stream (unexplained)\nadded t///trailing\n"},
	{"zstd -qc", "cat x.z; printf payload", "bytes behind its end",
		"metadata t stream (unexplained)\nadded t///trailing\n"},
	{"lz4 -qc", "cat x.z; printf payload", "bytes behind its end",
		"metadata t stream (unexplained)\nadded t///trailing\n"},
	{"lz4 -qlc", "cat x.z; printf payload", "bytes behind its end",
		"metadata t stream (unexplained)\nadded t///trailing\n"},
	{"gzip -nc", "cat x.z; head -c 9 /dev/zero", "9 bytes of padding",
		"metadata t stream (unexplained)\nadded t///padding\n"},
	{"zstd -qc", "cat x.z; " SKIPPABLE, "1 skippable frames",
		"content t size stream skippable-frame (unexplained)\n"},
	{"zstd -qc", SKIPPABLE "; cat x.z", "1 skippable frames",
		"content t size stream skippable-frame (unexplained)\n"},
	{"lz4 -qc", "cat x.z; " SKIPPABLE, "1 skippable frames",
		"content t size stream skippable-frame (unexplained)\n"},
	{"lz4 -qc", SKIPPABLE "; cat x.z", "1 skippable frames",
		"content t size stream skippable-frame (unexplained)\n"},
	{"gzip -nc", "cp x.z x.gz;" EXTRA, "40002 bytes of optional header fields",
		"content t size stream gzip-flags gzip-extra (unexplained)\n"},
	{"gzip -nc", "cat x.z; gzip -nc </dev/null", "2 streams",
		"content t size stream (unexplained)\n"},
	{"bzip2 -c", "cat x.z; bzip2 -c </dev/null", "2 streams",
		"content t size stream (unexplained)\n"},
	{"xz -c", "cat x.z; xz -c </dev/null", "2 streams",
		"content t size stream (unexplained)\n"},
	{"zstd -qc", "cat x.z; zstd -qc </dev/null", "2 streams",
		"content t size stream (unexplained)\n"},
	{"lz4 -qc", "cat x.z; lz4 -qc </dev/null", "2 streams",
		"content t size stream (unexplained)\n"},
	{"xz -c", "cat x.z; head -c 8 /dev/zero", "8 bytes of padding",
		"content t size stream (unexplained)\n"},
	{"xz -c", "cat x.z; head -c 4 /dev/zero; xz -c </dev/null", "2 streams, 4 bytes of padding",
		"content t size stream (unexplained)\n"},
	{"gzip -nc", "cat x.z; tar -cf - x", "bytes behind its end",
		"metadata t stream (unexplained)\nadded t///trailing.tar\n"},
};

START_TEST(an_attack_is_found)
{
	const struct attack *attack = &attacks[_i];
	struct buffer script = {0};

	buffer_add_format(
		&script, "seq 3000 >x; %s <x >x.z; { %s; } >y.z", attack->compress, attack->attack);
	shell(buffer_text(&script));
	buffer_release(&script);
	ck_assert_str_eq(form("x.z"), "plain");
	assert_covered();
	ck_assert_str_eq(form("y.z"), attack->form);
	assert_covered();
	/* What is inside is the same. */
	expect_files("x.z", "y.z", attack->findings);
}
END_TEST

static const char *const plain[] = {"gzip -c", "gzip -9n", "bzip2 -1c", "xz -9c",
	"xz -c --block-size=1000 -T2", "xz -c --x86 --lzma2=preset=1 -C sha256",
	"xz -c --format=lzma", "zstd -qc -19", "zstd -qc --no-check --long=27", "lz4 -qc -BD -B4",
	"lz4 -qc --no-frame-crc", "lz4 -qlc"};

START_TEST(a_plain_stream_is_plain)
{
	struct buffer script = {0};

	buffer_add_format(&script, "seq 100000 >x; %s <x >x.z", plain[_i]);
	shell(buffer_text(&script));
	buffer_release(&script);
	ck_assert_str_eq(form("x.z"), "plain");
	assert_covered();
	ck_assert_int_eq(index_number("SELECT size FROM member WHERE id = 2"), 588895);
}
END_TEST

START_TEST(a_gzip_header_is_told_field_by_field)
{
	shell("echo 1 >name; touch -d @1600000000 name; gzip -9k name");
	index_file("name.gz");
	ck_assert_str_eq(index_field_of(INDEX_ARTIFACT_ID, "gzip-name"), "name");
	ck_assert_str_eq(index_field_of(INDEX_ARTIFACT_ID, "gzip-mtime"), "2020-09-13T12:26:40Z");
	ck_assert_str_eq(index_field_of(INDEX_ARTIFACT_ID, "gzip-os"), "3");
	ck_assert_str_eq(index_field_of(INDEX_ARTIFACT_ID, "gzip-flags"), "08 02");
	ck_assert_str_eq(index_regions(INDEX_ARTIFACT_ID),
		"0+4 structure gzip-flags\n"
		"4+4 structure gzip-mtime\n"
		"8+1 structure gzip-flags\n"
		"9+1 structure gzip-os\n"
		"10+5 structure gzip-name\n"
		"15+12 content data of name\n");
}
END_TEST

START_TEST(a_checksum_that_does_not_fit_is_damage)
{
	shell("seq 3000 >x; gzip -nc x >x.gz; cp x.gz y.gz; s=$(stat -c %s y.gz);"
	      "printf 'abcd' | dd of=y.gz bs=1 seek=$((s - 8)) conv=notrunc status=none");
	ck_assert_str_eq(form("y.gz"), "not read to its end");
	expect_files("x.gz", "y.gz",
		"content t stream (unexplained) not inspected: rebuilt: gzip: the checksum does"
		" not fit\n"
		"content t//t.decompressed size (unexplained) not inspected: rebuilt: gzip: the"
		" checksum does not fit\n");
}
END_TEST

START_TEST(a_large_window_is_refused)
{
	shell("head -c 400000000 /dev/zero | zstd -q --ultra --long=31 -1 >x.zst");
	index_file("x.zst");
	ck_assert_int_eq(index_number("SELECT inspected FROM member WHERE id = 1"), 0);
	ck_assert_int_eq(index_number("SELECT reason LIKE 'zstd: a window of 2147483648 bytes; more"
				      " than 134217728 are refused' FROM member WHERE id = 1"),
		1);
}
END_TEST

/* Each but the last holds its window while what is inside it is read. */
START_TEST(windows_inside_each_other_have_one_bound)
{
	shell("X() { xz -c --check=crc32 --lzma2=preset=0,dict=64MiB $1 >$1.xz; }; seq 300000 >c;"
	      "seq 500000 >fill; X c; tar -cf b c.xz fill; X b; tar -cf a b.xz fill; X a");
	index_file("a.xz");
	ck_assert_int_eq(index_number("SELECT count(*) FROM member WHERE NOT inspected"), 2);
	ck_assert_int_eq(index_number("SELECT inspected FROM member WHERE"
				      " CAST(path AS TEXT) = 'c.xz'"),
		0);
	ck_assert_int_eq(
		index_number("SELECT count(*) FROM member WHERE reason LIKE '%decoders inside each"
			     " other want windows of more than 142606336 bytes%'"),
		2);
	/* One that was read to its end holds none: a disk is copied first. */
	shell("truncate -s 1M d; dd if=b.xz of=d bs=1k seek=64 conv=notrunc status=none;"
	      "echo 'start=128, size=1920' | sfdisk -q d; X() { xz -c --check=crc32"
	      " --lzma2=preset=0,dict=128MiB $1 >$1.xz; }; X d");
	index_file("d.xz");
	ck_assert_int_eq(
		index_number("SELECT count(*) FROM member WHERE reason LIKE '%decoders inside%'"),
		0);
	ck_assert_int_eq(
		index_number("SELECT count(*) FROM member WHERE CAST(path AS TEXT) = 'c.xz'"), 1);
}
END_TEST

/* Linux's way of lz4: blocks of 8 MiB. */
START_TEST(a_legacy_lz4_has_large_blocks)
{
	shell("seq 2000000 >x; lz4 -qlc x >x.lz4; seq 1999999 >y; echo 200000X >>y;"
	      "lz4 -qlc y >y.lz4");
	ck_assert_str_eq(form("x.lz4"), "plain");
	assert_covered();
	expect_files("x.lz4", "y.lz4", "content t//t.decompressed\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream");
	TCase *tests = tcase_create("stream");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, comparing_setup, teardown);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, an_attack_is_found, 0, sizeof(attacks) / sizeof(attacks[0]));
	tcase_add_loop_test(tests, a_plain_stream_is_plain, 0, sizeof(plain) / sizeof(plain[0]));
	tcase_add_test(tests, a_gzip_header_is_told_field_by_field);
	tcase_add_test(tests, a_checksum_that_does_not_fit_is_damage);
	tcase_add_test(tests, a_large_window_is_refused);
	tcase_add_test(tests, windows_inside_each_other_have_one_bound);
	tcase_add_test(tests, a_legacy_lz4_has_large_blocks);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
