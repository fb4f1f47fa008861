/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/library_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum status library_cache_read(struct library_cache *cache, struct error *err)
{
	cache->len = (size_t)cache->parts->source->size;
	if (cache->len < cache->header_size)
		return error_set(err, STATUS_FORMAT, "short read: the header");
	return parts_read_all(cache->parts, LIBRARY_CACHE_BYTES_MAX, &cache->data, err);
}

enum status library_cache_lay_out(
	struct library_cache *cache, uint32_t count, uint32_t strings_len, struct error *err)
{
	size_t left = cache->len - cache->header_size;

	if (count > left / cache->entry_size || strings_len > left - count * cache->entry_size)
		return error_set(err, STATUS_FORMAT, "%u entries and %u bytes of strings in %zu",
			count, strings_len, cache->len);
	if (count > LIBRARY_ENTRIES_MAX)
		return error_set(err, STATUS_LIMIT, "%u entries", count);
	cache->count = count;
	cache->strings = cache->header_size + count * cache->entry_size;
	cache->strings_len = strings_len;
	cache->is_told = xcalloc((size_t)strings_len + 1, sizeof(cache->is_told[0]));
	return STATUS_OK;
}

enum status library_cache_finish(struct library_cache *cache, enum status status,
	struct members **members, struct error *err)
{
	free(cache->data);
	free(cache->is_told);
	if (status == STATUS_OK)
		return parts_finish(cache->parts, members, err);
	parts_free(&cache->parts->members);
	return status;
}

enum status library_cache_string(
	const struct library_cache *cache, uint64_t at, const char **text, struct error *err)
{
	const char *strings = (const char *)cache->data + cache->strings;
	size_t most = LIBRARY_STRING_MAX;

	if (at >= cache->strings_len)
		return error_set(err, STATUS_FORMAT, "a string outside of the strings");
	if (most > cache->strings_len - at)
		most = cache->strings_len - (size_t)at;
	if (memchr(strings + at, '\0', most) == NULL)
		return error_set(err, STATUS_FORMAT, "a string without an end");
	*text = strings + at;
	return STATUS_OK;
}

struct part *library_cache_add_member(
	struct library_cache *cache, size_t at, size_t len, const char *path)
{
	struct part *part = parts_add(cache->parts, REGION_METADATA, cache->region, at, len);

	parts_set_path(cache->parts, part, path);
	part->owner = cache->parts->count - 1;
	parts_add_field(cache->parts, part, "type", "entry");
	return part;
}

void library_cache_add_string(struct library_cache *cache, size_t owner, const char *text)
{
	size_t at = (size_t)(text - (const char *)cache->data) - cache->strings;
	size_t end = at + strlen(text) + 1;

	while (at < end) {
		size_t first = at;

		while (at < end && !cache->is_told[at])
			cache->is_told[at++] = true;
		if (at > first)
			parts_add_metadata(cache->parts, cache->region, cache->strings + first,
				at - first, owner);
		while (at < end && cache->is_told[at])
			at++;
	}
}

void library_cache_add_other_strings(struct library_cache *cache)
{
	for (size_t at = 0, end; at < cache->strings_len; at = end) {
		for (end = at; end < cache->strings_len && !cache->is_told[end]; end++)
			;
		parts_add(cache->parts, REGION_STRUCTURE, "cache-other-strings",
			cache->strings + at, end - at);
		while (end < cache->strings_len && cache->is_told[end])
			end++;
	}
}
