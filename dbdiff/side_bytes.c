/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/side_bytes.h"

#include "base/pread.h"

enum status side_bytes_read(
	const struct side_bytes *side, void *data, size_t len, uint64_t offset, struct error *err)
{
	enum status status = pread_exactly(side->fd, data, len, offset, err);

	return status == STATUS_END
		? error_set(err, STATUS_CONFLICT, "a file changed while it was compared")
		: status;
}
