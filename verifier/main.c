/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "verifier/cmd/command.h"

static const struct command commands[] = {
	{"verify", "rebuild a release and compare it with what was published", cmd_verify},
	{"rebuild", "build a release, once or twice with other surroundings", cmd_rebuild},
	{"compare", "compare two files or directories", cmd_compare},
	{"show", "print a recorded run again", cmd_show},
	{"delta", "say whether an rdiff delta turns one file into another", cmd_delta},
	{"index", "write an index of a file, which stands for it", cmd_index},
	{"explain", "say what a cause of a difference is", cmd_explain},
	{"coverage", "say which tests stand behind each package of a list", cmd_coverage},
	{"packages", "say what a package list needs, why, and what a change drags in",
		cmd_packages},
	{"snapshot", "pins: capture, fetch, solve and serve archive states", cmd_snapshot},
};

static int print_usage(FILE *stream)
{
	fputs("usage: reproof COMMAND [OPTION…] [ARGUMENT…]\n\n"
	      "Proves that a published Debian-based image is what its sources say it is.\n\n",
		stream);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(stream, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fputs("\nreproof help COMMAND says more; so does man reproof-COMMAND.\n"
	      "Exit codes: 0 all reproduced, 1 differences, 2 usage, 3 trouble, 4 incomplete,\n"
	      "5 coverage gate, 6 only waived differences, 7 signature or trust failure.\n",
		stream);
	return stream == stdout ? command_finish("--help", EXIT_REPRODUCED) : EXIT_USAGE;
}

int main(int argc, char **argv)
{
	char help_option[] = "--help";

	/* A reader that goes away is a failed write, which has an exit code of its own. */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2)
		return print_usage(stderr);
	if (strcmp(argv[1], "--help") == 0 || (strcmp(argv[1], "help") == 0 && argc == 2))
		return print_usage(stdout);
	if (strcmp(argv[1], "--version") == 0) {
		puts("reproof " REPROOF_VERSION);
		return command_finish("--version", EXIT_REPRODUCED);
	}
	/* "help snapshot list" is "snapshot list --help". */
	if (strcmp(argv[1], "help") == 0) {
		memmove(argv + 1, argv + 2, (size_t)(argc - 2) * sizeof(*argv));
		argv[argc - 1] = help_option;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	return command_usage("", "there is no command \"%s\"", argv[1]);
}
