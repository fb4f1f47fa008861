/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_INDEX_STREAM_H
#define SNAPSHOT_INDEX_STREAM_H

#include <stdio.h>

#include "base/deb822.h"
#include "snapshot/suite_release.h"
#include "snapshot/snapshot.h"

/* A stored Packages or Sources file, decompressed while it is read. */
struct index_stream;

/* The file must be one of `release`: what comes out is checked against its uncompressed form. */
enum status index_stream_open(struct store *store, const struct suite_release *release,
	const struct release_file *file, struct index_stream **stream, struct error *err);
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
