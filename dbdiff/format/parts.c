/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/parts.h"

#include <inttypes.h>

#include "base/alloc.h"

static const struct members_ops parts_ops;

struct parts *parts_new(struct source *source)
{
	struct parts *parts = xcalloc(1, sizeof(*parts));

	parts->members.ops = &parts_ops;
	parts->source = source;
	return parts;
}

static void release_part(struct part *part)
{
	free(part->path);
	free(part->detail);
	buffer_release(&part->fields);
}

void parts_free(struct members *members)
{
	struct parts *parts = (struct parts *)members;

	for (size_t i = 0; i < parts->count; i++)
		release_part(&parts->items[i]);
	free(parts->items);
	buffer_release(&parts->fields);
	text_list_release(&parts->names);
	free(parts);
}

enum status parts_read_all(
	struct parts *parts, size_t most, unsigned char **data, struct error *err)
{
	uint64_t size = parts->source->size;
	enum status status;

	if (size > most)
		return error_set(err, STATUS_LIMIT, "%" PRIu64 " bytes, more than %zu", size, most);
	*data = xmalloc((size_t)size + 1);
	status = source_pread(parts->source, 0, *data, (size_t)size, err);
	if (status < 0) {
		free(*data);
		*data = NULL;
	}
	return status;
}

struct part *parts_add(struct parts *parts, enum region_kind kind, const char *region,
	uint64_t offset, uint64_t len)
{
	struct part *part;

	if (parts->count > PARTS_MAX)
		release_part(&parts->items[--parts->count]);
	ARRAY_GROW(parts->items, parts->count, parts->capacity);
	part = &parts->items[parts->count];
	*part = (struct part){
		.offset = offset,
		.len = len,
		.kind = kind,
		.region = region,
		.added = parts->count,
	};
	parts->count++;
	return part;
}

struct part *parts_add_member(struct parts *parts, const char *path, uint64_t offset, uint64_t len)
{
	struct part *part = parts_add(parts, REGION_CONTENT, "data", offset, len);

	parts_set_path(parts, part, path);
	part->has_content = true;
	return part;
}

void parts_set_path(struct parts *parts, struct part *part, const char *path)
{
	part->path = xstrdup(kept_add(&parts->kept, strlen(path)) ? path : "");
}

const char *parts_keep(struct parts *parts, const char *name)
{
	if (!kept_add(&parts->kept, KEPT_EACH + strlen(name)))
		return "";
	text_list_add(&parts->names, name);
	return parts->names.items[parts->names.count - 1];
}

void parts_add_metadata(
	struct parts *parts, const char *region, uint64_t offset, uint64_t len, size_t owner)
{
	parts_add(parts, REGION_METADATA, region, offset, len)->owner = owner;
}

void parts_add_field(
	struct parts *parts, struct part *part, const char *name, const char *format, ...)
{
	struct buffer *fields = part != NULL ? &part->fields : &parts->fields;
	size_t before = fields->len;
	va_list arguments;

	if (parts->kept.is_over)
		return;
	buffer_add(fields, name, strlen(name) + 1);
	va_start(arguments, format);
	buffer_add_vformat(fields, format, arguments);
	va_end(arguments);
	buffer_add_char(fields, '\0');
	if (!kept_add(&parts->kept, fields->len - before))
		buffer_truncate(fields, before);
}

void parts_add_field_bytes(
	struct parts *parts, struct part *part, const char *name, const void *value, size_t len)
{
	struct member member = {0};
	struct buffer *fields = part != NULL ? &part->fields : &parts->fields;

	if (parts->kept.is_over)
		return;
	member_add_field_bytes(&member, name, value, len);
	if (kept_add(&parts->kept, member.fields.len))
		buffer_add(fields, member.fields.data, member.fields.len);
	member_release(&member);
}

/* By place; what has no bytes in front of what has. */
static int compare_parts(const void *a, const void *b)
{
	const struct part *one = a, *other = b;

	if (one->offset != other->offset)
		return one->offset < other->offset ? -1 : 1;
	if ((one->len == 0) != (other->len == 0))
		return one->len == 0 ? -1 : 1;
	return one->added < other->added ? -1 : 1;
}

static void sort(struct parts *parts)
{
	if (parts->count > 1)
		qsort(parts->items, parts->count, sizeof(parts->items[0]), compare_parts);
}

enum status parts_check(const struct parts *parts, struct error *err)
{
	if (parts->count > PARTS_MAX)
		return error_set(err, STATUS_LIMIT, "more than %d parts", PARTS_MAX);
	return kept_check(&parts->kept, err);
}

