/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/lock.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/tempfile.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEAD  "reproof-lock-1\n"
#define TIME  "20260711T101637Z"

static char *directory;
static struct error err;
static struct lock lock;

static struct pin_suite debian_suites[2], security_suites[1];
static struct pin pins_items[2];
static struct pin_list pins;

static void set_up(void)
{
	ck_assert_int_eq(tempfile_directory(&directory, &err), STATUS_OK);
	ck_assert_int_eq(chdir(directory), 0);
	lock = (struct lock){0};
	debian_suites[0] = (struct pin_suite){.suite = (char *)"bookworm"};
	debian_suites[1] = (struct pin_suite){.suite = (char *)"bookworm-updates"};
	security_suites[0] = (struct pin_suite){.suite = (char *)"bookworm-security"};
	ck_assert(digest_parse(HEX_A, 64, &debian_suites[0].inrelease));
	ck_assert(digest_parse(HEX_B, 64, &debian_suites[1].inrelease));
	ck_assert(digest_parse(HEX_A, 64, &security_suites[0].inrelease));
	pins_items[0] = (struct pin){.archive = (char *)"debian-security",
		.timestamp = 1783764997,
		.captured = true,
		.suites = security_suites,
		.suite_count = 1};
	pins_items[1] = (struct pin){.archive = (char *)"debian",
		.timestamp = 1783764997,
		.suites = debian_suites,
		.suite_count = 2};
	pins = (struct pin_list){.items = pins_items, .count = 2};
}

static void tear_down(void)
{
	lock_release(&lock);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(path_remove_tree(directory, &err), STATUS_OK);
	free(directory);
}

static void put(const char *text, size_t len)
{
	ck_assert_int_eq(tempfile_write_all("lock", text, len, 0644, &err), STATUS_OK);
}

START_TEST(a_lock_is_written_sorted_and_holds)
{
	char *text;
	size_t len;

	ck_assert_int_eq(lock_write("lock", &pins, &err), STATUS_OK);
	ck_assert_int_eq(path_read_file("lock", 4096, &text, &len, &err), STATUS_OK);
	ck_assert_str_eq(text,
		HEAD "debian bookworm " TIME " " HEX_A "\n"
		     "debian bookworm-updates " TIME " " HEX_B "\n"
		     "debian-security bookworm-security " TIME " " HEX_A " captured\n");
	free(text);
	ck_assert_msg(lock_check("lock", &pins, &err) == STATUS_OK, "%s", err.text);
	ck_assert_int_eq(lock_read("lock", &lock, &err), STATUS_OK);
	ck_assert_uint_eq(lock.count, 3);
	ck_assert_ptr_nonnull(lock_find(&lock, "debian-security", "bookworm-security"));
	ck_assert(lock_find(&lock, "debian-security", "bookworm-security")->captured);
	ck_assert(!lock_find(&lock, "debian", "bookworm")->captured);
	ck_assert_str_eq(lock_find(&lock, "debian", "bookworm")->timestamp, TIME);
	ck_assert_ptr_null(lock_find(&lock, "debian", "bookworm-security"));
}
END_TEST

START_TEST(no_lock_is_told_from_one_that_does_not_hold)
{
	ck_assert_int_eq(lock_check("lock", &pins, &err), STATUS_NOT_FOUND);
	ck_assert_int_eq(mkdir("lock", 0755), 0);
	ck_assert_int_lt(lock_check("lock", &pins, &err), 0);
	ck_assert_int_ne(err.status, STATUS_NOT_FOUND);
}
END_TEST

/* The lock that is there is refused for this reason; the next one is of the pins as they are. */
static void expect_distrust(const char *text)
{
	ck_assert_int_eq(lock_check("lock", &pins, &err), STATUS_TRUST);
	ck_assert_str_eq(err.text, text);
	ck_assert_int_eq(lock_write("lock", &pins, &err), STATUS_OK);
}

START_TEST(every_difference_from_the_lock_is_refused)
{
	ck_assert_int_eq(lock_write("lock", &pins, &err), STATUS_OK);
	debian_suites[1].inrelease.bytes[31] ^= 1;
	expect_distrust("lock locks the InRelease of debian bookworm-updates at " TIME
			" by sha256 " HEX_B "; what is here has "
			"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbba"
			": refused");
	pins_items[1].timestamp++;
	expect_distrust("lock locks debian bookworm at " TIME ", not 20260711T101638Z");
	pins_items[0].captured = false;
	expect_distrust(
		"lock locks debian-security bookworm-security as captured; this one is not");
	pins_items[0].captured = true;
	expect_distrust("lock locks debian-security bookworm-security as not captured; this one is "
			"captured");
	pins_items[1].suite_count = 1;
	expect_distrust("lock locks debian bookworm-updates, which no pin in use holds");
	pins_items[1].suite_count = 2;
	expect_distrust("lock does not lock debian bookworm-updates");
	pins.count = 0;
	expect_distrust("lock locks debian bookworm, which no pin in use holds");
}
END_TEST

