/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/format/filesystem_end.h"
#include "tests/unit/indexing_format.h"

#define UUID "5d6bb0a2-7bb7-4b4c-8d0e-7a8f00112233"
#define SALT "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* seal FILE OPTION...: the tree behind the data, and the root hash in FILE.root. */
#define SEAL                                                                                       \
	"seal() { f=$1; s=$(stat -c %s $f); shift; b=4096; case \"$*\" in *size=1024*) b=1024;; "  \
	"esac; veritysetup format $f $f --hash-offset=$s --data-blocks=$((s / b))"                 \
	" --uuid=" UUID " \"$@\" | sed -n 's/^Root hash:[[:space:]]*//p' >$f.root; "               \
	"test -s $f.root; };"                                                                      \
	"tree() { mkdir -p tree/etc; echo hello >tree/etc/a;"                                      \
	" openssl enc -aes-128-ctr -nosalt -pass pass:x -md sha256 -in /dev/zero 2>/dev/null |"    \
	" head -c 3000000 >tree/big; };"                                                           \
	"squash() { o=$1; shift; mksquashfs tree $o -quiet -no-progress -noappend -all-time 0 "    \
	"-mkfs-time 0 "                                                                            \
	"-comp gzip -Xcompression-level 1 \"$@\" >/dev/null; };"                                   \
	"poke() { printf \"$3\" | dd of=$1 bs=1 seek=$2 conv=notrunc status=none; };"

static uint64_t size_of(const char *name)
{
	struct stat info;
	char *path = path_join(comparing.directory, name);

	ck_assert_int_eq(stat(path, &info), 0);
	free(path);
	return (uint64_t)info.st_size;
}

/* What veritysetup said is the root hash of an image. */
static const char *root_of(const char *name)
{
	static char text[200];
	char *path = xasprintf("%s/%s.root", comparing.directory, name);
	char *data = NULL;
	size_t len;

	ck_assert_int_eq(
		path_read_file(path, sizeof(text), &data, &len, &comparing.err), STATUS_OK);
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(data, "\n"), data);
	free(data);
	free(path);
	return text;
}

static void expect_fits(const char *name)
{
	index_file(name);
	index_assert_covered(INDEX_ARTIFACT_ID, size_of(name));
	expect_field(name, "verity-uuid", UUID);
	expect_field(name, "verity-root", root_of(name));
	expect_field(name, "verity-tree-invalid", NULL);
	ck_assert_int_eq(index_number("SELECT count(*) FROM region WHERE container = 1 AND"
				      " name = 'verity-tree' AND kind = 3"),
		1);
	ck_assert_int_eq(index_number("SELECT count(*) FROM region WHERE container = 1 AND name IN"
				      " ('verity-gap', 'trailing-data', 'verity-tree-invalid')"),
		0);
}

static const struct {
	const char *name, *options;
} forms[] = {
	{"plain", "--salt=" SALT},
	{"cip", "--salt=" SALT " --data-block-size=1024 --hash-block-size=1024"},
	{"mixed", "--salt=" SALT " --data-block-size=1024 --hash-block-size=4096"},
	{"unsalted", "--salt=-"},
	{"chrome", "--salt=" SALT " --format=0"},
	{"sha1", "--salt=" SALT " --hash=sha1"},
	{"sha1-chrome", "--salt=" SALT " --hash=sha1 --format=0"},
	{"sha384", "--salt=aa --hash=sha384"},
	{"sha512", "--salt=" SALT " --hash=sha512"},
};

