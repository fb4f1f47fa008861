/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/claims.h"

#include "base/alloc.h"
#include "base/array.h"
#include "base/escape.h"

#define VALUE_MOST 64

void claims_init(struct claims *claims, const struct diff_plan *plan)
{
	claims->plan = plan;
	claims->leaves = xcalloc(plan->count + 1, sizeof(claims->leaves[0]));
}

static void taken_release(struct taken_claim *claim)
{
	free(claim->evidence);
	for (int side = 0; side < SIDES; side++)
		free(claim->values[side]);
}

void claims_release(struct claims *claims)
{
	for (size_t i = 0; claims->leaves != NULL && i < claims->plan->count; i++) {
		for (size_t c = 0; c < claims->leaves[i].count; c++)
			taken_release(&claims->leaves[i].items[c]);
		free(claims->leaves[i].items);
	}
	free(claims->leaves);
	*claims = (struct claims){0};
}

void leaf_claims_add(struct leaf_claims *leaf, const struct taken_claim *claim)
{
	ARRAY_GROW(leaf->items, leaf->count, leaf->capacity);
	leaf->items[leaf->count++] = *claim;
}

bool claim_is_inside(const struct leaf_request *leaf, const struct claim_range *range)
{
	for (int side = 0; side < SIDES; side++) {
		if (range->len[side] == 0 || range->len[side] > leaf->sizes[side] ||
			range->start[side] > leaf->sizes[side] - range->len[side])
			return false;
	}
	return true;
}

/* ---- the check ---- */

bool claims_in_order(const struct leaf_claims *claims)
{
	uint64_t end[SIDES] = {0, 0};

	for (size_t i = 0; i < claims->count; i++) {
		for (int side = 0; side < SIDES; side++) {
			const struct claim_range *range = &claims->items[i].range;

			if (range->start[side] < end[side])
				return false;
			end[side] = range->start[side] + range->len[side];
		}
	}
	return true;
}

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
	return value < low ? low : value > high ? high : value;
}

static bool alike(
	const struct stretch stretch[SIDES], const uint64_t from[SIDES], const uint64_t to[SIDES])
{
	uint64_t len = to[PUBLISHED] - from[PUBLISHED];

	return len == to[REBUILT] - from[REBUILT] &&
		memcmp(stretch[PUBLISHED].data + (from[PUBLISHED] - stretch[PUBLISHED].offset),
			stretch[REBUILT].data + (from[REBUILT] - stretch[REBUILT].offset),
			(size_t)len) == 0;
}

/* One side's claimed values put into the other's stretch make the two the same. */
static bool explains_stretch(const struct leaf_claims *claims, const struct stretch stretch[SIDES])
{
	uint64_t at[SIDES], end[SIDES], from[SIDES], to[SIDES];

	for (int side = 0; side < SIDES; side++) {
		at[side] = stretch[side].offset;
		end[side] = at[side] + stretch[side].len;
	}
	for (size_t i = 0; i < claims->count; i++) {
		const struct claim_range *range = &claims->items[i].range;

		for (int side = 0; side < SIDES; side++) {
			from[side] = clamp(range->start[side], at[side], end[side]);
			to[side] =
				clamp(range->start[side] + range->len[side], from[side], end[side]);
		}
		if (!alike(stretch, at, from))
			return false;
		memcpy(at, to, sizeof(at));
	}
	return alike(stretch, at, end);
}

bool claims_explain(const struct leaf_request *leaf, const struct leaf_bytes *bytes,
	const struct leaf_claims *claims)
{
	if (!leaf->is_covered || leaf->stretch_count == 0 || !claims_in_order(claims))
		return false;
	for (size_t i = 0; i < leaf->stretch_count; i++) {
		if (!explains_stretch(claims, bytes->stretches[i]))
			return false;
	}
	return true;
}

/* The bytes of a claim on one side, NULL when they are too many or were not read again. */
static char *value_of(const struct leaf_request *leaf, const struct leaf_bytes *bytes,
	const struct claim_range *range, int side)
{
	for (size_t i = 0; i < leaf->stretch_count && range->len[side] <= VALUE_MOST; i++) {
		const struct stretch *stretch = &bytes->stretches[i][side];

		if (range->start[side] >= stretch->offset &&
			range->start[side] + range->len[side] <= stretch->offset + stretch->len)
			return xstrndup(stretch->data + (range->start[side] - stretch->offset),
				(size_t)range->len[side]);
	}
	return NULL;
}

/* A SHA-256 follows when it is that of the same member, on each side of its own. */
static enum status check_digest(
	struct taken_claim *claim, struct findings *findings, bool *holds, struct error *err)
{
	struct buffer path = {0}, text = {0};
	struct digest digests[SIDES];
	enum status status = STATUS_OK;

