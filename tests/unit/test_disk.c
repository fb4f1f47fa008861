/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/array.h"
#include "dbdiff/format/bytes.h"
#include "tests/unit/disk_image.h"

/* Three partitions, the second of them a FAT, and gaps before, between and after. */
#define GPT_DISK                                                                                   \
	"gpt() { truncate -s 8M $1; LC_ALL=C.UTF-8 sgdisk -a 1 -U 11111111-2222-3333-4444-$2"      \
	" -n 1:64:2047 -c 1:efi -t 1:ef00 -u 1:aaaaaaaa-2222-3333-4444-000000000001"               \
	" -A 1:set:2 -n 2:4096:8191 -c 2:Größe -u 2:aaaaaaaa-2222-3333-4444-000000000002"        \
	" -n 4:8192:9215 -c 4:root -u 4:aaaaaaaa-2222-3333-4444-000000000004 $1 >/dev/null;"       \
	" truncate -s 2M fat; mkfs.fat -i 12345678 --invariant fat >/dev/null;"                    \
	" echo one >one; echo two >two; touch -d '2020-01-02 UTC' one two;"                        \
	" mcopy -m -i fat one two ::;"                                                             \
	" dd if=fat of=$1 bs=512 seek=4096 conv=notrunc status=none; };"

START_TEST(gpt_is_listed)
{
	shell(GPT_DISK "gpt disk 000000000001");
	index_file("disk");
	ck_assert_str_eq(index_outcome("disk"), "disk");
	ck_assert_str_eq(index_paths(1), "p1\np2\np4\n");
	assert_field("disk", "disk-label", "gpt");
	assert_field("disk", "disk-guid", "11111111-2222-3333-4444-000000000001");
	assert_field("disk", "disk-id", "00000000");
	assert_field("disk", "disk-sector-size", "512");
	assert_no_field("disk", "gpt-invalid");
	assert_no_field("disk", "gpt-backup");
	assert_no_field("disk", "mbr-partition:1");
	assert_field("p1", "label", "efi");
	assert_field("p1", "partition-type", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
	assert_field("p1", "partition-guid", "aaaaaaaa-2222-3333-4444-000000000001");
	assert_field("p1", "partition-attributes", "0x0000000000000004");
	assert_field("p1", "partition-extent", "sectors 64 to 2047");
	assert_field("p2", "label", "Größe");
	ck_assert_str_eq(index_outcome("p2"), "fat");
	ck_assert_str_eq(index_paths(index_id("p2")), "one\ntwo\n");
	ck_assert_int_eq(index_number("SELECT size FROM member WHERE path = CAST('p4' AS BLOB)"),
		1024 * 512);
}
END_TEST

START_TEST(gpt_is_covered)
{
	shell(GPT_DISK "gpt disk 000000000001");
	index_file("disk");
	index_assert_covered(1, 8 << 20);
	ck_assert_str_eq(index_regions(1),
		"0+440 structure boot-code\n"
		"440+4 structure disk-id\n"
		"444+2 structure mbr-reserved\n"
		"446+1 derived protective-mbr\n"
		"447+3 structure mbr-chs\n"
		"450+1 derived protective-mbr\n"
		"451+3 structure mbr-chs\n"
		"454+8 derived protective-mbr\n"
		"462+16 structure mbr-partition:2\n"
		"478+16 structure mbr-partition:3\n"
		"494+16 structure mbr-partition:4\n"
		"510+2 structure mbr-signature\n"
		"512+16 structure gpt-header\n"
		"528+4 derived checksum\n"
		"532+4 structure gpt-header\n"
		"536+32 structure gpt-layout\n"
		"568+16 structure disk-guid\n"
		"584+16 structure gpt-layout\n"
		"600+4 derived checksum\n"
		"604+420 structure gpt-padding\n"
		"1024+16 metadata partition-type of p1\n"
		"1040+16 metadata partition-guid of p1\n"
		"1056+16 metadata partition-extent of p1\n"
		"1072+8 metadata partition-attributes of p1\n"
		"1080+6 metadata label of p1\n"
		"1086+66 metadata partition-entry of p1\n"
		"1152+16 metadata partition-type of p2\n"
		"1168+16 metadata partition-guid of p2\n"
		"1184+16 metadata partition-extent of p2\n"
		"1200+8 metadata partition-attributes of p2\n"
		"1208+10 metadata label of p2\n"
		"1218+62 metadata partition-entry of p2\n"
		"1280+128 structure unused-entries\n"
		"1408+16 metadata partition-type of p4\n"
		"1424+16 metadata partition-guid of p4\n"
		"1440+16 metadata partition-extent of p4\n"
		"1456+8 metadata partition-attributes of p4\n"
		"1464+8 metadata label of p4\n"
		"1472+64 metadata partition-entry of p4\n"
		"1536+15872 structure unused-entries\n"
		"17408+15360 structure gap:before-p1\n"
		"32768+1015808 content data of p1@0\n"
		"1048576+1048576 structure gap:after-p1\n"
		"2097152+2097152 content data of p2@0\n"
		"4194304+524288 content data of p4@0\n"
		"4718592+3653120 structure gap:after-p4\n"
		"8371712+16476 derived gpt-backup\n"
		"8388188+420 structure gpt-padding\n");
}
END_TEST

START_TEST(gpt_differences_are_named)
{
	shell(GPT_DISK "gpt a 000000000001; gpt b 000000000002; cp a c;"
		       " sgdisk -u 4:aaaaaaaa-2222-3333-4444-000000000005 -c 1:esp c >/dev/null");
	compare_fds(file_open("a"), file_open("b"));
	expect_has(buffer_text(&comparing.text), " disk-guid");
	ck_assert_ptr_null(strstr(buffer_text(&comparing.text), "t//"));
	compare_fds(file_open("a"), file_open("c"));
	expect_has(buffer_text(&comparing.text), "metadata t//p1 label");
	expect_has(buffer_text(&comparing.text), "metadata t//p4 partition-guid");
	ck_assert_ptr_null(strstr(buffer_text(&comparing.text), "disk-guid"));
}
END_TEST

START_TEST(one_byte_in_a_file_of_a_partition)
{
	shell(GPT_DISK "gpt a 000000000001; cp a b;"
		       " at=$(grep -abo two b | grep -v TWO | tail -n 1 | cut -d: -f1);"
		       " printf X | dd of=b bs=1 seek=$at conv=notrunc status=none");
	compare_fds(file_open("a"), file_open("b"));
	expect_has(buffer_text(&comparing.text), "content t//p2//two");
	ck_assert_ptr_null(strstr(buffer_text(&comparing.text), "one"));
}
END_TEST

/* It is not hashed: its bytes are compared, here and in what a stream holds. */
START_TEST(a_partition_of_the_same_bytes_is_the_same)
{
	shell(GPT_DISK
		"gpt a 000000000001; cp a b;"
		" printf X | dd of=b bs=1 seek=3000000 conv=notrunc status=none;"
		" sgdisk -d 4 -n 3:9216:9300 -u 3:aaaaaaaa-2222-3333-4444-000000000003 -a 1 b"
		" >/dev/null; xz -k0 a b");
	compare_fds(file_open("a"), file_open("b"));
	expect_has(buffer_text(&comparing.text), "content t//p2 free-space");
	shell("printf X | dd of=a bs=1 seek=3000000 conv=notrunc status=none");
	compare_fds(file_open("a"), file_open("b"));
	expect_has(buffer_text(&comparing.text), "added t//p3");
	ck_assert_ptr_null(strstr(buffer_text(&comparing.text), "t//p2"));
	compare_fds(file_open("a.xz"), file_open("b.xz"));
	expect_has(buffer_text(&comparing.text), "//p2 free-space");
	shell("xz -kf0 a");
	compare_fds(file_open("a.xz"), file_open("b.xz"));
	expect_has(buffer_text(&comparing.text), "added t//t.decompressed//p3");
	ck_assert_ptr_null(strstr(buffer_text(&comparing.text), "//p2"));
}
END_TEST

/* All of it is the same as on the other side: nothing is opened, and no region answers for it. */
START_TEST(what_is_the_same_is_not_opened)
{
	struct sameness same = {0};
	struct walk_setup setup = {.spares_hashes = true, .sameness = &same};
	int fd;

	shell(GPT_DISK "gpt disk 000000000001");
	fd = file_open("disk");
	ck_assert_int_eq(sameness_find(&same, (int[SIDES]){fd, fd},
				 (uint64_t[SIDES]){8 << 20, 8 << 20}, &comparing.err),
		STATUS_OK);
	index_setup = &setup;
	index_file("disk");
	ck_assert_str_eq(index_paths(1), "p1\np2\np4\n");
	ck_assert_int_eq(index_number("SELECT count(*) FROM member"), 4);
	ck_assert_int_eq(
		index_number("SELECT count(*) FROM member WHERE size > 0 AND inspected"), 4);
	ck_assert_int_eq(index_number("SELECT count(*) FROM member WHERE sha256 IS NOT NULL"), 0);
	ck_assert_int_eq(index_number("SELECT count(*) FROM region WHERE kind > 0"), 0);
	index_setup = NULL;
	sameness_release(&same);
	close(fd);
}
END_TEST

/* Where it was both have the same bytes still, so that one side has not opened it. */
START_TEST(a_partition_that_moved_is_compared_whole)
{
	shell(GPT_DISK "gpt a 000000000001; cp a b;"
		       " dd if=a of=b bs=512 skip=4096 seek=9216 count=4096 conv=notrunc"
		       " status=none;"
		       " LC_ALL=C.UTF-8 sgdisk -a 1 -d 2 -n 2:9216:13311 -c 2:Größe"
		       " -u 2:aaaaaaaa-2222-3333-4444-000000000002 b >/dev/null");
	compare_fds(file_open("a"), file_open("b"));
	expect_has(buffer_text(&comparing.text), "metadata t//p2 partition-extent\n");
	ck_assert_ptr_null(strstr(buffer_text(&comparing.text), "p2//"));
	ck_assert_int_eq(comparing.result.unattributed_bytes, 0);
	shell("at=$(grep -abo two b | grep -v TWO | tail -n 1 | cut -d: -f1);"
	      " printf X | dd of=b bs=1 seek=$at conv=notrunc status=none");
	compare_fds(file_open("a"), file_open("b"));
	expect_has(buffer_text(&comparing.text), "content t//p2//two");
	ck_assert_ptr_null(strstr(buffer_text(&comparing.text), "one"));
	ck_assert_int_eq(comparing.result.unattributed_bytes, 0);
}
END_TEST

START_TEST(what_is_opened_in_a_disk_is_hashed_only_when_asked)
{
	struct walk_setup setup = {.spares_hashes = true};

	shell(GPT_DISK "gpt disk 000000000001");
	for (int spares = 0; spares < 2; spares++) {
		index_setup = spares ? &setup : NULL;
		index_file("disk");
		ck_assert_int_eq(
			index_number(
				"SELECT count(*) FROM member WHERE content AND sha256 IS NULL"),
			spares ? 2 : 0);
		ck_assert_int_eq(
			index_number("SELECT place FROM member WHERE path = x'7032'"), 4096 * 512);
		ck_assert_int_eq(
			index_number("SELECT size FROM member WHERE path = x'7032'"), 4096 * 512);
	}
	index_setup = NULL;
}
END_TEST

/* The first header damaged: the second counts. */
START_TEST(gpt_backup_stands_in)
{
	shell(GPT_DISK "gpt disk 000000000001; cp disk gone; cp disk array;"
		       " dd if=/dev/zero of=gone bs=512 seek=1 count=33 conv=notrunc status=none");
	poke("disk", 512 + 40, "x", 1);
	index_file("disk");
	assert_field(
		"disk", "gpt-invalid", "first header: the checksum of the header does not fit");
	assert_field("disk", "gpt-backup", "the two tables are not the same");
	ck_assert_str_eq(index_paths(1), "p1\np2\np4\n");
	index_assert_covered(1, 8 << 20);
	index_file("gone");
	assert_field("gone", "gpt-invalid", "first header: it is not there");
	ck_assert_str_eq(index_paths(1), "p1\np2\np4\n");
	assert_field("p2", "partition-extent", "sectors 4096 to 8191");
	index_assert_covered(1, 8 << 20);
	poke("array", 1024 + 56, "X", 1);
	index_file("array");
	assert_field(
		"array", "gpt-invalid", "first header: the checksum of the entries does not fit");
	assert_field("p1", "label", "efi");
	index_assert_covered(1, 8 << 20);
}
END_TEST

START_TEST(gpt_backup_differs)
{
	shell(GPT_DISK "gpt disk 000000000001; cp disk short; truncate -s 7M short;"
		       " cp disk long; truncate -s 9M long");
	poke("disk", (8 << 20) - 512 - 16384 + 56, "X", 1);
	index_file("disk");
	assert_field("disk", "gpt-backup", "the two tables are not the same");
	assert_field(
		"disk", "gpt-invalid", "second header: the checksum of the entries does not fit");
	expect_has(index_regions(1), "structure gpt-backup\n");
	index_assert_covered(1, 8 << 20);
	index_file("short");
	assert_field("short", "gpt-invalid", "second header: it is not there");
	index_assert_covered(1, 7 << 20);
	index_file("long");
	assert_no_field("long", "gpt-invalid");
	expect_has(index_regions(1), "8388608+1048576 structure trailing-data\n");
	index_assert_covered(1, 9 << 20);
}
END_TEST

/* A disk of 4096 byte sectors, as sfdisk makes it on a loop device, is made by hand. */
START_TEST(large_sectors)
{
	shell(GPT_DISK
		"gpt small 000000000001; truncate -s 64M large;"
		" dd if=small of=large bs=512 count=1 status=none conv=notrunc;"
		" dd if=small of=large bs=512 skip=1 seek=8 count=1 status=none conv=notrunc;"
		" dd if=small of=large bs=512 skip=2 seek=16 count=32 status=none conv=notrunc;"
		" dd if=small of=large bs=512 skip=16383 seek=131064 count=1 status=none"
		" conv=notrunc; dd if=small of=large bs=4096 skip=512 seek=4096 count=512"
		" status=none conv=notrunc");
	index_file("large");
	assert_field("large", "disk-sector-size", "4096");
	ck_assert_str_eq(index_paths(1), "p1\np2\np4\n");
	ck_assert_int_eq(index_number("SELECT size FROM member WHERE path = CAST('p4' AS BLOB)"),
		1024 * 4096);
	ck_assert_str_eq(index_outcome("p2"), "fat");
	index_assert_covered(1, 64 << 20);
}
END_TEST

/* Partitions laid over one another, behind the end, and backwards: all the others are listed. */
START_TEST(hostile_gpt)
{
	static const unsigned char far[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};

	shell(GPT_DISK "gpt disk 000000000001");
	poke("disk", 1024 + 32, "\x00\x11\0\0\0\0\0\0", 8); /* p1 from 4352, */
	poke("disk", 1024 + 40, "\x00\x21\0\0\0\0\0\0", 8); /* to 8448 */
	poke("disk", 1024 + 3 * 128 + 40, far, 8);	    /* p4 to the end of numbers */
	memcpy(comparing.err.text, "", 1);
	index_file("disk");
	ck_assert_str_eq(index_paths(1), "p1\np2\np4\n");
	/* Both checksums of the first table fail, so the second counts; it is damaged as well. */
	poke("disk", (8 << 20) - 512, "\0", 1);
	index_file("disk");
	ck_assert_str_eq(index_paths(1), "p1\np2\np4\n");
	assert_field("p1", "partition-overlap", "shares bytes with p2");
	ck_assert_str_eq(index_outcome("p2"), "fat");
	assert_field("p4", "partition-invalid", "it ends behind the end of the disk");
	ck_assert_str_eq(
		index_outcome("p4"), "not inspected: disk: p4: it ends behind the end of the disk");
	index_assert_covered(1, 8 << 20);
}
END_TEST

START_TEST(impossible_gpt)
{
	shell(GPT_DISK "gpt disk 000000000001; truncate -s 7M disk");
	poke("disk", 512 + 80, "\xff\xff\xff\xff", 4);
	index_file("disk");
	ck_assert_str_eq(index_outcome("disk"),
		"not inspected: disk: GPT: the first header: it has too many entries; the second: "
		"it "
		"is not there");
	poke("disk", 512 + 80, "\x80\0\0\0", 4);
	poke("disk", 512 + 72, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	index_file("disk");
	expect_has(index_outcome("disk"), "its entries are not on the disk");
}
END_TEST

/* Entries of both tables; what the GPT has no entry for is told. */
START_TEST(hybrid)
{
	shell(GPT_DISK "gpt disk 000000000001; sgdisk -h 1:EE disk >/dev/null");
	index_file("disk");
	assert_field("disk", "disk-label", "gpt");
	ck_assert_str_eq(index_paths(1), "p1\np2\np4\n");
	ck_assert_int_gt(index_number("SELECT count(*) FROM member WHERE instr(fields,"
				      " CAST('mbr-partition:2' AS BLOB))"),
		0);
	index_assert_covered(1, 8 << 20);
}
END_TEST

START_TEST(guids_and_utf16)
{
	static const unsigned char guid[16] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba,
		0x4b, 0, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};
	static const unsigned char text[] = {
		'a', 0, 0xe4, 0, 0xac, 0x20, 0x3d, 0xd8, 0, 0xde, 0, 0xd8, 'b', 0, 0, 0, 'c', 0};
	char hex[BYTES_GUID_TEXT_SIZE];
	struct buffer out = {0};

	bytes_guid_text(guid, hex);
	ck_assert_str_eq(hex, "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
	ck_assert_uint_eq(bytes_add_utf16(&out, text, sizeof(text) / 2), 7);
	ck_assert_str_eq(buffer_text(&out),
		"aä€😀\xed\xa0\x80"
		"b");
	buffer_release(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("disk");
	TCase *tests = tcase_create("disk");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, comparing_setup, comparing_teardown);
	tcase_add_test(tests, gpt_is_listed);
	tcase_add_test(tests, gpt_is_covered);
	tcase_add_test(tests, gpt_differences_are_named);
	tcase_add_test(tests, one_byte_in_a_file_of_a_partition);
	tcase_add_test(tests, a_partition_of_the_same_bytes_is_the_same);
	tcase_add_test(tests, what_is_the_same_is_not_opened);
	tcase_add_test(tests, a_partition_that_moved_is_compared_whole);
	tcase_add_test(tests, what_is_opened_in_a_disk_is_hashed_only_when_asked);
	tcase_add_test(tests, gpt_backup_stands_in);
	tcase_add_test(tests, gpt_backup_differs);
	tcase_add_test(tests, large_sectors);
	tcase_add_test(tests, hostile_gpt);
	tcase_add_test(tests, impossible_gpt);
	tcase_add_test(tests, hybrid);
	tcase_add_test(tests, guids_and_utf16);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
