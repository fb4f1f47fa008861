/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_ARCHIVE_FIXTURE_H
#define TESTS_UNIT_ARCHIVE_FIXTURE_H

/*
 * Keys and small archives made by the real tools (tests/data/archive.sh), in a directory `top` that
 * is made once a program and removed at its end; each test has its own store. Tests run in the
 * tree's top directory.
 */
#include <check.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/tempfile.h"
#include "snapshot/snapshot.h"

static char *top;
static struct error err;

/* Runs a script with the functions of archive.sh, in `top`; its failure is the test's. */
static inline void shell(const char *script)
{
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result = {0};
	char *text = xasprintf("TOP=%s; . \"$TREE/tests/data/archive.sh\"; %s", top, script);

	spec.argv = (const char *const[]){"bash", "-euc", text, NULL};
	spec.timeout_seconds = 120;
	ck_assert_msg(
		process_capture(&spec, 0, NULL, NULL, &result, &err) == STATUS_OK, "%s", err.text);
	ck_assert_msg(result.exit_code == 0, "exit %d: %s", result.exit_code, script);
	free(text);
}

static inline char *in_top(const char *name)
{
	return path_join(top, name);
}

static inline void make_top(void)
{
	char tree[PATH_MAX];

	ck_assert_ptr_nonnull(getcwd(tree, sizeof(tree)));
	setenv("TREE", tree, 1);
	unsetenv("http_proxy");
	progress_set_quiet(true);
	ck_assert_msg(tempfile_directory(&top, &err) == STATUS_OK, "%s", err.text);
}

static inline void remove_top(void)
{
	shell("finish");
	path_remove_tree(top, &err);
	free(top);
}

static struct store *store;
static struct fetcher *fetcher;
static struct place_list places;
static struct text_list notes;
static struct pin_list pins;
static struct trust_options trust;

static inline void open_session(void)
{
	static const struct fetch_options hasty = {
		.connections = 4, .attempts = 2, .retry_seconds = 0, .timeout_seconds = 5};
	char *path = xasprintf("%s/store-%d", top, (int)getpid());

	err = (struct error){0};
	ck_assert_msg(store_open(path, &store, &err) == STATUS_OK, "%s", err.text);
	ck_assert_msg(fetcher_new(&hasty, &fetcher, &err) == STATUS_OK, "%s", err.text);
	trust = (struct trust_options){.keyring = in_top("good.gpg"), .notes = &notes};
	free(path);
}

static inline void close_session(void)
{
	pin_list_release(&pins);
	text_list_release(&notes);
	place_list_release(&places);
	fetcher_free(fetcher);
	store_free(store);
	free((char *)trust.keyring);
}

static inline bool is_noted(const char *part)
{
	for (size_t i = 0; i < notes.count; i++) {
		if (strstr(notes.items[i], part))
			return true;
	}
	return false;
}

/* Captures what the apt sources in DIRECTORY/etc (below `top`) name. */
static inline enum status capture(const char *directory)
{
	char *name = xasprintf("%s/etc", directory), *etc = in_top(name);
	struct capture_request request = {.places = &places, .etc_apt = etc, .trust = trust};
	enum status status;

	text_list_add(&request.architectures, "amd64");
	status = snapshot_capture(store, fetcher, &request, &pins, &err);
	text_list_release(&request.architectures);
	free(name);
	free(etc);
	return status;
}

static inline int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
