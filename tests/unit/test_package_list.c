/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"
#include "base/buffer.h"
#include "base/path.h"
#include "base/tempfile.h"
#include "dbdiff/make_index.h"
#include "verifier/coverage/package_list.h"

#include <archive.h>
#include <archive_entry.h>
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *directory;

static void set_up(void)
{
	struct error err;

	ck_assert_int_eq(tempfile_directory(&directory, &err), STATUS_OK);
	ck_assert_int_eq(chdir(directory), 0);
}

static void tear_down(void)
{
	struct error err;

	ck_assert_int_eq(chdir("/"), 0);
	path_remove_tree(directory, &err);
	free(directory);
}

static void make_file(const char *name, const char *text, size_t len)
{
	struct error err = {0};

	ck_assert_int_eq(tempfile_write_all(name, text, len, 0644, &err), STATUS_OK);
}

/* A file of an archive that a test makes. */
struct entry {
	const char *name, *text;
};

static void make_archive(const char *name, bool is_zip, const struct entry *entries, size_t count)
{
	struct archive *archive = archive_write_new();

	ck_assert_int_eq(is_zip ? archive_write_set_format_zip(archive)
				: archive_write_set_format_ustar(archive),
		ARCHIVE_OK);
	ck_assert_int_eq(archive_write_open_filename(archive, name), ARCHIVE_OK);
	for (size_t i = 0; i < count; i++) {
		struct archive_entry *entry = archive_entry_new();
		size_t len = strlen(entries[i].text);

		archive_entry_set_pathname(entry, entries[i].name);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_perm(entry, 0644);
		archive_entry_set_size(entry, (la_int64_t)len);
		ck_assert_int_eq(archive_write_header(archive, entry), ARCHIVE_OK);
		ck_assert_int_eq(
			archive_write_data(archive, entries[i].text, len), (la_ssize_t)len);
		archive_entry_free(entry);
	}
	ck_assert_int_eq(archive_write_close(archive), ARCHIVE_OK);
	archive_write_free(archive);
}

/* The packages as "NAME VERSION LINE" lines, or "STATUS: text". */
static char *read_list(const char *path, const struct package_list_options *options)
{
	static const struct package_list_options none = {0};
	static char said[2048];
	struct package_list list;
	struct error err = {0};
	enum status status = package_list_read(path, options ? options : &none, &list, &err);

	said[0] = '\0';
	if (status < 0)
		snprintf(said, sizeof(said), "%d: %s", -(int)status, err.text);
	if (status == STATUS_OK && !list.is_whole)
		snprintf(said, sizeof(said), "NOT WHOLE\n");
	for (size_t i = 0; status == STATUS_OK && i < list.packages.count; i++) {
		const struct manifest_package *package = &list.packages.items[i];
		size_t len = strlen(said);

		snprintf(said + len, sizeof(said) - len, "%s %s %zu\n", package->name,
			package->version ? package->version : "-", package->line);
	}
	if (status == STATUS_OK)
		snprintf(said + strlen(said), sizeof(said) - strlen(said), "kind %d\n",
			(int)list.kind);
	package_list_release(&list);
	return said;
}

static char *read_text(
	const char *path, const char *text, const struct package_list_options *options)
{
	make_file(path, text, strlen(text));
	return read_list(path, options);
}

START_TEST(lines_are_a_list)
{
	ck_assert_str_eq(read_text("l", "# essential\nbash\n\nzlib1g=1:1.2\n", NULL),
		"bash - 2\nzlib1g 1:1.2 4\nkind 0\n");
}
END_TEST

START_TEST(a_table_has_a_column_of_names)
{
	ck_assert_str_eq(read_text("a.csv",
				 "\xef\xbb\xbf"
				 "Essential packages,,\r\nNo,Source Package,Version\r\n"
				 "1,acl,2.3.1-3\r\n,,\r\n2,\"bash\",\r\n",
				 NULL),
		"acl 2.3.1-3 3\nbash - 5\nkind 1\n");
	ck_assert_str_eq(
		read_text("a.csv", "Binary;x\nzlib1g;\"a;b \"\"c\"\"\"\n\n;d\nacl\n", NULL),
		"acl - 5\nzlib1g - 2\nkind 2\n");
	ck_assert_str_eq(read_text("b.tsv", "note\tname\n\"two\nlines\"\tacl\n-\tbash\n", NULL),
		"acl - 2\nbash - 4\nkind 0\n");
	ck_assert_str_eq(
		read_text("t", "pkg,v\nacl,1\n",
			&(struct package_list_options){.column = "PKG", .version_column = "v"}),
		"acl 1 2\nkind 0\n");
}
END_TEST

