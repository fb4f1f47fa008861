/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_SHELL_WORDS_H
#define VERIFIER_COVERAGE_SHELL_WORDS_H

#include "base/array.h"

/*
 * The simple commands of a shell script (POSIX.1-2017, 2.9.1), as far as they can be told without
 * running it: quotes, remarks, here-documents, continued lines and the operators between commands
 * are understood; what is in $(…) and `…` is kept as part of its word, and told as commands before
 * the one that it stands in.
 */
struct shell_command {
	struct text_list words;		  /* without quotes, assignments and redirections */
	struct text_list inputs, outputs; /* where "<", and ">" and ">>", lead */
	size_t line;			  /* from 1 */
	bool is_masked;			  /* "|| true" and the like stand behind it */
	bool is_function;		  /* the first word is one that the script declares */
	bool is_piped;			  /* it reads from the command before it */
};

/* The command is valid during the call. Reserved words ("if", "then", "{") are not among them. */
void shell_commands_each(const char *text,
	void (*take)(void *context, const struct shell_command *command), void *context);

#endif
