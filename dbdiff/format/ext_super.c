/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/ext.h"

#include <e2p/e2p.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "dbdiff/format/filesystem.h"

enum kind {
	KIND_NUMBER, /* little-endian, with what is at `high` above it */
	KIND_TIME,   /* seconds, likewise */
	KIND_UUID,
	KIND_TEXT, /* ends with the first NUL */
	KIND_HEX,
	KIND_ELSEWHERE, /* given by another field, or follows from the rest of the superblock */
};

struct super_field {
	const char *name;
	enum kind kind;
	uint16_t offset;
	uint16_t size;
	uint16_t high; /* offset, or 0 */
	uint16_t high_size;
};

#define AT(field)   offsetof(struct ext2_super_block, field)
#define SIZE(field) sizeof(((struct ext2_super_block *)NULL)->field)
#define ROW(field)  .offset = AT(field), .size = SIZE(field)
#define HIGH(field) .high = AT(field), .high_size = SIZE(field)

static const struct super_field super_fields[] = {
	{"filesystem-uuid", KIND_UUID, ROW(s_uuid)},
	{"filesystem-label", KIND_TEXT, ROW(s_volume_name)},
	{"filesystem-hash-seed", KIND_UUID, ROW(s_hash_seed)},
	{"filesystem-hash-version", KIND_NUMBER, ROW(s_def_hash_version)},
	{"filesystem-created", KIND_TIME, ROW(s_mkfs_time), HIGH(s_mkfs_time_hi)},
	{"filesystem-written", KIND_TIME, ROW(s_wtime), HIGH(s_wtime_hi)},
	{"filesystem-mounted", KIND_TIME, ROW(s_mtime), HIGH(s_mtime_hi)},
	{"filesystem-last-checked", KIND_TIME, ROW(s_lastcheck), HIGH(s_lastcheck_hi)},
	{"filesystem-check-interval", KIND_NUMBER, ROW(s_checkinterval)},
	{"filesystem-mount-count", KIND_NUMBER, ROW(s_mnt_count)},
	{"filesystem-max-mount-count", KIND_NUMBER, ROW(s_max_mnt_count)},
	{"filesystem-last-mounted", KIND_TEXT, ROW(s_last_mounted)},
	{"filesystem-mount-options", KIND_TEXT, ROW(s_mount_opts)},
	{"filesystem-default-mount-options", KIND_HEX, ROW(s_default_mount_opts)},
	{"filesystem-state", KIND_HEX, ROW(s_state)},
	{"filesystem-errors-behaviour", KIND_NUMBER, ROW(s_errors)},
	{"filesystem-errors", KIND_NUMBER, ROW(s_error_count)},
	{"filesystem-written-kib", KIND_NUMBER, ROW(s_kbytes_written)},
	{"filesystem-inodes", KIND_NUMBER, ROW(s_inodes_count)},
	{"filesystem-free-inodes", KIND_NUMBER, ROW(s_free_inodes_count)},
	{"filesystem-blocks", KIND_NUMBER, ROW(s_blocks_count), HIGH(s_blocks_count_hi)},
	{"filesystem-free-blocks", KIND_NUMBER, ROW(s_free_blocks_count), HIGH(s_free_blocks_hi)},
	{"filesystem-reserved-blocks", KIND_NUMBER, ROW(s_r_blocks_count),
		HIGH(s_r_blocks_count_hi)},
	{"filesystem-reserved-uid", KIND_NUMBER, ROW(s_def_resuid)},
	{"filesystem-reserved-gid", KIND_NUMBER, ROW(s_def_resgid)},
	{"filesystem-blocks-per-group", KIND_NUMBER, ROW(s_blocks_per_group)},
	{"filesystem-inodes-per-group", KIND_NUMBER, ROW(s_inodes_per_group)},
	{"filesystem-inode-size", KIND_NUMBER, ROW(s_inode_size)},
	{"filesystem-reserved-gdt-blocks", KIND_NUMBER, ROW(s_reserved_gdt_blocks)},
	{"filesystem-overhead", KIND_NUMBER, ROW(s_overhead_clusters)},
	{"filesystem-creator-os", KIND_NUMBER, ROW(s_creator_os)},
	{"filesystem-revision", KIND_NUMBER, ROW(s_rev_level)},
	{"filesystem-flags", KIND_HEX, ROW(s_flags)},
	{"filesystem-journal-uuid", KIND_UUID, ROW(s_journal_uuid)},
	{"filesystem-journal-inode", KIND_NUMBER, ROW(s_journal_inum)},
	{"filesystem-journal-backup", KIND_HEX, ROW(s_jnl_blocks)},
	{"filesystem-checksum-seed", KIND_HEX, ROW(s_checksum_seed)},
	{"filesystem-block-size", KIND_ELSEWHERE, ROW(s_log_block_size)},
	{"filesystem-features", KIND_ELSEWHERE, ROW(s_feature_compat)},
	{"filesystem-features", KIND_ELSEWHERE, ROW(s_feature_incompat)},
	{"filesystem-features", KIND_ELSEWHERE, ROW(s_feature_ro_compat)},
	{"checksum", KIND_ELSEWHERE, ROW(s_checksum)},
};

