/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/build_fixture.h"

#include "verifier/rebuild/tool_root.h"
#include "verifier/rebuild/tree.h"

static struct build build;
static struct text_list excluded;
static struct tree_options options;
static char *copy;

static void setup(void)
{
	build_init(&build);
	excluded = (struct text_list){0};
	options = (struct tree_options){.excluded = &excluded, .mtime = 1700000000};
	copy = path_join(build.top, "copy");
}

static void teardown(void)
{
	build_release(&build);
	text_list_release(&excluded);
	free(copy);
}

static void shell(const char *script)
{
	char *command = xasprintf("cd '%s' && %s", build.source, script);
	const struct process_spec spec = {.argv = (const char *const[]){"sh", "-c", command, NULL},
		.stdin_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = -1,
		.pass_fd = -1};
	struct process_result result;
	struct error err;

	ck_assert(process_capture(&spec, 0, NULL, NULL, &result, &err) == STATUS_OK);
	ck_assert_int_eq(result.exit_code, 0);
	free(command);
}

static struct digest digest_now(void)
{
	struct digest digest;
	struct error err;

	ck_assert_msg(tree_digest(build.source, &digest, &err) == STATUS_OK, "%s", err.text);
	return digest;
}

static void make_tree(void)
{
	shell("mkdir -p conf/sub empty && printf abc >conf/list && printf '#!/bin/sh\\n' >build.sh "
	      "&& chmod +x build.sh && ln -s conf/list link && ln -s ../outside away && "
	      ": >conf/sub/nothing");
}

/* The digest's form is a record others may check: the expected value is made by shell tools. */
START_TEST(the_digest_is_as_documented)
{
	struct digest digest, expected;
	char *text;
	struct error err;
	size_t len;

	make_tree();
	digest = digest_now();
	shell("h() { sha256sum <$1 | cut -c1-64 | tr -d '\\n'; }; { printf 'reproof-tree-1\\n'; "
	      "printf 'l away\\0../outside\\0'; printf 'x '; h build.sh; printf ' build.sh\\0'; "
	      "printf 'd conf\\0'; printf 'f '; h conf/list; printf ' conf/list\\0'; "
	      "printf 'd conf/sub\\0'; printf 'f '; h conf/sub/nothing; "
	      "printf ' conf/sub/nothing\\0'; printf 'd empty\\0'; "
	      "printf 'l link\\0conf/list\\0'; } | sha256sum >../digest");
	free(copy);
	copy = path_join(build.top, "digest");
	ck_assert(path_read_file(copy, 1000, &text, &len, &err) == STATUS_OK);
	ck_assert(digest_parse(text, 64, &expected));
	ck_assert(digest_equal(&digest, &expected));
	free(text);
}
END_TEST

START_TEST(the_copy_is_what_was_hashed)
{
	struct digest digest, again;
	struct stat info;
	struct error err;
	char *path;

	make_tree();
	shell("chmod 0600 conf/list && chmod 0700 conf && touch -d 2001-01-01 conf build.sh");
	ck_assert_msg(tree_copy(build.source, copy, &options, &digest, &err) == STATUS_OK, "%s",
		err.text);
	ck_assert(tree_digest(copy, &again, &err) == STATUS_OK);
	ck_assert(digest_equal(&digest, &again));
	again = digest_now();
	ck_assert(digest_equal(&digest, &again));
	path = path_join(copy, "conf/list");
	ck_assert(stat(path, &info) == 0);
	ck_assert_uint_eq(info.st_mode & 07777, 0644);
	ck_assert_int_eq(info.st_mtime, 1700000000);
	free(path);
	ck_assert(stat(copy, &info) == 0);
	ck_assert_int_eq(info.st_mtime, 1700000000);
	ck_assert_int_ne(tree_copy(build.source, copy, &options, &digest, &err), STATUS_OK);
}
END_TEST

