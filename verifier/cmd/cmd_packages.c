/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/progress.h"
#include "verifier/cmd/cmd_packages.h"

static const char help[] =
	"usage: reproof packages diff [OPTION…] --pin PIN OLD NEW\n"
	"       reproof packages why [OPTION…] --pin PIN --in LIST PACKAGE\n"
	"       reproof packages closure [OPTION…] --pin PIN LIST\n\n"
	"diff says what a change of a list of packages drags in: what comes and goes with each\n"
	"entry and by which chain of dependencies, sizes, and the tests behind all that is new.\n"
	"why says which entries of a list need a package; closure all that a list needs.\n"
	"Lists are lines, a .manifest, dpkg's status, CSV, XLSX, YAML, an image or its index.\n\n"
	"  --pin PIN             the archives' state (repeatable)\n"
	"  --in LIST             why: the list\n"
	"  --recommends          follow Recommends too\n"
	"  --architecture ARCH   of the image (dpkg's own)\n"
	"  --column NAME         of a table the column of names, or key of YAML\n"
	"  --version-column NAME the column of versions\n"
	"  --worksheet NAME      the sheet of a workbook (its first)\n"
	"  --all                 why: every entry, not the first ten\n"
	"  --exit-code           exit 1 when diff finds a change, or why that nothing needs it\n\n"
	"Of diff, about what is new:\n"
	"  --no-coverage         leave the tests and risk of what is new out\n"
	"  --debian-only         read debian/ alone of source packages\n"
	"  --debci FILE          debci's packages.json (repeatable)\n"
	"  --tracker FILE        the security tracker's JSON\n"
	"  --popcon FILE         popcon's by_inst\n"
	"  --suite NAME          what debci and the tracker call the suite (the pin's codename)\n"
	"  --db FILE             the evidence database, which keeps what was read of sources\n\n"
	"  --json                one JSON object on stdout\n"
	"  --markdown FILE       write it as well for a merge request's comment\n"
	"  --html FILE           write it as well as a page\n"
	"  --store DIR, --mirror [NAME=]URL, --apt DIR, --keyring FILE, --lock FILE,\n"
	"  --accept-expired-key, --offline  as of reproof snapshot\n"
	"  --quiet               no progress\n"
	"  --help                this text\n\n"
	"Exit codes: 0 the answer is whole, whatever it is, 1 with --exit-code, 2 usage, 3 "
	"trouble,\n"
	"4 an entry was not followed as listed (not in the pins, not installable, a source\n"
	"package), 7 signature or trust failure.\n";

enum {
	OPTION_PIN = 1,
	OPTION_IN,
	OPTION_RECOMMENDS,
	OPTION_ARCHITECTURE,
	OPTION_COLUMN,
	OPTION_VERSION_COLUMN,
	OPTION_WORKSHEET,
	OPTION_ALL,
	OPTION_EXIT_CODE,
	OPTION_NO_COVERAGE,
	OPTION_DEBIAN_ONLY,
	OPTION_DEBCI,
	OPTION_TRACKER,
	OPTION_POPCON,
	OPTION_SUITE,
	OPTION_DB,
	OPTION_JSON,
	OPTION_MARKDOWN,
	OPTION_HTML,
	OPTION_STORE,
	OPTION_MIRROR,
	OPTION_APT,
	OPTION_KEYRING,
	OPTION_LOCK,
	OPTION_ACCEPT_EXPIRED_KEY,
	OPTION_OFFLINE,
	OPTION_QUIET,
};

static const struct command_option options[] = {
	{"pin", OPTION_PIN, true},
	{"in", OPTION_IN, true},
	{"recommends", OPTION_RECOMMENDS, false},
	{"architecture", OPTION_ARCHITECTURE, true},
	{"column", OPTION_COLUMN, true},
	{"version-column", OPTION_VERSION_COLUMN, true},
	{"worksheet", OPTION_WORKSHEET, true},
	{"all", OPTION_ALL, false},
	{"exit-code", OPTION_EXIT_CODE, false},
	{"no-coverage", OPTION_NO_COVERAGE, false},
	{"debian-only", OPTION_DEBIAN_ONLY, false},
	{"debci", OPTION_DEBCI, true},
	{"tracker", OPTION_TRACKER, true},
	{"popcon", OPTION_POPCON, true},
	{"suite", OPTION_SUITE, true},
	{"db", OPTION_DB, true},
	{"json", OPTION_JSON, false},
	{"markdown", OPTION_MARKDOWN, true},
	{"html", OPTION_HTML, true},
	{"store", OPTION_STORE, true},
	{"mirror", OPTION_MIRROR, true},
	{"apt", OPTION_APT, true},
	{"keyring", OPTION_KEYRING, true},
	{"lock", OPTION_LOCK, true},
	{"accept-expired-key", OPTION_ACCEPT_EXPIRED_KEY, false},
	{"offline", OPTION_OFFLINE, false},
	{"quiet", OPTION_QUIET, false},
	{NULL, 0, false},
};

