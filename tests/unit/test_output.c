/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/build_fixture.h"

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/hash.h"

static struct build build;
static char *published;
static struct output output;

static void setup(void)
{
	build_init(&build);
	output = (struct output)OUTPUT_INIT;
	published = path_join(build.top, "published.wic");
	build_write(published, "the published bytes", 0644);
	ck_assert(mkdir(build.output, 0755) == 0);
}

static void teardown(void)
{
	output_release(&output);
	build_release(&build);
	free(published);
}

/* What the shell leaves in the output directory, as a build would. */
static void leave(const char *script)
{
	char *command = xasprintf("cd '%s' && P='%s' && %s", build.output, published, script);
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

static void refused(const char *words)
{
	struct error err;

	ck_assert_int_eq(output_collect(build.output, NULL, &output, &err), STATUS_BUILD);
	ck_assert_msg(strstr(err.text, words), "%s", err.text);
	ck_assert_ptr_nonnull(strstr(err.text, "x.wic"));
}

START_TEST(files_are_listed_in_order_with_their_directories)
{
	struct error err;

	leave("mkdir -p sub/deep empty && echo 1 >b.wic && echo 22 >a.wic && echo 333 >sub/deep/c "
	      "&& echo >sub.x && chmod 0 a.wic");
	ck_assert_int_eq(output_collect(build.output, NULL, &output, &err), STATUS_OK);
	ck_assert_uint_eq(output.count, 4);
	ck_assert_str_eq(output.files[0].name, "a.wic");
	ck_assert_str_eq(output.files[1].name, "b.wic");
	ck_assert_str_eq(output.files[2].name, "sub.x");
	ck_assert_str_eq(output.files[3].name, "sub/deep/c");
	ck_assert_uint_eq(output.files[3].size, 4);
}
END_TEST

START_TEST(an_empty_directory_gives_an_empty_list)
{
	struct error err;

	ck_assert_int_eq(output_collect(build.output, NULL, &output, &err), STATUS_OK);
	ck_assert_uint_eq(output.count, 0);
}
END_TEST

START_TEST(what_is_opened_is_what_was_listed)
{
	struct digest digest, expected;
	struct error err;
	int fd;

	leave("printf abc >x.wic");
	ck_assert_int_eq(output_collect(build.output, NULL, &output, &err), STATUS_OK);
	ck_assert_int_eq(output_open(&output, &output.files[0], &fd, &err), STATUS_OK);
	ck_assert_int_eq(hash_fd(fd, &digest, NULL, &err), STATUS_OK);
	close(fd);
	hash_memory("abc", 3, &expected);
	ck_assert(digest_equal(&digest, &expected));
	leave("mv x.wic y && printf abc >x.wic");
	ck_assert_int_eq(output_open(&output, &output.files[0], &fd, &err), STATUS_BUILD);
	leave("ln -sf $P x.wic");
	ck_assert_int_ne(output_open(&output, &output.files[0], &fd, &err), STATUS_OK);
	ck_assert_int_eq(fd, -1);
}
END_TEST

static const struct {
	const char *script, *words;
} attacks[] = {
	{"ln -s ../published.wic x.wic", "symbolic link"},
	{"ln -s $P x.wic", "symbolic link"},
	{"echo >y && ln -s y x.wic", "symbolic link"},
	{"ln -s absent x.wic", "symbolic link"},
	{"mkdir d && ln -s d x.wic", "symbolic link"},
	{"ln $P x.wic", "2 names"},
	{"echo >y && ln y x.wic && ln y z && rm y && mkdir a && mv z a/", "2 names"},
	{"mkfifo x.wic", "FIFO"},
	{"mkdir d && mkfifo d/x.wic", "FIFO"},
	{"perl -MSocket -e 'socket(S,AF_UNIX,SOCK_STREAM,0); bind(S,pack_sockaddr_un(\"x.wic\"))'",
		"socket"},
	{"touch \"$(printf 'x.wic\\nrootfs.wic: reproduced')\"", "unusable name"},
};

START_TEST(what_is_no_file_of_its_own_is_refused_by_name)
{
	leave(attacks[_i].script);
	if (strcmp(attacks[_i].words, "2 names") == 0) {
		struct error err;

		ck_assert_int_eq(output_collect(build.output, NULL, &output, &err), STATUS_BUILD);
		ck_assert_ptr_nonnull(strstr(err.text, "2 names"));
		return;
	}
	refused(attacks[_i].words);
}
END_TEST

START_TEST(the_published_file_itself_is_refused)
{
	struct text_list list = {0};
	struct error err;

	text_list_add(&list, published);
	leave("mv $P x.wic && ln -s output/x.wic $P");
	ck_assert_int_eq(output_collect(build.output, &list, &output, &err), STATUS_BUILD);
	ck_assert_ptr_nonnull(strstr(err.text, "published file"));
	text_list_release(&list);
}
END_TEST

START_TEST(depth_is_bounded)
{
	struct error err;

	leave("for i in $(seq 40); do mkdir d && cd d; done; echo >x");
	ck_assert_int_eq(output_collect(build.output, NULL, &output, &err), STATUS_LIMIT);
}
END_TEST

START_TEST(a_device_is_refused)
{
	leave("mknod x.wic c 1 3");
	refused("device");
}
END_TEST

/* A bind mount is a link without being one. */
START_TEST(a_mounted_file_is_refused)
{
	char *target = path_join(build.output, "x.wic");

	ck_assert(unshare(CLONE_NEWNS) == 0);
	/* Not possible in a chroot, where the mount below is undone just the same. */
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	leave("touch x.wic");
	ck_assert(mount(published, target, NULL, MS_BIND, NULL) == 0);
	refused("mounted");
	ck_assert(umount(target) == 0);
	free(target);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("output");
	TCase *plain = tcase_create("plain");
	TCase *root = tcase_create("root");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(plain, setup, teardown);
	tcase_add_checked_fixture(root, setup, teardown);
	tcase_add_test(plain, files_are_listed_in_order_with_their_directories);
	tcase_add_test(plain, an_empty_directory_gives_an_empty_list);
	tcase_add_test(plain, what_is_opened_is_what_was_listed);
	tcase_add_loop_test(
		plain, what_is_no_file_of_its_own_is_refused_by_name, 0, (int)ARRAY_SIZE(attacks));
	tcase_add_test(plain, the_published_file_itself_is_refused);
	tcase_add_test(plain, depth_is_bounded);
	tcase_add_test(root, a_device_is_refused);
	tcase_add_test(root, a_mounted_file_is_refused);
	suite_add_tcase(suite, plain);
	if (build_can_isolate("test_output: devices and mounts"))
		suite_add_tcase(suite, root);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
