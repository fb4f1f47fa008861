/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/ext.h"

#define BITMAP_MAX     ((uint64_t)64 << 20) /* bytes: 2 TiB in blocks of 4 KiB */
#define LOOKUPS_MAX    (UINT32_C(1) << 16)
#define CHECKSUM_SIZE  4
#define JOURNAL_UUID   0x30 /* in its superblock */
#define XATTR_CHECKSUM 16   /* in its block */

/* ---- what is in use ---- */

static bool bit_is_set(const unsigned char *bits, uint64_t at)
{
	return bits[at / 8] & 1u << at % 8;
}

static void bit_set(unsigned char *bits, uint64_t at)
{
	bits[at / 8] = (unsigned char)(bits[at / 8] | 1u << at % 8);
}

enum status ext_layout_init(struct ext_layout *layout, struct error *err)
{
	const struct ext2_super_block *super = layout->fs->super;
	uint64_t blocks = ext2fs_blocks_count(layout->fs->super);

	if (super->s_first_data_block >= blocks)
		return error_set(err, STATUS_FORMAT, "its first block is behind its last");
	/* The bitmaps of a group have a block each, and are read no further. */
	if (super->s_clusters_per_group > 8 * layout->fs->blocksize)
		return error_set(err, STATUS_FORMAT, "too many blocks in a group");
	if (super->s_inodes_per_group > 8 * layout->fs->blocksize)
		return error_set(err, STATUS_FORMAT, "too many inodes in a group");
	layout->first = super->s_first_data_block;
	layout->blocks = blocks - layout->first;
	if (layout->blocks / 8 > BITMAP_MAX || super->s_inodes_count / 8 > BITMAP_MAX)
		return error_set(err, STATUS_LIMIT, "%" PRIu64 " blocks", blocks);
	layout->used = xcalloc(1, (size_t)(layout->blocks / 8 + 1));
	layout->made = xcalloc(1, (size_t)(layout->blocks / 8 + 1));
	layout->met = xcalloc(1, (size_t)super->s_inodes_count / 8 + 1);
	layout->directories =
		xcalloc((size_t)layout->fs->group_desc_count + 1, sizeof(*layout->directories));
	layout->lookups = LOOKUPS_MAX;
	layout->xattrs = xcalloc(1, sizeof(*layout->xattrs));
	return ext_groups_take(layout, err);
}

void ext_layout_release(struct ext_layout *layout)
{
	free(layout->used);
	free(layout->made);
	for (size_t i = 0; i < EXT_STATES; i++)
		free(layout->usages[i]);
	free(layout->met);
	free(layout->directories);
	if (layout->xattrs != NULL)
		inode_map_release(layout->xattrs);
	free(layout->xattrs);
}

static enum status check_inside(
	const struct ext_layout *layout, uint64_t block, uint64_t count, struct error *err)
{
	if (block < layout->first || block - layout->first >= layout->blocks ||
		count > layout->blocks - (block - layout->first))
		return error_set(
			err, STATUS_FORMAT, "block %" PRIu64 " is outside the file system", block);
	return STATUS_OK;
}

enum status ext_layout_take(
	struct ext_layout *layout, uint64_t block, uint64_t count, struct error *err)
{
	if (check_inside(layout, block, count, err) < 0)
		return err->status;
	for (uint64_t at = block - layout->first; count > 0; at++, count--) {
		if (bit_is_set(layout->used, at))
			return error_set(err, STATUS_FORMAT, "block %" PRIu64 " is used twice",
				layout->first + at);
		bit_set(layout->used, at);
	}
	return STATUS_OK;
}

static void mark_made(struct ext_layout *layout, uint64_t block, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		bit_set(layout->made, block - layout->first + i);
}

enum status ext_layout_take_made(
	struct ext_layout *layout, uint64_t block, uint64_t count, struct error *err)
{
	if (ext_layout_take(layout, block, count, err) < 0)
		return err->status;
	mark_made(layout, block, count);
	return STATUS_OK;
}

