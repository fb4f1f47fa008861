/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FAT12, FAT16 and FAT32 with long names. Members are what the directories lead to; deleted
 * entries, lost clusters and free space are regions.
 */
#include "dbdiff/format/fat.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/format/filesystem.h"
#include "dbdiff/format/formats.h"

/* ---- the content of a file ---- */

struct fat_content {
	struct content content;
	struct fat *fat;
	size_t run;	/* where reading went on last */
	uint64_t begin; /* of that run, in the file */
};

static uint64_t run_len(const struct fat *fat, const struct fat_run *run)
{
	return (uint64_t)run->count * fat->geometry.cluster;
}

static enum status content_read_at(struct content *content, uint64_t offset, unsigned char *data,
	size_t len, struct error *err)
{
	struct fat_content *file = (struct fat_content *)content;
	struct fat *fat = file->fat;
	enum status status = STATUS_OK;

	if (offset < file->begin)
		file->run = file->begin = 0;
	while (len > 0 && status == STATUS_OK) {
		const struct fat_run *run = &fat->runs[file->run];
		uint64_t inside = offset - file->begin;
		size_t part;

		if (inside >= run_len(fat, run)) {
			file->begin += run_len(fat, run);
			file->run++;
			continue;
		}
		part = run_len(fat, run) - inside < len ? (size_t)(run_len(fat, run) - inside)
							: len;
		status = source_pread(
			fat->source, fat_cluster_offset(fat, run->first) + inside, data, part, err);
		offset += part;
		data += part;
		len -= part;
	}
	return status < 0 ? error_context(err, "fat") : status;
}

static void content_free(struct content *content)
{
	free(content);
}

static const struct content_ops fat_content_ops = {
	.read_at = content_read_at,
	.free = content_free,
};

static enum status fat_open_member(
	struct members *members, struct source **content, struct error *err)
{
	struct fat *fat = (struct fat *)members;
	struct fat_content *file;

	if (!fat->has_content)
		return error_set(err, STATUS_USAGE, "fat: this member has no content");
	file = xcalloc(1, sizeof(*file));
	content_init(&file->content, &fat_content_ops, fat->entry.size);
	file->fat = fat;
	*content = &file->content.source;
	return STATUS_OK;
}

/* ---- the walk ---- */

/* What is behind the end of a file in its clusters is its slack. */
static void emit_content(struct fat *fat, int64_t owner)
{
	uint64_t at = 0;

	for (size_t i = 0; i < fat->run_count; i++) {
		uint64_t offset = fat_cluster_offset(fat, fat->runs[i].first);
		uint64_t len = run_len(fat, &fat->runs[i]);
		uint64_t used = at < fat->entry.size ? fat->entry.size - at : 0;

		if (used > len)
			used = len;
		members_add_content(&fat->members, offset, used, owner, at);
		members_add_structure(&fat->members, offset + used, len - used, "file-slack");
		at += len;
	}
}

static enum status take_file(struct fat *fat, struct member *member, struct error *err)
{
	uint64_t allocated = 0;
	enum status status = STATUS_OK;

	fat->run_count = 0;
	if (fat->entry.cluster != 0)
		status = fat_take_chain(fat, fat->entry.cluster, err);
	if (status < 0)
		return status;
	for (size_t i = 0; i < fat->run_count; i++)
		allocated += run_len(fat, &fat->runs[i]);
	if (allocated < fat->entry.size)
		return error_set(err, STATUS_FORMAT,
			"it has %" PRIu32 " bytes and clusters for %" PRIu64, fat->entry.size,
			allocated);
	fat->surplus_clusters += (uint32_t)((allocated - fat->entry.size) / fat->geometry.cluster);
	emit_content(fat, fat->position);
	member->has_content = fat->has_content = true;
	member->size = fat->entry.size;
	return STATUS_OK;
}

static enum status enter_directory(
	struct fat *fat, uint32_t cluster, int64_t owner, struct error *err)
{
	struct fat_frame frame = {.path_len = fat->path.len};

	if (fat->frame_count >= FILESYSTEM_DEPTH_MAX)
		return error_set(err, STATUS_LIMIT, "more than %d directories inside each other",
			FILESYSTEM_DEPTH_MAX);
	if (fat_directory_open(fat, cluster, owner, &frame.directory, err) < 0)
		return err->status;
	ARRAY_GROW(fat->frames, fat->frame_count, fat->frame_capacity);
	fat->frames[fat->frame_count++] = frame;
	return STATUS_OK;
}

static enum status take_subdirectory(struct fat *fat, struct error *err)
{
	if (fat->entry.cluster == 0)
		return error_set(err, STATUS_FORMAT, "a directory without a cluster");
	return enter_directory(fat, fat->entry.cluster, fat->position, err);
}

