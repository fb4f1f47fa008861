/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/cmd/cmd_snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/number.h"
#include "base/progress.h"
#include "verifier/cmd/command.h"

struct subcommand {
	const char *name;
	enum status (*run)(struct snapshot_session *session, struct error *err);
	bool wants_pins;
	bool wants_words;
	bool takes_words;
	bool wants_fetcher;
	unsigned char options[24]; /* enum snapshot_option; 0 behind the last */
	const char *arguments;	   /* for its help */
	const char *summary;
};

static const struct subcommand subcommands[] = {
	{"capture", snapshot_cmd_capture, false, false, false, true,
		{SNAPSHOT_STORE, SNAPSHOT_MIRROR, SNAPSHOT_APT, SNAPSHOT_ARCHITECTURE,
			SNAPSHOT_KEYRING, SNAPSHOT_EXPIRED_KEY, SNAPSHOT_LOCK, SNAPSHOT_JSON,
			SNAPSHOT_QUIET, SNAPSHOT_CONNECTIONS, SNAPSHOT_RATE},
		"[OPTION…]", "take the present state of this machine's archives into the store"},
	{"fetch", snapshot_cmd_fetch, true, false, true, true,
		{SNAPSHOT_PIN, SNAPSHOT_STORE, SNAPSHOT_MIRROR, SNAPSHOT_APT, SNAPSHOT_ARCHITECTURE,
			SNAPSHOT_KEYRING, SNAPSHOT_EXPIRED_KEY, SNAPSHOT_LOCK, SNAPSHOT_OFFLINE,
			SNAPSHOT_JSON, SNAPSHOT_QUIET, SNAPSHOT_CONNECTIONS, SNAPSHOT_RATE},
		"--pin PIN… [OPTION…] [PACKAGE…]",
		"get pins, and packages with all they depend on, into the store"},
	{"solve", snapshot_cmd_solve, true, false, true, true,
		{SNAPSHOT_PIN, SNAPSHOT_STORE, SNAPSHOT_MIRROR, SNAPSHOT_APT, SNAPSHOT_ARCHITECTURE,
			SNAPSHOT_KEYRING, SNAPSHOT_EXPIRED_KEY, SNAPSHOT_LOCK, SNAPSHOT_OFFLINE,
			SNAPSHOT_JSON, SNAPSHOT_QUIET, SNAPSHOT_CONNECTIONS, SNAPSHOT_RATE,
			SNAPSHOT_CHECK, SNAPSHOT_ROOTS, SNAPSHOT_RECOMMENDS},
		"--pin PIN… [OPTION…] [--check LIST] PACKAGE…",
		"the closure of a package list at the pins, or whether an image's is closed"},
	{"find", snapshot_cmd_find, false, false, true, true,
		{SNAPSHOT_STORE, SNAPSHOT_ARCHIVE, SNAPSHOT_METASNAP, SNAPSHOT_ASK_API,
			SNAPSHOT_EFFORT, SNAPSHOT_ARCHITECTURE, SNAPSHOT_APT, SNAPSHOT_OFFLINE,
			SNAPSHOT_JSON, SNAPSHOT_QUIET, SNAPSHOT_CONNECTIONS, SNAPSHOT_RATE},
		"[OPTION…] LIST", "the pins that an image's package list was made from"},
	{"serve", snapshot_cmd_serve, true, false, false, true,
		{SNAPSHOT_PIN, SNAPSHOT_STORE, SNAPSHOT_MIRROR, SNAPSHOT_APT, SNAPSHOT_ARCHITECTURE,
			SNAPSHOT_KEYRING, SNAPSHOT_EXPIRED_KEY, SNAPSHOT_LOCK, SNAPSHOT_OFFLINE,
			SNAPSHOT_QUIET, SNAPSHOT_PORT, SNAPSHOT_LOG, SNAPSHOT_CONNECTIONS,
			SNAPSHOT_RATE, SNAPSHOT_SERVE_API},
		"--pin PIN…|--api [OPTION…]",
		"the pinning proxy on 127.0.0.1, or what tools ask of snapshot.debian.org"},
	{"trust", snapshot_cmd_trust, true, false, true, true,
		{SNAPSHOT_PIN, SNAPSHOT_STORE, SNAPSHOT_MIRROR, SNAPSHOT_APT, SNAPSHOT_KEYRING,
			SNAPSHOT_EXPIRED_KEY, SNAPSHOT_LOCK, SNAPSHOT_OFFLINE, SNAPSHOT_JSON,
			SNAPSHOT_QUIET, SNAPSHOT_CONNECTIONS, SNAPSHOT_RATE},
		"--pin PIN… [OPTION…] [FILE]",
		"which key, Release and index vouch for a file, by which hashes"},
	{"drift", snapshot_cmd_drift, false, false, true, true,
		{SNAPSHOT_PIN, SNAPSHOT_STORE, SNAPSHOT_MIRROR, SNAPSHOT_APT, SNAPSHOT_ARCHITECTURE,
			SNAPSHOT_KEYRING, SNAPSHOT_EXPIRED_KEY, SNAPSHOT_LOCK, SNAPSHOT_OFFLINE,
			SNAPSHOT_JSON, SNAPSHOT_QUIET, SNAPSHOT_CONNECTIONS, SNAPSHOT_RATE,
			SNAPSHOT_MANIFEST, SNAPSHOT_NOW, SNAPSHOT_EXIT_CODE},
		"[OPTION…] RELEASE | --pin PIN… [OPTION…] --manifest LIST | PACKAGE…",
		"which pinned packages have newer versions or security updates now"},
	{"export", snapshot_cmd_export, false, true, true, true,
		{SNAPSHOT_STORE, SNAPSHOT_MIRROR, SNAPSHOT_APT, SNAPSHOT_ARCHITECTURE,
			SNAPSHOT_KEYRING, SNAPSHOT_EXPIRED_KEY, SNAPSHOT_LOCK, SNAPSHOT_OFFLINE,
			SNAPSHOT_DB, SNAPSHOT_JSON, SNAPSHOT_QUIET, SNAPSHOT_OUTPUT,
			SNAPSHOT_PACKAGE, SNAPSHOT_ALL, SNAPSHOT_SOURCES, SNAPSHOT_GIT,
			SNAPSHOT_CONNECTIONS, SNAPSHOT_RATE},
		"RUN|PIN… -o FILE [OPTION…]",
		"write all that a rebuild needs of a run's or of pins' archives to one file"},
	{"import", snapshot_cmd_import, false, true, true, false,
		{SNAPSHOT_STORE, SNAPSHOT_KEYRING, SNAPSHOT_EXPIRED_KEY, SNAPSHOT_LOCK,
			SNAPSHOT_JSON, SNAPSHOT_QUIET, SNAPSHOT_GIT, SNAPSHOT_SHA256},
		"FILE [OPTION…]", "verify such a file, and read it into the store"},
	{"list", snapshot_cmd_list, false, false, false, false,
		{SNAPSHOT_STORE, SNAPSHOT_JSON, SNAPSHOT_QUIET}, "[OPTION…]",
		"the pins of the store"},
	{"size", snapshot_cmd_size, false, false, false, false,
		{SNAPSHOT_STORE, SNAPSHOT_DB, SNAPSHOT_JSON, SNAPSHOT_QUIET}, "[OPTION…]",
		"what of the store pins and recorded runs refer to"},
	{"gc", snapshot_cmd_gc, false, false, false, false,
		{SNAPSHOT_STORE, SNAPSHOT_DB, SNAPSHOT_DROP, SNAPSHOT_YES, SNAPSHOT_LOCK,
			SNAPSHOT_JSON, SNAPSHOT_QUIET},
		"[OPTION…]",
		"remove what nothing refers to, and pins that are not wanted any more"},
	{"fsck", snapshot_cmd_fsck, false, false, false, false,
		{SNAPSHOT_STORE, SNAPSHOT_JSON, SNAPSHOT_QUIET}, "[OPTION…]",
		"hash every file of the store, and take out what is not what it is called"},
};

