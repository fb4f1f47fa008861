/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/packages/telling.h"

static void title_tell(struct page *page, const struct why *why)
{
	size_t troubled = listing_troubled(why->listing);

	page_begin(page, PAGE_TITLE);
	if (why->count == 0) {
		page_words(page, "nothing in ");
		page_data(page, why->listing->list->path);
		page_words(page, " needs ");
		page_data(page, why->name);
	} else {
		tell_package(page, why->listing, why->package);
		page_words(page, ": needed by %zu of %zu entries of ", why->count,
			why->listing->count);
		page_data(page, why->listing->list->path);
	}
	if (troubled)
		page_words(page, "; NOT WHOLE, %zu entr%s not followed as listed", troubled,
			troubled == 1 ? "y" : "ies");
	page_end(page);
}

void why_tell(struct page *page, const struct telling *telling, const struct why *why, size_t most)
{
	title_tell(page, why);
	for (size_t i = 0; i < why->count && i < most; i++) {
		page_begin(page, PAGE_ITEM);
		if (why->entries[i].chain.count)
			tell_chain(page, why->listing, why->package, &why->entries[i].chain);
		else
			page_data(page, why->entries[i].entry->row->name);
		page_words(page, why->entries[i].chain.count ? "" : " is listed itself");
		page_end(page);
	}
	if (why->count > most) {
		page_begin(page, PAGE_ITEM);
		page_words(page, "and %zu entr%s more (--all)", why->count - most,
			why->count - most == 1 ? "y" : "ies");
		page_end(page);
	}
	tell_troubled(page, &why->listing, 1);
	tell_foot(page, telling);
}

void why_json(struct json *json, const struct telling *telling, const struct why *why)
{
	json_object_begin(json, NULL);
	json_telling(json, "why", telling);
	json_text(json, "package", why->name);
	json_text(json, "version",
		why->package == NO_PACKAGE
			? NULL
			: why->listing->needs.solution.packages[why->package].version);
	json_bool(json, "needed", why->count > 0);
	json_bool(json, "whole", listing_troubled(why->listing) == 0);
	json_listing(json, "list", why->listing);
	json_array_begin(json, "entries");
	for (size_t i = 0; i < why->count; i++) {
		json_object_begin(json, NULL);
		json_text(json, "entry", why->entries[i].entry->row->name);
		json_chain(json, "chain", why->listing, &why->entries[i].chain);
		json_object_end(json);
	}
	json_array_end(json);
	json_troubled(json, &why->listing, 1);
	json_texts(json, "notes", telling->notes);
	json_object_end(json);
}
