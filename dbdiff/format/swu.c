/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/swu.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/number.h"
#include "dbdiff/format/cpio.h"
#include "dbdiff/format/formats.h"

#define MAGIC_SIZE 6
#define TRAILER	   "TRAILER!!!"

/* ---- the archive ---- */

static bool read_numbers(const unsigned char *header, uint32_t numbers[SWU_NUMBERS])
{
	const unsigned char *at = header + MAGIC_SIZE;

	for (size_t i = 0; i < SWU_NUMBERS; i++) {
		numbers[i] = 0;
		for (size_t digit = 0; digit < 8; digit++) {
			int value = hex_value((char)*at++);

			if (value < 0)
				return false;
			numbers[i] = numbers[i] << 4 | (uint32_t)value;
		}
	}
	return true;
}

static bool is_header(const unsigned char *data, uint32_t numbers[SWU_NUMBERS])
{
	return (memcmp(data, "070702", MAGIC_SIZE) == 0 ||
		       memcmp(data, "070701", MAGIC_SIZE) == 0) &&
		read_numbers(data, numbers);
}

static uint64_t aligned(uint64_t offset)
{
	return (offset + 3) / 4 * 4;
}

/* Reads one header with its name; gives where the next one is. */
static enum status scan_file(
	struct swu *swu, uint64_t at, struct swu_file *file, uint64_t *next, struct error *err)
{
	unsigned char header[SWU_HEADER_SIZE];
	uint32_t name_size;
	enum status status = source_pread(swu->source, at, header, sizeof(header), err);

	if (status != STATUS_OK)
		return status;
	if (!is_header(header, file->numbers))
		return error_set(err, STATUS_FORMAT, "no header at %" PRIu64, at);
	name_size = file->numbers[SWU_NAME_SIZE];
	if (name_size == 0 || name_size > swu->name_bytes)
		return error_set(err, name_size == 0 ? STATUS_FORMAT : STATUS_LIMIT,
			"a name of %" PRIu32 " bytes at %" PRIu64, name_size, at);
	file->name = xcalloc(1, (size_t)name_size + 1);
	status = source_pread(swu->source, at + SWU_HEADER_SIZE, file->name, name_size, err);
	if (status != STATUS_OK)
		return status;
	if (strlen(file->name) != name_size - 1)
		return error_set(
			err, STATUS_FORMAT, "a name with a NUL byte in it at %" PRIu64, at);
	file->has_sum = header[5] == '2';
	file->header = at;
	file->data = aligned(at + SWU_HEADER_SIZE + name_size);
	file->size = file->numbers[SWU_SIZE];
	*next = aligned(file->data + file->size);
	if (*next > swu->source->size)
		return error_set(err, STATUS_FORMAT,
			"short read: the member at %" PRIu64 " ends at %" PRIu64 " of %" PRIu64, at,
			*next, swu->source->size);
	return STATUS_OK;
}

/* Keeps a header that is not exactly what its fields come to. */
static enum status keep_odd(struct swu *swu, struct swu_file *file, struct error *err)
{
	size_t all = (size_t)(file->data - file->header);
	unsigned char *bytes = xmalloc(all);
	struct cpio_header header;
	enum status status = source_pread(swu->source, file->header, bytes, all, err);

	if (status == STATUS_OK && cpio_read_header(bytes, all, &header) &&
		cpio_is_usual(&header, bytes, all) && (header.mode & ~(uint32_t)07777) == S_IFREG)
		free(bytes);
	else
		file->odd = bytes;
	return status;
}

/* Finds all members, up to the end mark. */
static enum status scan(struct swu *swu, struct error *err)
{
	uint64_t at = 0, next = 0;

	for (;;) {
		struct swu_file file = {0};
		enum status status = scan_file(swu, at, &file, &next, err);

		if (status == STATUS_OK && strcmp(file.name, TRAILER) != 0 &&
			swu->count == SWU_FILES_MAX)
			status =
				error_set(err, STATUS_LIMIT, "more than %d members", SWU_FILES_MAX);
		if (status != STATUS_OK || strcmp(file.name, TRAILER) == 0) {
			free(file.name);
			swu->end_mark = at;
			swu->end = next;
			return status;
		}
		status = keep_odd(swu, &file, err);
		swu->files[swu->count++] = file;
		if (status != STATUS_OK)
			return status;
		at = next;
	}
}

static enum status find_trailing(struct swu *swu, struct error *err)
{
	unsigned char *window = xmalloc(SOURCE_WINDOW);
	enum status status = STATUS_OK;
	size_t zeros = 0, len = 0;

	swu->trailing = swu->end;
	while (status == STATUS_OK && zeros == len && swu->trailing < swu->source->size) {
		uint64_t left = swu->source->size - swu->trailing;

		len = left < SOURCE_WINDOW ? (size_t)left : SOURCE_WINDOW;
		status = source_pread(swu->source, swu->trailing, window, len, err);
		for (zeros = 0; status == STATUS_OK && zeros < len && window[zeros] == 0; zeros++)
			;
		swu->trailing += zeros;
	}
	free(window);
	return status;
}

/* ---- members ---- */

static const char *type_word(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symlink";
	default:
		return "other";
	}
}

