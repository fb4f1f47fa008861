/* SPDX-License-Identifier: Apache-2.0 */
/*
 * squashfs 4.0, by libsquashfs 1.2.0 (format: doc/format.adoc of squashfs-tools-ng). Directories
 * are walked one entry at a time, not with sqfs_dir_reader_get_full_hierarchy(), so that memory
 * does not grow with the image and a directory reached twice is seen. lzo is not in the library.
 */
#include "dbdiff/format/squashfs_check.h"

#include <inttypes.h>
#include <sqfs/dir.h>
#include <sqfs/meta_reader.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/fields.h"
#include "dbdiff/format/filesystem.h"
#include "dbdiff/format/formats.h"

/* A directory that is being listed. */
struct frame {
	sqfs_readdir_state_t state;
	size_t path_len;
	uint32_t inode_number;
	int64_t position;
	uint64_t block; /* of the table, from which entries were taken last */
};

struct squashfs {
	struct members members;
	const struct limits *limits;
	struct squashfs_file file;
	sqfs_super_t super;
	sqfs_compressor_t *compressor;
	sqfs_meta_reader_t *inodes;
	sqfs_meta_reader_t *directories;
	sqfs_id_table_t *ids;
	sqfs_xattr_reader_t *xattrs;
	struct squashfs_fragments *fragments;
	struct frame *frames;
	size_t frame_count, frame_capacity;
	struct buffer path;
	struct inode_map seen;	     /* directories, by where their inode is */
	struct inode_map links;	     /* first paths of inodes with several, by inode number */
	sqfs_inode_generic_t *inode; /* of the member given last */
	struct squashfs_regions *regions;
	struct squashfs_checks *checks;
	struct squashfs_tails tails;
	struct member container; /* the fields of the file system itself */
	int64_t position;	 /* of the member that is being given */
	bool begun;
	bool ended;
	struct error failure; /* that ended the walk */
};

/* ---- the walk ---- */

static enum status enter_directory(struct squashfs *squashfs, uint64_t reference, struct error *err)
{
	struct frame frame = {
		.path_len = squashfs->path.len,
		.inode_number = squashfs->inode->base.inode_number,
		.position = squashfs->position,
	};
	const char *before;

	if (inode_map_meet(
		    &squashfs->seen, reference + 1, buffer_text(&squashfs->path), &before, err) < 0)
		return err->status;
	if (before)
		return error_set(err, STATUS_FORMAT, "this directory is /%s as well", before);
	if (squashfs->frame_count >= FILESYSTEM_DEPTH_MAX)
		return error_set(err, STATUS_LIMIT, "more than %d directories inside each other",
			FILESYSTEM_DEPTH_MAX);
	if (sqfs_readdir_state_init(&frame.state, &squashfs->super, squashfs->inode))
		return error_set(err, STATUS_FORMAT, "not a directory");
	squashfs_checks_take_directory(squashfs->checks, squashfs->inode);
	ARRAY_GROW(squashfs->frames, squashfs->frame_count, squashfs->frame_capacity);
	squashfs->frames[squashfs->frame_count++] = frame;
	return STATUS_OK;
}

static struct squashfs_data data_of(struct squashfs *squashfs)
{
	return (struct squashfs_data){
		.file = &squashfs->file,
		.super = &squashfs->super,
		.compressor = squashfs->compressor,
		.fragments = squashfs->fragments,
	};
}

/* The blocks that hold the inode read last, from `begin` on, and its data. */
static enum status take_regions(
	struct squashfs *squashfs, uint64_t reference, uint16_t mode, struct error *err)
{
	struct squashfs_data data = data_of(squashfs);
	uint64_t begin = squashfs->super.inode_table_start + (reference >> 16);
	struct squashfs_where where = {
		.reference = reference,
		.parent = squashfs->frame_count > 0
			? squashfs->frames[squashfs->frame_count - 1].inode_number
			: 0,
		.mode = mode,
	};
	sqfs_u64 end = 0;
	size_t offset = 0;

	sqfs_meta_reader_get_position(squashfs->inodes, &end, &offset);
	where.end_block = end;
	where.end_offset = offset;
	squashfs_checks_take_inode(squashfs->checks, squashfs->inode, &where);
	if (offset == 0 && end > begin)
		end--;
	squashfs_regions_take_table(
		squashfs->regions, SQUASHFS_INODE, begin, end, squashfs->position);
	if (!S_ISREG(squashfs->inode->base.mode))
		return STATUS_OK;
	return squashfs_data_add_regions(&data, squashfs->inode, squashfs->position,
		squashfs->regions, &squashfs->tails, err);
}

