/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/bytes.h"
#include "tests/unit/telling.h"

/* A root with two libraries, and what ldconfig makes of it there: NAME.cache and NAME.aux. */
#define LIBRARIES                                                                                  \
	"mkdir -p r/etc r/lib r/usr/lib r/var/cache/ldconfig; : >r/etc/ld.so.conf;"                \
	"for n in one two; do echo \"int $n(void) { return 1; }\" >$n.c;"                          \
	"gcc -shared -fPIC -Wl,-soname,lib$n.so.1 -o r/usr/lib/lib$n.so.1.0 $n.c; done;"
#define MAKE(name)                                                                                 \
	"if [ $(id -u) = 0 ]; then /sbin/ldconfig -r r; else unshare -Ur /sbin/ldconfig -r r; fi;" \
	"cp r/etc/ld.so.cache " name ".cache; cp r/var/cache/ldconfig/aux-cache " name ".aux;"

START_TEST(each_library_is_a_member)
{
	shell(LIBRARIES MAKE("a"));
	open_file(&format_ld_cache, "a.cache");
	expect_whole();
	ck_assert_str_eq(
		buffer_text(&opening.members), "libtwo.so.1 -\nlibone.so.1 -\n(section 0) -\n");
	expect_field("libone.so.1: cache-library", "/usr/lib/libone.so.1");
	ck_assert_ptr_nonnull(strstr(field_value("(section 0): cache-generator"), "ldconfig"));
	open_file(&format_ld_aux_cache, "a.aux");
	expect_whole();
	ck_assert_ptr_nonnull(strstr(buffer_text(&opening.members), "libone.so.1, "));
	ck_assert_ptr_nonnull(strstr(buffer_text(&opening.fields), "cache-inode="));
}
END_TEST

START_TEST(the_machines_own_are_read)
{
	size_t len, lines = 0;
	char *count;

	shell("cp /etc/ld.so.cache m.cache; /sbin/ldconfig -p | grep -c '=>' >count");
	open_file(&format_ld_cache, "m.cache");
	expect_whole();
	expect_field("cache-unsorted", NULL);
	for (const char *at = buffer_text(&opening.members); *at != '\0'; at++)
		lines += *at == '\n';
	count = file_read("count", &len);
	lines -= strstr(buffer_text(&opening.members), "(section 0) -") != NULL;
	lines -= strstr(buffer_text(&opening.members), "(section 1) -") != NULL;
	ck_assert_uint_eq(lines, strtoul(count, NULL, 10));
	free(count);
}
END_TEST

static void expect_caches(const char *a, const char *b, const char *expected)
{
	comparing.with_causes = true;
	expect_files(a, b, expected);
	ck_assert_int_eq(comparing.result.unattributed_bytes, 0);
}

/* Copies of the same libraries have other inodes and times, and no other paths. */
START_TEST(a_cache_of_copies_is_another_cache)
{
	const char *text;

	shell(LIBRARIES MAKE("a") "mv r q; cp -r q r; rm -r r/var/cache/ldconfig/*;" MAKE("b"));
	shell("cmp a.cache b.cache");
	comparing.with_causes = true;
	ck_assert_int_eq(compare_fds(file_open("a.aux"), file_open("b.aux")), STATUS_OK);
	text = buffer_text(&comparing.text);
	ck_assert_ptr_nonnull(strstr(text, "metadata t//libone.so.1, "));
	ck_assert_ptr_nonnull(strstr(text, " cache-inode"));
	ck_assert_ptr_nonnull(strstr(text, "(cache-file)"));
	ck_assert_ptr_null(strstr(text, "unexplained"));
	ck_assert_int_eq(comparing.result.unattributed_bytes, 0);
	ck_assert_int_eq(comparing.result.unexplained_bytes, 0);
}
END_TEST

