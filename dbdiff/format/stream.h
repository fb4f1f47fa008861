/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_STREAM_H
#define DBDIFF_FORMAT_STREAM_H

#include "base/hash.h"
#include "dbdiff/format/behind.h"

/* A decoder that wants a larger window than this is refused. */
#define STREAM_WINDOW_MAX ((uint64_t)128 << 20)
#define STREAM_OUT_SIZE	  ((size_t)128 * 1024)

struct stream;

/* How one compression is read. It accounts for every byte that it takes from stream->source. */
struct codec {
	const char *name;
	/*
	 * The next decoded bytes, possibly none; valid until the following call. STATUS_END when
	 * the source stands at a byte that is no part of the compressed data any more. Adds the
	 * regions of what it took.
	 */
	enum status (*decode)(
		struct stream *stream, const unsigned char **data, size_t *len, struct error *err);
	/*
	 * Lets go of the decoder, once decode() gave STATUS_END or an error; what is around the
	 * stream may be read on for long. May be NULL, and is called again by nobody but free().
	 */
	void (*end)(struct stream *stream);
	void (*free)(struct stream *stream);
	/* The file that all decoded bytes stand in before they are given; -1 for none. May be NULL.
	 */
	int (*file)(const struct stream *stream);
	size_t state_size;
};

/*
 * A compressed stream: a container with one member (what is in all its streams or frames after one
 * another), called as the container without its suffix, and the members of what is behind it
 * (dbdiff/format/behind.h).
 *
 * The container has the field "stream", "plain" exactly when T7 lets a difference in it be a
 * wrapper: one stream or frame, consumed to the last byte, with nothing before, in or behind it
 * that says more. Otherwise the field says what else there is.
 */
struct stream {
	struct members members;
	const struct codec *codec;
	struct source *source;
	const struct limits *limits;
	void *state; /* the codec's */
	char *name;
	unsigned char *out; /* STREAM_OUT_SIZE bytes for the codec */

	/* What the codec counts. */
	uint64_t units; /* streams, members or frames: whatever the compression calls them */
	uint64_t extra; /* bytes in optional header fields */
	uint64_t skipped_units; /* skippable frames */
	uint64_t skipped_bytes; /* in them */
	struct hash skipped;	/* of them; used when there are any */
	uint64_t padding;	/* bytes between streams */
	uint64_t window;	/* of the room for windows */
	struct member fields;	/* of the container: only its fields are used */

	struct behind behind;
	int64_t position;
	bool is_open;
	bool was_opened;
	bool has_content;
	bool is_read; /* decode() gave STATUS_END */
	struct error failure;
};

enum status stream_open(const struct codec *codec, struct source *source, const char *name,
	const struct limits *limits, struct members **members, struct error *err);

/* What the one member of a container of this path is called; to be freed. */
char *stream_name(const char *path);

/* The rest is for codecs. */

/* At least `want` bytes of the source; STATUS_FORMAT "truncated" when there are not so many. */
enum status stream_need(struct stream *stream, size_t want, const unsigned char **data, size_t *len,
	struct error *err);
/* Goes by `len` bytes of the source, as a region. */
enum status stream_take(struct stream *stream, uint64_t len, enum region_kind kind,
	const char *name, struct error *err);
/* To be asked before a decoder is started that has a window of so many bytes. */
enum status stream_take_window(struct stream *stream, uint64_t bytes, struct error *err);
/*
 * The bytes from `begin` up to the source's offset: what the content is packed in. Checksums of the
 * content and an index of blocks, which were found to fit, follow from it and belong to it.
 */
void stream_add_packed(struct stream *stream, uint64_t begin);
/* Skippable frames (RFC 8878, 3.1.2; LZ4 frame format): does one begin here, and goes by it. */
#define SKIPPABLE_HEADER_SIZE 8
bool stream_is_skippable(const unsigned char *data, size_t len);
enum status stream_skip_frame(struct stream *stream, struct error *err);
/*
 * The first `want` bytes behind the skippable frames that a candidate begins with; *got is 0 when
 * it begins with none, or they cannot be seen.
 */
void stream_look_behind_skippable(
	const struct candidate *candidate, unsigned char *next, size_t want, size_t *got);

#endif
