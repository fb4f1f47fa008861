/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/zip.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "base/alloc.h"

#define END_SIZE	22
#define LOCATOR_SIZE	20
#define END64_SIZE	56
#define ENTRY_SIZE	46
#define LOCAL_SIZE	30
#define DESCRIPTOR_MAX	24
#define COMMENT_MAX	65535
#define MADE_BY_UNIX	3
#define EXTRA_ZIP64	1
#define EXTRA_TIMESTAMP 0x5455 /* "UT": flags, then mtime as seconds */

static unsigned read_u16(const unsigned char *data)
{
	return data[0] | (unsigned)data[1] << 8;
}

static uint32_t read_u32(const unsigned char *data)
{
	return read_u16(data) | (uint32_t)read_u16(data + 2) << 16;
}

static uint64_t read_u64(const unsigned char *data)
{
	return read_u32(data) | (uint64_t)read_u32(data + 4) << 32;
}

static bool starts(const unsigned char *data, const char *magic)
{
	return memcmp(data, magic, 4) == 0;
}

/* A zip64 end of directory, which its locator in front of the plain one names. */
static enum status read_end64(
	struct source *source, uint64_t end_at, struct zip_directory *directory, struct error *err)
{
	unsigned char locator[LOCATOR_SIZE], end[END64_SIZE];
	enum status status;
	uint64_t at;

	if (end_at < LOCATOR_SIZE + END64_SIZE)
		return STATUS_OK;
	status = source_pread(source, end_at - LOCATOR_SIZE, locator, sizeof(locator), err);
	if (status != STATUS_OK || !starts(locator, "PK\6\7"))
		return status;
	at = read_u64(locator + 8);
	if (at > end_at - LOCATOR_SIZE - END64_SIZE)
		return error_set(err, STATUS_FORMAT, "zip: the zip64 end is out of place");
	status = source_pread(source, at, end, sizeof(end), err);
	if (status != STATUS_OK)
		return status;
	if (!starts(end, "PK\6\6"))
		return error_set(err, STATUS_FORMAT, "zip: there is no zip64 end");
	directory->entries = read_u64(end + 32);
	directory->begin = read_u64(end + 48);
	directory->end = read_u64(end + 40);
	return STATUS_OK;
}

static enum status read_end(struct source *source, uint64_t at, const unsigned char *end,
	struct zip_directory *directory, struct error *err)
{
	enum status status;

	directory->entries = read_u16(end + 10);
	directory->end = read_u32(end + 12); /* its length, so far */
	directory->begin = read_u32(end + 16);
	directory->comment_len = (uint16_t)read_u16(end + 20);
	directory->archive_end = at + END_SIZE + directory->comment_len;
	if (read_u32(end + 4) != 0)
		return error_set(err, STATUS_UNSUPPORTED, "zip: an archive of several volumes");
	status = read_end64(source, at, directory, err);
	if (status != STATUS_OK)
		return status;
	if (directory->begin > at || directory->end > at - directory->begin)
		return error_set(err, STATUS_FORMAT, "zip: the directory is out of place");
	directory->end += directory->begin;
	if (directory->entries > (directory->end - directory->begin) / ENTRY_SIZE)
		return error_set(err, STATUS_FORMAT, "zip: more members than the directory holds");
	return STATUS_OK;
}

enum status zip_find_directory(
	struct source *source, struct zip_directory *directory, struct error *err)
{
	size_t len = source->size < END_SIZE + COMMENT_MAX ? (size_t)source->size
							   : END_SIZE + COMMENT_MAX;
	unsigned char *tail = xmalloc(len + 1);
	enum status status = source_pread(source, source->size - len, tail, len, err);
	size_t at = len >= END_SIZE ? len - END_SIZE + 1 : 0;

	while (status == STATUS_OK) {
		if (at == 0) {
			status = error_set(
				err, STATUS_FORMAT, "zip: there is no end of the directory");
			break;
		}
		at--;
		if (!starts(tail + at, "PK\5\6") || read_u16(tail + at + 20) > len - at - END_SIZE)
			continue;
		status = read_end(source, source->size - len + at, tail + at, directory, err);
		break;
	}
	free(tail);
	return status;
}

/* Sizes and the offset that do not fit into 32 bits are in an extra field. */
static enum status read_zip64(struct zip_entry *entry, struct error *err)
{
	const unsigned char *extra =
		(const unsigned char *)buffer_text(&entry->texts) + entry->name_len;
	const unsigned char *end = extra + entry->extra_len;
	uint64_t *values[] = {&entry->size, &entry->packed_size, &entry->offset};

