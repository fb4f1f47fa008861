/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/cmd/report_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "dbdiff/causes.h"
#include "verifier/cmd/command.h"
#include "verifier/evidence/rebuilding.h"

static const enum exit_code verdict_codes[VERDICT_COUNT] = {
	[VERDICT_REBUILD_FAILED] = EXIT_TROUBLE,
	[VERDICT_NOT_ATTEMPTED] = EXIT_TROUBLE,
	[VERDICT_NOT_INSPECTED] = EXIT_TROUBLE,
	[VERDICT_MISSING] = EXIT_INCOMPLETE,
	[VERDICT_EXTRA] = EXIT_INCOMPLETE,
	[VERDICT_DIFFERENT] = EXIT_DIFFERENT,
	[VERDICT_CONTENT_EQUAL] = EXIT_DIFFERENT,
	[VERDICT_REPRODUCED] = EXIT_REPRODUCED,
};

/* Content-equal is no difference where all that are so were accepted by name (trust T7). */
static enum exit_code code_of_verdict(const struct report_outcome *outcome, enum verdict verdict)
{
	if (verdict == VERDICT_CONTENT_EQUAL && outcome->counts[verdict] > 0 &&
		outcome->counts[verdict] == outcome->accepted)
		return EXIT_REPRODUCED;
	return verdict_codes[verdict];
}

static enum exit_code code_of(const struct report_outcome *outcome)
{
	enum exit_code code = code_of_verdict(outcome, outcome->verdict);

	/* A failure says more than the artifacts that were therefore not attempted. */
	if (outcome->failed)
		code = exit_code_of(failure_status(outcome->failure_class));
	for (int i = 0; i < VERDICT_COUNT; i++) {
		bool follows = outcome->failed &&
			(i == VERDICT_NOT_ATTEMPTED || i == VERDICT_REBUILD_FAILED);

		if (outcome->counts[i] && !follows)
			code = exit_worst(code, code_of_verdict(outcome, (enum verdict)i));
	}
	if (outcome->has_trouble)
		code = exit_worst(code, EXIT_TROUBLE);
	/* Nothing was compared, so nothing was reproduced. */
	if (outcome->artifacts == 0 && !outcome->failed)
		code = exit_worst(code, EXIT_INCOMPLETE);
	return code;
}

bool report_run_take(struct report_run *how, int option, const char *value)
{
	switch (option) {
	case REPORT_ALL:
		how->options.all = true;
		return true;
	case REPORT_GROUP:
		how->options.group = true;
		return true;
	case REPORT_JSON:
		how->json = true;
		return true;
	case REPORT_EXPLAIN:
		how->explain = value;
		return true;
	case REPORT_MEMBERS:
		how->members = value;
		return true;
	case REPORT_QUIET:
		progress_set_quiet(true);
		return true;
	default:
		return false;
	}
}

int report_run_check(const char *command, const struct report_run *how)
{
	if (how->explain != NULL && how->members != NULL)
		return command_usage(command, "--explain and --members are two questions");
	if (how->members != NULL && cause_find(how->members) == NULL)
		return command_usage(command,
			"there is no cause \"%s\"; all of them: reproof explain", how->members);
	return EXIT_REPRODUCED;
}

static enum status print_run(struct evidence *evidence, const char *run,
	const struct report_run *how, const struct report_options *options, struct error *err)
{
	if (how->explain != NULL)
		return report_explain(stdout, evidence, run, how->explain, options, how->json, err);
	if (how->members != NULL)
		return report_members_of(stdout, evidence, run, how->members, how->json, err);
	return how->json ? report_json(stdout, evidence, run, options, err)
			 : report_text(stdout, evidence, run, options, err);
}

/* The exit code that a rebuild stands for: a failure says more than what two builds showed. */
static enum exit_code code_of_rebuild(const struct run_record *run, const char *answer)
{
	enum exit_code code =
		strcmp(answer, REBUILD_DIFFERENT) == 0 ? EXIT_DIFFERENT : EXIT_REPRODUCED;

	if (run->failure_class)
		code = exit_worst(code, exit_code_of(failure_status(run->failure_class)));
	else if (!answer[0] || strcmp(answer, REBUILD_FAILED) == 0)
		code = EXIT_TROUBLE;
	return code;
}

static int report_of_rebuild(const char *command, struct evidence *evidence,
	const struct run_record *run, const struct report_run *how,
	const struct report_options *options)
{
	char answer[REBUILD_ANSWER_SIZE];
	struct error err;

	if (how->explain || how->members)
		return command_usage(command,
			"run %s is a rebuild, which has no members; ask the run that compared its "
			"outputs",
			run->id);
	if (report_rebuild(stdout, evidence, run, options, how->json, answer, &err) < 0)
		return command_fail(command, &err);
	return command_finish(
		command, how->is_query ? EXIT_REPRODUCED : (int)code_of_rebuild(run, answer));
}

int report_run(const char *command, struct evidence *evidence, const char *run,
	const struct report_run *how)
{
	struct report_options options = how->options;
	char *usual = command_default_database();
	struct report_outcome outcome;
	struct run_record record;
	struct error err;
	int code;

	options.is_default_database = options.database && strcmp(options.database, usual) == 0;
	free(usual);
	if (evidence_read_run(evidence, run, &record, &err) < 0)
		return command_fail(command, &err);
	if (strcmp(record.kind, RUN_KIND_REBUILD) == 0) {
		code = report_of_rebuild(command, evidence, &record, how, &options);
		run_record_release(&record);
		return code;
	}
	run_record_release(&record);
	if (report_outcome(evidence, run, &outcome, &err) < 0)
		return command_fail(command, &err);
	if (print_run(evidence, run, how, &options, &err) < 0)
		return command_fail(command, &err);
	return command_finish(command, how->is_query ? EXIT_REPRODUCED : (int)code_of(&outcome));
}
