/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/utf16.h"

#define CHARACTERS_LEAST ((size_t)8)

bool utf16_is_ascii(const struct stretch *text)
{
	if (text->len < 2 * CHARACTERS_LEAST || text->len % 2 != 0 || text->data[0] == '\0')
		return false;
	for (size_t i = 0; i < text->len; i += 2) {
		if (text->data[i] < 0 || text->data[i + 1] != '\0')
			return false;
	}
	return true;
}

void utf16_narrow(const struct stretch *text, char *out)
{
	for (size_t i = 0; i < text->len / 2; i++)
		out[i] = text->data[2 * i];
}
