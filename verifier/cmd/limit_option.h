/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CMD_LIMIT_OPTION_H
#define VERIFIER_CMD_LIMIT_OPTION_H

#include "base/array.h"
#include "base/limits.h"

/* Lines of a --help. */
#define LIMIT_HELP(margin)                                                                         \
	"  --limit NAME=NUMBER\n" margin                                                           \
	"instead of a default in docs/limits.md (repeatable);\n" margin                            \
	"NAME: depth, members, member-bytes, total-bytes, ratio,\n" margin "name-bytes, seconds\n"

/*
 * The default limits with what the values of --limit say, each "NAME=NUMBER" with the names of
 * docs/limits.md; the number may have a unit as a size has. Gives EXIT_REPRODUCED, or EXIT_USAGE
 * after a message.
 */
int limit_options_take(const char *command, const struct text_list *values, struct limits *limits);

#endif
