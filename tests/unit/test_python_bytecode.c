/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"
#include "tests/unit/telling.h"

/* Compiles a.py, whose last change was at that second, as the interpreter of the machine does. */
static void compile(const char *text, long mtime, const char *mode, const char *out)
{
	struct buffer command = {0};

	buffer_add_format(&command,
		"printf '%%s' '%s' >a.py; touch -d @%ld a.py; python3 -c 'import py_compile;"
		"py_compile.compile(\"a.py\", cfile=\"%s\", doraise=True, invalidation_mode="
		"py_compile.PycInvalidationMode.%s)'",
		text, mtime, out, mode);
	shell(buffer_text(&command));
	buffer_release(&command);
}

START_TEST(a_header_is_fields_and_the_code_a_member)
{
	static const struct {
		const char *mode, *flags, *mtime, *source_size;
	} cases[] = {
		{"TIMESTAMP", "checked by time", "2023-11-14T22:13:20Z", "4"},
		{"CHECKED_HASH", "checked by hash", NULL, NULL},
		{"UNCHECKED_HASH", "not checked", NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char code[64];

		compile("a=1\n", 1700000000, cases[i].mode, "a.pyc");
		open_file(&format_python_bytecode, "a.pyc");
		expect_whole();
		snprintf(code, sizeof(code), "code %llu\n", (unsigned long long)opening.size - 16);
		ck_assert_str_eq(buffer_text(&opening.members), code);
		expect_field("bytecode-flags", cases[i].flags);
		expect_field("bytecode-mtime", cases[i].mtime);
		expect_field("bytecode-source-size", cases[i].source_size);
		ck_assert((field_value("bytecode-source-hash") == NULL) == (i == 0));
	}
}
END_TEST

static void expect_pyc(const char *expected, uint64_t unexplained)
{
	comparing.with_causes = true;
	expect_files("a.pyc", "b.pyc", expected);
	ck_assert_int_eq(comparing.result.unattributed_bytes, 0);
	ck_assert((comparing.result.unexplained_bytes == 0) == (unexplained == 0));
}

START_TEST(another_time_is_only_that)
{
	compile("a=1\n", 1700000000, "TIMESTAMP", "a.pyc");
	compile("a=1\n", 1700000001, "TIMESTAMP", "b.pyc");
	expect_pyc("content t bytecode-mtime (python-bytecode-mtime)\n", 0);
}
END_TEST

/* Code is not its time (trust T9), whatever else the header says. */
START_TEST(other_code_is_not_its_time)
{
	compile("a=1\n", 1700000000, "TIMESTAMP", "a.pyc");
	compile("a=2\n", 1700000000, "TIMESTAMP", "b.pyc");
	expect_pyc("content t//code (unexplained)\n", 1);
	compile("a=2\n", 1700000001, "TIMESTAMP", "b.pyc");
	expect_pyc("metadata t bytecode-mtime (python-bytecode-mtime)\n"
		   "content t//code (unexplained)\n",
		1);
	compile("a=12\n", 1700000001, "TIMESTAMP", "b.pyc");
	expect_pyc("metadata t bytecode-mtime bytecode-source-size (unexplained)\n"
		   "content t//code (unexplained)\n",
		1);
	compile("a=1\n", 1700000000, "CHECKED_HASH", "b.pyc");
	expect_pyc("content t bytecode-flags bytecode-mtime bytecode-source-size"
		   " bytecode-source-hash (unexplained)\n",
		1);
}
END_TEST

START_TEST(older_headers_are_known)
{
	static const struct {
		const char header[17];
		size_t len;
		const char *mtime, *version;
	} cases[] = {
		{"\x03\xf3\r\n\0\0\0\1", 8, "1970-07-14T04:20:16Z", "62211"},
		{"\x33\x0d\r\n\0\0\0\1\7\0\0\0", 12, "1970-07-14T04:20:16Z", "3379"},
		{"\x42\x0d\r\n\0\0\0\0\0\0\0\1\7\0\0\0", 16, "1970-07-14T04:20:16Z", "3394"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char data[32] = "";

		memcpy(data, cases[i].header, cases[i].len);
		data[cases[i].len] = 'c';
		open_memory(&format_python_bytecode, data, 20);
		expect_whole();
		expect_field("bytecode-version", cases[i].version);
		expect_field("bytecode-mtime", cases[i].mtime);
	}
}
END_TEST

START_TEST(other_headers_are_errors)
{
	static const char unknown[] = "\x42\x0d\r\n\4\0\0\0\0\0\0\1\7\0\0\0\xe3";

	compile("a=1\n", 1700000000, "TIMESTAMP", "a.pyc");
	survive_damage(&format_python_bytecode, "a.pyc", 7);
	open_memory(&format_python_bytecode, unknown, sizeof(unknown) - 1);
	ck_assert_int_eq(opening.status, STATUS_UNSUPPORTED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("Python bytecode");
	TCase *tcase = tcase_create("headers");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, comparing_setup, comparing_teardown);
	tcase_add_test(tcase, a_header_is_fields_and_the_code_a_member);
	tcase_add_test(tcase, another_time_is_only_that);
	tcase_add_test(tcase, other_code_is_not_its_time);
	tcase_add_test(tcase, older_headers_are_known);
	tcase_add_test(tcase, other_headers_are_errors);
	return run_suite(suite);
}