	*holds = true;
	for (int side = 0; side < SIDES; side++)
		*holds = *holds && claim->values[side] != NULL &&
			digest_parse(
				claim->values[side], strlen(claim->values[side]), &digests[side]);
	if (*holds) {
		status = findings_find_digests(
			findings, &digests[PUBLISHED], &digests[REBUILT], &path, err);
		*holds = status == STATUS_OK;
	}
	if (*holds) {
		buffer_add_text(&text, "on each side the SHA-256 of ");
		escape_line(&text, buffer_text(&path), path.len);
		free(claim->evidence);
		claim->evidence = buffer_detach(&text);
	}
	buffer_release(&path);
	buffer_release(&text);
	return status < 0 ? status : STATUS_OK;
}

static int by_start(const void *a, const void *b)
{
	uint64_t start_a = ((const struct taken_claim *)a)->range.start[PUBLISHED];
	uint64_t start_b = ((const struct taken_claim *)b)->range.start[PUBLISHED];

	return (start_a > start_b) - (start_a < start_b);
}

static void add_told(struct claims *claims, size_t number)
{
	const struct leaf_request *leaf = &claims->plan->leaves[number];
	struct leaf_claims *into = &claims->leaves[number];

	for (size_t i = 0; i < leaf->told_count; i++) {
		const struct told_claim *told = &claims->plan->told[leaf->told + i];

		if (!claim_is_inside(leaf, &told->range))
			continue;
		leaf_claims_add(into,
			&(struct taken_claim){.range = told->range,
				.cause = told->cause,
				.evidence =
					xasprintf("%s, found right on both sides", told->region)});
	}
	if (into->count > 1)
		qsort(into->items, into->count, sizeof(into->items[0]), by_start);
}

/* Takes out digests that are of nothing. */
static enum status check_values(const struct leaf_request *leaf, const struct leaf_bytes *bytes,
	struct leaf_claims *claims, struct findings *findings, struct error *err)
{
	enum status status = STATUS_OK;
	size_t kept = 0;

	for (size_t i = 0; i < claims->count; i++) {
		struct taken_claim *claim = &claims->items[i];
		bool holds = true;

		for (int side = 0; side < SIDES; side++)
			claim->values[side] = value_of(leaf, bytes, &claim->range, side);
		if (status == STATUS_OK && strcmp(claim->cause, "embedded-digest") == 0)
			status = check_digest(claim, findings, &holds, err);
		if (holds)
			claims->items[kept++] = *claim;
		else
			taken_release(claim);
	}
	claims->count = kept;
	return status;
}

/* What overlaps is nobody's claim. */
static void drop_all(struct leaf_claims *claims)
{
	for (size_t i = 0; i < claims->count; i++)
		taken_release(&claims->items[i]);
	claims->count = 0;
}

enum status claims_check(struct claims *claims, const struct captured captured[SIDES],
	struct findings *findings, struct error *err)
{
	struct leaf_bytes bytes = {0};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < claims->plan->count && status == STATUS_OK; i++) {
		const struct leaf_request *leaf = &claims->plan->leaves[i];
		struct leaf_claims *own = &claims->leaves[i];

		add_told(claims, i);
		if (own->count == 0)
			continue;
		if (!claims_in_order(own)) {
			drop_all(own);
			continue;
		}
		status = leaf_bytes_load(&bytes, claims->plan, leaf, captured, err);
		if (status == STATUS_OK)
			status = check_values(leaf, &bytes, own, findings, err);
		if (status == STATUS_OK)
			own->is_explained = claims_explain(leaf, &bytes, own);
		if (status == STATUS_END) {
			drop_all(own);
			status = STATUS_OK;
		}
	}
	leaf_bytes_release(&bytes);
	return status;
}

/* ---- the rest of large leaves ---- */

static bool is_whole(const struct diff_plan *plan, const struct leaf_request *leaf)
{
	const struct plan_stretch *first = &plan->stretches[leaf->stretch];

	return leaf->stretch_count == 1 && first->offset == 0 &&
		first->len >= leaf->sizes[PUBLISHED] && first->len >= leaf->sizes[REBUILT];
}

bool claims_need_rests(const struct claims *claims, bool *is_chosen)
{
	bool is_any = false;

	for (size_t i = 0; i < claims->plan->count; i++) {
		is_chosen[i] = claims->leaves[i].is_explained &&
			!is_whole(claims->plan, &claims->plan->leaves[i]);
		is_any = is_any || is_chosen[i];
	}
	return is_any;
}

enum status claims_check_rests(struct claims *claims, const bool *is_chosen,
	const struct captured captured[SIDES], struct error *err)
{
	for (size_t i = 0; i < claims->plan->count; i++) {
		const struct leaf_request *leaf = &claims->plan->leaves[i];
		struct digest digests[SIDES];
		bool is_same = true;

		for (int side = 0; side < SIDES && is_chosen[i]; side++) {
			enum status status = captured_rest(
				&captured[side], leaf->members[side], &digests[side], err);

			if (status < 0)
				return status;
			is_same = is_same && status == STATUS_OK;
		}
		if (is_chosen[i] &&
			!(is_same && digest_equal(&digests[PUBLISHED], &digests[REBUILT])))
			claims->leaves[i].is_explained = false;
	}
	return STATUS_OK;
}
