/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/moved.h"

#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/hash.h"

#define READ_SIZE      ((size_t)1 << 20)
#define STRETCHES_MOST ((size_t)1 << 19)
#define FILLS_MOST     64 /* containers may lie in each other by turns */
/* Stretches that differ behind their first MiB are rare, unless they are made so. */
#define CANDIDATES_MOST 16
#define WASTED_MOST	((uint64_t)256 << 20)

static int stretch_compare(const void *a, const void *b)
{
	const struct moved_stretch *one = a, *other = b;

	return (one->hash > other->hash) - (one->hash < other->hash);
}

/* STATUS_END when the side has them not in one piece. */
static enum status find_stretch(
	const struct moved_side *side, const struct packed *packed, uint64_t *offset)
{
	const struct inner *inner = side->inner;

	if (packed->len == 0 || inner->base > INT64_MAX ||
		packed->start > (uint64_t)INT64_MAX - inner->base ||
		inner->base + packed->start < inner->start ||
		inner->base + packed->start > inner->end ||
		packed->len > inner->end - inner->base - packed->start)
		return STATUS_END;
	*offset = inner->base + packed->start;
	return STATUS_OK;
}

static enum status hash_stretch(const struct moved_side *side, const struct packed *packed,
	unsigned char *data, uint64_t *hash, struct error *err)
{
	size_t len = packed->len < READ_SIZE ? (size_t)packed->len : READ_SIZE;
	uint64_t offset;
	enum status status = find_stretch(side, packed, &offset);

	if (status == STATUS_OK)
		status = side_bytes_read(side->side, data, len, offset, err);
	if (status == STATUS_OK)
		*hash = hash_xxh3(data, len) + packed->len * UINT64_C(0x9e3779b97f4a7c15);
	return status;
}

static enum status is_same(struct moved *moved, const struct moved_side sides[2],
	const struct packed *one, const struct packed *other, bool *same, struct error *err)
{
	uint64_t offsets[2];

	*same = false;
	if (one->len != other->len || find_stretch(&sides[0], one, &offsets[0]) != STATUS_OK ||
		find_stretch(&sides[1], other, &offsets[1]) != STATUS_OK)
		return STATUS_OK;
	for (uint64_t done = 0; done < one->len;) {
		size_t len = one->len - done < READ_SIZE ? (size_t)(one->len - done) : READ_SIZE;

		for (int i = 0; i < 2; i++) {
			if (side_bytes_read(
				    sides[i].side, moved->data[i], len, offsets[i] + done, err) < 0)
				return err->status;
		}
		done += len;
		if (memcmp(moved->data[0], moved->data[1], len) != 0) {
			moved->wasted += done;
			return STATUS_OK;
		}
	}
	*same = true;
	return STATUS_OK;
}

static enum status add_stretch(struct moved *moved, const struct moved_side *side,
	const struct packed *packed, struct error *err)
{
	uint64_t hash;
	enum status status = hash_stretch(side, packed, moved->data[0], &hash, err);

	if (status != STATUS_OK)
		return status < 0 ? status : STATUS_OK;
	ARRAY_GROW(moved->stretches, moved->count, moved->capacity);
	moved->stretches[moved->count++] = (struct moved_stretch){.hash = hash, .at = *packed};
	return STATUS_OK;
}

static enum status fill(struct moved *moved, const struct moved_side *side, struct error *err)
{
	struct packed packed = {0};

	moved->container = side->inner->container;
	moved->base = side->inner->base;
	moved->count = 0;
	if (++moved->filled > FILLS_MOST)
		return STATUS_OK;
	for (int i = 0; i < 2; i++) {
		if (moved->data[i] == NULL)
			moved->data[i] = xmalloc(READ_SIZE);
	}
	while (moved->count < STRETCHES_MOST) {
		struct region_row region;
		enum status status = index_region_at(side->side->index, moved->container,
			packed.start + packed.len, 0, &region, err);

		if (status < 0)
			return status;
		if (status == STATUS_END)
			break;
		/* Those that share the bytes have one start: the next begins behind them. */
		packed = (struct packed){region.start, region.len};
		if (region.kind == REGION_CONTENT && region.content_offset == REGION_PACKED &&
			add_stretch(moved, side, &packed, err) < 0)
			return err->status;
	}
	if (moved->count > 1)
		qsort(moved->stretches, moved->count, sizeof(moved->stretches[0]), stretch_compare);
	return STATUS_OK;
}

/* The first of those with this hash or a higher one; `count` when there is none. */
static size_t find_hash(const struct moved *moved, uint64_t hash)
{
	size_t low = 0, high = moved->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (moved->stretches[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum status moved_find(struct moved *moved, const struct moved_side sides[2],
	const struct packed *packed, bool *is_found, struct error *err)
{
	enum status status = STATUS_OK;
	uint64_t hash;
	size_t first;

	*is_found = false;
	if (sides[1].inner->container == 0)
		return STATUS_OK;
	if (moved->container != sides[1].inner->container || moved->base != sides[1].inner->base)
		status = fill(moved, &sides[1], err);
	if (status != STATUS_OK || moved->count == 0)
		return status;
	status = hash_stretch(&sides[0], packed, moved->data[0], &hash, err);
	if (status != STATUS_OK)
		return status < 0 ? status : STATUS_OK;
	first = find_hash(moved, hash);
	for (size_t at = first; at < moved->count && moved->stretches[at].hash == hash &&
		!*is_found && at - first < CANDIDATES_MOST && moved->wasted < WASTED_MOST;
		at++) {
		if (is_same(moved, sides, packed, &moved->stretches[at].at, is_found, err) < 0)
			return err->status;
	}
	return STATUS_OK;
}

void moved_release(struct moved *moved)
{
	free(moved->stretches);
	for (int i = 0; i < 2; i++)
		free(moved->data[i]);
	*moved = (struct moved){0};
}
