/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/kept.h"

#include <inttypes.h>

bool kept_add(struct kept *kept, uint64_t bytes)
{
	if (kept->is_over || bytes > KEPT_BYTES_MAX - kept->bytes) {
		kept->is_over = true;
		return false;
	}
	kept->bytes += bytes;
	return true;
}

enum status kept_check(const struct kept *kept, struct error *err)
{
	if (!kept->is_over)
		return STATUS_OK;
	return error_set(err, STATUS_LIMIT, "more than %" PRIu64 " bytes to keep of one container",
		KEPT_BYTES_MAX);
}