START_TEST(a_table_that_cannot_be_read_says_why)
{
	ck_assert_str_eq(read_text("a.csv", "what,why\nacl,x\n", NULL),
		"4: a.csv: it has no column \"package\" (--column); its first row says: what, "
		"why");
	ck_assert_ptr_nonnull(strstr(read_text("a.csv", "package\nacl\nb\xe4r\n", NULL),
		"line 3: a byte e4 that is not UTF-8"));
	ck_assert_ptr_nonnull(strstr(read_text("a.csv", "package\n\"acl\nbash\n", NULL),
		"line 2: a quote is not closed"));
	ck_assert_ptr_nonnull(strstr(read_text("a.csv", "package\n\"acl\"x\n", NULL),
		"line 2: text stands behind a closing quote"));
	ck_assert_ptr_nonnull(strstr(
		read_text("a.csv", "package\nac\"l\n", NULL), "line 2: a quote stands inside"));
	ck_assert_ptr_nonnull(
		strstr(read_text("a.csv", "package,version\n", NULL), "lists no package"));
	ck_assert_ptr_nonnull(strstr(read_text("a.csv", "package\nacl\n",
					     &(struct package_list_options){.version_column = "v"}),
		"there is no column \"v\""));
	ck_assert_ptr_nonnull(strstr(read_text("a.csv", "package\n\"a\nb\"\n", NULL),
		"line 2: a name of several lines"));
	make_file("n.csv", "package\na\0b\n", 12);
	ck_assert_ptr_nonnull(strstr(read_list("n.csv", NULL), "n.csv: "));
}
END_TEST

static const struct package_list_options source_key = {.column = "source"};

START_TEST(yaml_is_read_by_a_key)
{
	ck_assert_str_eq(read_text("l.yaml",
				 "proposal:\n  - source: acl\n    why: x\n"
				 "  - source: [bash, zlib=1.2]\n"
				 "more:\n  source:\n    openssl: {why: y}\n    attr:\n",
				 &source_key),
		"acl - 2\nattr - 8\nbash - 4\nopenssl - 7\nzlib 1.2 5\nkind 0\n");
	ck_assert_str_eq(
		read_text("l.yml", "- acl\n- bash\n", NULL), "acl - 1\nbash - 2\nkind 0\n");
	ck_assert_ptr_nonnull(strstr(
		read_text("l.yaml", "x: [acl]\n", NULL), "say with --column under which key"));
	ck_assert_ptr_nonnull(strstr(
		read_text("l.yaml", "x: [acl]\n", &source_key), "no key \"source\" stands in it"));
	ck_assert_ptr_nonnull(
		strstr(read_text("l.yaml", "source: [acl\n", &source_key), "l.yaml:"));
	ck_assert_ptr_nonnull(
		strstr(read_text("l.yaml", "source: [[acl]]\n", &source_key), "l.yaml:1:10"));
}
END_TEST

#define NS "xmlns:x=\"urn:x\" xmlns:r=\"urn:r\""

static const struct entry workbook[] = {
	{"[Content_Types].xml", "<Types/>"},
	{"xl/worksheets/sheet1.xml",
		"<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>1</v></c></row>"
		"</sheetData></worksheet>"},
	{"xl/worksheets/sheet2.xml",
		"<x:worksheet " NS "><x:sheetData><x:row r=\"2\"><x:c r=\"B2\" t=\"s\"><x:v>0</x:v>"
		"</x:c><x:c r=\"D2\" t=\"inlineStr\"><x:is><x:t>version</x:t></x:is></x:c></x:row>"
		"<x:row r=\"4\"><x:c r=\"B4\" t=\"str\"><x:f>A1</x:f><x:v>acl</x:v></x:c>"
		"<x:c r=\"D4\"><x:v>2.3</x:v></x:c></x:row><x:row r=\"5\"><x:c r=\"B5\" t=\"s\">"
		"<x:v>2</x:v></x:c></x:row></x:sheetData></x:worksheet>"},
	{"xl/_rels/workbook.xml.rels",
		"<Relationships><Relationship Id=\"rId7\" Target=\"worksheets/sheet1.xml\"/>"
		"<Relationship Id=\"rId9\" Target=\"/xl/worksheets/sheet2.xml\"/></Relationships>"},
	{"xl/workbook.xml",
		"<workbook " NS "><sheets><sheet name=\"Packages\" r:id=\"rId9\"/>"
		"<sheet name=\"Notes\" r:id=\"rId7\"/></sheets></workbook>"},
	{"xl/sharedStrings.xml",
		"<sst><si><r><t>Source</t></r><r><t> package</t></r><rPh><t>no</t></rPh></si>"
		"<si><t>what</t></si><si><t>b&#97;sh</t></si></sst>"},
};

START_TEST(a_workbook_has_a_sheet_with_a_column)
{
	make_archive("w.xlsx", true, workbook, ARRAY_SIZE(workbook));
	ck_assert_str_eq(read_list("w.xlsx", NULL), "acl 2.3 4\nbash - 5\nkind 1\n");
	ck_assert_str_eq(read_list("w.xlsx", &(struct package_list_options){.sheet = "Packages"}),
		"acl 2.3 4\nbash - 5\nkind 1\n");
	ck_assert_str_eq(read_list("w.xlsx", &(struct package_list_options){.sheet = "Notes"}),
		"4: w.xlsx: it has no column \"package\" (--column); its first row says: what");
	ck_assert_str_eq(read_list("w.xlsx", &(struct package_list_options){.sheet = "Other"}),
		"4: w.xlsx: it has no sheet Other; it has: Packages, Notes");
}
END_TEST

