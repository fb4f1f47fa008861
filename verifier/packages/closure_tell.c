/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "verifier/packages/telling.h"

/* How every package of a list is reached from its entries. */
static void list_reach(const struct listing *listing, struct reach *reach, size_t *starts)
{
	for (size_t i = 0; i < listing->asked_count; i++)
		starts[i] = listing->asked[i].package;
	reach_init(reach, &listing->needs);
	reach_from(reach, starts, listing->asked_count);
}

static void title_tell(struct page *page, const struct listing *listing)
{
	struct installed_size size = listing_size(listing);
	size_t packages = listing->needs.solution.count;

	page_begin(page, PAGE_TITLE);
	page_data(page, listing->list->path);
	page_words(page, ": ");
	tell_not_whole(page, &listing, 1);
	page_words(page, "%zu entr%s need%s %zu package%s, ", listing->count,
		listing->count == 1 ? "y" : "ies", listing->count == 1 ? "s" : "", packages,
		plural(packages));
	tell_size(page, &size);
	page_end(page);
}

static void row_tell(
	struct page *page, const struct listing *listing, const struct reach *reach, size_t at)
{
	const struct solved_package *package = &listing->needs.solution.packages[at];
	const char *const texts[] = {package->name, package->version, package->architecture};
	struct chain chain;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		page_cell_begin(page);
		page_data(page, texts[i]);
		page_cell_end(page);
	}
	page_cell_begin(page);
	if (listing_kib(listing, at))
		page_words(page, "%" PRIu64, listing_kib(listing, at));
	else
		page_words(page, "unknown");
	page_cell_end(page);
	page_cell_begin(page);
	if (!reach_chain(reach, at, &chain))
		page_words(page, "no chain was found");
	else if (chain.count == 0)
		page_words(page, "listed");
	else
		tell_chain(page, listing, at, &chain);
	page_cell_end(page);
	chain_release(&chain);
}

void closure_tell(struct page *page, const struct telling *telling, const struct listing *listing)
{
	static const char *const titles[] = {
		"package", "version", "architecture", "KiB", "asked for by"};
	size_t *starts = xcalloc(listing->asked_count + 1, sizeof(starts[0]));
	struct reach reach;

	list_reach(listing, &reach, starts);
	title_tell(page, listing);
	tell_troubled(page, &listing, 1);
	page_begin(page, PAGE_SECTION);
	page_words(page, "All that is needed (%zu)", listing->needs.solution.count);
	page_end(page);
	page_table_begin(page, titles, ARRAY_SIZE(titles), 1U << 3);
	for (size_t i = 0; i < listing->needs.solution.count; i++)
		row_tell(page, listing, &reach, i);
	page_table_end(page);
	tell_foot(page, telling);
	reach_release(&reach);
	free(starts);
}

static void row_json(struct json *json, const struct listing *listing, const struct reach *reach,
	const bool *matrix, size_t at)
{
	const struct solved_package *package = &listing->needs.solution.packages[at];
	size_t packages = listing->needs.solution.count;
	struct chain chain;

	json_object_begin(json, NULL);
	json_package(json, listing, at);
	json_text(json, "archive", package->archive);
	json_text(json, "path", package->path);
	json_digest(json, "sha256", &package->digest);
	json_unsigned(json, "size", package->size);
	json_array_begin(json, "entries");
	for (size_t i = 0; i < listing->count; i++)
		if (matrix[i * packages + at])
			json_text(json, NULL, listing->items[i].row->name);
	json_array_end(json);
	if (reach_chain(reach, at, &chain))
		json_chain(json, "chain", listing, &chain);
	else
		json_none(json, "chain");
	chain_release(&chain);
	json_object_end(json);
}

void closure_json(struct json *json, const struct telling *telling, const struct listing *listing)
{
	size_t *starts = xcalloc(listing->asked_count + 1, sizeof(starts[0]));
	bool *matrix = why_matrix(listing);
	struct reach reach;

	list_reach(listing, &reach, starts);
	json_object_begin(json, NULL);
	json_telling(json, "closure", telling);
	json_bool(json, "whole", listing_is_whole(listing));
	json_listing(json, "list", listing);
	json_array_begin(json, "packages");
	for (size_t i = 0; i < listing->needs.solution.count; i++)
		row_json(json, listing, &reach, matrix, i);
	json_array_end(json);
	json_troubled(json, &listing, 1);
	json_texts(json, "notes", telling->notes);
	json_object_end(json);
	reach_release(&reach);
	free(starts);
	free(matrix);
}
