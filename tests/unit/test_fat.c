/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/stat.h>

#include "dbdiff/format/bytes.h"
#include "tests/unit/index_fields.h"

/*
 * fat NAME SIZE OPTION...: an image with a tree in it. A name with both cases, one in lower case
 * (flags of the short name), a long one, one that is not ASCII, empty files, and a directory of
 * more than one cluster.
 */
#define FAT                                                                                         \
	"export LC_ALL=C.UTF-8; rm -rf tree; mkdir -p tree/EFI/Boot tree/many;"                     \
	"echo loader >tree/EFI/Boot/bootx64.efi; seq 5000 >'tree/a name that is long.text';"        \
	"printf x >tree/Grüße; echo up >tree/UPPER.TXT; echo low >tree/lower.txt; : >tree/empty;" \
	"for i in $(seq 90); do echo $i >tree/many/entry-number-$i; done;"                          \
	"find tree | tr '\\n' '\\0' | xargs -0 touch -d '2020-01-02 03:04:06';"                     \
	"fat() { rm -f $1; truncate -s $2 $1; name=$1; shift 2; TZ=UTC mkfs.fat --invariant -i "    \
	"9876fedc -n "                                                                              \
	"LABEL"                                                                                     \
	" \"$@\" $name >/dev/null; TZ=UTC mcopy -s -m -i $name tree/* ::; };"

static const char paths[] = "EFI\n"
			    "EFI/Boot\n"
			    "EFI/Boot/bootx64.efi\n"
			    "Grüße\n"
			    "UPPER.TXT\n"
			    "a name that is long.text\n"
			    "empty\n"
			    "lower.txt\n"
			    "many\n";

static unsigned char *image;
static size_t image_len;

static void load(const char *name)
{
	char *path = path_join(comparing.directory, name);
	char *data = NULL;

	ck_assert_int_eq(path_read_file(path, (size_t)64 << 20, &data, &image_len, &comparing.err),
		STATUS_OK);
	free(image);
	image = (unsigned char *)data;
	free(path);
}

static void save(const char *name)
{
	char *path = path_join(comparing.directory, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, image, image_len), (ssize_t)image_len);
	close(fd);
	free(path);
}

/* The entry in the image that has this short name, as it is stored. */
static unsigned char *entry_of(const char *name)
{
	unsigned char *entry = memmem(image, image_len, name, 11);

	ck_assert_msg(entry != NULL, "no entry %s", name);
	return entry;
}

static unsigned cluster_of(const char *name)
{
	return bytes_le16(entry_of(name) + 26);
}

static void put(uint64_t offset, unsigned number)
{
	image[offset] = (unsigned char)number;
	image[offset + 1] = (unsigned char)(number >> 8);
}

static void put_cluster(const char *name, unsigned cluster)
{
	put((uint64_t)(entry_of(name) - image) + 26, cluster);
}

/* Where the first region of this name is. */
static uint64_t region_start(const char *name)
{
	sqlite3_stmt *statement = index_select(
		"SELECT start FROM region WHERE container = 1 AND name = ?1 ORDER BY start");
	uint64_t start;

	sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	ck_assert_msg(sqlite3_step(statement) == SQLITE_ROW, "no region %s", name);
	start = (uint64_t)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return start;
}

/* Where the content of a file begins. */
static uint64_t content_start(const char *path)
{
	sqlite3_stmt *statement = index_select(
		"SELECT start FROM region, member WHERE region.container = 1 AND kind = 0 AND"
		" member.container = 1 AND owner = position AND path = CAST(?1 AS BLOB)");
	uint64_t start;

	sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
	ck_assert_msg(sqlite3_step(statement) == SQLITE_ROW, "no content of %s", path);
	start = (uint64_t)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return start;
}

