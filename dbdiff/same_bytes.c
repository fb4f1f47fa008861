/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/same_bytes.h"

#include "base/alloc.h"

#define READ_SIZE ((size_t)256 * 1024)

static bool are_inside(
	const struct side_bytes sides[SIDES], const uint64_t places[SIDES], uint64_t len)
{
	for (int side = 0; side < SIDES; side++) {
		if (sides[side].fd < 0 || places[side] > sides[side].size ||
			len > sides[side].size - places[side])
			return false;
	}
	return true;
}

enum status same_bytes_at(const struct side_bytes sides[SIDES], const uint64_t places[SIDES],
	uint64_t len, bool *is_same, struct error *err)
{
	unsigned char *data[SIDES];
	enum status status = STATUS_OK;

	*is_same = are_inside(sides, places, len);
	for (int side = 0; side < SIDES; side++)
		data[side] = xmalloc(READ_SIZE);
	for (uint64_t at = 0; at < len && *is_same && status == STATUS_OK;) {
		size_t part = len - at < READ_SIZE ? (size_t)(len - at) : READ_SIZE;

		for (int side = 0; side < SIDES && status == STATUS_OK; side++)
			status = side_bytes_read(
				&sides[side], data[side], part, places[side] + at, err);
		if (status == STATUS_OK)
			*is_same = memcmp(data[PUBLISHED], data[REBUILT], part) == 0;
		at += part;
	}
	for (int side = 0; side < SIDES; side++)
		free(data[side]);
	if (status != STATUS_OK)
		*is_same = false;
	return status;
}
