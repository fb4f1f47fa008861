/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/packages/telling.h"

#include <string.h>

/* The solution has a package of that very name. */
static bool is_named(const struct why *why)
{
	return why->package != NO_PACKAGE &&
		strcmp(why->listing->needs.solution.packages[why->package].name, why->name) == 0;
}

/* "lib 2.0"; "awk (met by mawk 1.0)"; "built", which the pins have not. */
static void subject_tell(struct page *page, const struct why *why)
{
	bool is_met = why->package != NO_PACKAGE && !is_named(why);

	if (!is_named(why))
		page_data(page, why->name);
	page_words(page, "%s", is_met ? " (met by " : "");
	if (why->package != NO_PACKAGE)
		tell_package(page, why->listing, why->package);
	page_words(page, "%s", is_met ? ")" : "");
}

static void title_tell(struct page *page, const struct why *why)
{
	page_begin(page, PAGE_TITLE);
	tell_not_whole(page, &why->listing, 1);
	if (why->count == 0) {
		page_words(page, "nothing in ");
		page_data(page, why->listing->list->path);
		page_words(page, " needs ");
		page_data(page, why->name);
	} else {
		subject_tell(page, why);
		page_words(page, ": needed by %zu of %zu entries of ", why->count,
			why->listing->count);
		page_data(page, why->listing->list->path);
	}
	page_end(page);
}

/* An entry of another name than the package's leads to it as what is followed for it. */
static void entry_tell(struct page *page, const struct why *why, const struct why_entry *entry)
{
	if (entry->chain.count) {
		tell_chain(page, why->listing, why->package, &entry->chain);
		return;
	}
	page_data(page, entry->entry->row->name);
	if (strcmp(entry->entry->row->name, why->name) == 0) {
		page_words(page, " is listed itself");
		return;
	}
	page_words(page, " is listed, and met by ");
	tell_package(page, why->listing, why->package);
}

void why_tell(struct page *page, const struct telling *telling, const struct why *why, size_t most)
{
	title_tell(page, why);
	for (size_t i = 0; i < why->count && i < most; i++) {
		page_begin(page, PAGE_ITEM);
		entry_tell(page, why, &why->entries[i]);
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
		!is_named(why) ? NULL
			       : why->listing->needs.solution.packages[why->package].version);
	json_bool(json, "needed", why->count > 0);
	json_bool(json, "whole", listing_is_whole(why->listing));
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
