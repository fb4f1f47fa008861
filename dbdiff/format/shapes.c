/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/shapes.h"

#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex_digit(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

bool is_hex(const char *text, size_t len, size_t digits)
{
	if (len != digits)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_hex_digit(text[i]))
			return false;
	}
	return true;
}

/* True when the text is a form's: 'x' is a hexadecimal digit, '0' a decimal one, else itself. */
static bool has_form(const char *text, size_t len, const char *form)
{
	if (len != strlen(form))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (form[i] == 'x'		 ? !is_hex_digit(text[i])
				: form[i] == '0' ? !is_digit(text[i])
						 : text[i] != form[i])
			return false;
	}
	return true;
}

bool is_uuid(const char *text, size_t len)
{
	return has_form(text, len, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

static bool ends_with(const char *text, size_t len, const char *end)
{
	size_t end_len = strlen(end);

	return len >= end_len && memcmp(text + len - end_len, end, end_len) == 0;
}

/* A commit, cut; with a letter, so that it is no number or day. */
static bool is_commit(const char *text, size_t len)
{
	bool has_letter = false;

	for (size_t i = 0; i < len; i++)
		has_letter = has_letter || !is_digit(text[i]);
	return len >= 7 && len <= 64 && is_hex(text, len, len) && (has_letter || len >= 40);
}

/* Takes "-3-gabcdef0" from the end. */
static size_t without_distance(const char *text, size_t len)
{
	const char *g = len > 0 ? memrchr(text, 'g', len) : NULL;
	size_t at;

	if (g == NULL || !is_commit(g + 1, len - (size_t)(g - text) - 1))
		return len;
	at = (size_t)(g - text);
	if (at < 3 || text[at - 1] != '-' || !is_digit(text[at - 2]))
		return len;
	for (at -= 2; at > 0 && is_digit(text[at]); at--)
		;
	return text[at] == '-' ? at : len;
}

/* "v1.8", "1.8.2-rc1": a number with a point in it, and what is said of it. */
static bool is_tag(const char *text, size_t len)
{
	size_t at = len > 0 && text[0] == 'v' ? 1 : 0;
	size_t points = 0;

	if (at == len || !is_digit(text[at]) || len > 64)
		return false;
	for (; at < len && (is_digit(text[at]) || text[at] == '.'); at++)
		points += text[at] == '.';
	if (points == 0 || text[at - 1] == '.')
		return false;
	if (at < len && text[at] != '-' && text[at] != '+')
		return false;
	for (; at < len; at++) {
		if (!is_digit(text[at]) && !(text[at] >= 'a' && text[at] <= 'z') &&
			strchr("-+.~", text[at]) == NULL)
			return false;
	}
	return true;
}

bool is_source_version(const char *text, size_t len)
{
	if (ends_with(text, len, "-dirty"))
		len -= strlen("-dirty");
	return is_commit(text, len) || is_tag(text, without_distance(text, len));
}

bool is_time(const char *text, size_t len)
{
	static const char form[] = "0000-00-00T00:00:00";
	size_t at = strlen(form);

	if (len <= at || !has_form(text, at, form))
		return false;
	if (text[at] == '.') {
		size_t first = ++at;

		while (at < len && is_digit(text[at]))
			at++;
		if (at == first)
			return false;
	}
	if (at + 1 == len)
		return text[at] == 'Z';
	return at < len && (text[at] == '+' || text[at] == '-') &&
		has_form(text + at + 1, len - at - 1, "00:00");
}
