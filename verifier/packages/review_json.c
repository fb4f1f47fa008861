/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/sheet.h"
#include "verifier/packages/telling.h"

struct pulls_keys {
	const char *pulls, *size, *elsewhere; /* the latter two may be NULL */
};

static const struct pulls_keys comes_keys = {"comes", "comes_size", "comes_elsewhere"};
static const struct pulls_keys goes_keys = {"goes", "goes_size", "goes_elsewhere"};

/* What an entry before has as well is named alone: of a large list most entries share most. */
static void elsewhere_json(struct json *json, const char *key, const struct listing *listing,
	const struct pulls *pulls)
{
	json_array_begin(json, key);
	for (size_t i = 0; i < pulls->count; i++)
		if (pulls->items[i].is_elsewhere)
			json_text(json, NULL,
				listing->needs.solution.packages[pulls->items[i].package].name);
	json_array_end(json);
}

static void pulls_json(struct json *json, const struct pulls_keys *keys,
	const struct listing *listing, const struct pulls *pulls)
{
	json_array_begin(json, keys->pulls);
	for (size_t i = 0; i < pulls->count; i++) {
		if (pulls->items[i].is_elsewhere)
			continue;
		json_object_begin(json, NULL);
		json_package(json, listing, pulls->items[i].package);
		if (pulls->items[i].has_chain)
			json_chain(json, "chain", listing, &pulls->items[i].chain);
		else
			json_none(json, "chain");
		json_bool(json, "provider", pulls->items[i].is_provider);
		json_object_end(json);
	}
	json_array_end(json);
	if (!keys->size)
		return;
	elsewhere_json(json, keys->elsewhere, listing, pulls);
	json_object_begin(json, keys->size);
	json_unsigned(json, "installed_kib", pulls->size.kib);
	json_unsigned(json, "size_unknown", pulls->size.unknown);
	json_object_end(json);
}

static void entry_json(struct json *json, const char *key, const struct listed *listed)
{
	json_text(json, key, listed ? listed_state_word(listed) : NULL);
}

static void anyway_json(
	struct json *json, const struct listing *listing, const struct review_change *change)
{
	if (change->is_needed_anyway)
		json_chain(json, "needed_anyway", listing, &change->anyway);
	else
		json_none(json, "needed_anyway");
}

static void one_side_json(
	struct json *json, const struct review *review, const struct review_change *change)
{
	bool is_added = change->kind == REVIEW_ADDED;
	const struct solved_package *package = is_added ? change->new_package : change->old_package;

	json_object_begin(json, NULL);
	json_text(json, "name", change->name);
	json_text(json, "version", is_added ? change->new_version : change->old_version);
	json_text(json, "architecture", package ? package->architecture : NULL);
	json_text(json, "source", package ? package->source : NULL);
	json_text(json, "source_version", package ? package->source_version : NULL);
	json_kib(json, "installed_kib", package ? package->installed_kib : 0);
	entry_json(json, "state", is_added ? change->new : change->old);
	anyway_json(json, is_added ? review->old : review->new, change);
	if (is_added)
		pulls_json(json, &comes_keys, review->new, &change->comes);
	else
		pulls_json(json, &goes_keys, review->old, &change->goes);
	json_object_end(json);
}

static void version_json(
	struct json *json, const struct review *review, const struct review_change *change)
{
	json_object_begin(json, NULL);
	json_text(json, "name", change->name);
	json_text(json, "old", change->old_version);
	json_text(json, "new", change->new_version);
	json_text(json, "direction",
		change->direction > 0		? "up"
			: change->direction < 0 ? "down"
						: "same");
	entry_json(json, "old_state", change->old);
	entry_json(json, "new_state", change->new);
	pulls_json(json, &comes_keys, review->new, &change->comes);
	pulls_json(json, &goes_keys, review->old, &change->goes);
	json_object_end(json);
}

static void changes_json(struct json *json, const char *key, const struct review *review,
	enum review_kind kind,
	void (*put)(
		struct json *json, const struct review *review, const struct review_change *change))
{
	json_array_begin(json, key);
	for (size_t i = 0; i < review->count; i++)
		if (review->changes[i].kind == kind)
			put(json, review, &review->changes[i]);
	json_array_end(json);
}

static void total_json(
	struct json *json, const char *key, size_t count, const struct installed_size *size)
{
	json_object_begin(json, key);
	json_unsigned(json, "packages", count);
	json_unsigned(json, "installed_kib", size->kib);
	json_unsigned(json, "size_unknown", size->unknown);
	json_object_end(json);
}

void review_json(struct json *json, const struct telling *telling, const struct review *review,
	const struct telling_coverage *coverage)
{
	const struct listing *const listings[] = {review->old, review->new};

	json_object_begin(json, NULL);
	json_telling(json, "diff", telling);
	json_bool(json, "whole", listing_is_whole(review->old) && listing_is_whole(review->new));
	json_bool(json, "same", review_is_same(review));
	json_listing(json, "old", review->old);
	json_listing(json, "new", review->new);
	total_json(json, "come", review->come_count, &review->come);
	total_json(json, "go", review->go_count, &review->go);
	changes_json(json, "added", review, REVIEW_ADDED, one_side_json);
	changes_json(json, "removed", review, REVIEW_REMOVED, one_side_json);
	changes_json(json, "versions", review, REVIEW_VERSION, version_json);
	pulls_json(json, &(struct pulls_keys){.pulls = "others_come"}, review->new,
		&review->others_come);
	pulls_json(
		json, &(struct pulls_keys){.pulls = "others_go"}, review->old, &review->others_go);
	json_troubled(json, listings, ARRAY_SIZE(listings));
	if (coverage->table) {
		json_array_begin(json, "coverage");
		for (size_t i = 0; i < coverage->table->count; i++)
			sheet_json_package(json, &coverage->table->packages[i]);
		json_array_end(json);
	} else {
		json_none(json, "coverage");
	}
	json_text(json, "coverage_unavailable", coverage->unavailable);
	json_texts(json, "notes", telling->notes);
	json_object_end(json);
}