static const struct {
	const char *change;
	bool differs;
} changes[] = {
	{"printf abd >conf/list", true},
	{"printf ab >conf/list", true},
	{"chmod +x conf/list", true},
	{"mv conf/list conf/lisu", true},
	{"mv conf/list list", true},
	{"ln -sfn conf/lisu link", true},
	{"rm link && printf conf/list >link", true},
	{"rm conf/sub/nothing", true},
	{"rmdir empty", true},
	{"mkdir more", true},
	{"rmdir empty && : >empty", true},
	{"touch -d 2001-01-01 conf/list && chmod 0640 conf/list", false},
};

START_TEST(every_change_that_a_build_can_see_changes_it)
{
	struct digest before, after;

	make_tree();
	before = digest_now();
	shell(changes[_i].change);
	after = digest_now();
	ck_assert_msg(
		digest_equal(&before, &after) == !changes[_i].differs, "%s", changes[_i].change);
}
END_TEST

START_TEST(what_is_excluded_is_in_neither)
{
	static const char *const hidden[] = {"published", "reproof.db"};
	struct digest without, with;
	struct error err;

	make_tree();
	without = digest_now();
	shell("mkdir published && printf secret >published/rootfs && printf x >reproof.db");
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
		char *path = path_join(build.source, hidden[i]);

		text_list_add(&excluded, path);
		free(path);
	}
	ck_assert(tree_copy(build.source, copy, &options, &with, &err) == STATUS_OK);
	ck_assert(digest_equal(&without, &with));
	ck_assert(tree_digest(copy, &with, &err) == STATUS_OK);
	ck_assert(digest_equal(&without, &with));
}
END_TEST

/* Of a repository's own files none is in the digest, and each is in the copy, and told of. */
static void apart_seen(void *context, const char *path, const struct digest *digest, uint64_t size)
{
	(void)digest;
	*(unsigned *)context += strstr(path, ".git/") != NULL && size == 1;
}

START_TEST(what_is_apart_is_copied_and_in_no_digest)
{
	char *deep = path_join(copy, "conf/.git/refs/main");
	struct digest without, with, other;
	struct error err;
	unsigned seen = 0;

	make_tree();
	without = digest_now();
	shell("mkdir -p .git conf/.git/refs && printf 1 >.git/HEAD && printf 2 "
	      ">conf/.git/refs/main");
	options.apart = ".git";
	options.taken = apart_seen;
	options.context = &seen;
	ck_assert(tree_copy(build.source, copy, &options, &with, &err) == STATUS_OK);
	ck_assert(digest_equal(&without, &with));
	ck_assert_uint_eq(seen, 2);
	ck_assert(access(deep, R_OK) == 0);
	/* Only that name. */
	shell("printf 3 >conf/.gitignore && mkdir x.git && printf 4 >x.git/a");
	ck_assert(tree_check(build.source, &options, &other, &err) == STATUS_OK);
	ck_assert(!digest_equal(&other, &with));
	with = other;
	shell("printf 5 >x.git/a");
	ck_assert(tree_check(build.source, &options, &other, &err) == STATUS_OK);
	ck_assert(!digest_equal(&other, &with));
	free(deep);
}
END_TEST

/* The source tree holds the release that is to be rebuilt (trust T1, T3). */
START_TEST(a_published_content_in_the_source_is_refused)
{
	struct digest published, digest;
	struct error err;

	make_tree();
	shell("printf 'the published bytes' >conf/sub/innocent.bin");
	hash_memory("the published bytes", 19, &published);
	options.forbidden = &published;
	options.forbidden_count = 1;
	ck_assert_int_eq(tree_copy(build.source, copy, &options, &digest, &err), STATUS_BUILD);
	ck_assert_ptr_nonnull(strstr(err.text, "conf/sub/innocent.bin"));
}
END_TEST

START_TEST(other_kinds_of_files_are_refused)
{
	struct digest digest;
	struct error err;

	make_tree();
	shell("mkfifo conf/pipe");
	ck_assert_int_eq(tree_copy(build.source, copy, &options, &digest, &err), STATUS_FORMAT);
	ck_assert_ptr_nonnull(strstr(err.text, "conf/pipe"));
	shell("rm conf/pipe && for i in $(seq 70); do mkdir d && cd d; done");
	ck_assert_int_eq(tree_digest(build.source, &digest, &err), STATUS_LIMIT);
}
END_TEST

