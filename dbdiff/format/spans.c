/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/spans.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"

struct span {
	char *path;	  /* NULL where it is no member */
	const char *name; /* of the region then */
	enum region_kind kind;
	size_t start, offset, len, end;
};

/* The regions of one item, and of what is before it. */
static void tell(struct spans *spans, const struct span *span)
{
	struct members *members = &spans->members;

	members_add_structure(members, spans->told, span->start - spans->told, spans->between);
	spans->told = span->end;
	if (span->path == NULL) {
		members_add_region(members,
			&(struct region){.offset = span->offset,
				.len = span->len,
				.kind = span->kind,
				.name = span->name,
				.owner = REGION_NO_OWNER,
				.content_offset = REGION_PACKED});
		return;
	}
	members_add_metadata(
		members, span->start, span->offset - span->start, spans->around, spans->given);
	members_add_content(members, span->offset, span->len, spans->given, 0);
	members_add_metadata(members, span->offset + span->len,
		span->end - span->offset - span->len, spans->around, spans->given);
}

static enum status spans_next(struct members *members, struct member *member, struct error *err)
{
	struct spans *spans = (struct spans *)members;

	(void)err;
	while (spans->at < spans->count) {
		const struct span *span = &spans->items[spans->at++];

		tell(spans, span);
		if (span->path == NULL)
			continue;
		member_clear(member);
		member_set_name(member, span->path, strlen(span->path));
		member_add_field(member, "type", "value");
		member->has_content = true;
		member->size = span->len;
		spans->given++;
		return STATUS_OK;
	}
	members_add_structure(members, spans->told, spans->text.len - spans->told, spans->between);
	spans->told = spans->text.len;
	return STATUS_END;
}

static enum status spans_open(struct members *members, struct source **content, struct error *err)
{
	struct spans *spans = (struct spans *)members;
	const struct span *span;

	if (spans->at == 0)
		return error_set(err, STATUS_USAGE, "there is no content to open");
	span = &spans->items[spans->at - 1];
	*content = source_memory_new(spans->text.data + span->offset, span->len);
	return STATUS_OK;
}

static void spans_describe(struct members *members, struct member *container)
{
	struct spans *spans = (struct spans *)members;

	buffer_add(&container->fields, buffer_text(&spans->fields), spans->fields.len);
}

static void members_free(struct members *members)
{
	spans_free((struct spans *)members);
}

static const struct members_ops spans_ops = {
	.next = spans_next,
	.open = spans_open,
	.describe = spans_describe,
	.free = members_free,
};

void spans_free(struct spans *spans)
{
	for (size_t i = 0; i < spans->count; i++)
		free(spans->items[i].path);
	free(spans->items);
	buffer_release(&spans->text);
	buffer_release(&spans->fields);
	free(spans);
}

enum status spans_new(struct source *source, size_t most, const char *around, const char *between,
	struct spans **out, struct error *err)
{
	struct spans *spans = xcalloc(1, sizeof(*spans));
	const unsigned char *data;
	enum status status;
	size_t len;

	spans->members.ops = &spans_ops;
	spans->around = around;
	spans->between = between;
	buffer_reserve(&spans->text, 1);
	do {
		status = source_peek(source, 1, &data, &len, err);
		if (status == STATUS_OK && len > most - spans->text.len)
			status = error_set(
				err, STATUS_LIMIT, "more than %zu bytes of this text", most);
		if (status == STATUS_OK && len > 0) {
			buffer_add(&spans->text, data, len);
			status = source_skip(source, len, err);
		}
	} while (status == STATUS_OK && len > 0);
	if (status != STATUS_OK) {
		spans_free(spans);
		return status;
	}
	*out = spans;
	return STATUS_OK;
}

/* With a path of its own, or NULL. */
static void add(struct spans *spans, const char *path, const struct span *span)
{
	if (!kept_add(&spans->kept, KEPT_EACH + (path != NULL ? strlen(path) : 0)))
		return;
	ARRAY_GROW(spans->items, spans->count, spans->capacity);
	spans->items[spans->count] = *span;
	if (path != NULL)
		spans->items[spans->count].path = xstrdup(path);
	spans->count++;
}

void spans_add(
	struct spans *spans, const char *path, size_t start, size_t offset, size_t len, size_t end)
{
	add(spans, path, &(struct span){NULL, NULL, REGION_CONTENT, start, offset, len, end});
}

void spans_add_derived(struct spans *spans, const char *name, size_t offset, size_t len)
{
	add(spans, NULL,
		&(struct span){NULL, name, REGION_DERIVED, offset, offset, len, offset + len});
}

void spans_add_structure(struct spans *spans, const char *name, size_t offset, size_t len)
{
	add(spans, NULL,
		&(struct span){NULL, name, REGION_STRUCTURE, offset, offset, len, offset + len});
}

static int by_start(const void *a, const void *b)
{
	const struct span *span_a = a, *span_b = b;

	return span_a->start < span_b->start ? -1 : span_a->start > span_b->start;
}

void spans_sort(struct spans *spans)
{
	if (spans->count > 1)
		qsort(spans->items, spans->count, sizeof(spans->items[0]), by_start);
}
