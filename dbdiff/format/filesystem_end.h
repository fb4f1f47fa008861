/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_FILESYSTEM_END_H
#define DBDIFF_FORMAT_FILESYSTEM_END_H

#include <stddef.h>
#include <stdint.h>

#define FILESYSTEM_END_BYTES 2048 /* how much of the beginning it wants to see */

/*
 * The byte behind the file system that begins with `data`, as its own superblock says: squashfs,
 * ext2 to ext4, erofs, xfs, FAT. 0 when it is none of these, or says what is impossible. What
 * appends something to a file system (a hash tree) puts it there, or at a block behind it.
 */
uint64_t filesystem_end(const unsigned char *data, size_t len);

#endif