static uint64_t number_at(const unsigned char *super, size_t offset, size_t size)
{
	uint64_t number = 0;

	for (size_t i = size; i > 0; i--)
		number = number << 8 | super[offset + i - 1];
	return number;
}

static uint32_t number_of(const unsigned char *super, size_t offset)
{
	return (uint32_t)number_at(super, offset, 4);
}

enum status ext_super_check(const unsigned char super[EXT_SUPER_SIZE], uint64_t size,
	struct ext_geometry *geometry, struct error *err)
{
	uint32_t log_size = number_of(super, AT(s_log_block_size));
	uint64_t inode_size = number_at(super, AT(s_inode_size), SIZE(s_inode_size));
	uint64_t blocks = number_of(super, AT(s_blocks_count));

	if (number_at(super, AT(s_magic), SIZE(s_magic)) != EXT2_SUPER_MAGIC)
		return error_set(err, STATUS_FORMAT, "not an ext2, ext3 or ext4");
	if (log_size > EXT2_MAX_BLOCK_LOG_SIZE - EXT2_MIN_BLOCK_LOG_SIZE)
		return error_set(err, STATUS_FORMAT, "an impossible block size");
	if (number_of(super, AT(s_feature_incompat)) & EXT4_FEATURE_INCOMPAT_64BIT)
		blocks |= (uint64_t)number_of(super, AT(s_blocks_count_hi)) << 32;
	geometry->blocks = blocks;
	geometry->block_size = UINT32_C(1024) << log_size;
	if (blocks > size / geometry->block_size)
		return error_set(err, STATUS_FORMAT,
			"short read: it has %" PRIu64 " bytes and says %" PRIu64
			" blocks of %" PRIu32,
			size, blocks, geometry->block_size);
	if (number_of(super, AT(s_rev_level)) == 0)
		inode_size = EXT2_GOOD_OLD_INODE_SIZE;
	if (number_of(super, AT(s_inodes_count)) > size / (inode_size ? inode_size : 1))
		return error_set(err, STATUS_FORMAT, "more inodes than there is room for");
	return STATUS_OK;
}

/* As people write a UUID; all zero is none. */
static void add_uuid(struct member *member, const char *name, const unsigned char *uuid)
{
	struct buffer text = {0};

	for (size_t i = 0; i < 16; i++)
		buffer_add_format(
			&text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
	member_add_field(member, name, "%s", buffer_text(&text));
	buffer_release(&text);
}

static void add_hex(struct member *member, const char *name, const unsigned char *data, size_t len)
{
	struct buffer text = {0};

	for (size_t i = len; i > 0; i--)
		buffer_add_format(&text, "%02x", data[i - 1]);
	member_add_field(member, name, "0x%s", buffer_text(&text));
	buffer_release(&text);
}

static void add_features(struct member *member, const unsigned char *super)
{
	static const struct {
		int kind;
		size_t offset;
	} words[] = {
		{E2P_FEATURE_COMPAT, AT(s_feature_compat)},
		{E2P_FEATURE_INCOMPAT, AT(s_feature_incompat)},
		{E2P_FEATURE_RO_INCOMPAT, AT(s_feature_ro_compat)},
	};
	struct buffer text = {0};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		uint32_t features = number_of(super, words[i].offset);

		for (unsigned bit = 0; bit < 32; bit++) {
			char name[32] = "";

			if (!(features & UINT32_C(1) << bit))
				continue;
			e2p_feature_to_string(
				words[i].kind, UINT32_C(1) << bit, name, sizeof(name));
			buffer_add_format(&text, "%s%s", text.len ? " " : "", name);
		}
	}
	member_add_field(member, "filesystem-features", "%s", buffer_text(&text));
	buffer_release(&text);
	if (number_of(super, AT(s_feature_incompat)) & EXT3_FEATURE_INCOMPAT_RECOVER)
		member_add_field(member, "filesystem-needs-recovery", "yes");
}

/* A seed that checksums do not begin with is only bytes. */
static bool is_there(const struct super_field *field, const unsigned char *super)
{
	return field->offset != AT(s_checksum_seed) ||
		number_of(super, AT(s_feature_incompat)) & EXT4_FEATURE_INCOMPAT_CSUM_SEED;
}