static void take_option(struct packages_arguments *arguments, int option, const char *value)
{
	struct coverage_request *request = &arguments->request;
	struct snapshot_options *snapshot = &arguments->snapshot;
	const struct {
		int option;
		const char **to;
	} texts[] = {
		{OPTION_IN, &arguments->in},
		{OPTION_COLUMN, &arguments->list_options.column},
		{OPTION_VERSION_COLUMN, &arguments->list_options.version_column},
		{OPTION_WORKSHEET, &arguments->list_options.sheet},
		{OPTION_TRACKER, &request->tracker},
		{OPTION_POPCON, &request->popcon},
		{OPTION_SUITE, &request->suite},
		{OPTION_DB, &arguments->database},
		{OPTION_MARKDOWN, &arguments->markdown},
		{OPTION_HTML, &arguments->html},
		{OPTION_APT, &snapshot->etc_apt},
		{OPTION_KEYRING, &snapshot->keyring},
		{OPTION_LOCK, &snapshot->lock_path},
	};
	const struct {
		int option;
		struct text_list *to;
	} lists[] = {
		{OPTION_PIN, &snapshot->pins},
		{OPTION_ARCHITECTURE, &snapshot->architectures},
		{OPTION_MIRROR, &snapshot->mirrors},
		{OPTION_DEBCI, &request->debci},
	};
	const struct {
		int option;
		bool *to;
	} flags[] = {
		{OPTION_RECOMMENDS, &snapshot->has_recommends},
		{OPTION_ALL, &arguments->shows_all},
		{OPTION_EXIT_CODE, &snapshot->has_exit_code},
		{OPTION_NO_COVERAGE, &arguments->is_without_coverage},
		{OPTION_DEBIAN_ONLY, &request->is_debian_only},
		{OPTION_JSON, &snapshot->is_json},
		{OPTION_ACCEPT_EXPIRED_KEY, &snapshot->accept_expired_key},
		{OPTION_OFFLINE, &snapshot->is_offline},
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].option == option)
			*texts[i].to = value;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (lists[i].option == option)
			text_list_add(lists[i].to, value);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].option == option)
			*flags[i].to = true;
	if (option == OPTION_QUIET)
		progress_set_quiet(true);
	if (option == OPTION_STORE) {
		free(snapshot->store_path);
		snapshot->store_path = xstrdup(value);
	}
}

#define DIFF (1U << PACKAGES_DIFF)
#define WHY  (1U << PACKAGES_WHY)

/* An option that would do nothing is a mistake. */
static const struct {
	int option;
	unsigned commands; /* that have it */
	const char *name, *whose;
	bool is_of_coverage;
} scopes[] = {
	{OPTION_ALL, WHY, "--all", "why", false},
	{OPTION_EXIT_CODE, DIFF | WHY, "--exit-code", "diff and why", false},
	{OPTION_NO_COVERAGE, DIFF, "--no-coverage", "diff", false},
	{OPTION_DEBIAN_ONLY, DIFF, "--debian-only", "diff", true},
	{OPTION_DEBCI, DIFF, "--debci", "diff", true},
	{OPTION_TRACKER, DIFF, "--tracker", "diff", true},
	{OPTION_POPCON, DIFF, "--popcon", "diff", true},
	{OPTION_SUITE, DIFF, "--suite", "diff", true},
	{OPTION_DB, DIFF, "--db", "diff", false},
};

static int scopes_check(const struct packages_arguments *arguments, const bool *given)
{
	for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
		if (!given[scopes[i].option])
			continue;
		if (!(scopes[i].commands & (1U << arguments->command)))
			return command_usage("packages", "%s is an option of %s", scopes[i].name,
				scopes[i].whose);
		if (scopes[i].is_of_coverage && arguments->is_without_coverage)
			return command_usage("packages",
				"%s is for the tests and risk of what is new, which --no-coverage "
				"leaves out: leave out one of them",
				scopes[i].name);
	}
	return EXIT_REPRODUCED;
}

/* The words behind the subcommand are lists, and for `why` a package. */
static int words_check(struct packages_arguments *arguments, const bool *given)
{
	static const struct {
		const char *name;
		enum packages_command command;
		int words;
		const char *needs;
	} commands[] = {
		{"diff", PACKAGES_DIFF, 2, "diff needs two lists, OLD and NEW"},
		{"why", PACKAGES_WHY, 1, "why needs one package, and its list with --in"},
		{"closure", PACKAGES_CLOSURE, 1, "closure needs one list"},
	};
	const struct text_list *words = &arguments->snapshot.words;

	if (words->count == 0)
		return command_usage("packages", "which one: diff, why or closure?");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(words->items[0], commands[i].name) != 0)
			continue;
		arguments->command = commands[i].command;
		if (words->count != (size_t)commands[i].words + 1 ||
			(arguments->in != NULL) != (commands[i].command == PACKAGES_WHY))
			return command_usage("packages", "%s", commands[i].needs);
		if (arguments->snapshot.pins.count == 0)
			return command_usage("packages",
				"--pin is needed; reproof snapshot list has those of the store");
		return scopes_check(arguments, given);
	}
	return command_usage(
		"packages", "there is no \"packages %s\": diff, why or closure", words->items[0]);
}

int cmd_packages(int argc, char **argv)
{
	struct command_line line = {
		.command = "packages", .options = options, .argc = argc, .argv = argv};
	struct packages_arguments arguments = {
		.snapshot = {.store_path = command_default_store(), .etc_apt = "/etc/apt"}};
	char *database = command_default_database();
	bool given[OPTION_QUIET + 1] = {false};
	int code, option;

	arguments.database = database;
	while ((option = command_option_next(&line)) > 0) {
		take_option(&arguments, option, line.value);
		given[option] = true;
	}
	for (int i = 0; option != OPTION_STOP && i < line.word_count; i++)
		text_list_add(&arguments.snapshot.words, line.words[i]);
	if (option == OPTION_STOP)
		code = line.is_help ? command_help(help) : line.code;
	else
		code = words_check(&arguments, given);
	if (option != OPTION_STOP && code == EXIT_REPRODUCED)
		code = packages_run(&arguments);
	text_list_release(&arguments.request.debci);
	snapshot_options_release(&arguments.snapshot);
	free(database);
	return code;
}
