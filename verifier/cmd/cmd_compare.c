/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/array.h"
#include "verifier/cmd/bounds.h"
#include "verifier/cmd/report_run.h"
#include "verifier/verify.h"

static const char help[] =
	"usage: reproof compare [OPTION…] PUBLISHED REBUILT\n\n"
	"Compares two files, or two directories file by file, without a rebuild. In place of one\n"
	"file, or of both, an index of it may be given (reproof index).\n\n"
	"  --artifact GLOB  only artifacts whose name matches (repeatable); one that matches\n"
	"                   nothing is an error\n"
	"  --all            print every differing member; 256 of an artifact with a diff\n"
	"  --explain PATH   print one member that differs, with all that is known of it\n"
	"  --members CAUSE  list the members that differ for this cause\n"
	"  --group          fold the reproduced artifacts into one line\n"
	"  --json           one JSON object on stdout\n"
	"  --db FILE        record the comparison in this database\n"
	"  --retry-uninspected\n"
	"                   open again what could not be when --db's comparison was made\n"
	/* clang-format off */
	BOUNDS_HELP
	/* clang-format on */
	"  --quiet          no progress\n"
	"  --help           this text\n\n"
	"Exit codes: 0 all reproduced, 1 differences, 2 usage, 3 trouble, 4 incomplete.\n";

enum {
	OPTION_ARTIFACT = REPORT_OPTIONS_END,
	OPTION_DB,
	OPTION_RETRY_UNINSPECTED
};

static const struct command_option options[] = {
	REPORT_OPTIONS,
	{"artifact", OPTION_ARTIFACT, true},
	{"db", OPTION_DB, true},
	{"retry-uninspected", OPTION_RETRY_UNINSPECTED, false},
	BOUNDS_OPTIONS,
	{NULL, 0, false},
};

struct compare_arguments {
	struct text_list artifacts;
	struct report_run report;
	const char *database;
	struct inspection inspection;
	struct bounds bounds;
};

static enum status compare_into(const char *database, const struct compare_arguments *arguments,
	char **paths, struct evidence **evidence, char run[RUN_ID_SIZE], struct error *err)
{
	if (evidence_open(database, evidence, err) < 0)
		return err->status;
	return verify_compare(paths[0], paths[1], &arguments->artifacts, &arguments->inspection,
		*evidence, run, err);
}

/*
 * What is recorded does not depend on the question: a member that has no diff there is compared
 * once more for it, and that is not kept.
 */
static enum status compare_for_diff(const struct compare_arguments *arguments, char **paths,
	struct evidence **evidence, char run[RUN_ID_SIZE], struct error *err)
{
	struct compare_arguments again = *arguments;
	struct error none;
	bool lacks = false;

	if (arguments->database == NULL || arguments->report.explain == NULL ||
		report_lacks_diff(*evidence, run, arguments->report.explain, &lacks, &none) < 0 ||
		!lacks)
		return STATUS_OK;
	evidence_free(*evidence);
	*evidence = NULL;
	again.inspection.shown = arguments->report.explain;
	return compare_into(NULL, &again, paths, evidence, run, err);
}

static int run_compare(struct compare_arguments *arguments, char **paths)
{
	struct evidence *evidence = NULL;
	char run[RUN_ID_SIZE];
	struct error err;
	int code;

	arguments->inspection.memory = arguments->bounds.memory;
	arguments->inspection.limits = arguments->bounds.limits;
	if (arguments->database == NULL)
		arguments->inspection.shown = arguments->report.explain;
	if (compare_into(arguments->database, arguments, paths, &evidence, run, &err) < 0 ||
		compare_for_diff(arguments, paths, &evidence, run, &err) < 0)
		code = command_fail("compare", &err);
	else
		code = report_run("compare", evidence, run, &arguments->report);
	evidence_free(evidence);
	return code;
}

int cmd_compare(int argc, char **argv)
{
	struct command_line line = {
		.command = "compare", .options = options, .argc = argc, .argv = argv};
	struct compare_arguments arguments = {.bounds = bounds_default};
	int code, option;

	while ((option = command_option_next(&line)) > 0) {
		if (option == OPTION_ARTIFACT)
			text_list_add(&arguments.artifacts, line.value);
		else if (option == OPTION_DB)
			arguments.database = arguments.report.options.database = line.value;
		else if (option == OPTION_RETRY_UNINSPECTED)
			arguments.inspection.retry_uninspected = true;
		else if (!bounds_take(&arguments.bounds, option, line.value))
			report_run_take(&arguments.report, option, line.value);
	}
	if (option == OPTION_STOP)
		code = line.is_help ? command_help(help) : line.code;
	else if (line.word_count != 2)
		code = command_usage("compare", "two files or two directories are needed");
	else
		code = bounds_check("compare", &arguments.bounds);
	if (option != OPTION_STOP && code == EXIT_REPRODUCED)
		code = report_run_check("compare", &arguments.report);
	if (option != OPTION_STOP && code == EXIT_REPRODUCED)
		code = run_compare(&arguments, line.words);
	text_list_release(&arguments.artifacts);
	return code;
}
