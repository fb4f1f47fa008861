/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_CLAIMS_H
#define DBDIFF_CLAIMS_H

#include "dbdiff/captured.h"
#include "dbdiff/findings.h"

/*
 * What formats and matchers claim of the leaves of a plan, checked here (trust T9): claims are in
 * the same order on both sides, do not overlap, and with the claimed values of one side put into
 * the other the leaf is byte for byte the same. Else it stays unexplained beside its claims.
 */
struct claims {
	const struct diff_plan *plan;
	struct leaf_claims *leaves; /* as many as the plan has */
	size_t taken;		    /* of all of them, from the process that matches */
};

struct leaf_claims {
	struct taken_claim {
		struct claim_range range;
		const char *cause; /* static */
		char *evidence;
		char *values[SIDES]; /* of a UUID or a digest; else NULL */
	} * items;
	size_t count;
	size_t capacity;
	bool is_explained;
};

/* `plan` is borrowed. */
void claims_init(struct claims *claims, const struct diff_plan *plan);
void claims_release(struct claims *claims);

/*
 * Takes what a matching process wrote to `fd` (dbdiff/matching.h), as far as it makes sense: diffs
 * go to the findings, claims are kept. It began with *leaf, which is moved behind the last
 * one that it was done with.
 */
enum status claims_read(
	struct claims *claims, int fd, size_t *leaf, struct findings *findings, struct error *err);
/* Checks the claims of every leaf; those that do not hold are dropped. */
enum status claims_check(struct claims *claims, const struct captured captured[SIDES],
	struct findings *findings, struct error *err);
/*
 * The leaves that are explained if the bytes that were not read again are the same: one bool a
 * leaf. False when there is none.
 */
bool claims_need_rests(const struct claims *claims, bool *is_chosen);
/* They were hashed on both sides: what is not the same is not explained. */
enum status claims_check_rests(struct claims *claims, const bool *is_chosen,
	const struct captured captured[SIDES], struct error *err);
/* Writes all to the findings. */
enum status claims_write(struct claims *claims, struct findings *findings, struct error *err);

/* ---- of one leaf ---- */

/* Takes the texts of the claim over. */
void leaf_claims_add(struct leaf_claims *claims, const struct taken_claim *claim);
/* Whether the range holds something on both sides, and nothing that the leaf does not have. */
bool claim_is_inside(const struct leaf_request *leaf, const struct claim_range *range);
/*
 * Whether the claims, which are in order, explain all of a leaf: what is between them is alike.
 */
bool claims_explain(const struct leaf_request *leaf, const struct leaf_bytes *bytes,
	const struct leaf_claims *claims);
/* Whether each begins behind the end of the one before it, on both sides. */
bool claims_in_order(const struct leaf_claims *claims);

#endif
