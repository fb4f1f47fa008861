/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_MACHINE_ANSWER_H
#define SNAPSHOT_MACHINE_ANSWER_H

#include <jansson.h>

#include "snapshot/snapshot.h"

/*
 * Inside snapshot/ only: the answers of snapshot.debian.org's machine API (API in its source), JSON
 * of whoever is at that address. Nothing of them is trusted: they say where to look.
 */

/* STATUS_NOT_FOUND only when the server says 404. *value is the caller's, NULL after an error. */
enum status machine_answer_get(struct fetcher *fetcher, struct store *store, const char *url,
	uint64_t limit, json_t **value, struct error *err);
/* The same of an answer's bytes; `url` is for errors. */
enum status machine_answer_parse(
	const char *url, const char *data, size_t len, json_t **value, struct error *err);

/* A zeroed struct is an empty list; the items are the caller's to free. */
struct time_list {
	int64_t *items;
	size_t count, capacity;
};

/* /mr/timestamp/: the imports of the archive that are at `from` or later, in their order. */
enum status machine_imports_read(const json_t *answer, const char *archive, int64_t from,
	struct time_list *times, struct error *err);

struct find_ranges;

/* /mr/binary/NAME/VERSION/binfiles?fileinfo=1: what it says of that package of the list. */
enum status machine_files_read(struct find_ranges *ranges, size_t package, const json_t *answer,
	const char *url, struct error *err);
/* /mr/binary/NAME/, of a package whose version has no files. */
enum status machine_versions_read(struct find_ranges *ranges, size_t package, const json_t *answer,
	const char *url, struct error *err);

/*
 * /mr/package/SOURCE/ and …/VERSION/srcfiles?fileinfo=1, or the same of binary packages: versions
 * that the file can be of, and where below `root` it may be had. STATUS_NOT_FOUND for a path of no
 * package. What comes of it are the caller's lists.
 */
enum status file_lookup_read(const char *root, const struct archive_file *file,
	const json_t *answer, struct text_list *versions, struct text_list *urls,
	struct error *err);

#endif
