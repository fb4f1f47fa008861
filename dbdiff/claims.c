/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/claims.h"

#include "base/alloc.h"
#include "base/array.h"
#include "base/escape.h"

#define VALUE_MOST 128 /* 64 digits, in UTF-16 */

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

/* UTF-16 of what is ASCII is as good as that. */
static char *text_of(const char *data, size_t len)
{
	size_t step = 2;
	char *text;

	for (size_t i = 0; i < len && step == 2; i += 2)
		step = i + 1 < len && data[i] != '\0' && data[i + 1] == '\0' ? 2 : 1;
	text = xcalloc(len / step + 1, 1);
	for (size_t i = 0; i < len / step; i++)
		text[i] = data[i * step];
	return text;
}

/* The bytes of a claim on one side, NULL when they are too many or were not read again. */
static char *value_of(const struct leaf_request *leaf, const struct leaf_bytes *bytes,
	const struct claim_range *range, int side)
{
	for (size_t i = 0; i < leaf->stretch_count && range->len[side] <= VALUE_MOST; i++) {
		const struct stretch *stretch = &bytes->stretches[i][side];

		if (range->start[side] >= stretch->offset &&
			range->start[side] + range->len[side] <= stretch->offset + stretch->len)
			return text_of(stretch->data + (range->start[side] - stretch->offset),
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
static enum status check_digests(
	struct leaf_claims *claims, struct findings *findings, struct error *err)
{
	enum status status = STATUS_OK;
	size_t kept = 0;

	for (size_t i = 0; i < claims->count; i++) {
		struct taken_claim *claim = &claims->items[i];
		bool holds = true;

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

/* ISAR takes the SHA-256 of the image's UUID for a salt, and quotes both. */
static enum status add_digests_of_uuids(
	const struct claims *claims, size_t number, struct findings *findings, struct error *err)
{
	const struct leaf_claims *own = &claims->leaves[number];
	struct buffer path = {0};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < own->count && status == STATUS_OK; i++) {
		const struct taken_claim *claim = &own->items[i];
		struct digest digests[SIDES];

		if ((strcmp(claim->cause, "uuid") != 0 &&
			    strcmp(claim->cause, "image-uuid") != 0) ||
			claim->values[PUBLISHED] == NULL || claim->values[REBUILT] == NULL)
			continue;
		for (int side = 0; side < SIDES; side++)
			hash_memory(
				claim->values[side], strlen(claim->values[side]), &digests[side]);
		buffer_clear(&path);
		buffer_add_format(&path, "the UUID in %s", claims->plan->leaves[number].path);
		status = findings_add_digests(
			findings, &digests[PUBLISHED], &digests[REBUILT], &path, err);
	}
	buffer_release(&path);
	return status;
}

/* What overlaps is nobody's claim. */
static void drop_all(struct leaf_claims *claims)
{
	for (size_t i = 0; i < claims->count; i++)
		taken_release(&claims->items[i]);
	claims->count = 0;
}

/* What is claimed of a leaf and what it says; nothing when its bytes could not be read again. */
static enum status gather(struct claims *claims, size_t number, struct leaf_bytes *bytes,
	const struct captured captured[SIDES], struct error *err)
{
	const struct leaf_request *leaf = &claims->plan->leaves[number];
	struct leaf_claims *own = &claims->leaves[number];
	enum status status = STATUS_OK;

	add_told(claims, number);
	if (own->count == 0)
		return STATUS_OK;
	if (claims_in_order(own))
		status = leaf_bytes_load(bytes, claims->plan, leaf, captured, err);
	else
		status = STATUS_END;
	if (status != STATUS_OK) {
		drop_all(own);
		return status < 0 ? status : STATUS_OK;
	}
	for (size_t i = 0; i < own->count; i++) {
		struct taken_claim *claim = &own->items[i];

		for (int side = 0; side < SIDES; side++)
			claim->values[side] = value_of(leaf, bytes, &claim->range, side);
	}
	return STATUS_OK;
}

static enum status check_leaf(struct claims *claims, size_t number, struct leaf_bytes *bytes,
	const struct captured captured[SIDES], struct findings *findings, struct error *err)
{
	const struct leaf_request *leaf = &claims->plan->leaves[number];
	struct leaf_claims *own = &claims->leaves[number];
	enum status status;

	if (own->count == 0)
		return STATUS_OK;
	status = check_digests(own, findings, err);
	if (status == STATUS_OK)
		status = leaf_bytes_load(bytes, claims->plan, leaf, captured, err);
	if (status == STATUS_OK)
		own->is_explained = claims_explain(leaf, bytes, own);
	return status < 0 ? status : STATUS_OK;
}

enum status claims_check(struct claims *claims, const struct captured captured[SIDES],
	struct findings *findings, struct error *err)
{
	struct leaf_bytes bytes = {0};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < claims->plan->count && status == STATUS_OK; i++) {
		status = gather(claims, i, &bytes, captured, err);
		if (status == STATUS_OK)
			status = add_digests_of_uuids(claims, i, findings, err);
	}
	for (size_t i = 0; i < claims->plan->count && status == STATUS_OK; i++)
		status = check_leaf(claims, i, &bytes, captured, findings, err);
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
