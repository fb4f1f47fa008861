/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CMD_COMMAND_H
#define VERIFIER_CMD_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* A subcommand: one row in main.c's table, one file verifier/cmd/cmd_NAME.c. */
struct command {
	const char *name;
	const char *summary; /* one line for `reproof --help` */
	int (*run)(
		int argc, char **argv); /* argv[0] is the subcommand's name; gives the exit code */
};

int cmd_coverage(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_delta(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_index(int argc, char **argv);
int cmd_packages(int argc, char **argv);
int cmd_rebuild(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_snapshot(int argc, char **argv);
int cmd_verify(int argc, char **argv);

/* Exit codes (design §6). When several hold, exit_worst() says which one it is. */
enum exit_code {
	EXIT_REPRODUCED = 0,
	EXIT_DIFFERENT = 1,
	EXIT_USAGE = 2,
	EXIT_TROUBLE = 3,
	EXIT_INCOMPLETE = 4,
	EXIT_COVERAGE = 5,
	EXIT_WAIVED = 6,
	EXIT_TRUST = 7,
};

enum exit_code exit_worst(enum exit_code a, enum exit_code b);
enum exit_code exit_code_of(enum status status);

/* Prints "reproof COMMAND: text" to stderr, escaped, and gives the exit code of the status. */
int command_fail(const char *command, const struct error *err);

/* Prints a usage error (a format without newline) with a hint to --help, and gives EXIT_USAGE. */
int command_usage(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Puts text to stdout with nothing in it that acts on the terminal: names, data of an archive. */
void command_put(const char *text);

/*
 * Prints the text of --help and flushes stdout: EXIT_REPRODUCED, or EXIT_TROUBLE when stdout
 * cannot be written.
 */
int command_help(const char *text);

/*
 * Flushes stdout at the end of a command: gives `code`, or EXIT_TROUBLE with a message when what
 * was printed could not be written.
 */
int command_finish(const char *command, int code);

/*
 * An option, written out whole: a long one without its "--", a short one as "-o". A table of them
 * ends with a NULL name.
 */
struct command_option {
	const char *name;
	int code; /* over 0 */
	bool has_value;
};

/* What the reading of an option gives in place of its code. */
enum {
	OPTION_END = 0, /* all are read, and the words are known */
	OPTION_STOP =
		-1, /* there is nothing more to do: --help, or a usage error, which was said */
};

/* A command's arguments being read. The first four are given, the others begin zeroed. */
struct command_line {
	const char *command; /* for messages */
	const struct command_option *options;
	int argc;
	char **argv;	   /* argv[0] is the command */
	const char *value; /* of the option just read; NULL for one that has none */
	int code;	   /* at OPTION_STOP the exit code, but for --help */
	bool is_help;	   /* at OPTION_STOP --help was asked for */
	char **words;	   /* what is no option, in order; they may stand among options */
	int word_count;
	int read; /* arguments that have been looked at */
	bool is_past_options;
};

/*
 * The code of the next option, or OPTION_END or OPTION_STOP. Every command has --help without its
 * table saying so. Puts the words to the front of argv.
 */
int command_option_next(struct command_line *line);

/*
 * Where state is kept when no option says so: $REPROOF_STORE or $XDG_STATE_HOME/reproof/store or
 * ~/.local/state/reproof/store; likewise $REPROOF_DB and …/reproof.db. The caller frees.
 */
char *command_default_store(void);
char *command_default_database(void);

#endif
