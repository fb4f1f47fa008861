/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_REGIONS_H
#define DBDIFF_REGIONS_H

#include "base/buffer.h"
#include "dbdiff/index.h"
#include "dbdiff/members.h"
#include "dbdiff/sameness.h"

/*
 * Takes the regions of one container into its index, joining those that touch. Trouble sticks:
 * whoever reads the container asks region_sink_finish() at its end.
 */
struct region_sink {
	struct index *index;
	int64_t container;
	uint64_t *left;	    /* how many more regions the artifact may have */
	struct region last; /* not yet written; len 0 when there is none */
	/*
	 * Of the artifact and the other side's, and where the container lies in it: what is the
	 * container's own is left out where both are the same, since no byte there has to be
	 * answered for. NULL: nothing is.
	 */
	const struct sameness *sameness;
	uint64_t place;
	struct buffer name;
	struct buffer detail;
	struct error error;
};

void region_sink_take(struct region_sink *sink, const struct region *region);
/* Writes what is left; the first trouble there was. The sink is released. */
enum status region_sink_finish(struct region_sink *sink, struct error *err);

#endif
