/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dm-verity: a file system, the superblock of its hash tree, and the tree, in one file or
 * partition; or the superblock and the tree alone, whose data is elsewhere. The data is a member,
 * the tree is computed again and is derived where it fits.
 */
#include "dbdiff/format/verity.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/format/filesystem_end.h"
#include "dbdiff/format/formats.h"

struct verity {
	struct members members;
	struct source *source;
	struct verity_super super;
	struct verity_tree tree;
	struct verity_check check;
	bool is_known;	       /* the algorithm, and so where the tree lies */
	uint64_t super_offset; /* 0: the data is elsewhere */
	unsigned given;	       /* members */
};

static uint64_t little(const unsigned char *at, unsigned bytes)
{
	uint64_t number = 0;

	while (bytes > 0)
		number = number << 8 | at[--bytes];
	return number;
}

/* ---- the superblock ---- */

enum {
	VERSION = 8,
	TYPE = 12,
	UUID = 16,
	ALGORITHM = 32,
	DATA_BLOCK = 64,
	HASH_BLOCK = 68,
	DATA_BLOCKS = 72,
	SALT_SIZE = 80,
	SALT = 88,
	SALT_END = SALT + VERITY_SALT_SIZE_MAX
};

static bool is_block_size(uint32_t size)
{
	return size >= 512 && size <= VERITY_BLOCK_SIZE_MAX && (size & (size - 1)) == 0;
}

/* STATUS_FORMAT for what is no superblock, or holds impossible numbers. */
static enum status verity_super_parse(
	const unsigned char data[VERITY_SUPER_SIZE], struct verity_super *super, struct error *err)
{
	*super = (struct verity_super){
		.version = (uint32_t)little(data + VERSION, 4),
		.hash_type = (uint32_t)little(data + TYPE, 4),
		.data_block = (uint32_t)little(data + DATA_BLOCK, 4),
		.hash_block = (uint32_t)little(data + HASH_BLOCK, 4),
		.data_blocks = little(data + DATA_BLOCKS, 8),
		.salt_len = (uint16_t)little(data + SALT_SIZE, 2),
	};
	if (memcmp(data, "verity\0\0", 8) != 0)
		return error_set(err, STATUS_FORMAT, "not a superblock of dm-verity");
	if (super->version != 1 || super->hash_type > 1)
		return error_set(err, STATUS_UNSUPPORTED, "version %" PRIu32 ", hash type %" PRIu32,
			super->version, super->hash_type);
	if (!is_block_size(super->data_block) || !is_block_size(super->hash_block))
		return error_set(err, STATUS_FORMAT, "blocks of %" PRIu32 " and %" PRIu32 " bytes",
			super->data_block, super->hash_block);
	if (super->data_blocks == 0 || super->data_blocks > INT64_MAX / super->data_block)
		return error_set(
			err, STATUS_FORMAT, "%" PRIu64 " blocks of data", super->data_blocks);
	if (super->salt_len > VERITY_SALT_SIZE_MAX)
		return error_set(err, STATUS_FORMAT, "a salt of %u bytes", super->salt_len);
	memcpy(super->uuid, data + UUID, sizeof(super->uuid));
	memcpy(super->algorithm, data + ALGORITHM, VERITY_ALGORITHM_SIZE);
	memcpy(super->salt, data + SALT, sizeof(super->salt));
	return STATUS_OK;
}

static uint64_t verity_data_bytes(const struct verity_super *super)
{
	return super->data_blocks * super->data_block;
}

static bool is_super_at(struct source *source, uint64_t offset, struct verity_super *super)
{
	unsigned char data[VERITY_SUPER_SIZE];
	struct error err;

	return offset <= source->size && source->size - offset >= sizeof(data) &&
		source_pread(source, offset, data, sizeof(data), &err) == STATUS_OK &&
		verity_super_parse(data, super, &err) == STATUS_OK;
}

/*
 * Finds a superblock in a source that can seek and begins with `data`: at its beginning (*offset
 * is 0 then), or behind the file system that it begins with, at the next multiple of some block
 * size. False when there is none that makes sense there.
 */
static bool verity_find(struct source *source, const unsigned char *data, size_t len,
	uint64_t *offset, struct verity_super *super)
{
	uint64_t end = filesystem_end(data, len), before = 0;

	*offset = 0;
	if (len >= 8 && memcmp(data, "verity\0\0", 8) == 0)
		return is_super_at(source, 0, super);
	if (end == 0 || end > source->size)
		return false;
	for (uint64_t block = 512; block <= VERITY_BLOCK_SIZE_MAX; block *= 2) {
		*offset = (end + block - 1) / block * block;
		if (*offset != before && is_super_at(source, *offset, super) &&
			verity_data_bytes(super) <= *offset)
			return true;
		before = *offset;
	}
	return false;
}