static void check_image(const char *name, const char *type, uint64_t size)
{
	sqlite3_stmt *statement;
	struct buffer listed = {0};

	index_file(name);
	ck_assert_str_eq(index_outcome(name), "fat");
	assert_field(name, "fat-type", type);
	assert_field(name, "volume-id", "9876-fedc");
	assert_field(name, "oem-name", "mkfs.fat");
	assert_field(name, "boot-label", "LABEL      ");
	assert_field(name, "filesystem-label", "LABEL      ");
	ck_assert_ptr_nonnull(index_field(name, "filesystem-label-time"));
	assert_no_field(name, "allocation-table-copy");
	assert_no_field(name, "lost-clusters");
	assert_no_field(name, "bad-clusters");
	assert_no_field(name, "surplus-clusters");
	assert_no_field(name, "fsinfo-free-invalid");
	assert_no_field(name, "fsinfo-next-invalid");
	assert_no_field(name, "backup-boot-sector");
	index_assert_covered(1, size);
	statement = index_select("SELECT path FROM member WHERE container = 1 AND instr(path, "
				 "CAST('many/' AS BLOB)) = 0"
				 " ORDER BY path");
	while (sqlite3_step(statement) == SQLITE_ROW)
		buffer_add_format(&listed, "%.*s\n", sqlite3_column_bytes(statement, 0),
			(const char *)sqlite3_column_blob(statement, 0));
	sqlite3_finalize(statement);
	ck_assert_str_eq(buffer_text(&listed), paths);
	buffer_release(&listed);
	ck_assert_int_eq(index_number("SELECT count(*) FROM member WHERE container = 1"), 99);
	assert_field("UPPER.TXT", "mtime", "2020-01-02T03:04:06");
	assert_field("UPPER.TXT", "type", "file");
	assert_field("UPPER.TXT", "attributes", "archive");
	assert_field("EFI", "type", "directory");
	assert_field("a name that is long.text", "short-name", "ANAMET~1.TEX");
	assert_field("many/entry-number-7", "mtime", "2020-01-02T03:04:06");
}

