/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/manifest.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"

static struct manifest manifest;
static struct error err;

static void read_text(const char *text)
{
	ck_assert_msg(manifest_parse("list", text, strlen(text), &manifest, &err) == STATUS_OK,
		"%s", err.text);
}

static void read_text_of(const char *architecture, const char *text)
{
	read_text(text);
	manifest_unite(&manifest, architecture);
}

/* "NAME[:ARCHITECTURE] VERSION SOURCE SOURCE-VERSION; …" of what was read; the caller frees. */
static char *rows(void)
{
	struct buffer text = {0};

	for (size_t i = 0; i < manifest.count; i++) {
		const struct manifest_package *row = &manifest.items[i];

		buffer_add_format(&text, "%s%s%s%s %s %s %s", i ? "; " : "", row->name,
			row->architecture ? ":" : "", row->architecture ? row->architecture : "",
			row->version ? row->version : "-", row->source ? row->source : "-",
			row->source_version ? row->source_version : "-");
	}
	return buffer_detach(&text);
}

#define STANZA(name, version, more)                                                                \
	"Package: " name "\nStatus: install ok installed\nArchitecture: amd64\nVersion: " version  \
	"\n" more

static const struct {
	const char *text, *rows;
	size_t repeated, notes;
} good[] = {
	{"zlib|1:1.2.13.dfsg-1|zlib1g:amd64|1:1.2.13.dfsg-1\nacl|2.3.1-3|acl|2.3.1-3\n",
		"acl 2.3.1-3 acl 2.3.1-3; zlib1g:amd64 1:1.2.13.dfsg-1 zlib 1:1.2.13.dfsg-1", 0, 0},
	{"b=1.0\na:all=2~rc1", "a:all 2~rc1 - -; b 1.0 - -", 0, 0},
	{"# dpkg-query -W\n\nb\t1.0\r\na:i386   2  \n", "a:i386 2 - -; b 1.0 - -", 0, 0},
	/* The package alone, as in a .wic.manifest, and what it adds to a line that says more. */
	{"a:amd64\nb\n", "a:amd64 - - -; b - - -", 0, 0},
	{"a:amd64\ns|1|a|1\n", "a 1 s 1", 1, 0},
	{"a:amd64\ns|1|a:i386|1\n", "a:amd64 - - -; a:i386 1 s 1", 0, 0},
	{"a 1\ns|1|a:amd64|1\na:amd64=1\n", "a:amd64 1 s 1", 2, 0},
	{"a 1\na 1\na 1\n", "a 1 - -", 2, 0},
	{"a 2\na 10\na:amd64 2\n", "a 10 - -; a:amd64 2 - -", 1, 2},
	{"a:amd64 2\na:i386 3\n", "a:amd64 2 - -; a:i386 3 - -", 0, 0},
	{"s|1|a|1\nt|1|a|1\n", "a 1 s 1; a 1 t 1", 0, 1},
	{STANZA("b", "2-1", "Source: s (2)\nDescription: x\n y\n .\n") "\n" STANZA(
		 "a", "1", "Depends: b\n"),
		"a:amd64 1 a 1; b:amd64 2-1 s 2", 0, 0},
	{"\n" STANZA("a", "1", "Source: s") "\n\n\n", "a:amd64 1 s 1", 0, 0},
	{STANZA("a", "1", "\n") "Package: gone\nStatus: deinstall ok config-files\nVersion: 3\n",
		"a:amd64 1 a 1", 0, 0},
	{"Package: a\nStatus: install ok half-configured\nArchitecture: all\nVersion: 1\n",
		"a:all 1 a 1", 0, 1},
	{"Package: a\nStatus: install ok triggers-awaited\nArchitecture: all\nVersion: 1\n",
		"a:all 1 a 1", 0, 1},
	{"Package: a\nStatus: hold ok triggers-pending\nArchitecture: all\nVersion: 1\n",
		"a:all 1 a 1", 0, 0},
	{"Package: a\nStatus: install reinstreq installed\nArchitecture: all\nVersion: 1\n",
		"a:all 1 a 1", 0, 1},
	/* Neither is left out for the other: the one that is not whole stays. */
	{STANZA("a", "1", "") "\nPackage: a\nStatus: install ok unpacked\nArchitecture: amd64\n"
			      "Version: 1\n",
		"a:amd64 1 a 1", 1, 1},
};

