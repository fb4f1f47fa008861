/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/array.h"
#include "dbdiff/format/verity.h"

static const EVP_MD *find_algorithm(const char *name)
{
	static const struct {
		const char *name;
		const EVP_MD *(*get)(void);
	} known[] = {
		{"sha1", EVP_sha1},
		{"sha224", EVP_sha224},
		{"sha256", EVP_sha256},
		{"sha384", EVP_sha384},
		{"sha512", EVP_sha512},
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcmp(name, known[i].name) == 0)
			return known[i].get();
	}
	return NULL;
}

enum status verity_tree_layout(struct verity_tree *tree, const struct verity_super *super,
	uint64_t super_offset, struct error *err)
{
	const EVP_MD *algorithm = find_algorithm(super->algorithm);
	uint64_t block = super->hash_block, blocks = super->data_blocks, at;

	*tree = (struct verity_tree){0};
	if (algorithm == NULL)
		return error_set(err, STATUS_UNSUPPORTED, "the hash \"%s\" is not computed here",
			super->algorithm);
	tree->digest_len = (uint32_t)EVP_MD_get_size(algorithm);
	tree->digest_room = tree->digest_len;
	/* Digests lie at multiples of a power of two, except in the old type. */
	while (super->hash_type != 0 && (tree->digest_room & (tree->digest_room - 1)) != 0)
		tree->digest_room++;
	tree->digests = 1;
	while (tree->digests * 2 * tree->digest_len <= super->hash_block)
		tree->digests *= 2;
	if (tree->digests < 2 || tree->digests * tree->digest_room > super->hash_block)
		return error_set(err, STATUS_FORMAT, "a hash block has no room for two digests");
	while (blocks > 1) {
		blocks = blocks / tree->digests + (blocks % tree->digests != 0);
		tree->level_blocks[tree->levels++] = blocks;
	}
	if (super_offset > INT64_MAX - VERITY_SUPER_SIZE - block)
		return error_set(
			err, STATUS_FORMAT, "the tree is behind the last byte there can be");
	at = (super_offset + VERITY_SUPER_SIZE + block - 1) / block * block;
	tree->start = at;
	for (unsigned level = tree->levels; level-- > 0;) {
		if (tree->level_blocks[level] > (INT64_MAX - at) / block)
			return error_set(err, STATUS_FORMAT,
				"the tree is behind the last byte there can be");
		tree->level_start[level] = at;
		at += tree->level_blocks[level] * block;
	}
	tree->end = at;
	return STATUS_OK;
}

/* ---- computing it again ---- */

struct level {
	unsigned char *block; /* as it should be, digest by digest */
	uint32_t digests;     /* that are in it */
	uint64_t number;      /* of this block in its level */
};

struct computation {
	const struct verity_super *super;
	const struct verity_tree *tree;
	struct source *source;
	struct verity_check *check;
	const EVP_MD *algorithm;
	EVP_MD_CTX *context;
	struct level levels[VERITY_LEVELS_MAX];
	unsigned char *stored; /* one hash block */
	unsigned char *window; /* of data */
};

static void hash_block(struct computation *computation, const unsigned char *data, size_t len,
	unsigned char digest[VERITY_DIGEST_SIZE_MAX])
{
	const struct verity_super *super = computation->super;
	EVP_MD_CTX *context = computation->context;
	bool salt_first = super->hash_type != 0;

	hash_must_work(EVP_DigestInit_ex2(context, computation->algorithm, NULL));
	if (salt_first)
		hash_must_work(EVP_DigestUpdate(context, super->salt, super->salt_len));
	hash_must_work(EVP_DigestUpdate(context, data, len));
	if (!salt_first)
		hash_must_work(EVP_DigestUpdate(context, super->salt, super->salt_len));
	hash_must_work(EVP_DigestFinal_ex(context, digest, NULL));
}

/* Says where a block that does not fit begins to differ; only of the first one. */
static void tell_misfit(struct computation *computation, unsigned level, const unsigned char *right)
{
	const struct verity_tree *tree = computation->tree;
	const struct level *at = &computation->levels[level];
	struct buffer *text = &computation->check->misfit;
	uint32_t digest = 0, room = tree->digest_room;

	if (text->len > 0)
		return;
	while (digest < at->digests &&
		memcmp(right + digest * room, computation->stored + digest * room, room) == 0)
		digest++;
	if (level == 0 && digest < at->digests)
		buffer_add_format(text, "data block %" PRIu64, at->number * tree->digests + digest);
	else
		buffer_add_format(text, "level %u block %" PRIu64 "%s", level, at->number,
			digest == at->digests ? ", behind its hashes" : "");
}

