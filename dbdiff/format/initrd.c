/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/alloc.h"
#include "dbdiff/format/behind.h"
#include "dbdiff/format/cpio.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/slice.h"

/*
 * What Linux takes as an initramfs (Documentation/driver-api/early-userspace/buffer-format.rst):
 * segments after one another, each a cpio or one compressed, with zeros between them. Segments are
 * members "segment1", "segment2"…; a compressed one ends where nobody knows before it is unpacked,
 * so it goes up to the end, and what is behind it is told inside. One cpio alone is a cpio.
 */
#define SEGMENTS    64
#define BID_MEMBERS 65536 /* a first segment of more is not looked through by a bid */
#define ZEROS_STEP  4096
#define PADDING_MAX ((uint64_t)1 << 20)
#define EARLY_NAME  "kernel"
#define BEGINNING   4096 /* enough for every compressor to show itself */

struct segment {
	uint64_t begin, len;
};

struct initrd {
	struct members members;
	struct source *source;
	struct segment segments[SEGMENTS];
	unsigned count;
	int64_t position;
	bool has_content;
	struct slice slice;
	struct behind behind;
};

/* Reads up to `len` bytes at an offset. */
static enum status read_some(struct source *source, uint64_t offset, unsigned char *data,
	size_t len, size_t *got, struct error *err)
{
	uint64_t left = offset < source->size ? source->size - offset : 0;

	*got = left < len ? (size_t)left : len;
	return *got > 0 ? source_pread(source, offset, data, *got, err) : STATUS_OK;
}

/* Where the cpio that begins at `at` ends. */
static enum status find_end(
	struct source *source, uint64_t begin, uint64_t members, uint64_t *end, struct error *err)
{
	unsigned char data[CPIO_HEADER_SIZE_MAX + 16];
	struct cpio_header header;
	uint64_t at = begin;
	bool is_last = false;

	for (uint64_t i = 0; !is_last; i++) {
		size_t got;
		enum status status = read_some(source, at, data, sizeof(data), &got, err);

		if (status != STATUS_OK)
			return status;
		if (!cpio_read_header(data, got, &header))
			return error_set(err, STATUS_FORMAT, "initrd: no header at %" PRIu64, at);
		if (i >= members)
			return error_set(err, STATUS_LIMIT, "initrd: too many members");
		is_last = cpio_is_trailer(&header, data + header.size, got - header.size);
		at += header.size + header.name_size;
		at += cpio_padding(&header, at - begin);
		if (!is_last)
			at += header.file_size;
		at += cpio_padding(&header, at - begin);
		if (at > source->size)
			return error_set(err, STATUS_FORMAT, "initrd: truncated in a segment");
	}
	*end = at;
	return STATUS_OK;
}

/* The first byte that is not zero from `at` on, or the end. */
static enum status skip_zeros(struct source *source, uint64_t at, uint64_t *next, struct error *err)
{
	unsigned char data[ZEROS_STEP];
	size_t got = sizeof(data), i = 0;

	for (*next = at; got == sizeof(data) && *next - at < PADDING_MAX; *next += i) {
		enum status status = read_some(source, *next, data, sizeof(data), &got, err);

		if (status != STATUS_OK)
			return status;
		for (i = 0; i < got && data[i] == 0; i++)
			;
		if (i < got) {
			*next += i;
			break;
		}
	}
	return STATUS_OK;
}

static bool is_compressed(const unsigned char *data, size_t len)
{
	static const struct format *const compressors[] = {&format_gzip, &format_bzip2, &format_xz,
		&format_lzma, &format_zstd, &format_lz4, &format_lzop, NULL};

	for (size_t i = 0; compressors[i] != NULL; i++) {
		if (compressors[i]->bid(data, len) > 0)
			return true;
	}
	return false;
}

/* With the whole in reach: is something behind the first cpio. Otherwise: how Linux's early cpio
 * begins. */
static unsigned initrd_bid_more(const struct candidate *candidate)
{
	struct cpio_header header;
	struct source *source = candidate->source;
	unsigned char data[BEGINNING];
	struct error ignored;
	uint64_t end;
	size_t got;

	if (!cpio_read_header(candidate->data, candidate->len, &header) || header.alignment != 4)
		return 0;
	if (source == NULL)
		return candidate->len >= header.size + sizeof(EARLY_NAME) &&
				header.name_size == sizeof(EARLY_NAME) &&
				memcmp(candidate->data + header.size, EARLY_NAME,
					sizeof(EARLY_NAME)) == 0
			? 57
			: 0;
	if (find_end(source, 0, BID_MEMBERS, &end, &ignored) != STATUS_OK ||
		skip_zeros(source, end, &end, &ignored) != STATUS_OK ||
		read_some(source, end, data, sizeof(data), &got, &ignored) != STATUS_OK)
		return 0;
	return cpio_read_header(data, got, &header) || is_compressed(data, got) ? 57 : 0;
}

