/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/resolve.h"

#include <string.h>

#include "dbdiff/causes.h"
#include "dbdiff/fields.h"

/* Members inside each other that a byte can be in; deeper ones answer for what they hold. */
#define NESTING_MOST 64

/* A place on the way down: bytes [start, end) of the artifact are those of `content` from `at` on.
 */
struct way {
	int64_t container, position; /* the member whose content it is */
	uint64_t at;		     /* of the byte in question, in that content */
	uint64_t before;	     /* bytes before it that have the same answer so far */
	uint64_t behind;	     /* from it on, likewise */
};

static void narrow(struct way *way, uint64_t start, uint64_t len)
{
	uint64_t before = way->at - start;
	uint64_t behind = len - before;

	if (before < way->before)
		way->before = before;
	if (behind < way->behind)
		way->behind = behind;
}

static void set_name(struct span *span, const struct region_row *region)
{
	buffer_add_text(&span->name, region->name);
	if (region->detail != NULL)
		buffer_add_text(&span->detail, region->detail);
}

/* The span is of a member, whose findings are `range`. */
static enum status set_member(
	struct resolver *resolver, const struct finding_range *range, struct error *err)
{
	struct span *span = &resolver->span;
	struct buffer cause = {0};
	enum status status;
	int64_t id;

	span->kind = SPAN_MEMBER;
	span->findings = *range;
	status = findings_main_cause(resolver->findings, range, &cause, &id, err);
	span->is_unexplained = cause.len == 0 || strcmp(buffer_text(&cause), UNEXPLAINED) == 0;
	buffer_release(&cause);
	return status;
}

/* The bytes of a member that differs and that nobody opened: its claims, if it has some. */
static enum status answer_leaf(struct resolver *resolver, struct way *way, bool is_verbatim,
	const struct finding_range *range, struct error *err)
{
	struct span *span = &resolver->span;
	enum status status = set_member(resolver, range, err);
	uint64_t end;

	if (status < 0 || !is_verbatim || range->first != range->last)
		return status;
	status = findings_find_claim(resolver->findings, range->first, resolver->side, way->at,
		&span->claimed, &end, err);
	if (status == STATUS_OK) {
		/* What lies before may be of another claim. */
		way->before = 0;
		if (end - way->at < way->behind)
			way->behind = end - way->at;
		if (span->claimed.len > 0)
			span->is_unexplained = false;
	}
	return status < 0 ? status : STATUS_OK;
}

/*
 * Of a container that one side could not read whole, nobody knows what the members behind the break
 * were on that side: nothing there only lies elsewhere, is stored in another form, or follows.
 */
static bool says_something(const struct opened_pair *pair, const struct region_row *region)
{
	if (!pair->is_partial)
		return true;
	return (region->kind == REGION_STRUCTURE || region->kind == REGION_METADATA) &&
		strcmp(field_find(region->name)->cause, UNEXPLAINED) == 0;
}

/* A region of the container's own: it is told of when both sides opened the container. */
static enum status answer_structure(struct resolver *resolver, int64_t container,
	const struct region_row *region, struct error *err)
{
	static const enum span_kind kinds[] = {
		[REGION_CONTENT] = SPAN_ELSEWHERE,
		[REGION_METADATA] = SPAN_STRUCTURE,
		[REGION_STRUCTURE] = SPAN_STRUCTURE,
		[REGION_DERIVED] = SPAN_DERIVED,
		[REGION_WRAPPER] = SPAN_WRAPPER,
	};
	struct span *span = &resolver->span;
	struct opened_pair pair = {0};
	enum status status;

	status = findings_find_opened(resolver->findings, resolver->side, container, &pair, err);
	if (status == STATUS_OK && says_something(&pair, region)) {
		span->kind = kinds[region->kind];
		span->container = container;
		set_name(span, region);
		if (span->kind == SPAN_STRUCTURE) {
			const struct field *row = field_find(region->name);

			span->is_unexplained = strcmp(row->cause, UNEXPLAINED) == 0;
			span->is_room = row->weight == FIELD_ROOM;
		}
	}
	buffer_release(&pair.path);
	return status < 0 ? status : STATUS_OK;
}

/* Bytes of a member's record that none of its fields stands for: they differ on their own. */
static bool is_room(const struct region_row *region)
{
	return region->kind == REGION_METADATA && field_find(region->name)->weight == FIELD_ROOM;
}

/* The first of those that share the bytes of which something is told. */
static enum status find_owner(struct resolver *resolver, int64_t container, uint64_t at,
	struct region_row *region, struct finding_range *range, struct error *err)
{
	uint64_t start = region->start;

	for (int64_t sharer = 0;; sharer++) {
		enum status status = STATUS_OK;

		if (sharer > 0)
			status = index_region_at(
				resolver->index, container, at, sharer, region, err);
		if (status != STATUS_OK || region->start != start)
			return status < 0 ? status : STATUS_END;
		if (region->owner == REGION_NO_OWNER)
			return STATUS_END;
		status = findings_find_place(
			resolver->findings, resolver->side, container, region->owner, range, err);
		if (status < 0)
			return status;
		if (status == STATUS_OK && (range->content || region->kind == REGION_METADATA))
			return STATUS_OK;
	}
}

