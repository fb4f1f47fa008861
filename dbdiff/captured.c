/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/captured.h"

#include <sys/stat.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/escape.h"
#include "base/pread.h"

static int part_compare(const void *a, const void *b)
{
	const struct captured_part *part_a = a;
	const struct captured_part *part_b = b;

	if (part_a->member != part_b->member)
		return part_a->member < part_b->member ? -1 : 1;
	return (part_a->offset > part_b->offset) - (part_a->offset < part_b->offset);
}

enum status captured_read(struct captured *captured, int fd, size_t most, struct error *err)
{
	enum status status;
	uint64_t at = 0, size;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set_errno(err, "cannot read a temporary file");
	size = (uint64_t)st.st_size;
	captured->fd = fd;
	while (at + sizeof(struct captured_header) <= size && captured->count < most) {
		struct captured_header header;
		struct captured_part part = {.at = at + sizeof(header)};

		status = pread_exactly(fd, &header, sizeof(header), at, err);
		if (status < 0)
			return status;
		if (status != STATUS_OK || header.len > PLAN_STRETCH_MOST ||
			header.len > size - part.at)
			break;
		part.member = header.member;
		part.offset = header.offset;
		part.len = (size_t)header.len;
		at = part.at + header.len;
		ARRAY_GROW(captured->parts, captured->count, captured->capacity);
		captured->parts[captured->count++] = part;
	}
	if (captured->count > 1)
		qsort(captured->parts, captured->count, sizeof(captured->parts[0]), part_compare);
	return STATUS_OK;
}

void captured_release(struct captured *captured)
{
	free(captured->parts);
	*captured = (struct captured){.fd = -1};
}

static const struct captured_part *find_part(
	const struct captured *captured, int64_t member, uint64_t offset)
{
	struct captured_part key = {.member = member, .offset = offset};

	if (captured->count == 0)
		return NULL;
	return bsearch(&key, captured->parts, captured->count, sizeof(key), part_compare);
}

enum status captured_rest(
	const struct captured *captured, int64_t member, struct digest *digest, struct error *err)
{
	const struct captured_part *part = find_part(captured, member, WANTED_REST_OFFSET);

	if (part == NULL || part->len != sizeof(digest->bytes))
		return STATUS_END;
	return pread_exactly(captured->fd, digest->bytes, part->len, part->at, err);
}

/* What a side has of a stretch. */
static uint64_t len_of(const struct plan_stretch *stretch, uint64_t size)
{
	uint64_t left = size > stretch->offset ? size - stretch->offset : 0;

	return left < stretch->len ? left : stretch->len;
}

bool captured_has(const struct captured *captured, const struct diff_plan *plan,
	const struct leaf_request *leaf, int side)
{
	for (size_t i = 0; i < leaf->stretch_count; i++) {
		const struct plan_stretch *stretch = &plan->stretches[leaf->stretch + i];
		const struct captured_part *part =
			find_part(captured, leaf->members[side], stretch->offset);

		if (part == NULL || part->len != len_of(stretch, leaf->sizes[side]))
			return false;
	}
	return true;
}

enum status captured_why(
	const struct captured *captured, int64_t member, struct buffer *why, struct error *err)
{
	const struct captured_part *part = find_part(captured, member, WANTED_WHY_OFFSET);
	char text[ERROR_TEXT_SIZE];
	enum status status;

	if (part == NULL || part->len == 0 || part->len >= sizeof(text))
		return STATUS_OK;
	status = pread_exactly(captured->fd, text, part->len, part->at, err);
	if (status == STATUS_OK && memchr(text, '\0', part->len) == NULL &&
		escape_is_utf8(text, part->len))
		buffer_add(why, text, part->len);
	return status < 0 ? status : STATUS_OK;
}

static enum status load_side(struct leaf_bytes *bytes, const struct plan_stretch *stretches,
	const struct leaf_request *leaf, int side, const struct captured *captured,
	struct error *err)
{
	struct buffer *buffer = &bytes->bytes[side];
	size_t begin = 0;

	buffer_clear(buffer);
	for (size_t i = 0; i < leaf->stretch_count; i++) {
		const struct captured_part *part =
			find_part(captured, leaf->members[side], stretches[i].offset);
		enum status status;

		if (part == NULL || part->len != len_of(&stretches[i], leaf->sizes[side]))
			return STATUS_END;
		status = pread_exactly(captured->fd, buffer_reserve(buffer, part->len + 1),
			part->len, part->at, err);
		if (status != STATUS_OK)
			return status;
		buffer->len += part->len;
		bytes->stretches[i][side] = (struct stretch){NULL, part->len, stretches[i].offset};
	}
	/* It may have moved while it grew. */
	for (size_t i = 0; i < leaf->stretch_count; i++) {
		bytes->stretches[i][side].data = buffer->data + begin;
		begin += bytes->stretches[i][side].len;
	}
	return STATUS_OK;
}

enum status leaf_bytes_load(struct leaf_bytes *bytes, const struct diff_plan *plan,
	const struct leaf_request *leaf, const struct captured captured[SIDES], struct error *err)
{
	enum status status = STATUS_OK;

	while (bytes->capacity < leaf->stretch_count)
		ARRAY_GROW(bytes->stretches, bytes->capacity, bytes->capacity);
	for (int side = 0; side < SIDES && status == STATUS_OK; side++)
		status = load_side(
			bytes, plan->stretches + leaf->stretch, leaf, side, &captured[side], err);
	return status;
}

void leaf_bytes_release(struct leaf_bytes *bytes)
{
	for (int side = 0; side < SIDES; side++)
		buffer_release(&bytes->bytes[side]);
	free(bytes->stretches);
	*bytes = (struct leaf_bytes){0};
}
