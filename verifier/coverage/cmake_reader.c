/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/cmake_reader.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"

#define ARGUMENTS_MAX ((size_t)20000) /* of one command; what is behind them is passed over */

void cmake_command_release(struct cmake_command *command)
{
	free(command->name);
	text_list_release(&command->arguments);
	*command = (struct cmake_command){0};
}

/* Behind "[[ … ]]" or "[=[ … ]=]" at `text`; NULL when there is none. */
static const char *behind_bracket(const char *text, const char **begin, size_t *len)
{
	size_t equals;
	const char *end;
	char *close;

	if (*text != '[')
		return NULL;
	equals = strspn(text + 1, "=");
	if (text[1 + equals] != '[')
		return NULL;
	close = xasprintf("]%.*s]", (int)equals, text + 1);
	*begin = text + equals + 2;
	end = strstr(*begin, close);
	*len = end ? (size_t)(end - *begin) : strlen(*begin);
	end = *begin + *len + (end ? strlen(close) : 0);
	free(close);
	return end;
}

static const char *skip_blanks(const char *text)
{
	for (;;) {
		const char *begin, *behind;
		size_t len;

		text += strspn(text, " \t\r\n;");
		if (*text != '#')
			return text;
		behind = behind_bracket(text + 1, &begin, &len);
		text = behind ? behind : text + strcspn(text, "\n");
	}
}

/* A quoted argument at `text`, behind its first quote. */
static const char *quoted_read(const char *text, struct buffer *word)
{
	while (*text && *text != '"') {
		if (*text == '\\' && text[1])
			text++;
		buffer_add_char(word, *text++);
	}
	return text + (*text == '"');
}

static const char *argument_read(const char *text, struct text_list *arguments)
{
	struct buffer word = {0};
	const char *begin, *behind;
	size_t len;

	behind = behind_bracket(text, &begin, &len);
	if (behind) {
		buffer_add(&word, begin, len);
		text = behind;
	} else if (*text == '(' || *text == ')') {
		buffer_add_char(&word, *text++);
	} else {
		/* "a\"b c\"" is one argument of its own kind. */
		while (*text && !isspace((unsigned char)*text) && !strchr("()#", *text)) {
			if (*text == '"') {
				text = quoted_read(text + 1, &word);
				continue;
			}
			if (*text == '\\' && text[1])
				text++;
			buffer_add_char(&word, *text++);
		}
	}
	if (arguments->count < ARGUMENTS_MAX)
		text_list_addn(arguments, buffer_text(&word), word.len);
	buffer_release(&word);
	return text;
}

bool cmake_next(const char **text, struct cmake_command *command)
{
	const char *at = *text;

	cmake_command_release(command);
	for (;;) {
		size_t len = 0, depth = 1;
		const char *open;

		at = skip_blanks(at);
		if (*at == '\0')
			return false;
		while (isalnum((unsigned char)at[len]) || at[len] == '_')
			len++;
		open = at + len + strspn(at + len, " \t");
		if (len == 0 || *open != '(') {
			/* What is no command: over it, to the next line. */
			at += strcspn(at, "\n");
			continue;
		}
		command->name = xstrndup(at, len);
		for (char *c = command->name; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		for (at = skip_blanks(open + 1); *at; at = skip_blanks(at)) {
			depth += *at == '(';
			depth -= *at == ')';
			if (depth == 0)
				break;
			at = argument_read(at, &command->arguments);
		}
		*text = at + (*at == ')');
		return true;
	}
}
