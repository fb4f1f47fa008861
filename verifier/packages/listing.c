/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/packages/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

bool listing_wants_sources(const struct package_list *list, const struct package_pool *pool)
{
	if (list->kind == LIST_OF_SOURCES)
		return true;
	for (size_t i = 0; i < list->packages.count; i++)
		if (!package_pool_has(pool, list->packages.items[i].name))
			return true;
	return false;
}

static bool is_source(const struct listing_place *place, const struct package_list *list,
	const struct manifest_package *row)
{
	struct pin_source found = {0};
	struct error err;
	bool is_there;

	if (list->kind == LIST_OF_SOURCES)
		return true;
	if (list->kind == LIST_OF_BINARIES || row->source || !place->catalog ||
		package_pool_has(place->pool, row->name))
		return false;
	is_there = source_catalog_find(place->catalog, row->name, NULL, &found, &err) == STATUS_OK;
	pin_source_release(&found);
	return is_there;
}

/* "pam": the source of libpam0g, libpam-modules, … */
static char *source_reason(const struct listing_place *place, const struct manifest_package *row)
{
	struct pin_source found = {0};
	struct error err;
	char *reason;

	if (place->catalog &&
		source_catalog_find(place->catalog, row->name, NULL, &found, &err) == STATUS_OK)
		reason = xasprintf("it is a source package, and the list does not say which of its "
				   "binary packages are meant: name those to have dependencies "
				   "followed (%s)",
			found.binary);
	else
		reason = xasprintf("it is listed as a source package, and the pins have none of "
				   "that name: look for a slip of the pen, or for an archive "
				   "that the pins lack");
	pin_source_release(&found);
	return reason;
}

/* Versions of one package stand together, in Debian's order. */
static bool is_outdated(const struct package_list *list, size_t at)
{
	const struct manifest_package *row = &list->packages.items[at];

	for (size_t i = at + 1; i < list->packages.count; i++) {
		const struct manifest_package *next = &list->packages.items[i];

		if (strcmp(next->name, row->name) != 0)
			break;
		if (row->version && next->version &&
			strcmp(row->architecture ? row->architecture : "",
				next->architecture ? next->architecture : "") == 0)
			return true;
	}
	return false;
}

static int compare_lines(const void *a, const void *b)
{
	const struct listed *left = a, *right = b;

	if (left->row->line != right->row->line)
		return left->row->line < right->row->line ? -1 : 1;
	return strcmp(left->row->name, right->row->name);
}

static void items_take(const struct listing_place *place, struct listing *listing)
{
	const struct manifest *packages = &listing->list->packages;

	for (size_t i = 0; i < packages->count; i++) {
		const struct manifest_package *row = &packages->items[i];
		struct listed *item = &listing->items[listing->count++];

		*item = (struct listed){.row = row};
		if (is_source(place, listing->list, row)) {
			item->kind = LISTED_SOURCE;
			item->reason = source_reason(place, row);
		} else if (is_outdated(listing->list, i)) {
			item->kind = LISTED_TWICE;
			item->reason = xasprintf("the list has the package in a newer version as "
						 "well, and that one is followed: leave one of "
						 "them out");
		}
	}
	if (listing->count > 1)
		qsort(listing->items, listing->count, sizeof(listing->items[0]), compare_lines);
}

enum status listing_make(const struct listing_place *place, const struct package_list *list,
	const struct package_list *other, struct listing *listing, struct error *err)
{
	*listing = (struct listing){.list = list};
	listing->items = xcalloc(list->packages.count + 1, sizeof(listing->items[0]));
	listing->asked = xcalloc(list->packages.count + 1, sizeof(listing->asked[0]));
	items_take(place, listing);
	for (size_t i = 0; i < listing->count; i++) {
		struct listed *item = &listing->items[i];

		if (item->kind != LISTED_BINARY)
			continue;
		item->asked = &listing->asked[listing->asked_count++];
		*item->asked = (struct asked){.name = item->row->name,
			.architecture = item->row->architecture,
			.version = item->row->version,
			.is_first_out = other && !package_list_has(other, item->row->name)};
	}
	if (package_pool_needs(place->pool, listing->asked, listing->asked_count,
		    place->has_recommends, &listing->needs, err) < 0)
		return error_context(err, "%s", list->path);
	return STATUS_OK;
}

void listing_release(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->items[i].reason);
	for (size_t i = 0; i < listing->asked_count; i++)
		asked_release(&listing->asked[i]);
	free(listing->items);
	free(listing->asked);
	needs_release(&listing->needs);
	*listing = (struct listing){0};
}

bool listed_is_whole(const struct listed *listed)
{
	return listed->asked && listed->asked->state == ASKED_FOUND;
}

const char *listed_state_word(const struct listed *listed)
{
	if (listed->kind == LISTED_BINARY)
		return asked_state_word(listed->asked->state);
	return listed->kind == LISTED_SOURCE ? "source" : "twice";
}

const struct solved_package *listed_package(
	const struct listing *listing, const struct listed *listed)
{
	size_t start = listed_start(listed);

	return listed_is_whole(listed) && start != NO_PACKAGE
		? &listing->needs.solution.packages[start]
		: NULL;
}

size_t listed_start(const struct listed *listed)
{
	return listed->asked ? listed->asked->package : NO_PACKAGE;
}

bool listed_is_provided(const struct listed *listed)
{
	return listed->asked && listed->asked->state == ASKED_PROVIDED;
}

size_t listing_troubled(const struct listing *listing)
{
	size_t count = 0;

	for (size_t i = 0; i < listing->count; i++)
		count += !listed_is_whole(&listing->items[i]);
	return count;
}

bool listing_is_whole(const struct listing *listing)
{
	return listing->list->is_whole && listing_troubled(listing) == 0;
}

static int compare_name(const void *key, const void *item)
{
	return strcmp(key, ((const struct solved_package *)item)->name);
}

size_t listing_find(const struct listing *listing, const char *name)
{
	const struct solution *solution = &listing->needs.solution;
	const struct solved_package *found = solution->count
		? bsearch(name, solution->packages, solution->count, sizeof(solution->packages[0]),
			  compare_name)
		: NULL;

	return found ? (size_t)(found - solution->packages) : NO_PACKAGE;
}

const char *listing_version(const struct listing *listing, size_t package)
{
	for (size_t i = 0; i < listing->asked_count; i++)
		if (listing->asked[i].package == package &&
			listing->asked[i].state == ASKED_OTHER_VERSION)
			return listing->asked[i].version;
	return listing->needs.solution.packages[package].version;
}

uint64_t listing_kib(const struct listing *listing, size_t package)
{
	const struct solved_package *own = &listing->needs.solution.packages[package];

	return strcmp(listing_version(listing, package), own->version) == 0 ? own->installed_kib
									    : 0;
}

void installed_size_add(struct installed_size *size, uint64_t kib)
{
	size->kib += kib;
	size->unknown += kib == 0;
}

struct installed_size listing_size(const struct listing *listing)
{
	struct installed_size size = {0};

	for (size_t i = 0; i < listing->needs.solution.count; i++)
		installed_size_add(&size, listing_kib(listing, i));
	return size;
}
