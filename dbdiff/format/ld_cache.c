/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /etc/ld.so.cache (glibc, sysdeps/generic/dl-cache.h, the format without libc5's in front): where
 * the dynamic linker finds a library. Which file it finds is no mere cache: an entry that is
 * another, or is only on one side, stays unexplained.
 */
#include <inttypes.h>
#include <string.h>

#include "dbdiff/format/formats.h"
#include "dbdiff/format/library_cache.h"

#define MAGIC		"glibc-ld.so.cache1.1"
#define MAGIC_SIZE	(sizeof(MAGIC) - 1)
#define HEADER_SIZE	48
#define ENTRY_SIZE	24
#define EXTENSION_MAGIC 0xeaa42174u
#define EXTENSION_SIZE	8
#define SECTION_SIZE	16
#define SECTIONS_MAX	64
#define TAG_GENERATOR	0
#define TAG_LEVELS	1
#define LEVELS_MAX	256
#define GENERATOR_MAX	128

static enum status read_header(struct library_cache *cache, struct error *err)
{
	const unsigned char *data;
	enum status status = library_cache_read(cache, err);

	if (status < 0)
		return status;
	data = cache->data;
	if (memcmp(data, MAGIC, MAGIC_SIZE) != 0)
		return error_set(err, STATUS_FORMAT, "no magic number");
	if (data[28] != 0 && data[28] != 2)
		return error_set(err, STATUS_UNSUPPORTED, "byte order %u", data[28]);
	parts_add_field(cache->parts, NULL, "cache-header", "byte order %u, %s", data[28],
		bytes_are_zero(data + 29, 3) && bytes_are_zero(data + 36, 12) ? "else zero"
									      : "unused bytes set");
	parts_add(cache->parts, REGION_STRUCTURE, "cache-header", 0, 20);
	parts_add(cache->parts, REGION_STRUCTURE, cache->region, 20, 8);
	parts_add(cache->parts, REGION_STRUCTURE, "cache-header", 28, 4);
	parts_add(cache->parts, REGION_STRUCTURE, cache->region, 32, 4);
	parts_add(cache->parts, REGION_STRUCTURE, "cache-header", 36, 12);
	return library_cache_lay_out(cache, bytes_le32(data + 20), bytes_le32(data + 24), err);
}

static int number_at(const char **text)
{
	unsigned value = 0;

	/* As glibc has it, but for what it leaves to chance. */
	for (; **text >= '0' && **text <= '9'; ++*text)
		value = value * 10 + (unsigned)(**text - '0');
	return (int)value;
}

/* _dl_cache_libcmp() of glibc: texts, but for numbers in them. */
static int compare_names(const char *a, const char *b)
{
	while (*a != '\0') {
		bool is_a = *a >= '0' && *a <= '9', is_b = *b >= '0' && *b <= '9';

		if (is_a != is_b)
			return is_a ? 1 : -1;
		if (is_a) {
			int number_a = number_at(&a), number_b = number_at(&b);

			if (number_a != number_b)
				return number_a < number_b ? -1 : 1;
		} else if (*a != *b) {
			return *a < *b ? -1 : 1;
		} else {
			a++;
			b++;
		}
	}
	return *b == '\0' ? 0 : -1;
}

/*
 * The dynamic linker halves the table to find a name, the greatest of which is the first, and takes
 * the first of those of one name that fits: nothing of their order is left open.
 */
static enum status check_order(struct library_cache *cache, struct error *err)
{
	const char *before = NULL, *name = NULL;

	parts_add_field(cache->parts, NULL, "ordered", "entries that are looked up by their order");
	for (uint32_t i = 0; i < cache->count; i++) {
		const unsigned char *entry = cache->data + library_cache_entry(cache, i);

		if (library_cache_string(
			    cache, bytes_le32(entry + 4) - cache->strings, &name, err) < 0)
			return err->status;
		if (before != NULL && compare_names(before, name) < 0) {
			parts_add_field_bytes(
				cache->parts, NULL, "cache-unsorted", name, strlen(name));
			break;
		}
		before = name;
	}
	return STATUS_OK;
}

static enum status add_entry(struct library_cache *cache, uint32_t index, struct error *err)
{
	const unsigned char *entry = cache->data + library_cache_entry(cache, index);
	uint32_t key_at = bytes_le32(entry + 4), value_at = bytes_le32(entry + 8);
	const char *key = NULL, *value = NULL;
	size_t owner = cache->parts->count;
	struct part *part;

	/* They are counted from the begin of the file. */
	if (key_at < cache->strings || value_at < cache->strings)
		return error_set(err, STATUS_FORMAT, "entry %u has no strings", index);
	if (library_cache_string(cache, key_at - cache->strings, &key, err) < 0 ||
		library_cache_string(cache, value_at - cache->strings, &value, err) < 0)
		return err->status;
	part = library_cache_add_member(cache, library_cache_entry(cache, index), ENTRY_SIZE,
		*key != '\0' ? key : "(none)");
	parts_add_field_bytes(cache->parts, part, "cache-library", value, strlen(value));
	parts_add_field(cache->parts, part, "cache-flags", "%08" PRIx32, bytes_le32(entry));
	parts_add_field(cache->parts, part, "cache-kernel", "%08" PRIx32, bytes_le32(entry + 12));
	parts_add_field(
		cache->parts, part, "cache-hardware", "%016" PRIx64, bytes_le64(entry + 16));
	library_cache_add_string(cache, owner, value);
	library_cache_add_string(cache, owner, key);
	return STATUS_OK;
}

/* ---- the extension, which glibc 2.33 and later write ---- */

/* The names of directories for better processors: numbers of strings. */
static enum status add_levels(
	struct library_cache *cache, size_t owner, uint32_t offset, uint32_t len, struct error *err)
{
	struct buffer names = {0};
	enum status status = STATUS_OK;

	if (len % 4 != 0 || len > 4 * LEVELS_MAX)
		return error_set(err, STATUS_FORMAT, "%u bytes of hardware levels", len);
	for (uint32_t at = offset; at < offset + len && status == STATUS_OK; at += 4) {
		uint32_t text_at = bytes_le32(cache->data + at);
		const char *text = "";

		status = text_at < cache->strings
			? error_set(err, STATUS_FORMAT, "a hardware level without a name")
			: library_cache_string(cache, text_at - cache->strings, &text, err);
		if (status == STATUS_OK) {
			library_cache_add_string(cache, owner, text);
			buffer_add_format(&names, "%s%s", names.len > 0 ? ":" : "", text);
		}
	}
	parts_add_field_bytes(cache->parts, &cache->parts->items[owner], "cache-section",
		buffer_text(&names), names.len);
	buffer_release(&names);
	return status;
}

/* "ldconfig (Debian GLIBC 2.36-9+deb12u10) stable release version 2.36", and nothing else. */
static bool is_generator(const unsigned char *text, uint32_t len)
{
	static const char program[] = "ldconfig ";

	if (len < strlen(program) || len > GENERATOR_MAX ||
		memcmp(text, program, strlen(program)) != 0)
		return false;
	for (uint32_t i = 0; i < len; i++) {
		if (text[i] < ' ' || text[i] > '~')
			return false;
	}
	return true;
}

static enum status add_section(struct library_cache *cache, size_t at, struct error *err)
{
	const unsigned char *section = cache->data + at;
	uint32_t tag = bytes_le32(section), flags = bytes_le32(section + 4);
	uint32_t offset = bytes_le32(section + 8), len = bytes_le32(section + 12);
	size_t owner = cache->parts->count;
	struct part *part;
	char name[32];

	if (offset > cache->len || len > cache->len - offset)
		return error_set(err, STATUS_FORMAT, "section %u is outside of the file", tag);
	snprintf(name, sizeof(name), "(section %u)", tag);
	part = library_cache_add_member(cache, at, SECTION_SIZE, name);
	parts_add_field(cache->parts, part, "cache-flags", "%08" PRIx32, flags);
	parts_add_metadata(cache->parts, cache->region, offset, len, owner);
	if (tag == TAG_LEVELS)
		return add_levels(cache, owner, offset, len, err);
	parts_add_field_bytes(cache->parts, &cache->parts->items[owner],
		tag == TAG_GENERATOR && is_generator(cache->data + offset, len) ? "cache-generator"
										: "cache-section",
		cache->data + offset, len);
	return STATUS_OK;
}

/* Zeros in front of the extension, so that it begins at a multiple of 4. */
static void add_fill(struct library_cache *cache, size_t end)
{
	size_t at = cache->strings + cache->strings_len;

	if (at < end && end - at < 4 && bytes_are_zero(cache->data + at, end - at))
		parts_add(cache->parts, REGION_STRUCTURE, cache->region, at, end - at);
}

static enum status add_extension(struct library_cache *cache, struct error *err)
{
	uint32_t at = bytes_le32(cache->data + 32), count;
	enum status status = STATUS_OK;

	if (at == 0)
		return STATUS_OK;
	if (at > cache->len || cache->len - at < EXTENSION_SIZE ||
		bytes_le32(cache->data + at) != EXTENSION_MAGIC)
		return error_set(err, STATUS_FORMAT, "no extension at %u", at);
	count = bytes_le32(cache->data + at + 4);
	if (count > SECTIONS_MAX || count * (size_t)SECTION_SIZE > cache->len - at - EXTENSION_SIZE)
		return error_set(err, STATUS_FORMAT, "%u sections", count);
	add_fill(cache, at);
	parts_add(cache->parts, REGION_STRUCTURE, cache->region, at, EXTENSION_SIZE);
	for (uint32_t i = 0; i < count && status == STATUS_OK; i++)
		status = add_section(cache, at + EXTENSION_SIZE + SECTION_SIZE * (size_t)i, err);
	return status;
}

static enum status ld_cache_open(struct source *source, const char *name,
	const struct limits *limits, struct members **members, struct error *err)
{
	struct library_cache cache = {.parts = parts_new(source),
		.region = "layout",
		.header_size = HEADER_SIZE,
		.entry_size = ENTRY_SIZE};
	enum status status = read_header(&cache, err);

	(void)name, (void)limits;
	for (uint32_t i = 0; i < cache.count && status == STATUS_OK; i++)
		status = add_entry(&cache, i, err);
	if (status == STATUS_OK)
		status = check_order(&cache, err);
	if (status == STATUS_OK)
		status = add_extension(&cache, err);
	if (status == STATUS_OK)
		library_cache_add_other_strings(&cache);
	status = library_cache_finish(&cache, status, members, err);
	return status < 0 ? error_context(err, "library cache") : STATUS_OK;
}

static unsigned ld_cache_bid(const unsigned char *data, size_t len)
{
	return len >= MAGIC_SIZE && memcmp(data, MAGIC, MAGIC_SIZE) == 0 ? 8 * MAGIC_SIZE : 0;
}

const struct format format_ld_cache = {
	.name = "ld-cache",
	.bid_bytes = MAGIC_SIZE,
	.needs_seek = true,
	.is_lazy = true,
	.bid = ld_cache_bid,
	.open = ld_cache_open,
};