/* The inode at `reference` becomes the member. `number` and `type` are what its entry says. */
static enum status take_inode(struct squashfs *squashfs, uint64_t reference, uint32_t number,
	unsigned type, struct member *member, struct error *err)
{
	const struct squashfs_inode_tables tables = {
		.file = &squashfs->file,
		.ids = squashfs->ids,
		.xattrs = squashfs->xattrs,
		.links = &squashfs->links,
	};
	enum status status = STATUS_OK;
	uint16_t mode = 0;
	int failed;

	sqfs_free(squashfs->inode);
	squashfs->inode = NULL;
	if (squashfs_inode_check_size(
		    &squashfs->file, squashfs->inodes, &squashfs->super, reference, &mode, err) < 0)
		return err->status;
	failed = sqfs_meta_reader_read_inode(squashfs->inodes, &squashfs->super, reference >> 16,
		reference & 0xffff, &squashfs->inode);
	if (failed) {
		squashfs->inode = NULL;
		return squashfs_error_set(&squashfs->file, failed, err);
	}
	/* Extended types follow the basic ones in the same order. */
	if (number != squashfs->inode->base.inode_number || number == 0 ||
		number > squashfs->super.inode_count)
		return error_set(err, STATUS_FORMAT, "its entry names another inode");
	if (type != (squashfs->inode->base.type - 1u) % SQFS_INODE_SOCKET + 1)
		return error_set(err, STATUS_FORMAT, "its entry names another type");
	buffer_add(&member->path, squashfs->path.len ? squashfs->path.data : "/",
		squashfs->path.len ? squashfs->path.len : 1);
	/* The reader's position is behind the inode until xattrs are read. */
	status = take_regions(squashfs, reference, mode, err);
	if (status == STATUS_OK)
		status = squashfs_inode_add(&tables, squashfs->inode, member, err);
	if (status == STATUS_OK && S_ISDIR(squashfs->inode->base.mode))
		status = enter_directory(squashfs, reference, err);
	return status;
}

/* The root's inode has no entry that names it. */
static enum status take_root(struct squashfs *squashfs, struct member *member, struct error *err)
{
	uint64_t reference = squashfs->super.root_inode_ref;
	sqfs_inode_generic_t *inode = NULL;
	uint32_t number;
	int failed = sqfs_meta_reader_read_inode(
		squashfs->inodes, &squashfs->super, reference >> 16, reference & 0xffff, &inode);

	if (failed)
		return squashfs_error_set(&squashfs->file, failed, err);
	number = inode->base.inode_number;
	sqfs_free(inode);
	if (squashfs_super_add(&squashfs->container, &squashfs->super, &squashfs->file, err) < 0)
		return err->status;
	return take_inode(squashfs, reference, number, SQFS_INODE_DIR, member, err);
}

static enum status take_entry(struct squashfs *squashfs, struct member *member, struct error *err)
{
	struct frame *frame = &squashfs->frames[squashfs->frame_count - 1];
	size_t entries = frame->state.entries;
	size_t left = frame->state.current.size;
	uint64_t block = frame->state.current.block;
	sqfs_dir_entry_t *entry = NULL;
	sqfs_u32 number = 0;
	sqfs_u64 reference = 0;
	enum status status;
	int got = sqfs_meta_reader_readdir(
		squashfs->directories, &frame->state, &entry, &number, &reference);

	if (got > 0) {
		/* The size counts three bytes for "." and ".."; the library stops anywhere. */
		if (entries || left > 3)
			return error_set(err, STATUS_FORMAT,
				"inode %" PRIu32 ": the directory ends within an entry",
				frame->inode_number);
		squashfs->frame_count--;
		return STATUS_END;
	}
	if (got < 0) {
		squashfs_error_set(&squashfs->file, got, err);
		return error_context(err, "inode %" PRIu32, frame->inode_number);
	}
	if (frame->block != frame->state.current.block) {
		squashfs_regions_take_table(squashfs->regions, SQUASHFS_DIRECTORY, block,
			frame->state.current.block, frame->position);
		frame->block = frame->state.current.block;
	}
	status = filesystem_path_add(&squashfs->path, frame->path_len, (const char *)entry->name,
		(size_t)entry->size + 1, squashfs->limits, err);
	if (status == STATUS_OK) {
		status = take_inode(squashfs, reference, number, entry->type, member, err);
		if (status < 0)
			error_context(err, "inode %" PRIu32, number);
	}
	sqfs_free(entry);
	return status;
}