	while (end - extra >= 4) {
		unsigned id = read_u16(extra), len = read_u16(extra + 2);

		extra += 4;
		if ((size_t)(end - extra) < len)
			break;
		for (size_t i = 0, at = 0; i < 3 && id == EXTRA_ZIP64; i++) {
			if (*values[i] != UINT32_MAX)
				continue;
			if (at + 8 > len)
				return error_set(
					err, STATUS_FORMAT, "zip: a zip64 field is too short");
			*values[i] = read_u64(extra + at);
			at += 8;
		}
		extra += len;
	}
	return STATUS_OK;
}

enum status zip_read_entry(struct source *source, uint64_t offset, uint64_t end,
	struct zip_entry *entry, struct error *err)
{
	unsigned char data[ENTRY_SIZE];
	enum status status;
	size_t len;

	if (end - offset < ENTRY_SIZE)
		return error_set(err, STATUS_FORMAT, "zip: the directory ends early");
	status = source_pread(source, offset, data, sizeof(data), err);
	if (status != STATUS_OK)
		return status;
	if (!starts(data, "PK\1\2"))
		return error_set(err, STATUS_FORMAT, "zip: no entry at %" PRIu64, offset);
	entry->made_by = read_u16(data + 4);
	entry->needed = read_u16(data + 6);
	entry->flags = read_u16(data + 8);
	entry->method = read_u16(data + 10);
	entry->time = read_u16(data + 12);
	entry->date = read_u16(data + 14);
	entry->crc = read_u32(data + 16);
	entry->packed_size = read_u32(data + 20);
	entry->size = read_u32(data + 24);
	entry->name_len = read_u16(data + 28);
	entry->extra_len = read_u16(data + 30);
	entry->comment_len = read_u16(data + 32);
	entry->internal = read_u16(data + 36);
	entry->external = read_u32(data + 38);
	entry->offset = read_u32(data + 42);
	len = entry->name_len + entry->extra_len + entry->comment_len;
	entry->entry_len = ENTRY_SIZE + len;
	if (end - offset < entry->entry_len)
		return error_set(err, STATUS_FORMAT, "zip: the directory ends early");
	buffer_clear(&entry->texts);
	status = source_pread(
		source, offset + ENTRY_SIZE, buffer_reserve(&entry->texts, len + 1), len, err);
	entry->texts.len = status == STATUS_OK ? len : 0;
	return status == STATUS_OK ? read_zip64(entry, err) : status;
}

/* ---- fields ---- */

static void add_times(const struct zip_entry *entry, struct member *member)
{
	const unsigned char *extra =
		(const unsigned char *)buffer_text(&entry->texts) + entry->name_len;
	const unsigned char *end = extra + entry->extra_len;

	member_add_field(member, "zip-time", "%u-%02u-%02uT%02u:%02u:%02u",
		1980 + (entry->date >> 9), entry->date >> 5 & 15, entry->date & 31,
		entry->time >> 11, entry->time >> 5 & 63, (entry->time & 31) * 2);
	while (end - extra >= 4) {
		unsigned id = read_u16(extra), len = read_u16(extra + 2);

		extra += 4;
		if ((size_t)(end - extra) < len)
			break;
		if (id == EXTRA_TIMESTAMP && len >= 5 && (extra[0] & 1) != 0)
			member_add_time(member, "mtime", (int32_t)read_u32(extra + 1), 0);
		extra += len;
	}
}

static void add_type(const struct zip_entry *entry, struct member *member)
{
	const char *name = buffer_text(&entry->texts);
	unsigned mode = entry->external >> 16;
	bool has_mode = entry->made_by >> 8 == MADE_BY_UNIX && mode != 0;
	bool is_directory = (entry->name_len > 0 && name[entry->name_len - 1] == '/') ||
		(has_mode && S_ISDIR(mode));

	member_add_field(member, "type", "%s",
		is_directory			    ? "directory"
			: has_mode && S_ISLNK(mode) ? "symlink"
						    : "file");
	if (has_mode)
		member_add_field(member, "mode", "%04o", mode & 07777);
	member->has_content = !is_directory || entry->packed_size > 0;
	member->size = entry->size;
}

void zip_add_fields(const struct zip_entry *entry, struct member *member)
{
	const char *texts = buffer_text(&entry->texts);

	member_set_name(member, texts, entry->name_len);
	add_type(entry, member);
	add_times(entry, member);
	member_add_field(member, "zip-method", "%u", entry->method);
	member_add_field(member, "zip-flags", "%04x", entry->flags);
	member_add_field(member, "zip-made-by", "%u.%u, needs %u", entry->made_by >> 8,
		entry->made_by & 255, entry->needed);
	member_add_field(
		member, "zip-attributes", "%04x %08" PRIx32, entry->internal, entry->external);
	if (entry->extra_len > 0)
		member_add_field_bytes(
			member, "zip-extra", texts + entry->name_len, entry->extra_len);
	if (entry->comment_len > 0)
		member_add_field_bytes(member, "zip-comment",
			texts + entry->name_len + entry->extra_len, entry->comment_len);
}

