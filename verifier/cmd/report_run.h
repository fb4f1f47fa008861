/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CMD_REPORT_RUN_H
#define VERIFIER_CMD_REPORT_RUN_H

#include "verifier/cmd/command.h"
#include "verifier/report/report.h"

/* How a command prints the run it made or found. */
struct report_run {
	bool json;
	bool is_query;	     /* exit 0 whatever the run came to */
	const char *explain; /* NULL, or the path of the one member to print */
	const char *members; /* NULL, or the cause whose members to list */
	struct report_options options;
};

/* The options of every command that reports, for its table; its own codes begin behind them. */
enum {
	REPORT_ALL = 1,
	REPORT_GROUP,
	REPORT_JSON,
	REPORT_QUIET,
	REPORT_EXPLAIN,
	REPORT_MEMBERS,
	REPORT_OPTIONS_END
};
#define REPORT_OPTIONS                                                                             \
	{"all", REPORT_ALL, false}, {"group", REPORT_GROUP, false}, {"json", REPORT_JSON, false},  \
		{"explain", REPORT_EXPLAIN, true}, {"members", REPORT_MEMBERS, true},              \
	{                                                                                          \
		"quiet", REPORT_QUIET, false                                                       \
	}

/* Takes one of them with its value; false when `option` is another. */
bool report_run_take(struct report_run *how, int option, const char *value);

/*
 * Whether what is asked for can be answered at all, before anything is run for it: EXIT_REPRODUCED,
 * or EXIT_USAGE with the message printed.
 */
int report_run_check(const char *command, const struct report_run *how);

/* Prints the run to stdout and gives the exit code that its result stands for (design §6). */
int report_run(const char *command, struct evidence *evidence, const char *run,
	const struct report_run *how);

#endif
