/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the tables of a squashfs say what is so. Most of it shows in no member, and a kernel goes
 * by it: another count of links, another parent, an index that leads past a name. What is right
 * differs only because something else does; what is wrong is told by itself.
 */
#include "dbdiff/format/squashfs_check.h"

#include <inttypes.h>
#include <sqfs/block.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"

struct squashfs_checks *squashfs_checks_new(const struct squashfs_reading *reading)
{
	struct squashfs_checks *checks = xcalloc(1, sizeof(*checks));

	checks->reading = *reading;
	checks->listings_left = squashfs_regions_end(reading->regions, SQUASHFS_DIRECTORY);
	checks->used_ids = xcalloc((size_t)reading->super->id_count + 1, 1);
	return checks;
}

void squashfs_checks_free(struct squashfs_checks *checks)
{
	if (checks == NULL)
		return;
	for (size_t i = 0; i < SQUASHFS_CHECKED_COUNT; i++)
		buffer_release(&checks->complaints[i].text);
	free(checks->met);
	free(checks->listings.items);
	free(checks->used_ids);
	free(checks->used_xattrs);
	free(checks);
}

void squashfs_complain(
	struct squashfs_checks *checks, enum squashfs_checked what, const char *format, ...)
{
	struct complaint *complaint = &checks->complaints[what];
	va_list arguments;

	squashfs_regions_invalidate(checks->reading.regions, what);
	if (complaint->count++ > 0)
		return;
	va_start(arguments, format);
	buffer_add_vformat(&complaint->text, format, arguments);
	va_end(arguments);
}

void squashfs_checks_describe(const struct squashfs_checks *checks, struct member *container)
{
	for (size_t i = 0; i < SQUASHFS_CHECKED_COUNT; i++) {
		const struct complaint *complaint = &checks->complaints[i];
		const char *name = squashfs_invalid_name((enum squashfs_checked)i);

		if (complaint->count == 1)
			member_add_field(container, name, "%s", buffer_text(&complaint->text));
		else if (complaint->count > 1)
			member_add_field(container, name, "%s, and %" PRIu64 " more",
				buffer_text(&complaint->text), complaint->count - 1);
	}
}

/* The blocks in which an inode is are no member's then. */
void squashfs_spoil_inode(struct squashfs_checks *checks, const struct squashfs_met *met)
{
	squashfs_regions_take_invalid(
		checks->reading.regions, SQUASHFS_INODE_INVALID, met->from, met->to);
}

/* ---- inodes ---- */

struct squashfs_met *squashfs_met_at(struct squashfs_checks *checks, uint32_t number)
{
	size_t capacity = checks->met_capacity;

	if (number > SQUASHFS_BLOCKS_MAX)
		checks->is_full = true;
	if (number == 0 || checks->is_full)
		return NULL;
	if (number > capacity) {
		capacity = capacity * 2 > number ? capacity * 2 : number;
		capacity = capacity < 64 ? 64 : capacity;
		checks->met = xrealloc(checks->met, capacity * sizeof(checks->met[0]));
		memset(checks->met + checks->met_capacity, 0,
			(capacity - checks->met_capacity) * sizeof(checks->met[0]));
		checks->met_capacity = capacity;
	}
	return &checks->met[number - 1];
}

static bool is_directory(const sqfs_inode_generic_t *inode)
{
	return inode->base.type == SQFS_INODE_DIR || inode->base.type == SQFS_INODE_EXT_DIR;
}

static uint32_t parent_of(const sqfs_inode_generic_t *inode)
{
	return inode->base.type == SQFS_INODE_EXT_DIR ? inode->data.dir_ext.parent_inode
						      : inode->data.dir.parent_inode;
}

/* The root's is the number behind the last, or 0: it depends on who wrote it. */
static void check_parent(struct squashfs_checks *checks, const sqfs_inode_generic_t *inode,
	const struct squashfs_met *met, uint32_t parent)
{
	uint32_t says = parent_of(inode);
	uint32_t is = parent != 0 ? parent : checks->reading.super->inode_count + 1;

	if (says == is || (parent == 0 && says == 0))
		return;
	squashfs_complain(checks, SQUASHFS_INODES,
		"inode %" PRIu32 " has the parent %" PRIu32 ", not %" PRIu32,
		inode->base.inode_number, says, is);
	squashfs_spoil_inode(checks, met);
}

