/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_SPANS_H
#define DBDIFF_FORMAT_SPANS_H

#include "base/buffer.h"
#include "dbdiff/format/kept.h"
#include "dbdiff/members.h"

/*
 * The members of a small text that is read whole: values that lie in it as they are, each with
 * what belongs to it around it. For formats that cut a text by keys; they add to it while they
 * open, in the order of the text, and ask kept_check(&spans->kept) behind the last.
 */
struct spans {
	struct members members;
	struct buffer text;
	struct buffer fields; /* of the container, as in struct member */
	const char *around;   /* what the bytes around a member's value are called */
	const char *between;  /* what belongs to no member */
	struct span *items;
	size_t count, capacity;
	struct kept kept; /* of the items */
	size_t at;	  /* how many were given */
	size_t told;	  /* up to where the regions are known */
	int64_t given;	  /* members */
};

/* Reads all of `source`; more than `most` bytes is STATUS_LIMIT. */
enum status spans_new(struct source *source, size_t most, const char *around, const char *between,
	struct spans **spans, struct error *err);
/* A member: its value is [offset, offset + len), and all of [start, end) is its own. */
void spans_add(
	struct spans *spans, const char *path, size_t start, size_t offset, size_t len, size_t end);
/* Bytes that are derived from others of the text, and were found right. */
void spans_add_derived(struct spans *spans, const char *name, size_t offset, size_t len);
/* Bytes of the container that have a name of their own. */
void spans_add_structure(struct spans *spans, const char *name, size_t offset, size_t len);

/* Puts what was added out of order into the order of the text. */
void spans_sort(struct spans *spans);

#define spans_add_field(spans, name, ...)                                                          \
	do {                                                                                       \
		struct member container_ = {.fields = (spans)->fields};                            \
		member_add_field(&container_, name, __VA_ARGS__);                                  \
		(spans)->fields = container_.fields;                                               \
	} while (0)

void spans_free(struct spans *spans);

#endif