/* Another file for the same name is nothing that a cache may do by itself. */
START_TEST(another_library_is_not_explained)
{
	shell(LIBRARIES MAKE("a") "mkdir r/opt; echo /opt >r/etc/ld.so.conf;"
				  "mv r/usr/lib/libone.so.1* r/opt;" MAKE("b"));
	expect_caches("a.cache", "b.cache",
		"metadata t layout (layout)\n"
		"metadata t//libone.so.1 cache-library (unexplained)\n");
	shell("rm -r r/opt;" MAKE("b"));
	expect_caches("a.cache", "b.cache",
		"metadata t layout (layout)\n"
		"removed t//libone.so.1 (unexplained)\n");
	shell(LIBRARIES MAKE(
		"a") "echo x >>r/usr/lib/libone.so.1.0; rm r/var/cache/ldconfig/*;" MAKE("b"));
	ck_assert_int_eq(compare_fds(file_open("a.aux"), file_open("b.aux")), STATUS_OK);
	ck_assert_ptr_nonnull(strstr(buffer_text(&comparing.text), "added t//libone.so.1, "));
	ck_assert_int_gt(comparing.result.unexplained_bytes, 0);
}
END_TEST

/* What no entry names, and what stands in unused bytes, is told. */
START_TEST(every_byte_of_a_cache_tells)
{
	size_t len;
	char *data;

	shell(LIBRARIES MAKE("a"));
	data = file_read("a.cache", &len);
	for (size_t at = 0; at < len; at++) {
		comparing.with_causes = true;
		data[at] ^= 0x20;
		char *path = path_join(comparing.directory, "b.cache");
		ck_assert_int_eq(
			tempfile_write_all(path, data, len, 0600, &opening.err), STATUS_OK);
		free(path);
		ck_assert_int_eq(
			compare_fds(file_open("a.cache"), file_open("b.cache")), STATUS_OK);
		ck_assert_int_eq(comparing.result.unattributed_bytes, 0);
		/* Nothing in it is a mere cache, but for numbers that only say where strings lie.
		 */
		if (strstr(buffer_text(&comparing.text), "unexplained") == NULL)
			ck_assert_msg(strcmp(buffer_text(&comparing.text),
					      "metadata t//(section 0) cache-generator "
					      "(toolchain-version)\n") == 0 ||
					strcmp(buffer_text(&comparing.text),
						"content t layout (layout)\n") == 0,
				"byte %zu: %s", at, buffer_text(&comparing.text));
		data[at] ^= 0x20;
	}
	free(data);
}
END_TEST

static void write_cache(const char *name, const char *data, size_t len)
{
	char *path = path_join(comparing.directory, name);

	ck_assert_int_eq(tempfile_write_all(path, data, len, 0600, &opening.err), STATUS_OK);
	free(path);
}

/* The linker halves the table: it does not find what is not where its name belongs. */
START_TEST(the_order_of_entries_counts)
{
	size_t len;
	char *data, entry[24];

	shell(LIBRARIES MAKE("a"));
	data = file_read("a.cache", &len);
	memcpy(entry, data + 48, sizeof(entry));
	memcpy(data + 48, data + 72, sizeof(entry));
	memcpy(data + 72, entry, sizeof(entry));
	write_cache("b.cache", data, len);
	open_file(&format_ld_cache, "a.cache");
	expect_field("cache-unsorted", NULL);
	open_file(&format_ld_cache, "b.cache");
	expect_field("cache-unsorted", "libtwo.so.1");
	expect_caches("a.cache", "b.cache",
		"metadata t layout cache-unsorted value-order (unexplained)\n");
	ck_assert_int_gt(comparing.result.unexplained_bytes, 0);
	free(data);
}
END_TEST

