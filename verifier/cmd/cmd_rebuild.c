/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/number.h"
#include "verifier/cmd/bounds.h"
#include "verifier/cmd/build_options.h"
#include "verifier/cmd/report_run.h"
#include "verifier/cmd/resumable.h"
#include "verifier/rebuild/build_disk.h"
#include "verifier/rebuild/variation.h"
#include "verifier/verify.h"

#define BUILDS_USUAL 30
#define BUILDS_LEAST 3 /* the third tells chance from what is varied */

static const char help[] =
	"usage: reproof rebuild [OPTION…] RELEASE.yaml\n\n"
	"Builds a release by its descriptor and compares it with nothing that was published.\n"
	"With --twice a second time with other surroundings; when the two differ, more builds\n"
	"tell which of these do it. A run that was killed is gone on with.\n\n"
	"  -o DIR                keep what was built in this new directory\n"
	"  --twice               build twice and compare\n"
	"  --vary LIST           vary only these (all)\n"
	"  --no-vary LIST        leave these out; all of them: the same twice\n"
	"  --builds N            make at most so many builds in all (30)\n"
	"  --store DIR           where pins, packages and fetched files are kept\n"
	"  --db FILE             the evidence database; the work of a run is in runs/ beside it\n"
	"  --mirror [NAME=]URL   read this archive from here first (repeatable)\n"
	"  --apt DIR             apt's configuration, for its mirrors (/etc/apt)\n"
	"  --keyring FILE        trust these keys instead of Debian's\n"
	"  --accept-expired-key  accept a key that has expired since it signed; marks the run\n"
	"  --offline             use only what is in the store\n"
	"  --no-sandbox          build without isolation; marks the run\n" BUILD_OPTIONS_HELP
	"  --memory SIZE         take at most so much memory to compare (320M)\n"
	"  --limit NAME=N        what one artifact may cost, as of reproof compare (repeatable)\n"
	"  --group               fold the files that are the same into one line\n"
	"  --json                one JSON object on stdout\n"
	"  --quiet               no progress\n"
	"  --help                this text\n\n"
	"LIST: build_path, user_group, domain_host, timezone, locales, umask, num_cpus, time,\n"
	"fileordering, with commas between them; or all.\n"
	"Exit codes: 0 built, or the same twice, 1 different, 2 usage or descriptor, 3 trouble\n"
	"(a build failed, network), 4 nothing was built, 7 signature or trust failure.\n";

enum {
	OPTION_OUTPUT = REPORT_OPTIONS_END,
	OPTION_TWICE,
	OPTION_VARY,
	OPTION_NO_VARY,
	OPTION_BUILDS,
	OPTION_STORE,
	OPTION_DB,
	OPTION_MIRROR,
	OPTION_APT,
	OPTION_KEYRING,
	OPTION_ACCEPT_EXPIRED_KEY,
	OPTION_OFFLINE,
	OPTION_NO_SANDBOX
};

static const struct command_option options[] = {
	{"group", REPORT_GROUP, false},
	{"json", REPORT_JSON, false},
	{"quiet", REPORT_QUIET, false},
	{"-o", OPTION_OUTPUT, true},
	{"twice", OPTION_TWICE, false},
	{"vary", OPTION_VARY, true},
	{"no-vary", OPTION_NO_VARY, true},
	{"builds", OPTION_BUILDS, true},
	{"store", OPTION_STORE, true},
	{"db", OPTION_DB, true},
	{"mirror", OPTION_MIRROR, true},
	{"apt", OPTION_APT, true},
	{"keyring", OPTION_KEYRING, true},
	{"accept-expired-key", OPTION_ACCEPT_EXPIRED_KEY, false},
	{"offline", OPTION_OFFLINE, false},
	{"no-sandbox", OPTION_NO_SANDBOX, false},
	BUILD_OPTIONS,
	BOUNDS_OPTIONS,
	{NULL, 0, false},
};

struct rebuild_arguments {
	struct rebuild_request request;
	const char *vary, *no_vary, *builds;
	struct text_list mirrors;
	struct report_run report;
	struct bounds bounds;
	struct build_options build;
};

/* --vary, --no-vary and --builds; EXIT_USAGE, or 0. */
static int take_variations(struct rebuild_arguments *arguments)
{
	struct rebuild_request *request = &arguments->request;
	unsigned without = 0;
	uint64_t builds = BUILDS_USUAL;
	struct error err;

	if (!request->is_twice && (arguments->vary || arguments->no_vary || arguments->builds))
		return command_usage("rebuild", "--vary, --no-vary and --builds need --twice");
	request->vary = VARIATION_ALL;
	if ((arguments->vary && variation_set_parse(arguments->vary, &request->vary, &err) < 0) ||
		(arguments->no_vary && variation_set_parse(arguments->no_vary, &without, &err) < 0))
		return command_usage("rebuild", "%s", err.text);
	request->vary &= ~without;
	if (arguments->builds &&
		(!number_parse(arguments->builds, strlen(arguments->builds), &builds) ||
			builds < BUILDS_LEAST || builds > 10000))
		return command_usage("rebuild",
			"--builds %s: this must be a number from %d to 10000", arguments->builds,
			BUILDS_LEAST);
	request->bound = (unsigned)builds;
	return EXIT_REPRODUCED;
}

