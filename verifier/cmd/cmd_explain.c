/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "dbdiff/causes.h"
#include "verifier/cmd/command.h"

#define TEXT_WIDTH 78

static const char help[] =
	"usage: reproof explain [OPTION…] [CAUSE]\n\n"
	"Says what a cause of a difference looks like, why it happens and how to mend it;\n"
	"without CAUSE lists all of them.\n\n"
	"  --json    one JSON object a cause, in an array, on stdout\n"
	"  --quiet   accepted as elsewhere; there is no progress to leave out\n"
	"  --help    this text\n\n"
	"Exit codes: 0 printed, 2 no such cause.\n";

enum {
	OPTION_JSON = 1,
	OPTION_QUIET,
};

static const struct command_option options[] = {
	{"json", OPTION_JSON, false},
	{"quiet", OPTION_QUIET, false},
	{NULL, 0, false},
};

/* A paragraph under its heading, broken at spaces. */
static void print_paragraph(const char *heading, const char *text)
{
	size_t column = (size_t)printf("%-9s", heading);

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column + 1 + len > TEXT_WIDTH)
			column = (size_t)printf("\n%9s", "") - 1;
		column += (size_t)printf(" %.*s", (int)len, text);
		text += len + (text[len] == ' ');
	}
	putchar('\n');
}

static void print_cause(const struct cause *cause)
{
	printf("%s: %s\n", cause->id, cause->title);
	print_paragraph("severity", severity_word(cause->severity));
	print_paragraph("looks", cause->looks);
	print_paragraph("why", cause->why);
	print_paragraph("mend", cause->mend);
}

static void write_cause(struct json *json, const struct cause *cause)
{
	json_object_begin(json, NULL);
	json_text(json, "id", cause->id);
	json_text(json, "title", cause->title);
	json_text(json, "severity", severity_word(cause->severity));
	json_text(json, "looks", cause->looks);
	json_text(json, "why", cause->why);
	json_text(json, "mend", cause->mend);
	json_object_end(json);
}

/* One cause, or all for NULL. */
static int explain(const struct cause *only, bool as_json)
{
	struct json json;
	struct error err;

	if (as_json) {
		json_init_stream(&json, stdout);
		json_array_begin(&json, NULL);
	}
	for (size_t i = 0; i < cause_catalogue_count; i++) {
		const struct cause *cause = &cause_catalogue[i];

		if (only != NULL && cause != only)
			continue;
		if (as_json)
			write_cause(&json, cause);
		else if (only != NULL)
			print_cause(cause);
		else
			printf("%-24s %-10s %s\n", cause->id, severity_word(cause->severity),
				cause->title);
	}
	if (as_json) {
		json_array_end(&json);
		if (json_finish(&json, &err) < 0)
			return command_fail("explain", &err);
	}
	return command_finish("explain", EXIT_REPRODUCED);
}

int cmd_explain(int argc, char **argv)
{
	struct command_line line = {
		.command = "explain", .options = options, .argc = argc, .argv = argv};
	const struct cause *cause = NULL;
	bool as_json = false;
	int option;

	while ((option = command_option_next(&line)) > 0)
		as_json = as_json || option == OPTION_JSON;
	if (option == OPTION_STOP)
		return line.is_help ? command_help(help) : line.code;
	if (line.word_count > 1)
		return command_usage("explain", "one cause at a time");
	if (line.word_count == 1) {
		cause = cause_find(line.words[0]);
		if (cause == NULL)
			return command_usage("explain",
				"there is no cause \"%s\"; reproof explain lists them",
				line.words[0]);
	}
	return explain(cause, as_json);
}