static char *read_with(size_t at, const char *text)
{
	struct entry entries[ARRAY_SIZE(workbook)];

	memcpy(entries, workbook, sizeof(workbook));
	entries[at].text = text;
	make_archive("w.xlsx", true, entries, ARRAY_SIZE(entries));
	return read_list("w.xlsx", NULL);
}

START_TEST(a_workbook_that_cannot_be_read_says_why)
{
	ck_assert_ptr_nonnull(
		strstr(read_with(4, "<!DOCTYPE a [<!ENTITY b SYSTEM \"/etc/passwd\">]><workbook/>"),
			"a document type declaration, which is refused"));
	ck_assert_ptr_nonnull(
		strstr(read_with(4, "<workbook><sheets>"), "xl/workbook.xml: line 1"));
	ck_assert_ptr_nonnull(strstr(read_with(4, "<workbook/>"), "it has no sheet; it has: none"));
	ck_assert_ptr_nonnull(strstr(read_with(3, "<Relationships/>"), "where its sheet is"));
	ck_assert_ptr_nonnull(strstr(read_with(5, "<sst/>"), "a text that is not there"));
	ck_assert_ptr_nonnull(strstr(read_with(2, "<w><row r=\"3\"/><row r=\"3\"/></w>"),
		"a row \"3\" out of its place"));
	ck_assert_ptr_nonnull(strstr(
		read_with(2, "<w><row><c r=\"B1\"/><c r=\"A1\"/></row></w>"), "a cell \"A1\""));
	make_archive("w.xlsx", true, workbook, 2);
	ck_assert_ptr_nonnull(
		strstr(read_list("w.xlsx", NULL), "there is no xl/workbook.xml in it"));
	make_file("w.xlsx", "PK\3\4 and nothing", 16);
	ck_assert_ptr_nonnull(strstr(read_list("w.xlsx", NULL), "w.xlsx: "));
}
END_TEST

static const struct entry image[] = {
	{"./var/lib/dpkg/status",
		"Package: acl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.3\n\n"
		"Package: bash\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: "
		"5\n"},
	{"./var/lib/dpkg/info/acl.list", "/.\n"},
	{"./var/lib/dpkg/info/libacl1:amd64.list", "/.\n"},
	{"./var/lib/dpkg/info/libacl1:amd64.md5sums", "\n"},
	{"./srv/var/lib/dpkg/info/other.list", "/.\n"},
};

START_TEST(an_image_is_read_by_what_dpkg_keeps_in_it)
{
	make_archive("i.tar", false, image, ARRAY_SIZE(image));
	ck_assert_str_eq(read_list("i.tar", NULL), "acl 2.3 1\nkind 2\n");
	/* Its status is there, and what is behind it is cut off. */
	ck_assert_int_eq(truncate("i.tar", 1800), 0);
	ck_assert_str_eq(read_list("i.tar", NULL), "NOT WHOLE\nacl 2.3 1\nkind 2\n");
	make_archive("i.tar", false, image + 1, ARRAY_SIZE(image) - 1);
	ck_assert_ptr_nonnull(strstr(read_list("i.tar", NULL), "no var/lib/dpkg/status was found"));
}
END_TEST

START_TEST(an_index_has_names)
{
	struct tempfile out = TEMPFILE_INIT;
	struct indexed indexed;
	struct error err = {0};

	make_archive("i.tar", false, image, ARRAY_SIZE(image));
	int fd = open("i.tar", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(tempfile_open(&out, "i.tar.idx", 0644, &err), STATUS_OK);
	ck_assert_msg(dbdiff_index("i.tar", fd, &limits_default, &out, &indexed, &err) == STATUS_OK,
		"%s", err.text);
	ck_assert_int_eq(tempfile_commit(&out, &err), STATUS_OK);
	tempfile_release(&out);
	close(fd);
	ck_assert_str_eq(read_list("i.tar.idx", NULL), "acl - 1\nlibacl1 - 2\nkind 2\n");
	ck_assert_int_eq(truncate("i.tar.idx", 600), 0);
	ck_assert_ptr_nonnull(strstr(read_list("i.tar.idx", NULL), "i.tar.idx: "));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("package_list");
	TCase *tcase = tcase_create("package_list");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, lines_are_a_list);
	tcase_add_test(tcase, a_table_has_a_column_of_names);
	tcase_add_test(tcase, a_table_that_cannot_be_read_says_why);
	tcase_add_test(tcase, yaml_is_read_by_a_key);
	tcase_add_test(tcase, a_workbook_has_a_sheet_with_a_column);
	tcase_add_test(tcase, a_workbook_that_cannot_be_read_says_why);
	tcase_add_test(tcase, an_image_is_read_by_what_dpkg_keeps_in_it);
	tcase_add_test(tcase, an_index_has_names);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
