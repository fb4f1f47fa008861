/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "dbdiff/format/kept.h"
#include "tests/unit/indexing_format.h"

#define MAKE                                                                                       \
	"truncate -s 3M img; seq 90000 | dd of=img conv=notrunc status=none;"                      \
	"echo x | dd of=img bs=1M seek=2 conv=notrunc status=none;"                                \
	"bmaptool create img >img.bmap 2>log;"

static uint64_t size_of(const char *name)
{
	struct stat info;
	char *path = path_join(comparing.directory, name);

	ck_assert_int_eq(stat(path, &info), 0);
	free(path);
	return (uint64_t)info.st_size;
}

START_TEST(each_range_is_a_member)
{
	char hex[SHA256_HEX_SIZE];
	struct digest digest;
	char *path, *sql;

	shell(MAKE);
	index_assert_read(index_file_as(&format_bmap, "img.bmap"));
	index_assert_covered(INDEX_ARTIFACT_ID, size_of("img.bmap"));
	ck_assert_str_eq(index_members(INDEX_ARTIFACT_ID),
		"ImageSize 7\nBlockSize 4\nBlocksCount 3\nMappedBlocksCount 3\nChecksumType 6\n"
		"Range 0-129 64\nRange 512 64\n");
	expect_has(index_regions(INDEX_ARTIFACT_ID), "+64 derived bmap-checksum\n");
	expect_has(index_regions(INDEX_ARTIFACT_ID), "+64 content data of Range 512@0\n");
	expect_field("img.bmap", "bmap-checksum-invalid", NULL);
	/* The content of a range is its checksum, as bmaptool computed it. */
	shell("head -c $((130 * 4096)) img | sha256sum | cut -c1-64 | tr -d '\\n' >sum");
	path = path_join(comparing.directory, "sum");
	ck_assert_int_eq(hash_file(path, &digest, NULL, &comparing.err), STATUS_OK);
	free(path);
	digest_hex(&digest, hex);
	sql = xasprintf("SELECT lower(hex(sha256)) = '%s' FROM member WHERE path ="
			" CAST('Range 0-129' AS BLOB)",
		hex);
	ck_assert_int_eq(index_number(sql), 1);
	free(sql);
}
END_TEST

START_TEST(a_checksum_that_does_not_fit_is_told)
{
	shell(MAKE "sed -i 's/ 512 / 513 /' img.bmap");
	index_assert_read(index_file_as(&format_bmap, "img.bmap"));
	index_assert_covered(INDEX_ARTIFACT_ID, size_of("img.bmap"));
	expect_field("img.bmap", "bmap-checksum-invalid", "does not fit");
	expect_has(index_regions(INDEX_ARTIFACT_ID), "+64 structure bmap-checksum-invalid\n");
	shell("sed -i 's/> sha256 </> sha1 </' img.bmap");
	index_assert_read(index_file_as(&format_bmap, "img.bmap"));
	expect_field("img.bmap", "bmap-checksum-invalid", "of a type that is not computed");
}
END_TEST

START_TEST(refuses_what_is_no_block_map)
{
	ck_assert_int_eq(index_text_as(&format_bmap, "b", "<?xml version=\"1.0\"?><bmap ><a>"),
		STATUS_FORMAT);
	ck_assert_int_eq(index_text_as(&format_bmap, "b",
				 "<?xml version=\"1.0\"?><!DOCTYPE bmap [<!ENTITY a SYSTEM "
				 "\"/etc/passwd\">]><bmap >&a;</bmap>"),
		STATUS_UNSUPPORTED);
	expect_has(comparing.err.text, "a document type is not read");
	ck_assert_int_eq(index_text_as(&format_bmap, "b", ""), STATUS_FORMAT);
}
END_TEST

START_TEST(bounds_how_many_elements_there_are)
{
	struct buffer text = {0};

	buffer_add_text(&text, "<?xml version=\"1.0\"?><bmap >");
	for (size_t i = 0; i < KEPT_BYTES_MAX / KEPT_EACH; i++)
		buffer_add_text(&text, "<a/>");
	buffer_add_text(&text, "</bmap>");
	ck_assert_int_eq(index_text_as(&format_bmap, "b", buffer_text(&text)), STATUS_LIMIT);
	expect_has(comparing.err.text, "bytes to keep");
	buffer_release(&text);
}
END_TEST

/* A tag is looked through for the checksums in it alone, and expat keeps what is open. */
START_TEST(bounds_tags_and_how_deep_they_go)
{
	struct buffer text = {0};

	buffer_add_text(&text, "<?xml version=\"1.0\"?><bmap >");
	for (int i = 0; i < 20; i++)
		buffer_add_text(&text, "<a>");
	for (int i = 0; i < 20; i++)
		buffer_add_text(&text, "</a>");
	buffer_add_text(&text, "</bmap>");
	ck_assert_int_eq(index_text_as(&format_bmap, "b", buffer_text(&text)), STATUS_LIMIT);
	expect_has(comparing.err.text, "inside each other");
	buffer_clear(&text);
	buffer_add_text(&text, "<?xml version=\"1.0\"?><bmap ><Range ");
	for (int i = 0; i < 40000; i++)
		buffer_add_format(&text, "a%d='%d' ", i, i);
	buffer_add_text(&text, "chksum='ab'> 1 </Range></bmap>");
	ck_assert_int_eq(index_text_as(&format_bmap, "b", buffer_text(&text)), STATUS_LIMIT);
	expect_has(comparing.err.text, "a tag of more than");
	buffer_release(&text);
}
END_TEST

/* However a text is cut into what expat is given, its places are those in the whole. */
START_TEST(reads_maps_of_many_ranges)
{
	struct buffer text = {0};
	size_t at;

	buffer_add_text(&text, "<?xml version=\"1.0\"?><bmap >");
	for (int i = 0; i < 2000; i++)
		buffer_add_format(&text, "<Range chksum=\"%064d\"> %d </Range>\n", i, 2 * i);
	at = (size_t)(strstr(text.data, "> 3998 <") - text.data) - 65;
	buffer_add_text(&text, "</bmap>");
	index_assert_read(index_text_as(&format_bmap, "b", buffer_text(&text)));
	index_assert_covered(INDEX_ARTIFACT_ID, text.len);
	buffer_clear(&text);
	buffer_add_format(&text, "%zu+64 content data of Range 3998@0\n", at);
	expect_has(index_regions(INDEX_ARTIFACT_ID), buffer_text(&text));
	buffer_release(&text);
}
END_TEST

START_TEST(is_opened_only_where_it_differs)
{
	shell(MAKE "echo y | dd of=img bs=1M seek=2 conv=notrunc status=none;"
		   "bmaptool create img >other.bmap 2>log");
	ck_assert_int_eq(compare_fds(file_open("img.bmap"), file_open("other.bmap")), STATUS_OK);
	expect_has(buffer_text(&comparing.text), "t//Range 512");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bmap");
	TCase *tcase = tcase_create("bmap");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, comparing_setup, comparing_teardown);
	tcase_add_test(tcase, each_range_is_a_member);
	tcase_add_test(tcase, a_checksum_that_does_not_fit_is_told);
	tcase_add_test(tcase, refuses_what_is_no_block_map);
	tcase_add_test(tcase, bounds_how_many_elements_there_are);
	tcase_add_test(tcase, bounds_tags_and_how_deep_they_go);
	tcase_add_test(tcase, reads_maps_of_many_ranges);
	tcase_add_test(tcase, is_opened_only_where_it_differs);
	return run_cases(suite);
}
