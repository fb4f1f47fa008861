/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/path.h"
#include "base/tempfile.h"
#include "verifier/evidence/read.h"
#include "verifier/verify_judge.h"

static struct evidence *evidence;
static char run[RUN_ID_SIZE];
static char *directory;
static struct file_set published, rebuilt;
static struct error err;
static char said[1024]; /* on stderr by the last reading */

static void set_up(void)
{
	struct run_start start = {.kind = "compare", .release = "p", .target = "r"};
	bool continued;

	published = rebuilt = (struct file_set)FILE_SET_INIT;
	ck_assert_int_eq(tempfile_directory(&directory, &err), STATUS_OK);
	ck_assert_int_eq(chdir(directory), 0);
	ck_assert_int_eq(path_make_directories("published", 0755, &err), STATUS_OK);
	ck_assert_int_eq(path_make_directories("rebuilt", 0755, &err), STATUS_OK);
	ck_assert_int_eq(evidence_open(NULL, &evidence, &err), STATUS_OK);
	ck_assert_int_eq(evidence_run_begin(evidence, &start, run, &continued, &err), STATUS_OK);
}

static void tear_down(void)
{
	evidence_free(evidence);
	file_set_release(&published);
	file_set_release(&rebuilt);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(path_remove_tree(directory, &err), STATUS_OK);
	free(directory);
}

static void write_data(const char *path, const char *data, size_t len)
{
	ck_assert_int_eq(tempfile_write_all(path, data, len, 0644, &err), STATUS_OK);
}

/* The same name on both sides; NULL writes none. */
static void write_lists(const char *name, const char *one, const char *two)
{
	char *published_path = path_join("published", name),
	     *rebuilt_path = path_join("rebuilt", name);

	if (one)
		write_data(published_path, one, strlen(one));
	if (two)
		write_data(rebuilt_path, two, strlen(two));
	free(published_path);
	free(rebuilt_path);
}

