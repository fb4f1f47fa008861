/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/escape.h"
#include "verifier/coverage/deb_marks.h"

/*
 * "reproof-deb-marks-1 RULES", then a line a mark, each escaped: "section net", "privilege
 * usr/bin/sudo 4755", …; "end" is last, so that a text that was cut is seen.
 */
static const char head[] = "reproof-deb-marks-1 " DEB_MARKS_RULES "\n";

struct kind {
	const char *word;
	size_t offset; /* of its list */
};

static const struct kind kinds[] = {
	{"privilege", offsetof(struct deb_marks, privileges)},
	{"script", offsetof(struct deb_marks, scripts)},
	{"service", offsetof(struct deb_marks, services)},
	{"socket", offsetof(struct deb_marks, sockets)},
};

static void line_write(struct buffer *text, const char *word, const char *value)
{
	buffer_add_format(text, "%s ", word);
	escape_line(text, value, strlen(value));
	buffer_add_char(text, '\n');
}

void deb_marks_write(const struct deb_marks *marks, struct buffer *text)
{
	buffer_add_text(text, head);
	if (marks->section)
		line_write(text, "section", marks->section);
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		const struct text_list *list =
			(const struct text_list *)(const void *)((const char *)marks +
				kinds[k].offset);

		for (size_t i = 0; i < list->count; i++)
			line_write(text, kinds[k].word, list->items[i]);
	}
	buffer_add_text(text, "end\n");
}

static enum status line_take(
	struct deb_marks *marks, const char *line, size_t len, struct error *err)
{
	const char *blank = memchr(line, ' ', len);
	size_t word = blank ? (size_t)(blank - line) : len;

	if (blank && word == strlen("section") && memcmp(line, "section", word) == 0 &&
		!marks->section) {
		marks->section = xstrndup(blank + 1, len - word - 1);
		return STATUS_OK;
	}
	for (size_t k = 0; k < ARRAY_SIZE(kinds) && blank; k++)
		if (word == strlen(kinds[k].word) && memcmp(line, kinds[k].word, word) == 0) {
			text_list_addn(
				(struct text_list *)(void *)((char *)marks + kinds[k].offset),
				blank + 1, len - word - 1);
			return STATUS_OK;
		}
	return error_set(err, STATUS_FORMAT, "the marks of a package are not as they should be");
}

enum status deb_marks_parse(
	const char *text, size_t len, struct deb_marks *marks, struct error *err)
{
	static const char last[] = "end\n";
	const char *end = text + len;
	enum status status = STATUS_OK;

	*marks = (struct deb_marks){0};
	if (len < strlen(head) + strlen(last) || memcmp(text, head, strlen(head)) != 0 ||
		memchr(text, '\0', len) || memcmp(end - strlen(last), last, strlen(last)) != 0)
		return error_set(
			err, STATUS_FORMAT, "the marks of a package are not as they should be");
	end -= strlen(last);
	for (text += strlen(head); text < end && status == STATUS_OK;) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line = newline ? (size_t)(newline - text) : (size_t)(end - text);

		status = line_take(marks, text, line, err);
		text += line + 1;
	}
	if (status < 0)
		deb_marks_release(marks);
	return status;
}
