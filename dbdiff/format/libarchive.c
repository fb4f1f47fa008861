/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/libarchive.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/path.h"
#include "dbdiff/format/archive_fields.h"
#include "dbdiff/format/archive_reader.h"

enum stage {
	STAGE_MEMBERS,
	STAGE_TRAILING, /* what follows the end mark */
	STAGE_END,
};

struct archive_members {
	struct members members;
	const struct archive_kind *kind;
	struct archive_reader reader;
	char *stream_name; /* of the one member of a stream */
	enum stage stage;
	struct archive_entry *entry; /* the present member's; NULL where it has none */
	bool has_stream;	     /* the one member of a stream was given */
	bool is_empty_stream;	     /* libarchive has no member for it */
	bool has_content;
	bool is_open;	     /* its content was given out and not freed yet */
	struct source *rest; /* from the end of the members on */
};

/* The content of a member, as libarchive unpacks it, with holes filled. */
struct content {
	struct pieces pieces;
	struct archive_members *owner; /* NULL: `rest` */
	struct archive_members *locked;
	uint64_t handed; /* where the next piece begins */
};

static void content_free(struct source *source)
{
	struct content *content = (struct content *)source;

	content->locked->is_open = false;
	pieces_release(&content->pieces);
	free(content);
}

static const struct source_ops content_ops = {
	.peek = pieces_peek,
	.skip = pieces_skip,
	.free = content_free,
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
	pieces->zeros = (uint64_t)offset - content->handed;
	pieces->data = data;
	pieces->len = len;
	content->handed = (uint64_t)offset + len;
	return STATUS_OK;
}

static struct content *content_new(
	struct archive_members *owner, const struct source_ops *ops, uint64_t size)
{
	struct content *content = xcalloc(1, sizeof(*content));

	content->pieces.source = (struct source){.ops = ops, .size = size};
	content->pieces.next = content_next;
	content->owner = owner;
	content->locked = owner;
	owner->is_open = true;
	return content;
}

/* ---- "/trailing": the rest, which the members own and only lend ---- */

static enum status lent_peek(struct source *source, size_t want, const unsigned char **data,
	size_t *len, struct error *err)
{
	return source_peek(((struct content *)source)->locked->rest, want, data, len, err);
}

static enum status lent_skip(struct source *source, uint64_t count, struct error *err)
{
	enum status status;

	status = source_skip(((struct content *)source)->locked->rest, count, err);
	if (status == STATUS_OK)
		source->offset += count;
	return status;
}

static const struct source_ops lent_ops = {
	.peek = lent_peek,
	.skip = lent_skip,
	.free = content_free,
};

/* Goes on to the first byte that is not zero. */
static enum status skip_zeros(struct source *rest, uint64_t *count, struct error *err)
{
	const unsigned char *data;
	enum status status;
	size_t len, zeros;

	*count = 0;
	do {
		status = source_peek(rest, 1, &data, &len, err);
		if (status != STATUS_OK)
			return status;
		for (zeros = 0; zeros < len && data[zeros] == 0; zeros++)
			;
		status = source_skip(rest, zeros, err);
		if (status != STATUS_OK)
			return status;
		*count += zeros;
	} while (len > 0 && zeros == len);
	return len > 0 ? STATUS_OK : STATUS_END;
}

static enum status end_of_members(struct archive_members *self, struct error *err)
{
	struct archive *archive = self->reader.archive;
	la_int64_t end = archive_filter_bytes(archive, 0);

	self->stage = STAGE_TRAILING;
	self->entry = NULL;
	if (self->kind->has_end_mark && end == archive_read_header_position(archive))
		return error_set(err, STATUS_FORMAT, "ends without its end mark: truncated");
	return archive_reader_rest(&self->reader, &self->rest, err);
}

/* Writers fill up to their block: its length follows from the members, and says nothing more. */
static bool is_ordinary_fill(const struct archive_members *self, uint64_t zeros)
{
	unsigned block = self->kind->fill_block;

	return zeros == 0 ||
		(block > 0 && zeros < block && self->reader.source->offset % block == 0);
}

static enum status next_trailing(
	struct archive_members *self, struct member *member, struct error *err)
{
	enum status status;
	uint64_t zeros;

	if (self->rest == NULL)
		return STATUS_END;
	status = skip_zeros(self->rest, &zeros, err);
	if (status < 0)
		return status;
	if (status == STATUS_END) {
		self->stage = STAGE_END;
		if (is_ordinary_fill(self, zeros))
			return STATUS_END;
	}
	member_clear(member);
	self->has_content = zeros == 0;
	member->has_content = self->has_content;
	if (zeros > 0) {
		buffer_add_text(&member->path, "/padding");
		member_add_field(member, "type", "zeros behind the end");
		member_add_field(member, "size", "%" PRIu64, zeros);
		return STATUS_OK;
	}
	self->stage = STAGE_END;
	buffer_add_text(&member->path, "/trailing");
	member_add_field(member, "type", "bytes behind the end");
	return STATUS_OK;
}

