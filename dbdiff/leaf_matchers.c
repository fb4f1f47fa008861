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

static bool begins_with(const struct stretch *text, const char *bytes, size_t len)
{
	return text->len >= len && memcmp(text->data, bytes, len) == 0;
}

/* ---- caches ---- */

struct magic {
	const char *directory, *tail; /* below the one, with a name that ends so */
	const char *bytes;
	size_t len;
	const char *what;
};

static const struct magic caches[] = {
	{"var/cache/ldconfig", "aux-cache", "glibc-ld.so.auxcache-1.0", 24, "cache of ldconfig"},
	{"var/cache/apt", "cache.bin", "\xdc\x76\xfe\x98", 4, "package cache of apt"},
	{"var/cache/fontconfig", ".cache-7", "\x04\xfc\x02\xfc", 4, "cache of fontconfig"},
	{"var/cache/fontconfig", ".cache-8", "\x04\xfc\x02\xfc", 4, "cache of fontconfig"},
	{"var/cache/fontconfig", ".cache-9", "\x04\xfc\x02\xfc", 4, "cache of fontconfig"},
	{"var/cache/man", "index.db", "\xce\x9a\x57\x13", 4, "database of man-db"},
	{"var/cache/man", "index.db", "\xcf\x9a\x57\x13", 4, "database of man-db"},
};

static bool is_cache(const struct matching *matching, const struct magic *cache)
{
	const char *name = path_below(matching->path, cache->directory);
	size_t len = name != NULL ? strlen(name) : 0, tail = strlen(cache->tail);

	return name != NULL && len >= tail && strcmp(name + len - tail, cache->tail) == 0 &&
		begins_with(&matching->sides[PUBLISHED], cache->bytes, cache->len) &&
		begins_with(&matching->sides[REBUILT], cache->bytes, cache->len);
}

static void claim_range_of_both(struct claim *claim, size_t start, size_t len)
{
	for (int side = 0; side < SIDES; side++) {
		claim->start[side] = start;
		claim->len[side] = len;
	}
}

/*
 * Of a cache nothing else is claimed than what it begins with: what programs take from it, such as
 * which package there is and which page is whose, may be another.
 */
static bool name_cache(const struct matching *matching, struct claim *claim)
{
	for (size_t i = 0; i < ARRAY_SIZE(caches); i++) {
		if (!is_cache(matching, &caches[i]))
			continue;
		claim_range_of_both(claim, 0, caches[i].len);
		claim_set_evidence(
			claim, "both sides begin as a %s, not read further", caches[i].what);
		return true;
	}
	return false;
}

/* fontconfig: src/fcint.h, struct _FcCache of 64-bit machines with the least byte first. */
enum font_cache {
	FONT_VERSION = 4,
	FONT_SIZE = 8,
	FONT_TIME = 48, /* of the directory: seconds, four bytes that nobody sets, fraction */
	FONT_FILL = 52,
	FONT_FRACTION = 56,
	FONT_HEADER = 64,
};

/* The size in the header is that of the file. */
static bool is_font_cache(const struct stretch *file)
{
	uint64_t size = 0;

	if (file->len < FONT_HEADER || !begins_with(file, "\x04\xfc\x02\xfc", 4))
		return false;
	for (int i = 7; i >= 0; i--)
		size = size << 8 | (unsigned char)file->data[FONT_SIZE + i];
	return size == file->len;
}

/* When the directory changed, from which a program sees whether the cache is of use. */
static bool match_font_cache(const struct matching *matching, struct claim *claim)
{
	const char *a = matching->sides[PUBLISHED].data, *b = matching->sides[REBUILT].data;
	size_t len = matching->sides[PUBLISHED].len;

	if (path_below(matching->path, "var/cache/fontconfig") == NULL ||
		strstr(matching->path, "-le64.cache-") == NULL ||
		!is_font_cache(&matching->sides[PUBLISHED]) ||
		!is_font_cache(&matching->sides[REBUILT]) || len != matching->sides[REBUILT].len ||
		memcmp(a, b, FONT_TIME) != 0 ||
		memcmp(a + FONT_FILL, b + FONT_FILL, FONT_FRACTION - FONT_FILL) != 0 ||
		memcmp(a + FONT_HEADER, b + FONT_HEADER, len - FONT_HEADER) != 0)
		return false;
	claim_range_of_both(claim, FONT_TIME, FONT_HEADER - FONT_TIME);
	claim_set_evidence(claim, "the time of the directory in a cache of fontconfig");
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
	{"cache-file", match_font_cache},
	{"log-file", match_log_order},
	{"archive-index", match_archive_index},
	{NULL, NULL},
};

const struct leaf_matcher leaf_namers[] = {
	{"cache-file", name_cache},
	{"log-file", name_log},
	{NULL, NULL},
};