/* Counters that were found wrong have a name of their own. */
static const char *name_of(const struct super_field *field, const struct ext_super_wrong *wrong)
{
	if (wrong->free_blocks && field->offset == AT(s_free_blocks_count))
		return "filesystem-free-blocks-invalid";
	if (wrong->free_inodes && field->offset == AT(s_free_inodes_count))
		return "filesystem-free-inodes-invalid";
	return field->name;
}

static void add_field(struct member *member, const char *name, const struct super_field *field,
	const unsigned char *super)
{
	const unsigned char *at = super + field->offset;
	uint64_t number = 0;

	if (field->kind == KIND_NUMBER || field->kind == KIND_TIME) {
		number = number_at(super, field->offset, field->size);
		if (field->high)
			number |= number_at(super, field->high, field->high_size)
				<< 8 * field->size;
	}
	switch (field->kind) {
	case KIND_NUMBER:
		member_add_field(member, name, "%" PRIu64, number);
		break;
	case KIND_TIME:
		filesystem_add_time(
			member, name, &(struct filesystem_time){.seconds = (int64_t)number});
		break;
	case KIND_UUID:
		add_uuid(member, name, at);
		break;
	case KIND_TEXT:
		member_add_field_bytes(member, name, at, strnlen((const char *)at, field->size));
		break;
	case KIND_HEX:
		add_hex(member, name, at, field->size);
		break;
	case KIND_ELSEWHERE:
		break;
	}
}

/* Bytes behind the end of a text are its own; they stay to be hashed with the rest. */
static void forget(unsigned char *rest, const struct super_field *field)
{
	size_t len = field->size;

	if (field->kind == KIND_TEXT)
		len = strnlen((const char *)rest + field->offset, len);
	memset(rest + field->offset, 0, len);
	if (field->high)
		memset(rest + field->high, 0, field->high_size);
}

void ext_super_add(struct member *member, const unsigned char super[EXT_SUPER_SIZE],
	const struct ext_super_wrong *wrong)
{
	unsigned char rest[EXT_SUPER_SIZE];
	struct digest digest;
	char hex[SHA256_HEX_SIZE];

	memcpy(rest, super, sizeof(rest));
	member_add_field(member, "filesystem-block-size", "%" PRIu32,
		UINT32_C(1024) << number_of(super, AT(s_log_block_size)));
	add_features(member, super);
	for (size_t i = 0; i < ARRAY_SIZE(super_fields); i++) {
		const struct super_field *field = &super_fields[i];

		if (!is_there(field, super))
			continue;
		add_field(member, name_of(field, wrong), field, super);
		forget(rest, field);
	}
	hash_memory(rest, sizeof(rest), &digest);
	digest_hex(&digest, hex);
	member_add_field(member, "filesystem-superblock-rest", "SHA-256 %s", hex);
}

/* ---- regions ---- */

/* What belongs to one field, or to none. */
struct stretch {
	const struct super_field *field; /* or NULL */
	size_t offset;
	size_t size;
};

#define STRETCHES_MAX (4 * ARRAY_SIZE(super_fields) + 1)

static int stretch_compare(const void *a, const void *b)
{
	const struct stretch *first = a, *second = b;

	return first->offset < second->offset ? -1 : first->offset > second->offset;
}

/* All of it, in order. */
static size_t find_stretches(const unsigned char *super, struct stretch stretches[STRETCHES_MAX])
{
	struct stretch fields[2 * ARRAY_SIZE(super_fields)];
	size_t fields_count = 0, count = 0, at = 0;

	for (size_t i = 0; i < ARRAY_SIZE(super_fields); i++) {
		const struct super_field *field = &super_fields[i];

		if (!is_there(field, super))
			continue;
		fields[fields_count++] = (struct stretch){field, field->offset, field->size};
		if (field->high)
			fields[fields_count++] =
				(struct stretch){field, field->high, field->high_size};
	}
	qsort(fields, fields_count, sizeof(fields[0]), stretch_compare);
	for (size_t i = 0; i < fields_count; i++) {
		stretches[count++] = (struct stretch){NULL, at, fields[i].offset - at};
		stretches[count++] = fields[i];
		at = fields[i].offset + fields[i].size;
	}
	stretches[count++] = (struct stretch){NULL, at, EXT_SUPER_SIZE - at};
	return count;
}

struct ext_super_wrong ext_super_find_wrong(struct ext_layout *layout)
{
	const struct ext_usage *all = ext_usage_of_all(layout, EXT_STATE_NOW);

	return (struct ext_super_wrong){
		.free_blocks = all->free_clusters * (uint64_t)EXT2FS_CLUSTER_RATIO(layout->fs) !=
			ext2fs_free_blocks_count(layout->fs->super),
		.free_inodes = all->free_inodes != layout->fs->super->s_free_inodes_count,
	};
}

