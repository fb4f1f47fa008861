/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of a kind. The path alone never says so (trust T9): both sides must also hold what a file
 * of that kind holds.
 */
#include <string.h>

#include "base/array.h"
#include "dbdiff/matcher.h"
#include "dbdiff/ssh_key.h"

/* ---- keys of sshd(8) ---- */

static bool match_ssh_key(const struct matching *matching, struct claim *claim)
{
	const char *name = path_below(matching->path, "etc/ssh");
	struct ssh_key keys[SIDES];

	if (name == NULL || strncmp(name, "ssh_host_", 9) != 0 || strchr(name, '/') != NULL)
		return false;
	for (int side = 0; side < SIDES; side++) {
		if (!ssh_key_read(
			    matching->sides[side].data, matching->sides[side].len, &keys[side]))
			return false;
	}
	if (keys[PUBLISHED].is_private != keys[REBUILT].is_private ||
		strcmp(keys[PUBLISHED].type, keys[REBUILT].type) != 0)
		return false;
	claim_set_evidence(claim, "both sides are one %s key of type %s",
		keys[PUBLISHED].is_private ? "private" : "public", keys[PUBLISHED].type);
	return true;
}

/* ---- seeds ---- */

/*
 * Bytes as a generator of random numbers gives them: so many different ones as so many draws bring,
 * but for a quarter. Code, text and tables have far fewer.
 */
static bool is_random(const struct stretch *bytes)
{
	bool seen[256] = {false};
	double expected = 0, found = 0;

	if (bytes->len < 32 || bytes->len > 4096)
		return false;
	for (size_t i = 0; i < bytes->len; i++) {
		unsigned char byte = (unsigned char)bytes->data[i];

		found += seen[byte] ? 0 : 1;
		seen[byte] = true;
		expected += (256 - expected) / 256;
	}
	return found >= expected * 3 / 4;
}

static bool match_random_seed(const struct matching *matching, struct claim *claim)
{
	static const char *const places[] = {"var/lib/systemd/random-seed", "loader/random-seed",
		"var/lib/urandom/random-seed", "var/lib/random-seed"};
	size_t len = matching->sides[PUBLISHED].len;
	size_t i = 0;

	while (i < ARRAY_SIZE(places) && !path_ends(matching->path, places[i]))
		i++;
	if (i == ARRAY_SIZE(places) || len != matching->sides[REBUILT].len ||
		!is_random(&matching->sides[PUBLISHED]) || !is_random(&matching->sides[REBUILT]))
		return false;
	claim_set_evidence(claim, "%zu random bytes on both sides", len);
	return true;
}

/* ---- caches, by what they begin with ---- */

struct magic {
	const char *directory, *tail; /* below the one, with a name that ends so; NULL: any */
	const char *bytes;
	size_t len;
	const char *what;
};

static const struct magic caches[] = {
	{"var/cache/ldconfig", "aux-cache", "glibc-ld.so.auxcache-1.0", 24, "cache of ldconfig"},
	{"var/cache/apt", "cache.bin", "\xdc\x76\xfe\x98", 4, "package cache of apt"},
	{"var/cache/fontconfig", "-le64.cache-7", "\x04\xfc\x02\xfc", 4, "cache of fontconfig"},
	{"var/cache/man", "index.db", "\xce\x9a\x57\x13", 4, "database of man-db"},
	{"var/cache/man", "index.db", "\xcf\x9a\x57\x13", 4, "database of man-db"},
};

static bool begins_with(const struct stretch *text, const char *bytes, size_t len)
{
	return text->len >= len && memcmp(text->data, bytes, len) == 0;
}

static bool match_cache(const struct matching *matching, struct claim *claim)
{
	for (size_t i = 0; i < ARRAY_SIZE(caches); i++) {
		const struct magic *cache = &caches[i];
		const char *name = path_below(matching->path, cache->directory);
		size_t len = name != NULL ? strlen(name) : 0;
		size_t tail = cache->tail != NULL ? strlen(cache->tail) : 0;

		if (name == NULL || len < tail ||
			(tail > 0 && strcmp(name + len - tail, cache->tail) != 0) ||
			!begins_with(&matching->sides[PUBLISHED], cache->bytes, cache->len) ||
			!begins_with(&matching->sides[REBUILT], cache->bytes, cache->len))
			continue;
		claim_set_evidence(claim, "both sides are a %s", cache->what);
		return true;
	}
	return false;
}

/* ---- logs ---- */

/* A time within the first bytes of a line. */
static bool has_time(const struct stretch *text, size_t begin, size_t end)
{
	unsigned form;

	for (size_t at = begin; at < end && at < begin + 40; at++) {
		size_t len = parse_time(text, at, &form);

		if (len > 0 && at + len <= end)
			return true;
	}
	return false;
}

/* A text of which each line says when. */
static bool has_lines_of_log(const struct stretch *text)
{
	size_t lines = 0, timed = 0;

	if (!textdiff_is_text(text->data, text->len))
		return false;
	for (size_t at = 0, end; at < text->len; at = end + 1) {
		const char *newline = memchr(text->data + at, '\n', text->len - at);

		end = newline != NULL ? (size_t)(newline - text->data) : text->len;
		lines += end > at;
		timed += has_time(text, at, end);
	}
	return timed > 0 && timed == lines;
}

static bool match_log(const struct matching *matching, struct claim *claim)
{
	static const char journal[] = "LPKSHHRH"; /* systemd: src/libsystemd/sd-journal */

	if (path_below(matching->path, "var/log") == NULL)
		return false;
	if (begins_with(&matching->sides[PUBLISHED], journal, 8) &&
		begins_with(&matching->sides[REBUILT], journal, 8))
		claim_set_evidence(claim, "both sides are a journal of systemd");
	else if (has_lines_of_log(&matching->sides[PUBLISHED]) &&
		has_lines_of_log(&matching->sides[REBUILT]))
		claim_set_evidence(claim, "both sides are lines that begin with a time");
	else
		return false;
	return true;
}

/* ---- lists of apt ---- */

static bool match_archive_index(const struct matching *matching, struct claim *claim)
{
	static const struct {
		const char *tail, *begin;
	} kinds[] = {{"_InRelease", "-----BEGIN PGP SIGNED MESSAGE-----\n"},
		{"_Release", "Origin: "}, {"_Release", "Codename: "}, {"_Release", "Suite: "},
		{"_Packages", "Package: "}, {"_Sources", "Package: "}};
	const char *name = path_below(matching->path, "var/lib/apt/lists");
	size_t len = name != NULL ? strlen(name) : 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds) && name != NULL; i++) {
		size_t tail = strlen(kinds[i].tail), begin = strlen(kinds[i].begin);

		if (len < tail || strcmp(name + len - tail, kinds[i].tail) != 0 ||
			!begins_with(&matching->sides[PUBLISHED], kinds[i].begin, begin) ||
			!begins_with(&matching->sides[REBUILT], kinds[i].begin, begin))
			continue;
		claim_set_evidence(claim, "both sides are a list of apt: %s", kinds[i].tail + 1);
		return true;
	}
	return false;
}

const struct leaf_matcher leaf_matchers[] = {
	{"ssh-host-key", match_ssh_key},
	{"random-seed", match_random_seed},
	{"cache-file", match_cache},
	{"log-file", match_log},
	{"archive-index", match_archive_index},
	{NULL, NULL},
};
