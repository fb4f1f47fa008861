/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_PIN_FIXTURE_H
#define TESTS_UNIT_PIN_FIXTURE_H

/*
 * Pins of imports in the layout of snapshot.debian.org, snap/archive below `top`, which a server
 * has that misbehaves as it is told (tests/server/archive_server.c).
 */
#include "snapshot/lock.h"
#include "tests/server/start.h"
#include "tests/unit/archive_fixture.h"

static struct archive_server server;

/* Starts the server and makes it a place. */
static inline void serve_snapshots(void)
{
	char *text;

	archive_server_start(&server);
	text = xasprintf("cp -r snap/archive '%s'", server.directory);
	shell(text);
	free(text);
	text = xasprintf("debian=http://127.0.0.1:%u/archive/debian", server.port);
	ck_assert_msg(place_list_add_option(&places, text, &err) == STATUS_OK, "%s", err.text);
	free(text);
}

static inline void open_server(void)
{
	open_session();
	serve_snapshots();
}

static inline void close_server(void)
{
	archive_server_stop(&server);
	close_session();
}

static inline enum status pin(const char *name)
{
	return snapshot_pin(store, fetcher, &places, &trust, name, &pins, &err);
}

/* Of this test's lock file; the caller frees. */
static inline char *lock_path(void)
{
	return xasprintf("%s/lock-%d", top, (int)getpid());
}

#endif
