/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/libarchive.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "dbdiff/format/archive_fields.h"
#include "dbdiff/format/archive_reader.h"
#include "dbdiff/format/stream.h"

struct archive_members {
	struct members members;
	const struct archive_kind *kind;
	struct archive_reader reader;
	char *stream_name;	     /* of the one member of a stream */
	struct archive_entry *entry; /* the present member's; NULL where it has none */
	bool has_stream;	     /* the one member of a stream was given */
	bool is_empty_stream;	     /* libarchive has no member for it */
	bool has_content;
	bool is_open;	     /* its content was given out and not freed yet */
	struct source *rest; /* from the end of the members on */
	struct behind behind;
	int64_t position; /* how many members were given */
	/*
	 * Every byte of the archive is told of as a region: all before this offset was. The bytes
	 * of the present member's content are told of when libarchive gives them.
	 */
	uint64_t told;
	bool had_content; /* the present member */
	bool was_opened;  /* its content */
	bool is_verbatim; /* its content is this stretch of the archive */
	uint64_t begin, size;
};

/* ---- what the bytes of the archive are ---- */

/* How far libarchive has come in the bytes of the archive. */
static uint64_t reached(const struct archive_members *self)
{
	la_int64_t at = archive_filter_bytes(self->reader.archive, 0);

	return at > 0 ? (uint64_t)at : 0;
}

static int64_t last_position(const struct archive_members *self)
{
	return self->position > 0 ? self->position - 1 : REGION_NO_OWNER;
}

/* Up to `end`, of the last member or, before the first, of the archive. */
static void tell(struct archive_members *self, uint64_t end, const char *name)
{
	int64_t owner = last_position(self);

	if (end <= self->told)
		return;
	if (self->kind->is_scattered)
		; /* of contents alone */
	else if (owner == REGION_NO_OWNER)
		members_add_structure(&self->members, self->told, end - self->told, name);
	else
		members_add_metadata(&self->members, self->told, end - self->told, name, owner);
	self->told = end;
}

/* A block that libarchive has just given, and has not gone by yet, unless it made it up. */
static void tell_data(struct archive_members *self, size_t len, uint64_t offset)
{
	uint64_t at = reached(self);

	if (len == 0 || self->kind->is_stream)
		return;
	tell(self, at, "padding");
	if (at < self->told)
		return;
	members_add_content(&self->members, at, len, last_position(self), offset);
	self->told = at + len;
}

/* Zeros say nothing but where the next member lies. */
static void tell_padding(struct archive_members *self, uint64_t end)
{
	bool is_zero = archive_reader_saw_zeros(&self->reader, self->told, end);

	tell(self, end, is_zero ? "layout" : "padding");
}

/* The member before ends where the next header begins; its content may not have been read. */
static void tell_end_of_member(struct archive_members *self)
{
	la_int64_t header = archive_read_header_position(self->reader.archive);

	if (header <= 0 || self->kind->is_stream || self->kind->is_scattered ||
		(uint64_t)header <= self->told)
		return;
	if (self->position > 0 && !self->was_opened && self->is_verbatim) {
		members_add_content(
			&self->members, self->begin, self->size, last_position(self), 0);
		self->told = self->begin + self->size;
	} else if (self->position > 0 && !self->was_opened && self->had_content) {
		members_add_content(&self->members, self->told, (uint64_t)header - self->told,
			last_position(self), REGION_PACKED);
		self->told = (uint64_t)header;
	}
	tell_padding(self, (uint64_t)header);
}

/* The content of a member, as libarchive unpacks it, with holes filled. */
struct content {
	struct pieces pieces;
	struct archive_members *owner;
	uint64_t handed; /* where the next piece begins */
};

static void content_free(struct source *source)
{
	struct content *content = (struct content *)source;

	content->owner->is_open = false;
	pieces_release(&content->pieces);
	free(content);
}

static const struct source *content_under(const struct source *source, uint64_t *offset)
{
	const struct archive_members *owner = ((const struct content *)source)->owner;

	*offset = owner->begin;
	return owner->is_verbatim ? owner->reader.source : NULL;
}

static const struct source_ops content_ops = {
	.peek = pieces_peek,
	.skip = pieces_skip,
	.free = content_free,
	.under = content_under,
};

/* A hole at the end has no data behind it: only the size tells of it. */
static enum status content_end(struct content *content)
{
	struct archive_entry *entry = content->owner->entry;
	uint64_t size;

	if (content->owner->kind->is_stream || !archive_entry_size_is_set(entry))
		return STATUS_END;
	size = (uint64_t)archive_entry_size(entry);
	if (size <= content->handed)
		return STATUS_END;
	content->pieces.zeros = size - content->handed;
	content->handed = size;
	return STATUS_OK;
}

static enum status content_next(struct pieces *pieces, struct error *err)
{
	struct content *content = (struct content *)pieces;
	struct archive_members *owner = content->owner;
	struct archive_reader *reader = &owner->reader;
	const void *data = NULL;
	size_t len = 0;
	la_int64_t offset = 0;
	int result;

