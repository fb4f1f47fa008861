/* SPDX-License-Identifier: Apache-2.0 */
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "tests/unit/comparing.h"
#include "tests/unit/making_tar.h"

static struct buffer a, b;

static void setup(void)
{
	comparing_setup();
	a = b = (struct buffer){0};
}

static void teardown(void)
{
	comparing_teardown();
	buffer_release(&a);
	buffer_release(&b);
}

#define LARGE ((size_t)32 << 20)

static void add(struct buffer *tar, const char *name, const char *data)
{
	tar_add(tar, &(struct tar_member){.name = name, .data = data});
}

static void end(void)
{
	tar_end(&a);
	tar_end(&b);
}

START_TEST(finds_exactly_the_changed_bytes_among_many_files)
{
	struct buffer expected = {0};

	shell("mkdir a; for i in $(seq 100 399); do head -c 3000 /dev/urandom >a/f$i; done; cp -a "
	      "a b;"
	      "for i in $(seq 105 15 399); do printf '\\377\\376\\375' |"
	      " dd of=b/f$i bs=1 seek=1500 conv=notrunc status=none; touch -r a/f$i b/f$i; done;"
	      "touch -r a b; for t in a b; do tar --sort=name -C $t -cf $t.tar .; gzip -nk $t.tar; "
	      "done");
	for (int i = 105; i <= 399; i += 15)
		buffer_add_format(&expected, "content t//f%d\n", i);
	expect_files("a.tar", "b.tar", buffer_text(&expected));
	buffer_clear(&expected);
	for (int i = 105; i <= 399; i += 15)
		buffer_add_format(&expected, "content t//t.decompressed//f%d\n", i);
	expect_files("a.tar.gz", "b.tar.gz", buffer_text(&expected));
	ck_assert_uint_eq(comparing.result.differences, 20);
	buffer_release(&expected);
}
END_TEST

START_TEST(a_container_is_not_named_for_what_is_inside_it)
{
	shell("mkdir in out; seq 9 >in/x; tar --mtime=@1 -C in -cf out/in.tar .;"
	      "tar --mtime=@1 -C out -cf a.tar .; seq 10000 >in/x; tar --mtime=@1 -C in -cf "
	      "out/in.tar"
	      " .; tar --mtime=@1 -C out -cf b.tar .; tar --mtime=@2 -C out -cf c.tar ./in.tar;"
	      "tar --mtime=@1 -C out -cf d.tar ./in.tar");
	/* Only that what is behind it has moved. */
	expect_files("a.tar", "b.tar",
		"metadata t layout\nmetadata t//in.tar layout\ncontent t//in.tar//x size\n");
	expect_files("c.tar", "d.tar", "metadata t//in.tar mtime\n");
}
END_TEST

START_TEST(a_leaf_is_compared_whole)
{
	buffer_add_text(&a, "same\0 0123456789");
	buffer_add_text(&b, "same\0 0123456789");
	b.data[1] = 'A';
	buffer_add_text(&b, "xyz");
	expect_buffers(&a, &b, "content t size (unexplained)\n");
	ck_assert_int_eq(comparing.result.unattributed_bytes, 0);
	ck_assert_int_eq(comparing.result.unexplained_bytes, 4);
	ck_assert(comparing.result.inspected);
}
END_TEST

START_TEST(an_empty_file_differs_from_one_that_is_not)
{
	buffer_add_text(&b, "x");
	expect_buffers(&a, &b, "content t size (unexplained)\n");
	ck_assert_int_eq(comparing.result.unexplained_bytes, 1);
}
END_TEST

START_TEST(two_formats_are_compared_as_bytes)
{
	add(&a, "x", "1");
	tar_end(&a);
	buffer_add_text(&b, "no tar");
	expect_buffers(&a, &b, "content t size (unexplained)\n");
	ck_assert_int_eq(comparing.result.unattributed_bytes, 0);
	ck_assert_int_eq(comparing.result.unexplained_bytes, comparing.result.differing_bytes);
}
END_TEST

