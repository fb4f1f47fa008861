/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/array.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/members.h"
#include "tests/unit/comparing.h"

static struct buffer told; /* "FIELD=VALUE\n" of the environment opened last */

static enum status open_environment(const char *name)
{
	char *path = path_join(comparing.directory, name);
	char *data = NULL;
	size_t len = 0;
	struct source *source;
	struct members *members = NULL;
	struct member member = {0};
	enum status status;

	ck_assert_int_eq(path_read_file(path, 1 << 20, &data, &len, &comparing.err), STATUS_OK);
	source = source_memory_new(data, len);
	buffer_clear(&told);
	status = format_bgenv.open(source, name, &limits_default, &members, &comparing.err);
	if (status == STATUS_OK) {
		status = members->ops->next(members, &member, &comparing.err);
		ck_assert_int_ne(status, STATUS_OK);
		member_clear(&member);
		members->ops->describe(members, &member);
		for (size_t at = 0; at < member.fields.len;) {
			const char *key = member.fields.data + at;
			const char *value = key + strlen(key) + 1;

			buffer_add_format(&told, "%s=%s\n", key, value);
			at += strlen(key) + strlen(value) + 2;
		}
		members->ops->free(members);
	}
	member_release(&member);
	source_free(source);
	free(data);
	free(path);
	return status;
}

START_TEST(values_are_fields)
{
	shell("bg_setenv -f BGENV.DAT -r 3 -k C:BOOT0:linux.efi -a 'root=/dev/x quiet' -w 60 -s 1"
	      " -x key=value -x lang=de >/dev/null");
	ck_assert_int_eq(open_environment("BGENV.DAT"), STATUS_END);
	ck_assert_str_eq(buffer_text(&told),
		"boot-kernel=C:BOOT0:linux.efi\n"
		"boot-arguments=root=/dev/x quiet\n"
		"boot-in-progress=0\n"
		"boot-ustate=1 (INSTALLED)\n"
		"boot-watchdog=60\n"
		"boot-revision=3\n"
		"variable:key=type 32: value\n"
		"variable:lang=type 32: de\n");
}
END_TEST

START_TEST(checksum_that_does_not_fit)
{
	shell("bg_setenv -f BGENV.DAT -r 3 -k linux >/dev/null;"
	      " printf '\\004' | dd of=BGENV.DAT bs=1 seek=1024 conv=notrunc status=none");
	ck_assert_int_eq(open_environment("BGENV.DAT"), STATUS_END);
	expect_has(buffer_text(&told), "boot-revision=4\n");
	expect_has(buffer_text(&told), "checksum-invalid=0x");
}
END_TEST

/* What no boot loader reads is not the arguments. */
START_TEST(bytes_behind_the_arguments_are_told_apart)
{
	shell("bg_setenv -f BGENV.DAT -r 3 -k linux -a ab >/dev/null; cp BGENV.DAT same;"
	      " printf x | dd of=BGENV.DAT bs=1 seek=516 conv=notrunc status=none");
	ck_assert_int_eq(open_environment("same"), STATUS_END);
	ck_assert_ptr_null(strstr(buffer_text(&told), "tail"));
	ck_assert_int_eq(open_environment("BGENV.DAT"), STATUS_END);
	expect_has(buffer_text(&told), "boot-arguments=ab\nboot-arguments-tail=x");
}
END_TEST

START_TEST(hostile_variables)
{
	shell("bg_setenv -f BGENV.DAT -r 3 -k linux -x key=value >/dev/null; cp BGENV.DAT long;"
	      " printf '\\377\\377\\377\\377' | dd of=BGENV.DAT bs=1 seek=1032 conv=notrunc "
	      "status=none;"
	      " cp BGENV.DAT small; printf '\\001\\0\\0\\0' | dd of=small bs=1 seek=1032 "
	      "conv=notrunc"
	      " status=none; tr '\\0' x <long >full; truncate -s 100 long");
	ck_assert_int_eq(open_environment("BGENV.DAT"), STATUS_FORMAT);
	expect_has(comparing.err.text, "impossible length");
	ck_assert_int_eq(open_environment("small"), STATUS_FORMAT);
	ck_assert_int_eq(open_environment("full"), STATUS_FORMAT);
	expect_has(comparing.err.text, "longer than the environment");
	ck_assert_int_eq(open_environment("long"), STATUS_FORMAT);
}
END_TEST

static unsigned bid(const char *path, size_t len)
{
	static unsigned char data[2048];

	return format_bgenv.bid_more(&(struct candidate){path, data, len, NULL});
}

START_TEST(known_by_its_name)
{
	ck_assert_uint_gt(bid("EFI/BGENV.DAT", 2048), 0);
	ck_assert_uint_gt(bid("bgenv.dat", 2048), 0);
	ck_assert_uint_eq(bid("BGENV.DAT", 1000), 0);
	ck_assert_uint_eq(bid("BGENV.DAT.old", 2048), 0);
	ck_assert_uint_eq(bid("other", 2048), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bgenv");
	TCase *tests = tcase_create("bgenv");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, comparing_setup, comparing_teardown);
	tcase_add_test(tests, values_are_fields);
	tcase_add_test(tests, checksum_that_does_not_fit);
	tcase_add_test(tests, bytes_behind_the_arguments_are_told_apart);
	tcase_add_test(tests, hostile_variables);
	tcase_add_test(tests, known_by_its_name);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
