/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_VERITY_H
#define DBDIFF_FORMAT_VERITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/source.h"

/*
 * dm-verity as veritysetup writes it: a superblock of 512 bytes, and the hash tree from the next
 * hash block on, its top first (cryptsetup's on-disk format "verity superblock"; for the tree,
 * Documentation/admin-guide/device-mapper/verity.rst of Linux).
 */
#define VERITY_SUPER_SIZE      512
#define VERITY_LEVELS_MAX      64
#define VERITY_DIGEST_SIZE_MAX 64
#define VERITY_BLOCK_SIZE_MAX  (512 * 1024)
#define VERITY_SALT_SIZE_MAX   256
#define VERITY_ALGORITHM_SIZE  32
#define VERITY_UUID_SIZE       16

struct verity_super {
	uint32_t version;   /* 1 */
	uint32_t hash_type; /* 0: as Chrome OS has it, salt behind the block; 1: salt before it */
	unsigned char uuid[VERITY_UUID_SIZE];
	char algorithm[VERITY_ALGORITHM_SIZE + 1];
	uint32_t data_block;  /* bytes, a power of two from 512 to VERITY_BLOCK_SIZE_MAX */
	uint32_t hash_block;  /* likewise */
	uint64_t data_blocks; /* > 0; times data_block no more than INT64_MAX */
	uint16_t salt_len;
	unsigned char salt[VERITY_SALT_SIZE_MAX];
};

/* Where the levels of a tree lie; level 0 has the hashes of the data. */
struct verity_tree {
	uint64_t start, end;  /* offsets in the source */
	unsigned levels;      /* 0: one block of data, whose hash is the root */
	uint32_t digests;     /* that a hash block has room for */
	uint32_t digest_room; /* bytes a digest takes, itself and zeros */
	uint32_t digest_len;
	uint64_t level_start[VERITY_LEVELS_MAX]; /* offsets in the source */
	uint64_t level_blocks[VERITY_LEVELS_MAX];
};

/*
 * `super_offset` is where the superblock lies in the source. STATUS_UNSUPPORTED for an algorithm
 * that is not computed here (sha1 and sha2 are), STATUS_FORMAT for a tree that cannot be.
 */
enum status verity_tree_layout(struct verity_tree *tree, const struct verity_super *super,
	uint64_t super_offset, struct error *err);

/* What came of computing a tree again. */
struct verity_check {
	unsigned char root[VERITY_DIGEST_SIZE_MAX]; /* of the tree as it was computed */
	bool has_root;
	bool fits; /* every stored byte of the levels that were computed is as computed */
	struct buffer misfit; /* which block is the first that does not fit; empty if all do */
};

/*
 * Computes the tree from the data at the beginning of `source`, and compares it with the stored
 * one; with `has_data` false, the levels over the stored level 0. In one pass, and with one block
 * of memory a level.
 */
enum status verity_tree_check(struct source *source, const struct verity_super *super,
	const struct verity_tree *tree, bool has_data, struct verity_check *check,
	struct error *err);

#endif
