/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "base/array.h"
#include "tests/unit/indexing_format.h"

static const struct {
	const char *name, *options;
} forms[] = {
	{"zstd", ""},
	{"plain", "--compression-format=none"},
	{"dictionary", "-D dict"},
	{"uncompressed-sums", "-u"},
	{"sha512", "-h sha512"},
	{"sha256", "-h sha256"},
};

static uint64_t size_of(const char *name)
{
	struct stat info;
	char *path = path_join(comparing.directory, name);

	ck_assert_int_eq(stat(path, &info), 0);
	free(path);
	return (uint64_t)info.st_size;
}

START_TEST(each_chunk_is_a_member)
{
	struct buffer script = {0};

	buffer_add_format(&script,
		"seq 200000 >z; seq 1000 3000 >dict; zck %s z >log 2>&1; zck_read_header -c z.zck |"
		" sed -n 's/^Chunk count: //p' >chunks",
		forms[_i].options);
	shell(buffer_text(&script));
	buffer_release(&script);
	index_assert_read(index_file_as(&format_zchunk, "z.zck"));
	index_assert_covered(INDEX_ARTIFACT_ID, size_of("z.zck"));
	expect_field("z.zck", "zchunk-header-sum-invalid", NULL);
	expect_field("z.zck", "zchunk-data-sum-invalid", NULL);
	ck_assert_uint_eq((uint64_t)index_number("SELECT sum(size) FROM member WHERE container = 1"
						 " AND CAST(path AS TEXT) LIKE 'chunk %'"),
		size_of("z"));
	ck_assert_int_eq(index_number("SELECT count(*) FROM member WHERE container = 1 AND"
				      " CAST(path AS TEXT) LIKE 'dictionary %'"),
		strcmp(forms[_i].name, "dictionary") == 0);
	ck_assert_int_eq(index_number("SELECT count(*) FROM region WHERE name LIKE '%invalid'"), 0);
	ck_assert_int_gt(index_number("SELECT count(*) FROM region WHERE name ="
				      " 'zchunk-chunk-sum' AND kind = 3"),
		5);
}
END_TEST

START_TEST(sums_that_do_not_fit_are_told)
{
	shell("seq 200000 >z; zck --compression-format=none z >log 2>&1; s=$(stat -c %s z.zck);"
	      "printf X | dd of=z.zck bs=1 seek=$((s - 10)) conv=notrunc status=none;"
	      "echo behind >>z.zck");
	index_assert_read(index_file_as(&format_zchunk, "z.zck"));
	index_assert_covered(INDEX_ARTIFACT_ID, size_of("z.zck"));
	expect_field("z.zck", "zchunk-data-sum-invalid", "does not fit");
	expect_field("z.zck", "zchunk-header-sum-invalid", NULL);
	ck_assert_int_eq(index_number("SELECT count(*) FROM region WHERE name ="
				      " 'zchunk-chunk-sum-invalid'"),
		1);
	expect_has(index_regions(INDEX_ARTIFACT_ID), "+7 structure trailing-data\n");
}
END_TEST

START_TEST(refuses_what_is_cut)
{
	char *path, *data = NULL;
	size_t len;

	shell("seq 20000 >z; zck z >log 2>&1");
	path = path_join(comparing.directory, "z.zck");
	ck_assert_int_eq(path_read_file(path, 1 << 20, &data, &len, &comparing.err), STATUS_OK);
	free(path);
	for (size_t cut = 0; cut < len; cut += cut < 200 ? 1 : 977) {
		struct source *source = source_memory_new(data, cut);

		ck_assert_int_eq(index_as(&format_zchunk, "z", source), STATUS_FORMAT);
		source_free(source);
	}
	free(data);
}
END_TEST

/* ---- a dictionary that does not unpack ---- */

struct counting {
	struct source source;
	struct source *whole;
	unsigned reads;
};

static enum status counting_pread(
	struct source *source, uint64_t offset, void *data, size_t len, struct error *err)
{
	struct counting *counting = (struct counting *)source;

	counting->reads++;
	return source_pread(counting->whole, offset, data, len, err);
}

static const struct source_ops counting_ops = {.pread = counting_pread};

/* Opens all members in turn; what those behind the dictionary read. */
static void open_all(struct counting *counting, unsigned *chunks, unsigned *reads)
{
	struct members *members = NULL;
	struct member member = {0};

	ck_assert_int_eq(format_zchunk.open(
				 &counting->source, "z", &limits_default, &members, &comparing.err),
		STATUS_OK);
	*chunks = 0;
	while (members->ops->next(members, &member, &comparing.err) == STATUS_OK) {
		struct source *content = NULL;
		bool is_dictionary = strncmp(member.path.data, "dictionary", 10) == 0;
		enum status status = members->ops->open(members, &content, &comparing.err);

		ck_assert_int_eq(status, is_dictionary ? STATUS_OK : STATUS_FORMAT);
		expect_has(is_dictionary ? "zstd" : comparing.err.text, "zstd");
		source_free(content);
		*chunks += !is_dictionary;
		if (*chunks <= 1)
			counting->reads = 0;
		*reads = counting->reads;
	}
	members->ops->free(members);
	member_release(&member);
}

START_TEST(a_dictionary_that_fails_is_unpacked_once)
{
	struct counting counting = {0};
	char *path, *data = NULL;
	unsigned chunks, reads;
	char *frame;
	size_t len;

	shell("seq 200000 >z; seq 1000 3000 >dict; zck -D dict z >log 2>&1");
	path = path_join(comparing.directory, "z.zck");
	ck_assert_int_eq(path_read_file(path, 4 << 20, &data, &len, &comparing.err), STATUS_OK);
	free(path);
	frame = memmem(data, len, "\x28\xb5\x2f\xfd", 4);
	ck_assert_ptr_nonnull(frame);
	memset(frame, 'X', 4);
	counting.whole = source_memory_new(data, len);
	counting.source = (struct source){.ops = &counting_ops, .size = len};
	open_all(&counting, &chunks, &reads);
	ck_assert_uint_gt(chunks, 5);
	ck_assert_uint_eq(reads, 0);
	source_free(counting.whole);
	free(data);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zchunk");
	TCase *tcase = tcase_create("zchunk");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, comparing_setup, comparing_teardown);
	tcase_add_loop_test(tcase, each_chunk_is_a_member, 0, (int)ARRAY_SIZE(forms));
	tcase_add_test(tcase, sums_that_do_not_fit_are_told);
	tcase_add_test(tcase, refuses_what_is_cut);
	tcase_add_test(tcase, a_dictionary_that_fails_is_unpacked_once);
	return run_cases(suite);
}