static const struct command_option options_known[] = {
	{"pin", SNAPSHOT_PIN, true},
	{"store", SNAPSHOT_STORE, true},
	{"mirror", SNAPSHOT_MIRROR, true},
	{"apt", SNAPSHOT_APT, true},
	{"architecture", SNAPSHOT_ARCHITECTURE, true},
	{"keyring", SNAPSHOT_KEYRING, true},
	{"accept-expired-key", SNAPSHOT_EXPIRED_KEY, false},
	{"lock", SNAPSHOT_LOCK, true},
	{"offline", SNAPSHOT_OFFLINE, false},
	{"json", SNAPSHOT_JSON, false},
	{"quiet", SNAPSHOT_QUIET, false},
	{"port", SNAPSHOT_PORT, true},
	{"log", SNAPSHOT_LOG, true},
	{"api", SNAPSHOT_SERVE_API, false},
	{"db", SNAPSHOT_DB, true},
	{"drop", SNAPSHOT_DROP, true},
	{"yes", SNAPSHOT_YES, false},
	{"connections", SNAPSHOT_CONNECTIONS, true},
	{"rate", SNAPSHOT_RATE, true},
	{"output", SNAPSHOT_OUTPUT, true},
	{"-o", SNAPSHOT_OUTPUT, true},
	{"package", SNAPSHOT_PACKAGE, true},
	{"all", SNAPSHOT_ALL, false},
	{"sources", SNAPSHOT_SOURCES, false},
	{"git", SNAPSHOT_GIT, true},
	{"sha256", SNAPSHOT_SHA256, true},
	{"check", SNAPSHOT_CHECK, true},
	{"roots", SNAPSHOT_ROOTS, true},
	{"recommends", SNAPSHOT_RECOMMENDS, false},
	{"manifest", SNAPSHOT_MANIFEST, true},
	{"now", SNAPSHOT_NOW, true},
	{"exit-code", SNAPSHOT_EXIT_CODE, false},
	{"archive", SNAPSHOT_ARCHIVE, true},
	{"metasnap", SNAPSHOT_METASNAP, true},
	{"api", SNAPSHOT_ASK_API, true},
	{"effort", SNAPSHOT_EFFORT, true},
	{NULL, 0, false},
};

