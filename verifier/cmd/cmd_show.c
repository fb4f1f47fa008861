/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "verifier/cmd/command.h"
#include "verifier/cmd/report_run.h"
#include "verifier/evidence/read.h"

static const char help[] =
	"usage: reproof show [OPTION…] [RUN]\n\n"
	"Prints a recorded run again; without RUN the newest.\n\n"
	"  --all              print every differing member, with the diff it has\n"
	"  --explain PATH     print one member that differs, with all that is known of it\n"
	"  --members CAUSE    list the members that differ for this cause\n"
	"  --group            fold the reproduced artifacts into one line\n"
	"  --json             one JSON object on stdout\n"
	"  --exit-code        exit as the run did; without it 0, whatever it says\n"
	"  --db FILE          the evidence database\n"
	"  --quiet            accepted as elsewhere; there is no progress to leave out\n"
	"  --help             this text\n\n"
	"Exit codes: 0 printed, 2 usage or no run of that name, 3 trouble; with --exit-code\n"
	"those of the run.\n";

enum {
	OPTION_EXIT_CODE = REPORT_OPTIONS_END,
	OPTION_DB
};

static const struct command_option options[] = {
	REPORT_OPTIONS,
	{"exit-code", OPTION_EXIT_CODE, false},
	{"db", OPTION_DB, true},
	{NULL, 0, false},
};

static int show_run(const char *id, const struct report_run *how)
{
	struct evidence *evidence = NULL;
	struct run_record run = {0};
	struct error err;
	int code;

	if (evidence_open_read(how->options.database, &evidence, &err) < 0)
		return command_fail("show", &err);
	if (evidence_read_run(evidence, id, &run, &err) < 0) {
		/* A name on the command line that names nothing. */
		if (id && err.status == STATUS_NOT_FOUND)
			err.status = STATUS_USAGE;
		code = command_fail("show", &err);
	} else {
		code = report_run("show", evidence, run.id, how);
	}
	run_record_release(&run);
	evidence_free(evidence);
	return code;
}

int cmd_show(int argc, char **argv)
{
	struct command_line line = {
		.command = "show", .options = options, .argc = argc, .argv = argv};
	struct report_run how = {.is_query = true, .options.is_again = true};
	char *usual = command_default_database();
	int code, option;

	how.options.database = usual;
	while ((option = command_option_next(&line)) > 0) {
		if (option == OPTION_EXIT_CODE)
			how.is_query = false;
		else if (option == OPTION_DB)
			how.options.database = line.value;
		else
			report_run_take(&how, option, line.value);
	}
	if (option == OPTION_STOP)
		code = line.is_help ? command_help(help) : line.code;
	else if (line.word_count > 1)
		code = command_usage("show", "one run at a time");
	else
		code = report_run_check("show", &how);
	if (option != OPTION_STOP && code == EXIT_REPRODUCED)
		code = show_run(line.word_count ? line.words[0] : NULL, &how);
	free(usual);
	return code;
}
