/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SHA256_SIZE	32
#define SHA256_HEX_SIZE 65 /* with the NUL */

/* A SHA-256 by value. */
struct digest {
	unsigned char bytes[SHA256_SIZE];
};

/* A running SHA-256 (OpenSSL EVP, which uses SHA-NI). */
struct hash {
	void *context;
};

void hash_init(struct hash *hash);
void hash_update(struct hash *hash, const void *data, size_t len);
/* Gives the digest and starts anew. */
void hash_finish(struct hash *hash, struct digest *digest);
void hash_release(struct hash *hash);

/*
 * Ends the process with exit code 3 unless an OpenSSL function gave 1: it fails here only when it
 * is broken or out of memory, and then no digest may come out.
 */
void hash_must_work(int result);

void hash_memory(const void *data, size_t len, struct digest *digest);

/*
 * From the current offset to the end of the file; *size may be NULL. Every byte is read, holes too:
 * where a file system says that one is, it may be wrong about what was just written (trust T6).
 */
enum status hash_fd(int fd, struct digest *digest, uint64_t *size, struct error *err);
enum status hash_file(const char *path, struct digest *digest, uint64_t *size, struct error *err);

bool digest_equal(const struct digest *a, const struct digest *b);
/* Under, at or over 0, by byte value. */
int digest_compare(const struct digest *a, const struct digest *b);
/* Lower case hex. */
void digest_hex(const struct digest *digest, char hex[SHA256_HEX_SIZE]);
/* Exactly 64 hex digits of either case, then the end of `len`; false otherwise. */
bool digest_parse(const char *hex, size_t len, struct digest *digest);

/* XXH3 of 64 bits: finds and pairs things, decides nothing (design, law 1). */
uint64_t hash_xxh3(const void *data, size_t len);

#endif
