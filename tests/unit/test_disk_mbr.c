/* SPDX-License-Identifier: Apache-2.0 */
/* Disks with an MBR alone, its extended partitions, and what only looks like one. */
#include <stdlib.h>

#include "tests/unit/disk_image.h"

#define MBR_DISK                                                                                   \
	"mbr() { truncate -s 8M $1; printf 'label: dos\\nlabel-id: 0x12345678\\n"                  \
	"64,2048,c,*\\n4096,8192,5\\n12288,2048,83\\n4160,1024,83\\n6144,1024,82\\n'"              \
	" | sfdisk -q --no-reread --no-tell-kernel $1; };"

START_TEST(mbr_is_listed)
{
	shell(MBR_DISK "mbr disk");
	index_file("disk");
	ck_assert_str_eq(index_paths(1), "p1\np3\np5\np6\n");
	assert_field("disk", "disk-label", "mbr");
	assert_field("disk", "disk-id", "12345678");
	assert_field("disk", "mbr-partition:2", "type 0x05, flags 0x00, 8192 sectors from 4096");
	assert_field("p1", "partition-type", "0x0c");
	assert_field("p1", "partition-flags", "0x80");
	assert_field("p1", "partition-extent", "2048 sectors from 64");
	assert_field("p5", "partition-extent", "1024 sectors from 4160");
	assert_field("p6", "partition-extent", "1024 sectors from 6144");
	assert_field("p6", "partition-type", "0x82");
	index_assert_covered(1, 8 << 20);
	expect_has(index_regions(1), "462+16 structure mbr-partition:2\n");
	expect_has(index_regions(1),
		"512+32256 structure gap:before-p1\n32768+1048576 content data of p1@0\n");
	expect_has(index_regions(1), " structure ebr-link\n");
	expect_has(index_regions(1), "2654208+491008 structure gap:after-p5\n");
	expect_has(index_regions(1),
		"6291456+1048576 content data of p3@0\n"
		"7340032+1048576 structure gap:after-p3\n");
}
END_TEST

/* Where the link to the second extended boot record is. */
static uint64_t link_offset(void)
{
	return index_number("SELECT start FROM region WHERE name = 'ebr-link' ORDER BY start") + 8;
}

START_TEST(extended_chain_is_bounded)
{
	shell(MBR_DISK "mbr disk; mbr lost; mbr far");
	index_file("disk");
	poke("disk", link_offset(), "\0\0\0\0", 4);
	index_file("disk");
	/* A link of 0 ends the chain. */
	ck_assert_str_eq(index_paths(1), "p1\np3\np5\n");
	ck_assert_str_eq(index_outcome("disk"), "disk");
	index_file("lost");
	poke("lost", link_offset(), "\x01\0\0\0", 4);
	index_file("lost");
	ck_assert_str_eq(index_outcome("lost"),
		"not inspected: disk: there is no extended boot record in sector 4097");
	ck_assert_str_eq(index_paths(1), "p1\np3\np5\n");
	index_assert_covered(1, 8 << 20);
	index_file("far");
	poke("far", link_offset(), "\xff\xff\xff\xff", 4);
	index_file("far");
	expect_has(index_outcome("far"), "behind the end of the disk");
}
END_TEST

START_TEST(extended_chain_loops)
{
	unsigned char record[512] = {0};
	uint64_t link;

	shell(MBR_DISK "mbr disk");
	index_file("disk");
	/* The second record leads to one in sector 1 of the extended partition, which leads there
	 * again. */
	link = link_offset();
	record[446 + 16 + 4] = 0x05;
	record[446 + 16 + 8] = 1;
	record[510] = 0x55;
	record[511] = 0xaa;
	poke("disk", (4096 + 1) * 512, record, sizeof(record));
	poke("disk", link, "\x01\0\0\0", 4);
	index_file("disk");
	ck_assert_str_eq(index_outcome("disk"),
		"not inspected: disk: the chain of extended boot records leads back to sector "
		"4097");
	ck_assert_str_eq(index_paths(1), "p1\np3\np5\n");
	index_assert_covered(1, 8 << 20);
}
END_TEST

