/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/meson_reader.h"

#include <string.h>

/* A string at `text`, with its quotes. */
static const char *string_read(const char *text, struct buffer *statement)
{
	const char *begin = text, *end;

	if (strncmp(text, "'''", 3) == 0) {
		end = strstr(text + 3, "'''");
		text = end ? end + 3 : text + strlen(text);
	} else {
		for (text++; *text && *text != '\'' && *text != '\n'; text++)
			text += *text == '\\' && text[1] && text[1] != '\n';
		text += *text == '\'';
	}
	buffer_add(statement, begin, (size_t)(text - begin));
	return text;
}

bool meson_next(const char **text, struct buffer *statement)
{
	const char *at = *text;
	size_t depth = 0;

	buffer_clear(statement);
	at += strspn(at, " \t\r\n");
	if (*at == '\0')
		return false;
	while (*at && (*at != '\n' || depth > 0)) {
		if (*at == '#') {
			at += strcspn(at, "\n");
		} else if (*at == '\'') {
			at = string_read(at, statement);
		} else if (*at == '\\' && at[1] == '\n') {
			buffer_add_char(statement, ' ');
			at += 2;
		} else {
			depth += strchr("([{", *at) != NULL;
			depth -= strchr(")]}", *at) != NULL && depth > 0;
			buffer_add_char(statement, *at == '\n' || *at == '\t' ? ' ' : *at);
			at++;
		}
	}
	*text = at;
	return true;
}