	if (owner->is_empty_stream)
		return STATUS_END;
	result = archive_read_data_block(reader->archive, &data, &len, &offset);
	if (result == ARCHIVE_EOF)
		return content_end(content);
	if (result < ARCHIVE_WARN || reader->failure.status < 0)
		return archive_reader_error(reader, err);
	if (offset < 0 || (uint64_t)offset < content->handed)
		return error_set(err, STATUS_FORMAT, "a sparse member goes backwards");
	tell_data(owner, len, (uint64_t)offset);
	pieces->zeros = (uint64_t)offset - content->handed;
	pieces->data = data;
	pieces->len = len;
	content->handed = (uint64_t)offset + len;
	return STATUS_OK;
}

static struct content *content_new(struct archive_members *owner, uint64_t size)
{
	struct content *content = xcalloc(1, sizeof(*content));

	content->pieces.source = (struct source){.ops = &content_ops, .size = size};
	content->pieces.next = content_next;
	content->owner = owner;
	owner->is_open = true;
	owner->was_opened = true;
	return content;
}

/* ---- members ---- */

/* An end mark of zeros is as any other. */
static void tell_end(struct archive_members *self, uint64_t end)
{
	bool is_zero = archive_reader_saw_zeros(&self->reader, self->told, end);

	members_add_structure(&self->members, self->told, end - self->told,
		is_zero				   ? "layout"
			: self->kind->has_end_mark ? "end-mark"
						   : "padding");
}

static enum status end_of_members(struct archive_members *self, struct error *err)
{
	struct archive *archive = self->reader.archive;
	la_int64_t end = archive_filter_bytes(archive, 0);
	enum status status;

	self->entry = NULL;
	tell_end_of_member(self);
	if (self->kind->has_end_mark && end == archive_read_header_position(archive))
		return error_set(err, STATUS_FORMAT, "ends without its end mark: truncated");
	/* The packed side of a stream is the last filter's. */
	end = archive_filter_bytes(archive, -1);
	if (self->kind->is_stream)
		members_add_content(&self->members, 0, (uint64_t)end, 0, REGION_PACKED);
	else if (!self->kind->is_scattered)
		tell_end(self, (uint64_t)end);
	status = archive_reader_rest(&self->reader, &self->rest, err);
	if (status != STATUS_OK)
		return status;
	self->behind = (struct behind){
		.members = &self->members,
		.source = self->rest,
		.base = (uint64_t)end - self->rest->offset,
		.fill_block = self->kind->fill_block,
	};
	return STATUS_OK;
}

static void describe_stream(struct archive_members *self, struct member *member)
{
	member_set_name(member, self->stream_name, strlen(self->stream_name));
	member_add_field(member, "type", "stream");
	member->has_content = true;
	self->has_stream = true;
}

static void describe_member(struct archive_members *self, int result, struct member *member)
{
	struct archive *archive = self->reader.archive;
	const char *name = archive_entry_pathname(self->entry);

	if (name == NULL)
		name = archive_entry_pathname_utf8(self->entry);
	if (name != NULL)
		member_set_name(member, name, strlen(name));
	else
		member_set_name(member, "\0", 1);
	archive_fields_add(self->entry, member);
	if (archive_format_name(archive) != NULL)
		member_add_field(member, "header", "%s", archive_format_name(archive));
	if (result == ARCHIVE_WARN && archive_error_string(archive) != NULL)
		member_add_field(member, "warning", "%s", archive_error_string(archive));
	if (self->kind->describe != NULL)
		self->kind->describe(self->entry, member);
}

/* Where the member before was said to lie, it was: nothing of it was left out. */
static bool is_where_expected(const struct archive_members *self)
{
	uint64_t header = (uint64_t)archive_read_header_position(self->reader.archive);
	uint64_t blocks =
		self->size / ARCHIVE_HEADER_SIZE + (self->size % ARCHIVE_HEADER_SIZE != 0);

	return !self->is_verbatim || header == self->begin + blocks * ARCHIVE_HEADER_SIZE;
}

static enum status next_header(struct archive_members *self, int *result, struct error *err)
{
	*result = ARCHIVE_EOF;
	if (self->is_empty_stream)
		return STATUS_END;
	*result = archive_read_next_header(self->reader.archive, &self->entry);
	/* With ARCHIVE_RETRY it went by what was no header. */
	if (self->reader.failure.status < 0 || *result == ARCHIVE_RETRY ||
		(*result < ARCHIVE_WARN && *result != ARCHIVE_EOF))
		return archive_reader_error(&self->reader, err);
	if (!is_where_expected(self))
		return error_set(err, STATUS_FORMAT, "a member does not end where its header says");
	if (*result != ARCHIVE_EOF)
		return STATUS_OK;
	self->entry = NULL;
	self->is_empty_stream = self->kind->is_stream && !self->has_stream;
	return self->is_empty_stream ? STATUS_OK : STATUS_END;
}

/* What stands in front of the headers of the member that is going to be told. */
static void tell_before(struct archive_members *self)
{
	if (self->kind->is_stream)
		return;
	tell_end_of_member(self);
	if (self->position == 0 && self->kind->magic_size > 0)
		tell(self, self->kind->magic_size, "magic");
}

