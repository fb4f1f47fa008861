/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "dbdiff/container.h"
#include "dbdiff/format/stream.h"
#include "dbdiff/walk_leaf.h"

struct capture {
	struct walk walk; /* for what is inside leaves; its budget is that of all */
	const struct wanted *items;
	size_t count;
	int out_fd;
};

int wanted_compare(const void *a, const void *b)
{
	const struct wanted *wanted_a = a;
	const struct wanted *wanted_b = b;

	if (wanted_a->container != wanted_b->container)
		return wanted_a->container < wanted_b->container ? -1 : 1;
	if (wanted_a->position != wanted_b->position)
		return wanted_a->position < wanted_b->position ? -1 : 1;
	return (wanted_a->offset > wanted_b->offset) - (wanted_a->offset < wanted_b->offset);
}

static enum status write_all(int fd, const void *data, size_t len, struct error *err)
{
	const char *at = data;

	while (len > 0) {
		ssize_t written = write(fd, at, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return error_set_errno(err, "cannot write a temporary file");
		at += written;
		len -= (size_t)written;
	}
	return STATUS_OK;
}

/* Not past the end: there a stretch is empty. */
static enum status skip_to(struct source *content, uint64_t offset, struct error *err)
{
	const unsigned char *data;
	enum status status = STATUS_OK;
	size_t len = 1;

	if (content->size != SOURCE_SIZE_UNKNOWN)
		return source_skip(content,
			(offset < content->size ? offset : content->size) - content->offset, err);
	while (status == STATUS_OK && len > 0 && content->offset < offset) {
		status = source_peek(content, 1, &data, &len, err);
		if (len > offset - content->offset)
			len = (size_t)(offset - content->offset);
		if (status == STATUS_OK && len > 0)
			status = source_skip(content, len, err);
	}
	return status;
}

static enum status write_part(struct capture *capture, int64_t member, uint64_t offset,
	const void *data, size_t len, struct error *err)
{
	struct captured_header header = {member, offset, len};
	enum status status = write_all(capture->out_fd, &header, sizeof(header), err);

	return status == STATUS_OK ? write_all(capture->out_fd, data, len, err) : status;
}

static enum status capture_stretch(struct capture *capture, const struct wanted *wanted,
	struct source *content, struct error *err)
{
	unsigned char *data = xmalloc((size_t)wanted->len + 1);
	enum status status = STATUS_OK;
	size_t got;

	capture->walk.way->stage = WAY_READING;
	if (wanted->offset > content->offset)
		status = skip_to(content, wanted->offset, err);
	if (status == STATUS_OK)
		status = source_read(content, data, (size_t)wanted->len, &got, err);
	if (status == STATUS_OK)
		status = write_part(capture, wanted->id, wanted->offset, data, got, err);
	free(data);
	return status;
}

/* Hashes up to `end`, or to the end of the content when that comes before. */
static enum status hash_to(
	struct source *content, uint64_t end, struct hash *hash, struct error *err)
{
	const unsigned char *data;
	enum status status = STATUS_OK;
	size_t len = 1;

	while (status == STATUS_OK && len > 0 && content->offset < end) {
		status = source_peek(content, 1, &data, &len, err);
		if (status != STATUS_OK || len == 0)
			break;
		if (len > end - content->offset)
			len = (size_t)(end - content->offset);
		hash_update(hash, data, len);
		status = source_skip(content, len, err);
	}
	return status;
}

/* All but the stretches from `wanted` on, which are of one member. */
static enum status capture_rest(struct capture *capture, const struct wanted *wanted,
	const struct wanted *end, struct source *content, struct error *err)
{
	enum status status = STATUS_OK;
	int64_t member = wanted->id;
	struct hash hash = {0};
	struct digest digest;

	capture->walk.way->stage = WAY_READING;
	hash_init(&hash);
	for (; wanted < end && wanted->what == WANTED_REST && status == STATUS_OK; wanted++) {
		status = hash_to(content, wanted->offset, &hash, err);
		if (status == STATUS_OK)
			status = skip_to(content, wanted->offset + wanted->len, err);
	}
	if (status == STATUS_OK)
		status = hash_to(content, UINT64_MAX, &hash, err);
	if (status == STATUS_OK) {
		hash_finish(&hash, &digest);
		status = write_part(capture, member, WANTED_REST_OFFSET, digest.bytes,
			sizeof(digest.bytes), err);
	}
	hash_release(&hash);
	return status;
}

static enum status capture_content(struct capture *capture, const struct wanted *wanted,
	const struct wanted *end, struct source *content, const struct source *packed,
	const struct member *member, unsigned depth, struct error *err);

/* The wanted members of one container: a run in the sorted items. */
static const struct wanted *find_run(
	const struct capture *capture, int64_t container, const struct wanted **end)
{
	size_t low = 0, high = capture->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (capture->items[middle].container < container)
			low = middle + 1;
		else
			high = middle;
	}
	high = low;
	while (high < capture->count && capture->items[high].container == container)
		high++;
	*end = capture->items + high;
	return capture->items + low;
}

