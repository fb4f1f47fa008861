/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/bundle_read.h"
#include "snapshot/bundle_zstd.h"
#include "tests/unit/archive_fixture.h"

#define SUITE_PATH "archive/debian/20260711T101637Z/dists/stable/"
#define POOL_PATH  "archive/debian/20260711T101637Z/pool/"

/* A bundle's tar of these members, each of whose bytes are its name. */
static void tar_make(const char *const *names, size_t count, const char *more, struct buffer *tar)
{
	static const char zeros[2 * BUNDLE_BLOCK];
	struct bundle_manifest manifest = {0};
	struct buffer text = {0};

	for (size_t i = 0; i < count; i++) {
		struct bundle_entry entry = {.name = xstrdup(names[i]), .size = strlen(names[i])};

		ck_assert_msg(bundle_entry_classify(names[i], &entry.class, &err) == STATUS_OK,
			"%s", err.text);
		hash_memory(names[i], strlen(names[i]), &entry.digest);
		ARRAY_GROW(manifest.entries, manifest.count, manifest.capacity);
		manifest.entries[manifest.count++] = entry;
	}
	bundle_manifest_format(&manifest, &text);
	buffer_add_text(&text, more);
	bundle_header(BUNDLE_MANIFEST_NAME, text.len, tar);
	buffer_add(tar, text.data, text.len);
	buffer_add(tar, zeros, bundle_padding(text.len));
	for (size_t i = 0; i < count; i++) {
		bundle_header(names[i], strlen(names[i]), tar);
		buffer_add_text(tar, names[i]);
		buffer_add(tar, zeros, bundle_padding(strlen(names[i])));
	}
	buffer_add(tar, zeros, sizeof(zeros));
	buffer_release(&text);
	bundle_manifest_release(&manifest);
}

static const char *const names[] = {"lock", "pins/debian@20260711T101637Z", SUITE_PATH "InRelease",
	SUITE_PATH "main/binary-amd64/Packages.xz", POOL_PATH "a/a_1_all.deb",
	POOL_PATH
	"b/this-is-a-package-with-a-name-that-is-so-long-that-no-tar-header-of-1988-can-hold-it-"
	"neither-in-its-name-nor-in-name-and-prefix_1_all.deb"};

/* Reads all of it; *members is how many were whole. */
static enum status read_all(struct source *tar, size_t *members)
{
	struct bundle_reader reader;
	const struct bundle_entry *entry;
	enum status status = bundle_reader_open(tar, &reader, &err);

	*members = 0;
	while (status == STATUS_OK &&
		(status = bundle_reader_next(&reader, &entry, &err)) == STATUS_OK) {
		const unsigned char *data;
		size_t len = 1;

		while (status == STATUS_OK && len)
			status = bundle_reader_read(&reader, &data, &len, &err);
		*members += status == STATUS_OK;
	}
	if (status != STATUS_OK)
		bundle_reader_release(&reader);
	return status;
}

static enum status read_memory(const char *data, size_t len, size_t *members)
{
	struct source *tar = source_memory_new(data, len);
	enum status status = read_all(tar, members);

	source_free(tar);
	return status;
}

START_TEST(test_a_bundle_is_read_whole)
{
	struct buffer tar = {0};
	size_t members;

	tar_make(names, ARRAY_SIZE(names), "", &tar);
	ck_assert_msg(read_memory(tar.data, tar.len, &members) == STATUS_END, "%s", err.text);
	ck_assert_uint_eq(members, ARRAY_SIZE(names));
	buffer_release(&tar);
}
END_TEST

/* tar(1) reads the names as they are, whether they fit into a header or not. */
START_TEST(test_tar_reads_the_names)
{
	struct buffer tar = {0};
	char *path = in_top("x.tar");

	tar_make(names, ARRAY_SIZE(names), "", &tar);
	ck_assert_msg(tempfile_write_all(path, tar.data, tar.len, 0644, &err) == STATUS_OK, "%s",
		err.text);
	shell("[ \"$(tar -tf x.tar 2>&1 | wc -l)\" = 7 ]\n"
	      "tar -tf x.tar | tail -n +2 | while read -r name; do\n"
	      "	[ \"$(tar -xOf x.tar \"$name\")\" = \"$name\" ]; done\n"
	      "[ \"$(tar -tf x.tar | grep -c -e 'prefix_1_all.deb$')\" = 1 ]");
	free(path);
	buffer_release(&tar);
}
END_TEST

