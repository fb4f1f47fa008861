/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every matcher needs: a claim's evidence, and what a value's key, the member's path and the
 * characters beside it say of it.
 */
#include <stdarg.h>
#include <string.h>

#include "base/buffer.h"
#include "base/escape.h"
#include "dbdiff/matcher.h"

#define VALUE_SHOWN 72 /* bytes of a value in the evidence */

/* ---- evidence ---- */

static void set_text(struct claim *claim, const struct buffer *text)
{
	struct buffer line = {0};
	size_t len = text->len;

	/* Not in the middle of a character, nor of an escape. */
	escape_line(&line, buffer_text(text), len);
	while (line.len >= EVIDENCE_SIZE && len > 0) {
		buffer_clear(&line);
		escape_line(&line, buffer_text(text), --len);
	}
	memcpy(claim->evidence, buffer_text(&line), line.len + 1);
	buffer_release(&line);
}

void claim_set_evidence(struct claim *claim, const char *format, ...)
{
	struct buffer text = {0};
	va_list arguments;

	va_start(arguments, format);
	buffer_add_vformat(&text, format, arguments);
	va_end(arguments);
	set_text(claim, &text);
	buffer_release(&text);
}

void claim_set_values(const struct matching *matching, struct claim *claim, const char *what)
{
	static const char *const words[SIDES] = {" published, ", " rebuilt"};
	struct buffer text = {0};

	buffer_add_format(&text, "%s ", what);
	for (int side = 0; side < SIDES; side++) {
		size_t len = claim->len[side] < VALUE_SHOWN ? claim->len[side] : VALUE_SHOWN;

		buffer_add(&text, matching->sides[side].data + claim->start[side], len);
		if (len < claim->len[side])
			buffer_add_text(&text, "...");
		buffer_add_text(&text, words[side]);
	}
	set_text(claim, &text);
	buffer_release(&text);
}

/* ---- keys and paths ---- */

static bool is_of_key(char c)
{
	return is_alnum(c) || c == '_' || c == '-' || c == '.';
}

size_t value_key(const struct matching *matching, int side, size_t at, const char **key)
{
	const char *data = matching->sides[side].data;
	size_t end;

	if (at > 0 && (data[at - 1] == '"' || data[at - 1] == '\''))
		at--;
	if (at == 0 && matching->sides[side].offset == 0) {
		const char *slash = strrchr(matching->path, '/');

		*key = slash != NULL ? slash + 1 : matching->path;
		return strlen(*key);
	}
	while (at > 0 && data[at - 1] == ' ')
		at--;
	if (at == 0 || (data[at - 1] != '=' && data[at - 1] != ':'))
		return 0;
	at--;
	while (at > 0 && data[at - 1] == ' ')
		at--;
	if (at > 0 && data[at - 1] == '"')
		at--;
	for (end = at; at > 0 && is_of_key(data[at - 1]); at--)
		;
	*key = data + at;
	return end - at;
}

bool key_is(const char *key, size_t len, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (strlen(*names) == len && strncasecmp(key, *names, len) == 0)
			return true;
	}
	return false;
}

bool path_ends(const char *path, const char *tail)
{
	size_t len = strlen(path), tail_len = strlen(tail);

	return len >= tail_len && strcmp(path + len - tail_len, tail) == 0 &&
		(len == tail_len || path[len - tail_len - 1] == '/');
}

const char *path_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);
	const char *found = NULL;

	for (const char *at = path; (at = strstr(at, directory)) != NULL; at++) {
		bool is_root = at == path || (at - path >= 2 && at[-1] == '/' && at[-2] == '/');

		if (is_root && at[len] == '/')
			found = at + len + 1;
	}
	return found;
}

bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool at_word_start(const struct stretch *text, size_t at)
{
	return at == 0 ? text->offset == 0 : !is_alnum(text->data[at - 1]);
}

bool at_word_end(const struct stretch *text, size_t at)
{
	return at >= text->len || !is_alnum(text->data[at]);
}
