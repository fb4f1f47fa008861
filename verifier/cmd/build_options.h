/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CMD_BUILD_OPTIONS_H
#define VERIFIER_CMD_BUILD_OPTIONS_H

#include "verifier/cmd/command.h"
#include "verifier/rebuild/limit.h"

/* What a build may take of this machine; over what the descriptor says. */
struct build_options {
	struct build_limits limits; /* 0: not given */
	const char *refused;	    /* the first value that makes no sense, or NULL */
	enum build_limit refused_limit;
};

/* For a command's table of options; their codes are behind those of cmd/bounds.h. */
enum {
	BUILD_OPTION_TIME = 1100,
	BUILD_OPTION_MEMORY,
	BUILD_OPTION_DISK,
	BUILD_OPTION_PROCESSES,
};
/* clang-format off */
#define BUILD_OPTIONS {"build-time", BUILD_OPTION_TIME, true}, \
	{"build-memory", BUILD_OPTION_MEMORY, true}, {"build-disk", BUILD_OPTION_DISK, true}, \
	{"build-processes", BUILD_OPTION_PROCESSES, true}
/* clang-format on */
#define BUILD_OPTIONS_HELP                                                                         \
	"  --build-time SECONDS  end the build after that (never)\n"                               \
	"  --build-memory SIZE   or when it takes more memory (7/8 of this machine's)\n"           \
	"  --build-disk SIZE     or more disk (what leaves 512M free)\n"                           \
	"  --build-processes N   or more processes (16384)\n"

/* Takes one of them with its value; false when `option` is another. */
bool build_options_take(struct build_options *options, int option, const char *value);
/* EXIT_REPRODUCED, or says what was refused and gives EXIT_USAGE. */
int build_options_check(const char *command, const struct build_options *options);

#endif
