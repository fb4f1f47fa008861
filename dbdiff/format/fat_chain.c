/* SPDX-License-Identifier: Apache-2.0 */
/* The allocation table: which clusters follow one another, and which were met already. */
#include "dbdiff/format/fat.h"

#include <inttypes.h>
#include <string.h>

#include "base/array.h"
#include "dbdiff/format/bytes.h"

#define FIRST_CLUSTER 2

enum status fat_read(struct fat *fat, struct fat_window *window, uint64_t offset, void *data,
	size_t len, struct error *err)
{
	uint64_t size = fat->source->size;
	enum status status;

	if (offset < window->offset || offset - window->offset > window->len ||
		window->len - (size_t)(offset - window->offset) < len) {
		uint64_t begin = offset / 512 * 512;
		size_t count = sizeof(window->data);

		window->len = 0;
		if (begin > size || offset + len > size)
			return error_set(err, STATUS_FORMAT,
				"short read: %zu bytes wanted at %" PRIu64 " of %" PRIu64, len,
				offset, size);
		if (count > size - begin)
			count = (size_t)(size - begin);
		status = source_pread(fat->source, begin, window->data, count, err);
		if (status < 0)
			return status;
		window->offset = begin;
		window->len = count;
	}
	memcpy(data, window->data + (offset - window->offset), len);
	return STATUS_OK;
}

uint64_t fat_cluster_offset(const struct fat *fat, uint32_t cluster)
{
	return fat->geometry.data + (uint64_t)(cluster - FIRST_CLUSTER) * fat->geometry.cluster;
}

static bool is_cluster(const struct fat *fat, uint32_t cluster)
{
	return cluster >= FIRST_CLUSTER && cluster - FIRST_CLUSTER < fat->geometry.clusters;
}

/* The entry as it is stored, without the four upper bits that FAT32 reserves. */
static enum status read_entry(struct fat *fat, uint32_t cluster, uint32_t *value, struct error *err)
{
	const struct fat_geometry *geometry = &fat->geometry;
	uint64_t at = geometry->fat + geometry->active_fat * geometry->fat_len;
	unsigned char bytes[4] = {0};
	enum status status;

	if (geometry->bits == 12) {
		status = fat_read(fat, &fat->table, at + cluster + cluster / 2, bytes, 2, err);
		*value = cluster % 2 != 0 ? bytes_le16(bytes) >> 4 : bytes_le16(bytes) & 0xfff;
	} else if (geometry->bits == 16) {
		status = fat_read(fat, &fat->table, at + (uint64_t)cluster * 2, bytes, 2, err);
		*value = bytes_le16(bytes);
	} else {
		status = fat_read(fat, &fat->table, at + (uint64_t)cluster * 4, bytes, 4, err);
		*value = bytes_le32(bytes) & 0x0fffffff;
	}
	return status;
}

enum status fat_link_read(
	struct fat *fat, uint32_t cluster, enum fat_link *link, uint32_t *next, struct error *err)
{
	uint32_t most = fat->geometry.bits == 12 ? 0xfff
		: fat->geometry.bits == 16	 ? 0xffff
						 : 0x0fffffff;
	enum status status = read_entry(fat, cluster, next, err);

	if (status < 0)
		return status;
	if (*next == 0)
		*link = FAT_LINK_FREE;
	else if (*next >= most - 7)
		*link = FAT_LINK_END;
	else if (is_cluster(fat, *next))
		*link = FAT_LINK_NEXT;
	else
		*link = *next == most - 8 ? FAT_LINK_BAD : FAT_LINK_WRONG;
	return STATUS_OK;
}

static bool is_taken(const struct fat *fat, uint32_t cluster)
{
	uint32_t bit = cluster - FIRST_CLUSTER;

	return (fat->taken[bit / 8] >> bit % 8 & 1) != 0;
}

enum status fat_take_cluster(struct fat *fat, uint32_t cluster, struct error *err)
{
	uint32_t bit = cluster - FIRST_CLUSTER;

	if (!is_cluster(fat, cluster))
		return error_set(err, STATUS_FORMAT, "cluster %" PRIu32 " is not there", cluster);
	if (is_taken(fat, cluster))
		return error_set(err, STATUS_FORMAT, "cluster %" PRIu32 " is used twice", cluster);
	fat->taken[bit / 8] |= (unsigned char)(1 << bit % 8);
	return STATUS_OK;
}

static enum status add_to_runs(struct fat *fat, uint32_t cluster, struct error *err)
{
	struct fat_run *last = fat->run_count > 0 ? &fat->runs[fat->run_count - 1] : NULL;

	if (last != NULL && last->first + last->count == cluster) {
		last->count++;
		return STATUS_OK;
	}
	if (fat->run_count == FAT_RUNS_MAX)
		return error_set(err, STATUS_LIMIT, "a file in more than %d pieces", FAT_RUNS_MAX);
	ARRAY_GROW(fat->runs, fat->run_count, fat->run_capacity);
	fat->runs[fat->run_count++] = (struct fat_run){cluster, 1};
	return STATUS_OK;
}

enum status fat_take_chain(struct fat *fat, uint32_t first, struct error *err)
{
	enum fat_link link = FAT_LINK_NEXT;
	uint32_t cluster = first;
	enum status status = STATUS_OK;

	fat->run_count = 0;
	/* It ends: a cluster is taken only once. */
	while (link == FAT_LINK_NEXT) {
		uint32_t next = 0;

		status = fat_take_cluster(fat, cluster, err);
		if (status == STATUS_OK)
			status = add_to_runs(fat, cluster, err);
		if (status == STATUS_OK)
			status = fat_link_read(fat, cluster, &link, &next, err);
		if (status < 0)
			return status;
		if (link != FAT_LINK_NEXT && link != FAT_LINK_END)
			return error_set(err, STATUS_FORMAT,
				"the chain of clusters breaks off at %" PRIu32, cluster);
		cluster = next;
	}
	return status;
}

enum status fat_emit_untaken(struct fat *fat, uint32_t *free_clusters, struct error *err)
{
	static const char *const names[] = {
		[FAT_LINK_FREE] = "free-space",
		[FAT_LINK_NEXT] = "lost-clusters",
		[FAT_LINK_BAD] = "bad-clusters",
		[FAT_LINK_END] = "lost-clusters",
		[FAT_LINK_WRONG] = "lost-clusters",
	};
	uint32_t behind = FIRST_CLUSTER + fat->geometry.clusters;

	*free_clusters = 0;
	fat->lost_clusters = fat->bad_clusters = 0;
	for (uint32_t cluster = FIRST_CLUSTER; cluster < behind; cluster++) {
		enum fat_link link;
		uint32_t next;

		if (is_taken(fat, cluster))
			continue;
		if (fat_link_read(fat, cluster, &link, &next, err) < 0)
			return err->status;
		*free_clusters += link == FAT_LINK_FREE;
		fat->bad_clusters += link == FAT_LINK_BAD;
		fat->lost_clusters += link != FAT_LINK_FREE && link != FAT_LINK_BAD;
		members_add_structure(&fat->members, fat_cluster_offset(fat, cluster),
			fat->geometry.cluster, names[link]);
	}
	return STATUS_OK;
}
