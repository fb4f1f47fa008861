/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "base/array.h"
#include "base/progress.h"
#include "verifier/cmd/command.h"
#include "verifier/cmd/report_run.h"
#include "verifier/verify.h"

static const char help[] =
	"usage: reproof compare [OPTION…] PUBLISHED REBUILT\n\n"
	"Compares two files, or two directories file by file, without a rebuild.\n\n"
	"  --artifact GLOB  only artifacts whose name matches (repeatable); one that matches\n"
	"                   nothing is an error\n"
	"  --all            print every differing member with its diff\n"
	"  --group          fold the reproduced artifacts into one line\n"
	"  --json           one JSON object on stdout\n"
	"  --db FILE        record the comparison in this database\n"
	"  --quiet          no progress\n"
	"  --help           this text\n\n"
	"Exit codes: 0 all reproduced, 1 differences, 2 usage, 3 trouble, 4 incomplete.\n";

enum option_code {
	OPTION_ARTIFACT = 256,
	OPTION_ALL,
	OPTION_GROUP,
	OPTION_JSON,
	OPTION_DB,
	OPTION_QUIET,
	OPTION_HELP
};

static const struct option options[] = {
	{"artifact", required_argument, NULL, OPTION_ARTIFACT},
	{"all", no_argument, NULL, OPTION_ALL},
	{"group", no_argument, NULL, OPTION_GROUP},
	{"json", no_argument, NULL, OPTION_JSON},
	{"db", required_argument, NULL, OPTION_DB},
	{"quiet", no_argument, NULL, OPTION_QUIET},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

struct compare_arguments {
	struct text_list artifacts;
	struct report_run report;
	const char *database;
};

static int run_compare(struct compare_arguments *arguments, char **paths)
{
	struct evidence *evidence = NULL;
	char run[RUN_ID_SIZE];
	struct error err;
	int code;

	if (evidence_open(arguments->database, &evidence, &err) < 0 ||
		verify_compare(paths[0], paths[1], &arguments->artifacts, evidence, run, &err) < 0)
		code = command_fail("compare", &err);
	else
		code = report_run("compare", evidence, run, &arguments->report);
	evidence_free(evidence);
	return code;
}

int cmd_compare(int argc, char **argv)
{
	struct compare_arguments arguments = {0};
	int code = EXIT_USAGE, option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case OPTION_ARTIFACT:
			text_list_add(&arguments.artifacts, optarg);
			break;
		case OPTION_ALL:
			arguments.report.options.all = true;
			break;
		case OPTION_GROUP:
			arguments.report.options.group = true;
			break;
		case OPTION_JSON:
			arguments.report.json = true;
			break;
		case OPTION_DB:
			arguments.database = arguments.report.options.database = optarg;
			break;
		case OPTION_QUIET:
			progress_set_quiet(true);
			break;
		case OPTION_HELP:
			code = command_help(help);
			goto out;
		default:
			goto out;
		}
	}
	if (argc - optind != 2)
		code = command_usage("compare", "two files or two directories are needed");
	else
		code = run_compare(&arguments, argv + optind);
out:
	text_list_release(&arguments.artifacts);
	return code;
}