bool ext_layout_is_used(const struct ext_layout *layout, uint64_t block)
{
	return bit_is_set(layout->used, block - layout->first);
}

bool ext_layout_is_met(const struct ext_layout *layout, uint32_t number)
{
	return bit_is_set(layout->met, number - 1);
}

/* ---- inodes ---- */

void ext_layout_add(
	struct ext_layout *layout, uint64_t offset, uint64_t len, const char *name, int64_t owner)
{
	if (owner == REGION_NO_OWNER)
		members_add_structure(layout->members, offset, len, name);
	else
		members_add_metadata(layout->members, offset, len, name, owner);
}

/* What is being added, and of whom. */
struct adding {
	struct ext_layout *layout;
	int64_t owner;
	uint32_t number;
	const char *name; /* of a special inode's blocks */
	bool is_journal;
	const struct ext2_inode *inode;
	mode_t type;
	uint64_t size;
};

/* A node of the extent tree, with the checksum behind the room for entries. */
static enum status add_node(const struct adding *adding, uint64_t block, struct error *err)
{
	struct ext_layout *layout = adding->layout;
	const char *name = adding->name != NULL ? adding->name : "extent-tree";
	size_t size = layout->fs->blocksize, room = size, behind = size;
	uint64_t at = block * size;
	unsigned char *raw = xmalloc(size);
	enum status status = source_pread(layout->source, at, raw, size, err);

	if (status == STATUS_OK && ext2fs_has_feature_metadata_csum(layout->fs->super)) {
		room = sizeof(struct ext3_extent_header) +
			sizeof(struct ext3_extent) * bytes_le16(raw + 4);
		behind = room + CHECKSUM_SIZE;
		if (behind > size)
			status = error_set(err, STATUS_FORMAT, "its extent tree is damaged");
	}
	if (status == STATUS_OK) {
		ext_slack_add_node(layout,
			&(struct ext_node){
				raw, room, at, name, adding->owner, adding->number, adding->inode});
		members_add_derived(layout->members, at + room, behind - room, "checksum");
		ext_layout_add(layout, at + behind, size - behind,
			bytes_are_zero(raw + behind, size - behind) ? name : "extent-slack",
			adding->owner);
	}
	free(raw);
	return status;
}

/* What mke2fs puts there itself; of the root the first block. */
static void mark_if_made(const struct adding *adding, const struct ext_run *run)
{
	bool is_root = adding->number == EXT2_ROOT_INO;

	if (ext_usage_is_made(adding->layout->fs->super, adding->number) &&
		(!is_root || (run->kind == EXT_RUN_DATA && run->block == 0)))
		mark_made(adding->layout, run->physical, is_root ? 1 : run->count);
}

/* Data as far as the file goes; directories give theirs when they are read. */
static void add_data(const struct adding *adding, const struct ext_run *run)
{
	struct ext_layout *layout = adding->layout;
	uint64_t size = layout->fs->blocksize;
	uint64_t begin = run->block * size, at = run->physical * size, len = run->count * size;
	uint64_t inside = begin < adding->size ? adding->size - begin : 0;

	if (inside > len)
		inside = len;
	if (S_ISREG(adding->type))
		members_add_content(layout->members, at, inside, adding->owner, begin);
	else if (S_ISLNK(adding->type))
		ext_layout_add(layout, at, inside, "link-target", adding->owner);
	ext_layout_add(layout, at + inside, len - inside, "slack", adding->owner);
}

/* The first block of the journal (struct journal_superblock_s, jbd2.h). */
static enum status add_journal(struct ext_layout *layout, uint64_t block, struct error *err)
{
	static const char name[] = "journal-superblock";
	const struct ext2_super_block *super = layout->fs->super;
	uint64_t size = layout->fs->blocksize, at = block * size;
	unsigned char uuid[sizeof(super->s_uuid)];

