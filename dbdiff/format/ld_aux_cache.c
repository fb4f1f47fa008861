/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /var/cache/ldconfig/aux-cache (glibc, elf/cache.c): what ldconfig found in each file, by the
 * file's inode, time of change and device. Those, the order that follows from them, and bytes that
 * ldconfig leaves as they happen to be, are other ones on each machine.
 */
#include <inttypes.h>
#include <string.h>

#include "dbdiff/format/formats.h"
#include "dbdiff/format/library_cache.h"

#define MAGIC	    "glibc-ld.so.auxcache-2.0"
#define MAGIC_SIZE  (sizeof(MAGIC) - 1)
#define HEADER_SIZE 32
#define ENTRY_SIZE  48
#define ENTRY_END   44 /* what the compiler fills up behind it */

static enum status read_header(struct library_cache *cache, struct error *err)
{
	enum status status = library_cache_read(cache, err);

	if (status < 0)
		return status;
	if (memcmp(cache->data, MAGIC, MAGIC_SIZE) != 0)
		return error_set(err, STATUS_FORMAT, "no magic number");
	parts_add(cache->parts, REGION_STRUCTURE, "cache-header", 0, MAGIC_SIZE);
	parts_add(cache->parts, REGION_STRUCTURE, cache->region, MAGIC_SIZE,
		HEADER_SIZE - MAGIC_SIZE);
	return library_cache_lay_out(cache, bytes_le32(cache->data + MAGIC_SIZE),
		bytes_le32(cache->data + MAGIC_SIZE + 4), err);
}

static enum status add_entry(struct library_cache *cache, uint32_t index, struct error *err)
{
	const unsigned char *entry = cache->data + library_cache_entry(cache, index);
	uint32_t soname_at = bytes_le32(entry + 36);
	size_t owner = cache->parts->count;
	const char *soname = "";
	struct buffer name = {0};
	struct member time = {0};
	struct part *part;

	if (soname_at != 0 && library_cache_string(cache, soname_at, &soname, err) < 0)
		return err->status;
	buffer_add_format(&name, "%s, %" PRIu64 " bytes", *soname != '\0' ? soname : "(none)",
		bytes_le64(entry + 16));
	part = library_cache_add_member(
		cache, library_cache_entry(cache, index), ENTRY_SIZE, buffer_text(&name));
	buffer_release(&name);
	parts_add_field(cache->parts, part, "cache-inode", "%" PRIu64, bytes_le64(entry));
	member_add_time(&time, "cache-time", (int64_t)bytes_le64(entry + 8), 0);
	buffer_add(&part->fields, time.fields.data, time.fields.len);
	member_release(&time);
	parts_add_field(cache->parts, part, "cache-device", "%" PRIx64, bytes_le64(entry + 24));
	parts_add_field(cache->parts, part, "cache-flags", "%08" PRIx32, bytes_le32(entry + 32));
	parts_add_field(cache->parts, part, "cache-kernel", "%08" PRIx32, bytes_le32(entry + 40));
	parts_add_field(
		cache->parts, part, "cache-fill", "%08" PRIx32, bytes_le32(entry + ENTRY_END));
	if (soname_at != 0)
		library_cache_add_string(cache, owner, soname);
	return STATUS_OK;
}

static enum status ld_aux_cache_open(struct source *source, const char *name,
	const struct limits *limits, struct members **members, struct error *err)
{
	struct library_cache cache = {.parts = parts_new(source),
		.region = "cache-layout",
		.header_size = HEADER_SIZE,
		.entry_size = ENTRY_SIZE};
	enum status status = read_header(&cache, err);

	(void)name, (void)limits;
	for (uint32_t i = 0; i < cache.count && status == STATUS_OK; i++)
		status = add_entry(&cache, i, err);
	if (status == STATUS_OK) {
		/* The strings begin with an empty one, which stands for none. */
		if (cache.strings_len > 0 && cache.data[cache.strings] == '\0') {
			cache.is_told[0] = true;
			parts_add(cache.parts, REGION_STRUCTURE, "cache-layout", cache.strings, 1);
		}
		library_cache_add_other_strings(&cache);
	}
	status = library_cache_finish(&cache, status, members, err);
	return status < 0 ? error_context(err, "ldconfig's cache") : STATUS_OK;
}

static unsigned ld_aux_cache_bid(const unsigned char *data, size_t len)
{
	return len >= MAGIC_SIZE && memcmp(data, MAGIC, MAGIC_SIZE) == 0 ? 8 * MAGIC_SIZE : 0;
}

const struct format format_ld_aux_cache = {
	.name = "ld-aux-cache",
	.order_field = "cache-order",
	.bid_bytes = MAGIC_SIZE,
	.needs_seek = true,
	.is_lazy = true,
	.bid = ld_aux_cache_bid,
	.open = ld_aux_cache_open,
};
