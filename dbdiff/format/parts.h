/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_PARTS_H
#define DBDIFF_FORMAT_PARTS_H

#include "base/array.h"
#include "dbdiff/format/kept.h"
#include "dbdiff/members.h"

/*
 * A container that is cut into stretches of its own bytes, stored as they are: what formats of
 * headers and sections (PE, kernels, modules, uImage, device trees) have in common. A format adds
 * parts in any order, parts_finish() sees to it that they do not overlap and cover every byte, and
 * the members come out in the order of their places.
 */

/* More of them is no program, kernel or device tree. */
#define PARTS_MAX 262144

struct part {
	uint64_t offset;
	uint64_t len;
	enum region_kind kind;
	const char *region;   /* a text that outlives it; "data" of content */
	char *path;	      /* a member's; NULL for other parts */
	struct buffer fields; /* a member's */
	bool has_content;     /* a member's: its bytes can be opened */
	size_t owner;	      /* REGION_METADATA: the member it is of, as added */
	char *detail;	      /* REGION_WRAPPER: who signed */
	size_t added;	      /* how many parts were added before */
	int64_t position;     /* a member's, among all members */
};

struct parts {
	struct members members;
	struct source *source; /* not owned */
	struct part *items;
	size_t count;
	size_t capacity;
	struct buffer fields;	/* of the container itself */
	struct text_list names; /* of regions, that nobody else keeps */
	struct kept kept;	/* paths, fields and names */
	size_t at;		/* the next part of next() */
	const struct part *current;
	uint64_t covered; /* parts_fill()'s */
};

/* `source` can seek and is of known size. */
struct parts *parts_new(struct source *source);
void parts_free(struct members *members);

/* All bytes of the container, which the caller frees; more than `most` is STATUS_LIMIT. */
enum status parts_read_all(
	struct parts *parts, size_t most, unsigned char **data, struct error *err);

/*
 * What it gives is valid until the next one is added; its number is parts->count - 1. Of parts
 * behind PARTS_MAX only the last is there.
 */
struct part *parts_add(struct parts *parts, enum region_kind kind, const char *region,
	uint64_t offset, uint64_t len);
struct part *parts_add_member(struct parts *parts, const char *path, uint64_t offset, uint64_t len);
/* Makes a part a member, which has no path yet. */
void parts_set_path(struct parts *parts, struct part *part, const char *path);
void parts_add_metadata(
	struct parts *parts, const char *region, uint64_t offset, uint64_t len, size_t owner);
/* Keeps a name of a region for as long as `parts` is. */
const char *parts_keep(struct parts *parts, const char *name);
/* Everything in [from, to) that is in no part so far becomes structure of this name. */
enum status parts_fill(
	struct parts *parts, const char *region, uint64_t from, uint64_t to, struct error *err);

/*
 * STATUS_LIMIT when there are too many parts, or more was added to them than is kept: what is over
 * that is left out, and parts_finish() refuses the whole. For formats that add in a long loop.
 */
enum status parts_check(const struct parts *parts, struct error *err);

/* A field of a part that is a member, or with NULL of the container. */
void parts_add_field(struct parts *parts, struct part *part, const char *name, const char *format,
	...) __attribute__((format(printf, 4, 5)));
/* For values of any bytes (member_add_field_bytes()). */
void parts_add_field_bytes(
	struct parts *parts, struct part *part, const char *name, const void *value, size_t len);

/*
 * Fills what is left with "padding", and gives the members. STATUS_FORMAT when parts overlap or
 * leave the container, STATUS_LIMIT when there are too many. Frees `parts` on an error.
 */
enum status parts_finish(struct parts *parts, struct members **members, struct error *err);

#endif