/* Numbers of a file that say nothing when it has no such bytes are none to keep others in. */
static bool is_usual_file(const struct squashfs_checks *checks, const sqfs_inode_generic_t *inode)
{
	uint64_t stored = 0, holes = 0, block_size = checks->reading.super->block_size;
	size_t count = sqfs_inode_get_file_block_count(inode);
	sqfs_u32 fragment = 0, offset = 0;
	sqfs_u64 size = 0, start = 0;

	sqfs_inode_get_file_size(inode, &size);
	sqfs_inode_get_file_block_start(inode, &start);
	sqfs_inode_get_frag_location(inode, &fragment, &offset);
	for (size_t i = 0; i < count; i++) {
		uint64_t left = size - i * block_size;

		if (SQFS_IS_SPARSE_BLOCK(inode->extra[i]))
			holes += left < block_size ? left : block_size;
		else
			stored++;
	}
	if (fragment == UINT32_MAX && offset != 0 && offset != UINT32_MAX)
		return false;
	if (stored == 0 && start > checks->reading.super->inode_table_start)
		return false;
	if (inode->base.type != SQFS_INODE_EXT_FILE)
		return true;
	/* mksquashfs counts none in a file that is like another, and one less when there is no
	 * other byte. */
	return inode->data.file_ext.sparse == holes || inode->data.file_ext.sparse == 0 ||
		(holes == size && inode->data.file_ext.sparse == holes - 1);
}

static void check_file(struct squashfs_checks *checks, const sqfs_inode_generic_t *inode,
	const struct squashfs_met *met)
{
	if (is_usual_file(checks, inode))
		return;
	squashfs_complain(checks, SQUASHFS_INODES,
		"inode %" PRIu32 " gives places that it does not have", inode->base.inode_number);
	squashfs_spoil_inode(checks, met);
}

static void use_tables(struct squashfs_checks *checks, const sqfs_inode_generic_t *inode)
{
	sqfs_u32 xattr = UINT32_MAX;

	if (inode->base.uid_idx < checks->reading.super->id_count)
		checks->used_ids[inode->base.uid_idx] = 1;
	if (inode->base.gid_idx < checks->reading.super->id_count)
		checks->used_ids[inode->base.gid_idx] = 1;
	sqfs_inode_get_xattr_index(inode, &xattr);
	if (xattr == UINT32_MAX || xattr >= SQUASHFS_BLOCKS_MAX)
		return;
	if (xattr >= checks->xattr_count) {
		uint32_t count = xattr * 2 + 64;

		checks->used_xattrs = xrealloc(checks->used_xattrs, count);
		memset(checks->used_xattrs + checks->xattr_count, 0, count - checks->xattr_count);
		checks->xattr_count = count;
	}
	checks->used_xattrs[xattr] = 1;
}

void squashfs_checks_take_inode(struct squashfs_checks *checks, const sqfs_inode_generic_t *inode,
	const struct squashfs_where *where)
{
	const struct squashfs_reading *reading = &checks->reading;
	uint64_t begin = reading->super->inode_table_start;
	struct squashfs_met *met = squashfs_met_at(checks, inode->base.inode_number);
	struct squashfs_met now = {
		.from = squashfs_regions_position(reading->regions, SQUASHFS_INODE,
			begin + (where->reference >> 16), where->reference & 0xffff),
		.to = squashfs_regions_position(
			reading->regions, SQUASHFS_INODE, where->end_block, where->end_offset),
		.links = squashfs_inode_links(inode),
		.is_directory = is_directory(inode),
	};

	if (met == NULL)
		return;
	if (met->to != 0 && met->from != now.from) {
		squashfs_complain(checks, SQUASHFS_INODES, "inode %" PRIu32 " is at two places",
			inode->base.inode_number);
		squashfs_spoil_inode(checks, met);
		squashfs_spoil_inode(checks, &now);
		return;
	}
	if (met->to == 0) {
		*met = now;
		checks->met_count++;
	}
	if (!now.is_directory)
		met->names++;
	use_tables(checks, inode);
	if (now.is_directory)
		check_parent(checks, inode, met, where->parent);
	if (inode->base.type == SQFS_INODE_FILE || inode->base.type == SQFS_INODE_EXT_FILE)
		check_file(checks, inode, met);
	if ((where->mode & ~07777u) != 0 && where->mode != inode->base.mode) {
		squashfs_complain(checks, SQUASHFS_INODES, "inode %" PRIu32 " has the mode %o",
			inode->base.inode_number, where->mode);
		squashfs_spoil_inode(checks, met);
	}
}

