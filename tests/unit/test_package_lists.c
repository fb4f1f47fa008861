/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/telling.h"

#define STATUS "x.dpkg_status"

static const char adduser[] = "Package: adduser\n"
			      "Status: install ok installed\n"
			      "Architecture: all\n"
			      "Version: 3.134\n"
			      "Conffiles:\n"
			      " /etc/adduser.conf cc34\n"
			      "Description: add users\n"
			      " and groups\n"
			      "\n";
static const char zlib[] = "Package: zlib1g\n"
			   "Status: install ok installed\n"
			   "Architecture: amd64\n"
			   "Version: 1:1.2.13\n"
			   "\n";

static char *joined(const char *a, const char *b)
{
	struct buffer text = {0};

	buffer_add_format(&text, "%s%s", a, b);
	return buffer_detach(&text);
}

static void expect_lists(const char *name, const char *const published[2],
	const char *const rebuilt[2], const char *expected)
{
	char *a = joined(published[0], published[1]);
	char *b = joined(rebuilt[0], rebuilt[1]);

	expect_texts(name, a, b, expected);
	free(a);
	free(b);
}

START_TEST(dpkg_status_is_read_as_packages)
{
	shell("cp /var/lib/dpkg/status x.dpkg_status; dpkg-query -W -f "
	      "'${Package}:${Architecture} ${Version}\n' | sort >packages");
	open_file(&format_packages, "x.dpkg_status");
	expect_whole();
	shell("grep -c ^Package: x.dpkg_status >count");
	size_t len, lines = 0;
	char *count = file_read("count", &len);

	for (const char *at = buffer_text(&opening.members); *at != '\0'; at++)
		lines += *at == '\n';
	ck_assert_uint_eq(lines, strtoul(count, NULL, 10));
	free(count);
	/* Each package that dpkg knows is there, with its version. */
	char *packages = file_read("packages", &len);
	for (char *line = packages, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		char *version = memchr(line, ' ', (size_t)(end - line));
		struct buffer name = {0};

		*end = *version = '\0';
		buffer_add_format(&name, "%s: package-version", line);
		expect_field(buffer_text(&name), version + 1);
		buffer_release(&name);
	}
	free(packages);
}
END_TEST

START_TEST(every_byte_of_a_list_tells)
{
	char *text = joined(adduser, zlib);

	expect_every_byte_tells(&format_packages, text);
	expect_every_byte_tells(&format_manifest,
		"util-linux|2.38.1-5|util-linux-extra|2.38.1-5\n"
		"zlib|1:1.2.13|zlib1g:amd64|1:1.2.13\n"
		"tar\t1.34\n"
		"bash:amd64\n");
	free(text);
}
END_TEST

START_TEST(another_version_is_one_difference)
{
	static const char newer[] = "Package: adduser\n"
				    "Status: install ok installed\n"
				    "Architecture: all\n"
				    "Version: 3.134.1\n"
				    "Depends: passwd\n"
				    "Description: add users\n"
				    " and groups, well\n"
				    "\n";

	expect_lists(STATUS, (const char *const[]){adduser, zlib},
		(const char *const[]){newer, zlib},
		"metadata " STATUS " layout (layout)\n"
		"metadata " STATUS "//adduser:all package-version package-order"
		" package-field:Conffiles package-field:Depends package-field:Description"
		" (package-version)\n");
	ck_assert_int_eq(comparing.result.unexplained_bytes, 0);
	expect_texts("x.manifest", "a|1|a|1\nb|1|b|1\n", "a|1.1|a|1.1\nb|1|b|1\n",
		"metadata x.manifest layout (layout)\n"
		"metadata x.manifest//a package-version package-source-version (package-version)"
		"\n");
	ck_assert_int_eq(comparing.result.unexplained_bytes, 0);
}
END_TEST

START_TEST(other_fields_of_the_same_version_are_unexplained)
{
	static const char changed[] = "Package: adduser\n"
				      "Status: install ok installed\n"
				      "Architecture: all\n"
				      "Version: 3.134\n"
				      "Conffiles:\n"
				      " /etc/adduser.conf cc35\n"
				      "Description: add users\n"
				      " and groups\n"
				      "\n";

	expect_lists(STATUS, (const char *const[]){adduser, zlib},
		(const char *const[]){changed, zlib},
		"metadata " STATUS "//adduser:all package-field:Conffiles (unexplained)\n");
	ck_assert_int_eq(comparing.result.unexplained_bytes, 1);
	expect_texts("x.manifest", "a|1|a|1\n", "b|1|a|1\n",
		"metadata x.manifest//a package-source (unexplained)\n");
	/* A state is nothing that a version brings with it. */
	expect_texts(STATUS, "Package: a\nStatus: install ok installed\nVersion: 1\n\n",
		"Package: a\nStatus: install ok unpacked!\nVersion: 2\n\n",
		"metadata " STATUS "//a package-version package-status"
		" (package-version) (unexplained)\n");
	ck_assert_int_gt(comparing.result.unexplained_bytes, 0);
}
END_TEST