/* What is damaged or costs too much ends there, and not what else is wanted. */
static bool is_of_its_own(enum status status)
{
	return status == STATUS_FORMAT || status == STATUS_LIMIT || status == STATUS_UNSUPPORTED ||
		status == STATUS_NOT_FOUND || status == STATUS_END;
}

/* Set when a worker died in the member whose turn it is, so that nothing of it is captured. */
static const struct closed_way *find_closed(
	const struct capture *capture, const struct wanted *wanted)
{
	const struct closed_way *closed =
		closed_find(capture->walk.setup->closed, capture->walk.way);

	return closed != NULL && (closed->is_unread || wanted->what == WANTED_WAY) ? closed : NULL;
}

/* Says why nothing more is captured of a member, and of all that are inside it. */
static enum status tell(
	struct capture *capture, const struct wanted *wanted, const char *why, struct error *err)
{
	const struct wanted *first, *item, *end;
	enum status status = STATUS_OK;

	if (capture->out_fd < 0)
		return STATUS_OK;
	if (wanted->what != WANTED_WAY)
		return write_part(capture, wanted->id, WANTED_WHY_OFFSET, why, strlen(why), err);
	first = find_run(capture, wanted->id, &end);
	for (item = first; item < end && status == STATUS_OK; item++) {
		if (item == first || item->position != item[-1].position)
			status = tell(capture, item, why, err);
	}
	return status;
}

/* The end of one member, whatever came of it. */
static enum status close_member(
	struct capture *capture, const struct wanted *wanted, enum status status, struct error *err)
{
	struct error why = *err;

	if (status == STATUS_OK || !is_of_its_own(status))
		return status;
	return tell(
		capture, wanted, status == STATUS_END ? "it was not found again" : why.text, err);
}

/* Nothing is captured of one that is closed; that it is not opened is recorded. */
static enum status pass_over(struct capture *capture, const struct wanted *wanted,
	const struct closed_way *closed, const struct member *member, struct error *err)
{
	struct index_row row = {
		.container = wanted->container,
		.id = wanted->id,
		.path = buffer_text(&member->path),
		.path_len = member->path.len,
		.reason = closed->reason,
	};

	if (wanted->what != WANTED_INSIDE)
		return tell(capture, wanted, closed->reason, err);
	return index_open_leaf(capture->walk.index, &row, err);
}

/* The wanted things of one member, whose turn it is. */
static enum status capture_member(struct capture *capture, struct members *members,
	const struct wanted *wanted, const struct wanted *end, const struct source *packed,
	const struct member *member, unsigned depth, struct error *err)
{
	const struct closed_way *closed = find_closed(capture, wanted);
	struct source *content = NULL;
	enum status status = STATUS_OK;

	if (closed != NULL)
		return pass_over(capture, wanted, closed, member, err);
	if (member->has_content)
		status = members->ops->open(members, &content, err);
	if (status == STATUS_OK && content != NULL)
		status = capture_content(capture, wanted, end, content, packed, member, depth, err);
	source_free(content);
	return close_member(capture, wanted, status, err);
}

static enum status capture_members(struct capture *capture, struct members *members,
	int64_t container, const struct source *packed, unsigned depth, struct error *err)
{
	const struct wanted *end, *next;
	const struct wanted *wanted = find_run(capture, container, &end);
	struct member member = {0};
	enum status status = STATUS_OK;

	for (int64_t position = 0; wanted < end && status == STATUS_OK; position++) {
		member_clear(&member);
		status = members->ops->next(members, &member, err);
		if (status != STATUS_OK || position != wanted->position)
			continue;
		for (next = wanted; next < end && next->position == position; next++)
			;
		way_enter(capture->walk.way, depth - 1, (uint64_t)position);
		status =
			capture_member(capture, members, wanted, next, packed, &member, depth, err);
		way_leave(capture->walk.way, depth - 1);
		wanted = next;
	}
	member_release(&member);
	return status;
}

