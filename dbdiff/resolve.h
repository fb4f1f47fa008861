/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_RESOLVE_H
#define DBDIFF_RESOLVE_H

#include "base/buffer.h"
#include "dbdiff/findings.h"
#include "dbdiff/index.h"
#include "dbdiff/moved.h"

/* What differs where a byte is, in the order in which one side's answer is preferred. */
enum span_kind {
	SPAN_NOBODY,	/* in no region, or in one that says nothing */
	SPAN_ELSEWHERE, /* content of a member that is the same, but lies at another place */
	SPAN_STRUCTURE, /* of a container that was opened on both sides */
	SPAN_DERIVED,	/* of such a one, and recomputed */
	SPAN_WRAPPER,	/* of such a one: a signature that was verified */
	SPAN_MEMBER,	/* of a member that a difference is told of */
};

/* A stretch of an artifact's bytes on one side of which all has the same answer. */
struct span {
	uint64_t start, end; /* in the artifact's bytes; end is exclusive */
	enum span_kind kind;
	/* SPAN_MEMBER: what is told of it. */
	struct finding_range findings;
	/* SPAN_MEMBER, in bytes that a cause claims: that cause. Otherwise empty. */
	struct buffer claimed;
	bool is_unexplained; /* nobody can say why what it is of differs */
	bool is_room;	     /* SPAN_STRUCTURE: FIELD_ROOM */
	/* All others but SPAN_NOBODY: the container, as it is known on this side, and the region.
	 */
	int64_t container;
	struct buffer name;
	struct buffer detail;
	/*
	 * SPAN_ELSEWHERE, of content that is not stored byte for byte: where it is in its
	 * container, which is the resolver's `inner`. Otherwise of length 0.
	 */
	struct packed packed;
};

/* Asks one side. */
struct resolver {
	int side;
	struct index *index;
	struct findings *findings;
	/* The member whose content the bytes are: container and position. */
	int64_t container;
	int64_t position;
	uint64_t size;
	struct span span;   /* the last answer */
	uint64_t offset;    /* that was asked for */
	struct inner inner; /* the innermost opened container that the last answer is in */
};

/* The answer for the byte at `offset`; kept in resolver->span. STATUS_OK or trouble. */
enum status resolve(struct resolver *resolver, uint64_t offset, struct error *err);
void resolver_release(struct resolver *resolver);

#endif