static enum status read_lists(const char *status_name, const char *manifest_name)
{
	file_set_release(&published);
	file_set_release(&rebuilt);
	ck_assert_int_eq(file_set_list(&published, "published", &err), STATUS_OK);
	ck_assert_int_eq(file_set_list(&rebuilt, "rebuilt", &err), STATUS_OK);
	fflush(stderr);
	int kept = dup(2), fd = open("said", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t got;

	dup2(fd, 2);
	enum status status = verify_packages(
		evidence, run, &published, &rebuilt, status_name, manifest_name, &err);
	dup2(kept, 2);
	close(kept);
	got = pread(fd, said, sizeof(said) - 1, 0);
	close(fd);
	ck_assert_int_ge(got, 0);
	said[got] = 0;
	return status;
}

static enum status add_change(
	void *context, const struct package_change *change, struct error *error)
{
	(void)error;
	buffer_add_format(context, "%s %s:%s %s %s\n", change->change, change->name,
		change->architecture, change->published ? change->published : "-",
		change->rebuilt ? change->rebuilt : "-");
	return STATUS_OK;
}

/* What was recorded: "ARTIFACT COUNT" or "nothing", and the changes, one line each. */
static void expect(const char *expected)
{
	struct buffer text = {0};
	uint64_t packages = 0;
	char *artifact;

	ck_assert_int_eq(
		evidence_read_package_source(evidence, run, &artifact, &packages, &err), STATUS_OK);
	if (artifact)
		buffer_add_format(&text, "%s %llu\n", artifact, (unsigned long long)packages);
	else
		buffer_add_text(&text, "nothing\n");
	free(artifact);
	ck_assert_int_eq(
		evidence_each_package_change(evidence, run, add_change, &text, &err), STATUS_OK);
	ck_assert_str_eq(buffer_text(&text), expected);
	buffer_release(&text);
}

static void compare_lists(const char *name, const char *one, const char *two, const char *expected)
{
	write_lists(name, one, two);
	ck_assert_msg(read_lists(NULL, NULL) == STATUS_OK, "%s", err.text);
	expect(expected);
}

/* It is said, and nothing is recorded. */
static void expect_said(const char *text)
{
	ck_assert_int_eq(read_lists(NULL, NULL), STATUS_OK);
	ck_assert_msg(strstr(said, text) != NULL, "\"%s\" is not in: %s", text, said);
	expect("nothing\n");
}

static void expect_malformed(const char *name, const char *data, size_t len, const char *text)
{
	const char *good = strstr(name, "manifest") ? "s|1|a|1\n"
						    : "Package: a\nStatus: install ok installed\n"
						      "Architecture: all\nVersion: 1\n";
	char *path = path_join("published", name);

	write_lists(name, NULL, good);
	write_data(path, data, len);
	expect_said(text);
	free(path);
	/* The rebuilt side is read as strictly. */
	path = path_join("rebuilt", name);
	write_lists(name, good, NULL);
	write_data(path, data, len);
	expect_said(strchr(text, ' '));
	expect_said("rebuilt ");
	free(path);
}

#define MALFORMED(name, data, text) expect_malformed(name, data, sizeof(data) - 1, text)

#define STANZA(name, state, architecture, version)                                                 \
	"Package: " name "\nStatus: " state "\nPriority: optional\nArchitecture: " architecture    \
	"\nVersion: " version "\nDescription: some text\n more: text\n .\n Version: 0\n"
#define INSTALLED(name, version) STANZA(name, "install ok installed", "amd64", version)

START_TEST(equal_lists_give_a_source_and_no_change)
{
	const char *list = INSTALLED("a", "1") "\n" INSTALLED("b", "2");

	compare_lists("x.dpkg_status", list, list, "x.dpkg_status 2\n");
}
END_TEST

START_TEST(changes_of_a_dpkg_status)
{
	compare_lists("x.dpkg_status",
		INSTALLED("gone", "1:2-3") "\n" INSTALLED("kept", "1") "\n" INSTALLED(
			"raised", "1"),
		INSTALLED("raised", "2") "\n" INSTALLED("new", "5") "\n" INSTALLED("kept", "1"),
		"x.dpkg_status 3\n"
		"added new:amd64 - 5\n"
		"changed raised:amd64 1 2\n"
		"removed gone:amd64 1:2-3 -\n");
}
END_TEST

/* A package that is held, or about to go, is in the image; one that is not unpacked whole is not.
 */
START_TEST(only_what_is_installed_counts)
{
	compare_lists("x.dpkg_status",
		INSTALLED("a", "1") "\n" STANZA("half", "install reinstreq half-installed", "all",
			"1") "\n" STANZA("config", "deinstall ok config-files", "all",
			"1") "\n" STANZA("none", "purge ok not-installed", "all",
			"1") "\n" STANZA("held", "hold ok installed", "all",
			"1") "\n" STANZA("going", "deinstall ok installed", "all", "1"),
		INSTALLED("a", "1") "\n" STANZA("half", "install ok installed", "all", "1"),
		"x.dpkg_status 3\n"
		"added half:all - 1\n"
		"removed going:all 1 -\n"
		"removed held:all 1 -\n");
}
END_TEST

START_TEST(a_package_of_two_architectures_is_two)
{
	compare_lists("x.dpkg_status",
		STANZA("libc6", "install ok installed", "amd64", "1") "\n" STANZA(
			"libc6", "install ok installed", "i386", "1"),
		STANZA("libc6", "install ok installed", "amd64", "1") "\n" STANZA(
			"libc6", "install ok installed", "i386", "2"),
		"x.dpkg_status 2\nchanged libc6:i386 1 2\n");
	compare_lists("x.dpkg_status", STANZA("libc6", "install ok installed", "amd64", "1"),
		STANZA("libc6", "install ok installed", "arm64", "1"),
		"x.dpkg_status 1\nadded libc6:arm64 - 1\nchanged libc6:i386 1 2\n"
		"removed libc6:amd64 1 -\n");
}
END_TEST

START_TEST(changes_of_a_manifest)
{
	compare_lists("x.manifest",
		"bash|5.2-1|bash:amd64|5.2-1+b1\n"
		"zlib|1|zlib1g:amd64|1\n"
		"zlib|1|zlib1g:i386|1\n"
		"doc|1|doc|1\n",
		"bash|5.2-1|bash:amd64|5.2-1+b2\n"
		"doc|1|doc|1\n"
		"new|1|new:all|1\n"
		"zlib|2|zlib1g:amd64|1",
		"x.manifest 4\n"
		"added new:all - 1\n"
		"changed bash:amd64 5.2-1+b1 5.2-1+b2\n"
		"removed zlib1g:i386 1 -\n");
}
END_TEST

START_TEST(the_order_of_a_list_is_no_change)
{
	compare_lists("x.manifest", "b|1|b|1\nlinux|1|linux|1\na|1|a|1\nlinux|2|linux|2\n",
		"linux|2|linux|2\na|1|a|1\nlinux|1|linux|1\nb|1|b|1\n", "x.manifest 4\n");
}
END_TEST

START_TEST(one_of_several_versions_is_not_the_same_as_both)
{
	compare_lists("x.manifest", "l|1|linux|1\nl|2|linux|2\n", "l|1|linux|1\n",
		"x.manifest 2\nremoved linux: 2 -\n");
}
END_TEST

START_TEST(versions_that_both_sides_have_are_no_change)
{
	compare_lists("x.manifest", "l|1|linux|1\nl|2|linux|2\n", "l|2|linux|2\nl|3|linux|3\n",
		"x.manifest 2\nadded linux: - 3\nremoved linux: 1 -\n");
}
END_TEST

START_TEST(malformed_manifests_are_refused)
{
	MALFORMED("x.manifest", "a|1|a|1\nb|2|b\n", "published x.manifest:2: this is no package; ");
	MALFORMED("x.manifest", "a|1|a|1|1\n", "published x.manifest:1: this is no package; ");
	MALFORMED("x.manifest", "a|1\n|a|1\n", "published x.manifest:1: this is no package; ");
	MALFORMED("x.manifest", "", "published x.manifest lists no package");
	MALFORMED("x.manifest", "a|1|a|1\nb\n", "published x.manifest:2: b has no version");
}
END_TEST

START_TEST(malformed_dpkg_statuses_are_refused)
{
	MALFORMED("x.dpkg_status", "", "published x.dpkg_status lists no package");
	MALFORMED("x.dpkg_status", STANZA("a", "deinstall ok config-files", "all", "1"),
		"published x.dpkg_status lists no package");
	MALFORMED("x.dpkg_status", STANZA("a", "install ok unpacked", "all", "1"),
		"published x.dpkg_status lists no package that is installed");
	write_lists("x.dpkg_status", INSTALLED("a", "1"), "Package a\n");
	expect_said("rebuilt x.dpkg_status:1: ");
	write_lists("x.dpkg_status", INSTALLED("a", "1") "Version: 2\n", INSTALLED("a", "1"));
	expect_said("published x.dpkg_status:1: ");
	write_data("published/x.dpkg_status", "Package: a\0b\n", 13);
	expect_said("published x.dpkg_status:1: it holds a NUL byte");
	expect("nothing\n");
}
END_TEST

START_TEST(a_list_that_one_side_lacks_is_not_read)
{
	write_lists("x.dpkg_status", INSTALLED("a", "1"), NULL);
	write_lists("x.manifest", NULL, "a|1|a|1\n");
	ck_assert_int_eq(read_lists(NULL, NULL), STATUS_OK);
	expect("nothing\n");
	ck_assert_int_eq(read_lists("x.dpkg_status", NULL), STATUS_OK);
	ck_assert_int_eq(read_lists(NULL, "x.manifest"), STATUS_OK);
	expect("nothing\n");
}
END_TEST

START_TEST(the_dpkg_status_is_preferred)
{
	write_lists("x.manifest", "m|1|m|1\n", "m|1|m|2\n");
	write_lists("x.dpkg_status", INSTALLED("s", "1"), INSTALLED("s", "1"));
	ck_assert_int_eq(read_lists(NULL, NULL), STATUS_OK);
	expect("x.dpkg_status 1\n");
}
END_TEST

START_TEST(the_manifest_is_read_when_it_is_named)
{
	write_lists("x.manifest", "m|1|m|1\n", "m|1|m|2\n");
	write_lists("x.dpkg_status", INSTALLED("s", "1"), INSTALLED("s", "1"));
	ck_assert_int_eq(read_lists(NULL, "x.manifest"), STATUS_OK);
	expect("x.manifest 1\nchanged m: 1 2\n");
}
END_TEST

START_TEST(a_list_may_have_any_name_when_it_is_named)
{
	write_lists("packages", INSTALLED("s", "1"), INSTALLED("s", "2"));
	ck_assert_int_eq(read_lists(NULL, NULL), STATUS_OK);
	expect("nothing\n");
	ck_assert_int_eq(read_lists("packages", NULL), STATUS_OK);
	expect("packages 1\nchanged s:amd64 1 2\n");
}
END_TEST

START_TEST(a_link_in_place_of_a_list_is_not_followed)
{
	write_lists("real", INSTALLED("s", "1"), INSTALLED("s", "1"));
	write_lists("x.dpkg_status", INSTALLED("s", "1"), NULL);
	ck_assert_int_eq(symlink("real", "rebuilt/x.dpkg_status"), 0);
	expect_said("rebuilt x.dpkg_status: is a symbolic link; only regular files are artifacts");
	expect("nothing\n");
}
END_TEST

START_TEST(a_list_of_which_only_the_hash_is_known_is_not_read)
{
	write_lists("x.dpkg_status", INSTALLED("s", "1"), INSTALLED("s", "1"));
	ck_assert_int_eq(file_set_list(&rebuilt, "rebuilt", &err), STATUS_OK);
	file_set_add(&published, "x.dpkg_status", FILE_HASH_ONLY);
	ck_assert_int_eq(
		verify_packages(evidence, run, &published, &rebuilt, NULL, NULL, &err), STATUS_OK);
	ck_assert_int_eq(
		verify_packages(evidence, run, &published, &rebuilt, "x.dpkg_status", NULL, &err),
		STATUS_OK);
	expect("nothing\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("packages");
	TCase *tcase = tcase_create("packages");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, equal_lists_give_a_source_and_no_change);
	tcase_add_test(tcase, changes_of_a_dpkg_status);
	tcase_add_test(tcase, only_what_is_installed_counts);
	tcase_add_test(tcase, a_package_of_two_architectures_is_two);
	tcase_add_test(tcase, changes_of_a_manifest);
	tcase_add_test(tcase, the_order_of_a_list_is_no_change);
	tcase_add_test(tcase, one_of_several_versions_is_not_the_same_as_both);
	tcase_add_test(tcase, versions_that_both_sides_have_are_no_change);
	tcase_add_test(tcase, malformed_manifests_are_refused);
	tcase_add_test(tcase, malformed_dpkg_statuses_are_refused);
	tcase_add_test(tcase, a_list_that_one_side_lacks_is_not_read);
	tcase_add_test(tcase, the_dpkg_status_is_preferred);
	tcase_add_test(tcase, the_manifest_is_read_when_it_is_named);
	tcase_add_test(tcase, a_list_may_have_any_name_when_it_is_named);
	tcase_add_test(tcase, a_link_in_place_of_a_list_is_not_followed);
	tcase_add_test(tcase, a_list_of_which_only_the_hash_is_known_is_not_read);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
