/* SPDX-License-Identifier: Apache-2.0 */
#include "base/source.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/tempfile.h"

/* Bytes whose value tells where they are. */
static unsigned char byte_at(uint64_t offset)
{
	return (unsigned char)(offset * 7 + offset / 251 + offset / 65521);
}

static int make_file(uint64_t size)
{
	struct error err = {0};
	unsigned char block[4096];
	int fd;

	ck_assert_msg(tempfile_unlinked(&fd, &err) == STATUS_OK, "%s", err.text);
	for (uint64_t at = 0; at < size; at += sizeof(block)) {
		size_t len = size - at < sizeof(block) ? (size_t)(size - at) : sizeof(block);

		for (size_t i = 0; i < len; i++)
			block[i] = byte_at(at + i);
		ck_assert_int_eq(write(fd, block, len), (ssize_t)len);
	}
	return fd;
}

/* Reads all that is left in steps of all sizes, by turns with read and with peek and skip. */
static uint64_t check_sequence(struct source *source, uint64_t offset)
{
	static unsigned char data[SOURCE_WINDOW + 10];
	static const size_t steps[] = {1, 0, 7, 4096, 100000, SOURCE_WINDOW, 3, SOURCE_WINDOW + 10};
	struct error err = {0};
	uint64_t start = offset;

	for (size_t turn = 0;; turn++) {
		size_t want = steps[turn % (sizeof(steps) / sizeof(steps[0]))];
		const unsigned char *bytes = data;
		size_t len;

		ck_assert_uint_eq(source->offset, offset - start);
		if (turn % 2) {
			ck_assert_int_eq(source_read(source, data, want, &len, &err), STATUS_OK);
			ck_assert_uint_le(len, want);
		} else {
			ck_assert_int_eq(source_peek(source, want, &bytes, &len, &err), STATUS_OK);
			if (len > 13 && want < 13)
				len = 13;
		}
		for (size_t i = 0; i < len; i++)
			ck_assert_uint_eq(bytes[i], byte_at(offset + i));
		if (turn % 2 == 0)
			ck_assert_int_eq(source_skip(source, len, &err), STATUS_OK);
		offset += len;
		if (len == 0 && want > 0)
			return offset - start;
	}
}

START_TEST(a_file_is_read_through)
{
	static const uint64_t sizes[] = {0, 1, 4095, 4096, SOURCE_WINDOW - 1, SOURCE_WINDOW,
		SOURCE_WINDOW + 1, 3 * SOURCE_WINDOW + 77};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int fd = make_file(sizes[i]);
		struct source *source = source_file_new(fd, sizes[i]);

		ck_assert_uint_eq(check_sequence(source, 0), sizes[i]);
		source_free(source);
		/* The descriptor stayed ours. */
		ck_assert_int_eq(close(fd), 0);
	}
}
END_TEST

START_TEST(a_window_holds_what_was_asked_for)
{
	uint64_t size = 2 * SOURCE_WINDOW;
	int fd = make_file(size);
	struct source *source = source_file_new(fd, size);
	struct error err;
	const unsigned char *data;
	size_t len;

	/* Just before the window's end more is wanted than it holds. */
	ck_assert_int_eq(source_peek(source, 1, &data, &len, &err), STATUS_OK);
	ck_assert_int_eq(source_skip(source, SOURCE_WINDOW - 5, &err), STATUS_OK);
	ck_assert_int_eq(source_peek(source, 100, &data, &len, &err), STATUS_OK);
	ck_assert_uint_ge(len, 100);
	for (size_t i = 0; i < 100; i++)
		ck_assert_uint_eq(data[i], byte_at(SOURCE_WINDOW - 5 + i));
	/* At the end there is what is left. */
	ck_assert_int_eq(source_skip(source, SOURCE_WINDOW + 2, &err), STATUS_OK);
	ck_assert_int_eq(source_peek(source, 100, &data, &len, &err), STATUS_OK);
	ck_assert_uint_eq(len, 3);
	/* More than a window is never promised. */
	ck_assert_int_eq(source_peek(source, SIZE_MAX, &data, &len, &err), STATUS_OK);
	ck_assert_int_eq(source_skip(source, 4, &err), STATUS_FORMAT);
	ck_assert_int_eq(source_skip(source, UINT64_MAX, &err), STATUS_FORMAT);
	ck_assert_int_eq(source_skip(source, 3, &err), STATUS_OK);
	ck_assert_int_eq(source_peek(source, 1, &data, &len, &err), STATUS_OK);
	ck_assert_uint_eq(len, 0);
	source_free(source);
	close(fd);
}
END_TEST

