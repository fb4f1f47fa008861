/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/walk.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/alloc.h"
#include "dbdiff/container.h"
#include "dbdiff/fields.h"
#include "dbdiff/regions.h"
#include "dbdiff/walk_leaf.h"

/* What came of reading one member. */
struct finding {
	bool inspected;
	bool is_read;
	const char *format;
	char *reason;
};

/* A damaged or costly container is a finding about the artifact; anything else is trouble here. */
static bool is_finding(enum status status)
{
	return status == STATUS_FORMAT || status == STATUS_LIMIT || status == STATUS_UNSUPPORTED ||
		status == STATUS_NOT_FOUND;
}

static enum status find(struct finding *finding, enum status status, const struct error *err)
{
	if (status >= 0)
		return STATUS_OK;
	if (!is_finding(status))
		return status;
	if (finding->inspected)
		finding->reason = xstrdup(err->text);
	finding->inspected = false;
	return STATUS_OK;
}

static enum status walk_content(struct walk *walk, struct source *content,
	const struct source *packed, struct index_row *row, unsigned depth, struct error *err);

static enum status check_member(struct walk *walk, const struct member *member, struct error *err)
{
	const struct limits *limits = walk->budget.limits;

	if (++walk->budget.members > limits->members)
		return error_set(err, STATUS_LIMIT,
			"more than %" PRIu64 " members (--limit members)", limits->members);
	if (member->path.len > limits->name_bytes)
		return error_set(err, STATUS_LIMIT,
			"a name of more than %u bytes (--limit name-bytes)", limits->name_bytes);
	return STATUS_OK;
}

/* Reads and records one member; `packed` is the container's bytes. */
static enum status walk_member(struct walk *walk, struct members *members, struct member *member,
	struct index_row *row, const struct source *packed, unsigned depth, struct error *err)
{
	const struct closed_way *closed = closed_find(walk->setup->closed, walk->way);
	struct source *content = NULL;
	char *path = xstrndup(buffer_text(&member->path), member->path.len);
	enum status status = STATUS_OK;

	fields_sort(&member->fields, member->has_content ? "size" : NULL);
	row->path = path;
	row->path_len = member->path.len;
	row->fields = buffer_text(&member->fields);
	row->fields_len = member->fields.len;
	row->has_content = member->has_content;
	row->inspected = true;
	if (!member->has_content) {
		status = index_add(walk->index, row, err);
		goto out;
	}
	if (closed != NULL && closed->is_unread)
		status = error_set(err, STATUS_LIMIT, "%s", closed->reason);
	else
		status = members->ops->open(members, &content, err);
	if (is_finding(status)) {
		row->inspected = false;
		row->reason = err->text;
		status = index_add(walk->index, row, err);
	} else if (status == STATUS_OK) {
		status = walk_content(walk, content, packed, row, depth, err);
	}
out:
	source_free(content);
	free(path);
	return status;
}

static enum status walk_members(struct walk *walk, struct members *members, int64_t container,
	const struct source *packed, unsigned depth, struct error *err)
{
	struct member member = {0};
	enum status status;

	for (int64_t position = 0;; position++) {
		struct index_row row = {.container = container, .position = position};

		member_clear(&member);
		status = members->ops->next(members, &member, err);
		if (status == STATUS_OK)
			status = check_member(walk, &member, err);
		if (status != STATUS_OK)
			break;
		row.id = ++walk->last_id;
		way_enter(walk->way, depth - 1, (uint64_t)position);
		status = walk_member(walk, members, &member, &row, packed, depth, err);
		way_leave(walk->way, depth - 1);
		if (status != STATUS_OK) {
			/* Never taken for a finding about the container: that is recorded already.
			 */
			if (is_finding(status))
				status = error_set(
					err, STATUS_IO, "walk: a member was not recorded");
			break;
		}
	}
	member_release(&member);
	return status;
}

