/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/filesystem_end.h"

#include <string.h>

#include "base/array.h"

static uint64_t little(const unsigned char *at, unsigned bytes)
{
	uint64_t number = 0;

	while (bytes > 0)
		number = number << 8 | at[--bytes];
	return number;
}

static uint64_t big(const unsigned char *at, unsigned bytes)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < bytes; i++)
		number = number << 8 | at[i];
	return number;
}

static uint64_t blocks_end(uint64_t blocks, uint64_t block_size)
{
	return block_size > 0 && blocks <= INT64_MAX / block_size ? blocks * block_size : 0;
}

/* Documentation/filesystems/squashfs.rst: "hsqs", and bytes_used behind 40 bytes. */
static uint64_t squashfs_end(const unsigned char *data)
{
	uint64_t used = little(data + 40, 8);

	return memcmp(data, "hsqs", 4) == 0 && used <= INT64_MAX ? used : 0;
}

/* Documentation/filesystems/ext4/super.rst, the superblock being at 1024. */
static uint64_t ext_end(const unsigned char *data)
{
	const unsigned char *super = data + 1024;
	uint64_t blocks = little(super + 0x4, 4), log_size = little(super + 0x18, 4);

	if (little(super + 0x38, 2) != 0xef53 || log_size > 6)
		return 0;
	if (little(super + 0x60, 4) & 0x80)
		blocks |= little(super + 0x150, 4) << 32;
	return blocks_end(blocks, UINT64_C(1024) << log_size);
}

/* fs/erofs/erofs_fs.h of Linux, struct erofs_super_block at 1024. */
static uint64_t erofs_end(const unsigned char *data)
{
	const unsigned char *super = data + 1024;

	if (little(super, 4) != 0xe0f5e1e2 || super[12] < 9 || super[12] > 16)
		return 0;
	return blocks_end(little(super + 36, 4), UINT64_C(1) << super[12]);
}

/* fs/xfs/libxfs/xfs_format.h of Linux, struct xfs_dsb. */
static uint64_t xfs_end(const unsigned char *data)
{
	return memcmp(data, "XFSB", 4) == 0 ? blocks_end(big(data + 8, 8), big(data + 4, 4)) : 0;
}

/* The BIOS parameter block; every FAT ends its boot sector with 55 aa. */
static uint64_t fat_end(const unsigned char *data)
{
	uint64_t sector = little(data + 11, 2), sectors = little(data + 19, 2);

	if (data[510] != 0x55 || data[511] != 0xaa || (data[0] != 0xeb && data[0] != 0xe9))
		return 0;
	if (sector < 512 || sector > 4096 || (sector & (sector - 1)) != 0)
		return 0;
	return blocks_end(sectors != 0 ? sectors : little(data + 32, 4), sector);
}

uint64_t filesystem_end(const unsigned char *data, size_t len)
{
	static uint64_t (*const ends[])(const unsigned char *) = {
		squashfs_end, ext_end, erofs_end, xfs_end, fat_end};

	if (len < FILESYSTEM_END_BYTES)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		uint64_t end = ends[i](data);

		if (end > 0)
			return end;
	}
	return 0;
}
