/* SPDX-License-Identifier: Apache-2.0 */
#include "base/debversion.h"

#include <limits.h>
#include <string.h>

/* One part of a version: not NUL-terminated. */
struct part {
	const char *at, *end;
};

struct version {
	struct part epoch, upstream, revision;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* An absent epoch or revision is an empty part, which orders as 0 does. */
static struct version version_split(const char *text, size_t len)
{
	const char *end = text + len, *colon = memchr(text, ':', len), *dash;
	struct version version = {{text, text}, {text, end}, {end, end}};

	if (colon) {
		version.epoch.end = colon;
		version.upstream.at = colon + 1;
	}
	dash = memrchr(version.upstream.at, '-', (size_t)(end - version.upstream.at));
	if (dash) {
		version.upstream.end = dash;
		version.revision.at = dash + 1;
	}
	return version;
}

/* How one character orders where no number stands: "~" before the end, that before letters. */
static int weight(const struct part *part)
{
	if (part->at == part->end || is_digit(*part->at))
		return 0;
	if (is_letter(*part->at))
		return (unsigned char)*part->at;
	return *part->at == '~' ? -1 : (unsigned char)*part->at + 256;
}

static bool is_in_text(const struct part *part)
{
	return part->at < part->end && !is_digit(*part->at);
}

/* Takes the digits at the beginning off, zeros in front of them too. */
static struct part number_take(struct part *part)
{
	struct part number;

	while (part->at < part->end && *part->at == '0')
		part->at++;
	number.at = part->at;
	while (part->at < part->end && is_digit(*part->at))
		part->at++;
	number.end = part->at;
	return number;
}

/* Numbers of any length: the longer one is larger. */
static int numbers_compare(const struct part *a, const struct part *b)
{
	ptrdiff_t left = a->end - a->at, right = b->end - b->at;

	if (left != right)
		return left < right ? -1 : 1;
	return left ? memcmp(a->at, b->at, (size_t)left) : 0;
}

static int parts_compare(struct part a, struct part b)
{
	int order = 0;

	while (order == 0 && (a.at < a.end || b.at < b.end)) {
		struct part left, right;

		while (order == 0 && (is_in_text(&a) || is_in_text(&b))) {
			order = weight(&a) - weight(&b);
			a.at += is_in_text(&a);
			b.at += is_in_text(&b);
		}
		if (order != 0)
			break;
		left = number_take(&a);
		right = number_take(&b);
		order = numbers_compare(&left, &right);
	}
	return order;
}

int debversion_compare(const char *a, const char *b)
{
	struct version left = version_split(a, strlen(a)), right = version_split(b, strlen(b));
	int order = parts_compare(left.epoch, right.epoch);

	if (order == 0)
		order = parts_compare(left.upstream, right.upstream);
	return order ? order : parts_compare(left.revision, right.revision);
}

static bool is_made_of(const struct part *part, const char *others)
{
	for (const char *at = part->at; at < part->end; at++) {
		if (!is_digit(*at) && !is_letter(*at) && (!*at || !strchr(others, *at)))
			return false;
	}
	return true;
}

static bool is_epoch(const struct part *part)
{
	long long value = 0;

	for (const char *at = part->at; at < part->end; at++) {
		if (!is_digit(*at) || (value = value * 10 + (*at - '0')) > INT_MAX)
			return false;
	}
	return true;
}

bool debversion_is_valid(const char *text, size_t len)
{
	struct version version;
	bool has_epoch, has_revision;

	/* There may be no text at all. */
	if (len == 0)
		return false;
	version = version_split(text, len);
	has_epoch = version.epoch.end > version.epoch.at || *text == ':';
	has_revision = version.upstream.end < text + len;
	if (version.upstream.at == version.upstream.end || !is_digit(*version.upstream.at))
		return false;
	if (has_epoch && (version.epoch.at == version.epoch.end || !is_epoch(&version.epoch)))
		return false;
	if (has_revision && version.revision.at == version.revision.end)
		return false;
	return is_made_of(&version.upstream, ".+-~:") && is_made_of(&version.revision, ".+~");
}