/* ---- members ---- */

static void describe_stream(struct archive_members *self, struct member *member)
{
	member_set_name(member, self->stream_name, strlen(self->stream_name));
	member_add_field(member, "type", "stream");
	member->has_content = true;
	if (self->entry != NULL)
		archive_fields_add_stream(self->entry, member);
	self->has_stream = true;
}

static enum status describe_member(
	struct archive_members *self, int result, struct member *member, struct error *err)
{
	struct archive *archive = self->reader.archive;
	const char *name = archive_entry_pathname(self->entry);

	if (name == NULL)
		return error_set(err, STATUS_UNSUPPORTED, "a member's name cannot be read");
	member_set_name(member, name, strlen(name));
	archive_fields_add(self->entry, member);
	if (archive_format_name(archive) != NULL)
		member_add_field(member, "header", "%s", archive_format_name(archive));
	if (result == ARCHIVE_WARN && archive_error_string(archive) != NULL)
		member_add_field(member, "warning", "%s", archive_error_string(archive));
	if (self->kind->describe != NULL)
		self->kind->describe(self->entry, member);
	return STATUS_OK;
}

static enum status next_header(struct archive_members *self, int *result, struct error *err)
{
	*result = ARCHIVE_EOF;
	if (self->is_empty_stream)
		return STATUS_END;
	*result = archive_read_next_header(self->reader.archive, &self->entry);
	if (self->reader.failure.status < 0 || (*result < ARCHIVE_WARN && *result != ARCHIVE_EOF))
		return archive_reader_error(&self->reader, err);
	if (*result != ARCHIVE_EOF)
		return STATUS_OK;
	self->entry = NULL;
	self->is_empty_stream = self->kind->is_stream && !self->has_stream;
	return self->is_empty_stream ? STATUS_OK : STATUS_END;
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
			status = next_trailing(self, member, err);
	} else if (status == STATUS_OK) {
		member_clear(member);
		if (self->kind->is_stream)
			describe_stream(self, member);
		else
			status = describe_member(self, result, member, err);
		self->has_content = member->has_content;
	}
	uselocale(before);
	return status;
}

static enum status members_next(struct members *members, struct member *member, struct error *err)
{
	struct archive_members *self = (struct archive_members *)members;

	if (self->is_open)
		return error_set(err, STATUS_USAGE, "the member before is still open");
	self->has_content = false;
	switch (self->stage) {
	case STAGE_MEMBERS:
		return next_member(self, member, err);
	case STAGE_TRAILING:
		return next_trailing(self, member, err);
	default:
		return STATUS_END;
	}
}

static enum status members_open(struct members *members, struct source **content, struct error *err)
{
	struct archive_members *self = (struct archive_members *)members;
	uint64_t size = SOURCE_SIZE_UNKNOWN;
	bool is_trailing = self->stage != STAGE_MEMBERS;

	if (self->is_open || !self->has_content)
		return error_set(err, STATUS_USAGE, "there is no content to open");
	self->has_content = false;
	if (!is_trailing && !self->kind->is_stream && archive_entry_size_is_set(self->entry))
		size = (uint64_t)archive_entry_size(self->entry);
	*content = &content_new(self, is_trailing ? &lent_ops : &content_ops, size)->pieces.source;
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

/* "rootfs.tar.gz" holds "rootfs.tar", "x.tgz" holds "x.tar". */
static char *name_without_suffix(const char *path)
{
	const char *name = path_basename(path);
	const char *dot = strrchr(name, '.');
	static const struct {
		const char *suffix;
		const char *instead;
	} suffixes[] = {
		{".gz", ""},
		{".bz2", ""},
		{".xz", ""},
		{".lzma", ""},
		{".zst", ""},
		{".lz4", ""},
		{".lz", ""},
		{".lzo", ""},
		{".Z", ""},
		{".z", ""},
		{".tgz", ".tar"},
		{".tbz", ".tar"},
		{".tbz2", ".tar"},
		{".txz", ".tar"},
		{".tlz", ".tar"},
		{".tzst", ".tar"},
		{".svgz", ".svg"},
		{NULL, NULL},
	};

	for (size_t i = 0; dot != NULL && dot != name && suffixes[i].suffix != NULL; i++) {
		if (strcmp(dot, suffixes[i].suffix) == 0)
			return xasprintf("%.*s%s", (int)(dot - name), name, suffixes[i].instead);
	}
	return xasprintf("%s.decompressed", name);
}

enum status archive_members_open(const struct archive_kind *kind, struct source *source,
	const char *name, struct members **members, struct error *err)
{
	struct archive_members *self = xcalloc(1, sizeof(*self));
	enum status status;

	self->members.ops = &archive_members_ops;
	self->kind = kind;
	if (kind->is_stream)
		self->stream_name = name_without_suffix(name);
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
