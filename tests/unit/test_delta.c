/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "base/tempfile.h"
#include "dbdiff/delta.h"
#include "tests/unit/indexing_format.h"

#define MAKE                                                                                       \
	"seq 200000 >base; { echo begin; tail -c +3000 base; seq 500; head -c 70000 base; } "      \
	">target;"                                                                                 \
	"rdiff signature base sig; rdiff delta sig target delta;"

static enum status apply(
	const char *base, const char *delta, const char *target, uint64_t limit, bool *applies)
{
	int base_fd = file_open(base), delta_fd = file_open(delta);
	struct source *base_source =
		source_file_new(base_fd, (uint64_t)lseek(base_fd, 0, SEEK_END));
	struct source *delta_source =
		source_file_new(delta_fd, (uint64_t)lseek(delta_fd, 0, SEEK_END));
	char *path = path_join(comparing.directory, target);
	struct digest digest, made;
	enum status status;
	int out_fd;

	ck_assert_int_eq(tempfile_unlinked(&out_fd, &comparing.err), STATUS_OK);
	ck_assert_int_eq(hash_file(path, &digest, NULL, &comparing.err), STATUS_OK);
	status = delta_apply(base_source, delta_source, limit, out_fd, &comparing.err);
	ck_assert_uint_le((uint64_t)lseek(out_fd, 0, SEEK_END), limit);
	lseek(out_fd, 0, SEEK_SET);
	ck_assert_int_eq(hash_fd(out_fd, &made, NULL, &(struct error){0}), STATUS_OK);
	*applies = status == STATUS_OK && digest_equal(&made, &digest);
	close(out_fd);
	source_free(base_source);
	source_free(delta_source);
	close(base_fd);
	close(delta_fd);
	free(path);
	return status;
}

START_TEST(a_delta_turns_its_base_into_its_target)
{
	bool applies;

	shell(MAKE
		"cp base other; printf X | dd of=other bs=1 seek=500000 conv=notrunc status=none;"
		"head -c 3000 base >short; truncate -s -1000 delta; mv delta cut;"
		"rdiff delta sig target delta; seq 9 >text");
	ck_assert_int_eq(apply("base", "delta", "target", 1 << 22, &applies), STATUS_OK);
	ck_assert(applies);
	ck_assert_int_eq(apply("base", "delta", "base", 1 << 22, &applies), STATUS_OK);
	ck_assert(!applies);
	ck_assert_int_eq(apply("other", "delta", "target", 1 << 22, &applies), STATUS_OK);
	ck_assert(!applies);
	ck_assert_int_eq(apply("base", "delta", "target", 1 << 20, &applies), STATUS_LIMIT);
	ck_assert(!applies);
	ck_assert_int_eq(apply("short", "delta", "target", 1 << 22, &applies), STATUS_FORMAT);
	ck_assert_int_eq(apply("base", "cut", "target", 1 << 22, &applies), STATUS_FORMAT);
	ck_assert_int_eq(apply("base", "text", "target", 1 << 22, &applies), STATUS_FORMAT);
	ck_assert(!applies);
}
END_TEST

/* The digests are of the files themselves, and no worker is asked for them. */
START_TEST(hashes_what_was_made)
{
	struct delta_file files[3];
	struct limits limits = limits_default;
	struct digest digest;
	int base_fd, delta_fd;
	char *path;

	shell(MAKE);
	base_fd = file_open("base");
	delta_fd = file_open("delta");
	path = path_join(comparing.directory, "target");
	ck_assert_int_eq(hash_file(path, &digest, NULL, &comparing.err), STATUS_OK);
	free(path);
	ck_assert_msg(delta_check(base_fd, delta_fd, &limits, &files[0], &files[1], &files[2],
			      &comparing.err) == STATUS_OK,
		"%s", comparing.err.text);
	ck_assert(digest_equal(&files[2].sha256, &digest));
	limits.member_bytes = files[2].size;
	ck_assert_int_eq(delta_check(base_fd, delta_fd, &limits, &files[0], &files[1], &files[2],
				 &comparing.err),
		STATUS_OK);
	limits.member_bytes--;
	ck_assert_int_eq(delta_check(base_fd, delta_fd, &limits, &files[0], &files[1], &files[2],
				 &comparing.err),
		STATUS_LIMIT);
	close(base_fd);
	close(delta_fd);
}
END_TEST

START_TEST(says_what_every_byte_of_a_delta_is)
{
	struct stat info;
	char *path;

	shell(MAKE "rdiff --statistics delta sig target again 2>log || true");
	path = path_join(comparing.directory, "delta");
	ck_assert_int_eq(stat(path, &info), 0);
	free(path);
	index_assert_read(index_file_as(&format_rdiff, "delta"));
	index_assert_covered(INDEX_ARTIFACT_ID, (uint64_t)info.st_size);
	expect_has(index_regions(INDEX_ARTIFACT_ID), "0+4 structure delta-header\n");
	expect_has(index_regions(INDEX_ARTIFACT_ID), " structure delta-literal\n");
	expect_has(index_regions(INDEX_ARTIFACT_ID), "+1 structure delta-end\n");
	ck_assert_int_eq(
		index_number("SELECT sum(length) FROM region WHERE name = 'delta-literal'"),
		strtol(indexed_field("delta", "delta-literals") + 7, NULL, 10));
	expect_has(indexed_field("delta", "delta-copies"), " bytes");
}
END_TEST

START_TEST(adds_up_all_forms_of_commands)
{
	/* Literals of 2, 3 (1 and 2 digits) and a copy of 5 at 1 (8 and 1), the end, a byte more.
	 */
	static const unsigned char delta[] = {'r', 's', 2, 0x36, 2, 'a', 'b', 0x41, 3, 'c', 'd',
		'e', 0x42, 0, 3, 'f', 'g', 'h', 0x51, 0, 0, 0, 0, 0, 0, 0, 1, 5, 0, '!'};
	struct source *source = source_memory_new(delta, sizeof(delta));

	index_assert_read(index_as(&format_rdiff, "d", source));
	source_free(source);
	ck_assert_str_eq(index_regions(INDEX_ARTIFACT_ID),
		"0+4 structure delta-header\n4+1 structure delta-command\n"
		"5+2 structure delta-literal\n7+2 structure delta-command\n"
		"9+3 structure delta-literal\n12+3 structure delta-command\n"
		"15+3 structure delta-literal\n18+10 structure delta-command\n"
		"28+1 structure delta-end\n29+1 structure trailing-data\n");
	expect_field("d", "delta-literals", "3 with 8 bytes");
	expect_field("d", "delta-copies", "1 with 5 bytes");
	for (size_t len = 4; len < sizeof(delta) - 1; len++) {
		source = source_memory_new(delta, len);
		ck_assert_int_eq(index_as(&format_rdiff, "d", source), STATUS_FORMAT);
		source_free(source);
	}
	ck_assert_int_eq(index_text_as(&format_rdiff, "d", "rs\x02\x36\x55"), STATUS_FORMAT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("delta");
	TCase *tcase = tcase_create("delta");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, comparing_setup, comparing_teardown);
	tcase_add_test(tcase, a_delta_turns_its_base_into_its_target);
	tcase_add_test(tcase, hashes_what_was_made);
	tcase_add_test(tcase, says_what_every_byte_of_a_delta_is);
	tcase_add_test(tcase, adds_up_all_forms_of_commands);
	return run_cases(suite);
}
