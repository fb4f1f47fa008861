/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_SHA1_H
#define SNAPSHOT_SHA1_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"

#define SHA1_SIZE     20
#define SHA1_HEX_SIZE 41 /* with the NUL */

/*
 * The name that snapshot.debian.org gives a file. Nothing is ever trusted by it: two files can be
 * made that share one. It finds a file, whose SHA-256 then decides (design, law 1).
 */
struct sha1 {
	unsigned char bytes[SHA1_SIZE];
};

bool sha1_equal(const struct sha1 *a, const struct sha1 *b);
/* Lower case hex. */
void sha1_hex(const struct sha1 *sha1, char hex[SHA1_HEX_SIZE]);
/* Exactly 40 hex digits of either case, then the end of `len`; false otherwise. */
bool sha1_parse(const char *hex, size_t len, struct sha1 *sha1);

/* A running SHA-256 and SHA-1 of the same bytes: a file's identity, and its name. */
struct content_hash {
	struct hash hash;
	void *sha1;
};

void content_hash_init(struct content_hash *hash);
void content_hash_update(struct content_hash *hash, const void *data, size_t len);
/* Gives both and starts anew. */
void content_hash_finish(struct content_hash *hash, struct digest *digest, struct sha1 *sha1);
void content_hash_release(struct content_hash *hash);

/* From the current offset to the end of the file, as hash_fd(). */
enum status content_hash_fd(
	int fd, struct digest *digest, struct sha1 *sha1, uint64_t *size, struct error *err);

#endif
