/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/fields.h"
#include "dbdiff/index.h"
#include "dbdiff/members.h"
#include "dbdiff/order.h"
#include "dbdiff/tap.h"
#include "dbdiff/walk.h"
#include "tests/unit/comparing.h"
#include "tests/unit/making_tar.h"

static struct index idx;
static int fd;

static int make_file(const char *name)
{
	char *path = path_join(comparing.directory, name);
	int made = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	ck_assert_int_ge(made, 0);
	free(path);
	return made;
}

static void setup(void)
{
	comparing_setup();
	fd = make_file("x.index");
	ck_assert_int_eq(index_create(&idx, fd, &comparing.err), STATUS_OK);
}

static void teardown(void)
{
	index_release(&idx);
	close(fd);
	comparing_teardown();
}

static void add(const char *name, int64_t position)
{
	struct index_row row = {.container = 7,
		.id = 100 + position,
		.position = position,
		.path = name,
		.path_len = strlen(name),
		.fields = "mode\0"
			  "0644",
		.fields_len = 10,
		.has_content = true,
		.is_hashed = true,
		.size = 5,
		.inspected = true};

	hash_memory(name, strlen(name), &row.sha256);
	ck_assert_int_eq(index_add(&idx, &row, &comparing.err), STATUS_OK);
}

START_TEST(gives_members_in_the_order_of_their_bytes)
{
	static const char *const expected[] = {"a", "a", "a-b", "a/b", "\xff"};
	struct index_cursor cursor = {0};
	struct buffer text = {0};

	add("\xff", 0);
	add("a/b", 1);
	add("a", 2);
	add("a-b", 3);
	add("a", 4);
	ck_assert_int_eq(index_add_blocks(&idx, 102, "12345678", 8, &comparing.err), STATUS_OK);
	ck_assert_int_eq(index_commit(&idx, &comparing.err), STATUS_OK);
	index_release(&idx);
	ck_assert_int_eq(index_open(&idx, fd, &comparing.err), STATUS_OK);
	ck_assert_int_eq(index_cursor_open(&cursor, &idx, 7, &comparing.err), STATUS_OK);
	for (size_t i = 0; i < 5; i++) {
		ck_assert_int_eq(index_cursor_next(&cursor, &comparing.err), STATUS_OK);
		ck_assert_uint_eq(cursor.row.path_len, strlen(expected[i]));
		ck_assert_mem_eq(cursor.row.path, expected[i], cursor.row.path_len);
		ck_assert_int_eq(cursor.row.occurrence, i == 1);
		ck_assert_uint_eq(cursor.row.fields_len, 10);
		ck_assert_ptr_null(cursor.row.format);
	}
	ck_assert_int_eq(index_cursor_next(&cursor, &comparing.err), STATUS_END);
	index_cursor_release(&cursor);
	ck_assert_int_eq(index_path_at(&idx, 7, 3, &text, &comparing.err), STATUS_OK);
	ck_assert_str_eq(buffer_text(&text), "a-b");
	ck_assert_int_eq(index_path_at(&idx, 7, 9, &text, &comparing.err), STATUS_NOT_FOUND);
	buffer_clear(&text);
	ck_assert_int_eq(index_blocks(&idx, 102, &text, &comparing.err), STATUS_OK);
	ck_assert_int_eq(index_blocks(&idx, 103, &text, &comparing.err), STATUS_OK);
	ck_assert_str_eq(buffer_text(&text), "12345678");
	buffer_release(&text);
}
END_TEST

/* Design, law 7: what is written depends on what was read only. */
START_TEST(two_indexes_of_one_artifact_have_the_same_bytes)
{
	struct buffer tar = {0};

	for (char name[] = "m0"; name[1] <= '9'; name[1]++)
		tar_add(&tar, &(struct tar_member){.name = name, .data = name});
	tar_end(&tar);
	for (int i = 0; i < 2; i++) {
		struct source *source = source_memory_new(tar.data, tar.len);

		index_release(&idx);
		close(fd);
		fd = make_file(i == 0 ? "x.inde0" : "x.inde1");
		ck_assert_int_eq(index_create(&idx, fd, &comparing.err), STATUS_OK);
		ck_assert_int_eq(
			walk_index(source, "t.tar", &limits_default, NULL, &idx, &comparing.err),
			STATUS_OK);
		ck_assert_int_eq(index_commit(&idx, &comparing.err), STATUS_OK);
		source_free(source);
	}
	index_release(&idx);
	shell("cmp x.inde0 x.inde1; test $(stat -c %s x.inde0) -gt 4096");
	buffer_release(&tar);
}
END_TEST

static void expect_name(const char *stored, size_t len, const char *expected, bool has_field)
{
	struct member member = {0};

	member_set_name(&member, stored, len);
	ck_assert_str_eq(buffer_text(&member.path), expected);
	ck_assert_int_eq(member.fields.len > 0, has_field);
	member_release(&member);
}