/* What --help says of each; which subcommand takes it stands in the table above. */
static const struct option_help {
	enum snapshot_option option;
	const char *synopsis, *text;
} option_helps[] = {
	{SNAPSHOT_PIN, "--pin PIN", "a pin; may be given for several archives"},
	{SNAPSHOT_STORE, "--store DIR", "the store ($REPROOF_STORE, ~/.local/state/reproof/store)"},
	{SNAPSHOT_MIRROR, "--mirror [ARCHIVE=]URL", "fetch from here first; may be given again"},
	{SNAPSHOT_APT, "--apt DIR", "apt's configuration (/etc/apt): what to capture, and mirrors"},
	{SNAPSHOT_ARCHITECTURE, "--architecture ARCH", "(dpkg's own); capture takes several"},
	{SNAPSHOT_KEYRING, "--keyring FILE", "the keys to trust (Debian's)"},
	{SNAPSHOT_EXPIRED_KEY, "--accept-expired-key",
		"on first use, a signature by a key that has expired since"},
	{SNAPSHOT_LOCK, "--lock FILE",
		"hold the pins against this lock; write it when it is not there"},
	{SNAPSHOT_OFFLINE, "--offline", "use only what is in the store"},
	{SNAPSHOT_JSON, "--json", "print JSON"},
	{SNAPSHOT_QUIET, "--quiet", "no progress"},
	{SNAPSHOT_PORT, "--port N", "the port (any)"},
	{SNAPSHOT_LOG, "--log FILE", "where the log goes (stdout)"},
	{SNAPSHOT_SERVE_API, "--api",
		"answer as snapshot.debian.org and metasnap do, from all pins of the store"},
	{SNAPSHOT_DB, "--db FILE", "an evidence database; its runs keep files; may be given again"},
	{SNAPSHOT_DROP, "--drop PIN", "a pin to remove; may be given again"},
	{SNAPSHOT_YES, "--yes", "do it; without it gc says what it would remove"},
	{SNAPSHOT_CONNECTIONS, "--connections N",
		"at once to a host, at most (8; snapshot.debian.org 2)"},
	{SNAPSHOT_RATE, "--rate N", "requests a second to a host, at most (snapshot.debian.org 4)"},
	{SNAPSHOT_OUTPUT, "--output FILE", "the bundle to write; also -o"},
	{SNAPSHOT_PACKAGE, "--package NAME",
		"this package with all it depends on; may be given again"},
	{SNAPSHOT_ALL, "--all", "all that the store has of the pins"},
	{SNAPSHOT_SOURCES, "--sources", "the source packages too"},
	{SNAPSHOT_GIT, "--git DIR[=NAME]",
		"export: a repository, as NAME; import: where to put them"},
	{SNAPSHOT_SHA256, "--sha256 HEX",
		"the SHA-256 it must have, from somebody who vouches for it"},
	{SNAPSHOT_CHECK, "--check LIST",
		"is this list of an image's packages (- for stdin) closed?"},
	{SNAPSHOT_ROOTS, "--roots FILE",
		"packages that were asked for, one a line, as PACKAGE… is"},
	{SNAPSHOT_RECOMMENDS, "--recommends",
		"with Recommends; apt may take others where it turns back"},
	{SNAPSHOT_MANIFEST, "--manifest LIST",
		"the image's packages (- for stdin); RELEASE may name one itself"},
	{SNAPSHOT_NOW, "--now PIN", "a pin to look in (a fresh capture); may be given again"},
	{SNAPSHOT_EXIT_CODE, "--exit-code",
		"exit code 1 when something has drifted or was not judged"},
	{SNAPSHOT_ARCHIVE, "--archive NAME",
		"look at suites of this archive only; may be given again"},
	{SNAPSHOT_METASNAP, "--metasnap URL",
		"whom to ask for times (metasnap.debian.net), or none"},
	{SNAPSHOT_ASK_API, "--api URL", "whom to ask for the rest (snapshot.debian.org), or none"},
	{SNAPSHOT_EFFORT, "--effort N", "how long to search, in thousand million steps (2)"},
};