void ext_super_add_regions(struct ext_layout *layout, uint64_t offset)
{
	bool has_checksum = ext2fs_has_feature_metadata_csum(layout->fs->super);
	struct ext_super_wrong wrong = ext_super_find_wrong(layout);
	struct stretch stretches[STRETCHES_MAX];
	size_t count = find_stretches(layout->super, stretches);

	for (size_t i = 0; i < count; i++) {
		const struct super_field *field = stretches[i].field;
		uint64_t at = offset + stretches[i].offset, len = stretches[i].size;
		const char *name = "filesystem-superblock-rest";
		bool is_derived = false;

		if (field != NULL) {
			name = name_of(field, &wrong);
			is_derived = (field->offset == AT(s_checksum) && has_checksum) ||
				(field->offset == AT(s_free_blocks_count) && !wrong.free_blocks) ||
				(field->offset == AT(s_free_inodes_count) && !wrong.free_inodes);
		}
		if (is_derived)
			members_add_derived(layout->members, at, len, name);
		else
			members_add_structure(layout->members, at, len, name);
	}
}

/* ---- backups ---- */

/* What the kernel and e2fsck write to the first only: the backup has it from before. */
static bool is_written_once(const struct super_field *field)
{
	static const uint16_t offsets[] = {AT(s_wtime), AT(s_mtime), AT(s_lastcheck),
		AT(s_mnt_count), AT(s_last_mounted), AT(s_state), AT(s_error_count),
		AT(s_kbytes_written), AT(s_overhead_clusters), AT(s_jnl_blocks), AT(s_flags),
		AT(s_feature_compat), AT(s_feature_incompat), AT(s_feature_ro_compat)};

	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		if (field->offset == offsets[i])
			return true;
	}
	return false;
}

/*
 * The backup as it is in the first, where it is what it must be. Backups are written as not cleanly
 * unmounted, and say which group they are in.
 */
static void settle_backup(ext2_filsys fs, const unsigned char super[EXT_SUPER_SIZE],
	unsigned char backup[EXT_SUPER_SIZE], dgrp_t group)
{
	struct ext2_super_block first, copy;

	memcpy(&first, super, sizeof(first));
	memcpy(&copy, backup, sizeof(copy));
	if (ext2fs_has_feature_metadata_csum(fs->super) && ext2fs_superblock_csum_verify(fs, &copy))
		copy.s_checksum = first.s_checksum;
	if (ext2fs_le16_to_cpu(copy.s_block_group_nr) == (uint16_t)group)
		copy.s_block_group_nr = first.s_block_group_nr;
	if (copy.s_state == ext2fs_cpu_to_le16(ext2fs_le16_to_cpu(first.s_state) & ~EXT2_VALID_FS))
		copy.s_state = first.s_state;
	memcpy(backup, &copy, sizeof(copy));
}

/* Whether a counter is that of the file system as mke2fs left it. */
static bool is_as_made(
	struct ext_layout *layout, const struct super_field *field, const unsigned char *backup)
{
	uint64_t number = number_at(backup, field->offset, field->size);
	const struct ext_usage *all;

	if (field->offset != AT(s_free_blocks_count) && field->offset != AT(s_free_inodes_count))
		return false;
	all = ext_usage_of_all(layout, EXT_STATE_MADE);
	if (field->offset == AT(s_free_inodes_count))
		return number == all->free_inodes;
	if (ext2fs_has_feature_64bit(layout->fs->super))
		number |= number_at(backup, field->high, field->high_size) << 32;
	return number == all->free_clusters * (uint64_t)EXT2FS_CLUSTER_RATIO(layout->fs);
}

void ext_super_add_backup(struct ext_layout *layout, uint64_t offset,
	const unsigned char backup[EXT_SUPER_SIZE], dgrp_t group)
{
	static const char name[] = "superblock-backup";
	unsigned char settled[EXT_SUPER_SIZE];
	struct stretch stretches[STRETCHES_MAX];
	size_t count = find_stretches(layout->super, stretches);

	memcpy(settled, backup, sizeof(settled));
	settle_backup(layout->fs, layout->super, settled, group);
	for (size_t i = 0; i < count; i++) {
		const struct super_field *field = stretches[i].field;
		size_t begin = stretches[i].offset, len = stretches[i].size;
		uint64_t at = offset + begin;

		if (memcmp(layout->super + begin, settled + begin, len) == 0 ||
			(field != NULL && is_as_made(layout, field, backup)))
			members_add_derived(layout->members, at, len, name);
		else
			members_add_structure(layout->members, at, len,
				field != NULL && is_written_once(field)
					? field->name
					: "superblock-backup-unlike");
	}
}
