/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/comparing.h"
#include "tests/unit/making_tar.h"

static struct buffer a, b;

static void setup(void)
{
	comparing_setup();
	a = b = (struct buffer){0};
}

static void teardown(void)
{
	comparing_teardown();
	buffer_release(&a);
	buffer_release(&b);
}

/* The same member on both sides. */
static void both(struct tar_member member)
{
	tar_add(&a, &member);
	tar_add(&b, &member);
}

static void differing(struct tar_member published, struct tar_member rebuilt)
{
	tar_add(&a, &published);
	tar_add(&b, &rebuilt);
}

static void end(void)
{
	tar_end(&a);
	tar_end(&b);
}

START_TEST(names_what_gnu_tar_changed)
{
	shell("mkdir -p x/etc x/bin; echo one >x/etc/a; echo two >x/etc/b; seq 5000 >x/bin/c;"
	      "ln -s a x/etc/link; ln x/etc/a x/etc/hard; cp -a x y;"
	      "echo TWO >y/etc/b; touch -d @5 y/bin/c; ln -sf b y/etc/link; echo new >y/etc/new;"
	      "touch -d @1 -h x/etc y/etc x/bin y/bin x y x/etc/* y/etc/*;"
	      "for t in x y; do tar --sort=name -C $t -cf $t.tar .; done");
	expect_files("x.tar", "y.tar",
		"metadata t//bin/c mtime\n"
		"content t//etc/b\n"
		"metadata t//etc/link link-target\n"
		"added t//etc/new\n");
	ck_assert_str_eq(buffer_text(&comparing.diffs), "@@ -1 +1 @@\n-two\n+TWO\n");
	ck_assert(comparing.result.inspected);
	ck_assert_int_gt(comparing.result.differing_bytes, 0);
}
END_TEST

START_TEST(compares_every_field)
{
	differing((struct tar_member){.name = "mode", .mode = 0755},
		(struct tar_member){.name = "mode", .mode = 04755});
	differing((struct tar_member){.name = "uid", .uid = 1},
		(struct tar_member){.name = "uid", .uid = 2});
	differing((struct tar_member){.name = "dev", .type = '3', .major = 8, .minor = 1},
		(struct tar_member){.name = "dev", .type = '3', .major = 8, .minor = 2});
	differing((struct tar_member){.name = "kind", .type = '3', .major = 8},
		(struct tar_member){.name = "kind", .type = '4', .major = 8});
	differing((struct tar_member){.name = "hard", .type = '1', .link = "mode"},
		(struct tar_member){.name = "hard", .type = '1', .link = "uid"});
	tar_add(&a, &(struct tar_member){.name = "./stored"});
	tar_add(&b, &(struct tar_member){.name = "stored"});
	end();
	expect_buffers(&a, &b,
		"metadata t//dev device\n"
		"metadata t//hard hard-link\n"
		"metadata t//kind type\n"
		"metadata t//mode mode\n"
		"metadata t//stored name\n"
		"metadata t//uid uid\n");
}
END_TEST

/* A pax header before the next member: "LEN KEY=VALUE\n". */
static void add_pax(struct buffer *tar, const char *key, const char *value)
{
	char record[512];
	size_t len = strlen(key) + strlen(value) + 3 + 2;

	snprintf(record, sizeof(record), "%zu %s=%s\n", len, key, value);
	ck_assert_uint_eq(strlen(record), len);
	tar_add(tar, &(struct tar_member){.name = "pax", .type = 'x', .data = record});
}

START_TEST(compares_extended_attributes_and_nanoseconds)
{
	add_pax(&a, "SCHILY.xattr.user.colour", "blue");
	add_pax(&b, "SCHILY.xattr.user.colour", "pink");
	both((struct tar_member){.name = "x"});
	add_pax(&a, "mtime", "1700000000.1");
	add_pax(&b, "mtime", "1700000000.2");
	both((struct tar_member){.name = "y"});
	add_pax(&a, "SCHILY.acl.access", "user::rw-,group::r--,user:7:r--,mask::r--,other::r--");
	add_pax(&b, "SCHILY.acl.access", "user::rw-,group::r--,user:8:r--,mask::r--,other::r--");
	both((struct tar_member){.name = "z"});
	end();
	expect_buffers(&a, &b,
		"metadata t//x xattr:user.colour\n"
		"metadata t//y mtime\n"
		"metadata t//z acl-access\n");
}
END_TEST

START_TEST(keeps_all_members_of_one_name)
{
	both((struct tar_member){.name = "x", .data = "first"});
	differing((struct tar_member){.name = "x", .data = "secret"},
		(struct tar_member){.name = "x", .data = "SECRET"});
	both((struct tar_member){.name = "x", .data = "last"});
	tar_add(&b, &(struct tar_member){.name = "x", .data = "one more"});
	end();
	expect_buffers(&a, &b, "content t//x#1\nadded t//x#3\n");
}
END_TEST

