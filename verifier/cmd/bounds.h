/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CMD_BOUNDS_H
#define VERIFIER_CMD_BOUNDS_H

#include "base/limits.h"
#include "verifier/cmd/command.h"

/* What opening artifacts may cost: --memory and --limit (docs/limits.md). */
struct bounds {
	uint64_t memory; /* in bytes (dbdiff/memory.h) */
	struct limits limits;
	const char *refused; /* the first value that makes no sense, or NULL */
	int refused_option;
};

extern const struct bounds bounds_default;

/* For a command's table of options; their codes are far behind its own. */
enum {
	BOUNDS_MEMORY = 1000,
	BOUNDS_LIMIT,
};
/* clang-format off */
#define BOUNDS_OPTIONS {"memory", BOUNDS_MEMORY, true}, {"limit", BOUNDS_LIMIT, true}
/* clang-format on */
#define BOUNDS_LIMIT_HELP                                                                          \
	"  --limit NAME=N   what one artifact may cost (repeatable): depth=32, members=2000000,\n" \
	"                   member-bytes=64G, total-bytes=256G, ratio=2000, name-bytes=65536,\n"   \
	"                   seconds=3600\n"
#define BOUNDS_HELP "  --memory SIZE    take at most so much memory (320M)\n" BOUNDS_LIMIT_HELP

/* Takes one of them with its value; false when `option` is another. */
bool bounds_take(struct bounds *bounds, int option, const char *value);
/* EXIT_REPRODUCED, or says what was refused and gives EXIT_USAGE. */
int bounds_check(const char *command, const struct bounds *bounds);

#endif