static void check_pread(struct source *source, uint64_t first, uint64_t size)
{
	struct error err;
	unsigned char data[100];

	ck_assert(source_can_seek(source));
	ck_assert_int_eq(source_pread(source, size - 100, data, 100, &err), STATUS_OK);
	for (size_t i = 0; i < 100; i++)
		ck_assert_uint_eq(data[i], byte_at(first + size - 100 + i));
	ck_assert_uint_eq(source->offset, 0);
	ck_assert_int_eq(source_pread(source, size, data, 0, &err), STATUS_OK);
	ck_assert_int_eq(source_pread(source, size - 99, data, 100, &err), STATUS_FORMAT);
	ck_assert_int_eq(source_pread(source, size + 1, data, 0, &err), STATUS_FORMAT);
	ck_assert_int_eq(source_pread(source, UINT64_MAX, data, 1, &err), STATUS_FORMAT);
	ck_assert_int_eq(source_pread(source, UINT64_MAX - 50, data, 100, &err), STATUS_FORMAT);
}

START_TEST(any_place_can_be_read)
{
	int fd = make_file(300000);
	struct source *source = source_file_new(fd, 300000);

	check_pread(source, 0, 300000);
	struct source *range = source_range_new(source, 1000, 200000);
	check_pread(range, 1000, 200000);
	ck_assert_uint_eq(check_sequence(range, 1000), 200000);
	source_free(range);
	/* The range left its source where it was. */
	ck_assert_uint_eq(check_sequence(source, 0), 300000);
	source_free(source);
	close(fd);

	unsigned char *data = malloc(1000);
	for (size_t i = 0; i < 1000; i++)
		data[i] = byte_at(i);
	source = source_memory_new(data, 1000);
	check_pread(source, 0, 1000);
	ck_assert_uint_eq(check_sequence(source, 0), 1000);
	source_free(source);
	free(data);
	source = source_memory_new(NULL, 0);
	ck_assert_uint_eq(check_sequence(source, 0), 0);
	source_free(source);
}
END_TEST

/* What a hostile partition table can ask for. */
START_TEST(a_range_does_not_leave_its_source)
{
	static const struct {
		uint64_t offset;
		uint64_t len;
		uint64_t at;
	} ranges[] = {
		{999, 2, 0},
		{1000, 1, 0},
		{5000, 10, 0},
		{UINT64_MAX - 10, 100, 0},
		{UINT64_MAX - 10, 100, 20},
		{UINT64_MAX, UINT64_MAX, 1},
		{0, UINT64_MAX, UINT64_MAX - 5},
	};
	unsigned char data[1000] = {0};
	struct source *source = source_memory_new(data, sizeof(data));

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		struct source *range = source_range_new(source, ranges[i].offset, ranges[i].len);
		unsigned char got[2];
		struct error err = {0};

		ck_assert_msg(source_pread(range, ranges[i].at, got, 2, &err) == STATUS_FORMAT,
			"range %zu", i);
		source_free(range);
	}
	source_free(source);
}
END_TEST

START_TEST(a_file_that_shrinks_is_told)
{
	int fd = make_file(10000);
	struct source *source = source_file_new(fd, 10000);
	struct error err;
	unsigned char data[10];

	ck_assert_int_eq(ftruncate(fd, 5000), 0);
	ck_assert_int_eq(source_pread(source, 7000, data, 10, &err), STATUS_IO);
	source_free(source);
	close(fd);
}
END_TEST

/* A source that cannot seek, and gives little at a time. */
struct stream {
	struct source source;
	struct source *inner;
	uint64_t fails_at;
};

static enum status stream_peek(struct source *source, size_t want, const unsigned char **data,
	size_t *len, struct error *err)
{
	struct stream *stream = (struct stream *)source;

	if (source->offset >= stream->fails_at)
		return error_set(err, STATUS_FORMAT, "damaged");
	return source_peek(stream->inner, want, data, len, err);
}

static enum status stream_skip(struct source *source, uint64_t count, struct error *err)
{
	source->offset += count;
	return source_skip(((struct stream *)source)->inner, count, err);
}

static void stream_free(struct source *source)
{
	source_free(((struct stream *)source)->inner);
}

static const struct source_ops stream_ops = {
	.peek = stream_peek,
	.skip = stream_skip,
	.free = stream_free,
};

static struct stream stream_over(struct source *inner)
{
	return (struct stream){
		.source = {.ops = &stream_ops, .size = SOURCE_SIZE_UNKNOWN},
		.inner = inner,
		.fails_at = UINT64_MAX,
	};
}

