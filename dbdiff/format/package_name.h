/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_PACKAGE_NAME_H
#define DBDIFF_FORMAT_PACKAGE_NAME_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A name of a package or an architecture, from the characters that Debian policy 5.6.7 allows
 * (upper case, too: derivatives have them).
 */
static inline bool is_package_name(const char *text, size_t len)
{
	if (len == 0 || len > 255)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		bool is_letter =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!is_letter && (i == 0 || (c != '+' && c != '-' && c != '.')))
			return false;
	}
	return true;
}

#endif
