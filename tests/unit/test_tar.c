/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/indexing.h"
#include "tests/unit/making_tar.h"

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
		"metadata t layout\n"
		"metadata t//bin/c mtime\n"
		"content t//etc/b\n"
		"metadata t//etc/link link-target\n"
		"added t//etc/new\n");
	ck_assert_str_eq(buffer_text(&comparing.diffs), "@@ -1 +1 @@\n-two\n+TWO\n");
	ck_assert(comparing.result.inspected);
	ck_assert_int_gt(comparing.result.differing_bytes, 0);
}
END_TEST

/* In what the stream holds: three bytes, of one member. */
START_TEST(counts_bytes_behind_a_compression)
{
	shell("mkdir x; echo one >x/a; seq 50000 >x/b; tar -cf x.tar -C x a b; cp x.tar y.tar;"
	      "printf TWO | dd of=y.tar bs=1 seek=512 conv=notrunc status=none;"
	      "gzip -kn x.tar y.tar");
	expect_files("x.tar.gz", "y.tar.gz", "content t//t.decompressed//a\n");
	ck_assert_int_eq(comparing.result.differing_bytes, 3);
	ck_assert_int_eq(comparing.result.unattributed_bytes, 0);
	ck_assert_int_eq(comparing.result.unexplained_bytes, 3);
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
		"metadata t//y mtime pax:mtime\n"
		"metadata t//z acl-access pax:SCHILY.acl.access\n");
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
	expect_buffers(&a, &b, "metadata t layout\ncontent t//x#1\nadded t//x#3\n");
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
	expect_buffers(&a, &b, "added t///trailing.tar\n");
	tar_add(&a, &(struct tar_member){.name = "hidden", .data = "Payload"});
	tar_end(&a);
	expect_buffers(&a, &b, "content t///trailing.tar//hidden\n");
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
		"content t size (unexplained) not inspected: rebuilt: ends without its end "
		"mark:"
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
	expect_buffers(&a, &b, "order t tar-header order\n");
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
	expect_buffers(&a, &b, "content t padding (unexplained)\n");
}
END_TEST

static void write_file(const char *name, const struct buffer *bytes)
{
	char *path = path_join(comparing.directory, name);
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes->data, 1, bytes->len, file), bytes->len);
	fclose(file);
	free(path);
}

static void assert_covered(const char *name)
{
	index_file(name);
	index_assert_covered(
		INDEX_ARTIFACT_ID, (uint64_t)index_number("SELECT size FROM member WHERE id = 1"));
	ck_assert_int_eq(index_number("SELECT inspected FROM member WHERE id = 1"), 1);
}

/* Every kind of tar that the real program writes, of files of every kind. */
static const char *const forms[] = {"v7", "oldgnu", "gnu", "ustar", "pax",
	"pax --pax-option=delete=nothing -b 1", "gnu -b 1", "gnu --sparse",
	"pax --sparse --sparse-version=0.0", "pax --sparse --sparse-version=0.1",
	"pax --sparse --sparse-version=1.0", "gnu -V label", "pax -V label",
	"gnu --listed-incremental=snapshot"};

START_TEST(every_byte_is_in_a_region)
{
	struct buffer script = {0};

	shell("mkdir -p x/d; echo one >x/a; ln x/a x/hard; ln -s a x/link;"
	      ">x/empty; seq 50000 >x/d/b; truncate -s 3M x/d/sparse;"
	      "printf in | dd of=x/d/sparse bs=1 seek=1000000 conv=notrunc status=none;"
	      "printf in | dd of=x/d/sparse bs=1 seek=2000000 conv=notrunc status=none");
	if (_i != 0 && _i != 3)
		shell("mknod x/pipe p; n=$(printf '%0120d' 0); mkdir x/$n; echo long >x/$n/file;"
		      "ln -s $n/file x/long-link");
	if (_i != 0 && _i != 3)
		shell("n=$(printf '%0200d' 0); echo long >x/$n; ln x/$n x/hard-long");
	buffer_add_format(&script, "tar --format=%s -cf x.tar x", forms[_i]);
	shell(buffer_text(&script));
	buffer_release(&script);
	assert_covered("x.tar");
	ck_assert_int_eq(
		index_number("SELECT size FROM member WHERE path = CAST('x/d/sparse' AS BLOB)"),
		3 << 20);
	/* All bytes of a content are content. */
	ck_assert_int_eq(
		index_number("SELECT sum(length) FROM region WHERE kind = 0 AND owner ="
			     " (SELECT position FROM member WHERE path = CAST('x/d/b' AS BLOB))"),
		288894);
}
END_TEST

