/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/ext.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define CACHED_BLOCKS 32 /* indirect blocks, extent nodes and xattr blocks are asked for often */

struct ext_io {
	struct source *source;
	struct error error; /* of the read that failed */
	struct struct_io_channel channel;
	struct cached_block {
		uint64_t block; /* UINT64_MAX when there is none */
		unsigned char *data;
	} cached[CACHED_BLOCKS];
};

static void cache_clear(struct ext_io *io)
{
	for (size_t i = 0; i < CACHED_BLOCKS; i++) {
		free(io->cached[i].data);
		io->cached[i] = (struct cached_block){.block = UINT64_MAX};
	}
}

struct ext_io *ext_io_new(struct source *source)
{
	struct ext_io *io = xcalloc(1, sizeof(*io));

	io->source = source;
	cache_clear(io);
	return io;
}

void ext_io_free(struct ext_io *io)
{
	if (!io)
		return;
	cache_clear(io);
	free(io);
}

static errcode_t read_bytes(struct ext_io *io, uint64_t offset, size_t len, void *data)
{
	return source_pread(io->source, offset, data, len, &io->error) < 0 ? EXT2_ET_SHORT_READ : 0;
}

static errcode_t io_read_block(io_channel channel, unsigned long long block, int count, void *data)
{
	struct ext_io *io = channel->private_data;
	size_t size = (size_t)channel->block_size;
	struct cached_block *cached = &io->cached[block % CACHED_BLOCKS];
	errcode_t code;

	if (block > UINT64_MAX / size)
		return EXT2_ET_SHORT_READ;
	if (count < 0)
		return read_bytes(io, block * size, (size_t) - (long long)count, data);
	if (count != 1)
		return read_bytes(io, block * size, (size_t)count * size, data);
	if (cached->block != block) {
		if (!cached->data)
			cached->data = xmalloc(size);
		cached->block = UINT64_MAX;
		code = read_bytes(io, block * size, size, cached->data);
		if (code)
			return code;
		cached->block = block;
	}
	memcpy(data, cached->data, size);
	return 0;
}

static errcode_t io_read_block_32(io_channel channel, unsigned long block, int count, void *data)
{
	return io_read_block(channel, block, count, data);
}

static errcode_t io_set_block_size(io_channel channel, int size)
{
	struct ext_io *io = channel->private_data;

	if (size <= 0)
		return EXT2_ET_INVALID_ARGUMENT;
	cache_clear(io);
	channel->block_size = size;
	return 0;
}

static errcode_t io_write_block(
	io_channel channel, unsigned long block, int count, const void *data)
{
	(void)channel;
	(void)block;
	(void)count;
	(void)data;
	return EXT2_ET_RO_FILSYS;
}

static errcode_t io_write_block_64(
	io_channel channel, unsigned long long block, int count, const void *data)
{
	(void)channel;
	(void)block;
	(void)count;
	(void)data;
	return EXT2_ET_RO_FILSYS;
}

static errcode_t io_flush(io_channel channel)
{
	(void)channel;
	return 0;
}

/* The channel is part of the ext_io, which its owner frees. */
static errcode_t io_close(io_channel channel)
{
	(void)channel;
	return 0;
}

static errcode_t io_open(const char *name, int flags, io_channel *channel);

static struct struct_io_manager manager = {
	.magic = EXT2_ET_MAGIC_IO_MANAGER,
	.name = "source",
	.open = io_open,
	.close = io_close,
	.set_blksize = io_set_block_size,
	.read_blk = io_read_block_32,
	.read_blk64 = io_read_block,
	.write_blk = io_write_block,
	.write_blk64 = io_write_block_64,
	.flush = io_flush,
};

/*
 * An io manager is told nothing but a name, so the name says where the ext_io is, as the name of
 * unixfd_io_manager says which descriptor.
 */
static errcode_t io_open(const char *name, int flags, io_channel *channel)
{
	struct ext_io *io = (struct ext_io *)(uintptr_t)strtoull(name, NULL, 16);

	(void)flags;
	io->channel = (struct struct_io_channel){
		.magic = EXT2_ET_MAGIC_IO_CHANNEL,
		.manager = &manager,
		.name = (char *)manager.name,
		.block_size = EXT_SUPER_SIZE,
		.refcount = 1,
		.private_data = io,
	};
	*channel = &io->channel;
	return 0;
}

errcode_t ext_io_open(struct ext_io *io, ext2_filsys *fs)
{
	char *name = xasprintf("%" PRIxPTR, (uintptr_t)io);
	errcode_t code;

	initialize_ext2_error_table();
	code = ext2fs_open2(name, NULL, EXT2_FLAG_64BITS, 0, 0, &manager, fs);
	free(name);
	return code;
}

enum status ext_error_set(struct ext_io *io, errcode_t code, struct error *err)
{
	enum status status = STATUS_FORMAT;

	if (io->error.status < 0) {
		*err = io->error;
		return io->error.status;
	}
	if (code == EXT2_ET_UNSUPP_FEATURE || code == EXT2_ET_RO_UNSUPP_FEATURE ||
		code == EXT2_ET_UNKNOWN_CSUM || code == EXT2_ET_REV_TOO_HIGH)
		status = STATUS_UNSUPPORTED;
	else if (code == EXT2_ET_NO_MEMORY)
		status = STATUS_LIMIT;
	return error_set(err, status, "%s", error_message(code));
}
