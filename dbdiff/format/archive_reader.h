/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_ARCHIVE_READER_H
#define DBDIFF_FORMAT_ARCHIVE_READER_H

#include <archive.h>
#include <locale.h>
#include <stdbool.h>

#include "dbdiff/pieces.h"

#define READER_TAIL_SIZE ((size_t)64 * 1024)

/*
 * A libarchive handle that reads a source, and knows at its end which bytes libarchive did not
 * take. Zeroed is safe to release.
 */
struct archive_reader {
	struct archive *archive;
	struct source *source; /* not owned */
	/*
	 * libarchive refuses or mangles names that are not ASCII in the C locale; every call that
	 * touches names runs in this one.
	 */
	locale_t locale;
	size_t given; /* bytes at source->offset that libarchive has and may still read */
	/* The end of what libarchive had before: it looks ahead across windows. */
	unsigned char tail[READER_TAIL_SIZE];
	size_t tail_len;
	struct error failure; /* why the source could not be read; STATUS_OK if it could */
};

enum status archive_reader_open(struct archive_reader *reader, struct source *source,
	int (*prepare)(struct archive *archive), struct error *err);
void archive_reader_release(struct archive_reader *reader);
/*
 * Copies bytes that were seen not long ago, or that the source can be asked for; false when they
 * are gone.
 */
bool archive_reader_copy(
	struct archive_reader *reader, uint64_t from, uint64_t to, unsigned char *data);
/* Whether these bytes were seen, not long ago, and are all zero. */
bool archive_reader_saw_zeros(struct archive_reader *reader, uint64_t from, uint64_t to);
/* Turns what libarchive returned (below ARCHIVE_WARN) into an error. */
enum status archive_reader_error(struct archive_reader *reader, struct error *err);

/*
 * What follows the byte that libarchive read last; the handle is not read any more. `rest` reads
 * the reader's source, and is freed with source_free().
 */
enum status archive_reader_rest(
	struct archive_reader *reader, struct source **rest, struct error *err);

#endif