#define DETACHED "Release:" HEX_A ",Release.gpg:" HEX_B

/* A digest of one kind of file is never taken for one of the other, be the bytes the same. */
START_TEST(a_detached_state_is_another)
{
	struct pin_suite *suite = &debian_suites[0];
	char *text;
	size_t len;

	ck_assert_int_eq(lock_write("lock", &pins, &err), STATUS_OK);
	suite->is_detached = true;
	suite->release = suite->inrelease;
	ck_assert(digest_parse(HEX_B, 64, &suite->release_gpg));
	expect_distrust("lock locks the InRelease of debian bookworm at " TIME " by sha256 " HEX_A
			"; what is here has " DETACHED ": refused");
	ck_assert_int_eq(path_read_file("lock", 4096, &text, &len, &err), STATUS_OK);
	ck_assert_msg(strncmp(text, HEAD "debian bookworm " TIME " " DETACHED "\n",
			      strlen(HEAD "debian bookworm " TIME " " DETACHED "\n")) == 0,
		"%s", text);
	free(text);
	ck_assert_msg(lock_check("lock", &pins, &err) == STATUS_OK, "%s", err.text);
	suite->is_detached = false;
	expect_distrust("lock locks the Release of debian bookworm at " TIME " by sha256 " DETACHED
			"; what is here has " HEX_A ": refused");
	suite->is_detached = true;
	ck_assert_int_eq(lock_write("lock", &pins, &err), STATUS_OK);
	/* Either half. */
	suite->release_gpg.bytes[31] ^= 1;
	ck_assert_int_eq(lock_check("lock", &pins, &err), STATUS_TRUST);
	suite->release_gpg.bytes[31] ^= 1;
	suite->release.bytes[0] ^= 1;
	ck_assert_int_eq(lock_check("lock", &pins, &err), STATUS_TRUST);
	suite->release.bytes[0] ^= 1;
	ck_assert_msg(lock_check("lock", &pins, &err) == STATUS_OK, "%s", err.text);
}
END_TEST

START_TEST(damaged_locks_are_refused)
{
#define LINE "debian bookworm " TIME " " HEX_A
	static const char *const texts[] = {
		"",
		"\n",
		"reproof-lock-2\n" LINE "\n",
		"reproof-lock-1 \n" LINE "\n",
		LINE "\n",
		HEAD "debian bookworm " TIME "\n",
		HEAD LINE "a\n",
		HEAD "debian bookworm " TIME " aaaa\n",
		HEAD LINE " other\n",
		HEAD "debian bookworm " TIME " Release:" HEX_A "\n",
		HEAD "debian bookworm " TIME " Release.gpg:" HEX_A "\n",
		HEAD "debian bookworm " TIME " InRelease:" HEX_A "\n",
		HEAD "debian bookworm " TIME " Release:" HEX_A "," HEX_B "\n",
		HEAD "debian bookworm " TIME " " HEX_A ",Release.gpg:" HEX_B "\n",
		HEAD "debian bookworm " TIME " Release:" HEX_A ",Release.gpg:aa\n",
		HEAD "debian bookworm " TIME " Release:aa,Release.gpg:" HEX_B "\n",
		HEAD "debian bookworm " TIME " " DETACHED "b\n",
		HEAD LINE " captured more\n",
		HEAD "debian bookworm 20261311T101637Z " HEX_A "\n",
		HEAD "debian bookworm 2026 " HEX_A "\n",
		HEAD LINE "\n" LINE "\n",
		HEAD "debian bookworm " TIME " " HEX_B "\n" LINE " captured\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put(texts[i], strlen(texts[i]));
		ck_assert_msg(lock_read("lock", &lock, &err) == STATUS_FORMAT, "taken: %s (%s)",
			texts[i], err.text);
		ck_assert_msg(strncmp(err.text, "lock:", 5) == 0, "%s", err.text);
		ck_assert_uint_eq(lock.count, 0);
	}
	put(HEAD LINE "\n\0", sizeof(HEAD LINE "\n"));
	ck_assert_int_eq(lock_read("lock", &lock, &err), STATUS_FORMAT);
	put(HEAD "\n" LINE "\n\n", strlen(HEAD LINE) + 3);
	ck_assert_msg(lock_read("lock", &lock, &err) == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(lock.count, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lock");
	TCase *tcase = tcase_create("lock");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_lock_is_written_sorted_and_holds);
	tcase_add_test(tcase, no_lock_is_told_from_one_that_does_not_hold);
	tcase_add_test(tcase, every_difference_from_the_lock_is_refused);
	tcase_add_test(tcase, a_detached_state_is_another);
	tcase_add_test(tcase, damaged_locks_are_refused);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
