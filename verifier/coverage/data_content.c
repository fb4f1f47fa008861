/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/alloc.h"
#include "dbdiff/format/formats.h"
#include "verifier/coverage/data_file.h"

#define READ_SIZE ((size_t)64 * 1024)

/*
 * Streams are unpacked by the readers of dbdiff/format/: they account for every byte, and so tell
 * of one that is cut and of what stands behind it, which zlib and libarchive pass over.
 */
struct data_content {
	const struct data_file *file;
	struct source *packed;
	struct members *members; /* NULL: it is not packed, and read from `packed` */
	struct member member;
	struct source *unpacked;
	struct limits limits;
	uint64_t total;
	size_t window; /* of what was given last, and is still to be skipped */
	bool is_ended;
};

static const struct format *stream_format(
	const struct data_file *file, struct source *source, struct error *err)
{
	const struct format *const streams[] = {
		&format_gzip, &format_xz, &format_bzip2, &format_zstd};
	const unsigned char *data;
	size_t len;

	if (source_peek(source, format_bid_bytes(), &data, &len, err) < 0) {
		error_context(err, "%s", file->name);
		return NULL;
	}
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		if (streams[i]->bid(data, len) > 0)
			return streams[i];
	}
	return NULL;
}

static enum status stream_begin(
	struct data_content *content, const struct format *format, struct error *err)
{
	enum status status = format->open(
		content->packed, content->file->name, &content->limits, &content->members, err);

	if (status == STATUS_OK)
		status = content->members->ops->next(content->members, &content->member, err);
	if (status == STATUS_OK)
		status = content->members->ops->open(content->members, &content->unpacked, err);
	if (status == STATUS_END)
		status = error_set(err, STATUS_FORMAT, "%s: nothing is in it", content->file->name);
	return status < 0 ? error_context(err, "%s", content->file->name) : STATUS_OK;
}

enum status data_content_open(
	const struct data_file *file, struct data_content **content, struct error *err)
{
	struct data_content *opened = xcalloc(1, sizeof(*opened));
	const struct format *format;
	enum status status = STATUS_OK;

	*content = NULL;
	opened->file = file;
	opened->limits = limits_default;
	opened->limits.member_bytes = opened->limits.total_bytes = DATA_UNPACKED_MAX;
	opened->packed = source_file_new(file->fd, file->size);
	err->status = STATUS_OK;
	format = stream_format(file, opened->packed, err);
	if (!format)
		status = err->status;
	else
		status = stream_begin(opened, format, err);
	if (status < 0)
		data_content_free(opened);
	else
		*content = opened;
	return status;
}

/* What is behind the end of a stream is a member as well, and nobody would see it. */
static enum status stream_end(struct data_content *content, struct error *err)
{
	enum status status;

	source_free(content->unpacked);
	content->unpacked = NULL;
	member_clear(&content->member);
	status = content->members->ops->next(content->members, &content->member, err);
	if (status == STATUS_OK)
		status = error_set(err, STATUS_FORMAT, "something stands behind the packed stream");
	return status == STATUS_END ? STATUS_OK : status;
}

enum status data_content_next(
	struct data_content *content, const unsigned char **data, size_t *len, struct error *err)
{
	struct source *source = content->members ? content->unpacked : content->packed;
	enum status status = STATUS_OK;

	*len = 0;
	if (content->is_ended)
		return STATUS_OK;
	if (content->window > 0)
		status = source_skip(source, content->window, err);
	content->window = 0;
	if (status == STATUS_OK)
		status = source_peek(source, content->members ? 1 : READ_SIZE, data, len, err);
	if (status == STATUS_OK && *len == 0) {
		content->is_ended = true;
		if (content->members)
			status = stream_end(content, err);
	}
	content->window = *len;
	content->total += *len;
	if (status == STATUS_OK && content->total > DATA_UNPACKED_MAX)
		status = error_set(err, STATUS_LIMIT, "it unpacks to more than %ju bytes",
			(uintmax_t)DATA_UNPACKED_MAX);
	return status < 0 ? error_context(err, "%s", content->file->name) : STATUS_OK;
}

void data_content_free(struct data_content *content)
{
	if (!content)
		return;
	source_free(content->unpacked);
	if (content->members)
		content->members->ops->free(content->members);
	member_release(&content->member);
	source_free(content->packed);
	free(content);
}

enum status data_content_all(
	const struct data_file *file, size_t limit, struct buffer *text, struct error *err)
{
	struct data_content *content;
	const unsigned char *data;
	enum status status = data_content_open(file, &content, err);
	size_t len = 1;

	while (status == STATUS_OK && len > 0) {
		status = data_content_next(content, &data, &len, err);
		if (status == STATUS_OK && len > limit - text->len)
			status = error_set(err, STATUS_LIMIT, "%s: it has more than %zu bytes",
				file->name, limit);
		if (status == STATUS_OK)
			buffer_add(text, data, len);
	}
	data_content_free(content);
	return status;
}