START_TEST(names_are_brought_to_one_form)
{
	expect_name("a/b", 3, "a/b", false);
	expect_name("./a/b/", 6, "a/b", true);
	expect_name("/a//b", 5, "a/b", true);
	expect_name("././/x", 6, "x", true);
	expect_name(".", 1, "/", true);
	expect_name("./", 2, "/", true);
	expect_name("", 0, "/", true);
	expect_name("/", 1, "/", false);
	expect_name("../x", 4, "../x", false);
	expect_name(".x", 2, ".x", false);
	expect_name("a\0b", 3, "a\\x00b", true);
}
END_TEST

START_TEST(fields_are_sorted_for_people)
{
	static char big[5000];
	struct member member = {0};
	struct field_cursor cursor;
	static const char *const names[] = {
		"type", "mode", "mtime", "xattr:a", "xattr:b", "unknown"};
	size_t i = 0;

	member_add_field(&member, "xattr:b", "%s", "");
	member_add_field(&member, "unknown", "x");
	member_add_field_bytes(&member, "xattr:a", "\0\x01", 2);
	member_add_time(&member, "mtime", 1700000000, 5);
	member_add_field(&member, "size", "dropped");
	member_add_field_bytes(&member, "mode", big, sizeof(big));
	member_add_field(&member, "type", "file");
	fields_sort(&member.fields, "size");
	field_cursor_init(&cursor, member.fields.data, member.fields.len);
	while (field_cursor_next(&cursor)) {
		ck_assert_str_eq(cursor.name, names[i++]);
		if (strcmp(cursor.name, "mtime") == 0)
			ck_assert_str_eq(cursor.value, "2023-11-14T22:13:20.000000005Z");
		if (strcmp(cursor.name, "xattr:a") == 0)
			ck_assert_str_eq(cursor.value, "\\x00\\x01");
		if (strcmp(cursor.name, "mode") == 0)
			expect_has(cursor.value, "5000 bytes, sha256 ");
	}
	ck_assert_uint_eq(i, 6);
	field_cursor_init(&cursor, "cut\0off", 7);
	ck_assert(!field_cursor_next(&cursor));
	ck_assert_str_eq(field_find("xattr:any")->title, "extended attribute");
	member_release(&member);
}
END_TEST

START_TEST(the_fewest_that_moved_are_found)
{
	struct order order = {0};
	struct order_pair moved;

	for (int i = 0; i < 10; i++)
		order_add(&order, i, i * 3);
	ck_assert(!order_differs(&order, &moved));
	/* The last stands first now. */
	order_release(&order);
	for (int i = 9; i >= 0; i--)
		order_add(&order, i, (i + 1) % 10);
	ck_assert(order_differs(&order, &moved));
	ck_assert_uint_eq(moved.published, 9);
	/* The first stands last now. */
	order_release(&order);
	for (int i = 0; i < 10; i++)
		order_add(&order, i, (i + 9) % 10);
	ck_assert(order_differs(&order, &moved));
	ck_assert_uint_eq(moved.published, 0);
	order_release(&order);
}
END_TEST

START_TEST(a_tap_hashes_what_goes_by)
{
	static unsigned char data[200000];
	struct budget budget = {.limits = &limits_default};
	struct source *source;
	struct digest digest, expected;
	struct tap tap;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7 + i / 1000);
	source = source_memory_new(data, sizeof(data));
	tap_init(&tap, source, &budget, NULL, true);
	ck_assert_int_eq(source_skip(&tap.source, 70000, &comparing.err), STATUS_OK);
	ck_assert_int_eq(tap_drain(&tap, &comparing.err), STATUS_OK);
	tap_finish(&tap, &digest);
	hash_memory(data, sizeof(data), &expected);
	ck_assert(digest_equal(&digest, &expected));
	ck_assert_uint_eq(tap.blocks.len, 4 * 8);
	ck_assert_uint_eq(budget.bytes, sizeof(data));
	for (size_t i = 0; i < 4; i++) {
		size_t at = i * 65536, len = sizeof(data) - at < 65536 ? sizeof(data) - at : 65536;
		uint64_t hash = hash_xxh3(data + at, len), stored = 0;

		for (size_t j = 0; j < 8; j++)
			stored |= (uint64_t)(unsigned char)tap.blocks.data[i * 8 + j] << (8 * j);
		ck_assert_uint_eq(stored, hash);
	}
	tap_release(&tap);
	source_free(source);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("index");
	TCase *tests = tcase_create("index");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, gives_members_in_the_order_of_their_bytes);
	tcase_add_test(tests, two_indexes_of_one_artifact_have_the_same_bytes);
	tcase_add_test(tests, names_are_brought_to_one_form);
	tcase_add_test(tests, fields_are_sorted_for_people);
	tcase_add_test(tests, the_fewest_that_moved_are_found);
	tcase_add_test(tests, a_tap_hashes_what_goes_by);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
