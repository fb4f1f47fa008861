/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_WALK_H
#define DBDIFF_WALK_H

#include "base/error.h"
#include "base/limits.h"
#include "base/source.h"
#include "dbdiff/index.h"
#include "dbdiff/sameness.h"
#include "dbdiff/way.h"

/* What a walk in a worker is given by its parent; all of it may be NULL. */
struct walk_setup {
	struct spool_pool *pool; /* NULL: files are opened as they are needed */
	struct way *way;	 /* where the walk writes what it is at */
	const struct closed_ways *closed;
	/*
	 * Whoever compares has the bytes of both sides at hand: what is opened is not hashed where
	 * its bytes can be found in them, nor is the artifact. index.sql says where they are.
	 */
	bool spares_hashes;
	/*
	 * The artifact beside that of the other side: a member that lies where both are the same is
	 * neither opened nor hashed. NULL: all are.
	 */
	const struct sameness *sameness;
	/*
	 * The artifact is a stream, and what it holds stands whole in the first file of the pool,
	 * where the first walk left it: a second one need not unpack it again.
	 */
	bool is_unpacked;
};

/*
 * Writes the index of one artifact: goes through it once, into every container that a format
 * opens, hashing each member on the way, and the artifact itself, but for what `setup` spares. A
 * container that cannot be read
 * whole, or reaches a limit, is recorded as not inspected, and is no error; trouble of this machine
 * is one. `name` is the artifact's. What the first member of an outermost stream unpacks to is
 * spooled as SPOOL_OUTERMOST. Runs in a worker (dbdiff/worker.h).
 */
enum status walk_index(struct source *source, const char *name, const struct limits *limits,
	const struct walk_setup *setup, struct index *index, struct error *err);

/* One step of the way to a member whose bytes are wanted, in the order of (container, position). */
struct wanted {
	int64_t container;
	int64_t position;
	int64_t id;
	enum wanted_what {
		WANTED_BYTES,  /* capture them */
		WANTED_WAY,    /* descend */
		WANTED_INSIDE, /* open a leaf, and index what is in it */
		WANTED_REST,   /* hash all of it but these stretches */
	} what;
	/* Of WANTED_BYTES and WANTED_REST: a stretch; fewer than `len` when it ends before. */
	uint64_t offset;
	uint64_t len;
};

int wanted_compare(const void *a, const void *b);

/*
 * What stands in front of the bytes of a stretch. A SHA-256 has WANTED_REST_OFFSET, and a text that
 * says why something of the member is not there WANTED_WHY_OFFSET.
 */
struct captured_header {
	int64_t member;
	uint64_t offset; /* in the member */
	uint64_t len;
};

#define WANTED_REST_OFFSET UINT64_MAX
#define WANTED_WHY_OFFSET  (UINT64_MAX - 1)

/*
 * Goes the same ways again, and no others. Bytes are appended to a file, each stretch behind its
 * header. What is inside leaves goes into `index`, which is that of the first walk; NULL when no
 * item asks for it. `items` is sorted; what `setup` closes or cannot be read is left out, and the
 * file says why.
 */
enum status walk_again(struct source *source, const char *name, const struct limits *limits,
	const struct walk_setup *setup, const struct wanted *items, size_t count, int out_fd,
	struct index *index, struct error *err);

#endif
