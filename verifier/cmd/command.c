/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/cmd/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/buffer.h"
#include "base/escape.h"
#include "base/path.h"

/* The order in which they win when several hold (design §6). */
static const enum exit_code exit_order[] = {EXIT_USAGE, EXIT_TRUST, EXIT_TROUBLE, EXIT_INCOMPLETE,
	EXIT_DIFFERENT, EXIT_COVERAGE, EXIT_WAIVED, EXIT_REPRODUCED};

enum exit_code exit_worst(enum exit_code a, enum exit_code b)
{
	for (size_t i = 0; i < ARRAY_SIZE(exit_order); i++) {
		if (exit_order[i] == a || exit_order[i] == b)
			return exit_order[i];
	}
	return EXIT_TROUBLE;
}

enum exit_code exit_code_of(enum status status)
{
	switch (status) {
	case STATUS_OK:
	case STATUS_END:
		return EXIT_REPRODUCED;
	case STATUS_USAGE:
		return EXIT_USAGE;
	case STATUS_TRUST:
		return EXIT_TRUST;
	case STATUS_INCOMPLETE:
		return EXIT_INCOMPLETE;
	case STATUS_IO:
	case STATUS_NETWORK:
	case STATUS_NOT_FOUND:
	case STATUS_FORMAT:
	case STATUS_LIMIT:
	case STATUS_UNSUPPORTED:
	case STATUS_CLOCK:
	case STATUS_CONFLICT:
	case STATUS_BUILD:
	case STATUS_SANDBOX:
	case STATUS_DATABASE:
		return EXIT_TROUBLE;
	}
	return EXIT_TROUBLE;
}

static void print_message(const char *command, const char *text, size_t len)
{
	struct buffer line = {0};

	escape_line(&line, text, len);
	fflush(stdout);
	fprintf(stderr, "reproof%s%s: %s\n", command[0] ? " " : "", command, buffer_text(&line));
	buffer_release(&line);
}

int command_fail(const char *command, const struct error *err)
{
	struct buffer text = {0};

	buffer_add_text(&text, err->text);
	print_message(command, buffer_text(&text), text.len);
	buffer_release(&text);
	return (int)exit_code_of(err->status);
}

int command_usage(const char *command, const char *format, ...)
{
	struct buffer text = {0};
	va_list arguments;

	va_start(arguments, format);
	buffer_add_vformat(&text, format, arguments);
	va_end(arguments);
	print_message(command, buffer_text(&text), text.len);
	fprintf(stderr, "See: reproof%s%s --help\n", command[0] ? " " : "", command);
	buffer_release(&text);
	return EXIT_USAGE;
}

void command_put(const char *text)
{
	struct buffer line = {0};

	escape_line(&line, text, strlen(text));
	fputs(buffer_text(&line), stdout);
	buffer_release(&line);
}

int command_help(const char *text)
{
	fputs(text, stdout);
	return command_finish("--help", EXIT_REPRODUCED);
}

int command_finish(const char *command, int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	fprintf(stderr, "reproof %s: stdout cannot be written; the result is not complete\n",
		command);
	return EXIT_TROUBLE;
}

static const struct command_option *option_find(
	const struct command_option *options, const char *name, size_t len)
{
	for (; options->name; options++) {
		if (strlen(options->name) == len && memcmp(options->name, name, len) == 0)
			return options;
	}
	return NULL;
}

static int option_stop(struct command_line *line, int code)
{
	line->code = code;
	return OPTION_STOP;
}

/* Takes the option in `text`, and what follows it when that is its value. */
static int option_take(struct command_line *line, const char *text)
{
	const char *name = text + (strncmp(text, "--", 2) == 0 ? 2 : 0);
	size_t len = strcspn(name, "=");
	const struct command_option *option = option_find(line->options, name, len);
	bool is_short = name == text;

	line->value = name[len] ? name + len + 1 : NULL;
	if (strcmp(text, "--help") == 0) {
		line->is_help = true;
		return OPTION_STOP;
	}
	if (!option || is_short != (option->name[0] == '-'))
		return option_stop(line,
			command_usage(line->command, "%.*s is no option",
				(int)(name - text + (ptrdiff_t)len), text));
	if (option->has_value && !line->value && line->read < line->argc)
		line->value = line->argv[line->read++];
	/* An empty one is a variable that was not set. */
	if (option->has_value ? !line->value || !line->value[0] : line->value != NULL)
		return option_stop(line,
			command_usage(line->command, "%s%s %s", is_short ? "" : "--", option->name,
				option->has_value ? "needs a value" : "takes no value"));
	return option->code;
}

int command_option_next(struct command_line *line)
{
	if (!line->words) {
		line->words = line->argv + 1;
		line->read = 1;
	}
	while (line->read < line->argc) {
		char *text = line->argv[line->read++];

		if (line->is_past_options || text[0] != '-' || !text[1])
			line->words[line->word_count++] = text;
		else if (strcmp(text, "--") == 0)
			line->is_past_options = true;
		else
			return option_take(line, text);
	}
	return OPTION_END;
}

static char *state_path(const char *variable, const char *name)
{
	const char *given = getenv(variable);
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (given && given[0])
		return xstrdup(given);
	if (state && state[0] == '/')
		return xasprintf("%s/reproof/%s", state, name);
	return xasprintf("%s/.local/state/reproof/%s", home && home[0] ? home : "/root", name);
}

char *command_default_store(void)
{
	return state_path("REPROOF_STORE", "store");
}

char *command_default_database(void)
{
	return state_path("REPROOF_DB", "reproof.db");
}
