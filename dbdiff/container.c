/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/container.h"

#include "dbdiff/format/formats.h"

static bool can_seek(const struct source *source)
{
	return source_can_seek(source) && source->size != SOURCE_SIZE_UNKNOWN;
}

enum status container_find(
	struct container *container, struct source *source, const char *name, struct error *err)
{
	struct candidate candidate = {.path = name, .source = can_seek(source) ? source : NULL};
	enum status status;

	status = source_peek(source, format_bid_bytes(), &candidate.data, &candidate.len, err);
	if (status == STATUS_OK)
		container->format = format_find(&candidate, true);
	return status;
}

/* What is behind the first bytes is seen now: a hash tree behind a file system. */
static enum status find_again(struct container *container, const char *name, struct error *err)
{
	const struct format *before = container->format;
	enum status status = container_find(container, container->spooled, name, err);

	if (container->format == NULL || container->format->is_lazy)
		container->format = before;
	return status;
}

enum status container_spool(struct container *container, struct source *source, const char *name,
	struct spool_pool *pool, enum spool_place place, const struct limits *limits,
	struct error *err)
{
	container->source = source;
	if (!container->format->needs_seek || can_seek(source))
		return STATUS_OK;
	if (source_spool_new(source, pool, place, limits->member_bytes, &container->spooled, err) <
		0)
		return err->status;
	container->source = container->spooled;
	return find_again(container, name, err);
}

enum status container_open(struct container *container, const char *name,
	const struct unpack_room *room, const struct limits *limits, struct error *err)
{
	enum status status =
		container->format->open(container->source, name, limits, &container->members, err);

	container->room = *room;
	if (status == STATUS_OK)
		container->members->room = &container->room;
	return status;
}

void container_close(struct container *container)
{
	if (container->members != NULL)
		container->members->ops->free(container->members);
	source_free(container->spooled);
	*container = (struct container){0};
}
