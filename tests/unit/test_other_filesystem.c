/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/indexing.h"

#include "base/alloc.h"
#include "base/array.h"

#define UUID "01234567-89ab-cdef-0123-456789abcdef"

/* How an image is made (by its own tool, or its magic put in place), and what must be said of it.
 */
static const struct {
	const char *command;
	const char *name;
	const char *field; /* in the fields of the container, or NULL */
} images[] = {
	{"mkdir t; echo x >t/f; mkfs.erofs -U " UUID " -T 1000000000 image t >log 2>&1", "erofs",
		UUID},
	{"truncate -s 1M image; mkswap -U " UUID " -L some image >log 2>&1", "swap space", UUID},
	{"mkdir t; echo x >t/f; mkfs.cramfs -n volume t image >log", "cramfs", "volume"},
	{"truncate -s 20M image; cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations"
	 " 1000 --uuid " UUID " image /etc/hostname >log 2>&1",
		"LUKS", UUID},
	{"at 65600 _BHRfS_M", "btrfs", NULL},
	{"at 0 XFSB; at 108 volume", "XFS", "volume"},
	{"at 1024 '\\020\\040\\365\\362'", "F2FS", NULL},
	{"at 512 LABELONE", "LVM", NULL},
	{"at 0 LABELONE", "LVM", NULL},
	{"at 4120 '\\306\\205\\163\\366\\116\\032\\105\\312'", "bcachefs", NULL},
	{"at 4120 '\\306\\205\\163\\366\\146\\316\\220\\251'", "a bcache device", NULL},
	{"at 4096 '\\374\\116\\053\\251'", "a RAID member", NULL},
	{"at 0 '\\374\\116\\053\\251'", "a RAID member", NULL},
	{"at 0 'integrt\\000'", "dm-integrity", NULL},
	{"at 65588 ReIsEr2F", "ReiserFS", NULL},
	{"at 32768 JFS1", "JFS", NULL},
	{"at 3 'NTFS    '", "NTFS", NULL},
	{"at 3 'EXFAT   '", "exFAT", NULL},
	{"at 3 -FVE-FS-", "BitLocker", NULL},
	{"at 1024 'H+\\000\\004'", "HFS+", NULL},
	{"at 32 NXSB", "APFS", NULL},
	{"at 0 'UBI#'", "UBI", NULL},
	{"at 0 '\\061\\030\\020\\006'", "UBIFS", NULL},
	/* A clean marker, as mtd-utils writes it, in both orders. */
	{"at 0 '\\205\\031\\003\\040\\014\\000\\000\\000\\261\\260\\036\\344'", "JFFS2", NULL},
	{"at 0 '\\031\\205\\040\\003\\000\\000\\000\\014\\360\\140\\334\\230'", "JFFS2", NULL},
	{"at 0 '\\050\\315\\075\\105'", "cramfs", NULL},
	{"at 0 -rom1fs-; at 16 volume", "romfs", "volume"},
};

START_TEST(is_named_and_not_inspected)
{
	char *command = xasprintf("at() { [ -e image ] || truncate -s 128K image;"
				  " printf -- \"$2\" | dd of=image bs=1 seek=$1 conv=notrunc"
				  " status=none; }; %s",
		images[_i].command);
	char *sql = xasprintf("SELECT count(*) FROM member WHERE container = 0 AND inspected = 0"
			      " AND format = 'other-filesystem'"
			      " AND reason = '%s cannot be opened here'"
			      " AND instr(fields, CAST('%s' AS BLOB)) > 0",
		images[_i].name, images[_i].field != NULL ? images[_i].field : images[_i].name);

	shell(command);
	index_file("image");
	ck_assert_msg(index_number(sql) == 1, "%s", images[_i].command);
	free(sql);
	free(command);
}
END_TEST

/* Two bytes are no magic, and what is cut off says nothing. */
START_TEST(others_are_leaves)
{
	static const char *const commands[] = {
		"printf '\\205\\031\\003\\040\\014\\000\\000\\000\\261\\260\\036\\345' >image",
		"printf '\\205\\031' >image", "printf XFS >image",
		"head -c 65604 /dev/zero >image; printf _BHRfS_M >>image",
		"head -c 1024 /dev/zero >image; printf '\\342\\341\\365' >>image"};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		shell(commands[i]);
		index_file("image");
		ck_assert_msg(index_number("SELECT inspected AND format IS NULL FROM member") == 1,
			"%s", commands[i]);
	}
}
END_TEST

START_TEST(a_difference_in_one_is_not_inspected)
{
	shell("mkdir t; echo x >t/f; mkfs.erofs -U " UUID " -T 1000000000 a t >log 2>&1;"
	      "mkfs.erofs -U 11111111-89ab-cdef-0123-456789abcdef -T 1000000000 b t >log 2>&1");
	ck_assert_int_eq(compare_fds(file_open("a"), file_open("b")), STATUS_OK);
	expect_has(buffer_text(&comparing.text), "filesystem-uuid");
	expect_has(buffer_text(&comparing.text), "not inspected: ");
	expect_has(buffer_text(&comparing.text), "erofs cannot be opened here");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("other_filesystem");
	TCase *tests = tcase_create("other_filesystem");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, comparing_setup, comparing_teardown);
	tcase_add_loop_test(tests, is_named_and_not_inspected, 0, (int)ARRAY_SIZE(images));
	tcase_add_test(tests, others_are_leaves);
	tcase_add_test(tests, a_difference_in_one_is_not_inspected);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
