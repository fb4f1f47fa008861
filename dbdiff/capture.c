/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/alloc.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/members.h"
#include "dbdiff/tap.h"
#include "dbdiff/walk.h"

struct capture {
	struct budget budget;
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
	return 0;
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

static enum status capture_bytes(struct capture *capture, const struct wanted *wanted,
	struct source *content, struct error *err)
{
	unsigned char *data = xmalloc((size_t)wanted->len + 1);
	enum status status = STATUS_OK;
	uint64_t len;
	size_t got;

	if (wanted->offset > 0)
		status = source_skip(content, wanted->offset, err);
	if (status == STATUS_OK)
		status = source_read(content, data, (size_t)wanted->len, &got, err);
	if (status == STATUS_OK)
		status = write_all(capture->out_fd, &wanted->id, sizeof(wanted->id), err);
	if (status == STATUS_OK) {
		len = got;
		status = write_all(capture->out_fd, &len, sizeof(len), err);
	}
	if (status == STATUS_OK)
		status = write_all(capture->out_fd, data, got, err);
	free(data);
	return status;
}

static enum status capture_content(struct capture *capture, const struct wanted *wanted,
	struct source *content, const struct source *packed, const char *name, struct error *err);

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

static enum status capture_members(struct capture *capture, struct members *members,
	int64_t container, const struct source *packed, struct error *err)
{
	const struct wanted *end;
	const struct wanted *wanted = find_run(capture, container, &end);
	struct member member = {0};
	enum status status = STATUS_OK;

	for (int64_t position = 0; wanted < end && status == STATUS_OK; position++) {
		struct source *content = NULL;

		member_clear(&member);
		status = members->ops->next(members, &member, err);
		if (status != STATUS_OK || position != wanted->position)
			continue;
		if (member.has_content)
			status = members->ops->open(members, &content, err);
		if (status == STATUS_OK && content != NULL)
			status = capture_content(
				capture, wanted, content, packed, buffer_text(&member.path), err);
		source_free(content);
		wanted++;
	}
	member_release(&member);
	return status;
}

static enum status capture_container(struct capture *capture, const struct wanted *wanted,
	struct source *source, const char *name, struct error *err)
{
	const struct limits *limits = capture->budget.limits;
	const struct format *format;
	struct members *members = NULL;
	struct source *spooled = NULL;
	const unsigned char *data;
	enum status status;
	bool seekable;
	size_t len;

	status = source_peek(source, format_bid_bytes(), &data, &len, err);
	if (status != STATUS_OK)
		return status;
	/* As the walk asked. */
	seekable = source_can_seek(source) && source->size != SOURCE_SIZE_UNKNOWN;
	format = format_find(&(struct candidate){name, data, len, seekable ? source : NULL}, false);
	if (format == NULL)
		return error_set(err, STATUS_FORMAT, "not a container any more");
	if (format->needs_seek && !source_can_seek(source)) {
		status = source_spool_new(source, limits->member_bytes, &spooled, err);
		if (status != STATUS_OK)
			return status;
		source = spooled;
	}
	status = format->open(source, name, limits, &members, err);
	if (status == STATUS_OK)
		status = capture_members(capture, members, wanted->id, source, err);
	if (members != NULL)
		members->ops->free(members);
	source_free(spooled);
	return status;
}

static enum status capture_content(struct capture *capture, const struct wanted *wanted,
	struct source *content, const struct source *packed, const char *name, struct error *err)
{
	enum status status;
	struct tap tap;

	tap_init(&tap, content, &capture->budget, packed, false);
	if (wanted->is_container)
		status = capture_container(capture, wanted, &tap.source, name, err);
	else
		status = capture_bytes(capture, wanted, &tap.source, err);
	tap_release(&tap);
	return status == STATUS_END ? STATUS_OK : status;
}

enum status walk_capture(struct source *source, const char *name, const struct limits *limits,
	const struct wanted *items, size_t count, int out_fd, struct error *err)
{
	struct capture capture = {
		.budget = {.limits = limits},
		.items = items,
		.count = count,
		.out_fd = out_fd,
	};
	const struct wanted *end;
	const struct wanted *artifact = find_run(&capture, 0, &end);

	if (artifact == end)
		return STATUS_OK;
	return capture_content(&capture, artifact, source, NULL, name, err);
}
