/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <pthread.h>
#include <sys/file.h>

#include "snapshot/pin_file.h"
#include "snapshot/store.h"
#include "tests/unit/archive_fixture.h"

/*
 * Two processes that add to one pin at once. The other one is a pin file that comes to stand in the
 * store while this one works: at the moment when it waits for the store's lock for the Nth time.
 */
static unsigned locks, comes_at; /* 0: it does not come */
static char *other_pin;		 /* the file */

int flock(int fd, int operation)
{
	static int (*real)(int fd, int operation);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "flock");
	if (operation == LOCK_EX && ++locks == comes_at) {
		char *script =
			xasprintf("mkdir -p '%s/pins'; cp %s '%s/pins/debian@20250103T000000Z'",
				store_directory(store), other_pin, store_directory(store));

		shell(script);
		free(script);
	}
	return real(fd, operation);
}

#define NAME "debian@20250103T000000Z"

static void make_archives(void)
{
	make_top();
	shell("key good ed25519 20240101T000000 never\n"
	      "root=snap/archive/debian/20250103T000000Z\n"
	      "archive $root stable '2025-01-02 03:04:05 UTC' good\n"
	      "indexes $root updates; release $root updates '2025-01-03 00:00:00 UTC' good\n"
	      "for s in stable updates; do mkdir -p $s/etc\n"
	      "echo \"deb file://$TOP/$root $s main\" >$s/etc/sources.list; done\n"
	      "mkdir -p both/etc; cat stable/etc/sources.list updates/etc/sources.list"
	      " >both/etc/sources.list\n");
}

/* Whatever the way, the pin has both suites then, and all that these need. */
static void assert_both(void)
{
	struct archive_index *index;
	struct archive_file file;
	struct pin pin;

	ck_assert_msg(pin_file_read(store, NAME, &pin, &err) == STATUS_OK, "%s", err.text);
	ck_assert_msg(pin_find_suite(&pin, "stable") && pin_find_suite(&pin, "updates"),
		"come at lock %u: a suite is lost", comes_at);
	pin_release(&pin);
	pin_list_release(&pins);
	ck_assert_msg(snapshot_pin(store, NULL, &places, &trust, NAME, &pins, &err) == STATUS_OK,
		"%s", err.text);
	ck_assert_msg(archive_index_open(store, &pins, &index, &err) == STATUS_OK, "%s", err.text);
	ck_assert(archive_index_find(
		index, "debian", "dists/updates/main/binary-amd64/Packages.xz", &file));
	ck_assert(store_has(store, &file.digest));
	archive_index_free(index);
}

static void place_add(void)
{
	char *url = xasprintf("debian=file://%s/snap/archive/debian", top);

	ck_assert_int_eq(place_list_add_option(&places, url, &err), STATUS_OK);
	free(url);
}

/* Leaves the pin with just `suite` in other_pin, and the store as it was but for the pin. */
static void make_other(const char *suite)
{
	char *name = xasprintf(NAME ":%s", suite), *script;

	ck_assert_msg(snapshot_pin(store, fetcher, &places, &trust, name, &pins, &err) == STATUS_OK,
		"%s", err.text);
	pin_list_release(&pins);
	script = xasprintf("mv '%s/pins/" NAME "' other-%d", store_directory(store), (int)getpid());
	shell(script);
	free(script);
	free(name);
	other_pin = xasprintf("other-%d", (int)getpid());
}

/* Its indexes are in the store, as the other process has put them there. */
START_TEST(fetched_pins_are_merged)
{
	place_add();
	make_other("updates");
	locks = 0;
	comes_at = (unsigned)_i;
	ck_assert_msg(snapshot_pin(store, fetcher, &places, &trust, NAME ":stable", &pins, &err) ==
			STATUS_OK,
		"%s", err.text);
	ck_assert_uint_ge(locks, comes_at);
	ck_assert_uint_eq(pins.items[0].suite_count, 1);
	assert_both();
}
END_TEST

