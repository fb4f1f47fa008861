/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/find.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "snapshot/find_range.h"

static char *archive_names[] = {(char[]){"debian"}, (char[]){"debian-security"}};
const struct text_list find_archives = {.items = archive_names, .count = ARRAY_SIZE(archive_names)};

void find_result_release(struct find_result *result)
{
	for (size_t i = 0; i < result->package_count; i++) {
		free(result->packages[i].version);
		free(result->packages[i].architecture);
		free(result->packages[i].archive);
	}
	for (size_t i = 0; i < result->pin_count; i++) {
		free(result->pins[i].archive);
		free(result->pins[i].name);
		free(result->pins[i].packages);
		text_list_release(&result->pins[i].suites);
	}
	for (size_t i = 0; i < result->bound_count; i++)
		free(result->bounds[i].archive);
	free(result->packages);
	free(result->pins);
	free(result->bounds);
	text_list_release(&result->overlaps);
	*result = (struct find_result){0};
}

/* Which packages have a version and no range; the caller frees. NULL when there is none. */
static bool *unexplained_mark(const struct find_ranges *ranges)
{
	const struct manifest *manifest = ranges->manifest;
	bool *marks = xcalloc(manifest->count + 1, sizeof(*marks)), is_any = false;

	for (size_t i = 0; i < manifest->count; i++)
		marks[i] = manifest->items[i].version != NULL;
	for (size_t i = 0; i < ranges->count; i++)
		marks[ranges->items[i].package] = false;
	for (size_t i = 0; i < manifest->count; i++)
		is_any = is_any || marks[i];
	if (is_any)
		return marks;
	free(marks);
	return NULL;
}

/* Whether the suites of the archive were looked at. */
static bool archive_was_asked(
	const struct find_ranges *ranges, const struct find_request *request, const char *archive)
{
	if (request->archives->count)
		return text_list_contains(request->archives, archive);
	/* Of the store all pins were read; without metasnap that is all there is. */
	return !request->metasnap || text_list_contains(&find_archives, archive) ||
		text_list_contains(&ranges->archives, archive);
}

static char *text_copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

/* Why a package without a range has none. */
static void reason_find(const struct find_ranges *ranges, const struct find_request *request,
	size_t number, struct found_package *package)
{
	const struct find_known *known = &ranges->known[number];
	const struct find_pool *pool = known->pool_count ? &known->pools[0] : NULL;
	bool is_asked = false;

	for (size_t i = 0; i < known->pool_count && !is_asked; i++) {
		is_asked = archive_was_asked(ranges, request, known->pools[i].archive);
		if (is_asked)
			pool = &known->pools[i];
	}
	if (!ranges->manifest->items[number].version) {
		package->reason = FIND_VERSION_NOT_GIVEN;
	} else if (pool) {
		package->reason = is_asked ? FIND_SUITE_UNKNOWN : FIND_OTHER_ARCHIVE;
		package->archive = xstrdup(pool->archive);
		package->first_seen = pool->first_seen;
	} else if (known->is_version) {
		package->reason = FIND_OTHER_ARCHITECTURE;
		package->architecture = text_copy(known->architecture);
	} else if (known->is_name) {
		package->reason = FIND_VERSION_UNKNOWN;
		package->version = text_copy(known->version);
	} else {
		package->reason = FIND_NAME_UNKNOWN;
	}
}

static struct found_bound *bound_find(struct find_result *result, const char *archive)
{
	for (size_t i = 0; i < result->bound_count; i++) {
		if (strcmp(result->bounds[i].archive, archive) == 0)
			return &result->bounds[i];
	}
	ARRAY_GROW(result->bounds, result->bound_count, result->bound_capacity);
	result->bounds[result->bound_count] = (struct found_bound){.archive = xstrdup(archive)};
	return &result->bounds[result->bound_count++];
}

static int bound_compare(const void *a, const void *b)
{
	return strcmp(
		((const struct found_bound *)a)->archive, ((const struct found_bound *)b)->archive);
}

static void bounds_make(const struct find_ranges *ranges, struct find_result *result)
{
	for (size_t i = 0; i < result->package_count; i++) {
		const struct found_package *package = &result->packages[i];
		struct found_bound *bound;

		/* What several archives have bounds none of them. */
		if (package->reason != FIND_SUITE_UNKNOWN || ranges->known[i].pool_count > 1)
			continue;
		bound = bound_find(result, package->archive);
		bound->package_count++;
		if (package->first_seen > bound->not_before)
			bound->not_before = package->first_seen;
	}
	if (result->bound_count)
		qsort(result->bounds, result->bound_count, sizeof(result->bounds[0]),
			bound_compare);
}

static void reasons_find(const struct find_ranges *ranges, const struct find_request *request,
	struct find_result *result)
{
	for (size_t i = 0; i < result->package_count; i++) {
		if (result->packages[i].pin_count)
			result->explained_count++;
		else
			reason_find(ranges, request, i, &result->packages[i]);
	}
	bounds_make(ranges, result);
}

/* What to do about a server: not to have asked it says nothing of a package. */
static enum status server_fail(const char *option, struct error *err)
{
	char text[ERROR_TEXT_SIZE];

	if (err->status == STATUS_IO)
		return err->status;
	memcpy(text, err->text, sizeof(text));
	return error_set(err, err->status,
		"%.800s. Nothing is said of any package: ask again, or leave it out with --%s none",
		text, option);
}

/* Everything that is known of when the packages were current. */
static enum status ranges_gather(struct store *store, struct fetcher *fetcher,
	const struct find_request *request, struct find_ranges *ranges, struct error *err)
{
	const struct text_list *archives =
		request->archives->count ? request->archives : &find_archives;
	enum status status = find_in_pins(store, request->archives, ranges, request->notes, err);
	bool *unexplained;

	if (status == STATUS_OK && request->metasnap) {
		status = find_in_metasnap(store, fetcher, request->metasnap, archives, ranges, err);
		if (status < 0)
			status = server_fail("metasnap", err);
	}
	unexplained = unexplained_mark(ranges);
	if (status == STATUS_OK && request->api && unexplained) {
		status = find_in_api(store, fetcher, request->api, unexplained, ranges, err);
		if (status < 0)
			status = server_fail("api", err);
	}
	free(unexplained);
	return status;
}

enum status snapshot_find(struct store *store, struct fetcher *fetcher,
	const struct find_request *request, struct find_result *result, struct error *err)
{
	struct find_ranges ranges;
	enum status status;

	*result = (struct find_result){.package_count = request->manifest->count};
	result->packages = xcalloc(result->package_count + 1, sizeof(result->packages[0]));
	find_ranges_init(&ranges, request->manifest, request->architecture);
	status = ranges_gather(store, fetcher, request, &ranges, err);
	if (status == STATUS_OK && ranges.pins.count == 0 && !request->metasnap && !request->api)
		status = error_set(err, STATUS_NOT_FOUND,
			"the store %s has no pin%s to look at, and no server was to be asked: "
			"leave "
			"out --offline, or get pins with reproof snapshot capture or fetch",
			store_directory(store),
			request->archives->count ? " of these archives" : "");
	if (status == STATUS_OK)
		status = find_timestamps(&ranges, request->effort, result, err);
	if (status == STATUS_OK) {
		reasons_find(&ranges, request, result);
		result->pins_read = ranges.pins.count;
	}
	find_ranges_release(&ranges);
	return status;
}