/* ---- local headers ---- */

/* With or without a signature, sizes of 32 or 64 bits: whichever says what the directory says. */
static enum status read_descriptor(struct source *source, const struct zip_entry *entry,
	struct zip_local *local, struct error *err)
{
	unsigned char data[DESCRIPTOR_MAX] = {0};
	uint64_t at = local->data + entry->packed_size;
	size_t len = source->size - at < sizeof(data) ? (size_t)(source->size - at) : sizeof(data);
	enum status status = source_pread(source, at, data, len, err);
	size_t skip;

	if (status != STATUS_OK)
		return status;
	skip = starts(data, "PK\7\x8") ? 4 : 0;
	if (read_u32(data + skip) == entry->crc &&
		read_u32(data + skip + 4) == (uint32_t)entry->packed_size &&
		read_u32(data + skip + 8) == (uint32_t)entry->size)
		local->descriptor_len = skip + 12;
	else if (read_u32(data + skip) == entry->crc &&
		read_u64(data + skip + 4) == entry->packed_size)
		local->descriptor_len = skip + 20;
	if (local->descriptor_len > len)
		return error_set(err, STATUS_FORMAT, "zip: truncated in a data descriptor");
	return STATUS_OK;
}

static void compare_local(const struct zip_entry *entry, const unsigned char *data,
	const char *texts, size_t name_len, size_t extra_len, struct member *member)
{
	bool has_sizes = (entry->flags & ZIP_HAS_DESCRIPTOR) == 0;
	struct buffer text = {0};

	if (name_len != entry->name_len ||
		memcmp(texts, buffer_text(&entry->texts), name_len) != 0) {
		buffer_add_text(&text, "its name is ");
		buffer_add(&text, texts, name_len);
		buffer_add_text(&text, "; ");
	}
	if (read_u16(data + 6) != entry->flags || read_u16(data + 8) != entry->method)
		buffer_add_format(
			&text, "flags %04x, method %u; ", read_u16(data + 6), read_u16(data + 8));
	if (read_u16(data + 10) != entry->time || read_u16(data + 12) != entry->date)
		buffer_add_format(
			&text, "time %04x %04x; ", read_u16(data + 12), read_u16(data + 10));
	if (has_sizes && read_u32(data + 14) != entry->crc)
		buffer_add_text(&text, "another checksum; ");
	if (has_sizes && read_u32(data + 22) != UINT32_MAX &&
		(read_u32(data + 18) != entry->packed_size || read_u32(data + 22) != entry->size))
		buffer_add_format(&text, "sizes %" PRIu32 " and %" PRIu32 "; ", read_u32(data + 18),
			read_u32(data + 22));
	if (text.len > 0)
		member_add_field_bytes(member, "zip-local", text.data, text.len - 2);
	if (extra_len > 0)
		member_add_field_bytes(member, "zip-local-extra", texts + name_len, extra_len);
	buffer_release(&text);
}

enum status zip_read_local(struct source *source, const struct zip_entry *entry,
	struct zip_local *local, struct member *member, struct error *err)
{
	unsigned char data[LOCAL_SIZE];
	size_t name_len, extra_len;
	enum status status = source_pread(source, entry->offset, data, sizeof(data), err);
	char *texts;

	*local = (struct zip_local){0};
	if (status != STATUS_OK)
		return status;
	if (!starts(data, "PK\3\4"))
		return error_set(
			err, STATUS_FORMAT, "zip: no local header at %" PRIu64, entry->offset);
	name_len = read_u16(data + 26);
	extra_len = read_u16(data + 28);
	local->data = entry->offset + LOCAL_SIZE + name_len + extra_len;
	texts = xmalloc(name_len + extra_len + 1);
	status = source_pread(source, entry->offset + LOCAL_SIZE, texts, name_len + extra_len, err);
	if (status == STATUS_OK)
		compare_local(entry, data, texts, name_len, extra_len, member);
	free(texts);
	if (status == STATUS_OK && entry->packed_size > source->size - local->data)
		return error_set(err, STATUS_FORMAT, "zip: a member goes past the end");
	if (status == STATUS_OK && (entry->flags & ZIP_HAS_DESCRIPTOR) != 0)
		status = read_descriptor(source, entry, local, err);
	return status;
}
