/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fetch_fixture.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#include "verifier/coverage/line_reader.h"

static struct data_file file;

static enum status open_argument(const char *argument)
{
	return data_open(fetcher, store, argument, &file, &err);
}

static void assert_refused(enum status status, enum status expected, const char *words)
{
	ck_assert_msg(status == expected, "%d: %s", status, err.text);
	ck_assert_msg(strstr(err.text, words) != NULL, "\"%s\" is not in: %s", words, err.text);
	ck_assert_ptr_null(file.name);
}

static void assert_holds(const char *text)
{
	struct buffer all = {0};

	ck_assert_msg(data_content_all(&file, 1 << 20, &all, &err) == STATUS_OK, "%s", err.text);
	ck_assert_str_eq(buffer_text(&all), text);
	buffer_release(&all);
}

START_TEST(a_url_is_fetched_into_the_store)
{
	char *url = archive_server_url(&server, "a/data.json?token=hunter2");
	char *with_user = xasprintf("http://me:hunter2@127.0.0.1:%u/a/data.json", server.port);
	struct digest digest;
	int64_t before = time(NULL);

	archive_server_put(&server, "a/data.json", "[1]", 3);
	archive_server_put(&server, "a/data.json?token=hunter2", "[1]", 3);
	hash_memory("[1]", 3, &digest);
	ck_assert_msg(open_argument(url) == STATUS_OK, "%s", err.text);
	ck_assert(digest_equal(&file.sha256, &digest));
	ck_assert(store_has(store, &digest));
	ck_assert_uint_eq(file.size, 3);
	ck_assert_int_ge(file.time, before);
	ck_assert_ptr_null(strstr(file.name, "hunter2"));
	ck_assert_ptr_nonnull(strstr(file.name, "/a/data.json?token="));
	assert_holds("[1]");
	data_file_release(&file);
	ck_assert_msg(open_argument(with_user) == STATUS_OK, "%s", err.text);
	ck_assert_ptr_null(strstr(file.name, "hunter2"));
	data_file_release(&file);
	free(with_user);
	free(url);
}
END_TEST

START_TEST(where_it_was_redirected_to_is_recorded)
{
	char *url = archive_server_url(&server, "a"),
	     *to = archive_server_url(&server, "b?key=hunter2");
	char *rules = xasprintf("/a -1 redirect %s\n", to);

	archive_server_put(&server, "b", "x", 1);
	archive_server_put(&server, "b?key=hunter2", "x", 1);
	archive_server_rules(&server, rules);
	ck_assert_msg(open_argument(url) == STATUS_OK, "%s", err.text);
	ck_assert_str_eq(file.name, url);
	ck_assert_ptr_nonnull(file.served);
	ck_assert_ptr_nonnull(strstr(file.served, "/b?key="));
	ck_assert_ptr_null(strstr(file.served, "hunter2"));
	data_file_release(&file);
	free(rules);
	free(url);
	free(to);
}
END_TEST

START_TEST(a_path_is_taken_into_the_store)
{
	char *path = path_join(server.top, "by_inst"), *url = xasprintf("file://%s", path);

	ck_assert_int_eq(tempfile_write_all(path, "text", 4, 0600, &err), STATUS_OK);
	ck_assert_msg(data_open(NULL, store, path, &file, &err) == STATUS_OK, "%s", err.text);
	ck_assert_str_eq(file.name, path);
	ck_assert(store_has(store, &file.sha256));
	/* What happens to it now changes nothing. */
	ck_assert_int_eq(tempfile_write_all(path, "other", 5, 0600, &err), STATUS_OK);
	assert_holds("text");
	data_file_release(&file);
	ck_assert_msg(open_argument(url) == STATUS_OK, "%s", err.text);
	assert_holds("other");
	data_file_release(&file);
	free(path);
	free(url);
}
END_TEST

START_TEST(what_cannot_be_had_is_named)
{
	char *url = archive_server_url(&server, "gone?secret=hunter2");
	char *fifo = path_join(server.top, "fifo"), *empty = path_join(server.top, "empty");

	assert_refused(open_argument(url), STATUS_NOT_FOUND, "/gone");
	ck_assert_ptr_null(strstr(err.text, "hunter2"));
	assert_refused(data_open(NULL, store, url, &file, &err), STATUS_NETWORK, "/gone");
	ck_assert_ptr_null(strstr(err.text, "hunter2"));
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	assert_refused(open_argument(fifo), STATUS_USAGE, "no regular file");
	assert_refused(open_argument(server.top), STATUS_USAGE, "no regular file");
	assert_refused(open_argument("/nonexistent/x"), STATUS_NOT_FOUND, "/nonexistent/x");
	ck_assert_int_eq(tempfile_write_all(empty, "", 0, 0600, &err), STATUS_OK);
	assert_refused(open_argument(empty), STATUS_FORMAT, "empty is empty");
	free(url);
	free(fifo);
	free(empty);
}
END_TEST

static void take(const void *data, size_t len)
{
	int fd = memfd_create("data", MFD_CLOEXEC);

	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	ck_assert_msg(data_take(fd, "log.gz", &file, &err) == STATUS_OK, "%s", err.text);
	close(fd);
}

