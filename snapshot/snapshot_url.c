/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/escape.h"
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

void snapshot_roots_add(
	const struct place_list *places, const char *archive, struct text_list *roots)
{
	for (size_t i = 0; places && i < places->count; i++) {
		const struct place *place = &places->items[i];
		size_t len;
		char *root;

		if (strcmp(place->archive, archive) != 0 || !place_is_snapshot(place))
			continue;
		len = (size_t)(layout_find(place->url, archive) - place->url);
		root = xstrndup(place->url, len - strlen("/archive/") - strlen(archive));
		if (!text_list_contains(roots, root))
			text_list_add(roots, root);
		free(root);
	}
	text_list_add(roots, snapshot_root);
}

char *snapshot_base(const char *root, const char *archive, int64_t timestamp)
{
	char time[CLOCK_TEXT_SIZE];

	clock_format_snapshot(timestamp, time);
	return xasprintf("%s/archive/%s/%s", root, archive, time);
}

void snapshot_bases_add(
	const struct place_list *places, const struct pin *pin, struct text_list *bases)
{
	struct text_list roots = {0};

	snapshot_roots_add(places, pin->archive, &roots);
	for (size_t i = 0; i < roots.count; i++) {
		/* The name of a captured pin would lead to an earlier import. */
		char *base = snapshot_base(
			roots.items[i], pin->archive, pin->import ? pin->import : pin->timestamp);

		text_list_add(bases, base);
		free(base);
	}
	text_list_release(&roots);
}

void mirror_bases_add(const struct place_list *places, const char *archive, struct text_list *bases)
{
	for (size_t i = 0; places && i < places->count; i++) {
		const struct place *place = &places->items[i];

		if (strcmp(place->archive, archive) == 0 && !text_list_contains(bases, place->url))
			text_list_add(bases, place->url);
	}
}

static void url_add(struct text_list *urls, const char *base, const char *path)
{
	struct buffer url = {0};

	buffer_add_format(&url, "%s/", base);
	escape_url_path(&url, path);
	text_list_add(urls, buffer_text(&url));
	buffer_release(&url);
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
			snapshot_bases_add(places, pin, &bases);
	}
	for (size_t i = 0; i < bases.count; i++) {
		if (by_hash)
			url_add(urls, bases.items[i], by_hash);
		url_add(urls, bases.items[i], file->path);
	}
	text_list_release(&bases);
	free(by_hash);
}