START_TEST(names_are_bytes)
{
	static const char *const names[] = {"new\nline", "\x1b[31mred", "latin-\xe9",
		"utf-\xc3\xa9", "\xff\xfe", "\xe2\x80\xaegnp.exe"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		differing((struct tar_member){.name = names[i], .data = "1"},
			(struct tar_member){.name = names[i], .data = "2"});
	differing((struct tar_member){.name = "zz-behind", .data = "1"},
		(struct tar_member){.name = "zz-behind", .data = "2"});
	end();
	expect_buffers(&a, &b,
		"content t//\x1b[31mred\n"
		"content t//latin-\xe9\n"
		"content t//new\nline\n"
		"content t//utf-\xc3\xa9\n"
		"content t//zz-behind\n"
		"content t//\xe2\x80\xaegnp.exe\n"
		"content t//\xff\xfe\n");
}
END_TEST

/* pax names are UTF-8 by definition; bytes that are not must not end the list. */
START_TEST(a_pax_name_that_is_not_utf8_hides_nothing)
{
	add_pax(&a, "path", "bad-\xff\xc3-name");
	add_pax(&b, "path", "bad-\xff\xc3-name");
	both((struct tar_member){.name = "short"});
	differing((struct tar_member){.name = "behind", .data = "1"},
		(struct tar_member){.name = "behind", .data = "2"});
	end();
	expect_buffers(&a, &b, "content t//behind\n");
}
END_TEST

START_TEST(sees_a_second_tar_behind_the_end_mark)
{
	both((struct tar_member){.name = "x", .data = "same"});
	end();
	tar_add(&b, &(struct tar_member){.name = "hidden", .data = "payload"});
	tar_end(&b);
	expect_buffers(&a, &b, "added t///trailing\n");
	tar_add(&a, &(struct tar_member){.name = "hidden", .data = "Payload"});
	tar_end(&a);
	expect_buffers(&a, &b, "content t///trailing//hidden\n");
}
END_TEST

START_TEST(sees_bytes_and_zeros_behind_the_end_mark)
{
	static const char zeros[20000];

	both((struct tar_member){.name = "x", .data = "same"});
	end();
	buffer_add(&b, zeros, sizeof(zeros));
	expect_buffers(&a, &b, "added t///padding\n");
	buffer_add_text(&b, "x");
	expect_buffers(&a, &b, "added t///padding\nadded t///trailing\n");
}
END_TEST

START_TEST(a_truncated_tar_is_not_complete)
{
	static char big[3000];

	memset(big, 'x', sizeof(big));
	differing((struct tar_member){.name = "a", .data = "1"},
		(struct tar_member){.name = "a", .data = "2"});
	both((struct tar_member){.name = "big", .data = big, .len = sizeof(big)});
	/* Not even its end mark, then a member cut in two. */
	tar_end(&a);
	expect_buffers(&a, &b,
		"content t size (unexplained) not inspected: rebuilt: ends without its end mark:"
		" truncated\n"
		"content t//a\n");
	buffer_truncate(&b, b.len - 700);
	ck_assert_int_eq(
		compare_fds(memory_file(a.data, a.len), memory_file(b.data, b.len)), STATUS_OK);
	expect_has(buffer_text(&comparing.text), "not inspected: rebuilt: ");
	expect_has(buffer_text(&comparing.text), "content t//a\n");
	ck_assert_ptr_null(strstr(buffer_text(&comparing.text), "removed"));
	ck_assert(!comparing.result.inspected);
}
END_TEST

START_TEST(a_damaged_header_is_not_the_end)
{
	both((struct tar_member){.name = "x", .data = "same"});
	both((struct tar_member){.name = "y", .data = "same"});
	end();
	b.data[1024 + 100] ^= 1;
	ck_assert_int_eq(
		compare_fds(memory_file(a.data, a.len), memory_file(b.data, b.len)), STATUS_OK);
	expect_has(
		buffer_text(&comparing.text), "content t (unexplained) not inspected: rebuilt: ");
}
END_TEST

START_TEST(another_order_is_one_difference)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	static const char *const moved[] = {"a", "d", "b", "c"};

	for (int i = 0; i < 4; i++) {
		tar_add(&a, &(struct tar_member){.name = names[i]});
		tar_add(&b, &(struct tar_member){.name = moved[i]});
	}
	end();
	expect_buffers(&a, &b, "order t order\n");
	ck_assert_str_eq(buffer_text(&comparing.diffs),
		"first that moved: d (member 4 published, 2 rebuilt)\n");
}
END_TEST

/* Bytes that no field shows: the container itself is named, never nothing. */
START_TEST(bytes_between_members_are_unexplained)
{
	both((struct tar_member){.name = "x", .data = "abc"});
	end();
	b.data[512 + 100] = '!';
	expect_buffers(&a, &b, "content t (unexplained)\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tar");
	TCase *tests = tcase_create("tar");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, names_what_gnu_tar_changed);
	tcase_add_test(tests, compares_every_field);
	tcase_add_test(tests, compares_extended_attributes_and_nanoseconds);
	tcase_add_test(tests, keeps_all_members_of_one_name);
	tcase_add_test(tests, names_are_bytes);
	tcase_add_test(tests, a_pax_name_that_is_not_utf8_hides_nothing);
	tcase_add_test(tests, sees_a_second_tar_behind_the_end_mark);
	tcase_add_test(tests, sees_bytes_and_zeros_behind_the_end_mark);
	tcase_add_test(tests, a_truncated_tar_is_not_complete);
	tcase_add_test(tests, a_damaged_header_is_not_the_end);
	tcase_add_test(tests, another_order_is_one_difference);
	tcase_add_test(tests, bytes_between_members_are_unexplained);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
