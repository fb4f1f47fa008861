/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CMD_REPORT_RUN_H
#define VERIFIER_CMD_REPORT_RUN_H

#include "verifier/report/report.h"

/* How a command prints the run it made or found. */
struct report_run {
	bool json;
	bool is_query; /* exit 0 whatever the run came to */
	struct report_options options;
};

/* Prints the run to stdout and gives the exit code that its result stands for (design §6). */
int report_run(const char *command, struct evidence *evidence, const char *run,
	const struct report_run *how);

#endif
