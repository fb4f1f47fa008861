/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_BEHIND_H
#define DBDIFF_FORMAT_BEHIND_H

#include "dbdiff/members.h"

/*
 * What stands behind the end of an archive or of a compressed stream, where its own reader stops
 * without a word (trust T7): up to two more members, "/padding" for zeros that are not just the
 * last block's fill, and "/trailing", whose content is all that follows them. When the trailing
 * bytes are of a format, it is "/trailing.FORMAT" ("/trailing.tar"). No stored name can become one
 * of these. Embedded; zeroed it is unused and has nothing to release.
 */
struct behind {
	struct members *members; /* whose regions they are in */
	struct source *source;	 /* stands at the first byte behind the end; not owned */
	uint64_t base;		 /* source->offset + base is the offset in the container */
	unsigned fill_block;	 /* writers fill up to a multiple of it with zeros; 0 for none */
	uint64_t padding;	 /* zeros that were found, other than ordinary fill */
	int64_t position;	 /* of the member that behind_next() gave last */
	bool has_trailing;
	bool is_open;
	bool has_content; /* of the member at `position` */
	bool is_done;
};

/* `position` is the one that the next member will have. STATUS_END when there is none. */
enum status behind_next(
	struct behind *behind, int64_t position, struct member *member, struct error *err);
/* Locks the reader until the content is freed: `is_open`. */
enum status behind_open(struct behind *behind, struct source **content, struct error *err);

#endif