/* ---- what the bytes are ---- */

/* Zeros are padding; what begins with the first other byte is called `name`. */
static enum status add_fill(
	struct verity *verity, uint64_t start, uint64_t end, const char *name, struct error *err)
{
	unsigned char *window = xmalloc(SOURCE_WINDOW);
	enum status status = STATUS_OK;
	uint64_t at = start;
	size_t zeros = 0, len = 0;

	while (at < end && zeros == len && status == STATUS_OK) {
		len = end - at < SOURCE_WINDOW ? (size_t)(end - at) : SOURCE_WINDOW;
		status = source_pread(verity->source, at, window, len, err);
		for (zeros = 0; zeros < len && window[zeros] == 0 && status == STATUS_OK; zeros++)
			;
		at += zeros;
	}
	free(window);
	if (status != STATUS_OK)
		return status;
	members_add_structure(&verity->members, start, at - start, "padding");
	members_add_structure(&verity->members, at, end - at, name);
	return STATUS_OK;
}

static void add_super(struct verity *verity)
{
	const unsigned salt_end = SALT + verity->super.salt_len;
	const struct {
		unsigned start, end;
		const char *name;
	} parts[] = {
		{0, UUID, "verity-header"},
		{UUID, ALGORITHM, "verity-uuid"},
		{ALGORITHM, DATA_BLOCK, "verity-algorithm"},
		{DATA_BLOCK, HASH_BLOCK, "verity-data-block-size"},
		{HASH_BLOCK, DATA_BLOCKS, "verity-hash-block-size"},
		{DATA_BLOCKS, SALT_SIZE, "verity-data-blocks"},
		{SALT_SIZE, SALT_SIZE + 2, "verity-salt"},
		{SALT_SIZE + 2, SALT, "verity-header"},
		{SALT, salt_end, "verity-salt"},
		{salt_end, VERITY_SUPER_SIZE, "verity-header"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		members_add_structure(&verity->members, verity->super_offset + parts[i].start,
			parts[i].end - parts[i].start, parts[i].name);
}

/* The tree: derived as far as it was computed and found to be what is stored. */
static void add_tree(struct verity *verity)
{
	const struct verity_tree *tree = &verity->tree;
	uint64_t hashes = tree->levels > 0 ? tree->level_start[0] : tree->end;

	if (!verity->check.fits && verity->check.misfit.len > 0)
		members_add_structure(&verity->members, tree->start, tree->end - tree->start,
			"verity-tree-invalid");
	else if (verity->super_offset > 0)
		members_add_derived(
			&verity->members, tree->start, tree->end - tree->start, "verity-tree");
	else {
		members_add_derived(
			&verity->members, tree->start, hashes - tree->start, "verity-tree");
		members_add_structure(
			&verity->members, hashes, tree->end - hashes, "verity-hashes");
	}
}

static enum status read_tree(struct verity *verity, struct error *err)
{
	uint64_t super_end = verity->super_offset + VERITY_SUPER_SIZE;
	enum status status;

	if (verity->super_offset > 0)
		status = add_fill(verity, verity_data_bytes(&verity->super), verity->super_offset,
			"verity-gap", err);
	else
		status = STATUS_OK;
	add_super(verity);
	if (status != STATUS_OK)
		return status;
	if (!verity->is_known) {
		members_add_structure(&verity->members, super_end, verity->source->size - super_end,
			"verity-unchecked");
		return STATUS_OK;
	}
	if (verity->tree.end > verity->source->size)
		return error_set(err, STATUS_FORMAT,
			"short read: the tree ends at %" PRIu64 " of %" PRIu64, verity->tree.end,
			verity->source->size);
	status = verity_tree_check(verity->source, &verity->super, &verity->tree,
		verity->super_offset > 0, &verity->check, err);
	if (status != STATUS_OK)
		return status;
	add_tree(verity);
	status = add_fill(verity, super_end, verity->tree.start, "verity-gap", err);
	if (status == STATUS_OK)
		status = add_fill(
			verity, verity->tree.end, verity->source->size, "trailing-data", err);
	return status;
}

/* ---- members ---- */

static enum status verity_next(struct members *members, struct member *member, struct error *err)
{
	struct verity *verity = (struct verity *)members;

	if (verity->given == 0 && verity->super_offset > 0) {
		verity->given = 1;
		member_clear(member);
		member_set_name(member, "data", strlen("data"));
		member_add_field(member, "type", "data that the hash tree protects");
		member->has_content = true;
		member->size = verity_data_bytes(&verity->super);
		members_add_content(members, 0, member->size, 0, 0);
		return STATUS_OK;
	}
	if (verity->given < 2) {
		verity->given = 2;
		if (read_tree(verity, err) != STATUS_OK)
			return error_context(err, "verity");
	}
	return STATUS_END;
}

static enum status verity_open_member(
	struct members *members, struct source **content, struct error *err)
{
	struct verity *verity = (struct verity *)members;

	if (verity->given != 1)
		return error_set(err, STATUS_USAGE, "there is no content to open");
	*content = source_range_new(verity->source, 0, verity_data_bytes(&verity->super));
	return STATUS_OK;
}

static void add_hex(struct member *member, const char *name, const unsigned char *data, size_t len)
{
	struct buffer text = {0};

	for (size_t i = 0; i < len; i++)
		buffer_add_format(&text, "%02x", data[i]);
	member_add_field(member, name, "%s", buffer_text(&text));
	buffer_release(&text);
}

static void add_uuid(struct member *member, const unsigned char *uuid)
{
	struct buffer text = {0};

	for (size_t i = 0; i < VERITY_UUID_SIZE; i++)
		buffer_add_format(
			&text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
	member_add_field(member, "verity-uuid", "%s", buffer_text(&text));
	buffer_release(&text);
}

static void describe_tree(const struct verity *verity, struct member *container)
{
	const struct verity_check *check = &verity->check;

	if (!verity->is_known)
		member_add_field(container, "verity-unchecked",
			"the tree was not computed: the hash is not known here");
	else if (verity->super_offset == 0)
		member_add_field(container, "verity-data",
			"elsewhere: the hashes of the data could not be computed");
	if (check->has_root)
		add_hex(container, "verity-root", check->root, verity->tree.digest_len);
	if (check->misfit.len > 0)
		member_add_field(container, "verity-tree-invalid", "does not fit from %s on",
			buffer_text(&check->misfit));
}

static void verity_describe(struct members *members, struct member *container)
{
	const struct verity *verity = (struct verity *)members;
	const struct verity_super *super = &verity->super;

	add_uuid(container, super->uuid);
	add_hex(container, "verity-salt", super->salt, super->salt_len);
	member_add_field(container, "verity-version", "%" PRIu32, super->version);
	member_add_field(container, "verity-hash-type", "%" PRIu32, super->hash_type);
	member_add_field_bytes(
		container, "verity-algorithm", super->algorithm, strlen(super->algorithm));
	member_add_field(container, "verity-data-block-size", "%" PRIu32, super->data_block);
	member_add_field(container, "verity-hash-block-size", "%" PRIu32, super->hash_block);
	member_add_field(container, "verity-data-blocks", "%" PRIu64, super->data_blocks);
	describe_tree(verity, container);
}

static void verity_free(struct members *members)
{
	struct verity *verity = (struct verity *)members;

	buffer_release(&verity->check.misfit);
	free(verity);
}

static const struct members_ops verity_ops = {
	.next = verity_next,
	.open = verity_open_member,
	.describe = verity_describe,
	.free = verity_free,
};

/* ---- opening ---- */

static enum status verity_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct verity *verity = xcalloc(1, sizeof(*verity));
	unsigned char front[FILESYSTEM_END_BYTES] = {0};
	size_t len = source->size < sizeof(front) ? (size_t)source->size : sizeof(front);
	enum status status;

	(void)name, (void)limits;
	verity->members.ops = &verity_ops;
	verity->source = source;
	status = source_pread(source, 0, front, len, err);
	if (status == STATUS_OK &&
		!verity_find(source, front, len, &verity->super_offset, &verity->super))
		status = error_set(err, STATUS_FORMAT, "no superblock of dm-verity");
	if (status == STATUS_OK)
		status = verity_tree_layout(
			&verity->tree, &verity->super, verity->super_offset, err);
	verity->is_known = status == STATUS_OK;
	if (status < 0 && status != STATUS_UNSUPPORTED) {
		verity_free(&verity->members);
		return error_context(err, "verity");
	}
	*members = &verity->members;
	return STATUS_OK;
}

static unsigned verity_bid(const unsigned char *data, size_t len)
{
	return len >= UUID && memcmp(data, "verity\0\0\1\0\0\0", TYPE) == 0 ? 96 : 0;
}

/* A superblock alone, and one behind a file system: surer than the file system's own row. */
static unsigned verity_bid_more(const struct candidate *candidate)
{
	struct verity_super super;
	uint64_t offset;

	if (candidate->source == NULL ||
		!verity_find(candidate->source, candidate->data, candidate->len, &offset, &super))
		return 0;
	return 160;
}

const struct format format_verity = {
	.name = "verity",
	.bid_bytes = FILESYSTEM_END_BYTES,
	.needs_seek = true,
	.bid = verity_bid,
	.bid_more = verity_bid_more,
	.open = verity_open,
};