START_TEST(packages_come_and_go)
{
	expect_lists(STATUS, (const char *const[]){adduser, ""},
		(const char *const[]){adduser, zlib},
		"added " STATUS "//zlib1g:amd64 (package-added)\n");
	expect_lists(STATUS, (const char *const[]){adduser, zlib}, (const char *const[]){zlib, ""},
		"metadata " STATUS " layout (layout)\n"
		"removed " STATUS "//adduser:all (package-removed)\n");
	ck_assert_int_eq(comparing.result.unexplained_bytes, 0);
	expect_texts("x.manifest", "a|1|a|1\n", "a|1|a|1\nb:amd64\n",
		"added x.manifest//b:amd64 (package-added)\n");
}
END_TEST

START_TEST(what_is_no_list_is_an_error)
{
	static const char *const bad_stanzas[] = {
		"Package: a\nVersion: 1\nVersion: 2\n",
		"Version: 1\n",
		"Package: a/b\n",
		"Package: a\nArchitecture: x:y\n",
		"Package: a\nno field\n",
	};
	static const char *const bad_lines[] = {
		"a|1|b\n",
		"a|1|a|1|1\n",
		"a b\n",
		"a\t\n",
		"a|1|a|\n",
		"\n",
		"a|1|a:b:c|1\n",
		"a|1\x01|a|1\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad_stanzas); i++) {
		open_memory(&format_packages, bad_stanzas[i], strlen(bad_stanzas[i]));
		ck_assert_msg(opening.status == STATUS_FORMAT, "%zu", i);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad_lines); i++) {
		open_memory(&format_manifest, bad_lines[i], strlen(bad_lines[i]));
		ck_assert_msg(opening.status == STATUS_FORMAT, "%zu", i);
	}
	/* What was read before stays, and the damage is said. */
	expect_texts(STATUS, "Package: a\nVersion: 1\n\n!\n", "Package: a\nVersion: 2\n\n!\n",
		"content " STATUS " (unexplained) not inspected: published: line 4 is no field;"
		" rebuilt: line 4 is no field\n"
		"metadata " STATUS "//a package-version (package-version)\n");
}
END_TEST

START_TEST(is_known_by_name_and_content)
{
	static const struct {
		const char *path, *text, *format;
	} cases[] = {
		{"var/lib/dpkg/status", "Package: a\n", "packages"},
		{"var/lib/dpkg/status-old", "Package: a\n", "packages"},
		{"var/lib/dpkg/status.d/base", "Package: a\n", "packages"},
		{"image.dpkg_status", "Package: a\n", "packages"},
		{"image.dpkg_status", "Version: 1\n", NULL},
		{"proc/status", "Package: a\n", NULL},
		{"a.manifest", "a|1|a|1\nb", "manifest"},
		{"a.wic.manifest", "a|1|a:amd64|1\nb:amd64\n", "manifest"},
		{"a.manifest", "<?xml?>\n", NULL},
		{"a.manifest", "a", NULL},
		{"a.txt", "a|1|a|1\n", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct candidate candidate = {cases[i].path, (const unsigned char *)cases[i].text,
			strlen(cases[i].text), NULL};
		const struct format *format = format_find(&candidate, true);

		ck_assert_msg((format == NULL) == (cases[i].format == NULL), "case %zu", i);
		if (format != NULL)
			ck_assert_str_eq(format->name, cases[i].format);
		ck_assert_ptr_null(format_find(&candidate, false));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("package lists");
	TCase *tcase = tcase_create("lists");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 240);
	tcase_add_checked_fixture(tcase, comparing_setup, comparing_teardown);
	tcase_add_test(tcase, dpkg_status_is_read_as_packages);
	tcase_add_test(tcase, every_byte_of_a_list_tells);
	tcase_add_test(tcase, another_version_is_one_difference);
	tcase_add_test(tcase, other_fields_of_the_same_version_are_unexplained);
	tcase_add_test(tcase, packages_come_and_go);
	tcase_add_test(tcase, what_is_no_list_is_an_error);
	tcase_add_test(tcase, is_known_by_name_and_content);
	return run_suite(suite);
}
