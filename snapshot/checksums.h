/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_CHECKSUMS_H
#define SNAPSHOT_CHECKSUMS_H

#include "base/deb822.h"
#include "base/hash.h"

/* A line of Checksums-Sha256 (Debian policy 5.6.24): " <sha256> <size> <name>". */
struct checksum {
	struct digest digest;
	uint64_t size;
	const char *name; /* in the field's text; without a slash */
	size_t name_len;
};

/*
 * The next line of the field from *at on, which begins with 0. STATUS_END behind the last one,
 * STATUS_FORMAT for one that is none.
 */
enum status checksums_next(
	const struct deb822_field *field, size_t *at, struct checksum *checksum, struct error *err);

#endif
