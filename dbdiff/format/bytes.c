/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool bytes_are_zero(const void *data, size_t len)
{
	const unsigned char *bytes = data;

	return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

void bytes_guid_text(const unsigned char guid[BYTES_GUID_SIZE], char text[BYTES_GUID_TEXT_SIZE])
{
	snprintf(text, BYTES_GUID_TEXT_SIZE,
		"%08" PRIx32 "-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", bytes_le32(guid),
		bytes_le16(guid + 4), bytes_le16(guid + 6), guid[8], guid[9], guid[10], guid[11],
		guid[12], guid[13], guid[14], guid[15]);
}

static void add_utf8(struct buffer *out, uint32_t character)
{
	if (character < 0x80) {
		buffer_add_char(out, (char)character);
		return;
	}
	if (character < 0x800) {
		buffer_add_char(out, (char)(0xc0 | character >> 6));
	} else if (character < 0x10000) {
		buffer_add_char(out, (char)(0xe0 | character >> 12));
		buffer_add_char(out, (char)(0x80 | (character >> 6 & 0x3f)));
	} else {
		buffer_add_char(out, (char)(0xf0 | character >> 18));
		buffer_add_char(out, (char)(0x80 | (character >> 12 & 0x3f)));
		buffer_add_char(out, (char)(0x80 | (character >> 6 & 0x3f)));
	}
	buffer_add_char(out, (char)(0x80 | (character & 0x3f)));
}

size_t bytes_add_utf16(struct buffer *out, const unsigned char *text, size_t units)
{
	size_t at;

	for (at = 0; at < units && bytes_le16(text + 2 * at) != 0; at++) {
		uint32_t character = bytes_le16(text + 2 * at);

		if (character >= 0xd800 && character < 0xdc00 && at + 1 < units) {
			uint32_t low = bytes_le16(text + 2 * (at + 1));

			if (low >= 0xdc00 && low < 0xe000) {
				character = 0x10000 + ((character - 0xd800) << 10) + low - 0xdc00;
				at++;
			}
		}
		add_utf8(out, character);
	}
	return at;
}