/* "a-b" sorts before "a//x", though the walk finds it after. */
START_TEST(differences_come_in_the_order_of_paths)
{
	struct buffer inner = {0}, other = {0};

	tar_add(&inner, &(struct tar_member){.name = "x", .data = "1"});
	tar_end(&inner);
	tar_add(&other, &(struct tar_member){.name = "x", .data = "2"});
	tar_end(&other);
	tar_add(&a, &(struct tar_member){.name = "a", .data = inner.data, .len = inner.len});
	tar_add(&b, &(struct tar_member){.name = "a", .data = other.data, .len = other.len});
	add(&a, "a-b", "1");
	add(&b, "a-b", "2");
	end();
	expect_buffers(&a, &b, "content t//a-b\ncontent t//a//x\n");
	/* Two containers of one name: still no two differences of one path and occurrence. */
	buffer_truncate(&a, a.len - 1024);
	buffer_truncate(&b, b.len - 1024);
	tar_add(&a, &(struct tar_member){.name = "a", .data = inner.data, .len = inner.len});
	tar_add(&b, &(struct tar_member){.name = "a", .data = other.data, .len = other.len});
	end();
	expect_buffers(&a, &b, "content t//a-b\ncontent t//a//x\ncontent t//a//x#1\n");
	buffer_release(&inner);
	buffer_release(&other);
}
END_TEST

START_TEST(files_that_turn_into_something_else)
{
	add(&a, "x", "data");
	tar_add(&b, &(struct tar_member){.name = "x", .type = '5'});
	add(&a, "y", "data");
	tar_add(&b, &(struct tar_member){.name = "y", .type = '2', .link = "x"});
	end();
	expect_buffers(&a, &b,
		"metadata t layout\ncontent t//x type size\ncontent t//y type size link-target\n");
}
END_TEST

START_TEST(equal_bytes_are_not_a_comparison)
{
	buffer_add_text(&a, "x");
	ck_assert_int_eq(
		compare_fds(memory_file(a.data, a.len), memory_file(a.data, a.len)), STATUS_USAGE);
}
END_TEST

START_TEST(a_file_that_changes_meanwhile_is_a_conflict)
{
	struct comparison_side published = {.fd = memory_file("one", 3)};
	struct comparison_side rebuilt = {.fd = memory_file("two", 3)};
	struct difference_sink sink = {.take = take, .context = &comparing};

	ck_assert_int_eq(dbdiff_hash(&published, &rebuilt, &comparing.err), STATUS_OK);
	/* Just written, so that the kernel's times need not tell. */
	comparing.options.settle_milliseconds = comparison_options_default.settle_milliseconds;
	ck_assert_int_eq(pwrite(rebuilt.fd, "one", 3, 0), 3);
	ck_assert_int_eq(dbdiff_compare("t", &published, &rebuilt, &comparing.options, &sink,
				 &comparing.result, &comparing.err),
		STATUS_CONFLICT);
	ck_assert_uint_eq(comparing.text.len, 0);
	close(published.fd);
	close(rebuilt.fd);
}
END_TEST

START_TEST(a_file_that_was_not_hashed_again_shows_a_change)
{
	struct comparison_side published = {0}, rebuilt = {0};
	struct difference_sink sink = {.take = take, .context = &comparing};

	add(&a, "x", "1");
	add(&b, "x", "2");
	end();
	published.fd = memory_file(a.data, a.len);
	rebuilt.fd = memory_file(b.data, b.len);
	ck_assert_int_eq(dbdiff_hash(&published, &rebuilt, &comparing.err), STATUS_OK);
	ck_assert_int_eq(futimens(rebuilt.fd, (struct timespec[2]){{0}, {.tv_sec = 1}}), 0);
	ck_assert_int_eq(dbdiff_compare("t", &published, &rebuilt, &comparing.options, &sink,
				 &comparing.result, &comparing.err),
		STATUS_CONFLICT);
	ck_assert_uint_eq(comparing.text.len, 0);
	close(published.fd);
	close(rebuilt.fd);
}
END_TEST

START_TEST(a_state_is_settled_when_it_stood_still)
{
	struct file_state state = {.changed = INT64_C(5000000000), .seen = INT64_C(6999000000)};

	ck_assert(!file_state_is_settled(&state, 2000));
	state.seen += 1000000;
	ck_assert(file_state_is_settled(&state, 2000));
	/* Of another clock. */
	state.changed = state.seen + 1;
	ck_assert(!file_state_is_settled(&state, 0));
}
END_TEST

static enum status refuse(void *context, const struct difference *difference, struct error *err)
{
	(void)context, (void)difference;
	return error_set(err, STATUS_DATABASE, "no room");
}

START_TEST(a_failing_sink_stops_it)
{
	struct comparison_side published = {.fd = memory_file("one", 3)};
	struct comparison_side rebuilt = {.fd = memory_file("", 0)};
	struct difference_sink sink = {.take = refuse};

	ck_assert_int_eq(dbdiff_hash(&published, &rebuilt, &comparing.err), STATUS_OK);
	ck_assert_int_eq(dbdiff_compare("t", &published, &rebuilt, &comparing.options, &sink,
				 &comparing.result, &comparing.err),
		STATUS_DATABASE);
	close(published.fd);
	close(rebuilt.fd);
}
END_TEST