static const char help_end[] =
	"  --help                 this text\n\n"
	"Exit codes: 0 done, 1 a list that is not closed, a package that no time explains, or "
	"drift\nwith --exit-code, 2 usage or configuration, 3 trouble (network, packages that are "
	"not there\nor cannot be installed together), 7 signature or trust failure.\n";

static bool subcommand_takes(const struct subcommand *subcommand, int code)
{
	return code > 0 && memchr(subcommand->options, code, sizeof(subcommand->options)) != NULL;
}

/* "[serve]" behind an option that not all take, "[not list]" when most do. */
static void print_takers(int code)
{
	size_t takers = 0;
	bool is_common;

	for (size_t i = 0; i < ARRAY_SIZE(subcommands); i++)
		takers += subcommand_takes(&subcommands[i], code);
	if (takers == ARRAY_SIZE(subcommands))
		return;
	is_common = takers > ARRAY_SIZE(subcommands) / 2;
	fputs(is_common ? " [not" : " [only", stdout);
	for (size_t i = 0; i < ARRAY_SIZE(subcommands); i++) {
		if (subcommand_takes(&subcommands[i], code) != is_common)
			printf(" %s", subcommands[i].name);
	}
	putchar(']');
}

/* The help of one subcommand with the options it takes; NULL: of all. */
static int print_help(const struct subcommand *only)
{
	for (size_t i = 0; i < ARRAY_SIZE(subcommands); i++) {
		if (!only || only == &subcommands[i])
			printf("%s reproof snapshot %s %s\n", only || i == 0 ? "usage:" : "      ",
				subcommands[i].name, subcommands[i].arguments);
	}
	fputs("\nPins are states of Debian archives, ARCHIVE@YYYYMMDDTHHMMSSZ[:SUITE,SUITE…].\n",
		stdout);
	for (size_t i = 0; i < ARRAY_SIZE(subcommands); i++) {
		if (!only || only == &subcommands[i])
			printf("  %-8s %s\n", subcommands[i].name, subcommands[i].summary);
	}
	putchar('\n');
	for (size_t i = 0; i < ARRAY_SIZE(option_helps); i++) {
		const struct option_help *option = &option_helps[i];

		if (only && !subcommand_takes(only, (int)option->option))
			continue;
		printf("  %-22s %s", option->synopsis, option->text);
		if (!only)
			print_takers((int)option->option);
		putchar('\n');
	}
	return command_help(help_end);
}

static const char *option_name(int code)
{
	const struct command_option *option = options_known;

	while (option->name && option->code != code)
		option++;
	return option->name;
}

/*
 * Those that the subcommand takes first: of two options of one name, whichever is its own is found.
 * The others stay known, to say that it does not take them.
 */
static void options_order(
	const struct subcommand *subcommand, struct command_option known[ARRAY_SIZE(options_known)])
{
	size_t count = 0;

	for (int is_taken = 1; is_taken >= 0; is_taken--) {
		for (const struct command_option *option = options_known; option->name; option++) {
			if (subcommand_takes(subcommand, option->code) == is_taken)
				known[count++] = *option;
		}
	}
	known[count] = (struct command_option){0};
}

/* EXIT_REPRODUCED (0) to go on; *is_help when there is nothing more to do. */
static int options_read(const struct subcommand *subcommand, int argc, char **argv,
	struct snapshot_options *options, bool *is_help)
{
	struct command_option known[ARRAY_SIZE(options_known)];
	struct command_line line = {
		.command = "snapshot", .options = known, .argc = argc, .argv = argv};
	int code;

