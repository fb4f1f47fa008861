/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/descriptor.h"

START_TEST(published_is_one_place)
{
	struct release release;

	refused("published", "published: published\n",
		"r.yaml:3:12: this must be a map, and is a text");
	refused("published", "published: {}\n",
		"r.yaml:3:12: one of \"directory\", \"url\" and \"sha256sums\" is missing here");
	refused("published", "published: {direktory: x}\n",
		"r.yaml:3:13: unknown key \"direktory\"; did you mean \"directory\"?");
	refused("published", "published: {directory: absent}\n",
		"r.yaml:3:24: ./absent: No such file or directory");
	refused("published", "published: {directory: SHA256SUMS}\n",
		"r.yaml:3:24: /SHA256SUMS is not a directory");
	refused("published", "published: {directory: published, url: http://H/x, files: [a]}\n",
		"r.yaml:3:40: give \"directory\" or \"url\", not both");
	refused("published", "published: {directory: published, files: [a]}\n",
		"r.yaml:3:42: \"files\" goes with \"url\" only");
	refused("published", "published: {url: http://H/x}\n",
		"r.yaml:3:18: \"files\" or \"sha256sums\" is missing: what is at a URL cannot be "
		"listed");
	refused("published", "published: {url: http://H/x, files: [a], sha256sums: SHA256SUMS}\n",
		"r.yaml:3:37: give \"files\" or \"sha256sums\", not both: the hash list names the "
		"files");
	taken("published", "published: {url: https://H/x//, files: [a, b/c]}\n", &release);
	ck_assert_str_eq(release.published.url, "https://H/x");
	ck_assert_uint_eq(release.published.files.count, 2);
	release_release(&release);
	taken("published", "published: {url: 'file:///srv/x', sha256sums: SHA256SUMS}\n", &release);
	ck_assert_uint_eq(release.published.hash_count, 2);
	release_release(&release);
	taken("published", "published: {sha256sums: SHA256SUMS}\n", &release);
	release_release(&release);
	taken("published", "published: {sha256sums: 'https://H/SHA256SUMS?x=1'}\n", &release);
	ck_assert_str_eq(release.published.sha256sums, "https://H/SHA256SUMS?x=1");
	ck_assert_uint_eq(release.published.hash_count, 0);
	release_release(&release);
}
END_TEST

START_TEST(urls_and_names_below_them)
{
	static const char *const urls[] = {"h/x", "ftp://h/x", "http://", "http:///x", "https:/h/x",
		"'http://H/a b'", "http://H/x?y", "'http://H/x#y'", "javascript://h/x",
		"file://h/x", "'HTTP//x'"};
	static const char *const names[] = {
		"/etc/passwd", "../x", "a/../b", "./a", "a//b", "a/", "."};

	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		struct release release;
		struct error err;
		char *text = xasprintf("published: {url: %s, files: [a]}\n", urls[i]);

		write_descriptor("published", text);
		ck_assert_msg(release_read("r.yaml", &release, &err) == STATUS_USAGE, "%s", text);
		ck_assert_msg(strncmp(err.text, "r.yaml:3:18: ", 13) == 0, "%s", err.text);
		ck_assert_msg(strstr(err.text, "is no base URL") != NULL, "%s", err.text);
		release_release(&release);
		free(text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *text = xasprintf("published: {url: http://H, files: [x, '%s']}\n", names[i]);
		char *expected = xasprintf(
			"r.yaml:3:39: \"%s\" is no name of a file below the URL", names[i]);

		refused("published", text, expected);
		free(text);
		free(expected);
	}
	refused("published", "published: {url: http://H, files: [x, x]}\n",
		"r.yaml:3:39: \"x\" stands here twice");
	refused("published", "published: {url: http://H, files: []}\n",
		"r.yaml:3:35: this list must not be empty");
	refused("published", "published: {sha256sums: ftp://h/x}\n",
		"r.yaml:3:25: \"ftp://h/x\" is no URL that can be read");
	refused("published", "published: {sha256sums: absent}\n",
		"r.yaml:3:25: ./absent: No such file or directory");
	refused("published", "published: {sha256sums: published}\n",
		"r.yaml:3:25: /published is not a regular file");
}
END_TEST

struct hash_refusal {
	const char *text;
	size_t len;
	const char *expected;
};

#define HASHES(text, expected)                                                                     \
	{                                                                                          \
		text, sizeof(text) - 1, expected                                                   \
	}