static enum status end_block(struct computation *computation, unsigned level, struct error *err);

/* Puts the digest of a block below into its place. */
static enum status add_digest(struct computation *computation, unsigned level,
	const unsigned char *digest, struct error *err)
{
	const struct verity_tree *tree = computation->tree;
	struct level *at;

	if (level == tree->levels) {
		memcpy(computation->check->root, digest, tree->digest_len);
		computation->check->has_root = true;
		return STATUS_OK;
	}
	at = &computation->levels[level];
	if (at->block == NULL)
		at->block = xcalloc(1, computation->super->hash_block);
	memcpy(at->block + at->digests * tree->digest_room, digest, tree->digest_len);
	return ++at->digests == tree->digests ? end_block(computation, level, err) : STATUS_OK;
}

static enum status end_block(struct computation *computation, unsigned level, struct error *err)
{
	const struct verity_tree *tree = computation->tree;
	struct level *at = &computation->levels[level];
	uint32_t size = computation->super->hash_block;
	unsigned char digest[VERITY_DIGEST_SIZE_MAX];
	enum status status;

	status = source_pread(computation->source, tree->level_start[level] + at->number * size,
		computation->stored, size, err);
	if (status != STATUS_OK)
		return status;
	if (memcmp(at->block, computation->stored, size) != 0)
		tell_misfit(computation, level, at->block);
	hash_block(computation, at->block, size, digest);
	memset(at->block, 0, size);
	at->digests = 0;
	at->number++;
	return add_digest(computation, level + 1, digest, err);
}

/* Hashes `count` blocks of `size` bytes from `offset` on into a level. */
static enum status add_blocks(struct computation *computation, uint64_t offset, uint64_t count,
	uint32_t size, unsigned level, struct error *err)
{
	uint64_t at_once = SOURCE_WINDOW > size ? SOURCE_WINDOW / size : 1;
	unsigned char digest[VERITY_DIGEST_SIZE_MAX];
	enum status status = STATUS_OK;

	while (count > 0 && status == STATUS_OK) {
		size_t blocks = (size_t)(count < at_once ? count : at_once);

		status = source_pread(
			computation->source, offset, computation->window, blocks * size, err);
		for (size_t i = 0; i < blocks && status == STATUS_OK; i++) {
			hash_block(computation, computation->window + i * size, size, digest);
			status = add_digest(computation, level, digest, err);
		}
		offset += blocks * size;
		count -= blocks;
	}
	for (unsigned i = level; i < computation->tree->levels && status == STATUS_OK; i++) {
		if (computation->levels[i].digests > 0)
			status = end_block(computation, i, err);
	}
	return status;
}

enum status verity_tree_check(struct source *source, const struct verity_super *super,
	const struct verity_tree *tree, bool has_data, struct verity_check *check,
	struct error *err)
{
	struct computation computation = {
		.super = super,
		.tree = tree,
		.source = source,
		.check = check,
		.algorithm = find_algorithm(super->algorithm),
		.context = EVP_MD_CTX_new(),
	};
	enum status status = STATUS_OK;

	*check = (struct verity_check){0};
	hash_must_work(computation.algorithm != NULL && computation.context != NULL);
	computation.stored = xmalloc(super->hash_block);
	computation.window = xmalloc(VERITY_BLOCK_SIZE_MAX);
	if (has_data)
		status = add_blocks(&computation, 0, super->data_blocks, super->data_block, 0, err);
	else if (tree->levels > 0)
		status = add_blocks(&computation, tree->level_start[0], tree->level_blocks[0],
			super->hash_block, 1, err);
	check->fits = status == STATUS_OK && check->has_root && check->misfit.len == 0;
	for (unsigned level = 0; level < tree->levels; level++)
		free(computation.levels[level].block);
	free(computation.window);
	free(computation.stored);
	EVP_MD_CTX_free(computation.context);
	return status;
}
