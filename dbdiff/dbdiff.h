/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_DBDIFF_H
#define DBDIFF_DBDIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "dbdiff/file_state.h"

/*
 * Changes whenever the same two files could give another result: cached difference sets are keyed
 * by it.
 */
#define DBDIFF_VERSION "7"

/* How the reason of a difference begins that a bound leaves without a diff; it is inspected. */
#define REASON_NO_DIFF "no diff"
/* And that of one whose bytes nobody could look at again; it is not inspected. */
#define REASON_NOT_LOOKED_AT "not looked at for causes"

/* What happened to one member between the published and the rebuilt side. */
enum change {
	CHANGE_ADDED,	 /* rebuilt only */
	CHANGE_REMOVED,	 /* published only */
	CHANGE_CONTENT,	 /* its bytes differ, and perhaps its metadata */
	CHANGE_METADATA, /* same bytes, other metadata */
	CHANGE_ORDER,	 /* a container whose members stand in another order */
};

/* "added", … ; the words of the JSON output. */
const char *change_word(enum change change);
bool change_parse(const char *word, enum change *change);

/* One metadata field that differs: both values as text for people, raw bytes of names allowed. */
struct difference_field {
	const char *name; /* from the field table: type mode uid gid size mtime link-target device
			     hard-link xattr:NAME name; a static or borrowed text */
	const char *published;
	const char *rebuilt;
};

/* Why a member differs, as far as it is known: "unexplained" where it is not. */
struct difference_cause {
	const char *id;	      /* in the catalogue (dbdiff/causes.h) */
	uint64_t bytes;	      /* of the artifact's differing bytes */
	const char *evidence; /* what it was read from: the two times, the two UUIDs; or NULL */
	bool is_unmeasured;   /* the artifact's bytes were not counted: `bytes` says nothing */
};

/* Two values that stand for a difference with a cause: two UUIDs, two root hashes. */
struct difference_value {
	const char *cause; /* in the catalogue */
	const char *published;
	const char *rebuilt;
};

/* One differing member. All texts are borrowed and valid during the sink's call only. */
struct difference {
	const char *path;    /* raw bytes, from the artifact's name, nested by "//" */
	uint64_t occurrence; /* 0 for the first member of that path in its container, 1, … */
	enum change change;
	bool inspected;	    /* false: it could have held members and was not opened */
	const char *reason; /* why not inspected, or what is not told of it; or NULL */
	const struct difference_field *fields;
	size_t field_count;
	const struct difference_cause *causes; /* sorted by id, at least one */
	size_t cause_count;
	const struct difference_value *values; /* by cause; of what was claimed in its content */
	size_t value_count;
	/* Of its content on each side; NULL where it is not there or was not hashed. */
	const struct digest *published;
	const struct digest *rebuilt;
	const char *diff; /* bounded text: unified diff, or hexdump window; NULL for none */
};

/* What was taken off an artifact to find the rest equal: it was verified on each side. */
struct wrapper {
	const char *path; /* raw bytes, of the container that carries it */
	const char *kind; /* the cause of its difference: "authenticode-signature", "compression" */
	const char
		*signer; /* SHA-256 of the published side's certificate; NULL for a compression */
};

/* Takes differences in the order of (path bytes, occurrence). A failure stops the comparison. */
struct difference_sink {
	enum status (*take)(void *context, const struct difference *difference, struct error *err);
	void *context;
	/* Once for each wrapper, after the differences; NULL when nobody asks. */
	enum status (*wrapper)(void *context, const struct wrapper *wrapper, struct error *err);
};

/* One file of a pair: a descriptor of a regular file, which stays the caller's, and what was read
 * from it. */
struct comparison_side {
	int fd;
	uint64_t size;
	struct digest sha256;	 /* of the bytes read in this run (trust T6) */
	struct file_state state; /* before the first of them was read */
	/*
	 * The descriptor is that of an index of the file (dbdiff/index_file.h), whose bytes are not
	 * at hand: size and sha256 are what the index says of it.
	 */
	bool is_index;
};

struct comparison_options {
	struct limits limits;
	uint64_t diff_bytes;   /* the most text a member's diff may have */
	uint64_t diff_members; /* members that get a diff; of the others it is said */
	/*
	 * NULL, or the path of a member that gets its diff in any case: from the artifact's name on
	 * or without it.
	 */
	const char *shown_path;
	/*
	 * A file that was not written to for so long before it was hashed would show a change in
	 * its times, and is not hashed again while it is compared.
	 */
	uint64_t settle_milliseconds;
	/*
	 * Descriptors of the image that a block map is of, on each side, for the digests in it;
	 * not used when has_images is false. They stay the caller's.
	 */
	bool has_images;
	int images[2];
};

extern const struct comparison_options comparison_options_default;

/* What came of comparing the insides of two files whose bytes differ. */
struct comparison {
	uint64_t differences; /* how many the sink took; at least 1 */
	/*
	 * Of the bytes that differ in the artifact after its outer stream compression: offsets that
	 * both sides have with unlike bytes, and the difference in length. -1: not measured.
	 */
	int64_t differing_bytes;
	int64_t unattributed_bytes; /* in no region that a difference is told of */
	int64_t unexplained_bytes;  /* of a difference with the cause "unexplained" */
	bool inspected;		    /* every member that could be opened was */
	/*
	 * Nothing but wrappers differs, and what follows from them by computation (trust T7, T8):
	 * then the artifact is content-equal, and the sink's `wrapper` was told what was taken off.
	 */
	bool is_content_equal;
};

/*
 * Hashes both sides now, side by side; of an index only the state is taken. Differing sizes or
 * digests are no error. Trouble reading is STATUS_IO.
 */
enum status dbdiff_hash(
	struct comparison_side *published, struct comparison_side *rebuilt, struct error *err);

/*
 * Compares the insides of two files that dbdiff_hash() found to differ. Each side is parsed in a
 * worker process of its own; a container that cannot be read, or reaches a limit, is a difference
 * with inspected false. Never "the same": when the walk finds nothing, the innermost container
 * whose bytes differ is reported as content with the cause "unexplained" (trust T6). The files are
 * shown to be what was hashed when all is done, by the kernel's times of change, or where these
 * cannot tell by hashing them again; when they changed meanwhile it is STATUS_CONFLICT.
 * `name` is the artifact's (raw bytes) and begins every path. Trouble with the temporary indexes in
 * TMPDIR is STATUS_IO; STATUS_DATABASE comes from the sink only.
 *
 * Where a side is an index, members and fields are named all the same, and of large leaves the
 * blocks that differ; bytes are not measured, and nothing is content-equal. An index that is
 * damaged, or says two things of its artifact, is STATUS_FORMAT.
 */
enum status dbdiff_compare(const char *name, const struct comparison_side *published,
	const struct comparison_side *rebuilt, const struct comparison_options *options,
	const struct difference_sink *sink, struct comparison *result, struct error *err);

#endif