/* What a format bids on, unless it is too deep; a leaf is fine at any depth. */
static enum status open_container(struct walk *walk, struct tap *tap, const struct index_row *row,
	unsigned depth, struct container *container, struct error *err)
{
	const struct closed_way *closed = closed_find(walk->setup->closed, walk->way);
	const struct limits *limits = walk->budget.limits;
	const struct unpack_room room = {
		.pool = walk->setup->pool,
		.place = row->id == INDEX_ARTIFACT_ID ? SPOOL_OUTERMOST : SPOOL_AHEAD,
		.costs = &walk->costs,
	};
	enum status status;

	if (closed != NULL)
		return error_set(err, STATUS_LIMIT, "%s", closed->reason);
	status = container_find(container, &tap->source, row->path, err);
	if (status != STATUS_OK || container->format == NULL ||
		(container->format->is_lazy && !walk->with_lazy))
		return status;
	if (depth >= limits->depth)
		return error_set(err, STATUS_LIMIT,
			"more than %u containers inside each other (--limit depth)", limits->depth);
	walk->way->stage = WAY_READING;
	status = container_spool(container, &tap->source, row->path, walk->setup->pool,
		row->id == INDEX_ARTIFACT_ID + 1 ? SPOOL_OUTERMOST : SPOOL_NESTED, limits, err);
	walk->way->stage = WAY_OPENING;
	return status == STATUS_OK ? container_open(container, row->path, &room, limits, err)
				   : status;
}

/* Reads a container, with its regions, and adds what it says of itself to `fields`. */
static enum status walk_container(struct walk *walk, struct members *members,
	const struct index_row *row, const struct source *packed, unsigned depth,
	struct buffer *fields, struct error *err)
{
	struct region_sink sink = {
		.index = walk->index,
		.container = row->id,
		.left = &walk->regions_left,
		.sameness = !walk->is_stream && row->has_place ? walk->setup->sameness : NULL,
		.place = row->place,
	};
	struct member container = {0};
	struct error sink_error = {0};
	enum status status;

	walk->way->stage = WAY_INSIDE;
	members->regions = &sink;
	status = walk_members(walk, members, row->id, packed, depth, err);
	if (members->ops->describe != NULL)
		members->ops->describe(members, &container);
	members->regions = NULL;
	if (region_sink_finish(&sink, &sink_error) < 0 && status >= 0) {
		*err = sink_error;
		status = sink_error.status;
	}
	buffer_add(fields, buffer_text(&container.fields), container.fields.len);
	fields_sort(fields, NULL);
	member_release(&container);
	return status;
}

static enum status record(struct walk *walk, struct tap *tap, struct index_row *row,
	struct finding *finding, struct error *err)
{
	enum status status;

	row->is_read = finding->is_read;
	row->is_hashed = finding->is_read && tap->is_hashing;
	row->size = tap->source.offset;
	if (row->is_hashed)
		tap_finish(tap, &row->sha256);
	row->format = finding->format;
	row->inspected = finding->inspected;
	row->reason = finding->reason;
	status = index_add(walk->index, row, err);
	if (status == STATUS_OK && row->is_hashed && tap->blocks.len > 0)
		status = index_add_blocks(
			walk->index, row->id, tap->blocks.data, tap->blocks.len, err);
	return status;
}

/*
 * What an outermost stream holds is left in the first spool for whoever counts bytes, if it is not
 * there already.
 */
static void copy_outermost(const struct walk *walk, struct tap *tap, const struct index_row *row)
{
	struct spool_pool *pool = walk->setup->pool;
	uint64_t offset;

	if (walk->is_stream && row->id == INDEX_ARTIFACT_ID + 1 && pool != NULL &&
		pool->count > 0 && !source_can_seek(&tap->source) && tap->source.offset == 0 &&
		source_file(&tap->source, &offset) != pool->fds[0] &&
		ftruncate(pool->fds[0], 0) == 0)
		tap_copy_to(tap, pool->fds[0]);
}

static void begin_artifact(struct walk *walk, struct index_row *row, const struct format *format)
{
	walk->is_stream = format->is_stream;
	if (walk->is_stream) {
		walk->base = NULL;
		row->has_place = false;
	}
}

/* A container that was opened, before anything of it is read. */
static enum status walk_opened(struct walk *walk, struct tap *tap, struct index_row *row,
	struct container *container, unsigned depth, struct buffer *fields, struct error *err)
{
	bool is_outermost = walk->is_stream && row->id == INDEX_ARTIFACT_ID + 1;
	enum status status;

	if (walk->setup->spares_hashes && (row->has_place || row->id == INDEX_ARTIFACT_ID))
		tap_stop_hashing(tap);
	if (is_outermost)
		walk->base = container->spooled;
	status = walk_container(
		walk, container->members, row, container->source, depth + 1, fields, err);
	if (is_outermost)
		walk->base = NULL;
	return status;
}

