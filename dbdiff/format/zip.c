/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/zip.h"

#include <inttypes.h>
#include <zlib.h>

#include "base/alloc.h"
#include "dbdiff/format/behind.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/pieces.h"

#define BUFFER_SIZE ((size_t)64 * 1024)

struct zip {
	struct members members;
	struct source *source;
	struct zip_directory directory;
	struct zip_entry entry; /* of the member that next() gave last */
	struct zip_local local;
	uint64_t index; /* how many entries were read */
	uint64_t at;	/* of the next entry in the directory */
	/*
	 * All before this offset was told of as regions. Members need not lie in the order of the
	 * directory: one that lies before is left out, and its bytes stay nobody's.
	 */
	uint64_t told;
	int64_t position;
	bool has_content;
	bool is_open;
	struct behind behind;
};

static unsigned zip_bid(const unsigned char *data, size_t len)
{
	if (len >= 30 && memcmp(data, "PK\3\4", 4) == 0)
		return 32;
	return len >= 22 && memcmp(data, "PK\5\6\0\0\0\0", 8) == 0 ? 64 : 0;
}

/* ---- content ---- */

struct content {
	struct pieces pieces;
	struct zip *owner;
	z_stream inflate;
	bool is_deflated;
	bool is_at_end;
	uint64_t at, end; /* of the packed bytes */
	uLong crc;
	uint64_t out_bytes;
	unsigned char in[BUFFER_SIZE];
	unsigned char out[BUFFER_SIZE];
};

static enum status check_end(struct content *content, struct error *err)
{
	const struct zip_entry *entry = &content->owner->entry;

	if (content->at < content->end || content->inflate.avail_in > 0)
		return error_set(err, STATUS_FORMAT, "zip: bytes behind the packed data");
	if (content->out_bytes != entry->size)
		return error_set(err, STATUS_FORMAT, "zip: the length does not fit");
	if (content->crc != entry->crc)
		return error_set(err, STATUS_FORMAT, "zip: the checksum does not fit");
	return STATUS_END;
}

static enum status fill(struct content *content, struct error *err)
{
	uint64_t left = content->end - content->at;
	size_t len = left < BUFFER_SIZE ? (size_t)left : BUFFER_SIZE;
	enum status status =
		source_pread(content->owner->source, content->at, content->in, len, err);

	content->inflate.next_in = content->in;
	content->inflate.avail_in = (uInt)len;
	content->at += len;
	return status;
}

static enum status content_next(struct pieces *pieces, struct error *err)
{
	struct content *content = (struct content *)pieces;
	z_stream *inflating = &content->inflate;
	enum status status = STATUS_OK;

	if (content->is_at_end || (!content->is_deflated && content->at == content->end))
		return check_end(content, err);
	if (inflating->avail_in == 0 && content->at == content->end)
		return error_set(err, STATUS_FORMAT, "zip: truncated in a member");
	if (inflating->avail_in == 0)
		status = fill(content, err);
	if (status != STATUS_OK)
		return status;
	if (content->is_deflated) {
		int result;

		inflating->next_out = content->out;
		inflating->avail_out = BUFFER_SIZE;
		result = inflate(inflating, Z_NO_FLUSH);
		if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
			return error_set(err, STATUS_FORMAT, "zip: %s",
				inflating->msg != NULL ? inflating->msg : "damaged");
		content->is_at_end = result == Z_STREAM_END;
		pieces->data = content->out;
		pieces->len = BUFFER_SIZE - inflating->avail_out;
	} else {
		pieces->data = inflating->next_in;
		pieces->len = inflating->avail_in;
		inflating->avail_in = 0;
	}
	content->crc = crc32(content->crc, pieces->data, (uInt)pieces->len);
	content->out_bytes += pieces->len;
	return STATUS_OK;
}

static void content_free(struct source *source)
{
	struct content *content = (struct content *)source;

	if (content->is_deflated)
		inflateEnd(&content->inflate);
	content->owner->is_open = false;
	pieces_release(&content->pieces);
	free(content);
}

static const struct source_ops content_ops = {
	.peek = pieces_peek,
	.skip = pieces_skip,
	.free = content_free,
};

static enum status zip_content(struct members *members, struct source **out, struct error *err)
{
	struct zip *self = (struct zip *)members;
	const struct zip_entry *entry = &self->entry;
	struct content *content;

