/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_OPENING_H
#define TESTS_UNIT_OPENING_H

#include "base/array.h"
#include "base/hash.h"
#include "dbdiff/fields.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/regions.h"
#include "tests/unit/indexing.h"

/*
 * For tests of formats that the walk opens only where two sides differ: opens one file of
 * comparing.h's directory as a format does, into indexing.h's index, where it is container 1.
 */
static struct opening {
	enum status status; /* STATUS_END when all was listed */
	struct error err;
	struct buffer members; /* "PATH SIZE\n", size "-" without content */
	struct buffer
		fields; /* of the container, and behind it "PATH: " of members: NAME=VALUE\n */
	uint64_t size;	/* of the container */
} opening;

static void add_fields(const char *path, const struct buffer *fields)
{
	struct field_cursor cursor;

	field_cursor_init(&cursor, buffer_text(fields), fields->len);
	while (field_cursor_next(&cursor))
		buffer_add_format(&opening.fields, "%s%s=%s\n", path, cursor.name, cursor.value);
}

/* Reads all of a content, which must be as long as was said. */
static void read_content(struct members *members, const struct member *member)
{
	struct source *content = NULL;
	const unsigned char *window;
	size_t len = 1;

	ck_assert_int_eq(members->ops->open(members, &content, &opening.err), STATUS_OK);
	while (len > 0) {
		ck_assert_int_eq(source_peek(content, 1, &window, &len, &opening.err), STATUS_OK);
		ck_assert_int_eq(source_skip(content, len, &opening.err), STATUS_OK);
	}
	ck_assert_uint_eq(content->offset, member->size);
	source_free(content);
}

static void list_members(struct members *members)
{
	uint64_t regions = 1000000;
	struct region_sink sink = {.index = &indexing, .container = 1, .left = &regions};
	struct member member = {0};
	struct error err = {0};
	int64_t position = 0;

	members->regions = &sink; /* cppcheck-suppress autoVariables ; until it is read */
	for (;; position++) {
		struct index_row row = {.container = 1, .id = position + 2, .position = position};
		struct buffer path = {0};

		member_clear(&member);
		opening.status = members->ops->next(members, &member, &opening.err);
		if (opening.status != STATUS_OK)
			break;
		row.path = buffer_text(&member.path);
		row.path_len = member.path.len;
		row.inspected = true;
		row.fields = "";
		ck_assert_int_eq(index_add(&indexing, &row, &err), STATUS_OK);
		buffer_add_format(&path, "%s: ", row.path);
		add_fields(buffer_text(&path), &member.fields);
		buffer_release(&path);
		if (member.has_content) {
			read_content(members, &member);
			buffer_add_format(
				&opening.members, "%s %" PRIu64 "\n", row.path, member.size);
		} else {
			buffer_add_format(&opening.members, "%s -\n", row.path);
		}
	}
	member_clear(&member);
	members->ops->describe(members, &member);
	add_fields("", &member.fields);
	ck_assert_int_ge(region_sink_finish(&sink, &err), STATUS_OK);
	members->regions = NULL;
	member_release(&member);
}

static void open_source(const struct format *format, struct source *source)
{
	char *path = path_join(comparing.directory, "opening.index");
	struct members *members = NULL;

	index_close();
	unlink(path);
	indexing_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge(indexing_fd, 0);
	ck_assert_int_eq(index_create(&indexing, indexing_fd, &opening.err), STATUS_OK);
	buffer_clear(&opening.members);
	buffer_clear(&opening.fields);
	opening.err = (struct error){0};
	opening.size = source->size;
	opening.status = format->open(source, "t", &limits_default, &members, &opening.err);
	if (opening.status == STATUS_OK) {
		list_members(members);
		members->ops->free(members);
	}
	ck_assert_int_eq(index_commit(&indexing, &comparing.err), STATUS_OK);
	free(path);
}

/* Opens a file of the directory; of all formats it is this one that bids most. */
MAYBE void open_file(const struct format *format, const char *name)
{
	int fd = file_open(name);
	struct source *source = source_file_new(fd, (uint64_t)lseek(fd, 0, SEEK_END));
	const unsigned char *data;
	size_t len;

	ck_assert_int_eq(
		source_peek(source, format_bid_bytes(), &data, &len, &opening.err), STATUS_OK);
	ck_assert_ptr_eq(format_find(&(struct candidate){name, data, len, source}, true), format);
	open_source(format, source);
	source_free(source);
	close(fd);
}

MAYBE void open_memory(const struct format *format, const void *data, size_t len)
{
	struct source *source = source_memory_new(data, len);

	open_source(format, source);
	source_free(source);
}

/* It was read to its end, and every byte is in exactly one region. */
MAYBE void expect_whole(void)
{
	ck_assert_msg(opening.status == STATUS_END, "%d: %s", opening.status, opening.err.text);
	index_assert_covered(1, opening.size);
}

/* The value of "NAME" or "PATH: NAME", or NULL; valid until the next call. */
MAYBE const char *field_value(const char *name)
{
	static struct buffer value;
	const char *at = buffer_text(&opening.fields);
	size_t len = strlen(name);

	while (*at != '\0') {
		const char *end = strchr(at, '\n');

		if (strncmp(at, name, len) == 0 && at[len] == '=') {
			buffer_clear(&value);
			buffer_add(&value, at + len + 1, (size_t)(end - at) - len - 1);
			return buffer_text(&value);
		}
		at = end + 1;
	}
	return NULL;
}

MAYBE void expect_field(const char *name, const char *expected)
{
	const char *value = field_value(name);

	if (expected == NULL)
		ck_assert_msg(value == NULL, "%s is %s", name, value);
	else
		ck_assert_msg(value != NULL && strcmp(value, expected) == 0, "%s is %s and not %s",
			name, value != NULL ? value : "absent", expected);
}

/* The whole of a file of the directory; the caller frees it. */
MAYBE char *file_read(const char *name, size_t *len)
{
	char *path = path_join(comparing.directory, name);
	char *data = NULL;

	ck_assert_msg(
		path_read_file(path, 64 << 20, &data, len, &opening.err) == STATUS_OK, "%s", path);
	free(path);
	return data;
}

/*
 * Opens it with each of some bytes turned over, and cut at some places: whatever comes of it is
 * an end or an error with a text, and where it is an end, all bytes are covered.
 */
MAYBE void survive_damage(const struct format *format, const char *name, size_t step)
{
	size_t len;
	char *data = file_read(name, &len);
	size_t failed = 0;

	for (size_t at = 0; at < len; at += at < 1024 || at + step + 1024 > len ? 1 : step) {
		data[at] ^= (char)0x81;
		open_memory(format, data, len);
		if (opening.status == STATUS_END)
			index_assert_covered(1, len);
		else
			ck_assert(opening.status < 0 && opening.err.text[0] != '\0');
		failed += opening.status < 0;
		data[at] ^= (char)0x81;
	}
	ck_assert_uint_gt(failed, 0);
	for (size_t cut = len - 1; cut > 0; cut = cut * 3 / 4) {
		open_memory(format, data, cut);
		if (opening.status == STATUS_END)
			index_assert_covered(1, cut);
		else
			ck_assert(opening.status < 0 && opening.err.text[0] != '\0');
	}
	free(data);
}

MAYBE int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
