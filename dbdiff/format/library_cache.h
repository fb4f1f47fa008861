/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_LIBRARY_CACHE_H
#define DBDIFF_FORMAT_LIBRARY_CACHE_H

#include "dbdiff/format/bytes.h"
#include "dbdiff/format/parts.h"

/*
 * What the two caches of ldconfig have in common (glibc, elf/cache.c and
 * sysdeps/generic/dl-cache.h): a header, entries, and the strings that they name. Each entry is a
 * member that its fields tell of; its bytes, and its strings', are no more than where it lies.
 */
struct library_cache {
	struct parts *parts;
	unsigned char *data; /* all of it */
	size_t len;
	const char *region; /* what those bytes are called */
	size_t header_size, entry_size;
	uint32_t count;		     /* of entries */
	size_t strings, strings_len; /* where they are */
	bool *is_told;		     /* a byte of the strings each: it is some member's */
};

#define LIBRARY_CACHE_BYTES_MAX ((size_t)4 << 20)
#define LIBRARY_ENTRIES_MAX	65536
#define LIBRARY_STRING_MAX	4096

/* Reads all, and with the header's numbers sees to it that entries and strings are inside. */
enum status library_cache_read(struct library_cache *cache, struct error *err);
enum status library_cache_lay_out(
	struct library_cache *cache, uint32_t count, uint32_t strings_len, struct error *err);
/* Releases the cache; *members are its parts where `status`, which is handed on, is STATUS_OK. */
enum status library_cache_finish(struct library_cache *cache, enum status status,
	struct members **members, struct error *err);

static inline size_t library_cache_entry(const struct library_cache *cache, uint32_t index)
{
	return cache->header_size + cache->entry_size * (size_t)index;
}

/* The string that begins at `at` among the strings; STATUS_FORMAT when it has no end there. */
enum status library_cache_string(
	const struct library_cache *cache, uint64_t at, const char **text, struct error *err);
/* A member whose entry is [at, at + len); valid until a part is added. */
struct part *library_cache_add_member(
	struct library_cache *cache, size_t at, size_t len, const char *path);
/* Its string, as far as no other member has its bytes; `owner` is the number of its part. */
void library_cache_add_string(struct library_cache *cache, size_t owner, const char *text);
/* What no entry names is not told by any. */
void library_cache_add_other_strings(struct library_cache *cache);

#endif
