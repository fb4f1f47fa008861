/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_BUNDLE_ZSTD_H
#define SNAPSHOT_BUNDLE_ZSTD_H

#include "base/hash.h"
#include "base/source.h"
#include "base/tempfile.h"

/* The one zstd frame (RFC 8878) that a bundle is. */

/* A bundle being written to its place. Zeroed, with BUNDLE_FILE_INIT, it is safe to release. */
struct bundle_file {
	struct tempfile file;
	void *context; /* ZSTD_CCtx */
	unsigned char *out;
	size_t out_size;
	struct hash hash; /* of what was written */
	uint64_t packed;
};

#define BUNDLE_FILE_INIT                                                                           \
	{                                                                                          \
		.file = TEMPFILE_INIT                                                              \
	}

enum status bundle_file_open(struct bundle_file *file, const char *path, struct error *err);
enum status bundle_file_write(
	struct bundle_file *file, const void *data, size_t len, struct error *err);
/* Ends the frame and puts the file in its place; *digest and *size are of the file. */
enum status bundle_file_commit(
	struct bundle_file *file, struct digest *digest, uint64_t *size, struct error *err);
void bundle_file_release(struct bundle_file *file);

/*
 * What the frame holds. `packed` stays the caller's; what is read of it goes into `hash`, which is
 * the caller's too. At its end `packed` is at its own: more than the frame is STATUS_TRUST, less is
 * STATUS_FORMAT.
 */
struct source *bundle_unpack_new(struct source *packed, struct hash *hash);

#endif
