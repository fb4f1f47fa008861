/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/packages/telling.h"

#include <inttypes.h>
#include <string.h>

const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

void tell_size(struct page *page, const struct installed_size *size)
{
	page_words(page, "%" PRIu64 " KiB", size->kib);
	if (size->unknown)
		page_words(page, " and %zu of unknown size", size->unknown);
}

void tell_package(struct page *page, const struct listing *listing, size_t package)
{
	page_data(page, listing->needs.solution.packages[package].name);
	page_words(page, " ");
	page_data(page, listing->needs.solution.packages[package].version);
}

static const char *name_of(const struct listing *listing, size_t package)
{
	return listing->needs.solution.packages[package].name;
}

/* What a relationship says beyond the name that it led to. */
static void link_tell(struct page *page, const struct listing *listing, const struct need *need)
{
	bool is_choice = strcmp(need->relation, need->alternative) != 0;

	page_words(page, " → ");
	page_data(page, name_of(listing, need->to));
	if (need->field == NEED_DEPENDS && !need->is_provided && !is_choice)
		return;
	page_words(page, " (");
	if (need->field != NEED_DEPENDS)
		page_words(page, "%s", need_field_names[need->field]);
	if (need->is_provided) {
		page_words(page, need->field == NEED_DEPENDS ? "provides " : ", provides ");
		page_data(page, need->alternative);
	}
	if (is_choice) {
		page_words(
			page, need->field == NEED_DEPENDS && !need->is_provided ? "of " : ", of ");
		page_data(page, need->relation);
	}
	page_words(page, ")");
}

void tell_chain(
	struct page *page, const struct listing *listing, size_t to, const struct chain *chain)
{
	page_data(page, name_of(listing, chain->count ? chain->links[0]->from : to));
	for (size_t i = 0; i < chain->count; i++)
		link_tell(page, listing, chain->links[i]);
}

static void troubled_tell(
	struct page *page, const struct listing *listing, const struct listed *listed)
{
	page_begin(page, PAGE_ITEM);
	page_data(page, listing->list->path);
	if (listed->row->line)
		page_words(page, ":%zu", listed->row->line);
	page_words(page, ": ");
	page_data(page, listed->row->name);
	if (listed->row->architecture) {
		page_words(page, ":");
		page_data(page, listed->row->architecture);
	}
	if (listed->row->version) {
		page_words(page, " ");
		page_data(page, listed->row->version);
	}
	page_words(page, ": %s", listed_state_word(listed));
	page_end(page);
	if (listed->reason) {
		page_begin(page, PAGE_SUBITEM);
		page_data(page, listed->reason);
		page_end(page);
	}
	for (size_t i = 0; listed->asked && i < listed->asked->reasons.count; i++) {
		page_begin(page, PAGE_SUBITEM);
		page_data(page, listed->asked->reasons.items[i]);
		page_end(page);
	}
}

void tell_not_whole(struct page *page, const struct listing *const *listings, size_t count)
{
	size_t troubled = 0, entries = 0, cut = 0;

	for (size_t l = 0; l < count; l++) {
		troubled += listing_troubled(listings[l]);
		entries += listings[l]->count;
		cut += !listings[l]->list->is_whole;
	}
	if (cut)
		page_words(
			page, "NOT WHOLE, a list was not read whole%s", troubled ? " and " : "; ");
	if (troubled)
		page_words(page, "%s%zu of %zu entries not followed as listed; ",
			cut ? "" : "NOT WHOLE, ", troubled, entries);
}

void tell_troubled(struct page *page, const struct listing *const *listings, size_t count)
{
	size_t troubled = 0;

	for (size_t l = 0; l < count; l++)
		troubled += listing_troubled(listings[l]);
	if (troubled == 0)
		return;
	page_begin(page, PAGE_SECTION);
	page_words(page, "Not followed as listed (%zu)", troubled);
	page_end(page);
	for (size_t l = 0; l < count; l++)
		for (size_t i = 0; i < listings[l]->count; i++)
			if (!listed_is_whole(&listings[l]->items[i]))
				troubled_tell(page, listings[l], &listings[l]->items[i]);
}