/* All zeros have no field: they fill the last block of a device. */
static const char *name_behind(const struct squashfs *squashfs)
{
	static const char name[] = "filesystem-trailing-data";
	const struct buffer *fields = &squashfs->container.fields;

	return fields_value(buffer_text(fields), fields->len, name) != NULL ? name
									    : "filesystem-padding";
}

/* What all of it comes to. */
static enum status finish(struct squashfs *squashfs, struct error *err)
{
	struct squashfs_data data = data_of(squashfs);
	enum status status = squashfs_checks_finish(squashfs->checks, err);

	squashfs_checks_describe(squashfs->checks, &squashfs->container);
	if (status == STATUS_OK)
		status = squashfs_tails_check(
			&squashfs->tails, &data, squashfs->regions, &squashfs->container, err);
	return status < 0
		? status
		: squashfs_regions_add(squashfs->regions, &squashfs->members, &squashfs->super,
			  squashfs->file.source->size, name_behind(squashfs), err);
}

static enum status squashfs_next(struct members *members, struct member *member, struct error *err)
{
	struct squashfs *squashfs = (struct squashfs *)members;
	enum status status = STATUS_END;

	if (squashfs->failure.status < 0) {
		*err = squashfs->failure;
		return squashfs->failure.status;
	}
	member_clear(member);
	if (!squashfs->begun) {
		squashfs->begun = true;
		status = take_root(squashfs, member, &squashfs->failure);
	}
	while (status == STATUS_END && squashfs->frame_count)
		status = take_entry(squashfs, member, &squashfs->failure);
	if (status == STATUS_OK)
		squashfs->position++;
	if (status == STATUS_END && !squashfs->ended) {
		squashfs->ended = true;
		if (finish(squashfs, &squashfs->failure) < 0)
			status = squashfs->failure.status;
	}
	if (status < 0) {
		error_context(&squashfs->failure, "squashfs");
		*err = squashfs->failure;
	}
	return status;
}

static enum status squashfs_open_member(
	struct members *members, struct source **content, struct error *err)
{
	struct squashfs *squashfs = (struct squashfs *)members;
	struct squashfs_data data = data_of(squashfs);

	if (!squashfs->inode || !S_ISREG(squashfs->inode->base.mode))
		return error_set(err, STATUS_USAGE, "squashfs: this member has no content");
	return squashfs_content_new(&data, squashfs->inode, content, err);
}

static void squashfs_describe(struct members *members, struct member *container)
{
	struct squashfs *squashfs = (struct squashfs *)members;

	buffer_add(&container->fields, buffer_text(&squashfs->container.fields),
		squashfs->container.fields.len);
}

/* sqfs_destroy() does not take NULL. */
static void destroy(void *object)
{
	if (object)
		sqfs_destroy(object);
}

static void squashfs_free(struct members *members)
{
	struct squashfs *squashfs = (struct squashfs *)members;

	sqfs_free(squashfs->inode);
	squashfs_fragments_free(squashfs->fragments);
	squashfs_regions_free(squashfs->regions);
	squashfs_checks_free(squashfs->checks);
	squashfs_tails_release(&squashfs->tails);
	member_release(&squashfs->container);
	destroy(squashfs->xattrs);
	destroy(squashfs->ids);
	destroy(squashfs->directories);
	destroy(squashfs->inodes);
	destroy(squashfs->compressor);
	inode_map_release(&squashfs->seen);
	inode_map_release(&squashfs->links);
	buffer_release(&squashfs->path);
	free(squashfs->frames);
	free(squashfs);
}

/* ---- opening ---- */

static const struct members_ops squashfs_ops = {
	.next = squashfs_next,
	.open = squashfs_open_member,
	.describe = squashfs_describe,
	.free = squashfs_free,
};

static enum status check_superblock(struct squashfs *squashfs, struct error *err)
{
	const sqfs_super_t *super = &squashfs->super;

	if (super->bytes_used > squashfs->file.source->size)
		return error_set(err, STATUS_FORMAT,
			"short read: it has %" PRIu64 " bytes and says %" PRIu64,
			squashfs->file.source->size, (uint64_t)super->bytes_used);
	if (super->inode_table_start >= super->directory_table_start ||
		super->directory_table_start > super->id_table_start ||
		super->id_table_start >= super->bytes_used)
		return error_set(err, STATUS_FORMAT, "its tables are not in order");
	/* libsquashfs allocates by this number before it reads. */
	if (super->fragment_entry_count > super->bytes_used)
		return error_set(err, STATUS_FORMAT, "more fragment blocks than bytes");
	if (super->fragment_entry_count > SQUASHFS_BLOCKS_MAX)
		return error_set(err, STATUS_LIMIT, "%" PRIu32 " fragment blocks",
			super->fragment_entry_count);
	return STATUS_OK;
}