START_TEST(computes_the_tree_that_veritysetup_made)
{
	char *script = xasprintf("%s tree; squash x; seal x %s; head -c 7000 /dev/zero >>x", SEAL,
		forms[_i].options);

	shell(script);
	free(script);
	expect_fits("x");
	ck_assert_int_eq(index_number("SELECT count(*) FROM member WHERE container = 1"), 1);
	expect_field("data", "type", "data that the hash tree protects");
	ck_assert_int_eq(index_number("SELECT count(*) FROM member WHERE format = 'squashfs'"), 1);
	ck_assert_int_eq(
		index_number("SELECT count(*) FROM member WHERE path = CAST('etc/a' AS BLOB)"), 1);
	if (strcmp(forms[_i].name, "plain") == 0)
		expect_field("x", "verity-salt", SALT);
}
END_TEST

START_TEST(says_what_every_byte_is)
{
	struct buffer expected = {0};
	uint64_t at, tree;

	shell(SEAL "tree; squash x; cp x data; seal x --salt=aabb; cp x y; head -c 7000 /dev/zero "
		   ">>y");
	index_file("y");
	at = size_of("data");
	tree = size_of("x") - at - 4096;
	buffer_add_format(&expected, "0+%" PRIu64 " content data of data@0\n", at);
	buffer_add_format(&expected, "%" PRIu64 "+16 structure verity-header\n", at);
	buffer_add_format(&expected, "%" PRIu64 "+16 structure verity-uuid\n", at + 16);
	buffer_add_format(&expected, "%" PRIu64 "+32 structure verity-algorithm\n", at + 32);
	buffer_add_format(&expected, "%" PRIu64 "+4 structure verity-data-block-size\n", at + 64);
	buffer_add_format(&expected, "%" PRIu64 "+4 structure verity-hash-block-size\n", at + 68);
	buffer_add_format(&expected, "%" PRIu64 "+8 structure verity-data-blocks\n", at + 72);
	buffer_add_format(&expected, "%" PRIu64 "+2 structure verity-salt\n", at + 80);
	buffer_add_format(&expected, "%" PRIu64 "+6 structure verity-header\n", at + 82);
	buffer_add_format(&expected, "%" PRIu64 "+2 structure verity-salt\n", at + 88);
	buffer_add_format(&expected, "%" PRIu64 "+422 structure verity-header\n", at + 90);
	buffer_add_format(&expected, "%" PRIu64 "+3584 structure padding\n", at + 512);
	buffer_add_format(
		&expected, "%" PRIu64 "+%" PRIu64 " derived verity-tree\n", at + 4096, tree);
	buffer_add_format(&expected, "%" PRIu64 "+7000 structure padding\n", at + 4096 + tree);
	ck_assert_str_eq(index_regions(INDEX_ARTIFACT_ID), buffer_text(&expected));
	buffer_release(&expected);
}
END_TEST

static const struct {
	const char *make, *format;
} filesystems[] = {
	{"mke2fs -q -t ext4 -d tree x 16M", "ext4"},
	{"mkfs.erofs x tree >/dev/null 2>&1", NULL},
	{"truncate -s 8M x; mkfs.fat x >/dev/null", NULL},
	/* Its end is no multiple of a block: the superblock is at the next one. */
	{"squash x -nopad; truncate -s %4096 x", "squashfs"},
	{"squash x -nopad; truncate -s %1024 x; set -- --data-block-size=1024 "
	 "--hash-block-size=1024",
		"squashfs"},
};

START_TEST(finds_it_behind_each_file_system)
{
	char *script =
		xasprintf("%s tree; %s; seal x --salt=" SALT " \"$@\"; truncate -s +100000 x", SEAL,
			filesystems[_i].make);

	shell(script);
	free(script);
	expect_fits("x");
	if (filesystems[_i].format != NULL) {
		char *sql = xasprintf(
			"SELECT count(*) FROM member WHERE format = '%s'", filesystems[_i].format);

		ck_assert_int_eq(index_number(sql), 1);
		free(sql);
	}
}
END_TEST