static enum status check(const struct parts *parts, struct error *err)
{
	uint64_t size = parts->source->size, end = 0;

	if (parts_check(parts, err) < 0)
		return err->status;
	for (size_t i = 0; i < parts->count; i++) {
		const struct part *part = &parts->items[i];

		if (part->len == 0)
			continue;
		if (part->offset > size || part->len > size - part->offset)
			return error_set(err, STATUS_FORMAT,
				"short read: %s at %" PRIu64 " has %" PRIu64
				" bytes, and the whole %" PRIu64,
				part->path != NULL ? part->path : part->region, part->offset,
				part->len, size);
		if (part->offset < end)
			return error_set(err, STATUS_FORMAT,
				"%s at %" PRIu64 " overlaps another part",
				part->path != NULL ? part->path : part->region, part->offset);
		end = part->offset + part->len;
	}
	return STATUS_OK;
}

enum status parts_fill(
	struct parts *parts, const char *region, uint64_t from, uint64_t to, struct error *err)
{
	size_t count = parts->count;
	enum status status;

	sort(parts);
	status = check(parts, err);
	if (status < 0)
		return status;
	for (size_t i = 0; i < count && from < to; i++) {
		uint64_t offset = parts->items[i].offset, len = parts->items[i].len;

		if (len == 0 || offset + len <= from)
			continue;
		if (offset > from)
			parts_add(parts, REGION_STRUCTURE, region, from,
				(offset < to ? offset : to) - from);
		from = offset + len;
	}
	if (from < to)
		parts_add(parts, REGION_STRUCTURE, region, from, to - from);
	return STATUS_OK;
}

/* Members' positions, and with them the owners' of their metadata. */
static void number(struct parts *parts)
{
	int64_t *positions = xcalloc(parts->count + 1, sizeof(positions[0]));
	int64_t position = 0;

	for (size_t i = 0; i < parts->count; i++) {
		struct part *part = &parts->items[i];

		if (part->path != NULL)
			positions[part->added] = part->position = position++;
	}
	for (size_t i = 0; i < parts->count; i++) {
		if (parts->items[i].kind == REGION_METADATA)
			parts->items[i].position = positions[parts->items[i].owner];
	}
	free(positions);
}

enum status parts_finish(struct parts *parts, struct members **members, struct error *err)
{
	enum status status = parts_fill(parts, "padding", 0, parts->source->size, err);

	if (status < 0) {
		parts_free(&parts->members);
		return status;
	}
	sort(parts);
	number(parts);
	*members = &parts->members;
	return STATUS_OK;
}

static void add_region(struct parts *parts, const struct part *part)
{
	bool is_owned = part->path != NULL || part->kind == REGION_METADATA;

	members_add_region(&parts->members,
		&(struct region){
			.offset = part->offset,
			.len = part->len,
			.kind = part->kind,
			.name = part->region,
			.owner = is_owned ? part->position : REGION_NO_OWNER,
			.content_offset = part->path != NULL ? 0 : REGION_PACKED,
			.detail = part->detail,
		});
}

static enum status parts_next(struct members *members, struct member *member, struct error *err)
{
	struct parts *parts = (struct parts *)members;

	(void)err;
	while (parts->at < parts->count) {
		const struct part *part = &parts->items[parts->at++];

		add_region(parts, part);
		if (part->path == NULL)
			continue;
		parts->current = part;
		member_set_name(member, part->path, strlen(part->path));
		buffer_add(&member->fields, buffer_text(&part->fields), part->fields.len);
		member->has_content = part->has_content;
		if (part->has_content) {
			member->size = part->len;
			member_add_field(member, "size", "%" PRIu64, part->len);
		}
		return STATUS_OK;
	}
	parts->current = NULL;
	return STATUS_END;
}

static enum status parts_open(struct members *members, struct source **content, struct error *err)
{
	struct parts *parts = (struct parts *)members;

	if (parts->current == NULL || !parts->current->has_content)
		return error_set(err, STATUS_USAGE, "no member with content");
	*content = source_range_new(parts->source, parts->current->offset, parts->current->len);
	return STATUS_OK;
}

static void parts_describe(struct members *members, struct member *container)
{
	struct parts *parts = (struct parts *)members;

	buffer_add(&container->fields, buffer_text(&parts->fields), parts->fields.len);
}

static const struct members_ops parts_ops = {
	.next = parts_next,
	.open = parts_open,
	.describe = parts_describe,
	.free = parts_free,
};
