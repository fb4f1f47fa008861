/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_MESON_READER_H
#define VERIFIER_COVERAGE_MESON_READER_H

#include <stdbool.h>

#include "base/buffer.h"

/*
 * Reads Meson's text (mesonbuild.com, Syntax) statement by statement: what parentheses or a
 * backslash continue is on one line, comments are gone, and strings stay in their quotes.
 */
bool meson_next(const char **text, struct buffer *statement);

#endif
