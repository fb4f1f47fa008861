/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_DATA_FILE_H
#define VERIFIER_COVERAGE_DATA_FILE_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/source.h"
#include "snapshot/snapshot.h"

/*
 * A file of data from outside: of debci, the security tracker, popcon, a rebuilder, a device, a
 * build log. It was hashed whole before a byte of it is believed, and what is said of it names that
 * hash. A zeroed struct is empty; one that was filled is given to data_file_release().
 */
struct data_file {
	char *name; /* as it is recorded: the path, or the URL without secrets (trust T20) */
	/* The same of what a server redirected to; NULL when it did not. */
	char *served;
	struct digest sha256; /* of its bytes as they were had, packed or not */
	uint64_t size;
	int64_t time; /* when it was had, seconds since the epoch */
	int fd;	      /* its own; only valid when `name` is there */
};

/* The most bytes one such file may have, as it is had and unpacked. */
#define DATA_FILE_MAX	  ((uint64_t)512 << 20)
#define DATA_UNPACKED_MAX ((uint64_t)2 << 30)

/*
 * Gets what an option names, an http, https or file URL or the path of a regular file, into the
 * store, and opens it there. A NULL `fetcher` is the promise to ask no server: a URL is then
 * STATUS_NETWORK. Other errors are those of fetcher_get() and store_add(); each names the argument,
 * without secrets. An empty file is STATUS_FORMAT: there is nothing in it to say yes or no.
 */
enum status data_open(struct fetcher *fetcher, struct store *store, const char *argument,
	struct data_file *file, struct error *err);

/* Whether that is an http, https or file URL; else it is a path. */
bool data_is_url(const char *argument);
/* As it is recorded: a URL without user-info and values of its query. The caller frees. */
char *data_name(const char *argument);

/*
 * The same of a descriptor of a regular file at hand, which stays the caller's: a build log that
 * reproof kept. `name` is what it is recorded as.
 */
enum status data_take(int fd, const char *name, struct data_file *file, struct error *err);
void data_file_release(struct data_file *file);

/*
 * What is in a data file, unpacked when it is a gzip, xz, bzip2 or zstd stream. Read it with
 * data_content_next(): whoever came to its end without an error has seen every byte there is.
 */
struct data_content;

enum status data_content_open(
	const struct data_file *file, struct data_content **content, struct error *err);
/*
 * The next bytes, valid until the following call; *len is 0 only at the end. A stream that is cut,
 * or has anything behind it, is STATUS_FORMAT; more than DATA_UNPACKED_MAX is STATUS_LIMIT.
 */
enum status data_content_next(
	struct data_content *content, const unsigned char **data, size_t *len, struct error *err);
void data_content_free(struct data_content *content);

/* All of a small one, unpacked, NUL-terminated behind `len`; over `limit` bytes is STATUS_LIMIT. */
enum status data_content_all(
	const struct data_file *file, size_t limit, struct buffer *text, struct error *err);

#endif
