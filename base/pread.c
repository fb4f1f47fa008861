/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pread.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

enum status pread_exactly(int fd, void *data, size_t len, uint64_t offset, struct error *err)
{
	char *to = data;

	while (len > 0) {
		ssize_t got = pread(fd, to, len, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, "reading at %" PRIu64, offset);
		if (got == 0)
			return STATUS_END;
		to += got;
		offset += (uint64_t)got;
		len -= (size_t)got;
	}
	return STATUS_OK;
}