/* Opens it and goes through it; what is wrong with it is a finding. */
static enum status walk_inside(struct walk *walk, struct tap *tap, struct index_row *row,
	unsigned depth, struct finding *finding, struct buffer *fields, struct error *err)
{
	struct container container = {0};
	enum status status;

	status = open_container(walk, tap, row, depth, &container, err);
	if (status == STATUS_OK && container.members != NULL && row->id == INDEX_ARTIFACT_ID)
		begin_artifact(walk, row, container.format);
	if (status == STATUS_OK && container.spooled == NULL)
		copy_outermost(walk, tap, row);
	if (status == STATUS_OK && container.members != NULL)
		status = walk_opened(walk, tap, row, &container, depth, fields, err);
	if (container.members != NULL)
		finding->format = container.format->name;
	else if (status == STATUS_OK && container.format != NULL)
		row->lazy = container.format->name;
	status = find(finding, status, err);
	container_close(&container);
	return status;
}

/* The other side has the same bytes there; what it takes them for is compared by their place. */
static bool is_spared(
	const struct walk *walk, const struct source *content, const struct index_row *row)
{
	return walk->setup->sameness != NULL && !walk->is_stream && row->has_place &&
		row->id != INDEX_ARTIFACT_ID && content->size > 0 &&
		content->size != SOURCE_SIZE_UNKNOWN &&
		sameness_covers(walk->setup->sameness, row->place, content->size);
}

static enum status record_spared(
	struct walk *walk, const struct source *content, struct index_row *row, struct error *err)
{
	row->is_read = true;
	row->size = content->size;
	return index_add(walk->index, row, err);
}

static enum status walk_content(struct walk *walk, struct source *content,
	const struct source *packed, struct index_row *row, unsigned depth, struct error *err)
{
	struct finding finding = {.inspected = true};
	struct buffer fields = {0};
	enum status status;
	struct tap tap;

	row->has_place = walk->base != NULL && source_place(content, walk->base, &row->place);
	if (is_spared(walk, content, row))
		return record_spared(walk, content, row, err);
	buffer_add(&fields, row->fields, row->fields_len);
	tap_init(&tap, content, &walk->budget, packed, true);
	status = walk_inside(walk, &tap, row, depth, &finding, &fields, err);
	if (status != STATUS_OK)
		goto out;
	row->fields = buffer_text(&fields);
	row->fields_len = fields.len;
	walk->way->stage = WAY_READING;
	status = tap_drain(&tap, err);
	finding.is_read = status == STATUS_OK;
	status = find(&finding, status, err);
	if (status == STATUS_OK)
		status = record(walk, &tap, row, &finding, err);
out:
	free(finding.reason);
	buffer_release(&fields);
	tap_release(&tap);
	return status;
}

enum status walk_leaf(struct walk *walk, struct source *content, const struct source *packed,
	struct index_row *row, unsigned depth, struct error *err)
{
	struct finding finding = {.inspected = true};
	struct buffer fields = {0};
	enum status status;
	struct tap tap;

	tap_init(&tap, content, &walk->budget, packed, false);
	status = walk_inside(walk, &tap, row, depth, &finding, &fields, err);
	if (status == STATUS_OK && (finding.format != NULL || !finding.inspected)) {
		row->format = finding.format;
		row->inspected = finding.inspected;
		row->reason = finding.reason;
		row->fields = buffer_text(&fields);
		row->fields_len = fields.len;
		status = index_open_leaf(walk->index, row, err);
	}
	free(finding.reason);
	buffer_release(&fields);
	tap_release(&tap);
	return status;
}

enum status walk_index(struct source *source, const char *name, const struct limits *limits,
	const struct walk_setup *setup, struct index *index, struct error *err)
{
	static const struct walk_setup no_setup;
	struct way way = {0};
	struct walk walk = {
		.setup = setup != NULL ? setup : &no_setup,
		.way = setup != NULL && setup->way != NULL ? setup->way : &way,
		.index = index,
		.budget = {.limits = limits},
		.last_id = INDEX_ARTIFACT_ID,
		.base = source,
		.regions_left = limits->members * WALK_REGIONS_PER_MEMBER,
	};
	struct index_row row = {
		.id = INDEX_ARTIFACT_ID,
		.path = name,
		.path_len = strlen(name),
		.has_content = true,
	};

	return walk_content(&walk, source, NULL, &row, 0, err);
}