START_TEST(a_stream_is_spooled)
{
	int fd = make_file(700001);
	struct stream stream = stream_over(source_file_new(fd, 700001));
	struct source *spooled;
	struct error err = {0};
	unsigned char byte;

	ck_assert(!source_can_seek(&stream.source));
	ck_assert_int_eq(source_pread(&stream.source, 0, &byte, 1, &err), STATUS_UNSUPPORTED);
	/* Only what is left is copied. */
	ck_assert_int_eq(source_skip(&stream.source, 1, &err), STATUS_OK);
	ck_assert_int_eq(
		source_spool_new(&stream.source, NULL, SPOOL_NESTED, 700000, &spooled, &err),
		STATUS_OK);
	source_free(&stream.source);
	close(fd);
	ck_assert_uint_eq(spooled->size, 700000);
	check_pread(spooled, 1, 700000);
	ck_assert_uint_eq(check_sequence(spooled, 1), 700000);
	source_free(spooled);
}
END_TEST

START_TEST(spooling_is_bounded)
{
	int fd = make_file(700000);
	struct stream stream = stream_over(source_file_new(fd, 700000));
	struct source *spooled = &stream.source;
	struct error err = {0};

	ck_assert_int_eq(
		source_spool_new(&stream.source, NULL, SPOOL_NESTED, 699999, &spooled, &err),
		STATUS_LIMIT);
	ck_assert_ptr_null(spooled);
	source_free(&stream.source);

	stream = stream_over(source_file_new(fd, 700000));
	stream.fails_at = 400000;
	ck_assert_int_eq(
		source_spool_new(&stream.source, NULL, SPOOL_NESTED, UINT64_MAX, &spooled, &err),
		STATUS_FORMAT);
	ck_assert_str_eq(err.text, "damaged");
	source_free(&stream.source);
	close(fd);
}
END_TEST

/* 200 MiB of zeros with a byte here and there: they must be right, and take no room. */
START_TEST(holes_stay_holes)
{
	enum {
		MIB = 1 << 20
	};
	uint64_t size = (uint64_t)200 * MIB + 1;
	static const uint64_t marks[] = {0, 4095, 4096, 100 * MIB + 17, 200 * MIB};
	struct error err = {0};
	int fd;

	ck_assert_int_eq(tempfile_unlinked(&fd, &err), STATUS_OK);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	for (size_t i = 0; i < 5; i++)
		ck_assert_int_eq(pwrite(fd, "x", 1, (off_t)marks[i]), 1);
	struct digest expected, digest;
	ck_assert_int_eq(hash_fd(fd, &expected, NULL, &err), STATUS_OK);

	struct source *source = source_file_new(fd, size);
	struct source *spooled;
	int spool_fd = dup(fd);
	close(spool_fd);
	ck_assert_int_eq(
		source_spool_new(source, NULL, SPOOL_NESTED, size, &spooled, &err), STATUS_OK);
	ck_assert_uint_eq(spooled->size, size);
	/* The spool is the lowest descriptor that was free. */
	struct stat st;
	ck_assert_int_eq(fstat(spool_fd, &st), 0);
	ck_assert_int_eq(st.st_size, (off_t)size);
	ck_assert_int_lt(st.st_blocks, 1024);
	ck_assert_int_eq(lseek(spool_fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(hash_fd(spool_fd, &digest, NULL, &err), STATUS_OK);
	ck_assert(digest_equal(&digest, &expected));
	source_free(spooled);
	source_free(source);
	close(fd);
}
END_TEST

/* A spool that is all hole still has its size. */
START_TEST(zeros_at_the_end_are_kept)
{
	static unsigned char zeros[10000];
	struct source *source = source_memory_new(zeros, sizeof(zeros));
	struct source *spooled;
	struct error err;
	unsigned char last = 1;

	ck_assert_int_eq(
		source_spool_new(source, NULL, SPOOL_NESTED, sizeof(zeros), &spooled, &err),
		STATUS_OK);
	ck_assert_uint_eq(spooled->size, sizeof(zeros));
	ck_assert_int_eq(source_pread(spooled, 9999, &last, 1, &err), STATUS_OK);
	ck_assert_uint_eq(last, 0);
	source_free(spooled);
	source_free(source);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("source");
	TCase *test = tcase_create("source");

	tcase_set_timeout(test, 60);
	tcase_add_test(test, a_file_is_read_through);
	tcase_add_test(test, a_window_holds_what_was_asked_for);
	tcase_add_test(test, any_place_can_be_read);
	tcase_add_test(test, a_range_does_not_leave_its_source);
	tcase_add_test(test, a_file_that_shrinks_is_told);
	tcase_add_test(test, a_stream_is_spooled);
	tcase_add_test(test, spooling_is_bounded);
	tcase_add_test(test, holes_stay_holes);
	tcase_add_test(test, zeros_at_the_end_are_kept);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
