/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <check.h>
#include <fcntl.h>

#include "base/tempfile.h"

/* FIPS 180-4, and the million times "a" of its examples. */
static const char empty_hex[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char abc_hex[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char million_hex[] =
	"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

static void expect_hex(const struct digest *digest, const char *expected)
{
	char hex[SHA256_HEX_SIZE];

	digest_hex(digest, hex);
	ck_assert_str_eq(hex, expected);
}

START_TEST(known_digests)
{
	struct digest digest;

	hash_memory(NULL, 0, &digest);
	expect_hex(&digest, empty_hex);
	hash_memory("abc", 3, &digest);
	expect_hex(&digest, abc_hex);
}
END_TEST

START_TEST(a_hash_starts_anew)
{
	struct hash hash;
	struct digest digest;

	hash_init(&hash);
	for (int turn = 0; turn < 2; turn++) {
		hash_update(&hash, "a", 1);
		hash_update(&hash, NULL, 0);
		hash_update(&hash, "bc", 2);
		hash_finish(&hash, &digest);
		expect_hex(&digest, abc_hex);
	}
	hash_finish(&hash, &digest);
	expect_hex(&digest, empty_hex);
	hash_release(&hash);
}
END_TEST

START_TEST(files_are_hashed_from_where_they_stand)
{
	struct digest digest;
	struct error err = {0};
	uint64_t size = 0;
	char *directory;

	ck_assert_int_eq(tempfile_directory(&directory, &err), STATUS_OK);
	ck_assert_int_eq(chdir(directory), 0);
	char *text = malloc(1000003);
	memset(text, 'a', 1000003);
	ck_assert_int_eq(tempfile_write_all("f", text, 1000003, 0644, &err), STATUS_OK);
	int fd = open("f", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(lseek(fd, 3, SEEK_SET), 3);
	ck_assert_int_eq(hash_fd(fd, &digest, &size, &err), STATUS_OK);
	expect_hex(&digest, million_hex);
	ck_assert_uint_eq(size, 1000000);
	ck_assert_int_eq(hash_fd(fd, &digest, &size, &err), STATUS_OK);
	expect_hex(&digest, empty_hex);
	ck_assert_uint_eq(size, 0);
	close(fd);
	ck_assert_int_eq(truncate("f", 1000000), 0);
	ck_assert_int_eq(hash_file("f", &digest, NULL, &err), STATUS_OK);
	expect_hex(&digest, million_hex);
	ck_assert_int_eq(hash_file("absent", &digest, NULL, &err), STATUS_NOT_FOUND);
	ck_assert_int_eq(hash_file(".", &digest, NULL, &err), STATUS_IO);
	ck_assert_int_eq(hash_fd(-1, &digest, NULL, &err), STATUS_IO);
	unlink("f");
	rmdir(directory);
	free(directory);
	free(text);
}
END_TEST

/* Before, between and behind what was written; `dense` is the same with its zeros written out. */
START_TEST(holes_are_the_zeros_they_are)
{
	static const struct {
		off_t at, size;
	} cases[] = {{0, 5000000}, {1 << 20, 3 << 20}, {3000001, 3000007}, {-1, 1234567}};
	struct digest sparse, dense;
	struct error err = {0};
	char *directory;

	ck_assert_int_eq(tempfile_directory(&directory, &err), STATUS_OK);
	ck_assert_int_eq(chdir(directory), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned char *zeros = calloc(1, (size_t)cases[i].size);
		int fd = open("f", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		uint64_t size = 0;

		ck_assert_int_eq(ftruncate(fd, cases[i].size), 0);
		if (cases[i].at >= 0) {
			ck_assert_int_eq(pwrite(fd, "bytes", 5, cases[i].at), 5);
			memcpy(zeros + cases[i].at, "bytes", 5);
		}
		hash_memory(zeros, (size_t)cases[i].size, &dense);
		ck_assert_int_eq(hash_fd(fd, &sparse, &size, &err), STATUS_OK);
		ck_assert(digest_equal(&sparse, &dense));
		ck_assert_uint_eq(size, cases[i].size);
		/* From the middle of a hole, or of the bytes. */
		ck_assert_int_eq(lseek(fd, 3, SEEK_SET), 3);
		hash_memory(zeros + 3, (size_t)cases[i].size - 3, &dense);
		ck_assert_int_eq(hash_fd(fd, &sparse, &size, &err), STATUS_OK);
		ck_assert(digest_equal(&sparse, &dense));
		ck_assert_uint_eq(size, cases[i].size - 3);
		/* Past the end there is nothing. */
		ck_assert_int_gt(lseek(fd, cases[i].size + 9, SEEK_SET), 0);
		ck_assert_int_eq(hash_fd(fd, &sparse, &size, &err), STATUS_OK);
		expect_hex(&sparse, empty_hex);
		ck_assert_uint_eq(size, 0);
		close(fd);
		free(zeros);
	}
	unlink("f");
	rmdir(directory);
	free(directory);
}
END_TEST

START_TEST(digests_are_parsed_strictly)
{
	struct digest digest, expected;
	char text[80];

	hash_memory("abc", 3, &expected);
	ck_assert(digest_parse(abc_hex, 64, &digest));
	ck_assert(digest_equal(&digest, &expected));
	for (size_t i = 0; i < 65; i++)
		text[i] = abc_hex[i] >= 'a' ? (char)(abc_hex[i] - 32) : abc_hex[i];
	ck_assert(digest_parse(text, 64, &digest));
	ck_assert(digest_equal(&digest, &expected));
	ck_assert(!digest_parse(abc_hex, 63, &digest));
	ck_assert(!digest_parse(abc_hex, 65, &digest));
	ck_assert(!digest_parse(abc_hex, 0, &digest));
	ck_assert(!digest_parse("", 64 * 0, &digest));
	/* Nothing but hex digits at any of the places. */
	for (size_t i = 0; i < 64; i++) {
		static const char wrong[] = "gG/:@`xX -+\n\0\x80";

		for (size_t w = 0; w < sizeof(wrong); w++) {
			memcpy(text, abc_hex, 65);
			text[i] = wrong[w];
			ck_assert(!digest_parse(text, 64, &digest));
		}
	}
	memcpy(text, "0x", 2);
	ck_assert(!digest_parse(text, 64, &digest));
}
END_TEST

START_TEST(digests_differ_by_any_byte)
{
	struct digest a, b;

	hash_memory("abc", 3, &a);
	for (size_t i = 0; i < SHA256_SIZE; i++) {
		b = a;
		ck_assert(digest_equal(&a, &b));
		b.bytes[i] ^= 1;
		ck_assert(!digest_equal(&a, &b));
	}
}
END_TEST

START_TEST(xxh3_is_the_published_function)
{
	ck_assert(hash_xxh3("", 0) == UINT64_C(0x2d06800538d394c2));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hash");
	TCase *test = tcase_create("hash");

	tcase_set_timeout(test, 60);
	tcase_add_test(test, known_digests);
	tcase_add_test(test, a_hash_starts_anew);
	tcase_add_test(test, files_are_hashed_from_where_they_stand);
	tcase_add_test(test, holes_are_the_zeros_they_are);
	tcase_add_test(test, digests_are_parsed_strictly);
	tcase_add_test(test, digests_differ_by_any_byte);
	tcase_add_test(test, xxh3_is_the_published_function);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
