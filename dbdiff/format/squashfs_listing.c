/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listings of directories, as Linux reads them: it looks a name up from the entry of the index that
 * is before it, and gives up at the first name that is behind it. libsquashfs goes from entry to
 * entry and looks at neither.
 */
#include "dbdiff/format/squashfs_check.h"

#include <inttypes.h>
#include <sqfs/dir.h>
#include <string.h>

#include "base/array.h"
#include "dbdiff/format/bytes.h"

#define LISTING_EXTRA  3 /* the size of a listing counts so many bytes for "." and ".." */
#define LISTING_HEADER 12
#define ENTRY_HEADER   8
#define NAME_MAX_BYTES 256

/* A listing on the way, with its index beside it. */
struct listing {
	uint64_t start; /* in the container: where the table of directories is */
	uint32_t size;	/* without what is counted for "." and ".." */
	uint32_t at;
	const unsigned char *index; /* the entry that is next, as libsquashfs keeps them */
	size_t index_left;
	bool is_sorted, is_indexed;
	unsigned char name[NAME_MAX_BYTES]; /* the last */
	size_t name_len;
	uint32_t entries, subdirectories;
};

static void spoil_listing(struct squashfs_checks *checks, const struct squashfs_extent *listing)
{
	squashfs_regions_take_invalid(
		checks->reading.regions, SQUASHFS_DIRECTORY_INVALID, listing->from, listing->to);
}

static bool take_bytes(sqfs_meta_reader_t *reader, struct listing *listing, void *data, size_t len)
{
	if (listing->size - listing->at < len || sqfs_meta_reader_read(reader, data, len) != 0)
		return false;
	listing->at += (uint32_t)len;
	return true;
}

static bool take_name(sqfs_meta_reader_t *reader, struct listing *listing)
{
	unsigned char entry[ENTRY_HEADER], name[NAME_MAX_BYTES];
	size_t len, common;
	int order;

	if (!take_bytes(reader, listing, entry, sizeof(entry)))
		return false;
	len = (size_t)bytes_le16(entry + 6) + 1;
	if (len > sizeof(name) || !take_bytes(reader, listing, name, len))
		return false;
	common = len < listing->name_len ? len : listing->name_len;
	order = memcmp(listing->name, name, common);
	if (listing->entries > 0 && (order > 0 || (order == 0 && listing->name_len >= len)))
		listing->is_sorted = false;
	memcpy(listing->name, name, len);
	listing->name_len = len;
	listing->entries++;
	listing->subdirectories += bytes_le16(entry + 4) == SQFS_INODE_DIR;
	return true;
}

/* Whether the next entry of the index is of the header at `at`; its first name was read last. */
static void check_index(struct listing *listing, uint32_t at, uint64_t block)
{
	sqfs_dir_index_t index;

	if (listing->index_left < sizeof(index))
		return;
	memcpy(&index, listing->index, sizeof(index));
	if (index.index != at)
		return;
	if (listing->start + index.start_block != block ||
		(size_t)index.size + 1 != listing->name_len ||
		listing->index_left - sizeof(index) < listing->name_len ||
		memcmp(listing->index + sizeof(index), listing->name, listing->name_len) != 0) {
		listing->is_indexed = false;
		return;
	}
	listing->index += sizeof(index) + listing->name_len;
	listing->index_left -= sizeof(index) + listing->name_len;
}

/* False when it does not end with its last entry. */
static bool walk(sqfs_meta_reader_t *reader, struct listing *listing)
{
	while (listing->at < listing->size) {
		unsigned char header[LISTING_HEADER];
		uint32_t at = listing->at;
		sqfs_u64 block = 0;
		size_t offset = 0;

		sqfs_meta_reader_get_position(reader, &block, &offset);
		if (!take_bytes(reader, listing, header, sizeof(header)))
			return false;
		for (uint64_t left = (uint64_t)bytes_le32(header) + 1; left > 0; left--) {
			bool is_first = left == (uint64_t)bytes_le32(header) + 1;

			if (!take_name(reader, listing))
				return false;
			if (is_first)
				check_index(listing, at, block);
		}
	}
	if (listing->index_left > 0)
		listing->is_indexed = false;
	return true;
}

static struct listing listing_of(const struct squashfs_checks *checks,
	const sqfs_inode_generic_t *inode, uint64_t *block, uint64_t *offset)
{
	struct listing listing = {
		.start = checks->reading.super->directory_table_start,
		.is_sorted = true,
		.is_indexed = true,
	};
	uint32_t size = inode->data.dir.size;

	*block = inode->data.dir.start_block;
	*offset = inode->data.dir.offset;
	if (inode->base.type == SQFS_INODE_EXT_DIR) {
		size = inode->data.dir_ext.size;
		*block = inode->data.dir_ext.start_block;
		*offset = inode->data.dir_ext.offset;
		listing.index = (const unsigned char *)inode->extra;
		listing.index_left = inode->payload_bytes_used;
	}
	*block += listing.start;
	listing.size = size > LISTING_EXTRA ? size - LISTING_EXTRA : 0;
	return listing;
}

/* One without entries is at the end of another, or at the begin of one, and has no bytes. */
static void take_empty(struct squashfs_checks *checks, uint64_t block, uint64_t offset,
	struct squashfs_extent *extent)
{
	extent->from = squashfs_regions_position(
		checks->reading.regions, SQUASHFS_DIRECTORY, block, offset);
	if (extent->from != SQUASHFS_NOWHERE && offset > 0 &&
		sqfs_meta_reader_seek(checks->reading.directories, block, offset) != 0)
		extent->from += SQUASHFS_META_BYTES - offset;
	extent->to = extent->from;
}

void squashfs_checks_take_directory(
	struct squashfs_checks *checks, const sqfs_inode_generic_t *inode)
{
	sqfs_meta_reader_t *reader = checks->reading.directories;
	struct squashfs_met *met = squashfs_met_at(checks, inode->base.inode_number);
	uint64_t block, offset;
	struct listing listing = listing_of(checks, inode, &block, &offset);
	struct squashfs_extent extent;
	sqfs_u64 end = 0;
	size_t end_offset = 0;
	bool is_whole = true;

	if (met == NULL)
		return;
	take_empty(checks, block, offset, &extent);
	if (listing.size > checks->listings_left) {
		is_whole = false;
	} else if (listing.size > 0) {
		checks->listings_left -= listing.size;
		is_whole =
			sqfs_meta_reader_seek(reader, block, offset) == 0 && walk(reader, &listing);
		sqfs_meta_reader_get_position(reader, &end, &end_offset);
		extent.to = squashfs_regions_position(
			checks->reading.regions, SQUASHFS_DIRECTORY, end, end_offset);
	}
	met->names = listing.entries;
	met->subdirectories = listing.subdirectories;
	ARRAY_GROW(checks->listings.items, checks->listings.count, checks->listings.capacity);
	checks->listings.items[checks->listings.count++] = extent;
	if (!is_whole || !listing.is_sorted) {
		squashfs_complain(checks, SQUASHFS_DIRECTORIES,
			"the listing of inode %" PRIu32 " is %s", inode->base.inode_number,
			is_whole ? "not sorted" : "damaged");
		spoil_listing(checks, &extent);
	}
	if (!listing.is_indexed) {
		squashfs_complain(checks, SQUASHFS_INODES,
			"the index of inode %" PRIu32 " is wrong", inode->base.inode_number);
		squashfs_spoil_inode(checks, met);
	}
}
