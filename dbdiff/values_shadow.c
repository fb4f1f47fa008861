/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of shadow(5): user, hash as of crypt(5), day of the last change, … */
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "dbdiff/matcher.h"

#define SALT_MOST 64

static bool is_of_salt(char c)
{
	return is_alnum(c) || c == '.' || c == '/';
}

static size_t count_salt(const struct stretch *text, size_t at, size_t most)
{
	size_t len = 0;

	while (len < most && at + len < text->len && is_of_salt(text->data[at + len]))
		len++;
	return len;
}

/* Where the line begins; false when the stretch begins in its middle. */
static bool line_begin(const struct stretch *text, size_t at, size_t *begin)
{
	while (at > 0 && text->data[at - 1] != '\n')
		at--;
	*begin = at;
	return at > 0 || text->offset == 0;
}

/* Where field `number` (from 0) of the line around `at` begins. */
static bool field_begin(const struct stretch *text, size_t at, int number, size_t *begin)
{
	if (!line_begin(text, at, begin))
		return false;
	for (; number > 0; number--) {
		while (*begin < at && text->data[*begin] != ':')
			++*begin;
		if (*begin >= at)
			return false;
		++*begin;
	}
	return true;
}

/* "$6$" and the like, with parameters: what a salt stands behind. */
static bool is_method(const char *prefix, size_t len, size_t *hash_len)
{
	static const struct {
		const char *name;
		size_t hash_len;
	} methods[] = {{"$1$", 22}, {"$5$", 43}, {"$6$", 86}, {"$y$", 43}, {"$gy$", 43}};

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		size_t name_len = strlen(methods[i].name);

		if (len >= name_len && memcmp(prefix, methods[i].name, name_len) == 0) {
			*hash_len = methods[i].hash_len;
			/* Nothing, or one part of parameters. */
			return len == name_len ||
				memchr(prefix + name_len, '$', len - name_len) == prefix + len - 1;
		}
	}
	return false;
}

size_t parse_shadow_salt(const struct stretch *text, size_t at, unsigned *form)
{
	size_t begin, len, hash_len;

	if (at == 0 || at >= text->len || text->data[at - 1] != '$' ||
		!field_begin(text, at, 1, &begin) || at - begin > 32 ||
		!is_method(text->data + begin, at - begin, &hash_len))
		return 0;
	len = count_salt(text, at, SALT_MOST);
	if (len == 0 || at + len >= text->len || text->data[at + len] != '$' ||
		count_salt(text, at + len + 1, hash_len + 1) != hash_len ||
		at + len + 1 + hash_len >= text->len || text->data[at + len + 1 + hash_len] != ':')
		return 0;
	/* Method, parameters and length are the same where this is. */
	*form = (unsigned)(hash_xxh3(text->data + begin, at - begin) + len);
	return len;
}

size_t parse_shadow_day(const struct stretch *text, size_t at, unsigned *form)
{
	size_t begin, len = 0;

	if (!field_begin(text, at, 2, &begin) || begin != at)
		return 0;
	while (at + len < text->len && len < 6 && is_digit(text->data[at + len]))
		len++;
	*form = 1;
	return len == 5 && at + len < text->len && text->data[at + len] == ':' ? len : 0;
}
