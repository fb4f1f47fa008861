/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pwrite.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define HOLE_SIZE ((size_t)4096)

enum status pwrite_exactly(int fd, const void *data, size_t len, uint64_t offset, struct error *err)
{
	const char *from = data;

	while (len > 0) {
		ssize_t written = pwrite(fd, from, len, (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return error_set_errno(err, "cannot write a temporary file");
		from += written;
		offset += (uint64_t)written;
		len -= (size_t)written;
	}
	return STATUS_OK;
}

static bool is_zero(const unsigned char *data, size_t len)
{
	return data[0] == 0 && memcmp(data, data + 1, len - 1) == 0;
}

/* The bytes of the next stretch, which is all zero or has no zero piece in it. */
static size_t find_stretch(const unsigned char *data, size_t len, bool *is_hole)
{
	size_t end = 0;

	while (end < len) {
		size_t part = len - end < HOLE_SIZE ? len - end : HOLE_SIZE;
		bool is_zeros = is_zero(data + end, part);

		if (end > 0 && is_zeros != *is_hole)
			break;
		*is_hole = is_zeros;
		end += part;
	}
	return end;
}

enum status pwrite_sparse(int fd, const void *data, size_t len, uint64_t offset, struct error *err)
{
	const unsigned char *from = data;
	enum status status = STATUS_OK;

	while (len > 0 && status == STATUS_OK) {
		bool is_hole = false;
		size_t stretch = find_stretch(from, len, &is_hole);

		if (!is_hole)
			status = pwrite_exactly(fd, from, stretch, offset, err);
		from += stretch;
		offset += stretch;
		len -= stretch;
	}
	return status;
}
