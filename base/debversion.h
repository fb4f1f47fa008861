/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_DEBVERSION_H
#define BASE_DEBVERSION_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Versions of Debian packages, [EPOCH:]UPSTREAM[-REVISION] (deb-version(7)). This is reproof's one
 * comparison of them; libsolv's own stays inside the solver.
 */

/*
 * Less than, equal to or greater than 0, in the order that `dpkg --compare-versions` has. Any two
 * texts are ordered; equal does not mean the same text: "1.0", "1.00" and "0:1.0-0" are equal.
 */
int debversion_compare(const char *a, const char *b);

/*
 * Whether dpkg takes it as a version: it begins with a digit, holds only what deb-version(7)
 * allows, neither part that it has is empty, and its epoch is a number up to 2^31 - 1.
 */
bool debversion_is_valid(const char *text, size_t len);

#endif
