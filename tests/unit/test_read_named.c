/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/read_named.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "base/tempfile.h"
#include "tests/unit/making_tar.h"

/*
 * An artifact in which "os-release" is a member at three depths, and other members only look like
 * it: a tar with a tar.gz in which there is a tar.
 */
static struct buffer artifact, said;
static struct error err;
static int fd;
static bool is_whole;

static void tar_text(struct buffer *tar, const char *name, const char *text)
{
	tar_add(tar, &(struct tar_member){.name = name, .data = text});
}

static void tar_inner(struct buffer *tar, const char *name, const struct buffer *inner)
{
	tar_add(tar, &(struct tar_member){.name = name, .data = inner->data, .len = inner->len});
}

static void gzip(struct buffer *bytes)
{
	size_t most = bytes->len + 1000;
	unsigned char *packed = malloc(most);
	z_stream z = {.next_in = (unsigned char *)bytes->data,
		.avail_in = (unsigned)bytes->len,
		.next_out = packed,
		.avail_out = (unsigned)most};

	ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	buffer_clear(bytes);
	buffer_add(bytes, packed, z.total_out);
	deflateEnd(&z);
	free(packed);
}

static void set_up(void)
{
	struct buffer inmost = {0}, inner = {0};

	tar_text(&inmost, "usr/lib/os-release", "third");
	tar_end(&inmost);
	tar_text(&inner, "./etc/os-release", "second");
	tar_inner(&inner, "more.tar", &inmost);
	tar_end(&inner);
	gzip(&inner);
	tar_text(&artifact, "os-release", "first");
	tar_text(&artifact, "etc/not-os-release", "no");
	tar_text(&artifact, "os-release/more", "no");
	tar_text(&artifact, "os-release.d", "no");
	tar_add(&artifact,
		&(struct tar_member){.name = "etc/os-release", .type = '2', .link = "x"});
	tar_inner(&artifact, "root.tar.gz", &inner);
	tar_text(&artifact, "last/os-release", "fourth");
	tar_end(&artifact);
	ck_assert_int_eq(tempfile_unlinked(&fd, &err), STATUS_OK);
	ck_assert_int_eq(write(fd, artifact.data, artifact.len), (ssize_t)artifact.len);
	buffer_release(&inmost);
	buffer_release(&inner);
}

static void tear_down(void)
{
	close(fd);
	buffer_release(&artifact);
	buffer_release(&said);
}

static enum status take(void *context, const void *data, size_t len, struct error *error)
{
	(void)error;
	buffer_add(context, data, len);
	buffer_add_char(context, ' ');
	return STATUS_OK;
}

static struct named_request request(void)
{
	return (struct named_request){.basename = "os-release",
		.size_most = 4096,
		.count_most = 4,
		.take = take,
		.context = &said};
}

static enum status read_named(const struct named_request *wanted)
{
	struct digest digest, expected;
	enum status status =
		dbdiff_read_named("x.tar", fd, &limits_default, wanted, &digest, &is_whole, &err);

	hash_memory(artifact.data, artifact.len, &expected);
	if (status == STATUS_OK)
		ck_assert(digest_equal(&digest, &expected));
	return status;
}

START_TEST(every_depth_is_read_in_the_order_of_the_walk)
{
	struct named_request wanted = request();

	ck_assert_msg(read_named(&wanted) == STATUS_OK, "%s", err.text);
	ck_assert_str_eq(buffer_text(&said), "first second third fourth ");
	ck_assert(is_whole);
}
END_TEST

/* What was found before the end is handed out, and is not all. */
START_TEST(a_cut_artifact_is_not_whole)
{
	struct named_request wanted = request();

	artifact.len -= 1536 + 20;
	ck_assert_int_eq(ftruncate(fd, (off_t)artifact.len), 0);
	ck_assert_msg(read_named(&wanted) == STATUS_OK, "%s", err.text);
	ck_assert(!is_whole);
	ck_assert_ptr_nonnull(strstr(buffer_text(&said), "first "));
}
END_TEST