START_TEST(test_forms)
{
	char *text;

	read_text_of("amd64", good[_i].text);
	text = rows();
	ck_assert_str_eq(text, good[_i].rows);
	ck_assert_uint_eq(manifest.repeated, good[_i].repeated);
	ck_assert_uint_eq(manifest.notes.count, good[_i].notes);
	free(text);
	manifest_release(&manifest);
}
END_TEST

static const struct {
	const char *text, *says;
} bad[] = {
	{"", "list lists no package"},
	{"\n# nothing\n", "list lists no package"},
	{"Package: a\nStatus: deinstall ok config-files\nVersion: 1\n", "list lists no package"},
	{"a 1\nb 2 3\n", "list:2: this is no package"},
	{"a 1\n\nb|2|b\n", "list:3: this is no package"},
	{"s|1|a|1|x\n", "list:1: this is no package"},
	{"a=\n", "list:1: this is no package"},
	{"a:=1\n", "list:1: this is no package"},
	{"../a 1\n", "list:1: this is no package"},
	{"a 1-\n", "list:1: this is no package"},
	{"a x1\n", "list:1: this is no package"},
	{"s||a|1\n", "list:1: this is no package"},
	{"<!DOCTYPE html>\n", "list:1: this is no package"},
	{"Package: a\nVersion: 1\nArchitecture: all\n", "list:1: a stanza without Status"},
	{STANZA("a", "1", "") "\nStatus: install ok installed\nVersion: 1\n",
		"list:6: a stanza without a package's name"},
	{STANZA("a", "1", "Version: 2\n"), "list:1: in the stanza from here on: line 5 repeats"},
	{STANZA("a", "one", ""), "list:1: a has no Version"},
	{STANZA("a", "1", "Source: s (x)\n"), "list:1: the Source of a"},
};

START_TEST(test_refused)
{
	enum status status =
		manifest_parse("list", bad[_i].text, strlen(bad[_i].text), &manifest, &err);

	ck_assert_int_eq(status, STATUS_FORMAT);
	ck_assert_msg(strncmp(err.text, bad[_i].says, strlen(bad[_i].says)) == 0, "%s", err.text);
	manifest_release(&manifest);
}
END_TEST

START_TEST(test_nul_is_refused)
{
	static const char lines[] = "a 1\nb\0c 2\n", stanza[] = "Package: a\nStatus: x\0y\n";

	ck_assert_int_eq(
		manifest_parse("list", lines, sizeof(lines) - 1, &manifest, &err), STATUS_FORMAT);
	ck_assert_str_eq(err.text, "list:2: it holds a NUL byte");
	manifest_release(&manifest);
	ck_assert_int_eq(
		manifest_parse("list", stanza, sizeof(stanza) - 1, &manifest, &err), STATUS_FORMAT);
	manifest_release(&manifest);
}
END_TEST

/* A line without an architecture is of the image's own, or of "all": never a foreign one. */
static const struct {
	const char *text, *rows;
	size_t repeated, notes;
} foreign[] = {
	{"acl:arm64\nacl\n", "acl - - -; acl:arm64 - - -", 0, 0},
	{"acl:arm64=1\nacl\n", "acl - - -; acl:arm64 1 - -", 0, 0},
	{"acl:arm64\nacl=1\n", "acl 1 - -; acl:arm64 - - -", 0, 0},
	{"acl:arm64=2\nacl=1\n", "acl 1 - -; acl:arm64 2 - -", 0, 0},
	{"acl:arm64\nacl\nacl:amd64\n", "acl:amd64 - - -; acl:arm64 - - -", 1, 0},
	{"acl:all=1\nacl\n", "acl:all 1 - -", 1, 0},
	{"acl:amd64=2\nacl=1\n", "acl 1 - -; acl:amd64 2 - -", 0, 1},
};