void tell_foot(struct page *page, const struct telling *telling)
{
	page_begin(page, PAGE_SECTION);
	page_words(page, "How");
	page_end(page);
	page_begin(page, PAGE_ITEM);
	page_words(page, "pins ");
	page_data(page, telling->pins);
	page_words(page, ", architecture ");
	page_data(page, telling->architecture);
	page_words(page, ", %s Recommends; sizes are Installed-Size of Packages, in KiB",
		telling->has_recommends ? "with" : "without");
	page_end(page);
	for (size_t i = 0; i < telling->notes->count; i++) {
		page_begin(page, PAGE_ITEM);
		page_data(page, telling->notes->items[i]);
		page_end(page);
	}
}

/* ---- JSON ---- */

void json_texts(struct json *json, const char *key, const struct text_list *texts)
{
	json_array_begin(json, key);
	for (size_t i = 0; i < texts->count; i++)
		json_text(json, NULL, texts->items[i]);
	json_array_end(json);
}

void json_telling(struct json *json, const char *command, const struct telling *telling)
{
	json_text(json, "format", "reproof-packages-1");
	json_text(json, "command", command);
	json_text(json, "pin", telling->pins);
	json_text(json, "architecture", telling->architecture);
	json_bool(json, "recommends", telling->has_recommends);
}

void json_kib(struct json *json, const char *key, uint64_t kib)
{
	if (kib)
		json_unsigned(json, key, kib);
	else
		json_none(json, key);
}

void json_package(struct json *json, const struct listing *listing, size_t at)
{
	const struct solved_package *package = &listing->needs.solution.packages[at];

	json_text(json, "name", package->name);
	json_text(json, "version", package->version);
	json_text(json, "architecture", package->architecture);
	json_text(json, "source", package->source);
	json_text(json, "source_version", package->source_version);
	json_kib(json, "installed_kib", listing_kib(listing, at));
}

void json_chain(struct json *json, const char *key, const struct listing *listing,
	const struct chain *chain)
{
	json_array_begin(json, key);
	for (size_t i = 0; i < chain->count; i++) {
		const struct need *need = chain->links[i];

		json_object_begin(json, NULL);
		json_text(json, "from", name_of(listing, need->from));
		json_text(json, "field", need_field_names[need->field]);
		json_text(json, "relation", need->relation);
		json_text(json, "alternative", need->alternative);
		json_bool(json, "provided", need->is_provided);
		json_text(json, "to", name_of(listing, need->to));
		json_object_end(json);
	}
	json_array_end(json);
}

void json_listing(struct json *json, const char *key, const struct listing *listing)
{
	struct installed_size size = listing_size(listing);

	json_object_begin(json, key);
	json_text(json, "list", listing->list->path);
	json_digest(json, "sha256", &listing->list->digest);
	json_unsigned(json, "entries", listing->count);
	json_unsigned(json, "packages", listing->needs.solution.count);
	json_unsigned(json, "installed_kib", size.kib);
	json_unsigned(json, "size_unknown", size.unknown);
	json_object_end(json);
}

void json_troubled(struct json *json, const struct listing *const *listings, size_t count)
{
	json_array_begin(json, "not_followed");
	for (size_t l = 0; l < count; l++)
		for (size_t i = 0; i < listings[l]->count; i++) {
			const struct listed *listed = &listings[l]->items[i];

			if (listed_is_whole(listed))
				continue;
			json_object_begin(json, NULL);
			json_text(json, "list", listings[l]->list->path);
			json_unsigned(json, "line", listed->row->line);
			json_text(json, "name", listed->row->name);
			json_text(json, "version", listed->row->version);
			json_text(json, "architecture", listed->row->architecture);
			json_text(json, "state", listed_state_word(listed));
			json_array_begin(json, "reasons");
			if (listed->reason)
				json_text(json, NULL, listed->reason);
			for (size_t r = 0; listed->asked && r < listed->asked->reasons.count; r++)
				json_text(json, NULL, listed->asked->reasons.items[r]);
			json_array_end(json);
			json_object_end(json);
		}
	json_array_end(json);
}