/* By _dl_cache_libcmp() a number is one number, and behind a letter. */
START_TEST(names_are_in_the_linkers_order)
{
	shell("mkdir -p r/etc r/usr/lib r/var/cache/ldconfig; : >r/etc/ld.so.conf;"
	      "for n in libq.so.9 libq.so.10 libq1.so libqa.so libq-1.so lib7.so libQ.so "
	      "libq.so.009a;"
	      "do echo 'int f(void) { return 1; }' >n.c; gcc -shared -fPIC -Wl,-soname,$n -o "
	      "r/usr/lib/$n n.c; done;" MAKE("a"));
	open_file(&format_ld_cache, "a.cache");
	expect_whole();
	expect_has(buffer_text(&opening.members), "libq.so.10 -\nlibq.so.009a -\nlibq.so.9 -\n");
	expect_field("cache-unsorted", NULL);
}
END_TEST

/* The section that names who wrote it may hold anything. */
START_TEST(only_a_name_is_a_generator)
{
	size_t len;
	char *data, *at;

	shell(LIBRARIES MAKE("a"));
	data = file_read("a.cache", &len);
	at = memmem(data, len, "ldconfig (", 10);
	ck_assert_ptr_nonnull(at);
	open_memory(&format_ld_cache, data, len);
	ck_assert_ptr_nonnull(strstr(field_value("(section 0): cache-generator"), "ldconfig ("));
	at[12] = '\x90';
	open_memory(&format_ld_cache, data, len);
	ck_assert_ptr_nonnull(strstr(field_value("(section 0): cache-section"), "ldconfig ("));
	free(data);
}
END_TEST

START_TEST(damage_is_an_error_or_told)
{
	static const char empty[48] = "glibc-ld.so.cache1.1";
	char many[48];

	shell(LIBRARIES MAKE("a"));
	survive_damage(&format_ld_cache, "a.cache", 1);
	survive_damage(&format_ld_aux_cache, "a.aux", 1);
	open_memory(&format_ld_cache, empty, sizeof(empty));
	expect_whole();
	memcpy(many, empty, sizeof(many));
	memset(many + 20, 0xff, 8);
	open_memory(&format_ld_cache, many, sizeof(many));
	ck_assert_int_eq(opening.status, STATUS_FORMAT);
}
END_TEST

static void put_le32(char *at, uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		at[i] = (char)(value >> 8 * i);
}

/* 20,000 entries that all name the same string of 4,000 bytes. */
START_TEST(bounds_strings_that_are_shared)
{
	const uint32_t entries = 20000, strings = 48 + 24 * entries;
	const size_t len = strings + 4000;
	char *data = calloc(len, 1);

	ck_assert_ptr_nonnull(data);
	memcpy(data, "glibc-ld.so.cache1.1", 20);
	put_le32(data + 20, entries);
	put_le32(data + 24, 4000);
	for (uint32_t i = 0; i < entries; i++) {
		put_le32(data + 48 + 24 * i + 4, strings);
		put_le32(data + 48 + 24 * i + 8, strings + 3999);
	}
	memset(data + strings, 'l', 3999);
	open_memory(&format_ld_cache, data, len);
	ck_assert_int_eq(opening.status, STATUS_LIMIT);
	expect_has(opening.err.text, "bytes to keep");
	free(data);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("caches of ldconfig");
	TCase *tcase = tcase_create("caches");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 240);
	tcase_add_checked_fixture(tcase, comparing_setup, comparing_teardown);
	tcase_add_test(tcase, each_library_is_a_member);
	tcase_add_test(tcase, the_machines_own_are_read);
	tcase_add_test(tcase, a_cache_of_copies_is_another_cache);
	tcase_add_test(tcase, another_library_is_not_explained);
	tcase_add_test(tcase, every_byte_of_a_cache_tells);
	tcase_add_test(tcase, the_order_of_entries_counts);
	tcase_add_test(tcase, names_are_in_the_linkers_order);
	tcase_add_test(tcase, bounds_strings_that_are_shared);
	tcase_add_test(tcase, only_a_name_is_a_generator);
	tcase_add_test(tcase, damage_is_an_error_or_told);
	return run_suite(suite);
}
