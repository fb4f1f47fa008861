/* SPDX-License-Identifier: Apache-2.0 */
#include "base/html.h"

#include <string.h>

#include "base/escape.h"

static const char *reference(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void html_text(struct buffer *out, const char *text)
{
	struct buffer line = {0};

	escape_line(&line, text, strlen(text));
	for (const char *at = buffer_text(&line); *at; at++) {
		const char *instead = reference(*at);

		if (instead)
			buffer_add_text(out, instead);
		else
			buffer_add_char(out, *at);
	}
	buffer_release(&line);
}

void html_attribute(struct buffer *out, const char *text)
{
	buffer_add_char(out, '"');
	html_text(out, text);
	buffer_add_char(out, '"');
}

bool html_url(struct buffer *out, const char *url)
{
	size_t scheme = strcspn(url, ":/?#");
	bool is_web = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;

	/* "//host" and what a browser takes for it; a colon before a slash makes a scheme. */
	if (!is_web && (url[0] == '\0' || url[0] == '/' || url[0] == '\\' || url[scheme] == ':'))
		return false;
	for (const char *at = url; *at; at++)
		if ((unsigned char)*at <= ' ' || *at == '\\' || *at == 0x7f)
			return false;
	html_attribute(out, url);
	return true;
}
