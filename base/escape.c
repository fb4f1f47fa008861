/* SPDX-License-Identifier: Apache-2.0 */
#include "base/escape.h"

#include "base/array.h"

struct character_range {
	uint32_t first;
	uint32_t last;
};

/*
 * Unicode 15: general categories Cc, Cf, Zl, Zp and the property Default_Ignorable_Code_Point, in
 * order. Runs of unassigned code points between two ranges of format characters are taken in.
 */
static const struct character_range invisible[] = {
	{0x0000, 0x001f},
	{0x007f, 0x009f},
	{0x00ad, 0x00ad},
	{0x034f, 0x034f},
	{0x0600, 0x0605},
	{0x061c, 0x061c},
	{0x06dd, 0x06dd},
	{0x070f, 0x070f},
	{0x0890, 0x0891},
	{0x08e2, 0x08e2},
	{0x115f, 0x1160},
	{0x17b4, 0x17b5},
	{0x180b, 0x180f},
	{0x200b, 0x200f},
	{0x2028, 0x202e},
	{0x2060, 0x206f},
	{0x3164, 0x3164},
	{0xfe00, 0xfe0f},
	{0xfeff, 0xfeff},
	{0xffa0, 0xffa0},
	{0xfff0, 0xfffb},
	{0x110bd, 0x110bd},
	{0x110cd, 0x110cd},
	{0x13430, 0x1343f},
	{0x1bca0, 0x1bca3},
	{0x1d173, 0x1d17a},
	{0xe0000, 0xe0fff},
};

bool escape_is_visible(uint32_t character)
{
	for (size_t i = 0; i < ARRAY_SIZE(invisible) && invisible[i].first <= character; i++)
		if (character <= invisible[i].last)
			return false;
	return true;
}

size_t escape_utf8_length(const char *data, size_t len, uint32_t *character)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *bytes = (const unsigned char *)data;

	if (len == 0)
		return 0;
	size_t need = bytes[0] < 0x80	    ? 1
		: (bytes[0] & 0xe0) == 0xc0 ? 2
		: (bytes[0] & 0xf0) == 0xe0 ? 3
		: (bytes[0] & 0xf8) == 0xf0 ? 4
					    : 0;
	if (need == 0 || need > len)
		return 0;
	uint32_t value = need == 1 ? bytes[0] : bytes[0] & (0x7fU >> need);
	for (size_t i = 1; i < need; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	if (value < least[need] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	if (character)
		*character = value;
	return need;
}

bool escape_is_utf8(const char *data, size_t len)
{
	while (len > 0) {
		size_t step = escape_utf8_length(data, len, NULL);

		if (step == 0)
			return false;
		data += step;
		len -= step;
	}
	return true;
}

static int lower_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* The byte that "xHH" behind a backslash stands for, or -1 when no escape would have written it. */
static int escape_value(const char *data, size_t len)
{
	if (len < 3 || data[0] != 'x' || lower_hex_value(data[1]) < 0 ||
		lower_hex_value(data[2]) < 0)
		return -1;
	int value = lower_hex_value(data[1]) * 16 + lower_hex_value(data[2]);
	return value < 0x20 || value == 0x7f || value >= 0x80 || value == '\\' ? value : -1;
}

static void add_escaped(struct buffer *out, const char *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)data[i];

		const char text[4] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
		buffer_add(out, text, sizeof(text));
	}
}

/* What the three escapes let through in their own ways. */
enum keep {
	KEEP_VISIBLE,
	KEEP_VISIBLE_AND_BREAKS,
	KEEP_UTF8,
};

static bool is_kept(uint32_t character, enum keep keep)
{
	if (keep == KEEP_UTF8 || escape_is_visible(character))
		return true;
	return keep == KEEP_VISIBLE_AND_BREAKS && (character == '\n' || character == '\t');
}

static void escape(struct buffer *out, const char *data, size_t len, enum keep keep)
{
	size_t i = 0;

	while (i < len) {
		uint32_t character = 0;
		size_t step = escape_utf8_length(data + i, len - i, &character);
		bool kept = step > 0 && is_kept(character, keep);

		if (step == 0)
			step = 1;
		if (kept && character == '\\' && escape_value(data + i + 1, len - i - 1) >= 0)
			kept = false;
		if (kept)
			buffer_add(out, data + i, step);
		else
			add_escaped(out, data + i, step);
		i += step;
	}
}

void escape_line(struct buffer *out, const char *data, size_t len)
{
	escape(out, data, len, KEEP_VISIBLE);
}

void escape_block(struct buffer *out, const char *data, size_t len)
{
	escape(out, data, len, KEEP_VISIBLE_AND_BREAKS);
}

void escape_path(struct buffer *out, const char *data, size_t len)
{
	escape(out, data, len, KEEP_UTF8);
}

void escape_undo(struct buffer *out, const char *text, size_t len)
{
	size_t i = 0;

	while (i < len) {
		int value = text[i] == '\\' ? escape_value(text + i + 1, len - i - 1) : -1;

		buffer_add_char(out, value >= 0 ? (char)value : text[i]);
		i += value >= 0 ? 4 : 1;
	}
}

/* Adds a query with each value replaced; a part without "=" may be a token, and is replaced whole.
 */
static void add_query(struct buffer *out, const char *query, size_t len)
{
	const char *end = query + len;

	while (query < end) {
		size_t part = strcspn(query, "&;#");
		const char *equals = memchr(query, '=', part);

		if (equals)
			buffer_add(out, query, (size_t)(equals - query) + 1);
		if (part > 0 && (!equals || equals + 1 < query + part))
			buffer_add_text(out, "…");
		query += part;
		if (query < end)
			buffer_add_char(out, *query++);
	}
}

char *escape_url_secrets(const char *url)
{
	struct buffer out = {0};
	const char *scheme = strstr(url, "://");
	const char *authority = scheme && scheme < url + strcspn(url, "/?#") + 1 ? scheme + 3 : url;
	const char *path = authority + strcspn(authority, "/?#");
	const char *at = memrchr(authority, '@', (size_t)(path - authority));
	const char *query = path + strcspn(path, "?#");
	size_t query_len = *query == '?' ? strcspn(query, "#") : 0;

	buffer_add(&out, url, (size_t)(authority - url));
	if (at)
		authority = at + 1;
	buffer_add(&out, authority, (size_t)(query - authority));
	if (query_len > 0) {
		buffer_add_char(&out, '?');
		add_query(&out, query + 1, query_len - 1);
	}
	/* A fragment is never sent, and may hold a token: it is dropped. */
	return buffer_detach(&out);
}

void escape_url_path(struct buffer *out, const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~/+:@,=";

	for (; *path; path++) {
		if (strchr(plain, *path))
			buffer_add_char(out, *path);
		else
			buffer_add_format(out, "%%%02X", (unsigned)(unsigned char)*path);
	}
}