START_TEST(reads_a_tree_whose_data_is_elsewhere)
{
	shell(SEAL "tree; squash x; veritysetup format x x.hash --uuid=" UUID " --salt=" SALT
		   " | sed -n 's/^Root hash:[[:space:]]*//p' >x.hash.root; test -s x.hash.root");
	index_file("x.hash");
	index_assert_covered(INDEX_ARTIFACT_ID, size_of("x.hash"));
	expect_field("x.hash", "verity-root", root_of("x.hash"));
	expect_field(
		"x.hash", "verity-data", "elsewhere: the hashes of the data could not be computed");
	ck_assert_str_eq(index_members(INDEX_ARTIFACT_ID), "");
	expect_has(index_regions(INDEX_ARTIFACT_ID), "4096+4096 derived verity-tree\n");
	expect_has(index_regions(INDEX_ARTIFACT_ID), " structure verity-hashes\n");
	/* Its top is wrong, and then its lowest level, which nothing here can tell. */
	shell(SEAL "poke x.hash 4100 X");
	index_file("x.hash");
	expect_field("x.hash", "verity-tree-invalid", "does not fit from level 1 block 0 on");
	expect_field("x.hash", "verity-root", root_of("x.hash"));
}
END_TEST

START_TEST(one_block_of_data_has_no_tree)
{
	shell(SEAL "mkdir tree; echo a >tree/a; squash x; test $(stat -c %s x) = 4096; seal x "
		   "--salt=" SALT);
	index_file("x");
	expect_field("x", "verity-root", root_of("x"));
	index_assert_covered(INDEX_ARTIFACT_ID, size_of("x"));
}
END_TEST

START_TEST(names_the_first_block_that_does_not_fit)
{
	shell(SEAL "tree; squash x; cp x data; seal x --salt=" SALT
		   "; cp x bad; poke bad $((4096 * 7 + 5)) '\\001\\002\\003'");
	index_file("bad");
	expect_field("bad", "verity-tree-invalid", "does not fit from data block 7 on");
	ck_assert_str_ne(indexed_field("bad", "verity-root"), root_of("x"));
	index_assert_covered(INDEX_ARTIFACT_ID, size_of("bad"));
	expect_has(index_regions(INDEX_ARTIFACT_ID), " structure verity-tree-invalid\n");
	/* The tree's top, the fill behind the hashes in it, and a hash in the lowest level. */
	shell(SEAL "s=$(stat -c %s data); cp x bad; poke bad $((s + 4096 + 3)) '\\001\\002'");
	index_file("bad");
	expect_field("bad", "verity-tree-invalid", "does not fit from level 1 block 0 on");
	expect_field("bad", "verity-root", root_of("x"));
	shell(SEAL "s=$(stat -c %s data); cp x bad; poke bad $((s + 8191)) '\\001'");
	index_file("bad");
	expect_field("bad", "verity-tree-invalid",
		"does not fit from level 1 block 0, behind its hashes on");
	shell(SEAL
		"s=$(stat -c %s data); cp x bad; poke bad $((s + 8192 + 4096 + 64)) '\\001\\002'");
	index_file("bad");
	expect_field("bad", "verity-tree-invalid", "does not fit from data block 130 on");
}
END_TEST

START_TEST(names_bytes_that_nothing_protects)
{
	shell(SEAL "tree; squash x; s=$(stat -c %s x); veritysetup format x x --hash-offset=$s"
		   " --data-blocks=$((s / 4096 - 2)) >/dev/null; printf behind >>x");
	index_file("x");
	index_assert_covered(INDEX_ARTIFACT_ID, size_of("x"));
	expect_has(index_regions(INDEX_ARTIFACT_ID), " structure verity-gap\n");
	expect_has(index_regions(INDEX_ARTIFACT_ID), "+6 structure trailing-data\n");
}
END_TEST