START_TEST(a_larger_one_is_passed_over)
{
	struct named_request wanted = request();

	wanted.size_most = 5;
	ck_assert_msg(read_named(&wanted) == STATUS_OK, "%s", err.text);
	ck_assert(!is_whole);
	ck_assert_str_eq(buffer_text(&said), "first third ");
}
END_TEST

START_TEST(more_than_asked_for_is_refused)
{
	struct named_request wanted = request();

	wanted.count_most = 3;
	ck_assert_int_eq(read_named(&wanted), STATUS_LIMIT);
	ck_assert_ptr_nonnull(strstr(err.text, "more than 3 members are called os-release"));
	ck_assert_uint_eq(said.len, 0);
}
END_TEST

START_TEST(a_name_that_is_not_there_is_no_error)
{
	struct named_request wanted = request();

	wanted.basename = "absent";
	ck_assert_msg(read_named(&wanted) == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(said.len, 0);
}
END_TEST

static enum status refuse(void *context, const void *data, size_t len, struct error *error)
{
	(void)context;
	(void)data;
	(void)len;
	return error_set(error, STATUS_FORMAT, "not this one");
}

START_TEST(who_takes_them_may_stop)
{
	struct named_request wanted = request();

	wanted.take = refuse;
	ck_assert_int_eq(read_named(&wanted), STATUS_FORMAT);
	ck_assert_ptr_nonnull(strstr(err.text, "not this one"));
}
END_TEST

/* What cannot be read whole hides nothing that comes before it. */
START_TEST(a_broken_member_keeps_nothing_else_back)
{
	struct named_request wanted = request();
	size_t at = artifact.len - 2048; /* in the compressed member or what follows it */
	unsigned char *gz = memmem(artifact.data, artifact.len, "\x1f\x8b\x08", 3);

	ck_assert_ptr_nonnull(gz);
	at = (size_t)(gz - (unsigned char *)artifact.data) + 40;
	memset(artifact.data + at, 0x55, 20);
	ck_assert_int_eq(pwrite(fd, artifact.data, artifact.len, 0), (ssize_t)artifact.len);
	ck_assert_msg(read_named(&wanted) == STATUS_OK, "%s", err.text);
	ck_assert_ptr_nonnull(strstr(buffer_text(&said), "first "));
	ck_assert_ptr_nonnull(strstr(buffer_text(&said), "fourth "));
}
END_TEST

static void visit(void *context, const struct digest *digest)
{
	char hex[SHA256_HEX_SIZE];

	digest_hex(digest, hex);
	buffer_add_text(context, hex);
	buffer_add_char(context, ' ');
}

static void expect_large(const char *text, size_t len)
{
	struct digest digest;
	char hex[SHA256_HEX_SIZE];

	hash_memory(text, len, &digest);
	digest_hex(&digest, hex);
	ck_assert_ptr_nonnull(strstr(buffer_text(&said), hex));
}

START_TEST(large_members_are_told_at_any_depth)
{
	is_whole = false;
	ck_assert_int_eq(
		dbdiff_each_large("x.tar", fd, &limits_default, 6, visit, &said, &is_whole, &err),
		STATUS_OK);
	ck_assert(is_whole);
	expect_large(artifact.data, artifact.len);
	expect_large("second", 6);
	expect_large("fourth", 6);
	buffer_clear(&said);
	ck_assert_int_eq(dbdiff_each_large("x.tar", fd, &limits_default, 1 << 20, visit, &said,
				 &is_whole, &err),
		STATUS_OK);
	/* Of a tar with several members nothing is only a wrapper. */
	ck_assert_uint_eq(said.len, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("read_named");
	TCase *test = tcase_create("read_named");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, every_depth_is_read_in_the_order_of_the_walk);
	tcase_add_test(test, a_cut_artifact_is_not_whole);
	tcase_add_test(test, a_larger_one_is_passed_over);
	tcase_add_test(test, more_than_asked_for_is_refused);
	tcase_add_test(test, a_name_that_is_not_there_is_no_error);
	tcase_add_test(test, who_takes_them_may_stop);
	tcase_add_test(test, a_broken_member_keeps_nothing_else_back);
	tcase_add_test(test, large_members_are_told_at_any_depth);
	suite_add_tcase(suite, test);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
