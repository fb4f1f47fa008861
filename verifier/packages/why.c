/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/packages/why.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static int compare_entries(const void *a, const void *b)
{
	const struct why_entry *left = a, *right = b;

	if (left->chain.count != right->chain.count)
		return left->chain.count < right->chain.count ? -1 : 1;
	return (left->entry > right->entry) - (left->entry < right->entry);
}

/* The package of that name, or what is followed for an entry that has it. */
static size_t package_find(const struct listing *listing, const char *name)
{
	size_t package = listing_find(listing, name);

	for (size_t i = 0; i < listing->count && package == NO_PACKAGE; i++)
		if (strcmp(listing->items[i].row->name, name) == 0)
			package = listed_start(&listing->items[i]);
	return package;
}

/* An entry of that name is listed, followed or not. */
static bool entry_needs(
	struct reach *reach, const struct listed *entry, const struct why *why, struct chain *chain)
{
	size_t start = listed_start(entry);

	*chain = (struct chain){0};
	if (strcmp(entry->row->name, why->name) == 0)
		return true;
	if (start == NO_PACKAGE || why->package == NO_PACKAGE)
		return false;
	reach_from(reach, &start, 1);
	return reach_chain(reach, why->package, chain);
}

void why_find(const struct listing *listing, const char *name, struct why *why)
{
	struct reach reach;

	*why = (struct why){
		.listing = listing, .name = name, .package = package_find(listing, name)};
	reach_init(&reach, &listing->needs);
	for (size_t i = 0; i < listing->count; i++) {
		const struct listed *entry = &listing->items[i];
		struct chain chain;

		if (!entry_needs(&reach, entry, why, &chain))
			continue;
		ARRAY_GROW(why->entries, why->count, why->capacity);
		why->entries[why->count++] = (struct why_entry){entry, chain};
	}
	reach_release(&reach);
	if (why->count > 1)
		qsort(why->entries, why->count, sizeof(why->entries[0]), compare_entries);
}

void why_release(struct why *why)
{
	for (size_t i = 0; i < why->count; i++)
		chain_release(&why->entries[i].chain);
	free(why->entries);
	*why = (struct why){0};
}

bool *why_matrix(const struct listing *listing)
{
	size_t packages = listing->needs.solution.count;
	bool *matrix = xcalloc(listing->count * packages + 1, sizeof(bool));
	struct reach reach;

	reach_init(&reach, &listing->needs);
	for (size_t i = 0; i < listing->count; i++) {
		const struct asked *asked = listing->items[i].asked;

		if (!asked || asked->package == NO_PACKAGE)
			continue;
		reach_from(&reach, &asked->package, 1);
		memcpy(matrix + i * packages, reach.is_reached, packages * sizeof(bool));
	}
	reach_release(&reach);
	return matrix;
}
