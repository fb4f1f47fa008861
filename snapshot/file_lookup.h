/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_FILE_LOOKUP_H
#define SNAPSHOT_FILE_LOOKUP_H

#include "snapshot/snapshot.h"

/*
 * What snapshot.debian.org's machine API has to say of a file of the pool: under which SHA-1 it may
 * be had at ROOT/file/SHA1. Its answers are only hints, whatever they say: the bytes count when
 * their SHA-256 is the one the signed index names. (API: the service's doc/API in its repository.)
 *
 * Adds such URLs, at most a few. STATUS_NOT_FOUND when the service knows none, or the file is not
 * of the pool; STATUS_FORMAT for an answer that is not as the API has it.
 */
enum status file_lookup(struct fetcher *fetcher, struct store *store, const char *root,
	const struct archive_file *file, struct text_list *urls, struct error *err);

#endif
