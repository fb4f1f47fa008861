/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/cpio.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "dbdiff/format/behind.h"
#include "dbdiff/format/filesystem.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/slice.h"

#define TARGET_SIZE 65536
#define FILL_BLOCK  512

struct cpio {
	struct members members;
	struct source *source;
	unsigned name_bytes; /* of one name, at most */
	/* The member that next() gave last. */
	struct cpio_header header;
	uint64_t begin; /* of its header */
	bool has_header;
	bool has_content;
	struct slice slice;
	int64_t position;
	struct behind behind;
	uint64_t wrong_sums;
	struct buffer first_wrong; /* the first member whose sum does not fit */
	struct inode_map links;	   /* the first path of each inode with several */
	struct buffer name;
	struct buffer odd; /* the header with its name, when fields do not tell all of it */
};

static unsigned cpio_bid(const unsigned char *data, size_t len)
{
	struct cpio_header header;

	return cpio_read_header(data, len, &header) ? 56 : 0;
}

static const char *type_word(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symlink";
	case S_IFCHR:
		return "character device";
	case S_IFBLK:
		return "block device";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "socket";
	default:
		return "unknown";
	}
}

static void add_fields(const struct cpio_header *header, struct member *member)
{
	uint32_t type = header->mode & S_IFMT;

	member_add_field(member, "type", "%s", type_word(header->mode));
	member_add_field(member, "mode", "%04o", header->mode & 07777);
	if ((header->mode & ~(uint32_t)(S_IFMT | 07777)) != 0)
		member_add_field(member, "flags", "mode bits %o", header->mode);
	member_add_field(member, "uid", "%" PRIu32, header->uid);
	member_add_field(member, "gid", "%" PRIu32, header->gid);
	member_add_time(member, "mtime", header->mtime, 0);
	if (type == S_IFCHR || type == S_IFBLK)
		member_add_field(member, "device", "%" PRIu32 ":%" PRIu32, header->device_major,
			header->device_minor);
	member_add_field(member, "inode", "%" PRIu32, header->inode);
	member_add_field(member, "links", "%" PRIu32, header->links);
	member_add_field(
		member, "filesystem", "%" PRIu32 ":%" PRIu32, header->major, header->minor);
	member_add_field(member, "header", "%s", header->form);
}

/*
 * Members with one inode and several links are one file, in whatever directories they are: only
 * which of them are together says something, not under what number.
 */
static enum status add_hard_link(struct cpio *self, struct member *member, struct error *err)
{
	const struct cpio_header *header = &self->header;
	const char *first = NULL;

	if (header->links < 2 || (header->mode & S_IFMT) == S_IFDIR)
		return STATUS_OK;
	if (inode_map_meet_on(&self->links, (uint64_t)header->major << 32 | header->minor,
		    (uint64_t)header->inode + 1, buffer_text(&member->path), &first, err) < 0 ||
		kept_check(&self->links.kept, err) < 0)
		return error_context(err, "cpio");
	if (first != NULL)
		member_add_field(member, "hard-link", "%s", first);
	return STATUS_OK;
}

/* The sum is told apart where it was found to fit. */
static void tell_header(struct cpio *self, uint64_t data_offset)
{
	const struct cpio_header *header = &self->header;
	bool is_read = self->slice.inner != NULL && slice_left(&self->slice) == 0;
	uint64_t end = self->begin + header->size;
	int64_t owner = self->position - 1;

	if (!header->has_check || !is_read) {
		members_add_metadata(&self->members, self->begin, data_offset - self->begin,
			"cpio-header", owner);
		return;
	}
	members_add_metadata(
		&self->members, self->begin, header->size - CPIO_CHECK_SIZE, "cpio-header", owner);
	if (self->slice.sum == header->check) {
		members_add_derived(
			&self->members, end - CPIO_CHECK_SIZE, CPIO_CHECK_SIZE, "checksum");
	} else {
		members_add_metadata(&self->members, end - CPIO_CHECK_SIZE, CPIO_CHECK_SIZE,
			"checksum-invalid", owner);
		if (self->wrong_sums++ == 0)
			buffer_add(&self->first_wrong, self->name.data, self->name.len);
	}
	members_add_metadata(&self->members, end, data_offset - end, "cpio-header", owner);
}

