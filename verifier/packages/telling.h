/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_PACKAGES_TELLING_H
#define VERIFIER_PACKAGES_TELLING_H

#include "base/json.h"
#include "verifier/packages/page.h"
#include "verifier/packages/review.h"
#include "verifier/packages/why.h"

/* The answers of `reproof packages` as people and programs read them. */

/* What all of them say of how they came about. Borrowed. */
struct telling {
	const char *pins; /* with commas between */
	const char *architecture;
	bool has_recommends;
	const struct text_list *notes;
};

/* Tests behind what is new: NULL where it was not asked for or nothing is new. */
struct telling_coverage {
	const struct coverage *table;
	const char *unavailable; /* why it could not be made; or NULL */
};

void review_tell(struct page *page, const struct telling *telling, const struct review *review,
	const struct telling_coverage *coverage);
void review_json(struct json *json, const struct telling *telling, const struct review *review,
	const struct telling_coverage *coverage);
void closure_tell(struct page *page, const struct telling *telling, const struct listing *listing);
void closure_json(struct json *json, const struct telling *telling, const struct listing *listing);
/* At most `most` entries on the page; the rest is counted. */
void why_tell(struct page *page, const struct telling *telling, const struct why *why, size_t most);
void why_json(struct json *json, const struct telling *telling, const struct why *why);

/* ---- parts ---- */

/* "s" unless there is one. */
const char *plural(size_t count);

/* "21504 KiB", with how many packages do not say. */
void tell_size(struct page *page, const struct installed_size *size);
/* "NAME VERSION", as the pins have it */
void tell_package(struct page *page, const struct listing *listing, size_t package);
/* "a → b (provides x, of x | y) → c" */
void tell_chain(
	struct page *page, const struct listing *listing, size_t to, const struct chain *chain);
/* "NOT WHOLE, why; ", or nothing. */
void tell_not_whole(struct page *page, const struct listing *const *listings, size_t count);
/* A section of the entries that were not followed as a list has them; none, no section. */
void tell_troubled(struct page *page, const struct listing *const *listings, size_t count);
void tell_foot(struct page *page, const struct telling *telling);

void json_telling(struct json *json, const char *command, const struct telling *telling);
/* A package of a solution, as the pins have it: name, version, architecture, source,
 * source_version, installed_kib (not of another version than the list says). */
void json_package(struct json *json, const struct listing *listing, size_t package);
void json_kib(struct json *json, const char *key, uint64_t kib); /* null when not known */
void json_chain(struct json *json, const char *key, const struct listing *listing,
	const struct chain *chain);
/* An object of a list: its name, digest, entries, packages and size. */
void json_listing(struct json *json, const char *key, const struct listing *listing);
void json_troubled(struct json *json, const struct listing *const *listings, size_t count);
void json_texts(struct json *json, const char *key, const struct text_list *texts);

#endif
