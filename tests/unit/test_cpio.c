/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/indexing.h"

static struct buffer a, b;

static void setup(void)
{
	comparing_setup();
	a = b = (struct buffer){0};
}

static void teardown(void)
{
	index_close();
	comparing_teardown();
	buffer_release(&a);
	buffer_release(&b);
}

static void pad(struct buffer *cpio)
{
	while (cpio->len % 4 != 0)
		buffer_add_char(cpio, '\0');
}

struct cpio_member {
	const char *name;
	unsigned inode, mode, links;
	const char *data;
};

/* cpio(5), "New ASCII Format". */
static void add(struct buffer *cpio, const struct cpio_member *member)
{
	const char *data = member->data != NULL ? member->data : "";
	unsigned mode = member->mode != 0 ? member->mode : 0100644;

	buffer_add_format(cpio, "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X",
		member->inode, mode, 0U, 0U, member->links != 0 ? member->links : 1, 7U,
		strlen(data), 8U, 1U, 0U, 0U, strlen(member->name) + 1, 0U);
	buffer_add(cpio, member->name, strlen(member->name) + 1);
	pad(cpio);
	buffer_add_text(cpio, data);
	pad(cpio);
}

static void both(struct cpio_member member)
{
	add(&a, &member);
	add(&b, &member);
}

static void differing(struct cpio_member published, struct cpio_member rebuilt)
{
	add(&a, &published);
	add(&b, &rebuilt);
}

static void end(void)
{
	both((struct cpio_member){.name = "TRAILER!!!"});
}

START_TEST(names_what_changed_in_each_form_of_cpio)
{
	static const char *const forms[] = {"newc", "crc", "odc"};
	struct buffer script = {0};

	shell("mkdir -p x/etc; echo one >x/etc/a; echo two >x/etc/b; echo thr >x/etc/c; cp -a x y;"
	      "echo TWO >y/etc/b; chmod 600 y/etc/c;"
	      "touch -d @1 x/etc/a x/etc/b x/etc/c y/etc/a y/etc/b y/etc/c x/etc y/etc x y");
	for (size_t i = 0; i < 3; i++) {
		buffer_clear(&script);
		buffer_add_format(&script,
			"for t in x y; do (cd $t; find . | sort |"
			" cpio --quiet --reproducible -R 0:0 -o -H %s >../$t.cpio); done",
			forms[i]);
		shell(buffer_text(&script));
		/* The sums of crc are the archive's. */
		expect_files("x.cpio", "y.cpio",
			i == 1 ? "metadata t checksum\ncontent t//etc/b\n"
				 "metadata t//etc/c mode\n"
			       : "content t//etc/b\nmetadata t//etc/c mode\n");
	}
	buffer_release(&script);
}
END_TEST

START_TEST(compares_inodes_links_and_devices)
{
	differing((struct cpio_member){.name = "x", .inode = 5, .data = "same"},
		(struct cpio_member){.name = "x", .inode = 6, .data = "same"});
	differing((struct cpio_member){.name = "dir", .mode = 040755, .links = 2},
		(struct cpio_member){.name = "dir", .mode = 040755, .links = 3});
	end();
	expect_buffers(&a, &b, "metadata t//dir links\nmetadata t//x inode\n");
}
END_TEST

static void four_of(unsigned inodes[4], unsigned links[4], struct buffer *cpio)
{
	static const char *const names[] = {"first", "second", "third", "dir"};

	buffer_clear(cpio);
	for (unsigned i = 0; i < 4; i++)
		add(cpio,
			&(struct cpio_member){.name = names[i],
				.inode = inodes[i],
				.links = links[i],
				.mode = i == 3 ? 040755 : 0100644,
				.data = i == 3 ? "" : "same"});
}

/* Two names of one file are no renumbering, and another number of the same ones is. */
START_TEST(members_of_one_inode_are_hard_links)
{
	four_of((unsigned[]){5, 6, 7, 8}, (unsigned[]){2, 2, 1, 2}, &a);
	four_of((unsigned[]){5, 5, 7, 8}, (unsigned[]){2, 2, 1, 2}, &b);
	end();
	expect_buffers(&a, &b, "metadata t//second hard-link inode\n");
	four_of((unsigned[]){0, 0, 0, 0}, (unsigned[]){2, 2, 1, 2}, &a);
	four_of((unsigned[]){9, 9, 9, 9}, (unsigned[]){3, 3, 1, 2}, &b);
	end();
	expect_buffers(&a, &b,
		"metadata t//dir inode\nmetadata t//first inode links\n"
		"metadata t//second inode links\nmetadata t//third inode\n");
	four_of((unsigned[]){5, 5, 5, 5}, (unsigned[]){2, 2, 1, 2}, &a);
	four_of((unsigned[]){5, 5, 5, 5}, (unsigned[]){2, 2, 2, 2}, &b);
	end();
	expect_buffers(&a, &b, "metadata t//third hard-link links\n");
}
END_TEST