/* The other one has captured one suite more; of the two, this one still has an index to fetch. */
START_TEST(captured_pins_are_merged)
{
	char *script;

	ck_assert_msg(capture("both") == STATUS_OK, "%s", err.text);
	ck_assert_str_eq(pins.items[0].name, NAME);
	pin_list_release(&pins);
	other_pin = xasprintf("other-%d", (int)getpid());
	script = xasprintf("cd '%s'; mv pins/" NAME " $TOP/%s\n"
			   "f=$(sha256sum <$TOP/snap/archive/debian/*/dists/updates/main/"
			   "binary-amd64/Packages.xz | cut -c-64)\n"
			   "rm -f sha256/${f:0:2}/${f:2}",
		store_directory(store), other_pin);
	shell(script);
	free(script);
	locks = 0;
	comes_at = (unsigned)_i;
	ck_assert_msg(capture("updates") == STATUS_OK, "%s", err.text);
	ck_assert_uint_ge(locks, comes_at);
	assert_both();
}
END_TEST

START_TEST(other_digests_are_a_conflict)
{
	char *script;

	place_add();
	make_other("stable");
	script = xasprintf("sed -i 's/^InRelease: .*/InRelease: %064d/' %s", 0, other_pin);
	shell(script);
	free(script);
	locks = 0;
	comes_at = 2;
	ck_assert_int_eq(snapshot_pin(store, fetcher, &places, &trust, NAME ":stable", &pins, &err),
		STATUS_CONFLICT);
}
END_TEST

/* A suite that came to stand in the file counts as little as any other before it is verified. */
START_TEST(what_the_other_has_is_verified)
{
	struct pin pin;
	char *script;

	place_add();
	make_other("updates");
	script = xasprintf("sed -i 's/^InRelease: .*/InRelease: %064d/' %s", 0, other_pin);
	shell(script);
	free(script);
	locks = 0;
	comes_at = 2;
	ck_assert_int_lt(
		snapshot_pin(store, fetcher, &places, &trust, NAME ":stable", &pins, &err), 0);
	ck_assert_uint_eq(pins.count, 0);
	ck_assert_int_eq(pin_file_read(store, NAME, &pin, &err), STATUS_OK);
	ck_assert_ptr_null(pin_find_suite(&pin, "stable"));
	pin_release(&pin);
}
END_TEST

/* ---- imports at once ---- */

enum {
	IMPORTS = 6,
	ROUNDS = 200
};

static void *open_stagings(void *context)
{
	struct error trouble = {0};

	for (int i = 0; i < ROUNDS && trouble.status == STATUS_OK; i++) {
		struct store *staging = NULL;

		if (store_staging_open(store, &staging, &trouble) == STATUS_OK &&
			(access(store_directory(staging), F_OK) != 0 ||
				store_add_memory(staging, "x", 1, NULL, &trouble) != STATUS_OK))
			trouble.status = STATUS_IO;
		store_staging_free(staging);
	}
	*(struct error *)context = trouble;
	return NULL;
}

/* Each takes away what killed ones have left, and none what another one has just made. */
START_TEST(stagings_leave_each_other_alone)
{
	pthread_t threads[IMPORTS];
	struct error troubles[IMPORTS];

	comes_at = 0;
	for (int i = 0; i < IMPORTS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, open_stagings, &troubles[i]), 0);
	for (int i = 0; i < IMPORTS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < IMPORTS; i++)
		ck_assert_msg(troubles[i].status == STATUS_OK, "%s", troubles[i].text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pin_writers");
	TCase *tests = tcase_create("pin_writers");

	tcase_set_timeout(tests, 120);
	tcase_add_unchecked_fixture(tests, make_archives, remove_top);
	tcase_add_checked_fixture(tests, open_session, close_session);
	tcase_add_loop_test(tests, fetched_pins_are_merged, 1, 4);
	tcase_add_loop_test(tests, captured_pins_are_merged, 1, 5);
	tcase_add_test(tests, other_digests_are_a_conflict);
	tcase_add_test(tests, what_the_other_has_is_verified);
	tcase_add_test(tests, stagings_leave_each_other_alone);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