/*
 * Tells the headers of the member, as fields and as a region: where all that is in them is fields,
 * they can only lie elsewhere.
 */
static void tell_own_headers(struct archive_members *self, struct member *member)
{
	la_int64_t first = archive_read_header_position(self->reader.archive);
	uint64_t begin = first > 0 ? (uint64_t)first : 0, end = reached(self);
	bool is_told = self->kind->describe_headers != NULL && begin < end &&
		end - begin <= ARCHIVE_HEADERS_MOST;

	if (is_told) {
		unsigned char *bytes = xmalloc((size_t)(end - begin));

		is_told = archive_reader_copy(&self->reader, begin, end, bytes) &&
			self->kind->describe_headers(bytes, (size_t)(end - begin), member);
		free(bytes);
	}
	if (self->kind->is_stream)
		return;
	self->position++;
	tell(self, end, is_told ? "tar-header" : "header");
	self->position--;
}

/* Whether the content of the present member is a stretch of the archive, as far as is certain. */
static void find_place(struct archive_members *self)
{
	struct source *source = self->reader.source;
	unsigned char header[ARCHIVE_HEADER_SIZE];
	struct error ignored;

	self->is_verbatim = false;
	if (!self->had_content || self->kind->is_verbatim == NULL || !source_can_seek(source) ||
		!archive_entry_size_is_set(self->entry) ||
		archive_entry_sparse_count(self->entry) > 0)
		return;
	self->begin = reached(self);
	/* What stands in front of its header may say another size, or where its data is. */
	if ((uint64_t)archive_read_header_position(self->reader.archive) + sizeof(header) !=
		self->begin)
		return;
	self->size = (uint64_t)archive_entry_size(self->entry);
	self->is_verbatim = self->begin >= sizeof(header) && self->begin <= source->size &&
		self->size <= source->size - self->begin &&
		source_pread(source, self->begin - sizeof(header), header, sizeof(header),
			&ignored) == STATUS_OK &&
		self->kind->is_verbatim(header, self->size);
}

static enum status next_member(
	struct archive_members *self, struct member *member, struct error *err)
{
	locale_t before = uselocale(self->reader.locale);
	int result;
	enum status status = next_header(self, &result, err);

	if (status == STATUS_END) {
		status = end_of_members(self, err);
		if (status == STATUS_OK)
			status = behind_next(&self->behind, self->position, member, err);
	} else if (status == STATUS_OK) {
		tell_before(self);
		member_clear(member);
		if (self->kind->is_stream)
			describe_stream(self, member);
		else
			describe_member(self, result, member);
		self->has_content = self->had_content = member->has_content;
		self->was_opened = false;
		find_place(self);
		tell_own_headers(self, member);
	}
	uselocale(before);
	return status;
}

static enum status members_next(struct members *members, struct member *member, struct error *err)
{
	struct archive_members *self = (struct archive_members *)members;
	enum status status;

	if (self->is_open || self->behind.is_open)
		return error_set(err, STATUS_USAGE, "the member before is still open");
	self->has_content = false;
	if (self->rest != NULL)
		status = behind_next(&self->behind, self->position, member, err);
	else
		status = next_member(self, member, err);
	if (status == STATUS_OK)
		self->position++;
	return status;
}

static enum status members_open(struct members *members, struct source **content, struct error *err)
{
	struct archive_members *self = (struct archive_members *)members;
	uint64_t size = SOURCE_SIZE_UNKNOWN;

	if (self->rest != NULL)
		return behind_open(&self->behind, content, err);
	if (self->is_open || !self->has_content)
		return error_set(err, STATUS_USAGE, "there is no content to open");
	self->has_content = false;
	if (!self->kind->is_stream && archive_entry_size_is_set(self->entry))
		size = (uint64_t)archive_entry_size(self->entry);
	*content = &content_new(self, size)->pieces.source;
	return STATUS_OK;
}

static void members_free(struct members *members)
{
	struct archive_members *self = (struct archive_members *)members;

	source_free(self->rest);
	archive_reader_release(&self->reader);
	free(self->stream_name);
	free(self);
}

static const struct members_ops archive_members_ops = {
	.next = members_next,
	.open = members_open,
	.free = members_free,
};

enum status archive_members_open(const struct archive_kind *kind, struct source *source,
	const char *name, struct members **members, struct error *err)
{
	struct archive_members *self = xcalloc(1, sizeof(*self));
	enum status status;

	self->members.ops = &archive_members_ops;
	self->kind = kind;
	if (kind->is_stream)
		self->stream_name = stream_name(name);
	status = archive_reader_open(&self->reader, source, kind->prepare, err);
	if (status != STATUS_OK) {
		members_free(&self->members);
		return status;
	}
	/* Its own, and libarchive's reader below. */
	if (kind->is_stream && archive_filter_count(self->reader.archive) != 2) {
		members_free(&self->members);
		return error_set(
			err, STATUS_UNSUPPORTED, "not exactly one layer of %s", kind->name);
	}
	*members = &self->members;
	return STATUS_OK;
}