	options_order(subcommand, known);
	while ((code = command_option_next(&line)) > 0) {
		if (!subcommand_takes(subcommand, code))
			return command_usage("snapshot", "%s takes no --%s", subcommand->name,
				option_name(code));
		if (!snapshot_option_take(options, code, line.value))
			return command_usage("snapshot", "--%s: \"%s\" makes no sense",
				option_name(code), line.value);
	}
	*is_help = line.is_help;
	if (code == OPTION_STOP)
		return line.is_help ? print_help(subcommand) : line.code;
	for (int i = 0; i < line.word_count; i++)
		text_list_add(&options->words, line.words[i]);
	if (options->words.count && !subcommand->takes_words)
		return command_usage("snapshot", "%s takes no argument like \"%s\"",
			subcommand->name, options->words.items[0]);
	if (subcommand->wants_words && !options->words.count)
		return command_usage("snapshot",
			"%s needs an argument; see reproof "
			"snapshot %s --help",
			subcommand->name, subcommand->name);
	if (subcommand->wants_pins && !options->pins.count && !options->is_api)
		return command_usage(
			"snapshot", "%s needs --pin; see reproof snapshot list", subcommand->name);
	return EXIT_REPRODUCED;
}

enum status session_open(struct snapshot_session *session, bool wants_fetcher, struct error *err)
{
	const struct snapshot_options *options = session->options;
	struct fetch_options fetch = fetch_options_default;
	enum status status = STATUS_OK;

	fetch.host_connections = options->connections;
	fetch.host_rate = options->rate;
	if (options->connections > fetch.connections)
		fetch.connections = options->connections;
	session->trust = (struct trust_options){
		.keyring = options->keyring,
		.accept_expired_key = options->accept_expired_key,
		.now = clock_now(),
		.lock = options->lock_path,
		.notes = &session->notes,
		.etc_apt = options->etc_apt,
	};
	for (size_t i = 0; i < options->mirrors.count && status == STATUS_OK; i++)
		status = place_list_add_option(&session->places, options->mirrors.items[i], err);
	if (status == STATUS_OK)
		status = place_list_add_apt(&session->places, options->etc_apt, err);
	if (status == STATUS_OK)
		status = store_open(options->store_path, &session->store, err);
	if (status == STATUS_OK && wants_fetcher && !options->is_offline)
		status = fetcher_new(&fetch, &session->fetcher, err);
	return status;
}

void session_close(struct snapshot_session *session)
{
	pin_list_release(&session->pins);
	place_list_release(&session->places);
	text_list_release(&session->notes);
	fetcher_free(session->fetcher);
	store_free(session->store);
}

void session_print_notes(struct snapshot_session *session)
{
	for (size_t i = 0; i < session->notes.count; i++) {
		const char *note = session->notes.items[i];
		struct buffer line = {0};

		escape_line(&line, note, strlen(note));
		fprintf(stderr, "reproof %s: note: %s\n",
			session->command ? session->command : "snapshot", buffer_text(&line));
		buffer_release(&line);
	}
	text_list_release(&session->notes);
}

static int subcommand_run(const struct subcommand *subcommand, int argc, char **argv)
{
	struct snapshot_options options = {.etc_apt = "/etc/apt"};
	struct snapshot_session session = {.options = &options};
	struct error err = {.status = STATUS_OK};
	enum status status;
	bool is_help = false;
	int code = options_read(subcommand, argc, argv, &options, &is_help);

	if (code == EXIT_REPRODUCED && !is_help) {
		if (!options.store_path)
			options.store_path = command_default_store();
		status = session_open(&session, subcommand->wants_fetcher, &err);
		if (status == STATUS_OK)
			status = subcommand->run(&session, &err);
		session_print_notes(&session);
		code = status < 0 ? command_fail("snapshot", &err)
				  : command_finish("snapshot", session.code);
		session_close(&session);
	}
	snapshot_options_release(&options);
	return code;
}

int cmd_snapshot(int argc, char **argv)
{
	if (argc < 2)
		return command_usage("snapshot",
			"which of capture, fetch, solve, find, serve, trust, drift, export, "
			"import, list, size, gc, fsck?");
	if (strcmp(argv[1], "--help") == 0)
		return print_help(NULL);
	for (size_t i = 0; i < ARRAY_SIZE(subcommands); i++) {
		if (strcmp(argv[1], subcommands[i].name) == 0)
			return subcommand_run(&subcommands[i], argc - 1, argv + 1);
	}
	return command_usage("snapshot", "there is no \"%s\"", argv[1]);
}