static int load_compressor(struct squashfs *squashfs)
{
	sqfs_compressor_config_t config;
	int number = sqfs_compressor_config_init(&config,
		(SQFS_COMPRESSOR)squashfs->super.compression_id, squashfs->super.block_size,
		SQFS_COMP_FLAG_UNCOMPRESS);

	if (number == 0)
		number = sqfs_compressor_create(&config, &squashfs->compressor);
	if (number == 0 && squashfs->super.flags & SQFS_FLAG_COMPRESSOR_OPTIONS)
		number = squashfs->compressor->read_options(
			squashfs->compressor, &squashfs->file.base);
	if (number == 0)
		squashfs_unpack_wholly(
			squashfs->compressor, (SQFS_COMPRESSOR)squashfs->super.compression_id);
	return number;
}

static int load_tables(struct squashfs *squashfs)
{
	sqfs_super_t *super = &squashfs->super;
	sqfs_file_t *file = &squashfs->file.base;
	sqfs_frag_table_t *fragments = sqfs_frag_table_create(0);
	uint64_t limit = super->id_table_start;
	int number;

	if (!fragments)
		return SQFS_ERROR_ALLOC;
	squashfs->fragments = squashfs_fragments_new(fragments, super->block_size);
	if (super->fragment_table_start < limit)
		limit = super->fragment_table_start;
	if (super->export_table_start < limit)
		limit = super->export_table_start;
	squashfs->inodes = sqfs_meta_reader_create(
		file, squashfs->compressor, super->inode_table_start, super->directory_table_start);
	squashfs->directories = sqfs_meta_reader_create(
		file, squashfs->compressor, super->directory_table_start, limit);
	squashfs->ids = sqfs_id_table_create(0);
	squashfs->xattrs = sqfs_xattr_reader_create(0);
	if (!squashfs->inodes || !squashfs->directories || !squashfs->ids || !squashfs->xattrs)
		return SQFS_ERROR_ALLOC;
	number = sqfs_id_table_read(squashfs->ids, file, super, squashfs->compressor);
	if (number == 0)
		number = sqfs_frag_table_read(fragments, file, super, squashfs->compressor);
	if (number == 0)
		number =
			sqfs_xattr_reader_load(squashfs->xattrs, super, file, squashfs->compressor);
	return number;
}

static enum status squashfs_open(struct source *source, const char *name,
	const struct limits *limits, struct members **members, struct error *err)
{
	struct squashfs *squashfs = xcalloc(1, sizeof(*squashfs));
	enum status status;
	int number;

	(void)name;
	squashfs->members.ops = &squashfs_ops;
	squashfs->limits = limits;
	squashfs_file_init(&squashfs->file, source);
	number = sqfs_super_read(&squashfs->super, &squashfs->file.base);
	status = number ? squashfs_error_set(&squashfs->file, number, err)
			: check_superblock(squashfs, err);
	if (status == STATUS_OK) {
		number = load_compressor(squashfs);
		if (number == SQFS_ERROR_UNSUPPORTED)
			status = error_set(err, STATUS_UNSUPPORTED,
				"compressor %u cannot be unpacked here",
				(unsigned)squashfs->super.compression_id);
		else if (number == 0)
			number = load_tables(squashfs);
		if (number && status == STATUS_OK)
			status = squashfs_error_set(&squashfs->file, number, err);
		if (status == STATUS_OK)
			status = squashfs_regions_new(
				&squashfs->super, &squashfs->file, &squashfs->regions, err);
		if (status == STATUS_OK)
			squashfs->checks = squashfs_checks_new(&(struct squashfs_reading){
				.super = &squashfs->super,
				.file = &squashfs->file,
				.compressor = squashfs->compressor,
				.directories = squashfs->directories,
				.regions = squashfs->regions,
			});
	}
	if (status < 0) {
		squashfs_free(&squashfs->members);
		return error_context(err, "squashfs");
	}
	*members = &squashfs->members;
	return STATUS_OK;
}

static unsigned squashfs_bid(const unsigned char *data, size_t len)
{
	/* "hsqs", and the major version behind 28 bytes. */
	if (len < sizeof(sqfs_super_t) || memcmp(data, "hsqs", 4) != 0)
		return 0;
	return data[28] == SQFS_VERSION_MAJOR && data[29] == 0 ? 48 : 32;
}

const struct format format_squashfs = {
	.name = "squashfs",
	.bid_bytes = sizeof(sqfs_super_t),
	.needs_seek = true,
	.bid = squashfs_bid,
	.open = squashfs_open,
};
