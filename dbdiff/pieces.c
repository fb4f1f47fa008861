/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/pieces.h"

#include <inttypes.h>

static const unsigned char zero_window[16 * 1024];

static size_t joined_len(const struct pieces *pieces)
{
	return pieces->joined.len - pieces->joined_at;
}

/* Sees to it that there are bytes in hand, unless at the end. */
static enum status fill(struct pieces *pieces, struct error *err)
{
	enum status status;

	while (pieces->zeros == 0 && pieces->len == 0 && !pieces->at_end) {
		status = pieces->next(pieces, err);
		if (status == STATUS_END)
			pieces->at_end = true;
		else if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

/* The bytes in hand that lie together, not counting those joined. */
static void front(const struct pieces *pieces, const unsigned char **data, size_t *len)
{
	if (pieces->zeros > 0) {
		*data = zero_window;
		*len = pieces->zeros < sizeof(zero_window) ? (size_t)pieces->zeros
							   : sizeof(zero_window);
	} else {
		*data = pieces->data;
		*len = pieces->len;
	}
}

static void drop(struct pieces *pieces, size_t count)
{
	if (pieces->zeros > 0) {
		pieces->zeros -= count;
		return;
	}
	pieces->data += count;
	pieces->len -= count;
}

/* Copies together until `want` bytes lie side by side. */
static enum status join(struct pieces *pieces, size_t want, struct error *err)
{
	const unsigned char *data;
	enum status status;
	size_t len;

	if (pieces->joined_at > 0) {
		len = joined_len(pieces);
		if (len > 0)
			memmove(pieces->joined.data, pieces->joined.data + pieces->joined_at, len);
		buffer_truncate(&pieces->joined, len);
		pieces->joined_at = 0;
	}
	while (pieces->joined.len < want) {
		status = fill(pieces, err);
		if (status != STATUS_OK)
			return status;
		if (pieces->at_end && pieces->zeros == 0 && pieces->len == 0)
			break;
		front(pieces, &data, &len);
		if (len > want - pieces->joined.len)
			len = want - pieces->joined.len;
		buffer_add(&pieces->joined, data, len);
		drop(pieces, len);
	}
	return STATUS_OK;
}

enum status pieces_peek(struct source *source, size_t want, const unsigned char **data, size_t *len,
	struct error *err)
{
	struct pieces *pieces = (struct pieces *)source;
	enum status status = STATUS_OK;

	if (want == 0)
		want = 1;
	if (joined_len(pieces) == 0) {
		status = fill(pieces, err);
		if (status != STATUS_OK)
			return status;
		front(pieces, data, len);
		if (*len >= want || (pieces->at_end && *len == pieces->zeros + pieces->len)) {
			if (*len > SOURCE_WINDOW)
				*len = SOURCE_WINDOW;
			return STATUS_OK;
		}
	}
	if (joined_len(pieces) < want)
		status = join(pieces, want, err);
	*data = (const unsigned char *)buffer_text(&pieces->joined) + pieces->joined_at;
	*len = joined_len(pieces);
	return status;
}

enum status pieces_skip(struct source *source, uint64_t count, struct error *err)
{
	struct pieces *pieces = (struct pieces *)source;
	uint64_t wanted = count;
	const unsigned char *data;
	enum status status;
	size_t len;

	len = joined_len(pieces) < count ? joined_len(pieces) : (size_t)count;
	pieces->joined_at += len;
	source->offset += len;
	count -= len;
	while (count > 0) {
		status = fill(pieces, err);
		if (status != STATUS_OK)
			return status;
		front(pieces, &data, &len);
		if (len == 0)
			return error_set(err, STATUS_FORMAT,
				"short read: %" PRIu64 " of %" PRIu64 " bytes missing", count,
				wanted);
		if (len > count)
			len = (size_t)count;
		drop(pieces, len);
		source->offset += len;
		count -= len;
	}
	return STATUS_OK;
}

void pieces_release(struct pieces *pieces)
{
	buffer_release(&pieces->joined);
}