static void describe_file(const struct swu_file *file, struct member *member)
{
	const uint32_t *numbers = file->numbers;

	member_set_name(member, file->name, strlen(file->name));
	member_add_field(member, "type", "%s", type_word(numbers[SWU_MODE]));
	member_add_field(member, "mode", "%04o", numbers[SWU_MODE] & 07777);
	member_add_field(member, "uid", "%" PRIu32, numbers[SWU_UID]);
	member_add_field(member, "gid", "%" PRIu32, numbers[SWU_GID]);
	member_add_time(member, "mtime", numbers[SWU_MTIME], 0);
	member_add_field(member, "inode", "%" PRIu32, numbers[SWU_INODE]);
	member_add_field(member, "links", "%" PRIu32, numbers[SWU_LINKS]);
	member_add_field(member, "filesystem", "%" PRIu32 ":%" PRIu32, numbers[SWU_MAJOR],
		numbers[SWU_MINOR]);
	member_add_field(member, "device", "%" PRIu32 ":%" PRIu32, numbers[SWU_DEVICE_MAJOR],
		numbers[SWU_DEVICE_MINOR]);
	member_add_field(member, "header", "%s", file->has_sum ? "crc" : "newc");
	if (file->odd != NULL)
		member_add_field_bytes(
			member, "header-form", file->odd, (size_t)(file->data - file->header));
	member->has_content = true;
	member->size = file->size;
}

/* All members are given: what they say of each other. */
static enum status end_members(struct swu *swu, struct error *err)
{
	enum status status = STATUS_OK;

	if (!swu->is_told) {
		swu->is_told = true;
		status = swu_read_contents(swu, err);
		if (status == STATUS_OK)
			status = swu_verify(swu, err);
		if (status == STATUS_OK)
			swu_tell(swu);
	}
	if (status == STATUS_OK && swu->scan.status < 0) {
		*err = swu->scan;
		status = err->status;
	}
	return status < 0 ? error_context(err, "swu") : STATUS_END;
}

static enum status swu_next(struct members *members, struct member *member, struct error *err)
{
	struct swu *swu = (struct swu *)members;

	if (swu->given < swu->count) {
		member_clear(member);
		describe_file(&swu->files[swu->given++], member);
		return STATUS_OK;
	}
	if (swu->given == swu->count && swu->scan.status == STATUS_OK &&
		swu->trailing < swu->source->size) {
		member_clear(member);
		buffer_add_text(&member->path, "/trailing");
		member_add_field(member, "type", "bytes behind the end");
		member->has_content = true;
		member->size = swu->source->size - swu->trailing;
		swu->given++;
		return STATUS_OK;
	}
	return end_members(swu, err);
}

static enum status swu_open_member(
	struct members *members, struct source **content, struct error *err)
{
	struct swu *swu = (struct swu *)members;
	const struct swu_file *file;

	if (swu->given == 0 || swu->is_told)
		return error_set(err, STATUS_USAGE, "there is no content to open");
	file = &swu->files[swu->given - 1];
	*content = swu->given > swu->count
		? source_range_new(swu->source, swu->trailing, swu->source->size - swu->trailing)
		: source_range_new(swu->source, file->data, file->size);
	return STATUS_OK;
}

static void swu_describe(struct members *members, struct member *container)
{
	struct swu *swu = (struct swu *)members;

	buffer_add(&container->fields, buffer_text(&swu->fields), swu->fields.len);
}

static void swu_free(struct members *members)
{
	struct swu *swu = (struct swu *)members;

	for (size_t i = 0; i < swu->count; i++) {
		free(swu->files[i].name);
		free(swu->files[i].odd);
	}
	for (size_t i = 0; i < swu->image_count; i++)
		free(swu->images[i].filename);
	free(swu->images);
	buffer_release(&swu->description);
	buffer_release(&swu->fields);
	free(swu);
}

static const struct members_ops swu_ops = {
	.next = swu_next,
	.open = swu_open_member,
	.describe = swu_describe,
	.free = swu_free,
};

static enum status swu_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct swu *swu = xcalloc(1, sizeof(*swu));
	enum status status;

	(void)name;
	swu->members.ops = &swu_ops;
	swu->source = source;
	swu->name_bytes = limits->name_bytes;
	status = scan(swu, &swu->scan);
	if (status == STATUS_OK) {
		swu->scan.status = STATUS_OK;
		status = find_trailing(swu, err);
	} else if (status == STATUS_FORMAT || status == STATUS_LIMIT) {
		status = STATUS_OK;
	} else {
		*err = swu->scan;
	}
	if (status == STATUS_OK)
		status = swu_read_description(swu, err);
	if (status != STATUS_OK) {
		swu_free(&swu->members);
		return error_context(err, "swu");
	}
	*members = &swu->members;
	return STATUS_OK;
}

/* A cpio archive that begins with this name; surer than cpio's own row. */
static unsigned swu_bid(const unsigned char *data, size_t len)
{
	uint32_t numbers[SWU_NUMBERS];

	if (len < SWU_HEADER_SIZE + sizeof(SWU_DESCRIPTION) || !is_header(data, numbers) ||
		numbers[SWU_NAME_SIZE] != sizeof(SWU_DESCRIPTION) ||
		memcmp(data + SWU_HEADER_SIZE, SWU_DESCRIPTION, sizeof(SWU_DESCRIPTION)) != 0)
		return 0;
	return 56 + 8 * sizeof(SWU_DESCRIPTION);
}

const struct format format_swu = {
	.name = "swu",
	.bid_bytes = SWU_HEADER_SIZE + sizeof(SWU_DESCRIPTION),
	.needs_seek = true,
	.bid = swu_bid,
	.open = swu_open,
};