static enum status need(
	struct cpio *self, size_t want, const unsigned char **data, struct error *err)
{
	size_t len;
	enum status status = source_peek(self->source, want, data, &len, err);

	if (status == STATUS_OK && len < want)
		return error_set(err, STATUS_FORMAT, "cpio: truncated at %" PRIu64,
			self->source->offset + len);
	return status;
}

/* Zeros say nothing but where the next member lies. */
static enum status take_padding(struct cpio *self, uint64_t at, unsigned len, struct error *err)
{
	static const unsigned char zeros[4];
	const unsigned char *data;
	enum status status = need(self, len, &data, err);

	if (status != STATUS_OK)
		return status;
	members_add_metadata(&self->members, at, len,
		memcmp(data, zeros, len) == 0 ? "layout" : "padding", self->position - 1);
	return source_skip(self->source, len, err);
}

/* What is left of the member before, with its padding. */
static enum status finish_member(struct cpio *self, struct error *err)
{
	const struct cpio_header *header = &self->header;
	uint64_t data = self->begin + header->size + header->name_size, end;
	enum status status = STATUS_OK;
	unsigned padding;

	if (!self->has_header)
		return STATUS_OK;
	self->has_header = false;
	data += cpio_padding(header, data);
	end = data + header->file_size;
	padding = cpio_padding(header, end);
	if (self->source->offset < end)
		status = source_skip(self->source, end - self->source->offset, err);
	tell_header(self, data);
	if ((header->mode & S_IFMT) == S_IFLNK)
		members_add_metadata(
			&self->members, data, header->file_size, "link-target", self->position - 1);
	else
		members_add_content(&self->members, data, header->file_size, self->position - 1, 0);
	if (status == STATUS_OK)
		status = take_padding(self, end, padding, err);
	return status;
}

/* As writers make it, all zeros but one link: then it says nothing but where the end is. */
static bool is_usual_trailer(
	const struct cpio_header *header, const unsigned char *data, size_t all)
{
	static const struct cpio_header usual = {.links = 1};
	size_t end = header->size + header->name_size;

	for (; end < all; end++) {
		if (data[end] != 0)
			return false;
	}
	return header->inode == usual.inode && header->mode == usual.mode &&
		header->uid == usual.uid && header->gid == usual.gid &&
		header->links == usual.links && header->mtime == usual.mtime &&
		header->major == usual.major && header->minor == usual.minor &&
		header->device_major == usual.device_major &&
		header->device_minor == usual.device_minor &&
		header->file_size == usual.file_size && header->check == usual.check;
}

static enum status begin_behind(struct cpio *self)
{
	self->behind = (struct behind){
		.members = &self->members,
		.source = self->source,
		.fill_block = FILL_BLOCK,
	};
	return STATUS_END;
}

/* Reads a header and its name, and stands at the content. STATUS_END at the end mark. */
static enum status read_header(struct cpio *self, struct error *err)
{
	struct cpio_header *header = &self->header;
	const unsigned char *data;
	enum status status;
	size_t len, all;

	self->begin = self->source->offset;
	status = source_peek(self->source, CPIO_HEADER_SIZE_MAX, &data, &len, err);
	if (status != STATUS_OK)
		return status;
	if (len == 0)
		return error_set(err, STATUS_FORMAT, "cpio: ends without its end mark: truncated");
	if (!cpio_read_header(data, len, header))
		return error_set(err, STATUS_FORMAT, "cpio: no header at %" PRIu64, self->begin);
	if (header->name_size > self->name_bytes)
		return error_set(err, STATUS_LIMIT,
			"a name of more than %u bytes (--limit name-bytes)", self->name_bytes);
	all = header->size + header->name_size;
	all += cpio_padding(header, self->begin + all);
	status = need(self, all, &data, err);
	if (status != STATUS_OK)
		return status;
	if (cpio_is_trailer(header, data + header->size, header->name_size)) {
		members_add_structure(&self->members, self->begin, all,
			is_usual_trailer(header, data, all) ? "layout" : "end-mark");
		status = source_skip(self->source, all, err);
		return status == STATUS_OK ? begin_behind(self) : status;
	}
	buffer_clear(&self->name);
	len = header->name_size;
	if (data[header->size + len - 1] == '\0')
		len--;
	buffer_add(&self->name, data + header->size, len);
	buffer_clear(&self->odd);
	if (!cpio_is_usual(header, data, all))
		buffer_add(&self->odd, data, all);
	self->has_header = true;
	return source_skip(self->source, all, err);
}

