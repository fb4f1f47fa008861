/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/path.h"
#include "base/progress.h"
#include "verifier/cmd/command.h"
#include "verifier/cmd/report_run.h"
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
	"  --no-sandbox          build without isolation; marks the run\n"
	"  --keep                keep what was rebuilt even when all of it is reproduced\n"
	"  --all                 print every differing member with its diff\n"
	"  --group               fold the reproduced artifacts into one line\n"
	"  --json                one JSON object on stdout\n"
	"  --quiet               no progress\n"
	"  --help                this text\n\n"
	"Exit codes: 0 all reproduced, 1 differences, 2 usage or descriptor, 3 trouble\n"
	"(network, build), 4 incomplete, 7 signature or trust failure.\n";

enum option_code {
	OPTION_ARTIFACT = 256,
	OPTION_STORE,
	OPTION_DB,
	OPTION_MIRROR,
	OPTION_APT,
	OPTION_KEYRING,
	OPTION_ACCEPT_EXPIRED_KEY,
	OPTION_NO_SANDBOX,
	OPTION_KEEP,
	OPTION_ALL,
	OPTION_GROUP,
	OPTION_JSON,
	OPTION_QUIET,
	OPTION_HELP
};

static const struct option options[] = {
	{"artifact", required_argument, NULL, OPTION_ARTIFACT},
	{"store", required_argument, NULL, OPTION_STORE},
	{"db", required_argument, NULL, OPTION_DB},
	{"mirror", required_argument, NULL, OPTION_MIRROR},
	{"apt", required_argument, NULL, OPTION_APT},
	{"keyring", required_argument, NULL, OPTION_KEYRING},
	{"accept-expired-key", no_argument, NULL, OPTION_ACCEPT_EXPIRED_KEY},
	{"no-sandbox", no_argument, NULL, OPTION_NO_SANDBOX},
	{"keep", no_argument, NULL, OPTION_KEEP},
	{"all", no_argument, NULL, OPTION_ALL},
	{"group", no_argument, NULL, OPTION_GROUP},
	{"json", no_argument, NULL, OPTION_JSON},
	{"quiet", no_argument, NULL, OPTION_QUIET},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

struct verify_arguments {
	struct verify_request request;
	struct text_list artifacts, mirrors;
	struct report_run report;
	char *store, *database;
};

static void note_signal(int number)
{
	(void)number;
}

/* Without SA_RESTART: what waits is woken, ends the build, and leaves the run to be continued. */
static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = note_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static int run_verify(struct verify_arguments *arguments)
{
	struct evidence *evidence = NULL;
	char run[RUN_ID_SIZE];
	struct error err;
	int code;

	arguments->request.artifacts = &arguments->artifacts;
	arguments->request.mirrors = &arguments->mirrors;
	arguments->request.store = arguments->store;
	arguments->request.database = arguments->database;
	arguments->report.options.database = arguments->database;
	catch_signals();
	if (evidence_open(arguments->database, &evidence, &err) < 0 ||
		verify_release(&arguments->request, evidence, run, &err) < 0)
		code = command_fail("verify", &err);
	else
		code = report_run("verify", evidence, run, &arguments->report);
	evidence_free(evidence);
	return code;
}

/* False when the option is not one of ours; getopt has said so. */
static bool take_option(struct verify_arguments *arguments, int option)
{
	struct verify_request *request = &arguments->request;

	switch (option) {
	case OPTION_ARTIFACT:
		text_list_add(&arguments->artifacts, optarg);
		return true;
	case OPTION_STORE:
		free(arguments->store);
		arguments->store = xstrdup(optarg);
		return true;
	case OPTION_DB:
		free(arguments->database);
		arguments->database = xstrdup(optarg);
		return true;
	case OPTION_MIRROR:
		text_list_add(&arguments->mirrors, optarg);
		return true;
	case OPTION_APT:
		request->etc_apt = optarg;
		return true;
	case OPTION_KEYRING:
		request->keyring = optarg;
		return true;
	case OPTION_ACCEPT_EXPIRED_KEY:
		request->accept_expired_key = true;
		return true;
	case OPTION_NO_SANDBOX:
		request->no_sandbox = true;
		return true;
	case OPTION_KEEP:
		request->keep = true;
		return true;
	case OPTION_ALL:
		arguments->report.options.all = true;
		return true;
	case OPTION_GROUP:
		arguments->report.options.group = true;
		return true;
	case OPTION_JSON:
		arguments->report.json = true;
		return true;
	case OPTION_QUIET:
		progress_set_quiet(true);
		return true;
	default:
		return false;
	}
}

int cmd_verify(int argc, char **argv)
{
	struct verify_arguments arguments = {
		.request.etc_apt = "/etc/apt",
		.store = command_default_store(),
		.database = command_default_database(),
	};
	int code = EXIT_USAGE, option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == OPTION_HELP) {
			code = command_help(help);
			goto out;
		}
		if (!take_option(&arguments, option))
			goto out;
	}
	if (argc - optind != 1) {
		code = command_usage("verify", "one release descriptor is needed");
		goto out;
	}
	arguments.request.descriptor = argv[optind];
	code = run_verify(&arguments);
out:
	free(arguments.store);
	free(arguments.database);
	text_list_release(&arguments.artifacts);
	text_list_release(&arguments.mirrors);
	return code;
}
