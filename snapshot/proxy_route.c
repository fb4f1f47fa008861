/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/proxy_route.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "snapshot/pin.h"
#include "snapshot/pin_file.h"
#include "snapshot/proxy_target.h"

/* What lies below `prefix` is of `archive`. */
struct prefix {
	char *path; /* "/debian", without a slash at its end */
	const char *archive;
};

/* Another time at which an archive was in the state of a pin. */
struct same_time {
	const struct pin *pin;
	int64_t timestamp;
};

struct proxy_routes {
	const struct pin_list *pins;
	const struct archive_index *index;
	struct prefix *prefixes;
	size_t prefix_count;
	size_t prefix_capacity;
	struct same_time *times;
	size_t time_count;
	size_t time_capacity;
	char *pinned; /* the pins' names, for messages */
};

static bool is_pinned(const struct pin_list *pins, const char *archive)
{
	for (size_t i = 0; i < pins->count; i++)
		if (strcmp(pins->items[i].archive, archive) == 0)
			return true;
	return false;
}

static void add_prefix(struct proxy_routes *routes, char *path, const char *archive)
{
	ARRAY_GROW(routes->prefixes, routes->prefix_count, routes->prefix_capacity);
	routes->prefixes[routes->prefix_count++] = (struct prefix){path, archive};
}

static void add_place(struct proxy_routes *routes, const struct place *place)
{
	const char *text = proxy_url_path(place->url);
	char *path = NULL;
	struct error ignored;
	size_t len;

	if (!text || !is_pinned(routes->pins, place->archive) ||
		proxy_path_normalise(text, strcspn(text, "?#"), &path, &ignored) != STATUS_OK)
		return;
	len = strlen(path);
	if (path[len - 1] == '/')
		path[--len] = '\0';
	if (len > 0)
		add_prefix(routes, path, place->archive);
	else
		free(path);
}

static void add_time(struct proxy_routes *routes, const struct pin *pin, int64_t timestamp)
{
	ARRAY_GROW(routes->times, routes->time_count, routes->time_capacity);
	routes->times[routes->time_count++] = (struct same_time){pin, timestamp};
}

/* Has `other` each suite of the pin, with the very same signed bytes? */
static bool is_same_state(const struct pin *pin, const struct pin *other)
{
	for (size_t i = 0; i < pin->suite_count; i++) {
		const struct pin_suite *suite = pin_find_suite(other, pin->suites[i].suite);
		struct suite_state states[2] = {pin_suite_state(&pin->suites[i])};

		if (!suite)
			return false;
		states[1] = pin_suite_state(suite);
		if (!suite_state_equal(&states[0], &states[1]))
			return false;
	}
	return pin->suite_count > 0;
}

/*
 * The other times of the pins' states: those that the store's pins tell of. Nobody outside is
 * asked, so that a build cannot tell anybody anything by the times it asks for.
 */
static enum status add_times(struct proxy_routes *routes, struct store *store, struct error *err)
{
	struct text_list names = {0};
	enum status status = pin_file_list(store, &names, err);

	for (size_t i = 0; i < names.count; i++) {
		struct pin other = {0};
		struct error ignored;

		/* One that cannot be read tells of nothing; it is no concern of this build. */
		if (pin_file_read(store, names.items[i], &other, &ignored) != STATUS_OK)
			continue;
		for (size_t j = 0; j < routes->pins->count; j++) {
			const struct pin *pin = &routes->pins->items[j];

			if (strcmp(pin->archive, other.archive) != 0 || !is_same_state(pin, &other))
				continue;
			add_time(routes, pin, other.timestamp);
			if (other.import)
				add_time(routes, pin, other.import);
		}
		pin_release(&other);
	}
	text_list_release(&names);
	return status;
}

enum status proxy_routes_new(struct store *store, const struct pin_list *pins,
	const struct place_list *places, const struct archive_index *index,
	struct proxy_routes **made, struct error *err)
{
	struct proxy_routes *routes = xcalloc(1, sizeof(*routes));
	struct buffer pinned = {0};

	routes->pins = pins;
	routes->index = index;
	for (size_t i = 0; i < pins->count; i++) {
		add_prefix(
			routes, xasprintf("/%s", pins->items[i].archive), pins->items[i].archive);
		buffer_add_format(&pinned, "%s%s", i > 0 ? ", " : "", pins->items[i].name);
	}
	for (size_t i = 0; places && i < places->count; i++)
		add_place(routes, &places->items[i]);
	routes->pinned = buffer_detach(&pinned);
	*made = routes;
	return add_times(routes, store, err);
}

void proxy_routes_free(struct proxy_routes *routes)
{
	if (!routes)
		return;
	for (size_t i = 0; i < routes->prefix_count; i++)
		free(routes->prefixes[i].path);
	free(routes->prefixes);
	free(routes->times);
	free(routes->pinned);
	free(routes);
}

static int64_t modified_at(const struct pin_list *pins, const struct archive_file *file)
{
	int64_t newest = 0;

	for (size_t i = 0; i < pins->count; i++) {
		const struct pin *pin = &pins->items[i];
		const struct pin_suite *suite;

		if (strcmp(pin->archive, file->archive) != 0)
			continue;
		suite = pin_suite_of_path(pin, file->path);
		if (suite)
			return suite->date;
		if (pin->timestamp > newest)
			newest = pin->timestamp;
	}
	return newest;
}

