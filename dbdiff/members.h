/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_MEMBERS_H
#define DBDIFF_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/source.h"

/*
 * One member of a container as its format sees it. The format fills it in next(), and owns what it
 * points to until the following next().
 */
struct member {
	/*
	 * Path inside the container, raw bytes: without "./" in front, without a slash at the end,
	 * runs of slashes as one; "" is never a name (the root directory of a file system is "/").
	 * member_set_name() makes it from the stored name and adds the field "name" when the two
	 * differ. A NUL byte in a stored name is written as the four characters \x00.
	 */
	struct buffer path;
	bool has_content; /* a regular file or a stream that can be opened */
	uint64_t size;	  /* of its content, SOURCE_SIZE_UNKNOWN when only reading tells */
	/*
	 * All metadata as text, "name\0value\0" after one another: type, mode, uid, … Written with
	 * member_add_field(); the names and their order for people are the field table's
	 * (dbdiff/fields.h). Comparing members compares these bytes after sorting.
	 */
	struct buffer fields;
};

void member_clear(struct member *member);
void member_release(struct member *member);
void member_set_name(struct member *member, const char *stored, size_t len);
/* `value` may hold any byte but NUL. */
void member_add_field(struct member *member, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* For values with NUL bytes or of hostile length: stored escaped, over 4 KiB as its SHA-256. */
void member_add_field_bytes(struct member *member, const char *name, const void *value, size_t len);
/* "2026-11-23T03:12:00Z", with nine digits behind a point when there are nanoseconds. */
void member_add_time(struct member *member, const char *name, int64_t seconds, long nanoseconds);

struct members;

struct members_ops {
	/*
	 * The next member in the order of the container: STATUS_OK or STATUS_END. An error ends
	 * the container: what was listed before it stays listed, and the container is recorded as
	 * inspected: false with the error as the reason. STATUS_END is only returned when the
	 * container was read to its own end mark.
	 */
	enum status (*next)(struct members *members, struct member *member, struct error *err);
	/*
	 * The content of the member that next() gave, once, to be freed before the following
	 * next() (which is STATUS_USAGE otherwise). Not opening it is allowed and cheap where the
	 * format can seek.
	 */
	enum status (*open)(struct members *members, struct source **content, struct error *err);
	void (*free)(struct members *members);
};

/* An open container. Implementations embed it as their first field. */
struct members {
	const struct members_ops *ops;
};

/*
 * A format: one const row in dbdiff/format/formats.c. Adding one is one file, one row, one unit
 * test, one fuzz target.
 */
struct format {
	const char *name; /* "tar", "ext4" */
	size_t bid_bytes; /* how much of the beginning bid() wants to see (≤ SOURCE_WINDOW) */
	bool needs_seek;  /* the walker spools a source that cannot */
	/* How sure it is, in bits of magic that fit; 0 when it is not this. `len` may be less. */
	unsigned (*bid)(const unsigned char *data, size_t len);
	/*
	 * Opens the container. `source` stays the walker's and outlives the members. `name` is the
	 * container's own path (for formats that hold one stream, to name it). STATUS_FORMAT when
	 * it is not what the bid took it for.
	 */
	enum status (*open)(struct source *source, const char *name, const struct limits *limits,
		struct members **members, struct error *err);
};

/* Every format, ended by NULL. */
extern const struct format *const formats[];

#endif