START_TEST(a_member_is_its_headers_its_content_and_padding)
{
	add_pax(&a, "comment", "x");
	tar_add(&a, &(struct tar_member){.name = "one", .data = "hello"});
	tar_add(&a, &(struct tar_member){.name = "two", .type = '5'});
	tar_end(&a);
	write_file("x.tar", &a);
	assert_covered("x.tar");
	ck_assert_str_eq(index_regions(INDEX_ARTIFACT_ID),
		"0+1536 metadata tar-header of one\n"
		"1536+5 content data of one@0\n"
		"1541+507 metadata layout of one\n"
		"2048+512 metadata tar-header of two\n"
		"2560+1024 structure layout\n");
}
END_TEST

/* The part of a multi-volume archive that begins within a file. */
START_TEST(a_further_volume_is_read)
{
	shell("seq 20000 >big; echo small >small;"
	      "yes '' | tar -c -M -L 40 -f v1.tar -F 'echo v2.tar >&$TAR_FD' big small || true;"
	      "test -s v2.tar");
	index_file("v2.tar");
	ck_assert_int_eq(
		index_number("SELECT count(*) FROM member WHERE path = CAST('small' AS BLOB)"), 1);
	assert_covered("v2.tar");
}
END_TEST

/* What is told is what is stored: whoever prints it escapes it, once. */
START_TEST(an_owner_name_is_kept_as_it_is)
{
	tar_add(&a, &(struct tar_member){.name = "x"});
	tar_add(&b, &(struct tar_member){.name = "x"});
	memcpy(b.data + 265, "\x1b[31m", 5);
	b.data[148 + 6] = b.data[148 + 7] = ' ';
	{
		unsigned sum = 0;

		memset(b.data + 148, ' ', 8);
		for (size_t i = 0; i < 512; i++)
			sum += (unsigned char)b.data[i];
		tar_octal(b.data + 148, 6, sum);
	}
	end();
	expect_buffers(&a, &b, "metadata t//x user header-form\n");
	write_file("b.tar", &b);
	index_file("b.tar");
	ck_assert_str_eq(index_field_of(2, "user"), "\x1b[31m");
}
END_TEST

START_TEST(control_files_of_a_package_have_an_order_of_their_own)
{
	shell("mkdir c; echo 1 >c/control; echo 2 >c/md5sums; touch -d @1 c/*; echo 2.0 "
	      ">debian-binary;"
	      "tar -C c -czf control.tar.gz control md5sums; ar rcD x.deb debian-binary"
	      " control.tar.gz; tar -C c -czf control.tar.gz md5sums control;"
	      "ar rcD y.deb debian-binary control.tar.gz");
	expect_files(
		"x.deb", "y.deb", "order t//control.tar.gz//control.tar debian-control-order\n");
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
	tcase_add_test(tests, counts_bytes_behind_a_compression);
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
	tcase_add_loop_test(tests, every_byte_is_in_a_region, 0, sizeof(forms) / sizeof(forms[0]));
	tcase_add_test(tests, a_member_is_its_headers_its_content_and_padding);
	tcase_add_test(tests, a_further_volume_is_read);
	tcase_add_test(tests, an_owner_name_is_kept_as_it_is);
	tcase_add_test(tests, control_files_of_a_package_have_an_order_of_their_own);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
