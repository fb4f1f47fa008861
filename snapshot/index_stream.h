/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_INDEX_STREAM_H
#define SNAPSHOT_INDEX_STREAM_H

#include <stdio.h>

#include "base/deb822.h"
#include "snapshot/suite_release.h"
#include "snapshot/snapshot.h"

/*
 * A stored Packages or Sources file, decompressed while it is read; or read as it is, where the
 * store has what is inside as well.
 */
struct index_stream;

/* The file must be one of `release`: what comes out is checked against its uncompressed form. */
enum status index_stream_open(struct store *store, const struct suite_release *release,
	const struct release_file *file, struct index_stream **stream, struct error *err);
/*
 * What comes out goes into the store, under the digest that Release has for it: the next reading
 * need not unpack, and hashes as many bytes. For indexes that are read often: unpacked they take
 * five times the room. When it is not to be had (a full disk) only that next reading takes longer.
 */
void index_stream_keep(struct index_stream *stream);
/* Up to `len` bytes; *got is 0 only at the end, and then all of it was as Release says. */
enum status index_stream_read(
	struct index_stream *stream, void *data, size_t len, size_t *got, struct error *err);
void index_stream_close(struct index_stream *stream);

/*
 * Calls `stanza` with a reader at the start of each run of whole stanzas, until it is at its end;
 * the text is valid during the call.
 */
enum status index_stream_parse(struct index_stream *stream,
	enum status (*stanzas)(void *context, struct deb822 *reader, struct error *err),
	void *context, struct error *err);

#endif