START_TEST(hash_lists_are_strict)
{
	static const char no_line[] =
		": this is no line of sha256sum: 64 hex digits, two blanks, a name";
	static const char bad_name[] = "is absolute, leads upward or holds control characters";
	static const struct hash_refusal refusals[] = {
		HASHES("d41d8cd98f00b204e9800998ecf8427e  md5\n", no_line),
		HASHES("da39a3ee5e6b4b0d3255bfef95601890afd80709  sha1\n", no_line),
		HASHES(ABC_HEX ABC_HEX "  sha512\n", no_line),
		HASHES("SHA256 (a) = " ABC_HEX "\n", no_line),
		HASHES("\\" ABC_HEX "  a\\nb\n", no_line),
		HASHES(ABC_HEX "  \n", no_line),
		HASHES(ABC_HEX "\n", no_line),
		HASHES(ABC_HEX " a\n", no_line),
		HASHES(ABC_HEX "\ta\n", no_line),
		HASHES(" " ABC_HEX "  a\n", no_line),
		HASHES("\n", no_line),
		HASHES("# comment\n", no_line),
		HASHES("-----BEGIN PGP SIGNED MESSAGE-----\n", no_line),
		HASHES(ABC_HEX "  a\n\n", "list:2: this is no line"),
		HASHES(ABC_HEX "  /etc/passwd\n", bad_name),
		HASHES(ABC_HEX "  ../x\n", bad_name),
		HASHES(ABC_HEX "  a/../../x\n", bad_name),
		HASHES(ABC_HEX "  ./../x\n", bad_name),
		HASHES(ABC_HEX "  a//b\n", bad_name),
		HASHES(ABC_HEX "  a\r\n", bad_name),
		HASHES(ABC_HEX "  a\033[2J\n", bad_name),
		HASHES(ABC_HEX "  a\0b\n", bad_name),
		HASHES(ABC_HEX "  ..\n", bad_name),
		HASHES(ABC_HEX "  a\n" ABC_HEX "  b\n" ABC_HEX "  a\n",
			"list: the name \"a\" stands there twice"),
		HASHES(ABC_HEX "  a\n" ABC_HEX "  ./a\n",
			"list: the name \"a\" stands there twice"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct release release = {0};
		struct error err = {0};
		char *copy = malloc(refusals[i].len);

		memcpy(copy, refusals[i].text, refusals[i].len);
		ck_assert_msg(release_read_hashes(&release.published, "list", copy, refusals[i].len,
				      &err) == STATUS_FORMAT,
			"taken: %s", refusals[i].text);
		ck_assert_msg(strstr(err.text, refusals[i].expected) != NULL &&
				strncmp(err.text, "list:", 5) == 0,
			"%s", err.text);
		release_release(&release);
		free(copy);
	}
	make_file("SHA256SUMS", ABC_HEX "  a\n" ABC_HEX "  ../b\n", 0644);
	refused("published", "published: {sha256sums: SHA256SUMS}\n",
		"r.yaml:3:25: SHA256SUMS:2: the name \"../b\" is absolute, leads upward or holds "
		"control characters");
}
END_TEST

START_TEST(hash_lists_are_read)
{
	struct release release = {0};
	struct error err;
	char hex[SHA256_HEX_SIZE];
	/* As it is without a newline at the end, and with names that only look odd. */
	static const char text[] =
		ABC_HEX "  z\n" ABC_HEX " *a b\n" ABC_HEX "  \xff\n" ABC_HEX "  ...";

	ck_assert_int_eq(
		release_read_hashes(&release.published, "list", text, sizeof(text) - 1, &err),
		STATUS_OK);
	ck_assert_uint_eq(release.published.hash_count, 4);
	ck_assert_str_eq(release.published.hashes[0].name, "...");
	ck_assert_str_eq(release.published.hashes[1].name, "a b");
	ck_assert_str_eq(release.published.hashes[2].name, "z");
	ck_assert_str_eq(release.published.hashes[3].name, "\xff");
	digest_hex(&release.published.hashes[2].digest, hex);
	ck_assert_str_eq(hex, ABC_HEX);
	release_release(&release);
	ck_assert_int_eq(release_read_hashes(&release.published, "list", "", 0, &err), STATUS_OK);
	ck_assert_uint_eq(release.published.hash_count, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("release_published");
	TCase *test = tcase_create("release_published");

	tcase_set_timeout(test, 60);
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, published_is_one_place);
	tcase_add_test(test, urls_and_names_below_them);
	tcase_add_test(test, hash_lists_are_strict);
	tcase_add_test(test, hash_lists_are_read);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
