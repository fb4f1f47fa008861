/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/kernel_stamp.h"

#include <string.h>

#include "dbdiff/matcher.h"

#define BUILDER_MOST 160
#define COUNTER_MOST 8

static const char front[] = "Linux version ";

static bool is_word(char c)
{
	return is_alnum(c) || (c != '\0' && strchr(".+-_~", c) != NULL);
}

static bool is_printable(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] < ' ' || text[i] > '~')
			return false;
	}
	return true;
}

/* Where the release ends; 0 when none begins at `at`. */
static size_t release_end(const char *text, size_t len, size_t at)
{
	size_t end = at;

	while (end < len && is_word(text[end]))
		end++;
	return end > at && is_digit(text[at]) && memchr(text + at, '.', end - at) != NULL ? end : 0;
}

/* Where " (user@host)" ends; 0 when that is not there. */
static size_t builder_end(const char *text, size_t len, size_t at)
{
	size_t end = at + 2;
	bool has_host = false;

	if (len - at < 2 || memcmp(text + at, " (", 2) != 0)
		return 0;
	for (; end < len && end - at < BUILDER_MOST && (is_word(text[end]) || text[end] == '@');
		end++)
		has_host = has_host || text[end] == '@';
	return has_host && end < len && text[end] == ')' ? end + 1 : 0;
}

/* The number of the build in " #1 ", from `at` on: where it begins; its end is *end. 0 for none. */
static size_t find_counter(const char *text, size_t len, size_t at, size_t *end)
{
	const char *mark = memmem(text + at, len - at, " #", 2);
	size_t begin;

	if (mark == NULL)
		return 0;
	begin = *end = (size_t)(mark - text) + 2;
	while (*end < len && is_digit(text[*end]))
		++*end;
	return *end > begin && *end - begin <= COUNTER_MOST && (*end == len || text[*end] == ' ')
		? begin
		: 0;
}

bool kernel_stamp_add(struct parts *parts, const char *text, size_t len)
{
	size_t begin = 0, release, builder, counter, counter_end = 0;
	struct buffer flavour = {0};

	if (len > strlen(front) && memcmp(text, front, strlen(front)) == 0)
		begin = strlen(front);
	release = release_end(text, len, begin);
	builder = release > 0 ? builder_end(text, len, release) : 0;
	counter = builder > 0 ? find_counter(text, len, builder, &counter_end) : 0;
	if (counter == 0 || !is_printable(text, len))
		return false;
	buffer_add(&flavour, text + builder, counter - builder);
	add_without_times(&flavour, &(struct stretch){text, len, 0}, counter_end);
	parts_add_field(
		parts, NULL, "kernel-release", "%.*s", (int)(release - begin), text + begin);
	parts_add_field_bytes(parts, NULL, "kernel-flavour", buffer_text(&flavour), flavour.len);
	parts_add_field_bytes(parts, NULL, "kernel-version", text, len);
	buffer_release(&flavour);
	return true;
}
