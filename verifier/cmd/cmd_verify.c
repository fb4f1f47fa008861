/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "verifier/cmd/bounds.h"
#include "verifier/cmd/build_options.h"
#include "verifier/cmd/report_run.h"
#include "verifier/cmd/resumable.h"
#include "verifier/rebuild/build_disk.h"
#include "verifier/verify.h"

static const char help[] =
	"usage: reproof verify [OPTION…] RELEASE.yaml\n\n"
	"Fetches what was published, rebuilds it from the pinned archive, compares every\n"
	"artifact, records the result and says it. A run that was killed is gone on with.\n\n"
	"  --artifact GLOB       only artifacts whose name matches (repeatable); marks the run\n"
	"                        as partial\n"
	"  --store DIR           where pins, packages and fetched files are kept\n"
	"  --db FILE             the evidence database; the work of a run is in runs/ beside it\n"
	"  --mirror [NAME=]URL   read this archive from here first (repeatable)\n"
	"  --apt DIR             apt's configuration, for its mirrors (/etc/apt)\n"
	"  --keyring FILE        trust these keys instead of Debian's\n"
	"  --accept-expired-key  accept a key that has expired since it signed; marks the run\n"
	"  --offline             use only what is in the store\n"
	"  --no-sandbox          build without isolation; marks the run\n" BUILD_OPTIONS_HELP
	"  --retry-uninspected   open again what could not be when it was compared before\n"
	"  --memory SIZE         take at most so much memory to compare (320M)\n"
	"  --limit NAME=N        what one artifact may cost, as of reproof compare (repeatable)\n"
	"  --keep                keep what was rebuilt even when all of it is reproduced\n"
	"  --all                 print every differing member, with the diff it has\n"
	"  --explain PATH        print one member that differs, with all that is known of it\n"
	"  --members CAUSE       list the members that differ for this cause\n"
	"  --group               fold the reproduced artifacts into one line\n"
	"  --json                one JSON object on stdout\n"
	"  --quiet               no progress\n"
	"  --help                this text\n\n"
	"Exit codes: 0 all reproduced, 1 differences, 2 usage or descriptor, 3 trouble\n"
	"(network, build), 4 incomplete, 7 signature or trust failure.\n";

enum {
	OPTION_ARTIFACT = REPORT_OPTIONS_END,
	OPTION_STORE,
	OPTION_DB,
	OPTION_MIRROR,
	OPTION_APT,
	OPTION_KEYRING,
	OPTION_ACCEPT_EXPIRED_KEY,
	OPTION_OFFLINE,
	OPTION_NO_SANDBOX,
	OPTION_RETRY_UNINSPECTED,
	OPTION_KEEP
};

static const struct command_option options[] = {
	REPORT_OPTIONS,
	{"artifact", OPTION_ARTIFACT, true},
	{"store", OPTION_STORE, true},
	{"db", OPTION_DB, true},
	{"mirror", OPTION_MIRROR, true},
	{"apt", OPTION_APT, true},
	{"keyring", OPTION_KEYRING, true},
	{"accept-expired-key", OPTION_ACCEPT_EXPIRED_KEY, false},
	{"offline", OPTION_OFFLINE, false},
	{"no-sandbox", OPTION_NO_SANDBOX, false},
	{"retry-uninspected", OPTION_RETRY_UNINSPECTED, false},
	BOUNDS_OPTIONS,
	BUILD_OPTIONS,
	{"keep", OPTION_KEEP, false},
	{NULL, 0, false},
};

struct verify_arguments {
	struct verify_request request;
	struct text_list artifacts, mirrors;
	struct report_run report;
	struct bounds bounds;
	struct build_options build;
};

static int run_verify(struct verify_arguments *arguments)
{
	struct evidence *evidence = NULL;
	char run[RUN_ID_SIZE];
	struct error err;
	int code;

	arguments->request.inspection.memory = arguments->bounds.memory;
	arguments->request.inspection.limits = arguments->bounds.limits;
	arguments->request.build_limits = arguments->build.limits;
	arguments->request.artifacts = &arguments->artifacts;
	arguments->request.mirrors = &arguments->mirrors;
	arguments->report.options.database = arguments->request.database;
	resumable_catch_signals("verify");
	arguments->request.has_own_mounts =
		geteuid() == 0 && build_disk_own_mounts(&err) == STATUS_OK;
	if (evidence_open(arguments->request.database, &evidence, &err) < 0 ||
		verify_release(&arguments->request, evidence, run, &err) < 0)
		code = command_fail("verify", &err);
	else
		code = report_run("verify", evidence, run, &arguments->report);
	evidence_free(evidence);
	return code;
}

static void take_option(struct verify_arguments *arguments, int option, const char *value)
{
	struct verify_request *request = &arguments->request;

	switch (option) {
	case OPTION_ARTIFACT:
		text_list_add(&arguments->artifacts, value);
		break;
	case OPTION_STORE:
		request->store = value;
		break;
	case OPTION_DB:
		request->database = value;
		break;
	case OPTION_MIRROR:
		text_list_add(&arguments->mirrors, value);
		break;
	case OPTION_APT:
		request->etc_apt = value;
		break;
	case OPTION_KEYRING:
		request->keyring = value;
		break;
	case OPTION_ACCEPT_EXPIRED_KEY:
		request->accept_expired_key = true;
		break;
	case OPTION_OFFLINE:
		request->is_offline = true;
		break;
	case OPTION_NO_SANDBOX:
		request->no_sandbox = true;
		break;
	case OPTION_RETRY_UNINSPECTED:
		request->inspection.retry_uninspected = true;
		break;
	case OPTION_KEEP:
		request->keep = true;
		break;
	default:
		if (!bounds_take(&arguments->bounds, option, value) &&
			!build_options_take(&arguments->build, option, value))
			report_run_take(&arguments->report, option, value);
	}
}

int cmd_verify(int argc, char **argv)
{
	struct command_line line = {
		.command = "verify", .options = options, .argc = argc, .argv = argv};
	char *store = command_default_store(), *database = command_default_database();
	struct verify_arguments arguments = {
		.request = {.etc_apt = "/etc/apt", .store = store, .database = database},
		.bounds = bounds_default,
	};
	int code, option;

	while ((option = command_option_next(&line)) > 0)
		take_option(&arguments, option, line.value);
	if (option == OPTION_STOP) {
		code = line.is_help ? command_help(help) : line.code;
	} else if (line.word_count != 1) {
		code = command_usage("verify", "one release descriptor is needed");
	} else {
		code = bounds_check("verify", &arguments.bounds);
		if (code == EXIT_REPRODUCED)
			code = build_options_check("verify", &arguments.build);
		if (code == EXIT_REPRODUCED)
			code = report_run_check("verify", &arguments.report);
		arguments.request.descriptor = line.words[0];
		if (code == EXIT_REPRODUCED)
			code = resumable_check_descriptor("verify", line.words[0]);
		if (code == EXIT_REPRODUCED)
			code = run_verify(&arguments);
	}
	free(store);
	free(database);
	text_list_release(&arguments.artifacts);
	text_list_release(&arguments.mirrors);
	return code;
}