START_TEST(leaves_a_hash_it_does_not_know_unchecked)
{
	shell(SEAL "tree; squash x; seal x --hash=sha3-256");
	index_file("x");
	index_assert_covered(INDEX_ARTIFACT_ID, size_of("x"));
	expect_field("x", "verity-root", NULL);
	expect_field(
		"x", "verity-unchecked", "the tree was not computed: the hash is not known here");
	expect_field("x", "verity-algorithm", "sha3-256");
	ck_assert_int_eq(index_number("SELECT count(*) FROM member WHERE format = 'squashfs'"), 1);
}
END_TEST

START_TEST(without_a_superblock_it_is_a_file_system)
{
	shell(SEAL "tree; squash x; s=$(stat -c %s x);"
		   "veritysetup format x x --hash-offset=$s --data-blocks=$((s / 4096)) "
		   "--no-superblock >/dev/null");
	index_file("x");
	ck_assert_int_eq(index_number("SELECT format = 'squashfs' FROM member WHERE id = 1"), 1);
	expect_field("x", "verity-uuid", NULL);
}
END_TEST

START_TEST(tells_what_differs)
{
	shell(SEAL "tree; squash a; cp a b; seal a --salt=aa; seal b --salt=bb");
	ck_assert_int_eq(compare_fds(file_open("a"), file_open("b")), STATUS_OK);
	expect_has(buffer_text(&comparing.text), " t verity-salt verity-root verity-tree");
}
END_TEST

START_TEST(a_truncated_tree_is_told)
{
	shell(SEAL "tree; squash x; seal x --salt=aa; truncate -s -4096 x");
	index_file("x");
	ck_assert_int_eq(index_number("SELECT count(*) FROM member WHERE id = 1 AND inspected = 0"
				      " AND reason LIKE 'verity: short read: the tree ends at%'"),
		1);
	ck_assert_int_eq(index_number("SELECT count(*) FROM member WHERE format = 'squashfs'"), 1);
}
END_TEST

/* Whatever the superblock says, it ends, and within bounds. */
START_TEST(survives_every_byte_of_the_superblock)
{
	static const unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff};
	struct source *source;
	char *path, *data = NULL;
	size_t len, at;
	int refused = 0;

	shell(SEAL "mkdir tree; echo a >tree/a; squash x; truncate -s 12288 x; seal x --salt=aa");
	path = path_join(comparing.directory, "x");
	ck_assert_int_eq(path_read_file(path, 1 << 20, &data, &len, &comparing.err), STATUS_OK);
	free(path);
	for (at = 12288; at < 12288 + 100; at++) {
		char before = data[at];

		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			enum status status;

			data[at] = (char)values[i];
			source = source_memory_new(data, len);
			status = index_as(&format_verity, "x", source);
			refused += status < 0;
			ck_assert(status == STATUS_END || status == STATUS_FORMAT);
			source_free(source);
		}
		data[at] = before;
	}
	ck_assert_int_gt(refused, 50);
	free(data);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("verity");
	TCase *tcase = tcase_create("verity");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, comparing_setup, comparing_teardown);
	tcase_add_loop_test(
		tcase, computes_the_tree_that_veritysetup_made, 0, (int)ARRAY_SIZE(forms));
	tcase_add_test(tcase, says_what_every_byte_is);
	tcase_add_loop_test(
		tcase, finds_it_behind_each_file_system, 0, (int)ARRAY_SIZE(filesystems));
	tcase_add_test(tcase, reads_a_tree_whose_data_is_elsewhere);
	tcase_add_test(tcase, one_block_of_data_has_no_tree);
	tcase_add_test(tcase, names_the_first_block_that_does_not_fit);
	tcase_add_test(tcase, names_bytes_that_nothing_protects);
	tcase_add_test(tcase, leaves_a_hash_it_does_not_know_unchecked);
	tcase_add_test(tcase, without_a_superblock_it_is_a_file_system);
	tcase_add_test(tcase, tells_what_differs);
	tcase_add_test(tcase, a_truncated_tree_is_told);
	tcase_add_test(tcase, survives_every_byte_of_the_superblock);
	return run_cases(suite);
}