/* The content of a container may be in pieces: this says where the one is that the way is in. */
static void enter(struct resolver *resolver, const struct way *way, int64_t id)
{
	uint64_t offset = resolver->offset;

	resolver->inner = (struct inner){.container = 0};
	/* Behind its own beginning nothing of it can lie before the artifact's. */
	if (way->at <= offset)
		resolver->inner = (struct inner){
			.container = id,
			.base = offset - way->at,
			.start = offset - way->before,
			.end = offset + way->behind,
		};
}

/*
 * One level down: the region of the opened container `id` at way->at. STATUS_OK with *deeper when
 * the byte is in the content of a member that may be opened itself.
 */
static enum status step_down(
	struct resolver *resolver, struct way *way, int64_t id, bool *deeper, struct error *err)
{
	struct region_row region;
	struct finding_range range;
	enum status status;
	uint64_t start;

	*deeper = false;
	enter(resolver, way, id);
	status = index_region_at(resolver->index, id, way->at, 0, &region, err);
	if (status < 0)
		return status;
	if (status == STATUS_END) {
		way->before = 0;
		return STATUS_OK;
	}
	if (region.start > way->at) {
		way->before = 0;
		if (region.start - way->at < way->behind)
			way->behind = region.start - way->at;
		return STATUS_OK;
	}
	narrow(way, region.start, region.len);
	start = region.start;
	if (region.kind == REGION_CONTENT && region.content_offset != REGION_PACKED) {
		*deeper = true;
		way->container = id;
		way->position = region.owner;
		way->at = way->at - start + region.content_offset;
		return STATUS_OK;
	}
	if (region.kind != REGION_WRAPPER && region.kind != REGION_DERIVED && !is_room(&region)) {
		struct region_row owned = region;

		status = find_owner(resolver, id, way->at, &owned, &range, err);
		if (status < 0)
			return status;
		if (status == STATUS_OK)
			return set_member(resolver, &range, err);
		status = index_region_at(resolver->index, id, way->at, 0, &region, err);
		if (status < 0)
			return status;
		if (region.kind == REGION_CONTENT) {
			region.name = "packed-data";
			resolver->span.packed = (struct packed){region.start, region.len};
		}
	}
	return answer_structure(resolver, id, &region, err);
}

/* The way came to a member's content: is it told of, is it opened, is it the same? */
static enum status answer_content(
	struct resolver *resolver, struct way *way, int64_t *opened, struct error *err)
{
	struct finding_range range;
	enum status status;

	*opened = 0;
	status = findings_find_place(
		resolver->findings, resolver->side, way->container, way->position, &range, err);
	if (status < 0)
		return status;
	if (status == STATUS_END || !range.content) {
		/* The same on both sides, so that it lies elsewhere. */
		struct region_row region = {.kind = REGION_CONTENT, .name = "layout"};

		return answer_structure(resolver, way->container, &region, err);
	}
	status = index_opened_at(resolver->index, way->container, way->position, opened, err);
	if (status == STATUS_OK) {
		struct opened_pair pair = {0};

		status = findings_find_opened(
			resolver->findings, resolver->side, *opened, &pair, err);
		buffer_release(&pair.path);
	}
	if (status != STATUS_END)
		return status;
	/* Not opened on both sides as the same: the member itself is what differs. */
	*opened = 0;
	return answer_leaf(resolver, way, true, &range, err);
}

enum status resolve(struct resolver *resolver, uint64_t offset, struct error *err)
{
	struct span *span = &resolver->span;
	struct way way = {
		.container = resolver->container,
		.position = resolver->position,
		.at = offset,
		.before = offset,
		.behind = resolver->size - offset,
	};
	enum status status = STATUS_OK;
	bool deeper = true;

	if (offset >= span->start && offset < span->end)
		return STATUS_OK;
	resolver->offset = offset;
	span->kind = SPAN_NOBODY;
	span->is_unexplained = false;
	span->is_room = false;
	span->packed.len = 0;
	buffer_clear(&span->claimed);
	buffer_clear(&span->name);
	buffer_clear(&span->detail);
	for (int depth = 0; deeper && depth < NESTING_MOST && status == STATUS_OK; depth++) {
		int64_t opened;

		status = answer_content(resolver, &way, &opened, err);
		deeper = opened != 0;
		if (status == STATUS_OK && deeper)
			status = step_down(resolver, &way, opened, &deeper, err);
	}
	span->start = offset - way.before;
	span->end = offset + way.behind;
	return status;
}

void resolver_release(struct resolver *resolver)
{
	buffer_release(&resolver->span.claimed);
	buffer_release(&resolver->span.name);
	buffer_release(&resolver->span.detail);
}
