/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_SHELL_H
#define VERIFIER_COVERAGE_SHELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"

/*
 * A shell script of a recipe (POSIX sh's grammar without here-documents), followed and never run:
 * what becomes of the script when one of its commands fails. Hostile input: bounded nodes and
 * nesting; what cannot be parsed is said.
 */
enum shell_kind {
	SHELL_COMMAND,	/* words */
	SHELL_SEQUENCE, /* first ; second */
	SHELL_AND,
	SHELL_OR,
	SHELL_PIPE,
	SHELL_BACKGROUND, /* first & */
	SHELL_NOT,
	SHELL_GROUP,	/* { first; } */
	SHELL_SUBSHELL, /* ( first ) */
	SHELL_IF,	/* if first; then second; else third; fi */
	SHELL_LOOP,	/* while and until first; do second; done */
	SHELL_FOR,	/* for words; do second; done */
	SHELL_CASE,	/* words; its branches are `second`, chained by SHELL_BRANCH */
	SHELL_BRANCH,	/* one of case: words are patterns, first its list, second the next one */
	SHELL_FUNCTION, /* a definition */
};

struct shell_node {
	enum shell_kind kind;
	int first, second, third; /* of shell.nodes, or -1 */
	struct text_list words;	  /* without quotes; $x as it stands */
};

/* A zeroed struct is empty and safe to release. */
struct shell {
	struct shell_node *nodes;
	size_t count, capacity;
	int root;			/* -1: nothing */
	bool has_errexit, has_pipefail; /* from the beginning: `sh -e` */
};

/* False when it is no script that is understood. */
bool shell_parse(struct shell *shell, const char *text);
void shell_release(struct shell *shell);

/* What may become of a script, given that one command fails whenever it is run. */
struct shell_fate {
	bool is_run_and_fails;	  /* it can be run, and the script fails */
	bool is_run_and_succeeds; /* it can be run, and its failure is lost */
	bool is_passed_over;	  /* the script can succeed without having run it */
	bool is_not_reached;	  /* the script can fail without having run it */
	bool is_undecided;	  /* which of them happens rests on what only a run would tell */
};

/* `node` is a SHELL_COMMAND. All others are taken to succeed, but those that test something. */
struct shell_fate shell_follow(const struct shell *shell, int node);

#endif