START_TEST(test_unsaid_is_no_foreign_one)
{
	char *text;

	read_text_of("amd64", foreign[_i].text);
	text = rows();
	ck_assert_str_eq(text, foreign[_i].rows);
	ck_assert_uint_eq(manifest.repeated, foreign[_i].repeated);
	ck_assert_uint_eq(manifest.notes.count, foreign[_i].notes);
	free(text);
	manifest_release(&manifest);
}
END_TEST

/* Which one is the own is not known: nothing is left out. */
START_TEST(test_no_architecture_is_guessed)
{
	char *text;

	read_text("acl:amd64=1\nacl\nbash\nbash=2\n");
	text = rows();
	ck_assert_str_eq(text, "acl - - -; acl:amd64 1 - -; bash 2 - -");
	ck_assert_uint_eq(manifest.repeated, 1);
	free(text);
	manifest_release(&manifest);
}
END_TEST

START_TEST(test_conflict_is_told)
{
	read_text("a 2\nb 1\na 10\n");
	ck_assert_uint_eq(manifest.notes.count, 1);
	ck_assert_str_eq(manifest.notes.items[0], "a has two versions: 2 in line 1, 10 in line 3");
	ck_assert_uint_eq(manifest.count, 3);
	ck_assert_uint_eq(manifest.items[1].line, 3);
	manifest_release(&manifest);
}
END_TEST

/* One line without an end, and one package again and again, are not read for ever. */
START_TEST(test_bounds)
{
	struct buffer text = {0};

	for (size_t i = 0; i < (5 << 20); i++)
		buffer_add_char(&text, 'a');
	ck_assert_int_eq(
		manifest_parse("list", text.data, text.len, &manifest, &err), STATUS_LIMIT);
	manifest_release(&manifest);
	buffer_clear(&text);
	for (size_t i = 0; i < 101; i++)
		buffer_add_format(&text, "a %zu\n", i);
	ck_assert_int_eq(
		manifest_parse("list", text.data, text.len, &manifest, &err), STATUS_LIMIT);
	manifest_release(&manifest);
	buffer_release(&text);
}
END_TEST

START_TEST(test_file_in_pieces)
{
	char path[] = "/tmp/manifest-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	ck_assert_ptr_nonnull(file);
	for (int i = 0; i < 20000; i++)
		fprintf(file, "source|1.0-%d|package-%05d|1.0-%d\n", i, i, i);
	fclose(file);
	ck_assert_msg(manifest_read(path, &manifest, &err) == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(manifest.count, 20000);
	for (size_t i = 0; i < manifest.count; i++) {
		char *name = xasprintf("package-%05zu", i);

		ck_assert_str_eq(manifest.items[i].name, name);
		ck_assert_uint_eq(manifest.items[i].line, i + 1);
		free(name);
	}
	manifest_release(&manifest);
	remove(path);
	ck_assert_int_eq(manifest_read(path, &manifest, &err), STATUS_NOT_FOUND);
	manifest_release(&manifest);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("manifest");
	TCase *tests = tcase_create("manifest");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, test_forms, 0, (int)(sizeof(good) / sizeof(good[0])));
	tcase_add_loop_test(tests, test_refused, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tests, test_nul_is_refused);
	tcase_add_loop_test(tests, test_unsaid_is_no_foreign_one, 0,
		(int)(sizeof(foreign) / sizeof(foreign[0])));
	tcase_add_test(tests, test_no_architecture_is_guessed);
	tcase_add_test(tests, test_conflict_is_told);
	tcase_add_test(tests, test_bounds);
	tcase_add_test(tests, test_file_in_pieces);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
