/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/filesystem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/hash.h"

/* ---- fields ---- */

static const struct {
	mode_t mode;
	const char *word;
} types[] = {
	{S_IFREG, "file"},
	{S_IFDIR, "directory"},
	{S_IFLNK, "symlink"},
	{S_IFCHR, "character-device"},
	{S_IFBLK, "block-device"},
	{S_IFIFO, "fifo"},
	{S_IFSOCK, "socket"},
};

static const char *type_word(mode_t mode)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].mode == (mode & S_IFMT))
			return types[i].word;
	return NULL;
}

bool filesystem_type_is_known(mode_t mode)
{
	return type_word(mode) != NULL;
}

void filesystem_add_time(
	struct member *member, const char *name, const struct filesystem_time *time)
{
	char text[CLOCK_TEXT_SIZE];
	size_t len;

	clock_format(time->seconds, text);
	if (time->nanoseconds == 0) {
		member_add_field(member, name, "%s", text);
		return;
	}
	len = strlen(text);
	if (len && text[len - 1] == 'Z')
		len--;
	member_add_field(member, name, "%.*s.%09" PRIu32 "Z", (int)len, text, time->nanoseconds);
}

void filesystem_add_inode(struct member *member, const struct filesystem_inode *inode)
{
	member_add_field(member, "type", "%s", type_word(inode->mode));
	member_add_field(member, "mode", "%04o", (unsigned)inode->mode & 07777);
	member_add_field(member, "uid", "%" PRIu32, inode->uid);
	member_add_field(member, "gid", "%" PRIu32, inode->gid);
	filesystem_add_time(member, "mtime", &inode->mtime);
	if (S_ISREG(inode->mode)) {
		member_add_field(member, "size", "%" PRIu64, inode->size);
		member->has_content = true;
		member->size = inode->size;
	}
}

void filesystem_add_device(struct member *member, unsigned major, unsigned minor)
{
	member_add_field(member, "device", "%u:%u", major, minor);
}

enum status filesystem_add_link_target(
	struct member *member, const char *target, size_t len, struct error *err)
{
	if (len == 0 || memchr(target, '\0', len))
		return error_set(err, STATUS_FORMAT, "a symbolic link with %s",
			len ? "a NUL byte in its target" : "no target");
	member_add_field(member, "link-target", "%.*s", (int)len, target);
	return STATUS_OK;
}

enum status filesystem_add_region(struct member *member, const char *name, struct source *source,
	uint64_t offset, uint64_t len, struct error *err)
{
	unsigned char *block = xmalloc(SOURCE_WINDOW);
	struct hash hash;
	struct digest digest;
	char hex[SHA256_HEX_SIZE];
	bool zero = true;
	enum status status = STATUS_OK;

	hash_init(&hash);
	for (uint64_t at = 0; at < len;) {
		size_t count = len - at < SOURCE_WINDOW ? (size_t)(len - at) : SOURCE_WINDOW;

		status = source_pread(source, offset + at, block, count, err);
		if (status < 0)
			break;
		zero = zero && block[0] == 0 && memcmp(block, block + 1, count - 1) == 0;
		hash_update(&hash, block, count);
		at += count;
	}
	hash_finish(&hash, &digest);
	if (status == STATUS_OK && !zero) {
		digest_hex(&digest, hex);
		member_add_field(member, name, "%" PRIu64 " bytes, SHA-256 %s", len, hex);
	}
	hash_release(&hash);
	free(block);
	return status;
}

/* ---- the walk ---- */

enum status filesystem_path_add(struct buffer *path, size_t parent_len, const char *name,
	size_t len, const struct limits *limits, struct error *err)
{
	const char *why = NULL;

	if (len == 0)
		why = "is empty";
	else if (memchr(name, '\0', len))
		why = "has a NUL byte";
	else if (memchr(name, '/', len))
		why = "has a slash";
	else if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
		why = "is . or .. where a member is expected";
	buffer_truncate(path, parent_len);
	if (why)
		return error_set(
			err, STATUS_FORMAT, "a name in directory /%s %s", buffer_text(path), why);
	if (parent_len + 1 + len > limits->name_bytes)
		return error_set(
			err, STATUS_LIMIT, "a path is longer than %u bytes", limits->name_bytes);
	if (parent_len)
		buffer_add_char(path, '/');
	buffer_add(path, name, len);
	return STATUS_OK;
}

#define PATH_NOT_KEPT SIZE_MAX

/* Where `key` is or belongs; there is always a free slot. */
static struct inode_map_slot *slot_of(const struct inode_map *map, uint64_t device, uint64_t key)
{
	uint64_t mixed =
		(key ^ device * UINT64_C(0xc2b2ae3d27d4eb4f)) * UINT64_C(0x9e3779b97f4a7c15);
	size_t at = (size_t)(mixed >> 20) & (map->capacity - 1);