/* ---- when all were met ---- */

int squashfs_extent_compare(const void *a, const void *b)
{
	const struct squashfs_extent *first = a, *second = b;

	if (first->from != second->from)
		return first->from < second->from ? -1 : 1;
	return first->to < second->to ? -1 : first->to > second->to;
}

/* Bytes that are nobody's, or of two. */
static void check_extents(struct squashfs_checks *checks, struct squashfs_extents *extents,
	enum squashfs_checked what, enum squashfs_place_kind kind)
{
	uint64_t end = squashfs_regions_end(checks->reading.regions, kind), at = 0;

	if (extents->count > 1)
		qsort(extents->items, extents->count, sizeof(extents->items[0]),
			squashfs_extent_compare);
	for (size_t i = 0; i <= extents->count; i++) {
		struct squashfs_extent next =
			i < extents->count ? extents->items[i] : (struct squashfs_extent){end, end};

		if (next.from != at) {
			squashfs_complain(checks, what, "bytes %" PRIu64 " to %" PRIu64 " are %s",
				at, next.from, next.from > at ? "nobody's" : "of two");
			squashfs_regions_take_invalid(checks->reading.regions, kind,
				next.from > at ? at : next.from, next.from > at ? next.from : at);
		}
		if (next.to > at)
			at = next.to;
	}
}

static void check_inodes(struct squashfs_checks *checks)
{
	struct squashfs_extents extents = {0};
	uint32_t says = checks->reading.super->inode_count;

	if (checks->met_count != says)
		squashfs_complain(checks, SQUASHFS_INODE_COUNT, "%" PRIu32 ", not %" PRIu64, says,
			checks->met_count);
	for (size_t i = 0; i < checks->met_capacity; i++) {
		const struct squashfs_met *met = &checks->met[i];

		if (met->to == 0)
			continue;
		ARRAY_GROW(extents.items, extents.count, extents.capacity);
		extents.items[extents.count++] = (struct squashfs_extent){met->from, met->to};
	}
	check_extents(checks, &extents, SQUASHFS_INODES, SQUASHFS_INODE_INVALID);
	free(extents.items);
}

/* Some count the subdirectories of a directory, and others all that is in it. */
static void check_links(struct squashfs_checks *checks)
{
	bool counts_all = true;

	for (size_t i = 0; i < checks->met_capacity; i++) {
		const struct squashfs_met *met = &checks->met[i];

		if (met->is_directory && met->links != met->names + 2)
			counts_all = false;
	}
	for (size_t i = 0; i < checks->met_capacity; i++) {
		const struct squashfs_met *met = &checks->met[i];
		uint32_t links = met->names;

		if (met->is_directory)
			links = 2 + (counts_all ? met->names : met->subdirectories);
		if (met->to == 0 || met->links == links)
			continue;
		squashfs_complain(checks, SQUASHFS_INODES,
			"inode %zu has %" PRIu32 " links, not %" PRIu32, i + 1, met->links, links);
		squashfs_spoil_inode(checks, met);
	}
}

enum status squashfs_checks_finish(struct squashfs_checks *checks, struct error *err)
{
	if (checks->is_full)
		return error_set(err, STATUS_LIMIT, "more than %zu inodes", SQUASHFS_BLOCKS_MAX);
	check_inodes(checks);
	check_links(checks);
	check_extents(checks, &checks->listings, SQUASHFS_DIRECTORIES, SQUASHFS_DIRECTORY_INVALID);
	return squashfs_checks_take_tables(checks, err);
}