/*
 * Needs a file system of its own, so root. The caller must be able to tell it from a database of
 * its own that fails, which is the sink's.
 */
START_TEST(a_full_temporary_directory_is_trouble_with_files)
{
	enum status status;

	for (int i = 0; i < 4000; i++) {
		char name[40];

		snprintf(name, sizeof(name), "usr/share/doc/package/file-%d", i);
		add(&a, name, "published");
		add(&b, name, "rebuilt");
	}
	end();
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		mount("tmpfs", comparing.directory, "tmpfs", 0, "size=128k") != 0)
		return;
	ck_assert_int_eq(setenv("TMPDIR", comparing.directory, 1), 0);
	status = compare_fds(memory_file(a.data, a.len), memory_file(b.data, b.len));
	umount(comparing.directory);
	ck_assert_msg(status == STATUS_IO, "%d: %s", status, comparing.err.text);
	ck_assert_int_eq(comparing.err.status, STATUS_IO);
	ck_assert_uint_eq(comparing.text.len, 0);
	expect_has(comparing.err.text, "the comparison's temporary index in ");
	expect_has(comparing.err.text, comparing.directory);
	expect_has(comparing.err.text, " is full");
}
END_TEST

START_TEST(hashing_reads_from_the_start_and_reports_trouble)
{
	struct comparison_side published = {.fd = memory_file("one", 3)};
	struct comparison_side rebuilt = {.fd = memory_file("", 0)};
	struct digest digest;

	ck_assert_int_eq(dbdiff_hash(&published, &rebuilt, &comparing.err), STATUS_OK);
	ck_assert_uint_eq(published.size, 3);
	ck_assert_uint_eq(rebuilt.size, 0);
	hash_memory("one", 3, &digest);
	ck_assert(digest_equal(&digest, &published.sha256));
	close(rebuilt.fd);
	ck_assert_int_eq(dbdiff_hash(&published, &rebuilt, &comparing.err), STATUS_IO);
	close(published.fd);
}
END_TEST

START_TEST(limits_are_findings)
{
	char *large;

	add(&a, "a", "1");
	add(&b, "a", "2");
	for (char name[2] = "b"; name[0] < 'm'; name[0]++) {
		add(&a, name, name);
		add(&b, name, name);
	}
	add(&a, "z", "1");
	add(&b, "z", "2");
	end();
	comparing.options.limits.members = 10;
	expect_buffers(&a, &b,
		"content t (unexplained) not inspected: published: more than 10 members (--limit "
		"members);"
		" rebuilt: more than 10 members (--limit members)\ncontent t//a\n");
	ck_assert(!comparing.result.inspected);
	comparing.options.limits = limits_default;
	comparing.options.limits.depth = 0;
	expect_buffers(&a, &b,
		"content t (unexplained) not inspected: published: more than 0 containers inside "
		"each"
		" other (--limit depth); rebuilt: more than 0 containers inside each other "
		"(--limit depth)\n");
	comparing.options.limits = limits_default;
	comparing.options.limits.total_bytes = 3000;
	ck_assert_int_eq(
		compare_fds(memory_file(a.data, a.len), memory_file(b.data, b.len)), STATUS_OK);
	expect_has(buffer_text(&comparing.text),
		"content t (unexplained) not inspected: published: more than 3000 bytes at all"
		" depths (--limit total-bytes); rebuilt: more than 3000 bytes at all depths "
		"(--limit total-bytes)\n");
	comparing.options.limits = limits_default;
	/* Of a size that nobody has read at once. */
	buffer_clear(&a);
	buffer_clear(&b);
	large = xmalloc(LARGE + 1);
	memset(large, 'x', LARGE);
	large[LARGE] = '\0';
	add(&a, "a", large);
	large[0] = 'y';
	add(&b, "a", large);
	free(large);
	end();
	comparing.options.limits.seconds = 0;
	expect_buffers(&a, &b,
		"content t (unexplained) not inspected: published: took longer than 0 seconds;"
		" rebuilt: took longer than 0 seconds\n");
}
END_TEST

START_TEST(an_artifact_over_the_limit_of_a_member_is_a_finding)
{
	char big[3000];

	memset(big, 'x', sizeof(big));
	tar_add(&a, &(struct tar_member){.name = "big", .data = big, .len = sizeof(big)});
	add(&a, "z", "1");
	big[2999] = 'y';
	tar_add(&b, &(struct tar_member){.name = "big", .data = big, .len = sizeof(big)});
	add(&b, "z", "2");
	end();
	comparing.options.limits.member_bytes = a.len - 1;
	ck_assert_int_eq(
		compare_fds(memory_file(a.data, a.len), memory_file(b.data, b.len)), STATUS_OK);
	expect_has(buffer_text(&comparing.text), "content t (unexplained) not inspected: ");
	expect_has(buffer_text(&comparing.text), " bytes in one member");
	ck_assert(!comparing.result.inspected);
}
END_TEST

