/* SPDX-License-Identifier: Apache-2.0 */
#include "base/markdown.h"

#include <stdbool.h>
#include <string.h>

#include "base/escape.h"

/* Of backquotes. */
static size_t longest_run(const struct buffer *text)
{
	size_t longest = 0, run = 0;

	for (size_t i = 0; i < text->len; i++) {
		run = text->data[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest;
}

static void put_fence(struct buffer *out, size_t length)
{
	for (size_t i = 0; i < length; i++)
		buffer_add_char(out, '`');
}

/* Blanks at both ends are taken off again by the reader, which an empty span would not survive. */
static void put_code(struct buffer *out, const char *text, bool is_cell)
{
	struct buffer line = {0};
	size_t longest;

	escape_line(&line, text, strlen(text));
	longest = longest_run(&line);
	put_fence(out, longest + 1);
	buffer_add_text(out, longest || line.len == 0 ? " " : "");
	for (size_t i = 0; i < line.len; i++) {
		if (is_cell && line.data[i] == '|')
			buffer_add_char(out, '\\');
		buffer_add_char(out, line.data[i]);
	}
	buffer_add_text(out, longest ? " " : "");
	put_fence(out, longest + 1);
	buffer_release(&line);
}

void markdown_code(struct buffer *out, const char *text)
{
	put_code(out, text, false);
}

void markdown_cell_code(struct buffer *out, const char *text)
{
	put_code(out, text, true);
}

void markdown_block(struct buffer *out, const char *language, const char *text)
{
	struct buffer block = {0};
	size_t fence;

	escape_block(&block, text, strlen(text));
	fence = longest_run(&block) < 3 ? 3 : longest_run(&block) + 1;
	buffer_add_text(out, "\n  ");
	put_fence(out, fence);
	buffer_add_format(out, "%s\n", language);
	for (const char *at = buffer_text(&block); *at;) {
		size_t len = strcspn(at, "\n");

		buffer_add_text(out, "  ");
		buffer_add(out, at, len);
		buffer_add_char(out, '\n');
		at += len + (at[len] == '\n');
	}
	buffer_add_text(out, "  ");
	put_fence(out, fence);
	buffer_add_text(out, "\n\n");
	buffer_release(&block);
}

void markdown_words(struct buffer *out, const char *text)
{
	/* A list, a heading or a quotation begins with these, and only at the begin of words. */
	if (*text && strchr("+-#=", *text))
		buffer_add_char(out, '\\');
	for (const char *at = text; *at; at++) {
		if (strchr("\\`*_[]<>|~&@$!", *at))
			buffer_add_char(out, '\\');
		buffer_add_char(out, *at);
	}
}