START_TEST(the_tool_root_lists_what_is_installed)
{
	struct tool_root root = {0};
	struct digest digest;
	struct error err;
	char *path = path_join(build.top, "status");

	build_write(path,
		"Package: zlib1g\nStatus: install ok installed\nArchitecture: i386\nVersion: "
		"1:2\n\n"
		"Package: gone\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: "
		"1\n\n"
		"Package: broken\nStatus: install reinstreq half-installed\nVersion: 1\n"
		"Architecture: all\n\n"
		"Package: zlib1g\nStatus: hold ok installed\nVersion: 1:2~a\nArchitecture: amd64\n"
		"Conffiles:\n /etc/x abc\n /etc/y def\nDescription: two\n lines\n\n"
		"Package: apt\nStatus: install ok installed\nVersion: 3\nArchitecture: amd64\n",
		0644);
	ck_assert_msg(tool_root_read(path, &root, &err) == STATUS_OK, "%s", err.text);
	ck_assert(hash_file(path, &digest, NULL, &err) == STATUS_OK);
	ck_assert(digest_equal(&digest, &root.status));
	ck_assert_uint_eq(root.count, 3);
	ck_assert_str_eq(root.packages[0].name, "apt");
	ck_assert_str_eq(root.packages[1].architecture, "amd64");
	ck_assert_str_eq(root.packages[1].version, "1:2~a");
	ck_assert_str_eq(root.packages[2].architecture, "i386");
	tool_root_release(&root);
	build_write(path, "Package: x\nStatus: install ok installed\nVersion: 1\n", 0644);
	ck_assert_int_eq(tool_root_read(path, &root, &err), STATUS_FORMAT);
	tool_root_release(&root);
	free(path);
}
END_TEST

/* This machine's, against dpkg itself. */
START_TEST(the_tool_root_agrees_with_dpkg)
{
	const struct process_spec spec = {
		.argv = (const char *const[]){"dpkg-query", "-W", "-f",
			"${db:Status-Status} ${Package} ${Version} ${Architecture}\n", NULL},
		.stdin_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = -1,
		.pass_fd = -1};
	struct process_result result;
	struct tool_root root = {0};
	struct buffer out = {0};
	size_t installed = 0;
	struct error err;

	ck_assert(process_capture(&spec, 1 << 24, &out, NULL, &result, &err) == STATUS_OK);
	ck_assert(tool_root_read(TOOL_ROOT_STATUS, &root, &err) == STATUS_OK);
	for (const char *at = out.data; (at = strstr(at, "installed ")); at++)
		installed += at == out.data || at[-1] == '\n';
	ck_assert_uint_gt(root.count, 50);
	ck_assert_uint_eq(root.count, installed);
	for (size_t i = 0; i < root.count; i++) {
		const struct tool_package *package = &root.packages[i];
		char *line = xasprintf("installed %s %s %s\n", package->name, package->version,
			package->architecture);

		ck_assert_msg(strstr(out.data, line), "%s", line);
		free(line);
	}
	buffer_release(&out);
	tool_root_release(&root);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tree and tool root");
	TCase *cases = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, the_digest_is_as_documented);
	tcase_add_test(cases, the_copy_is_what_was_hashed);
	tcase_add_loop_test(
		cases, every_change_that_a_build_can_see_changes_it, 0, (int)ARRAY_SIZE(changes));
	tcase_add_test(cases, what_is_excluded_is_in_neither);
	tcase_add_test(cases, what_is_apart_is_copied_and_in_no_digest);
	tcase_add_test(cases, a_published_content_in_the_source_is_refused);
	tcase_add_test(cases, other_kinds_of_files_are_refused);
	tcase_add_test(cases, the_tool_root_lists_what_is_installed);
	tcase_add_test(cases, the_tool_root_agrees_with_dpkg);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
