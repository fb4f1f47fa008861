/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/stringdiff.h"

#include <string.h>

#include "base/escape.h"

#define STRING_LEAST 4

/* How many bytes the visible character at the beginning has; 0 for none. */
static size_t visible_len(const char *data, size_t len)
{
	unsigned char first = (unsigned char)*data;
	uint32_t character;

	if (first < 0x80)
		return first == '\t' || (first >= 0x20 && first < 0x7f) ? 1 : 0;
	return escape_utf8_length(data, len, &character);
}

/* Strings and what ends them, such as tables of names: then short ones are strings too. */
static bool is_only_strings(const struct stretch *stretch)
{
	size_t len;

	for (size_t at = 0; at < stretch->len; at += len) {
		char c = stretch->data[at];

		len = c == '\0' || c == '\n' ? 1
					     : visible_len(stretch->data + at, stretch->len - at);
		if (len == 0)
			return false;
	}
	return true;
}

static void list_strings(const struct stretch *stretch, size_t least, struct buffer *out)
{
	size_t start = 0, at = 0;

	while (at <= stretch->len) {
		size_t len =
			at < stretch->len ? visible_len(stretch->data + at, stretch->len - at) : 0;

		if (len > 0) {
			at += len;
			continue;
		}
		if (at - start >= least) {
			buffer_add(out, stretch->data + start, at - start);
			buffer_add_char(out, '\n');
		}
		start = ++at;
	}
}

bool stringdiff_unified(const struct stretch *published, const struct stretch *rebuilt,
	size_t limit, struct buffer *out)
{
	bool are_only_strings = is_only_strings(published) && is_only_strings(rebuilt);
	const struct stretch *const stretches[] = {published, rebuilt};
	struct buffer texts[2] = {0};
	struct stretch lists[2];
	bool is_shown;

	for (int i = 0; i < 2; i++) {
		list_strings(stretches[i], are_only_strings ? 1 : STRING_LEAST, &texts[i]);
		lists[i] = (struct stretch){
			buffer_text(&texts[i]), texts[i].len, stretches[i]->offset};
	}
	is_shown = textdiff_unified(&lists[0], &lists[1], limit, out);
	for (int i = 0; i < 2; i++)
		buffer_release(&texts[i]);
	return is_shown;
}
