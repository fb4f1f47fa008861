/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/cmd/cmd_snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/progress.h"
#include "verifier/cmd/command.h"

static const char help[] =
	"usage: reproof snapshot capture [OPTION…]\n"
	"       reproof snapshot fetch --pin PIN… [OPTION…] [PACKAGE…]\n"
	"       reproof snapshot solve --pin PIN… [OPTION…] PACKAGE…\n"
	"       reproof snapshot serve --pin PIN… [OPTION…]\n"
	"       reproof snapshot list [OPTION…]\n"
	"\n"
	"Pins are states of Debian archives, ARCHIVE@YYYYMMDDTHHMMSSZ[:SUITE,SUITE…].\n"
	"  capture  take the present state of this machine's archives into the store\n"
	"  fetch    get pins, and packages with all they depend on, into the store\n"
	"  solve    the closure of a package list at the pins, without Recommends\n"
	"  serve    the pinning proxy on 127.0.0.1\n"
	"  list     the pins of the store\n"
	"\n"
	"  --pin PIN              a pin; may be given for several archives\n"
	"  --store DIR            the store ($REPROOF_STORE, ~/.local/state/reproof/store)\n"
	"  --mirror [ARCHIVE=]URL fetch from here first; may be given again\n"
	"  --apt DIR              apt's configuration (/etc/apt): what to capture, and mirrors\n"
	"  --architecture ARCH    (dpkg's own); capture takes several\n"
	"  --keyring FILE         the keys to trust (Debian's)\n"
	"  --accept-expired-key   on first use, a signature by a key that has expired since\n"
	"  --lock FILE            hold the pins against this lock; write it when it is not there\n"
	"  --offline              use only what is in the store\n"
	"  --json                 print JSON\n"
	"  --quiet                no progress\n"
	"  --port N, --log FILE   serve: the port (any), where the log goes (stdout)\n";

struct subcommand {
	const char *name;
	enum status (*run)(struct snapshot_session *session, struct error *err);
	bool wants_pins;
	bool wants_words;
	bool takes_words;
	bool wants_fetcher;
	const char *options; /* letters of those it takes */
};

static const struct subcommand subcommands[] = {
	{"capture", snapshot_cmd_capture, false, false, false, true, "smtakeljq"},
	{"fetch", snapshot_cmd_fetch, true, false, true, true, "psmtakelojq"},
	{"solve", snapshot_cmd_solve, true, true, true, true, "psmtakelojq"},
	{"serve", snapshot_cmd_serve, true, false, false, true, "psmtakeloqPL"},
	{"list", snapshot_cmd_list, false, false, false, false, "sjq"},
};

static const struct command_option options_known[] = {
	{"pin", 'p', true},
	{"store", 's', true},
	{"mirror", 'm', true},
	{"apt", 't', true},
	{"architecture", 'a', true},
	{"keyring", 'k', true},
	{"accept-expired-key", 'e', false},
	{"lock", 'l', true},
	{"offline", 'o', false},
	{"json", 'j', false},
	{"quiet", 'q', false},
	{"port", 'P', true},
	{"log", 'L', true},
	{NULL, 0, false},
};

static const char *option_name(int letter)
{
	const struct command_option *option = options_known;

	while (option->name && option->code != letter)
		option++;
	return option->name;
}

static bool port_parse(const char *text, unsigned short *port)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || value > 65535)
		return false;
	*port = (unsigned short)value;
	return true;
}

/* Takes one option; false when its value makes no sense. */
static bool option_take(struct snapshot_options *options, int letter, const char *value)
{
	switch (letter) {
	case 'p':
		text_list_add(&options->pins, value);
		break;
	case 's':
		free(options->store_path);
		options->store_path = xstrdup(value);
		break;
	case 'm':
		text_list_add(&options->mirrors, value);
		break;
	case 't':
		options->etc_apt = value;
		break;
	case 'a':
		text_list_add(&options->architectures, value);
		break;
	case 'k':
		options->keyring = value;
		break;
	case 'e':
		options->accept_expired_key = true;
		break;
	case 'l':
		options->lock_path = value;
		break;
	case 'o':
		options->is_offline = true;
		break;
	case 'j':
		options->is_json = true;
		break;
	case 'q':
		progress_set_quiet(true);
		break;
	case 'P':
		return port_parse(value, &options->port);
	case 'L':
		options->log_path = value;
		break;
	default:
		return false;
	}
	return true;
}

/* EXIT_REPRODUCED (0) to go on; *is_help when there is nothing more to do. */
static int options_read(const struct subcommand *subcommand, int argc, char **argv,
	struct snapshot_options *options, bool *is_help)
{
	struct command_line line = {
		.command = "snapshot", .options = options_known, .argc = argc, .argv = argv};
	int letter;

	while ((letter = command_option_next(&line)) > 0) {
		if (!strchr(subcommand->options, letter))
			return command_usage("snapshot", "%s takes no --%s", subcommand->name,
				option_name(letter));
		if (!option_take(options, letter, line.value))
			return command_usage("snapshot", "--%s: \"%s\" makes no sense",
				option_name(letter), line.value);
	}
	*is_help = line.is_help;
	if (letter == OPTION_STOP)
		return line.is_help ? command_help(help) : line.code;
	for (int i = 0; i < line.word_count; i++)
		text_list_add(&options->words, line.words[i]);
	if (options->words.count && !subcommand->takes_words)
		return command_usage("snapshot", "%s takes no argument like \"%s\"",
			subcommand->name, options->words.items[0]);
	if (subcommand->wants_words && !options->words.count)
		return command_usage("snapshot", "%s needs packages", subcommand->name);
	if (subcommand->wants_pins && !options->pins.count)
		return command_usage(
			"snapshot", "%s needs --pin; see reproof snapshot list", subcommand->name);
	return EXIT_REPRODUCED;
}

static void options_release(struct snapshot_options *options)
{
	free(options->store_path);
	text_list_release(&options->mirrors);
	text_list_release(&options->pins);
	text_list_release(&options->architectures);
	text_list_release(&options->words);
}

static enum status session_open(
	struct snapshot_session *session, const struct subcommand *subcommand, struct error *err)
{
	const struct snapshot_options *options = session->options;
	enum status status = STATUS_OK;

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
	if (status == STATUS_OK && subcommand->wants_fetcher && !options->is_offline)
		status = fetcher_new(&fetch_options_default, &session->fetcher, err);
	return status;
}

static void session_close(struct snapshot_session *session)
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
		fprintf(stderr, "reproof snapshot: note: %s\n", buffer_text(&line));
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
		status = session_open(&session, subcommand, &err);
		if (status == STATUS_OK)
			status = subcommand->run(&session, &err);
		session_print_notes(&session);
		code = status < 0 ? command_fail("snapshot", &err)
				  : command_finish("snapshot", EXIT_REPRODUCED);
		session_close(&session);
	}
	options_release(&options);
	return code;
}

int cmd_snapshot(int argc, char **argv)
{
	if (argc < 2)
		return command_usage("snapshot", "which of capture, fetch, solve, serve, list?");
	if (strcmp(argv[1], "--help") == 0)
		return command_help(help);
	for (size_t i = 0; i < ARRAY_SIZE(subcommands); i++) {
		if (strcmp(argv[1], subcommands[i].name) == 0)
			return subcommand_run(&subcommands[i], argc - 1, argv + 1);
	}
	return command_usage("snapshot", "there is no \"%s\"", argv[1]);
}
