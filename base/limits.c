/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"

const struct limits limits_default = {
	.depth = 32,
	.members = 2000000,
	.member_bytes = UINT64_C(64) << 30,
	.total_bytes = UINT64_C(256) << 30,
	.ratio = 2000,
	.name_bytes = 65536,
	.seconds = 3600,
};
