/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_BUNDLE_MANIFEST_H
#define SNAPSHOT_BUNDLE_MANIFEST_H

#include "base/buffer.h"
#include "snapshot/bundle.h"

/*
 * The manifest of a bundle (docs/bundle.md): its first member, and what all the others are, in
 * their order. The bundle's bytes follow from it and the members' contents alone: a bundle of any
 * other form is refused, so that nothing in it has to be interpreted.
 */

#define BUNDLE_MANIFEST_NAME  "MANIFEST"
#define BUNDLE_MANIFEST_LIMIT ((uint64_t)64 * 1024 * 1024)
#define BUNDLE_TEXT_LIMIT     ((uint64_t)1024 * 1024) /* of the lock, and of each pin */
/* What is kept in memory before any signature is looked at; a rebuild needs two or three. */
#define BUNDLE_PINS_MOST   64
#define BUNDLE_SUITES_MOST 256 /* of all pins */
/* What the twelve bytes of a tar header can say in octal (POSIX ustar). */
#define BUNDLE_MEMBER_LIMIT (((uint64_t)1 << 33) - 1)

/* In the order in which they stand in a bundle: each can be checked by those before it. */
enum bundle_class {
	BUNDLE_LOCK,	/* "lock" */
	BUNDLE_PIN,	/* "pins/ARCHIVE@TIME" */
	BUNDLE_RELEASE, /* "archive/ARCHIVE/TIME/dists/SUITE/InRelease", or Release, Release.gpg */
	BUNDLE_INDEX,	/* "archive/ARCHIVE/TIME/dists/…" */
	BUNDLE_POOL,	/* "archive/ARCHIVE/TIME/…" */
	BUNDLE_GIT,	/* "git/NAME.bundle" */
};

struct bundle_entry {
	char *name;
	enum bundle_class class;
	struct digest digest;
	uint64_t size;
};

/* A zeroed struct is empty and safe to release. */
struct bundle_manifest {
	struct bundle_entry *entries; /* by class and name, no name twice */
	size_t count, capacity;
	size_t pin_count;			/* of the entries */
	struct bundle_repository *repositories; /* by name */
	size_t repository_count, repository_capacity;
};

void bundle_manifest_release(struct bundle_manifest *manifest);
/* STATUS_FORMAT when a bundle holds nothing of that name. */
enum status bundle_entry_classify(const char *name, enum bundle_class *class, struct error *err);
/* Under, at or over 0: the order of a bundle. */
int bundle_entry_compare(const struct bundle_entry *a, const struct bundle_entry *b);
/* NULL when there is none of that name. */
const struct bundle_entry *bundle_manifest_find(
	const struct bundle_manifest *manifest, const char *name);

/* The entries must be in their order. */
void bundle_manifest_format(const struct bundle_manifest *manifest, struct buffer *text);
/*
 * STATUS_LIMIT for more pins than are read, STATUS_FORMAT for whatever bundle_manifest_format()
 * would not have written: names that are none of a bundle's, another order, one name twice, another
 * number of lines. Cuts `data` up, which is NUL-terminated behind `len`.
 */
enum status bundle_manifest_parse(
	char *data, size_t len, struct bundle_manifest *manifest, struct error *err);

/* Letters, digits and "+-._", not beginning with a dot. */
bool bundle_is_repository_name(const char *name, size_t len);
/* Of SHA-1 or SHA-256, lower case hex. */
bool bundle_is_commit(const char *text, size_t len);

/* The part of "archive/ARCHIVE/TIME/PATH" behind TIME. */
const char *bundle_archive_path(const char *name);
/* "archive/ARCHIVE/TIME/PATH"; the caller frees. */
char *bundle_archive_name(const struct pin *pin, const char *path);

/*
 * Adds the header of a member, all that stands before its bytes: one block (POSIX ustar), or three
 * when the name is too long for one (POSIX pax). Nothing but name and size is in it.
 */
void bundle_header(const char *name, uint64_t size, struct buffer *blocks);

#define BUNDLE_BLOCK 512
/* How many zeros stand behind `size` bytes, up to a whole block. */
size_t bundle_padding(uint64_t size);

#endif
