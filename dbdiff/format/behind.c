/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/behind.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "dbdiff/format/formats.h"

/* OK at a byte that is not zero, END at the end; *count is what was gone by. */
static enum status skip_zeros(struct source *source, uint64_t *count, struct error *err)
{
	const unsigned char *data;
	enum status status;
	size_t len, zeros;

	*count = 0;
	do {
		status = source_peek(source, 1, &data, &len, err);
		if (status != STATUS_OK)
			return status;
		for (zeros = 0; zeros < len && data[zeros] == 0; zeros++)
			;
		status = source_skip(source, zeros, err);
		if (status != STATUS_OK)
			return status;
		*count += zeros;
	} while (len > 0 && zeros == len);
	return len > 0 ? STATUS_OK : STATUS_END;
}

/* Its length follows from what is before it, and says nothing more. */
static bool is_ordinary_fill(const struct behind *behind, uint64_t zeros)
{
	unsigned block = behind->fill_block;

	return zeros == 0 ||
		(block > 0 && zeros < block &&
			(behind->source->offset + behind->base) % block == 0);
}

static enum status describe_trailing(
	struct behind *behind, struct member *member, struct error *err)
{
	struct source *source = behind->source;
	const struct format *format;
	const unsigned char *data;
	enum status status;
	size_t len;

	status = source_peek(source, format_bid_bytes(), &data, &len, err);
	if (status != STATUS_OK)
		return status;
	format = format_find(&(struct candidate){"/trailing", data, len, NULL}, false);
	buffer_add_text(&member->path, "/trailing");
	if (format != NULL)
		buffer_add_format(&member->path, ".%s", format->name);
	member_add_field(member, "type", "bytes behind the end");
	member->has_content = true;
	behind->is_done = true;
	behind->has_trailing = true;
	return STATUS_OK;
}

enum status behind_next(
	struct behind *behind, int64_t position, struct member *member, struct error *err)
{
	uint64_t start = behind->source->offset + behind->base;
	enum status status;
	uint64_t zeros;
	bool is_fill;

	behind->has_content = false;
	behind->position = position;
	if (behind->is_done)
		return STATUS_END;
	status = skip_zeros(behind->source, &zeros, err);
	if (status < 0)
		return status;
	is_fill = status == STATUS_END && is_ordinary_fill(behind, zeros);
	behind->is_done = status == STATUS_END;
	if (is_fill) {
		members_add_structure(behind->members, start, zeros, "layout");
		return STATUS_END;
	}
	member_clear(member);
	if (zeros == 0) {
		status = describe_trailing(behind, member, err);
		behind->has_content = status == STATUS_OK;
		return status;
	}
	behind->padding += zeros;
	members_add_metadata(behind->members, start, zeros, "trailing-zeros", position);
	buffer_add_text(&member->path, "/padding");
	member_add_field(member, "type", "zeros behind the end");
	member_add_field(member, "size", "%" PRIu64, zeros);
	return STATUS_OK;
}

/* ---- the content of "/trailing": the source, which is only lent ---- */

struct lent {
	struct source source;
	struct behind *behind;
};

static enum status lent_peek(struct source *source, size_t want, const unsigned char **data,
	size_t *len, struct error *err)
{
	return source_peek(((struct lent *)source)->behind->source, want, data, len, err);
}

static enum status lent_skip(struct source *source, uint64_t count, struct error *err)
{
	enum status status;

	status = source_skip(((struct lent *)source)->behind->source, count, err);
	if (status == STATUS_OK)
		source->offset += count;
	return status;
}

/* How long it is shows when it was read. */
static void lent_free(struct source *source)
{
	struct behind *behind = ((struct lent *)source)->behind;
	uint64_t end = behind->source->offset + behind->base;

	members_add_content(
		behind->members, end - source->offset, source->offset, behind->position, 0);
	behind->is_open = false;
	free(source);
}

static const struct source_ops lent_ops = {
	.peek = lent_peek,
	.skip = lent_skip,
	.free = lent_free,
};

enum status behind_open(struct behind *behind, struct source **content, struct error *err)
{
	struct lent *lent;

	if (!behind->has_content || behind->is_open)
		return error_set(err, STATUS_USAGE, "there is no content to open");
	lent = xcalloc(1, sizeof(*lent));
	lent->source = (struct source){.ops = &lent_ops, .size = SOURCE_SIZE_UNKNOWN};
	lent->behind = behind;
	behind->has_content = false;
	behind->is_open = true;
	*content = &lent->source;
	return STATUS_OK;
}
