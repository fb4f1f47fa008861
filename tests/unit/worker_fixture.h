/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_WORKER_FIXTURE_H
#define TESTS_UNIT_WORKER_FIXTURE_H

#include <stdio.h>

#include "base/tempfile.h"
#include "dbdiff/worker_walls.h"
#include "tests/unit/comparing.h"

/* For tests of a worker's walls, each tried from inside: what it is given, and what it is not. */
static struct limits limits;
static int in_fd = -1, out_fd = -1; /* what the worker is given; both could be written to */
static char place[4096]; /* a path in comparing.h's directory at which there is nothing */

MAYBE void worker_setup(void)
{
	comparing_setup();
	limits = limits_default;
	limits.seconds = 60;
	ck_assert_int_eq(tempfile_unlinked(&in_fd, &comparing.err), STATUS_OK);
	ck_assert_int_eq(tempfile_unlinked(&out_fd, &comparing.err), STATUS_OK);
	ck_assert_int_eq(pwrite(in_fd, "input", 5, 0), 5);
	snprintf(place, sizeof(place), "%s/made", comparing.directory);
}

MAYBE void worker_teardown(void)
{
	close(in_fd);
	close(out_fd);
	comparing_teardown();
}

/* Has `job` done by a worker, and gives what became of it; the text is in `comparing`. */
MAYBE enum status run(enum status (*job)(void *, struct error *), void *context)
{
	struct worker worker = {0};
	struct worker_job spec = {
		.run = job,
		.context = context,
		.fds = &in_fd,
		.fd_count = 1,
		.out_fds = &out_fd,
		.out_count = 1,
		.limits = &limits,
	};
	enum status status;

	ck_assert_msg(worker_start(&worker, &spec, &comparing.err) == STATUS_OK, "%s",
		comparing.err.text);
	comparing.err.text[0] = '\0';
	status = worker_wait(&worker, &comparing.err);
	worker_release(&worker);
	return status;
}

#endif
