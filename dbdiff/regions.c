/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/regions.h"

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool follows(const struct region *last, const struct region *next)
{
	if (last->is_shared || next->is_shared || last->offset + last->len != next->offset ||
		last->kind != next->kind || last->owner != next->owner ||
		!same_text(last->name, next->name) || !same_text(last->detail, next->detail))
		return false;
	if (last->content_offset == REGION_PACKED || next->content_offset == REGION_PACKED)
		return last->content_offset == next->content_offset;
	return last->content_offset + last->len == next->content_offset;
}

/*
 * Contents are kept, and what is told of one: by these what differs in a member is found on both
 * sides alike.
 */
static bool is_left_out(const struct region_sink *sink, const struct region *region)
{
	bool is_own = region->kind == REGION_METADATA || region->kind == REGION_STRUCTURE ||
		(region->kind == REGION_DERIVED && region->content_offset == REGION_PACKED);

	return sink->sameness != NULL && is_own && region->offset <= UINT64_MAX - sink->place &&
		sameness_covers(sink->sameness, sink->place + region->offset, region->len);
}

static void write_last(struct region_sink *sink)
{
	if (sink->last.len == 0 || sink->error.status < 0 || is_left_out(sink, &sink->last))
		return;
	if (*sink->left == 0) {
		error_set(&sink->error, STATUS_LIMIT, "more regions than an artifact may have");
		return;
	}
	--*sink->left;
	index_add_region(sink->index, sink->container, &sink->last, &sink->error);
}

static const char *keep(struct buffer *buffer, const char *text)
{
	buffer_clear(buffer);
	if (text != NULL)
		buffer_add_text(buffer, text);
	return text != NULL ? buffer_text(buffer) : NULL;
}

void region_sink_take(struct region_sink *sink, const struct region *region)
{
	if (region->offset > INT64_MAX || region->len > INT64_MAX - region->offset)
		return;
	if (sink->last.len > 0 && follows(&sink->last, region)) {
		sink->last.len += region->len;
		return;
	}
	write_last(sink);
	sink->last = *region;
	sink->last.name = keep(&sink->name, region->name);
	sink->last.detail = keep(&sink->detail, region->detail);
}

enum status region_sink_finish(struct region_sink *sink, struct error *err)
{
	write_last(sink);
	buffer_release(&sink->name);
	buffer_release(&sink->detail);
	if (sink->error.status < 0)
		*err = sink->error;
	return sink->error.status;
}
