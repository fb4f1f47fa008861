/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/diffs.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/stringdiff.h"
#include "dbdiff/textdiff.h"

#define PART_MOST ((uint64_t)1 << 20)

/* What walk_again() writes before each stretch. */
struct part_header {
	int64_t member;
	uint64_t offset;
	uint64_t len;
};

static enum status read_at(int fd, void *data, size_t len, uint64_t offset, struct error *err)
{
	char *to = data;

	while (len > 0) {
		ssize_t got = pread(fd, to, len, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, "cannot read a temporary file");
		if (got == 0)
			return STATUS_END;
		to += got;
		offset += (uint64_t)got;
		len -= (size_t)got;
	}
	return STATUS_OK;
}

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
	while (at + sizeof(struct part_header) <= size && captured->count < most) {
		struct part_header header;
		struct captured_part part = {.at = at + sizeof(header)};

		status = read_at(fd, &header, sizeof(header), at, err);
		if (status < 0)
			return status;
		if (status != STATUS_OK || header.len > PART_MOST || header.len > size - part.at)
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

/* STATUS_END when it was not captured. */
static enum status load(const struct captured *captured, int64_t member, uint64_t offset,
	struct buffer *bytes, struct stretch *stretch, struct error *err)
{
	const struct captured_part *part = find_part(captured, member, offset);
	enum status status;

	if (part == NULL)
		return STATUS_END;
	buffer_clear(bytes);
	status = read_at(captured->fd, buffer_reserve(bytes, part->len), part->len, part->at, err);
	if (status == STATUS_OK)
		bytes->len += part->len;
	*stretch = (struct stretch){bytes->data, bytes->len, offset};
	return status;
}

/* A stretch out of the middle of a text begins and ends with parts of lines. */
static void trim_to_lines(struct stretch *stretch, bool is_cut)
{
	const char *newline;

	if (stretch->offset > 0 && stretch->len > 0) {
		newline = memchr(stretch->data, '\n', stretch->len);
		if (newline != NULL) {
			size_t len = (size_t)(newline + 1 - stretch->data);

			stretch->data += len;
			stretch->len -= len;
			stretch->offset += len;
		}
	}
	if (is_cut && stretch->len > 0) {
		newline = memrchr(stretch->data, '\n', stretch->len);
		if (newline != NULL)
			stretch->len = (size_t)(newline + 1 - stretch->data);
	}
}

static void add_diff(struct stretch stretches[SIDES], const struct diff_request *request,
	uint64_t diff_bytes, struct buffer *out)
{
	struct stretch lines[SIDES] = {stretches[PUBLISHED], stretches[REBUILT]};
	bool is_text = true;

	for (int side = 0; side < SIDES; side++) {
		is_text = is_text && textdiff_is_text(lines[side].data, lines[side].len);
		trim_to_lines(&lines[side], request->is_cut[side]);
	}
	if (is_text)
		is_text = textdiff_unified(
			&lines[PUBLISHED], &lines[REBUILT], (size_t)diff_bytes, out);
	else if (request->has_strings)
		is_text = stringdiff_unified(
			&stretches[PUBLISHED], &stretches[REBUILT], (size_t)diff_bytes, out);
	if (!is_text || out->len == 0)
		textdiff_hexdump(&stretches[PUBLISHED], &stretches[REBUILT], out);
}

enum status diffs_write(const struct diff_plan *plan, const struct captured captured[SIDES],
	uint64_t diff_bytes, struct findings *findings, struct error *err)
{
	struct buffer bytes[SIDES] = {0}, text = {0};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < plan->count && status == STATUS_OK; i++) {
		const struct diff_request *request = &plan->requests[i];
		struct stretch stretches[SIDES];

		for (int side = 0; side < SIDES && status == STATUS_OK; side++)
			status = load(&captured[side], request->members[side], request->offset,
				&bytes[side], &stretches[side], err);
		if (status == STATUS_OK) {
			buffer_clear(&text);
			add_diff(stretches, request, diff_bytes, &text);
			if (text.len > 0)
				status = findings_set_diff(
					findings, request->finding, buffer_text(&text), err);
		}
		if (status == STATUS_END)
			status = STATUS_OK;
	}
	for (int side = 0; side < SIDES; side++)
		buffer_release(&bytes[side]);
	buffer_release(&text);
	return status;
}