START_TEST(mbr_differences)
{
	shell(MBR_DISK "mbr a; cp a b; cp a c; sfdisk -q --disk-id b 0x87654321");
	compare_fds(file_open("a"), file_open("b"));
	expect_has(buffer_text(&comparing.text), " disk-id");
	ck_assert_ptr_null(strstr(buffer_text(&comparing.text), "t//"));
	poke("c", 4096, "x", 1);
	compare_fds(file_open("a"), file_open("c"));
	expect_has(buffer_text(&comparing.text), " gap:before-p1");
	ck_assert_ptr_null(strstr(buffer_text(&comparing.text), "t//"));
}
END_TEST

START_TEST(mbr_with_large_sectors)
{
	unsigned char mbr[512] = {[446 + 4] = 0x0c,
		[446 + 8] = 0x10,
		[446 + 12] = 0,
		[446 + 13] = 2,
		[510] = 0x55,
		[511] = 0xaa};

	shell("truncate -s 8M disk; truncate -s 2M fat; mkfs.fat -S 4096 fat >/dev/null;"
	      " dd if=fat of=disk bs=4096 seek=16 conv=notrunc status=none");
	poke("disk", 0, mbr, sizeof(mbr));
	index_file("disk");
	assert_field("disk", "disk-sector-size", "4096");
	ck_assert_str_eq(index_outcome("p1"), "fat");
	index_assert_covered(1, 8 << 20);
}
END_TEST

/* What ends in 55 AA and is no disk. */
START_TEST(no_disks)
{
	unsigned char sector[4096] = {[510] = 0x55, [511] = 0xaa};

	shell("truncate -s 4M fat; mkfs.fat fat >/dev/null; truncate -s 1M none; truncate -s 40M "
	      "fat32;"
	      " mkfs.fat -F 32 fat32 >/dev/null");
	/* A FAT with what looks like a table in its code. */
	poke("fat", 446, "\x80\x01\x01\0\x0c\x01\x01\0\x10\0\0\0\x10\0\0\0", 16);
	index_file("fat");
	ck_assert_str_eq(index_outcome("fat"), "fat");
	index_file("fat32");
	ck_assert_str_eq(index_outcome("fat32"), "fat");
	poke("none", 0, sector, sizeof(sector));
	index_file("none");
	ck_assert_str_eq(index_outcome("none"), "leaf");
	/* One entry outside the disk, entries over one another, flags that are none. */
	poke("none", 446, "\0\0\0\0\x83\0\0\0\xff\xff\0\0\x10\0\0\0", 16);
	index_file("none");
	ck_assert_str_eq(index_outcome("none"), "leaf");
	poke("none", 446,
		"\0\0\0\0\x83\0\0\0\x10\0\0\0\x10\0\0\0\0\0\0\0\x83\0\0\0\x11\0\0\0\x10\0\0\0", 32);
	index_file("none");
	ck_assert_str_eq(index_outcome("none"), "leaf");
	poke("none", 446,
		"\x01\0\0\0\x83\0\0\0\x10\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32);
	index_file("none");
	ck_assert_str_eq(index_outcome("none"), "leaf");
	/* And this is one. */
	poke("none", 446, "\0", 1);
	index_file("none");
	ck_assert_str_eq(index_outcome("none"), "disk");
	index_assert_covered(1, 1 << 20);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("disk_mbr");
	TCase *tests = tcase_create("disk_mbr");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, comparing_setup, comparing_teardown);
	tcase_add_test(tests, mbr_is_listed);
	tcase_add_test(tests, extended_chain_is_bounded);
	tcase_add_test(tests, extended_chain_loops);
	tcase_add_test(tests, mbr_differences);
	tcase_add_test(tests, mbr_with_large_sectors);
	tcase_add_test(tests, no_disks);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