static enum status take_entry(struct fat *fat, struct member *member, struct error *err)
{
	struct fat_frame *frame = &fat->frames[fat->frame_count - 1];
	struct fat_entry *entry = &fat->entry;
	enum status status = fat_directory_next(fat, &frame->directory, entry, err);

	fat->has_content = false;
	if (status == STATUS_END) {
		fat->frame_count--;
		return STATUS_END;
	}
	if (status == STATUS_OK)
		status = filesystem_path_add(&fat->path, frame->path_len, buffer_text(&entry->name),
			entry->name.len, fat->limits, err);
	if (status < 0)
		return status;
	member_set_name(member, buffer_text(&fat->path), fat->path.len);
	fat_entry_emit(fat, entry, fat->position);
	fat_entry_describe(entry, member);
	status = (entry->raw[11] & FAT_ATTRIBUTE_DIRECTORY) != 0 ? take_subdirectory(fat, err)
								 : take_file(fat, member, err);
	if (status < 0)
		return error_context(err, "%s", buffer_text(&fat->path));
	fat->position++;
	return STATUS_OK;
}

static enum status begin(struct fat *fat, struct error *err)
{
	enum status status = fat_super_emit(fat, err);

	if (status == STATUS_OK)
		status = enter_directory(fat,
			fat->geometry.bits == 32 ? fat->geometry.root_cluster : 0, REGION_NO_OWNER,
			err);
	return status;
}

static enum status finish(struct fat *fat, struct error *err)
{
	uint32_t free_clusters = 0;
	enum status status = fat_emit_untaken(fat, &free_clusters, err);

	if (status == STATUS_OK)
		fat_super_finish(fat, free_clusters);
	return status < 0 ? status : STATUS_END;
}

static enum status fat_next(struct members *members, struct member *member, struct error *err)
{
	struct fat *fat = (struct fat *)members;
	enum status status = STATUS_OK;
	bool is_first = !fat->begun;

	if (fat->failure.status < 0) {
		*err = fat->failure;
		return fat->failure.status;
	}
	member_clear(member);
	if (is_first) {
		fat->begun = true;
		status = begin(fat, &fat->failure);
	} else if (fat->frame_count == 0) {
		return STATUS_END;
	}
	if (status == STATUS_OK)
		status = STATUS_END;
	while (status == STATUS_END && fat->frame_count > 0)
		status = take_entry(fat, member, &fat->failure);
	if (status == STATUS_END)
		status = finish(fat, &fat->failure);
	if (status < 0) {
		error_context(&fat->failure, "fat");
		*err = fat->failure;
	}
	return status;
}

static void fat_describe(struct members *members, struct member *container)
{
	fat_super_describe((struct fat *)members, container);
}

static void fat_free(struct members *members)
{
	struct fat *fat = (struct fat *)members;

	buffer_release(&fat->entry.name);
	buffer_release(&fat->entry.short_name);
	buffer_release(&fat->entry.long_rest);
	buffer_release(&fat->path);
	free(fat->frames);
	free(fat->runs);
	free(fat->taken);
	free(fat);
}

/* ---- opening ---- */

static const struct members_ops fat_ops = {
	.next = fat_next,
	.open = fat_open_member,
	.describe = fat_describe,
	.free = fat_free,
};

static enum status fat_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct fat *fat = xcalloc(1, sizeof(*fat));
	enum status status;

	(void)name;
	fat->members.ops = &fat_ops;
	fat->limits = limits;
	fat->source = source;
	status = source_pread(source, 0, fat->boot, sizeof(fat->boot), err);
	if (status == STATUS_OK)
		status = fat_geometry_read(fat->boot, source->size, &fat->geometry, err);
	if (status < 0) {
		fat_free(&fat->members);
		return error_context(err, "fat");
	}
	fat->taken = xcalloc((size_t)fat->geometry.clusters / 8 + 1, 1);
	*members = &fat->members;
	return STATUS_OK;
}

/* A boot sector alone, as boot loaders bring one along, is no file system. */
static unsigned fat_bid(const struct candidate *candidate)
{
	unsigned sure = fat_bid_boot_sector(candidate->data, candidate->len);
	uint64_t size = candidate->source != NULL ? candidate->source->size : SOURCE_SIZE_UNKNOWN;

	if (candidate->len < 2 * (size_t)FAT_BOOT_SIZE)
		return 0;
	return size <= FAT_BOOT_SIZE ? 0 : sure;
}

const struct format format_fat = {
	.name = "fat",
	.bid_bytes = 2 * FAT_BOOT_SIZE,
	.needs_seek = true,
	.bid_more = fat_bid,
	.open = fat_open,
};