/* What was read of every file is what is in the tree. */
static void check_digests(void)
{
	sqlite3_stmt *statement = index_select("SELECT hex(sha256) || '  ' || CAST(path AS TEXT)"
					       " FROM member WHERE container = 1 AND content = 1");
	char *path = path_join(comparing.directory, "sums");
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	while (sqlite3_step(statement) == SQLITE_ROW)
		fprintf(file, "%s\n", (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	ck_assert_int_eq(fclose(file), 0);
	free(path);
	shell("cd tree; test $(wc -l <../sums) = $(find . -type f | wc -l);"
	      " sha256sum --quiet --strict -c ../sums");
}

START_TEST(fat12)
{
	shell(FAT "fat image 2M -F 12");
	check_image("image", "FAT12", 2 << 20);
	check_digests();
}
END_TEST

START_TEST(fat16)
{
	shell(FAT "fat image 20M -F 16 -f 2 -s 4");
	check_image("image", "FAT16", 20 << 20);
	check_digests();
	expect_has(index_regions(1), " derived allocation-table-copy\n");
	expect_has(index_regions(1), "39+4 structure volume-id\n43+11 structure boot-label\n");
}
END_TEST

START_TEST(fat32)
{
	shell(FAT "fat image 40M -F 32");
	check_image("image", "FAT32", 40 << 20);
	check_digests();
	expect_has(index_regions(1), "3072+512 derived backup-boot-sector\n");
	expect_has(index_regions(1), "1000+4 derived fsinfo-free\n");
	expect_has(index_regions(1), "67+4 structure volume-id\n");
}
END_TEST

START_TEST(large_sectors)
{
	shell(FAT "fat image 40M -S 4096 -s 2");
	check_image("image", "FAT16", 40 << 20);
	check_digests();
}
END_TEST

/* A file whose clusters do not follow one another, and entries and clusters that are free again. */
START_TEST(fragments_and_deleted)
{
	shell(FAT
		"fat image 2M -F 12 -s 1; head -c 20000 /dev/urandom >tree/big; mdel -i image"
		" ::many/entry-number-1 ::many/entry-number-5 ::many/entry-number-20"
		" '::a name that is long.text'; rm tree/many/entry-number-1"
		" tree/many/entry-number-5 tree/many/entry-number-20 tree/a*; mcopy -i image"
		" tree/big ::; i=0; while mcopy -i image tree/big ::fill$i 2>/dev/null; do"
		" cp tree/big tree/fill$i; i=$((i + 1)); done; mdel -i image ::many/entry-number-30"
		" ::many/entry-number-40 ::many/entry-number-60; rm tree/many/entry-number-[346]0;"
		" head -c 1500 /dev/urandom >tree/odd; mcopy -i image tree/odd ::");
	index_file("image");
	ck_assert_str_eq(index_outcome("image"), "fat");
	index_assert_covered(1, 2 << 20);
	check_digests();
	ck_assert_int_eq(index_number("SELECT count(*) FROM region, member WHERE kind = 0 AND"
				      " member.container = 1 AND owner = position AND"
				      " path = CAST('odd' AS BLOB)"),
		3);
	expect_has(index_regions(1), " structure deleted-entries\n");
	expect_has(index_regions(1), " structure free-space\n");
	expect_has(index_regions(1), " structure file-slack\n");
}
END_TEST

START_TEST(names_are_case_flags)
{
	shell(FAT "fat image 2M");
	index_file("image");
	load("image");
	entry_of("UPPER   TXT")[12] = 0x08;
	entry_of("UPPER   TXT")[0] = 0x05;
	save("flags");
	index_file("flags");
	assert_field("\xe5"
		     "pper.TXT",
		"name-case", "0x08");
}
END_TEST

START_TEST(differences_are_named)
{
	shell(FAT "fat a 20M; ");
	index_file("a");
	load("a");
	image[content_start("lower.txt")]++;
	save("b");
	compare_fds(file_open("a"), file_open("b"));
	expect_has(buffer_text(&comparing.text), "content t//lower.txt");
	ck_assert_ptr_null(strstr(buffer_text(&comparing.text), "UPPER"));
	load("a");
	image[39]++;
	save("id");
	compare_fds(file_open("a"), file_open("id"));
	expect_has(buffer_text(&comparing.text), " t volume-id");
	load("a");
	entry_of("UPPER   TXT")[22] ^= 1;
	save("time");
	compare_fds(file_open("a"), file_open("time"));
	expect_has(buffer_text(&comparing.text), "metadata t//UPPER.TXT mtime");
	ck_assert_ptr_null(strstr(buffer_text(&comparing.text), "lower"));
}
END_TEST

/* Copies that do not hold what they copy are no longer derived. */
START_TEST(copies)
{
	shell(FAT "fat a 40M -F 32");
	index_file("a");
	load("a");
	image[region_start("allocation-table-copy") + 100]++;
	image[region_start("backup-boot-sector") + 3]++;
	image[region_start("fsinfo-free")]++;
	save("b");
	index_file("b");
	assert_field("b", "allocation-table-unlike", "not the same as the table");
	assert_field("b", "backup-boot-sector", "not the same as the boot sector");
	ck_assert_ptr_nonnull(index_field("b", "fsinfo-free-invalid"));
	expect_has(index_regions(1), " structure allocation-table-unlike\n");
	expect_has(index_regions(1), " structure backup-boot-sector\n");
	expect_has(index_regions(1), " structure fsinfo-free-invalid\n");
	index_assert_covered(1, 40 << 20);
}
END_TEST

/* mtools keep both numbers right, whatever they write or delete; 0xffffffff says nothing. */
START_TEST(free_clusters_are_counted)
{
	uint64_t at;

	shell(FAT "fat a 40M -F 32 -s 1; mdel -i a ::UPPER.TXT; mdeltree -i a ::many; "
		  "mmd -i a ::new; mcopy -o -i a tree/UPPER.TXT ::new");
	index_file("a");
	assert_no_field("a", "fsinfo-free-invalid");
	assert_no_field("a", "fsinfo-next-invalid");
	at = region_start("fsinfo-next");
	load("a");
	put(at + 2, 0x7fff);
	save("b");
	index_file("b");
	ck_assert_ptr_nonnull(index_field("b", "fsinfo-next-invalid"));
	expect_has(index_regions(1), "+4 structure fsinfo-next-invalid\n");
	load("a");
	memset(image + at - 4, 0xff, 8);
	save("b");
	index_file("b");
	assert_field("b", "fsinfo-free", "unknown");
	assert_no_field("b", "fsinfo-free-invalid");
	assert_no_field("b", "fsinfo-next-invalid");
}
END_TEST

/* Clusters that no file has, and one that a file has no use for. */
START_TEST(no_cluster_is_passed_over)
{
	uint64_t table;
	unsigned last;

	shell(FAT "fat a 20M -F 16 -s 4");
	index_file("a");
	table = region_start("allocation-flags");
	load("a");
	put(table + 2 * 5000, 0xfff7);
	save("bad");
	index_file("bad");
	assert_field("bad", "bad-clusters", "1");
	expect_has(index_regions(1), " structure allocation-table-invalid\n");
	load("a");
	last = cluster_of("LOWER   TXT");
	put(table + 2 * last, 5000);
	put(table + 2 * 5000, 0xffff);
	save("long");
	index_file("long");
	assert_field("long", "surplus-clusters", "1");
	assert_no_field("long", "lost-clusters");
	expect_has(index_regions(1), " structure allocation-table-invalid\n");
	index_assert_covered(1, 20 << 20);
}
END_TEST

static void expect_refused(const char *text)
{
	save("bad");
	index_file("bad");
	ck_assert_msg(strstr(index_outcome("bad"), text) != NULL, "%s is not in %s", text,
		index_outcome("bad"));
}

/* FAT16, so that entries are easy to write. */
START_TEST(hostile)
{
	uint64_t table;
	unsigned big;

	shell(FAT "fat a 20M -F 16 -s 4");
	index_file("a");
	table = region_start("allocation-flags");
	load("a");
	big = cluster_of("ANAMET~1TEX");
	/* The second cluster leads back to the first. */
	put(table + 2 * (big + 1), big);
	expect_refused("is used twice");
	put(table + 2 * (big + 1), 1);
	expect_refused("breaks off at");
	put(table + 2 * (big + 1), 0);
	expect_refused("breaks off at");
	put(table + 2 * (big + 1), 0xfff7);
	expect_refused("breaks off at");
	put(table + 2 * (big + 1), 0xffff);
	expect_refused("bytes and clusters for");
	put(table + 2 * (big + 1), big + 2);
	/* Two files begin in one cluster. */
	put_cluster("UPPER   TXT", big);
	expect_refused("is used twice");
	/* A directory that leads to itself, to nothing, and behind the end. */
	load("a");
	put_cluster("BOOT       ", cluster_of("EFI        "));
	expect_refused("is used twice");
	put_cluster("BOOT       ", 0);
	expect_refused("a directory without a cluster");
	put_cluster("BOOT       ", 0xffee);
	expect_refused("is not there");
	/* Names that no kernel would give. */
	load("a");
	memcpy(entry_of("UPPER   TXT"), "UP/ER   TXT", 11);
	expect_refused("has a slash");
	/* A boot sector that asks for more than there is. */
	load("a");
	image_len /= 2;
	expect_refused("short read");
	image_len *= 2;
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fat");
	TCase *tests = tcase_create("fat");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, comparing_setup, comparing_teardown);
	tcase_add_test(tests, fat12);
	tcase_add_test(tests, fat16);
	tcase_add_test(tests, fat32);
	tcase_add_test(tests, large_sectors);
	tcase_add_test(tests, fragments_and_deleted);
	tcase_add_test(tests, names_are_case_flags);
	tcase_add_test(tests, differences_are_named);
	tcase_add_test(tests, copies);
	tcase_add_test(tests, free_clusters_are_counted);
	tcase_add_test(tests, no_cluster_is_passed_over);
	tcase_add_test(tests, hostile);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