/* `path` is without a slash at its start here, as indexes write it. */
static enum status find_in(const struct proxy_routes *routes, const char *archive, const char *path,
	struct proxy_route *route, struct error *err)
{
	if (!archive_index_find(routes->index, archive, path, &route->file)) {
		route->file = (struct archive_file){.archive = archive};
		return error_set(err, STATUS_NOT_FOUND,
			"no index of %s names %s, so it is not served (pinned: %s)", archive, path,
			routes->pinned);
	}
	route->modified = modified_at(routes->pins, &route->file);
	return STATUS_OK;
}

static bool pin_is_at(const struct proxy_routes *routes, const struct pin *pin, int64_t timestamp)
{
	for (size_t i = 0; i < routes->time_count; i++) {
		if (routes->times[i].pin == pin && routes->times[i].timestamp == timestamp)
			return true;
	}
	return pin->timestamp == timestamp || (pin->import && pin->import == timestamp);
}

/* The pin of that archive at that time; when several are, the one that has the path's suite. */
static const struct pin *pin_at(const struct proxy_routes *routes, const char *archive,
	size_t archive_len, int64_t timestamp, const char *path)
{
	const struct pin *found = NULL;

	for (size_t i = 0; i < routes->pins->count; i++) {
		const struct pin *pin = &routes->pins->items[i];

		if (strlen(pin->archive) != archive_len ||
			memcmp(pin->archive, archive, archive_len) != 0)
			continue;
		if (pin_is_at(routes, pin, timestamp))
			found = pin;
		else if (pin_suite_of_path(pin, path))
			return NULL; /* that suite is pinned to another time */
	}
	return found;
}

/* `path` stands behind "/archive/". */
static enum status find_in_snapshot(const struct proxy_routes *routes, const char *path,
	struct proxy_route *route, struct error *err)
{
	size_t archive_len = strcspn(path, "/");
	const char *timestamp = path + archive_len + (path[archive_len] == '/');
	size_t timestamp_len = strcspn(timestamp, "/");
	const char *below = timestamp + timestamp_len + (timestamp[timestamp_len] == '/');
	char *time = xstrndup(timestamp, timestamp_len);
	const struct pin *pin = NULL;
	struct error ignored;
	int64_t seconds;

	if (clock_parse_snapshot(time, &seconds, &ignored) == STATUS_OK)
		pin = pin_at(routes, path, archive_len, seconds, below);
	free(time);
	if (!pin)
		return error_set(err, STATUS_UNSUPPORTED,
			"/archive/%s asks for an archive or a time that is not pinned (pinned: %s)",
			path, routes->pinned);
	return find_in(routes, pin->archive, below, route, err);
}

/* The longest prefix wins, so that /x/debian is not taken for /x. */
static const struct prefix *prefix_of(const struct proxy_routes *routes, const char *path)
{
	const struct prefix *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < routes->prefix_count; i++) {
		size_t len = strlen(routes->prefixes[i].path);

		if (len > best_len && strncmp(path, routes->prefixes[i].path, len) == 0 &&
			(path[len] == '/' || path[len] == '\0')) {
			best = &routes->prefixes[i];
			best_len = len;
		}
	}
	return best;
}

/* A path right below a host: of the one archive that names it. */
static enum status find_anywhere(const struct proxy_routes *routes, const char *path,
	struct proxy_route *route, struct error *err)
{
	struct archive_file file, other = {0};
	bool found = false;

	for (size_t i = 0; i < routes->pins->count; i++) {
		if (!archive_index_find(routes->index, routes->pins->items[i].archive, path, &file))
			continue;
		if (found && !digest_equal(&file.digest, &other.digest))
			return error_set(err, STATUS_UNSUPPORTED,
				"/%s names no archive, and is another file in %s than in %s", path,
				file.archive, other.archive);
		if (!found)
			other = file;
		found = true;
	}
	route->file = other;
	if (!found)
		return error_set(err, STATUS_NOT_FOUND,
			"no pinned index names %s, so it is not served (pinned: %s)", path,
			routes->pinned);
	route->modified = modified_at(routes->pins, &route->file);
	return STATUS_OK;
}

enum status proxy_routes_find(const struct proxy_routes *routes, const char *path,
	struct proxy_route *route, struct error *err)
{
	const struct prefix *prefix;

	*route = (struct proxy_route){0};
	if (strncmp(path, "/archive/", 9) == 0)
		return find_in_snapshot(routes, path + 9, route, err);
	prefix = prefix_of(routes, path);
	if (prefix) {
		path += strlen(prefix->path);
		return find_in(routes, prefix->archive, path + (*path == '/'), route, err);
	}
	if (strncmp(path, "/dists/", 7) == 0 || strncmp(path, "/pool/", 6) == 0)
		return find_anywhere(routes, path + 1, route, err);
	return error_set(err, STATUS_UNSUPPORTED, "%s is of no pinned archive (pinned: %s)", path,
		routes->pinned);
}
