/* SPDX-License-Identifier: Apache-2.0 */
#include <strings.h>

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/causes.h"
#include "dbdiff/claims.h"

#define EVIDENCE_SHOWN 3 /* of one cause in a leaf */

static bool same_pair(const struct taken_claim *a, const struct taken_claim *b)
{
	for (int side = 0; side < SIDES; side++) {
		if (a->values[side] == NULL || b->values[side] == NULL ||
			strcasecmp(a->values[side], b->values[side]) != 0)
			return false;
	}
	return true;
}

/* A UUID is the image's where another claim says that the same two are. */
static void name_uuids(struct claims *claims)
{
	const struct taken_claim *images[16];
	size_t count = 0;

	for (size_t i = 0; i < claims->plan->count; i++) {
		for (size_t c = 0; c < claims->leaves[i].count; c++) {
			const struct taken_claim *claim = &claims->leaves[i].items[c];

			if (count < ARRAY_SIZE(images) && strcmp(claim->cause, "image-uuid") == 0 &&
				(count == 0 || !same_pair(claim, images[count - 1])))
				images[count++] = claim;
		}
	}
	for (size_t i = 0; i < claims->plan->count && count > 0; i++) {
		for (size_t c = 0; c < claims->leaves[i].count; c++) {
			struct taken_claim *claim = &claims->leaves[i].items[c];

			for (size_t k = 0; k < count && strcmp(claim->cause, "uuid") == 0; k++) {
				if (same_pair(claim, images[k]))
					claim->cause = images[k]->cause;
			}
		}
	}
}

/* A value that is text as it is. */
static bool is_visible(const char *value)
{
	if (value == NULL || *value == '\0')
		return false;
	while (*value > ' ' && *value <= '~')
		value++;
	return *value == '\0';
}

static enum status write_values(struct findings *findings, int64_t finding,
	const struct taken_claim *claim, struct error *err)
{
	if (!is_visible(claim->values[PUBLISHED]) || !is_visible(claim->values[REBUILT]))
		return STATUS_OK;
	return findings_add_value(findings, finding, claim->cause, claim->values[PUBLISHED],
		claim->values[REBUILT], err);
}

static enum status write_ranges(struct findings *findings, int64_t finding,
	const struct taken_claim *claim, struct error *err)
{
	for (int side = 0; side < SIDES; side++) {
		if (findings_add_claim(findings,
			    &(struct claim_row){
				    .finding = finding,
				    .side = side,
				    .start = claim->range.start[side],
				    .len = claim->range.len[side],
				    .cause = claim->cause,
			    },
			    err) < 0)
			return err->status;
	}
	return write_values(findings, finding, claim, err);
}

/* What all claims of one cause were read from: the first few values, each once. */
static void add_evidence(const struct leaf_claims *claims, size_t first, struct buffer *text)
{
	const char *shown[EVIDENCE_SHOWN];
	size_t count = 0, more = 0;

	for (size_t i = first; i < claims->count; i++) {
		const struct taken_claim *claim = &claims->items[i];
		size_t k = 0;

		if (claim->cause != claims->items[first].cause)
			continue;
		while (k < count && strcmp(shown[k], claim->evidence) != 0)
			k++;
		if (k < count)
			continue;
		if (count == EVIDENCE_SHOWN) {
			more++;
			continue;
		}
		buffer_add_format(text, "%s%s", count > 0 ? "; " : "", claim->evidence);
		shown[count++] = claim->evidence;
	}
	if (more > 0)
		buffer_add_format(text, "; and at %zu more place%s", more, more == 1 ? "" : "s");
}

static enum status write_leaf(struct findings *findings, int64_t finding,
	const struct leaf_claims *claims, struct error *err)
{
	bool *is_told = xcalloc(cause_catalogue_count, sizeof(is_told[0]));
	struct buffer text = {0};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < claims->count && status == STATUS_OK; i++) {
		const struct taken_claim *claim = &claims->items[i];
		const struct cause *cause = cause_find(claim->cause);

		status = write_ranges(findings, finding, claim, err);
		if (status != STATUS_OK || cause == NULL || is_told[cause - cause_catalogue])
			continue;
		is_told[cause - cause_catalogue] = true;
		buffer_clear(&text);
		add_evidence(claims, i, &text);
		status = findings_add_cause(
			findings, finding, claim->cause, 0, buffer_text(&text), err);
	}
	buffer_release(&text);
	free(is_told);
	return status;
}

enum status claims_write(struct claims *claims, struct findings *findings, struct error *err)
{
	enum status status = STATUS_OK;

	name_uuids(claims);
	for (size_t i = 0; i < claims->plan->count && status == STATUS_OK; i++) {
		const struct leaf_request *leaf = &claims->plan->leaves[i];
		const struct leaf_claims *own = &claims->leaves[i];

		status = write_leaf(findings, leaf->finding, own, err);
		if (status == STATUS_OK && own->is_explained && !leaf->has_open_field)
			status = findings_settle(findings, leaf->finding, err);
	}
	return status;
}