/* Adds the segment that begins at `begin`; *end is where the next may. STATUS_END when none does.
 */
static enum status find_segment(struct initrd *self, const struct limits *limits, uint64_t begin,
	uint64_t *end, struct error *err)
{
	unsigned char data[BEGINNING];
	struct cpio_header header;
	enum status status;
	size_t got;

	status = read_some(self->source, begin, data, sizeof(data), &got, err);
	if (status != STATUS_OK)
		return status;
	if (got == 0)
		return STATUS_END;
	if (cpio_read_header(data, got, &header))
		status = find_end(self->source, begin, limits->members, end, err);
	else if (is_compressed(data, got))
		*end = self->source->size;
	else
		return STATUS_END;
	/* A damaged one is told inside. */
	if (status == STATUS_FORMAT) {
		*end = self->source->size;
		status = STATUS_OK;
	}
	if (status != STATUS_OK)
		return status;
	if (self->count == SEGMENTS)
		return error_set(err, STATUS_LIMIT, "initrd: more than %d segments", SEGMENTS);
	self->segments[self->count++] = (struct segment){begin, *end - begin};
	return STATUS_OK;
}

static enum status find_segments(
	struct initrd *self, const struct limits *limits, struct error *err)
{
	uint64_t at = 0;
	enum status status = STATUS_OK;

	while (status == STATUS_OK) {
		uint64_t end;

		status = find_segment(self, limits, at, &end, err);
		if (status == STATUS_OK)
			status = skip_zeros(self->source, end, &at, err);
	}
	if (status == STATUS_END && self->count == 0)
		return error_set(err, STATUS_FORMAT, "initrd: no segment");
	return status == STATUS_END ? STATUS_OK : status;
}

static enum status initrd_next(struct members *members, struct member *member, struct error *err)
{
	struct initrd *self = (struct initrd *)members;
	const struct segment *segment;
	enum status status;
	uint64_t at = self->source->offset, end;

	if (self->slice.is_open || self->behind.is_open)
		return error_set(err, STATUS_USAGE, "the member before is still open");
	self->has_content = false;
	if (self->position > 0 && self->behind.source == NULL) {
		segment = &self->segments[self->position - 1];
		end = segment->begin + segment->len;
		status = source_skip(self->source, end > at ? end - at : 0, err);
		if (status != STATUS_OK)
			return status;
	}
	if (self->position >= self->count) {
		self->behind.members = members;
		self->behind.source = self->source;
		self->behind.fill_block = 512;
		status = behind_next(&self->behind, self->position, member, err);
		self->position += status == STATUS_OK;
		return status;
	}
	segment = &self->segments[self->position];
	at = self->source->offset;
	members_add_structure(members, at, segment->begin - at, "layout");
	members_add_content(members, segment->begin, segment->len, self->position, 0);
	member_clear(member);
	buffer_add_format(&member->path, "segment%u", (unsigned)++self->position);
	member_add_field(member, "type", "segment");
	member->size = segment->len;
	member->has_content = self->has_content = true;
	return source_skip(self->source, segment->begin - at, err);
}

static enum status initrd_content(
	struct members *members, struct source **content, struct error *err)
{
	struct initrd *self = (struct initrd *)members;

	if (self->behind.source != NULL)
		return behind_open(&self->behind, content, err);
	if (!self->has_content || self->slice.is_open)
		return error_set(err, STATUS_USAGE, "there is no content to open");
	self->has_content = false;
	*content = slice_lend(&self->slice, self->source, self->segments[self->position - 1].len);
	return STATUS_OK;
}

static void initrd_describe(struct members *members, struct member *container)
{
	const struct initrd *self = (struct initrd *)members;

	member_add_field(container, "segments", "%u", self->count);
}

static void initrd_free(struct members *members)
{
	free(members);
}

static const struct members_ops initrd_ops = {
	.next = initrd_next,
	.open = initrd_content,
	.describe = initrd_describe,
	.free = initrd_free,
};

static enum status initrd_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct initrd *self = xcalloc(1, sizeof(*self));
	enum status status;

	(void)name;
	self->members.ops = &initrd_ops;
	self->source = source;
	status = find_segments(self, limits, err);
	if (status != STATUS_OK) {
		free(self);
		return status;
	}
	*members = &self->members;
	return STATUS_OK;
}

const struct format format_initrd = {
	.name = "initrd",
	.order_field = "initrd-order",
	.bid_bytes = CPIO_HEADER_SIZE_MAX + sizeof(EARLY_NAME),
	.needs_seek = true,
	.bid_more = initrd_bid_more,
	.open = initrd_open,
};
