/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/escape.h"
#include "snapshot/apt_sources.h"
#include "snapshot/pin.h"

void place_list_add(struct place_list *places, const char *archive, const char *url)
{
	size_t len = strlen(url);

	/* "file:///" keeps what it needs to be a URL. */
	while (len > 0 && url[len - 1] == '/' &&
		!(len >= 3 && memcmp(url + len - 3, "://", 3) == 0))
		len--;
	for (size_t i = 0; i < places->count; i++) {
		const struct place *place = &places->items[i];

		if (strcmp(place->archive, archive) == 0 && strlen(place->url) == len &&
			strncmp(place->url, url, len) == 0)
			return;
	}
	ARRAY_GROW(places->items, places->count, places->capacity);
	places->items[places->count++] =
		(struct place){.archive = xstrdup(archive), .url = xstrndup(url, len)};
}

void place_list_release(struct place_list *places)
{
	for (size_t i = 0; i < places->count; i++) {
		free(places->items[i].archive);
		free(places->items[i].url);
	}
	free(places->items);
	*places = (struct place_list){0};
}

/* "debian-security": becomes part of paths, pin names and URLs. */
static bool is_archive_name(const char *name, size_t len)
{
	if (len == 0 || !isalnum((unsigned char)name[0]))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)name[i]) && memchr("+-._", name[i], 4) == NULL)
			return false;
	}
	return true;
}

/*
 * The place's URL as it is used from here on, or NULL when it is of another scheme or is none:
 * apt's "file:/srv/debian" becomes a URL with its slashes. The caller frees.
 */
static char *place_url(const char *text)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (const char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '?' || *c == '#')
			return NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		size_t len = strlen(schemes[i]);

		if (strncasecmp(text, schemes[i], len) == 0 && text[len] != '\0' &&
			text[len] != '/' && text[len] != '@')
			return xasprintf("%s%s", schemes[i], text + len);
	}
	if (strncasecmp(text, "file:///", 8) == 0)
		return xasprintf("file://%s", text + 7);
	if (strncasecmp(text, "file:/", 6) == 0 && text[6] != '/')
		return xasprintf("file://%s", text + 5);
	return NULL;
}

/*
 * The last component of the URL's path; at snapshot.debian.org and its like
 * (…/archive/debian/20250520T000000Z) the one before the timestamp. False when there is none that
 * can name an archive.
 */
static bool archive_of_url(const char *url, char **archive)
{
	const char *path = strchr(strstr(url, "://") + 3, '/');
	struct error ignored;
	int64_t when;

	if (path == NULL)
		return false;
	for (const char *end = url + strlen(url); end > path;) {
		const char *start;

		while (end > path && end[-1] == '/')
			end--;
		start = end;
		while (start > path && start[-1] != '/')
			start--;
		if (!is_archive_name(start, (size_t)(end - start)))
			return false;
		*archive = xstrndup(start, (size_t)(end - start));
		if (clock_parse_snapshot(*archive, &when, &ignored) != STATUS_OK)
			return true;
		free(*archive);
		*archive = NULL;
		end = start;
	}
	return false;
}

enum status place_list_add_option(struct place_list *places, const char *option, struct error *err)
{
	const char *colon = strchr(option, ':');
	const char *equals = strchr(option, '=');
	char *archive = NULL, *url = NULL, *shown = NULL;
	enum status status = STATUS_OK;

	if (equals != NULL && (colon == NULL || equals < colon)) {
		url = place_url(equals + 1);
		shown = escape_url_secrets(equals + 1);
		if (!is_archive_name(option, (size_t)(equals - option))) {
			status = error_set(err, STATUS_USAGE,
				"--mirror: \"%.*s\" is no name of an archive; write it as "
				"debian=http://HOST/debian",
				(int)(equals - option), option);
			goto out;
		}
		archive = xstrndup(option, (size_t)(equals - option));
	} else {
		url = place_url(option);
		shown = escape_url_secrets(option);
	}
	if (url == NULL) {
		status = error_set(err, STATUS_USAGE,
			"--mirror: \"%s\" is no http, https or file URL without \"?\" and \"#\"; "
			"write it as http://HOST/debian or debian=http://HOST/PATH",
			shown);
		goto out;
	}
	if (archive == NULL && !archive_of_url(url, &archive)) {
		status = error_set(err, STATUS_USAGE,
			"--mirror: \"%s\" does not end in the name of an archive; write it as "
			"ARCHIVE=URL, such as debian=%s",
			shown, shown);
		goto out;
	}
	place_list_add(places, archive, url);
out:
	free(archive);
	free(url);
	free(shown);
	return status;
}

/* For an address whose path names no archive, as that of a security mirror may. */
static const char *archive_of_suite(const char *suite)
{
	size_t len = strlen(suite);
	static const char *const ends[] = {"-security", "/updates"};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t end = strlen(ends[i]);

		if (len > end && strcmp(suite + len - end, ends[i]) == 0)
			return "debian-security";
	}
	return "debian";
}

void place_list_add_entry(struct place_list *places, const char *uri, const char *suite)
{
	char *url = place_url(uri), *archive = NULL;

	/* cdrom:, copy:, mirror+file: and the like are nothing to fetch from. */
	if (url != NULL && archive_of_url(url, &archive))
		place_list_add(places, archive, url);
	else if (url != NULL)
		place_list_add(places, archive_of_suite(suite), url);
	free(archive);
	free(url);
}

bool suite_is_flat(const char *suite)
{
	size_t len = strlen(suite);

	return len > 0 && suite[len - 1] == '/';
}

enum status place_list_add_apt(struct place_list *places, const char *etc_apt, struct error *err)
{
	struct apt_source_list sources = {0};
	enum status status = apt_source_list_read(&sources, etc_apt, err);

	for (size_t i = 0; i < sources.count && status == STATUS_OK; i++) {
		const struct apt_source *source = &sources.items[i];
		const char *suite = source->suites.items[0];

		for (size_t j = 0; !suite_is_flat(suite) && j < source->uris.count; j++)
			place_list_add_entry(places, source->uris.items[j], suite);
	}
	apt_source_list_release(&sources);
	return status;
}