/* 80 MiB of one byte behind each gzip: more than the free 64 MiB, and about a thousand times it. */
START_TEST(a_bomb_is_a_finding_and_its_neighbour_is_compared)
{
	shell("mkdir a b; for side in a b; do"
	      " { head -c 83886080 /dev/zero; echo $side; } | gzip -1n >$side/bomb.gz;"
	      " echo $side >$side/z; tar -C $side --mtime=@0 -cf $side.tar bomb.gz z; done");
	comparing.options.limits.ratio = 100;
	ck_assert_int_eq(compare_fds(file_open("a.tar"), file_open("b.tar")), STATUS_OK);
	expect_has(buffer_text(&comparing.text), "content t//bomb.gz");
	expect_has(buffer_text(&comparing.text), "unpacks to more than 100 times its size");
	expect_has(buffer_text(&comparing.text), "content t//z\n");
	ck_assert(!comparing.result.inspected);
	comparing.options.limits.ratio = 0;
	expect_files("a.tar", "b.tar", "content t//bomb.gz//bomb\ncontent t//z\n");
}
END_TEST

START_TEST(a_long_name_is_a_finding)
{
	comparing.options.limits.name_bytes = 5;
	add(&a, "longer", "1");
	add(&b, "longer", "2");
	end();
	expect_buffers(&a, &b,
		"content t (unexplained) not inspected: published: a name of more than 5 bytes"
		" (--limit name-bytes); rebuilt: a name of more than 5 bytes (--limit "
		"name-bytes)\n");
}
END_TEST

START_TEST(diffs_are_bounded_and_large_members_show_where)
{
	shell("mkdir d; head -c 400000 /dev/zero >d/x; seq 200000 >d/y; tar --mtime=@1 -cf a.tar d;"
	      "printf Z | dd of=d/x bs=1 seek=300000 conv=notrunc status=none;"
	      "sed -i 's/^150000$/changed/' d/y; tar --mtime=@1 -cf b.tar d");
	expect_files("a.tar", "b.tar", "content t//d/x\ncontent t//d/y size\n");
	expect_has(buffer_text(&comparing.diffs),
		"1 of 400000 bytes differs in 1 range, the first at byte 300000\n");
	expect_has(buffer_text(&comparing.diffs), "\n-150000\n+changed\n");
	comparing.options.diff_members = 1;
	expect_files("a.tar", "b.tar", "content t//d/x\ncontent t//d/y size\n");
	ck_assert_ptr_null(strstr(buffer_text(&comparing.diffs), "changed"));
}
END_TEST

START_TEST(words_of_changes)
{
	enum change change;

	for (int i = CHANGE_ADDED; i <= CHANGE_ORDER; i++) {
		ck_assert(change_parse(change_word((enum change)i), &change));
		ck_assert_int_eq(change, i);
	}
	ck_assert(!change_parse("nothing", &change));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compare");
	TCase *tests = tcase_create("compare");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, finds_exactly_the_changed_bytes_among_many_files);
	tcase_add_test(tests, a_container_is_not_named_for_what_is_inside_it);
	tcase_add_test(tests, a_leaf_is_compared_whole);
	tcase_add_test(tests, an_empty_file_differs_from_one_that_is_not);
	tcase_add_test(tests, two_formats_are_compared_as_bytes);
	tcase_add_test(tests, differences_come_in_the_order_of_paths);
	tcase_add_test(tests, files_that_turn_into_something_else);
	tcase_add_test(tests, equal_bytes_are_not_a_comparison);
	tcase_add_test(tests, a_file_that_changes_meanwhile_is_a_conflict);
	tcase_add_test(tests, a_file_that_was_not_hashed_again_shows_a_change);
	tcase_add_test(tests, a_state_is_settled_when_it_stood_still);
	tcase_add_test(tests, a_failing_sink_stops_it);
	tcase_add_test(tests, a_full_temporary_directory_is_trouble_with_files);
	tcase_add_test(tests, hashing_reads_from_the_start_and_reports_trouble);
	tcase_add_test(tests, limits_are_findings);
	tcase_add_test(tests, an_artifact_over_the_limit_of_a_member_is_a_finding);
	tcase_add_test(tests, a_bomb_is_a_finding_and_its_neighbour_is_compared);
	tcase_add_test(tests, a_long_name_is_a_finding);
	tcase_add_test(tests, diffs_are_bounded_and_large_members_show_where);
	tcase_add_test(tests, words_of_changes);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