/* EXIT_USAGE, or 0. */
static int check_paths(const struct rebuild_request *request)
{
	struct stat status;
	int code = resumable_check_descriptor("rebuild", request->verify.descriptor);

	if (code != EXIT_REPRODUCED)
		return code;
	if (request->output && lstat(request->output, &status) == 0)
		return command_usage("rebuild",
			"%s is there already; what is built is kept in a new directory",
			request->output);
	return EXIT_REPRODUCED;
}

static int run_rebuild(struct rebuild_arguments *arguments)
{
	static const struct text_list no_globs;
	struct verify_request *verify = &arguments->request.verify;
	struct evidence *evidence = NULL;
	char run[RUN_ID_SIZE];
	struct error err;
	int code;

	verify->inspection.memory = arguments->bounds.memory;
	verify->inspection.limits = arguments->bounds.limits;
	verify->build_limits = arguments->build.limits;
	verify->artifacts = &no_globs;
	verify->mirrors = &arguments->mirrors;
	arguments->report.options.database = verify->database;
	resumable_catch_signals("rebuild");
	verify->has_own_mounts = geteuid() == 0 && build_disk_own_mounts(&err) == STATUS_OK;
	if (evidence_open(verify->database, &evidence, &err) < 0 ||
		verify_rebuild_release(&arguments->request, evidence, run, &err) < 0)
		code = command_fail("rebuild", &err);
	else
		code = report_run("rebuild", evidence, run, &arguments->report);
	evidence_free(evidence);
	return code;
}

static void take_option(struct rebuild_arguments *arguments, int option, const char *value)
{
	struct verify_request *verify = &arguments->request.verify;

	switch (option) {
	case OPTION_OUTPUT:
		arguments->request.output = value;
		break;
	case OPTION_TWICE:
		arguments->request.is_twice = true;
		break;
	case OPTION_VARY:
		arguments->vary = value;
		break;
	case OPTION_NO_VARY:
		arguments->no_vary = value;
		break;
	case OPTION_BUILDS:
		arguments->builds = value;
		break;
	case OPTION_STORE:
		verify->store = value;
		break;
	case OPTION_DB:
		verify->database = value;
		break;
	case OPTION_MIRROR:
		text_list_add(&arguments->mirrors, value);
		break;
	case OPTION_APT:
		verify->etc_apt = value;
		break;
	case OPTION_KEYRING:
		verify->keyring = value;
		break;
	case OPTION_ACCEPT_EXPIRED_KEY:
		verify->accept_expired_key = true;
		break;
	case OPTION_OFFLINE:
		verify->is_offline = true;
		break;
	case OPTION_NO_SANDBOX:
		verify->no_sandbox = true;
		break;
	default:
		if (!bounds_take(&arguments->bounds, option, value) &&
			!build_options_take(&arguments->build, option, value))
			report_run_take(&arguments->report, option, value);
	}
}

int cmd_rebuild(int argc, char **argv)
{
	struct command_line line = {
		.command = "rebuild", .options = options, .argc = argc, .argv = argv};
	char *store = command_default_store(), *database = command_default_database();
	struct rebuild_arguments arguments = {
		.request.verify = {.etc_apt = "/etc/apt", .store = store, .database = database},
		.bounds = bounds_default,
	};
	int code, option;

	while ((option = command_option_next(&line)) > 0)
		take_option(&arguments, option, line.value);
	if (option == OPTION_STOP) {
		code = line.is_help ? command_help(help) : line.code;
	} else if (line.word_count != 1) {
		code = command_usage("rebuild", "one release descriptor is needed");
	} else {
		arguments.request.verify.descriptor = line.words[0];
		code = bounds_check("rebuild", &arguments.bounds);
		if (code == EXIT_REPRODUCED)
			code = build_options_check("rebuild", &arguments.build);
		if (code == EXIT_REPRODUCED)
			code = take_variations(&arguments);
		if (code == EXIT_REPRODUCED)
			code = check_paths(&arguments.request);
		if (code == EXIT_REPRODUCED)
			code = run_rebuild(&arguments);
	}
	free(store);
	free(database);
	text_list_release(&arguments.mirrors);
	return code;
}
