/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/residue.h"

#include "base/alloc.h"
#include "dbdiff/resolve.h"

#define READ_SIZE ((size_t)1 << 20)

/* What is left of one side. */
struct residue {
	struct digest digest;
	uint64_t len;
	uint64_t wrappers; /* stretches of them */
	bool is_unsigned;  /* one of them says no signer */
};

static enum status hash_span(const struct side_bytes *side, uint64_t from, uint64_t to,
	unsigned char *block, struct hash *hash, struct error *err)
{
	while (from < to) {
		size_t len = to - from < READ_SIZE ? (size_t)(to - from) : READ_SIZE;

		if (side_bytes_read(side, block, len, from, err) < 0)
			return err->status;
		hash_update(hash, block, len);
		from += len;
	}
	return STATUS_OK;
}

static enum status add_wrapper(struct resolver *resolver, struct error *err)
{
	const struct span *span = &resolver->span;
	struct opened_pair pair = {0};
	enum status status;

	status = findings_find_opened(
		resolver->findings, resolver->side, span->container, &pair, err);
	if (status == STATUS_OK)
		status = findings_add_wrapper(resolver->findings, &pair.path,
			buffer_text(&span->name), buffer_text(&span->detail), err);
	buffer_release(&pair.path);
	return status < 0 ? status : STATUS_OK;
}

static enum status take_wrapper(
	struct resolver *resolver, struct residue *residue, struct error *err)
{
	residue->wrappers++;
	residue->is_unsigned = residue->is_unsigned || resolver->span.detail.len == 0;
	return resolver->side == PUBLISHED ? add_wrapper(resolver, err) : STATUS_OK;
}

static enum status read_residue(const struct side_bytes *side, struct resolver *resolver,
	struct residue *residue, struct error *err)
{
	unsigned char *block = xmalloc(READ_SIZE);
	enum status status = STATUS_OK;
	struct hash hash;

	hash_init(&hash);
	for (uint64_t at = 0; at < side->size && status == STATUS_OK; at = resolver->span.end) {
		status = resolve(resolver, at, err);
		if (status != STATUS_OK)
			break;
		if (resolver->span.kind == SPAN_WRAPPER)
			status = take_wrapper(resolver, residue, err);
		else if (resolver->span.kind != SPAN_DERIVED) {
			status = hash_span(side, at, resolver->span.end, block, &hash, err);
			residue->len += resolver->span.end - at;
		}
	}
	hash_finish(&hash, &residue->digest);
	hash_release(&hash);
	free(block);
	return status;
}

enum status residue_is_equal(const struct side_bytes sides[SIDES], struct findings *findings,
	bool *is_equal, struct error *err)
{
	struct residue residues[SIDES] = {0};
	enum status status = STATUS_OK;

	*is_equal = false;
	for (int side = 0; side < SIDES && status == STATUS_OK; side++) {
		struct resolver resolver = {
			.side = side,
			.index = sides[side].index,
			.findings = findings,
			.container = sides[side].container,
			.position = sides[side].position,
			.size = sides[side].size,
		};

		status = read_residue(&sides[side], &resolver, &residues[side], err);
		resolver_release(&resolver);
	}
	if (status == STATUS_OK)
		*is_equal = residues[PUBLISHED].wrappers > 0 && !residues[PUBLISHED].is_unsigned &&
			residues[PUBLISHED].len == residues[REBUILT].len &&
			residues[PUBLISHED].len > 0 &&
			digest_equal(&residues[PUBLISHED].digest, &residues[REBUILT].digest);
	return status;
}
