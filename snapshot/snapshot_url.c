/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "snapshot/pin.h"

/* The layout that snapshot.debian.org and its mirrors share. */
static const char snapshot_root[] = "https://snapshot.debian.org";

/* Behind "/archive/ARCHIVE" in the URL, or NULL. */
static const char *layout_find(const char *url, const char *archive)
{
	char *needle = xasprintf("/archive/%s", archive);
	const char *at = strstr(url, needle);
	size_t len = strlen(needle);

	free(needle);
	return at && (at[len] == '/' || at[len] == '\0') ? at + len : NULL;
}

bool snapshot_url_timestamp(const char *url, const char *archive, int64_t *timestamp)
{
	const char *at = layout_find(url, archive);
	struct error ignored;
	bool found;
	char *text;

	if (!at || *at != '/')
		return false;
	text = xstrndup(at + 1, strcspn(at + 1, "/"));
	found = clock_parse_snapshot(text, timestamp, &ignored) == STATUS_OK;
	free(text);
	return found;
}

/* A place is snapshot-like when its URL is …/archive/ARCHIVE, with a timestamp or without. */
static bool place_is_snapshot(const struct place *place)
{
	const char *at = layout_find(place->url, place->archive);
	int64_t ignored;

	return at && (*at == '\0' || snapshot_url_timestamp(place->url, place->archive, &ignored));
}

void snapshot_bases_add(const struct place_list *places, const char *archive, int64_t timestamp,
	struct text_list *bases)
{
	char time[CLOCK_TEXT_SIZE];
	char *url;

	clock_format_snapshot(timestamp, time);
	for (size_t i = 0; places && i < places->count; i++) {
		const struct place *place = &places->items[i];

		if (strcmp(place->archive, archive) != 0 || !place_is_snapshot(place))
			continue;
		url = xasprintf("%.*s/%s", (int)(layout_find(place->url, archive) - place->url),
			place->url, time);
		if (!text_list_contains(bases, url))
			text_list_add(bases, url);
		free(url);
	}
	url = xasprintf("%s/archive/%s/%s", snapshot_root, archive, time);
	text_list_add(bases, url);
	free(url);
}

void mirror_bases_add(const struct place_list *places, const char *archive, struct text_list *bases)
{
	for (size_t i = 0; places && i < places->count; i++) {
		const struct place *place = &places->items[i];

		if (strcmp(place->archive, archive) == 0 && !text_list_contains(bases, place->url))
			text_list_add(bases, place->url);
	}
}

void archive_file_urls(const struct archive_file *file, const struct pin_list *pins,
	const struct place_list *places, struct text_list *urls)
{
	char *by_hash = index_by_hash_path(file->path, &file->digest);
	struct text_list bases = {0};

	mirror_bases_add(places, file->archive, &bases);
	for (size_t i = 0; i < pins->count; i++) {
		const struct pin *pin = &pins->items[i];

		if (strcmp(pin->archive, file->archive) == 0)
			snapshot_bases_add(places, pin->archive, pin->timestamp, &bases);
	}
	for (size_t i = 0; i < bases.count; i++) {
		char *url = by_hash ? xasprintf("%s/%s", bases.items[i], by_hash) : NULL;

		if (url)
			text_list_add(urls, url);
		free(url);
		url = xasprintf("%s/%s", bases.items[i], file->path);
		text_list_add(urls, url);
		free(url);
	}
	text_list_release(&bases);
	free(by_hash);
}
