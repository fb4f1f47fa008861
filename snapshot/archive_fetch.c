/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/progress.h"
#include "snapshot/file_lookup.h"
#include "snapshot/pin.h"

/* Files that pinned indexes name, on their way into the store. */
struct archive_fetch {
	struct fetcher *fetcher;
	struct store *store;
	const struct pin_list *pins;
	const struct place_list *places;
	const struct archive_file *files;
	struct fetch_item *items;
	size_t count;
};

/* A service that cannot be reached is not asked again for each file. */
static void lookup_at(struct archive_fetch *fetch, size_t index, struct text_list *dead)
{
	const struct archive_file *file = &fetch->files[index];
	struct text_list roots = {0};
	struct error ignored;

	text_list_release(&fetch->items[index].urls);
	snapshot_roots_add(fetch->places, file->archive, &roots);
	for (size_t i = 0; i < roots.count; i++) {
		if (!text_list_contains(dead, roots.items[i]) &&
			file_lookup(fetch->fetcher, fetch->store, roots.items[i], file,
				&fetch->items[index].urls, &ignored) == STATUS_NETWORK)
			text_list_add(dead, roots.items[i]);
	}
	text_list_release(&roots);
}

/* What the places did not have is looked up; gives how many files there is another hope for. */
static size_t lookup_rest(struct archive_fetch *fetch, const char *step)
{
	struct text_list dead = {0};
	struct progress progress = {0};
	size_t rest = 0, hopes = 0, looked = 0;

	for (size_t i = 0; i < fetch->count; i++)
		rest += !fetch->items[i].done;
	if (step)
		progress_begin(&progress, "lookup", false, rest, "%zu file%s by SHA-1", rest,
			rest == 1 ? "" : "s");
	for (size_t i = 0; i < fetch->count; i++) {
		if (fetch->items[i].done)
			continue;
		lookup_at(fetch, i, &dead);
		hopes += fetch->items[i].urls.count > 0;
		if (step)
			progress_update(&progress, ++looked);
	}
	if (step)
		progress_end(&progress, hopes ? "ok" : "failed", "%zu known", hopes);
	text_list_release(&dead);
	return hopes;
}

/* Fetches what there is hope for; OK when nothing is missing any more. */
static enum status fetch_found(struct archive_fetch *fetch, const char *step, struct error *err)
{
	struct fetch_item *found = xcalloc(fetch->count + 1, sizeof(*found));
	size_t count = 0;
	enum status status;

	for (size_t i = 0; i < fetch->count; i++) {
		if (!fetch->items[i].done && fetch->items[i].urls.count)
			found[count++] = fetch->items[i];
	}
	status = fetcher_get_all(fetch->fetcher, fetch->store, step, found, count, err);
	for (size_t i = 0; i < fetch->count; i++)
		fetch->items[i].done = store_has(fetch->store, &fetch->items[i].digest);
	free(found);
	return status;
}

static bool is_whole(const struct archive_fetch *fetch)
{
	for (size_t i = 0; i < fetch->count; i++) {
		if (!fetch->items[i].done)
			return false;
	}
	return true;
}

enum status archive_files_fetch(struct fetcher *fetcher, struct store *store,
	const struct pin_list *pins, const struct place_list *places, const char *step,
	const struct archive_file *files, size_t count, struct error *err)
{
	struct archive_fetch fetch = {.fetcher = fetcher,
		.store = store,
		.pins = pins,
		.places = places,
		.files = files,
		.items = xcalloc(count + 1, sizeof(*fetch.items)),
		.count = count};
	struct error later;
	enum status status;

	for (size_t i = 0; i < count; i++) {
		fetch.items[i] = (struct fetch_item){
			.name = files[i].path, .digest = files[i].digest, .size = files[i].size};
		archive_file_urls(&files[i], pins, places, &fetch.items[i].urls);
	}
	status = fetcher_get_all(fetcher, store, step, fetch.items, count, err);
	/* Where the disk is full, other places are no help. */
	if ((status == STATUS_NETWORK || status == STATUS_TRUST) && lookup_rest(&fetch, step)) {
		fetch_found(&fetch, step, &later);
		/* What the places said of the rest is what a user can act on. */
		if (is_whole(&fetch))
			status = STATUS_OK;
	}
	for (size_t i = 0; i < count; i++)
		text_list_release(&fetch.items[i].urls);
	free(fetch.items);
	return status;
}