/* A symbolic link's target is its content. */
static enum status add_target(struct cpio *self, struct member *member, struct error *err)
{
	uint64_t size = self->header.file_size;
	const unsigned char *data;
	enum status status;

	if (size > TARGET_SIZE)
		return error_set(err, STATUS_LIMIT, "cpio: a link target of more than %d bytes",
			TARGET_SIZE);
	status = need(self, (size_t)size, &data, err);
	if (status != STATUS_OK)
		return status;
	if (memchr(data, '\0', (size_t)size) == NULL)
		member_add_field(member, "link-target", "%.*s", (int)size, (const char *)data);
	else
		member_add_field_bytes(member, "link-target", data, (size_t)size);
	return STATUS_OK;
}

static enum status cpio_next(struct members *members, struct member *member, struct error *err)
{
	struct cpio *self = (struct cpio *)members;
	enum status status = STATUS_OK;
	uint32_t type;

	if (self->slice.is_open || self->behind.is_open)
		return error_set(err, STATUS_USAGE, "the member before is still open");
	self->has_content = false;
	if (self->behind.source == NULL) {
		status = finish_member(self, err);
		if (status == STATUS_OK)
			status = read_header(self, err);
	}
	if (self->behind.source != NULL)
		status = behind_next(&self->behind, self->position, member, err);
	if (status != STATUS_OK)
		return status;
	self->position++;
	if (self->behind.source != NULL)
		return STATUS_OK;
	self->slice = (struct slice){0};
	member_clear(member);
	member_set_name(member, buffer_text(&self->name), self->name.len);
	add_fields(&self->header, member);
	if (add_hard_link(self, member, err) < 0)
		return err->status;
	if (self->odd.len > 0)
		member_add_field_bytes(member, "header-form", self->odd.data, self->odd.len);
	type = self->header.mode & S_IFMT;
	if (type == S_IFLNK)
		return add_target(self, member, err);
	member->has_content = type == S_IFREG || self->header.file_size > 0;
	member->size = self->header.file_size;
	self->has_content = member->has_content;
	return STATUS_OK;
}

static enum status cpio_content(struct members *members, struct source **content, struct error *err)
{
	struct cpio *self = (struct cpio *)members;

	if (self->behind.source != NULL)
		return behind_open(&self->behind, content, err);
	if (!self->has_content || self->slice.is_open)
		return error_set(err, STATUS_USAGE, "there is no content to open");
	self->has_content = false;
	self->slice.is_summing = self->header.has_check;
	*content = slice_lend(&self->slice, self->source, self->header.file_size);
	return STATUS_OK;
}

static void cpio_describe(struct members *members, struct member *container)
{
	struct cpio *self = (struct cpio *)members;

	if (self->wrong_sums > 0)
		member_add_field(container, "checksum-invalid",
			"of %" PRIu64 " members, the first is %s", self->wrong_sums,
			buffer_text(&self->first_wrong));
}

static void cpio_free(struct members *members)
{
	struct cpio *self = (struct cpio *)members;

	buffer_release(&self->first_wrong);
	inode_map_release(&self->links);
	buffer_release(&self->name);
	buffer_release(&self->odd);
	free(self);
}

static const struct members_ops cpio_ops = {
	.next = cpio_next,
	.open = cpio_content,
	.describe = cpio_describe,
	.free = cpio_free,
};

static enum status cpio_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct cpio *self = xcalloc(1, sizeof(*self));

	(void)name, (void)err;
	self->members.ops = &cpio_ops;
	self->source = source;
	self->name_bytes = limits->name_bytes;
	*members = &self->members;
	return STATUS_OK;
}

const struct format format_cpio = {
	.name = "cpio",
	.order_field = "initrd-order",
	.is_unpacked = true,
	.bid_bytes = CPIO_HEADER_SIZE_MAX,
	.bid = cpio_bid,
	.open = cpio_open,
};