	if (source_pread(layout->source, at + JOURNAL_UUID, uuid, sizeof(uuid), err) < 0)
		return err->status;
	members_add_structure(layout->members, at, JOURNAL_UUID, name);
	/* The file system's own, or none. tune2fs -U leaves the one before. */
	if (memcmp(uuid, super->s_uuid, sizeof(uuid)) == 0)
		members_add_derived(
			layout->members, at + JOURNAL_UUID, sizeof(uuid), "journal-uuid");
	else
		members_add_structure(layout->members, at + JOURNAL_UUID, sizeof(uuid),
			bytes_are_zero(uuid, sizeof(uuid)) ? "journal-uuid"
							   : "journal-uuid-unlike");
	members_add_structure(layout->members, at + JOURNAL_UUID + sizeof(uuid),
		size - JOURNAL_UUID - sizeof(uuid), name);
	return STATUS_OK;
}

/* Blocks that nobody has yet. A file system with shared blocks counts one for several files. */
static enum status add_unused(
	const struct adding *adding, const struct ext_run *run, struct error *err)
{
	struct ext_layout *layout = adding->layout;

	if (check_inside(layout, run->physical, run->count, err) < 0)
		return err->status;
	mark_if_made(adding, run);
	for (uint64_t i = 0; i < run->count; i++) {
		struct ext_run one = {run->kind, run->block + i, run->physical + i, 1};

		if (ext_layout_is_used(layout, one.physical))
			continue;
		bit_set(layout->used, one.physical - layout->first);
		if (adding->owner != REGION_NO_OWNER)
			add_data(adding, &one);
		else if (adding->is_journal && one.block == 0 &&
			add_journal(layout, one.physical, err) < 0)
			return err->status;
		else if (!adding->is_journal || one.block != 0)
			ext_layout_add(layout, one.physical * layout->fs->blocksize,
				layout->fs->blocksize, adding->name, REGION_NO_OWNER);
	}
	return STATUS_OK;
}

static enum status take_run(void *context, const struct ext_run *run, struct error *err)
{
	const struct adding *adding = context;
	struct ext_layout *layout = adding->layout;
	uint64_t size = layout->fs->blocksize;

	if ((run->kind == EXT_RUN_DATA || run->kind == EXT_RUN_UNWRITTEN) &&
		(adding->owner == REGION_NO_OWNER ||
			ext2fs_has_feature_shared_blocks(layout->fs->super)))
		return add_unused(adding, run, err);
	if (ext_layout_take(layout, run->physical, run->count, err) < 0)
		return err->status;
	mark_if_made(adding, run);
	switch (run->kind) {
	case EXT_RUN_DATA:
		add_data(adding, run);
		break;
	case EXT_RUN_UNWRITTEN:
		ext_layout_add(layout, run->physical * size, run->count * size, "unwritten",
			adding->owner);
		break;
	case EXT_RUN_EXTENTS:
		return add_node(adding, run->physical, err);
	case EXT_RUN_INDIRECT:
		ext_layout_add(layout, run->physical * size, size,
			adding->name != NULL ? adding->name : "indirect-blocks", adding->owner);
		break;
	}
	return STATUS_OK;
}

/* Inodes with the same xattrs have one block of them; its checksum was verified. */
static enum status add_xattrs(const struct adding *adding, uint64_t block, struct error *err)
{
	struct ext_layout *layout = adding->layout;
	size_t size = layout->fs->blocksize, sum = size, behind = size;
	uint64_t at = block * size;
	const char *first;
	unsigned char *raw;
	enum status status;

	if (block == 0)
		return STATUS_OK;
	if (inode_map_meet(layout->xattrs, block, "", &first, err) < 0 ||
		(first == NULL && ext_layout_take(layout, block, 1, err) < 0))
		return err->status;
	if (ext2fs_has_feature_metadata_csum(layout->fs->super)) {
		sum = XATTR_CHECKSUM;
		behind = XATTR_CHECKSUM + CHECKSUM_SIZE;
	}
	raw = xmalloc(size);
	status = source_pread(layout->source, at, raw, size, err);
	if (status == STATUS_OK) {
		ext_slack_add_xattrs(layout, raw, at, (struct ext_stretch){0, sum}, first == NULL,
			adding->owner);
		if (first == NULL)
			members_add_derived(layout->members, at + sum, behind - sum, "checksum");
		ext_slack_add_xattrs(layout, raw, at, (struct ext_stretch){behind, size},
			first == NULL, adding->owner);
	}
	free(raw);
	return status;
}

