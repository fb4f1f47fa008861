/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_CMAKE_READER_H
#define VERIFIER_COVERAGE_CMAKE_READER_H

#include <stdbool.h>

#include "base/array.h"

/*
 * Reads CMake's text command by command (cmake-language(7)): `name(arguments)`. Comments, quotes
 * and bracket arguments are understood; variables stay as they are written. A zeroed command is
 * empty and safe to release.
 */
struct cmake_command {
	char *name;		    /* in lower case */
	struct text_list arguments; /* without quotes; "(" and ")" inside are words of their own */
};

/* The next command at `*text`, which goes behind it; false when there is none. */
bool cmake_next(const char **text, struct cmake_command *command);
void cmake_command_release(struct cmake_command *command);

#endif