	if (self->behind.source != NULL)
		return behind_open(&self->behind, out, err);
	if (!self->has_content || self->is_open)
		return error_set(err, STATUS_USAGE, "there is no content to open");
	self->has_content = false;
	if ((entry->flags & ZIP_ENCRYPTED) != 0)
		return error_set(err, STATUS_UNSUPPORTED, "zip: it is encrypted");
	if (entry->method != ZIP_STORED && entry->method != ZIP_DEFLATED)
		return error_set(err, STATUS_UNSUPPORTED, "zip: method %u cannot be read here",
			entry->method);
	content = xcalloc(1, sizeof(*content));
	content->pieces.source = (struct source){.ops = &content_ops, .size = SOURCE_SIZE_UNKNOWN};
	content->pieces.next = content_next;
	content->owner = self;
	content->at = self->local.data;
	content->end = self->local.data + entry->packed_size;
	content->is_deflated = entry->method == ZIP_DEFLATED;
	content->crc = crc32(0, NULL, 0);
	if (content->is_deflated && inflateInit2(&content->inflate, -MAX_WBITS) != Z_OK) {
		free(content);
		return error_set(err, STATUS_IO, "zlib cannot start");
	}
	self->is_open = true;
	*out = &content->pieces.source;
	return STATUS_OK;
}

/* ---- members ---- */

static void tell_gap(struct zip *self, uint64_t end)
{
	if (end > self->told)
		members_add_structure(
			&self->members, self->told, end - self->told, "between-members");
}

static void tell_member(struct zip *self)
{
	const struct zip_entry *entry = &self->entry;
	uint64_t data = self->local.data, end = data + entry->packed_size;

	members_add_metadata(&self->members, self->at, entry->entry_len, "header", self->position);
	if (entry->offset < self->told || end > self->directory.begin)
		return;
	tell_gap(self, entry->offset);
	members_add_metadata(
		&self->members, entry->offset, data - entry->offset, "header", self->position);
	members_add_content(&self->members, data, entry->packed_size, self->position,
		entry->method == ZIP_STORED ? 0 : REGION_PACKED);
	members_add_metadata(
		&self->members, end, self->local.descriptor_len, "header", self->position);
	self->told = end + self->local.descriptor_len;
}

static enum status begin_behind(struct zip *self, struct error *err)
{
	const struct zip_directory *directory = &self->directory;
	uint64_t comment = directory->archive_end - directory->comment_len;
	enum status status;

	if (self->at != directory->end)
		return error_set(err, STATUS_FORMAT, "zip: the directory is longer than it says");
	tell_gap(self, directory->begin);
	members_add_structure(&self->members, directory->end, comment - directory->end, "zip-end");
	members_add_structure(&self->members, comment, directory->comment_len, "zip-comment");
	status = source_skip(self->source, directory->archive_end - self->source->offset, err);
	self->behind.members = &self->members;
	self->behind.source = self->source;
	return status;
}

static enum status zip_next(struct members *members, struct member *member, struct error *err)
{
	struct zip *self = (struct zip *)members;
	enum status status = STATUS_OK;

	if (self->is_open || self->behind.is_open)
		return error_set(err, STATUS_USAGE, "the member before is still open");
	self->has_content = false;
	if (self->index == self->directory.entries) {
		if (self->behind.source == NULL)
			status = begin_behind(self, err);
		if (status == STATUS_OK)
			status = behind_next(&self->behind, self->position, member, err);
		self->position += status == STATUS_OK;
		return status;
	}
	status = zip_read_entry(self->source, self->at, self->directory.end, &self->entry, err);
	if (status != STATUS_OK)
		return status;
	member_clear(member);
	zip_add_fields(&self->entry, member);
	status = zip_read_local(self->source, &self->entry, &self->local, member, err);
	if (status != STATUS_OK)
		return status;
	tell_member(self);
	self->at += self->entry.entry_len;
	self->index++;
	self->position++;
	self->has_content = member->has_content;
	return STATUS_OK;
}

static void zip_describe(struct members *members, struct member *container)
{
	struct zip *self = (struct zip *)members;
	uint16_t len = self->directory.comment_len;
	char *comment = xmalloc((size_t)len + 1);
	struct error ignored;

	if (len > 0 &&
		source_pread(self->source, self->directory.archive_end - len, comment, len,
			&ignored) == STATUS_OK)
		member_add_field_bytes(container, "zip-comment", comment, len);
	free(comment);
}

static void zip_free(struct members *members)
{
	struct zip *self = (struct zip *)members;

	buffer_release(&self->entry.texts);
	free(self);
}

static const struct members_ops zip_ops = {
	.next = zip_next,
	.open = zip_content,
	.describe = zip_describe,
	.free = zip_free,
};

static enum status zip_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct zip *self = xcalloc(1, sizeof(*self));
	enum status status = zip_find_directory(source, &self->directory, err);

	(void)name, (void)limits;
	if (status != STATUS_OK) {
		free(self);
		return status;
	}
	self->members.ops = &zip_ops;
	self->source = source;
	self->at = self->directory.begin;
	*members = &self->members;
	return STATUS_OK;
}

const struct format format_zip = {
	.name = "zip",
	.is_unpacked = true,
	.bid_bytes = 30,
	.needs_seek = true,
	.bid = zip_bid,
	.open = zip_open,
};
