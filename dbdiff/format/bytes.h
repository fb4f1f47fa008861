/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_BYTES_H
#define DBDIFF_FORMAT_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Numbers and texts as formats store them, unaligned. */

static inline uint16_t bytes_le16(const unsigned char *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t bytes_le32(const unsigned char *at)
{
	return bytes_le16(at) | (uint32_t)bytes_le16(at + 2) << 16;
}

static inline uint64_t bytes_le64(const unsigned char *at)
{
	return bytes_le32(at) | (uint64_t)bytes_le32(at + 4) << 32;
}

static inline uint32_t bytes_be32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

bool bytes_are_zero(const void *data, size_t len);

#define BYTES_GUID_SIZE	     16
#define BYTES_GUID_TEXT_SIZE 37

/* In lower case, the first three parts little endian (UEFI specification 2.10, appendix A). */
void bytes_guid_text(const unsigned char guid[BYTES_GUID_SIZE], char text[BYTES_GUID_TEXT_SIZE]);

/*
 * Appends UTF-16LE as UTF-8 up to a NUL, at most `units` units; gives how many were taken. A lone
 * surrogate becomes three bytes as if it were a character, so that unlike texts stay unlike.
 */
size_t bytes_add_utf16(struct buffer *out, const unsigned char *text, size_t units);

#endif