/* Every byte is accounted for: no other one does, and no less and no more of them. */
START_TEST(test_each_byte_counts)
{
	struct buffer tar = {0};
	size_t members;

	tar_make(names, ARRAY_SIZE(names), "", &tar);
	for (size_t i = 0; i < tar.len; i++) {
		tar.data[i] ^= 1;
		ck_assert_msg(read_memory(tar.data, tar.len, &members) < 0, "byte %zu", i);
		tar.data[i] ^= 1;
		ck_assert_msg(read_memory(tar.data, i, &members) < 0, "length %zu", i);
	}
	buffer_add_char(&tar, '\0');
	ck_assert_int_eq(read_memory(tar.data, tar.len, &members), STATUS_TRUST);
	buffer_release(&tar);
}
END_TEST

START_TEST(test_names_of_a_bundle)
{
	static const struct {
		const char *name;
		enum bundle_class class;
	} good[] = {
		{"lock", BUNDLE_LOCK},
		{"pins/a@20260711T101637Z", BUNDLE_PIN},
		{SUITE_PATH "InRelease", BUNDLE_RELEASE},
		{SUITE_PATH "Release.gpg", BUNDLE_RELEASE},
		{SUITE_PATH "updates/InRelease", BUNDLE_RELEASE},
		{SUITE_PATH "main/binary-amd64/Release", BUNDLE_INDEX},
		{SUITE_PATH "main/source/Sources.xz", BUNDLE_INDEX},
		{POOL_PATH "x", BUNDLE_POOL},
		{"git/a-b.c.bundle", BUNDLE_GIT},
	};
	static const char *const bad[] = {"", "MANIFEST", "lock/", "/lock", "../lock", "pins/a/b",
		"pins/", "archive/debian/x", "archive/debian/20260711T101637Z",
		"archive/debian/20260711T101637Z/", "archive/debian/yesterday/x", POOL_PATH "../x",
		POOL_PATH "a\nb", "git/.bundle", "git/a/b.bundle", "git/a.bundle.x",
		"git/a b.bundle"};
	enum bundle_class class;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		ck_assert_msg(bundle_entry_classify(good[i].name, &class, &err) == STATUS_OK, "%s",
			err.text);
		ck_assert_msg(class == good[i].class, "%s", good[i].name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(
			bundle_entry_classify(bad[i], &class, &err) == STATUS_FORMAT, "%s", bad[i]);
}
END_TEST

START_TEST(test_manifests_that_are_refused)
{
#define SUM "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA "0123456789012345678901234567890123456789"
	static const char *const bad[] = {"", "reproof-bundle-1", "reproof-bundle-2\n",
		"reproof-bundle-1\n\n", "reproof-bundle-1\r\n", "reproof-bundle-1\nlock\n",
		"reproof-bundle-1\n" SUM " 0 lock", "reproof-bundle-1\n" SUM " 0  lock\n",
		"reproof-bundle-1\n" SUM "  0 lock\n", "reproof-bundle-1\n" SUM " 00 lock\n",
		"reproof-bundle-1\n" SUM " -1 lock\n", "reproof-bundle-1\n" SUM " 0 ../lock\n",
		"reproof-bundle-1\n" SUM " 8589934592 lock\n",
		"reproof-bundle-1\n" SUM " 0 lock\n" SUM " 0 lock\n",
		"reproof-bundle-1\n" SUM " 0 pins/a@1\n" SUM " 0 lock\n",
		"reproof-bundle-1\ne3b0 0 lock\n", "reproof-bundle-1\n" SUM " 0 git/a.bundle\n",
		"reproof-bundle-1\ngit a " SHA "\n",
		"reproof-bundle-1\n" SUM " 0 lock\ngit a " SHA "\n" SUM " 0 git/a.bundle\n",
		"reproof-bundle-1\ngit a " SHA "\ngit a " SHA "\n" SUM " 0 git/a.bundle\n",
		"reproof-bundle-1\ngit a 0123\n" SUM " 0 git/a.bundle\n"};
	static const char good[] =
		"reproof-bundle-1\ngit a " SHA "\n" SUM " 0 lock\n" SUM " 0 git/a.bundle\n";
	struct bundle_manifest manifest;
	struct buffer text = {0};
	char *copy;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		copy = xstrdup(bad[i]);
		ck_assert_msg(bundle_manifest_parse(copy, strlen(copy), &manifest, &err) < 0,
			"%zu: %s", i, bad[i]);
		free(copy);
	}
	copy = xstrdup(good);
	ck_assert_msg(bundle_manifest_parse(copy, strlen(copy), &manifest, &err) == STATUS_OK, "%s",
		err.text);
	bundle_manifest_format(&manifest, &text);
	ck_assert_str_eq(buffer_text(&text), good);
	ck_assert_ptr_nonnull(bundle_manifest_find(&manifest, "git/a.bundle"));
	ck_assert_ptr_null(bundle_manifest_find(&manifest, "git/b.bundle"));
	bundle_manifest_release(&manifest);
	buffer_release(&text);
	free(copy);
}
END_TEST

