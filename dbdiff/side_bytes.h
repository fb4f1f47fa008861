/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_SIDE_BYTES_H
#define DBDIFF_SIDE_BYTES_H

#include "dbdiff/index.h"
#include "dbdiff/sameness.h"
#include "dbdiff/sides.h"

/* One side's bytes, and where its index tells of them. */
struct side_bytes {
	int fd; /* of the bytes, able to pread */
	uint64_t size;
	struct index *index;
	int64_t container, position;	 /* of the member whose content they are */
	const struct sameness *sameness; /* of these bytes and the other side's; or NULL */
};

/* Exactly `len` bytes of a side. STATUS_CONFLICT when it has become shorter. */
enum status side_bytes_read(
	const struct side_bytes *side, void *data, size_t len, uint64_t offset, struct error *err);

#endif
