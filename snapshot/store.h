/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_STORE_H
#define SNAPSHOT_STORE_H

#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"
#include "snapshot/sha1.h"
#include "snapshot/snapshot.h"

/*
 * A file in the store's tmp/ that is being filled; inside snapshot/ only. It is locked (flock)
 * while it is open, so that no other process takes it or cleans it away. A zeroed struct with fd
 * -1 is closed.
 */
struct store_part {
	int fd;	    /* read and write; -1 when closed */
	char *name; /* below tmp/ */
};

#define STORE_PART_INIT                                                                            \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/*
 * Opens a part to be filled. With `expected`, it is known by that digest and may hold bytes of an
 * earlier run that was killed (which nothing vouches for: the whole hash decides); STATUS_CONFLICT
 * when another process is filling it. With NULL it is new, empty and private.
 */
enum status store_part_open(struct store *store, const struct digest *expected,
	struct store_part *part, struct error *err);

/* Whether an errno is one of a file system, quota or limit that is full. */
bool store_is_full(int number);
/* STATUS_IO: what is full, by that errno, and what to do. */
enum status store_no_room(const struct store *store, int number, struct error *err);

/* Appends; on a full disk the error says so, and the caller should discard the part. */
enum status store_part_write(struct store *store, struct store_part *part, const void *data,
	size_t len, struct error *err);

/*
 * Puts it into the store as `digest`, which the caller has computed over all of its bytes together
 * with `sha1`, and closes it. Whatever was there under that digest is replaced.
 */
enum status store_part_commit(struct store *store, struct store_part *part,
	const struct digest *digest, const struct sha1 *sha1, struct error *err);

/* Closes it; a part known by a digest stays for a later run, a private one goes away. */
void store_part_close(struct store *store, struct store_part *part);
/* Closes it and removes it. */
void store_part_discard(struct store *store, struct store_part *part);

/* Removes from tmp/ what no process owns any more; called by store_open(). */
enum status store_parts_clean(struct store *store, struct error *err);

/* Its directory, and its tmp/; open as long as the store is. */
int store_fd(const struct store *store);
int store_tmp_fd(const struct store *store);

/*
 * Visits what stands in sha256/, in the order of names; `path` is below the store's directory.
 * `digest` is what its name says, NULL for what is no file of the store. A visitor that returns an
 * error ends it with that.
 */
typedef enum status (*store_visitor)(void *context, const char *path, const struct digest *digest,
	uint64_t size, struct error *err);
enum status store_each(struct store *store, store_visitor visit, void *context, struct error *err);

/* What lies in quarantine/ and, of transfers that may go on, in tmp/. */
enum status store_beside_tally(struct store *store, struct store_tally *quarantine,
	struct store_tally *unfinished, struct error *err);

/* Holds it together with others, as store_open() does. */
enum status store_share(struct store *store, struct error *err);

/* Takes a file out of the store for good. */
enum status store_remove(struct store *store, const struct digest *digest, struct error *err);
/* Moves what is no file of the store from "sha256/…" to quarantine/; `name` is its name there. */
enum status store_set_aside(struct store *store, const char *path, char **name, struct error *err);
/* Moves tmp/NAME to its place by digest, under the store's lock; its SHA-1 is written down. */
enum status store_publish(struct store *store, const char *tmp_name, const struct digest *digest,
	const struct sha1 *sha1, struct error *err);

/*
 * Held only around what must not happen twice at once, such as a rename; closing *lock gives it up.
 */
enum status store_lock(struct store *store, int *lock, struct error *err);

/* As store_read(), and gives the SHA-1 of the same bytes; NULL: not wanted. */
enum status store_read_sha1(struct store *store, const struct digest *digest, int *fd,
	uint64_t *size, struct sha1 *sha1, struct error *err);

/*
 * A store of its own below tmp/, for files that may come into `store` all together or not at all.
 * One that a killed process has left is removed when the next is opened.
 */
enum status store_staging_open(struct store *store, struct store **staging, struct error *err);
/* Moves a file over; one that is there by now need not be in `staging` any more. */
enum status store_staging_publish(
	struct store *store, struct store *staging, const struct digest *digest, struct error *err);
/* Removes it with all that is in it. */
void store_staging_free(struct store *staging);

#endif