static size_t pack(const char *text, size_t len, unsigned char *out, size_t room)
{
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)text,
		.avail_in = (uInt)len,
		.next_out = out,
		.avail_out = (uInt)room};

	ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return room - stream.avail_out;
}

START_TEST(streams_are_unpacked)
{
	unsigned char out[4096];
	size_t len = pack("packed\n", 7, out, sizeof(out));

	take(out, len);
	assert_holds("packed\n");
	data_file_release(&file);
	len = ZSTD_compress(out, sizeof(out), "packed\n", 7, 3);
	take(out, len);
	assert_holds("packed\n");
	data_file_release(&file);
	/* Two members are one text, as gzip -d has it. */
	len = pack("one\n", 4, out, sizeof(out));
	len += pack("two\n", 4, out + len, sizeof(out) - len);
	take(out, len);
	assert_holds("one\ntwo\n");
	data_file_release(&file);
}
END_TEST

/* zlib and libarchive would pass over either. */
START_TEST(a_stream_that_is_cut_or_followed_is_refused)
{
	unsigned char out[4096];
	size_t len = pack("packed text, packed text", 24, out, sizeof(out));

	for (size_t cut = 11; cut < len + 2; cut++) {
		struct buffer all = {0};

		if (cut == len)
			continue;
		memcpy(out + len, "x", 1);
		take(out, cut);
		ck_assert_int_eq(data_content_all(&file, 1 << 20, &all, &err), STATUS_FORMAT);
		ck_assert_ptr_nonnull(strstr(err.text, "log.gz: "));
		buffer_release(&all);
		data_file_release(&file);
	}
}
END_TEST

START_TEST(a_bomb_ends_in_bounded_memory)
{
	const size_t room = 8 << 20, len = DATA_UNPACKED_MAX + 1;
	char *zeros =
		mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned char *out = xmalloc(room);
	struct rusage before, after;
	struct line_reader reader;
	enum status status = STATUS_OK;
	const char *line;
	size_t packed;

	ck_assert(zeros != MAP_FAILED);
	packed = ZSTD_compress(out, room, zeros, len, 1);
	ck_assert(!ZSTD_isError(packed));
	munmap(zeros, len);
	take(out, packed);
	getrusage(RUSAGE_SELF, &before);
	ck_assert_int_eq(line_reader_open(&reader, &file, &err), STATUS_OK);
	while (status == STATUS_OK)
		status = line_reader_next(&reader, &line, &err);
	ck_assert_msg(status == STATUS_LIMIT, "%d: %s", status, err.text);
	ck_assert_uint_le(reader.text.capacity, 2 * LINE_READER_MAX);
	line_reader_release(&reader);
	getrusage(RUSAGE_SELF, &after);
	ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 8 << 10);
	data_file_release(&file);
	free(out);
}
END_TEST

START_TEST(lines_of_any_length)
{
	static const char text[] = "one\r\n\nthree\0x\nlast";
	struct line_reader reader;
	char *large = xmalloc(100001);
	const char *line;

	take(text, sizeof(text) - 1);
	ck_assert_int_eq(line_reader_open(&reader, &file, &err), STATUS_OK);
	ck_assert_int_eq(line_reader_next(&reader, &line, &err), STATUS_OK);
	ck_assert_str_eq(line, "one");
	ck_assert(reader.has_end);
	ck_assert_int_eq(line_reader_next(&reader, &line, &err), STATUS_OK);
	ck_assert_str_eq(line, "");
	ck_assert_int_eq(line_reader_next(&reader, &line, &err), STATUS_OK);
	ck_assert_str_eq(line, "three");
	ck_assert_uint_eq(reader.text.len, 7);
	ck_assert_int_eq(line_reader_next(&reader, &line, &err), STATUS_OK);
	ck_assert_str_eq(line, "last");
	ck_assert(!reader.has_end);
	ck_assert_uint_eq(reader.number, 4);
	ck_assert_int_eq(line_reader_next(&reader, &line, &err), STATUS_END);
	line_reader_release(&reader);
	data_file_release(&file);

	memset(large, 'x', 100000);
	memcpy(large + 99996, "\nlas", 4);
	take(large, 100000);
	ck_assert_int_eq(line_reader_open(&reader, &file, &err), STATUS_OK);
	ck_assert_int_eq(line_reader_next(&reader, &line, &err), STATUS_OK);
	ck_assert_uint_eq(strlen(line), LINE_READER_MAX);
	ck_assert(reader.is_cut);
	ck_assert_int_eq(line_reader_next(&reader, &line, &err), STATUS_OK);
	ck_assert_str_eq(line, "las");
	ck_assert(!reader.is_cut);
	line_reader_release(&reader);
	data_file_release(&file);
	free(large);
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_test(tcase, a_url_is_fetched_into_the_store);
	tcase_add_test(tcase, where_it_was_redirected_to_is_recorded);
	tcase_add_test(tcase, a_path_is_taken_into_the_store);
	tcase_add_test(tcase, what_cannot_be_had_is_named);
	tcase_add_test(tcase, streams_are_unpacked);
	tcase_add_test(tcase, a_stream_that_is_cut_or_followed_is_refused);
	tcase_add_test(tcase, a_bomb_ends_in_bounded_memory);
	tcase_add_test(tcase, lines_of_any_length);
}

int main(void)
{
	return run_suite("data_file", add_tests);
}