/* Packed, and read as a file. */
static enum status packed_read(const char *path, struct digest *digest, size_t *members)
{
	struct source *packed, *tar;
	struct hash hash;
	enum status status;
	char *data;
	size_t len;

	ck_assert_msg(
		path_read_file(path, 1 << 20, &data, &len, &err) == STATUS_OK, "%s", err.text);
	hash_init(&hash);
	packed = source_memory_new(data, len);
	tar = bundle_unpack_new(packed, &hash);
	status = read_all(tar, members);
	hash_finish(&hash, digest);
	hash_release(&hash);
	source_free(tar);
	source_free(packed);
	free(data);
	return status;
}

START_TEST(test_a_bundle_is_one_frame)
{
	struct bundle_file file = BUNDLE_FILE_INIT;
	char *path = in_top("x.tar.zst");
	struct digest written, read;
	struct buffer tar = {0};
	uint64_t size;
	size_t members;

	tar_make(names, ARRAY_SIZE(names), "", &tar);
	ck_assert_msg(bundle_file_open(&file, path, &err) == STATUS_OK, "%s", err.text);
	for (size_t i = 0; i < tar.len; i += 100)
		ck_assert(bundle_file_write(&file, tar.data + i,
				  tar.len - i < 100 ? tar.len - i : 100, &err) == STATUS_OK);
	ck_assert(access(path, F_OK) < 0);
	ck_assert_msg(
		bundle_file_commit(&file, &written, &size, &err) == STATUS_OK, "%s", err.text);
	bundle_file_release(&file);
	ck_assert_msg(packed_read(path, &read, &members) == STATUS_END, "%s", err.text);
	ck_assert_uint_eq(members, ARRAY_SIZE(names));
	ck_assert(digest_equal(&written, &read));
	free(path);
	path = in_top("x.tar");
	ck_assert(tempfile_write_all(path, tar.data, tar.len, 0644, &err) == STATUS_OK);
	shell("zstd -qdc x.tar.zst | cmp - x.tar; zstd -lv x.tar.zst | grep -q 'Frames: 1'\n"
	      "cp x.tar.zst y; printf x >>y; cp x.tar.zst z; zstd -qc </dev/null >>z");
	free(path);
	path = in_top("y");
	ck_assert_int_eq(packed_read(path, &read, &members), STATUS_TRUST);
	free(path);
	path = in_top("z");
	ck_assert_int_eq(packed_read(path, &read, &members), STATUS_TRUST);
	free(path);
	buffer_release(&tar);
}
END_TEST

/* A tar that was packed by others is read too, but not one that wants more memory than there is. */
START_TEST(test_frames_of_others)
{
	struct buffer tar = {0};
	struct digest digest;
	size_t members;
	char *path = in_top("v.tar");

	tar_make(names, ARRAY_SIZE(names), "", &tar);
	ck_assert(tempfile_write_all(path, tar.data, tar.len, 0644, &err) == STATUS_OK);
	free(path);
	shell("zstd -q -19 v.tar -o strong; zstd -q --long=27 -c <v.tar >wide");
	path = in_top("strong");
	ck_assert_msg(packed_read(path, &digest, &members) == STATUS_END, "%s", err.text);
	free(path);
	path = in_top("wide");
	ck_assert_int_eq(packed_read(path, &digest, &members), STATUS_FORMAT);
	ck_assert_msg(strstr(err.text, "memory") != NULL, "%s", err.text);
	free(path);
	buffer_release(&tar);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bundle");
	TCase *tar = tcase_create("tar"), *frame = tcase_create("frame");

	tcase_add_unchecked_fixture(tar, make_top, remove_top);
	tcase_add_unchecked_fixture(frame, make_top, remove_top);
	tcase_set_timeout(tar, 60);
	tcase_add_test(tar, test_a_bundle_is_read_whole);
	tcase_add_test(tar, test_tar_reads_the_names);
	tcase_add_test(tar, test_each_byte_counts);
	tcase_add_test(tar, test_names_of_a_bundle);
	tcase_add_test(tar, test_manifests_that_are_refused);
	tcase_add_test(frame, test_a_bundle_is_one_frame);
	tcase_add_test(frame, test_frames_of_others);
	suite_add_tcase(suite, tar);
	suite_add_tcase(suite, frame);
	return run_suite(suite);
}