/* Of an artifact that is a stream: its one member, where the first walk has unpacked it. */
static enum status capture_unpacked(struct capture *capture, const struct wanted *wanted,
	const struct wanted *end, const char *name, struct error *err)
{
	int fd = capture->walk.setup->pool->fds[0];
	off_t size = lseek(fd, 0, SEEK_END);
	struct member member = {0};
	struct source *content;
	const struct closed_way *closed;
	enum status status = STATUS_OK;
	char *path;

	if (size < 0)
		return error_set_errno(err, "a temporary file");
	path = stream_name(name);
	buffer_add_text(&member.path, path);
	content = source_file_new(fd, (uint64_t)size);
	way_enter(capture->walk.way, 0, 0);
	closed = find_closed(capture, wanted);
	if (closed != NULL)
		status = pass_over(capture, wanted, closed, &member, err);
	else
		status = capture_content(capture, wanted, end, content, NULL, &member, 1, err);
	way_leave(capture->walk.way, 0);
	source_free(content);
	member_release(&member);
	free(path);
	return close_member(capture, wanted, status, err);
}

static enum status capture_container(struct capture *capture, const struct wanted *wanted,
	struct source *source, const char *name, unsigned depth, struct error *err)
{
	const struct limits *limits = capture->walk.budget.limits;
	const struct unpack_room room = {
		.pool = capture->walk.setup->pool,
		.place = SPOOL_AHEAD,
		.costs = &capture->walk.costs,
	};
	const struct wanted *run, *end;
	struct container container = {0};
	enum status status;

	run = find_run(capture, wanted->id, &end);
	/* What stands behind the stream is not in there. */
	if (depth == 0 && capture->walk.setup->is_unpacked && run < end && end[-1].position == 0)
		return capture_unpacked(capture, run, end, name, err);
	status = container_find(&container, source, name, err);

	if (status == STATUS_OK && container.format == NULL)
		status = error_set(err, STATUS_FORMAT, "not a container any more");
	capture->walk.way->stage = WAY_READING;
	if (status == STATUS_OK)
		status = container_spool(&container, source, name, capture->walk.setup->pool,
			SPOOL_NESTED, limits, err);
	capture->walk.way->stage = WAY_OPENING;
	if (status == STATUS_OK)
		status = container_open(&container, name, &room, limits, err);
	capture->walk.way->stage = WAY_INSIDE;
	if (status == STATUS_OK)
		status = capture_members(
			capture, container.members, wanted->id, container.source, depth + 1, err);
	container_close(&container);
	return status;
}

static enum status capture_content(struct capture *capture, const struct wanted *wanted,
	const struct wanted *end, struct source *content, const struct source *packed,
	const struct member *member, unsigned depth, struct error *err)
{
	struct index_row row = {
		.container = wanted->container,
		.id = wanted->id,
		.path = buffer_text(&member->path),
		.path_len = member->path.len,
	};
	enum status status = STATUS_OK;
	struct tap tap;

	if (wanted->what == WANTED_INSIDE)
		return walk_leaf(&capture->walk, content, packed, &row, depth, err);
	tap_init(&tap, content, &capture->walk.budget, packed, false);
	if (wanted->what == WANTED_WAY)
		status = capture_container(capture, wanted, &tap.source, row.path, depth, err);
	if (wanted->what == WANTED_REST)
		status = capture_rest(capture, wanted, end, &tap.source, err);
	for (; wanted < end && wanted->what == WANTED_BYTES && status == STATUS_OK; wanted++)
		status = capture_stretch(capture, wanted, &tap.source, err);
	tap_release(&tap);
	return status;
}

enum status walk_again(struct source *source, const char *name, const struct limits *limits,
	const struct walk_setup *setup, const struct wanted *items, size_t count, int out_fd,
	struct index *index, struct error *err)
{
	static const struct walk_setup no_setup;
	struct way way = {0};
	struct capture capture = {
		.walk = {.setup = setup != NULL ? setup : &no_setup,
			.way = setup != NULL && setup->way != NULL ? setup->way : &way,
			.index = index,
			.budget = {.limits = limits},
			.regions_left = limits->members * WALK_REGIONS_PER_MEMBER,
			.with_lazy = true},
		.items = items,
		.count = count,
		.out_fd = out_fd,
	};
	struct member artifact = {0};
	const struct wanted *end;
	const struct wanted *first = find_run(&capture, 0, &end);
	enum status status = STATUS_OK;

	if (first == end)
		return STATUS_OK;
	if (index != NULL)
		status = index_last_id(index, &capture.walk.last_id, err);
	buffer_add_text(&artifact.path, name);
	if (status == STATUS_OK)
		status = capture_content(&capture, first, end, source, NULL, &artifact, 0, err);
	member_release(&artifact);
	return close_member(&capture, first, status, err);
}
