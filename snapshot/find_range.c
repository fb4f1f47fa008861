/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/find_range.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/debversion.h"

/* Far more than snapshot.debian.org has; 64 MiB. */
#define SUITES_MAX 4096
#define RANGES_MAX ((size_t)1 << 21)

struct named {
	const char *name;
	size_t package;
};

static int named_compare(const void *a, const void *b)
{
	const struct named *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	if (order != 0)
		return order;
	return (left->package > right->package) - (left->package < right->package);
}

void find_ranges_init(
	struct find_ranges *ranges, const struct manifest *manifest, const char *architecture)
{
	struct named *named = xcalloc(manifest->count + 1, sizeof(*named));

	*ranges = (struct find_ranges){.manifest = manifest, .architecture = architecture};
	ranges->known = xcalloc(manifest->count + 1, sizeof(ranges->known[0]));
	ranges->by_name = xcalloc(manifest->count + 1, sizeof(ranges->by_name[0]));
	for (size_t i = 0; i < manifest->count; i++)
		named[i] = (struct named){.name = manifest->items[i].name, .package = i};
	if (manifest->count > 1)
		qsort(named, manifest->count, sizeof(*named), named_compare);
	for (size_t i = 0; i < manifest->count; i++)
		ranges->by_name[i] = named[i].package;
	free(named);
}

void find_ranges_release(struct find_ranges *ranges)
{
	for (size_t i = 0; ranges->manifest && i < ranges->manifest->count; i++) {
		free(ranges->known[i].version);
		free(ranges->known[i].architecture);
		for (size_t j = 0; j < ranges->known[i].pool_count; j++)
			free(ranges->known[i].pools[j].archive);
		free(ranges->known[i].pools);
	}
	for (size_t i = 0; i < ranges->suite_count; i++)
		free(ranges->suites[i].suite);
	free(ranges->known);
	free(ranges->by_name);
	free(ranges->suites);
	free(ranges->items);
	text_list_release(&ranges->archives);
	text_list_release(&ranges->pins);
	*ranges = (struct find_ranges){0};
}

static uint32_t archive_number(struct find_ranges *ranges, const char *archive)
{
	for (size_t i = 0; i < ranges->archives.count; i++) {
		if (strcmp(ranges->archives.items[i], archive) == 0)
			return (uint32_t)i;
	}
	text_list_add(&ranges->archives, archive);
	return (uint32_t)ranges->archives.count - 1;
}

static size_t suite_number(struct find_ranges *ranges, const char *archive, const char *suite)
{
	uint32_t number = archive_number(ranges, archive);

	for (size_t i = 0; i < ranges->suite_count; i++) {
		if (ranges->suites[i].archive == number &&
			strcmp(ranges->suites[i].suite, suite) == 0)
			return i;
	}
	ARRAY_GROW(ranges->suites, ranges->suite_count, ranges->suite_capacity);
	ranges->suites[ranges->suite_count] =
		(struct find_suite){.archive = number, .suite = xstrdup(suite)};
	return ranges->suite_count++;
}

enum status find_ranges_add(struct find_ranges *ranges, size_t package, const char *archive,
	const char *suite, int64_t first, int64_t last, struct error *err)
{
	if (ranges->suite_count >= SUITES_MAX || ranges->count >= RANGES_MAX)
		return error_set(err, STATUS_LIMIT,
			"more suites (%zu) or times (%zu) than any archive has: refused",
			ranges->suite_count, ranges->count);
	ARRAY_GROW(ranges->items, ranges->count, ranges->capacity);
	ranges->items[ranges->count++] = (struct find_range){.package = (uint32_t)package,
		.suite = (uint32_t)suite_number(ranges, archive, suite),
		.first = first,
		.last = last};
	return STATUS_OK;
}

/* Under, at or over 0 as the package's name is before, at or behind. */
static int name_order(const struct find_ranges *ranges, size_t at, const char *name, size_t len)
{
	const char *own = ranges->manifest->items[ranges->by_name[at]].name;
	size_t own_len = strlen(own);
	/* What was answered may hold any byte, NUL too. */
	int order = memcmp(own, name, own_len < len ? own_len : len);

	return order != 0 ? order : (own_len > len) - (own_len < len);
}

void find_ranges_named(const struct find_ranges *ranges, const char *name, size_t len,
	size_t *first, size_t *count)
{
	size_t low = 0, high = ranges->manifest->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (name_order(ranges, middle, name, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*first = low;
	while (low < ranges->manifest->count && name_order(ranges, low, name, len) == 0)
		low++;
	*count = low - *first;
}

static bool text_is(const char *text, const char *data, size_t len)
{
	return strlen(text) == len && memcmp(text, data, len) == 0;
}

bool find_architecture_fits(
	const struct find_ranges *ranges, size_t package, const char *architecture, size_t len)
{
	const char *own = ranges->manifest->items[package].architecture;

	if (own)
		return text_is(own, architecture, len);
	return text_is(ranges->architecture, architecture, len) ||
		text_is("all", architecture, len);
}

void find_known_note(struct find_ranges *ranges, size_t package, const char *version,
	size_t version_len, const char *architecture, size_t architecture_len)
{
	const struct manifest_package *own = &ranges->manifest->items[package];
	struct find_known *known = &ranges->known[package];

	known->is_name = true;
	if (!own->version)
		return;
	if (!text_is(own->version, version, version_len)) {
		char *text = xstrndup(version, version_len);

		if (!known->version || debversion_compare(text, known->version) > 0) {
			free(known->version);
			known->version = text;
		} else {
			free(text);
		}
		return;
	}
	known->is_version = true;
	if (!known->architecture &&
		!find_architecture_fits(ranges, package, architecture, architecture_len))
		known->architecture = xstrndup(architecture, architecture_len);
}