static enum status add_blocks(
	struct adding *adding, const struct ext_inode *inode, struct error *err)
{
	struct ext_layout *layout = adding->layout;
	const struct ext2_inode *basic = ext_inode_basic(inode);
	struct ext_map *map;
	enum status status = add_xattrs(adding, ext2fs_file_acl_block(layout->fs, basic), err);

	if (status < 0 || ext_inode_is_inline(inode))
		return status;
	adding->inode = basic;
	map = ext_map_new(layout->fs, layout->io, layout->source, inode->number, basic, NULL);
	status = ext_map_each(map, take_run, adding, err);
	ext_map_free(map);
	return status;
}

enum status ext_layout_add_member(
	struct ext_layout *layout, const struct ext_inode *inode, int64_t owner, struct error *err)
{
	const struct ext2_inode *basic = ext_inode_basic(inode);
	struct adding adding = {
		.layout = layout,
		.owner = owner,
		.number = inode->number,
		.type = basic->i_mode,
		.size = EXT2_I_SIZE(basic),
	};

	if (ext_layout_is_met(layout, inode->number))
		return STATUS_OK;
	bit_set(layout->met, inode->number - 1);
	if (S_ISDIR(basic->i_mode))
		layout->directories[(inode->number - 1) / layout->fs->super->s_inodes_per_group]++;
	ext_record_add(layout, inode, NULL, owner);
	return add_blocks(&adding, inode, err);
}

void ext_layout_add_directory_block(struct ext_layout *layout, const unsigned char *raw,
	uint64_t block, bool is_indexed, bool is_first, int64_t owner)
{
	uint64_t size = layout->fs->blocksize, at = block * size;
	uint64_t tail = ext2fs_has_feature_metadata_csum(layout->fs->super) ? CHECKSUM_SIZE : 0;

	ext_slack_add_directory(layout, raw, at,
		&(struct ext_directory_block){(size_t)(size - tail), is_indexed, is_first}, owner);
	members_add_derived(layout->members, at + size - tail, tail, "checksum");
}

enum status ext_layout_add_special(
	struct ext_layout *layout, uint32_t number, const char *name, struct error *err)
{
	size_t size = EXT2_INODE_SIZE(layout->fs->super);
	struct ext_inode inode = {.number = number, .size = size};
	struct adding adding = {
		.layout = layout,
		.owner = REGION_NO_OWNER,
		.number = number,
		.name = name,
		.is_journal = number == layout->fs->super->s_journal_inum,
	};
	enum status status = STATUS_OK;
	errcode_t code;

	inode.raw = xcalloc(1, size < sizeof(*inode.raw) ? sizeof(*inode.raw) : size);
	code = ext2fs_read_inode_full(
		layout->fs, number, (struct ext2_inode *)inode.raw, (int)size);
	if (code) {
		status = ext_error_set(layout->io, code, err);
	} else {
		if (number < EXT2_FIRST_INO(layout->fs->super) || inode.raw->i_links_count > 0 ||
			inode.raw->i_flags & EXT4_EA_INODE_FL)
			bit_set(layout->met, number - 1);
		if (number == EXT2_RESIZE_INO &&
			ext2fs_has_feature_resize_inode(layout->fs->super)) {
			status = ext_record_add_resize(layout, &inode, err);
		} else {
			ext_record_add(layout, &inode, name, REGION_NO_OWNER);
			/* Of what was one, the blocks are nobody's. */
			if (number != EXT2_RESIZE_INO)
				status = add_blocks(&adding, &inode, err);
		}
	}
	ext_inode_release(&inode);
	return status < 0 ? error_context(err, "inode %" PRIu32, number) : STATUS_OK;
}
