/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "verifier/cmd/command.h"
#include "verifier/cmd/report_run.h"
#include "verifier/evidence/read.h"

static const char help[] = "usage: reproof show [OPTION…] [RUN]\n\n"
			   "Prints a recorded run again; without RUN the newest.\n\n"
			   "  --all        print every differing member with its diff\n"
			   "  --group      fold the reproduced artifacts into one line\n"
			   "  --json       one JSON object on stdout\n"
			   "  --exit-code  exit as the run did; without it 0, whatever it says\n"
			   "  --db FILE    the evidence database\n"
			   "  --help       this text\n";

enum option_code {
	OPTION_ALL = 256,
	OPTION_GROUP,
	OPTION_JSON,
	OPTION_EXIT_CODE,
	OPTION_DB,
	OPTION_HELP
};

static const struct option options[] = {
	{"all", no_argument, NULL, OPTION_ALL},
	{"group", no_argument, NULL, OPTION_GROUP},
	{"json", no_argument, NULL, OPTION_JSON},
	{"exit-code", no_argument, NULL, OPTION_EXIT_CODE},
	{"db", required_argument, NULL, OPTION_DB},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

static int show_run(const char *database, const char *id, const struct report_run *how)
{
	struct evidence *evidence = NULL;
	struct run_record run = {0};
	struct error err;
	int code;

	if (evidence_open_read(database, &evidence, &err) < 0)
		return command_fail("show", &err);
	if (evidence_read_run(evidence, id, &run, &err) < 0)
		code = command_fail("show", &err);
	else
		code = report_run("show", evidence, run.id, how);
	run_record_release(&run);
	evidence_free(evidence);
	return code;
}

int cmd_show(int argc, char **argv)
{
	struct report_run how = {.is_query = true, .options.is_again = true};
	char *database = command_default_database();
	int code = EXIT_USAGE, option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case OPTION_ALL:
			how.options.all = true;
			break;
		case OPTION_GROUP:
			how.options.group = true;
			break;
		case OPTION_JSON:
			how.json = true;
			break;
		case OPTION_EXIT_CODE:
			how.is_query = false;
			break;
		case OPTION_DB:
			free(database);
			database = xstrdup(optarg);
			break;
		case OPTION_HELP:
			code = command_help(help);
			goto out;
		default:
			goto out;
		}
	}
	if (argc - optind > 1) {
		code = command_usage("show", "one run at a time");
		goto out;
	}
	how.options.database = database;
	code = show_run(database, argc > optind ? argv[optind] : NULL, &how);
out:
	free(database);
	return code;
}
