/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/slice.h"

static enum status slice_peek(struct source *source, size_t want, const unsigned char **data,
	size_t *len, struct error *err)
{
	struct slice *slice = (struct slice *)source;
	uint64_t left = slice_left(slice);
	enum status status;

	if (want > left)
		want = (size_t)left;
	if (left == 0) {
		*data = (const unsigned char *)"";
		*len = 0;
		return STATUS_OK;
	}
	status = source_peek(slice->inner, want, data, len, err);
	if (status == STATUS_OK && *len < want)
		return error_set(err, STATUS_FORMAT, "truncated: %llu bytes are missing",
			(unsigned long long)left - *len);
	if (status == STATUS_OK && *len == 0)
		return error_set(err, STATUS_FORMAT, "truncated: %llu bytes are missing",
			(unsigned long long)left);
	if (*len > left)
		*len = (size_t)left;
	return status;
}

static enum status skip_summing(struct slice *slice, uint64_t count, struct error *err)
{
	const unsigned char *data;
	enum status status;
	size_t len;

	while (count > 0) {
		status = slice_peek(&slice->source, 1, &data, &len, err);
		if (status != STATUS_OK)
			return status;
		if (len > count)
			len = (size_t)count;
		for (size_t i = 0; i < len; i++)
			slice->sum += data[i];
		status = source_skip(slice->inner, len, err);
		if (status != STATUS_OK)
			return status;
		slice->source.offset += len;
		count -= len;
	}
	return STATUS_OK;
}

static enum status slice_skip(struct source *source, uint64_t count, struct error *err)
{
	struct slice *slice = (struct slice *)source;
	enum status status;

	if (count > slice_left(slice))
		return error_set(err, STATUS_FORMAT, "short read: past the end of a member");
	if (slice->is_summing)
		return skip_summing(slice, count, err);
	status = source_skip(slice->inner, count, err);
	if (status == STATUS_OK)
		source->offset += count;
	return status;
}

static enum status slice_pread(
	struct source *source, uint64_t offset, void *data, size_t len, struct error *err)
{
	struct slice *slice = (struct slice *)source;

	if (offset > source->size || len > source->size - offset)
		return error_set(err, STATUS_FORMAT, "short read: past the end of a member");
	return source_pread(slice->inner, slice->begin + offset, data, len, err);
}

static void slice_free(struct source *source)
{
	((struct slice *)source)->is_open = false;
}

static const struct source *slice_under(const struct source *source, uint64_t *offset)
{
	const struct slice *slice = (const struct slice *)source;

	*offset = slice->begin;
	return slice->inner;
}

static const struct source_ops stream_ops = {
	.peek = slice_peek,
	.skip = slice_skip,
	.free = slice_free,
};

static const struct source_ops seek_ops = {
	.peek = slice_peek,
	.skip = slice_skip,
	.pread = slice_pread,
	.free = slice_free,
	.under = slice_under,
};

struct source *slice_lend(struct slice *slice, struct source *inner, uint64_t len)
{
	slice->source = (struct source){
		.ops = source_can_seek(inner) ? &seek_ops : &stream_ops, .size = len};
	slice->inner = inner;
	slice->begin = inner->offset;
	slice->sum = 0;
	slice->is_open = true;
	return &slice->source;
}

uint64_t slice_left(const struct slice *slice)
{
	return slice->source.size - slice->source.offset;
}