START_TEST(bytes_behind_the_trailer_are_a_member)
{
	both((struct cpio_member){.name = "x", .data = "same"});
	end();
	buffer_add_text(&b, "hidden bytes");
	expect_buffers(&a, &b, "added t///trailing\n");
}
END_TEST

/* Libraries look for the next header in whatever comes. */
START_TEST(bytes_between_members_are_no_cpio)
{
	both((struct cpio_member){.name = "x", .data = "same"});
	buffer_add_text(&b, "hidden bytes");
	both((struct cpio_member){.name = "y", .data = "same"});
	end();
	expect_buffers(&a, &b,
		"content t size end-mark (unexplained) not inspected: rebuilt: cpio: "
		"no header at 116\n");
}
END_TEST

/* The sum of a member's bytes that is stored is told apart where it fits, and told where not. */
START_TEST(checks_the_sums_of_a_crc_cpio)
{
	shell("mkdir x; echo one >x/a; seq 3000 >x/b; touch -d @1 x/a x/b; cd x; ls |"
	      "cpio --quiet --reproducible -R 0:0 -o -H crc >../x.cpio; cp ../x.cpio ../y.cpio;"
	      "printf 0000 | dd of=../y.cpio bs=1 seek=102 conv=notrunc status=none;"
	      "printf ffff | dd of=../y.cpio bs=1 seek=106 conv=notrunc status=none");
	index_file("x.cpio");
	expect_has(index_regions(INDEX_ARTIFACT_ID), "102+8 derived checksum\n");
	ck_assert_str_eq(index_field_of(INDEX_ARTIFACT_ID, "checksum-invalid"), "(none)");
	index_file("y.cpio");
	expect_has(index_regions(INDEX_ARTIFACT_ID), "102+8 metadata checksum-invalid of a\n");
	ck_assert_str_eq(index_field_of(INDEX_ARTIFACT_ID, "checksum-invalid"),
		"of 1 members, the first is a");
	expect_files("x.cpio", "y.cpio", "content t checksum-invalid (unexplained)\n");
}
END_TEST

START_TEST(every_byte_is_in_a_region)
{
	static const char *const forms[] = {"newc", "crc", "odc"};
	struct buffer script = {0};

	shell("mkdir -p x/etc; echo one >x/etc/a; ln x/etc/a x/etc/b; ln -s a x/etc/c;"
	      "seq 99999 >x/etc/d; mknod x/pipe p; >x/empty; touch -d @1 x/etc/* x/etc x/pipe");
	for (size_t i = 0; i < 3; i++) {
		buffer_clear(&script);
		buffer_add_format(&script, "cd x; find . | sort | cpio --quiet -o -H %s >../x.cpio",
			forms[i]);
		shell(buffer_text(&script));
		index_file("x.cpio");
		index_assert_covered(INDEX_ARTIFACT_ID,
			(uint64_t)index_number("SELECT size FROM member WHERE id = 1"));
		ck_assert_int_eq(index_number("SELECT inspected FROM member WHERE id = 1"), 1);
	}
	buffer_release(&script);
}
END_TEST

START_TEST(a_cpio_without_trailer_is_truncated)
{
	both((struct cpio_member){.name = "x", .data = "same"});
	add(&a, &(struct cpio_member){.name = "TRAILER!!!"});
	ck_assert_int_eq(
		compare_fds(memory_file(a.data, a.len), memory_file(b.data, b.len)), STATUS_OK);
	expect_has(buffer_text(&comparing.text), "(unexplained) not inspected: rebuilt: cpio: ");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cpio");
	TCase *tests = tcase_create("cpio");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, names_what_changed_in_each_form_of_cpio);
	tcase_add_test(tests, compares_inodes_links_and_devices);
	tcase_add_test(tests, members_of_one_inode_are_hard_links);
	tcase_add_test(tests, bytes_behind_the_trailer_are_a_member);
	tcase_add_test(tests, bytes_between_members_are_no_cpio);
	tcase_add_test(tests, checks_the_sums_of_a_crc_cpio);
	tcase_add_test(tests, every_byte_is_in_a_region);
	tcase_add_test(tests, a_cpio_without_trailer_is_truncated);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
