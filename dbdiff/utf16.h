/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_UTF16_H
#define DBDIFF_UTF16_H

#include "dbdiff/textdiff.h"

/* Whether all of it is ASCII in two bytes a character, little-endian, as EFI programs keep text. */
bool utf16_is_ascii(const struct stretch *text);
/* Writes the text->len / 2 characters of what utf16_is_ascii() says yes to. */
void utf16_narrow(const struct stretch *text, char *out);

#endif