	while (map->slots[at].key && (map->slots[at].key != key || map->slots[at].device != device))
		at = (at + 1) & (map->capacity - 1);
	return &map->slots[at];
}

static void inode_map_widen(struct inode_map *map)
{
	struct inode_map wider = {.capacity = map->capacity ? map->capacity * 2 : 64};

	wider.slots = xcalloc(wider.capacity, sizeof(*wider.slots));
	for (size_t i = 0; i < map->capacity; i++)
		if (map->slots[i].key)
			*slot_of(&wider, map->slots[i].device, map->slots[i].key) = map->slots[i];
	free(map->slots);
	map->slots = wider.slots;
	map->capacity = wider.capacity;
}

enum status inode_map_meet(struct inode_map *map, uint64_t key, const char *path,
	const char **first, struct error *err)
{
	return inode_map_meet_on(map, 0, key, path, first, err);
}

enum status inode_map_meet_on(struct inode_map *map, uint64_t device, uint64_t key,
	const char *path, const char **first, struct error *err)
{
	struct inode_map_slot *slot;
	size_t len = strlen(path) + 1;

	if (map->count * 4 >= map->capacity * 3)
		inode_map_widen(map);
	slot = slot_of(map, device, key);
	*first = NULL;
	if (slot->key) {
		*first = slot->path == PATH_NOT_KEPT ? "(a path that was not kept)"
						     : map->paths.data + slot->path;
		return STATUS_OK;
	}
	if (map->count == INODE_MAP_MAX)
		return error_set(err, STATUS_LIMIT,
			"more than %zu directories, or files with several links", INODE_MAP_MAX);
	slot->key = key;
	slot->device = device;
	slot->path = PATH_NOT_KEPT;
	map->count++;
	if (kept_add(&map->kept, len)) {
		slot->path = map->paths.len;
		buffer_add(&map->paths, path, len);
	}
	return STATUS_OK;
}

void inode_map_release(struct inode_map *map)
{
	free(map->slots);
	buffer_release(&map->paths);
	*map = (struct inode_map){0};
}

/* ---- content ---- */

static enum status content_peek(struct source *source, size_t want, const unsigned char **data,
	size_t *len, struct error *err)
{
	struct content *content = (struct content *)source;
	uint64_t left = source->size - source->offset;
	uint64_t behind = source->offset - content->window_offset;
	size_t count = left < SOURCE_WINDOW ? (size_t)left : SOURCE_WINDOW;
	enum status status = STATUS_OK;

	/* No more than a small file needs: most are. */
	if (!content->window)
		content->window = xmalloc(count ? count : 1);
	if (want > count)
		want = count;
	if (behind >= content->window_len || content->window_len - behind < want) {
		content->window_len = 0;
		if (count)
			status = content->ops->read_at(
				content, source->offset, content->window, count, err);
		if (status < 0)
			return status;
		content->window_offset = source->offset;
		content->window_len = count;
		behind = 0;
	}
	*data = content->window + behind;
	*len = content->window_len - (size_t)behind;
	return STATUS_OK;
}

static enum status content_skip(struct source *source, uint64_t count, struct error *err)
{
	if (count > source->size - source->offset)
		return error_set(err, STATUS_FORMAT,
			"short read: %" PRIu64 " bytes wanted at %" PRIu64 " of %" PRIu64, count,
			source->offset, source->size);
	source->offset += count;
	return STATUS_OK;
}

static bool is_in_window(const struct content *content, uint64_t offset, size_t len)
{
	uint64_t behind = offset - content->window_offset;

	return offset >= content->window_offset && behind < content->window_len &&
		len <= content->window_len - behind;
}

static enum status content_pread(
	struct source *source, uint64_t offset, void *data, size_t len, struct error *err)
{
	struct content *content = (struct content *)source;

	if (offset > source->size || len > source->size - offset)
		return error_set(err, STATUS_FORMAT,
			"short read: %zu bytes wanted at %" PRIu64 " of %" PRIu64, len, offset,
			source->size);
	if (len == 0)
		return STATUS_OK;
	/* Whoever bids looks at the beginning again, and a block may have to be unpacked for it. */
	if (is_in_window(content, offset, len)) {
		memcpy(data, content->window + (offset - content->window_offset), len);
		return STATUS_OK;
	}
	return content->ops->read_at(content, offset, data, len, err);
}

static void content_free(struct source *source)
{
	struct content *content = (struct content *)source;

	free(content->window);
	content->ops->free(content);
}

static const struct source *content_under(const struct source *source, uint64_t *offset)
{
	const struct content *content = (const struct content *)source;

	*offset = content->under_offset;
	return content->under;
}

static const struct source_ops content_source_ops = {
	.peek = content_peek,
	.skip = content_skip,
	.pread = content_pread,
	.free = content_free,
	.under = content_under,
};

void content_init(struct content *content, const struct content_ops *ops, uint64_t size)
{
	*content = (struct content){
		.source = {.ops = &content_source_ops, .size = size},
		.ops = ops,
	};
}
