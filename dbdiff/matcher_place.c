/* SPDX-License-Identifier: Apache-2.0 */
/* What matchers ask of the place of a value: what kind of file it is in, and who acts on that. */
#include <string.h>

#include "dbdiff/matcher.h"

#define BEGINNING_SHOWN 512  /* bytes that tell a text */
#define REMARKS_MOST	4096 /* bytes of remarks that a text begins with */

bool path_is_below(const char *path, const char *const *places)
{
	while (*places != NULL && path_below(path, *places) == NULL)
		places++;
	return *places != NULL;
}

bool has_word(const char *text, size_t len, const char *word)
{
	size_t word_len = strlen(word);

	for (size_t at = 0; at + word_len <= len; at++) {
		if (strncasecmp(text + at, word, word_len) == 0)
			return true;
	}
	return false;
}

const struct stretch *matching_beginning(const struct matching *matching, int side)
{
	return matching->first != NULL ? &matching->first[side] : &matching->sides[side];
}

bool is_script(const struct matching *matching)
{
	for (int side = 0; side < SIDES; side++) {
		const struct stretch *text = matching_beginning(matching, side);

		if (text->offset == 0 && text->len > 2 && memcmp(text->data, "#!", 2) == 0)
			return true;
	}
	return false;
}

bool is_acted_on(const struct matching *matching)
{
	static const char *const places[] = {"etc", "usr/lib/systemd", "lib/systemd",
		"usr/lib/udev", "lib/udev", "usr/share/dbus-1", "usr/share/initramfs-tools",
		"var/spool/cron", NULL};

	return path_is_below(matching->path, places) || is_script(matching);
}

bool is_named_source(const char *path)
{
	static const char *const tails[] = {"sh", "bash", "py", "pl", "pm", "rb", "lua", "tcl",
		"js", "mjs", "php", "awk", "el", "mk", "cfg", "conf", "ini", "rules", "service",
		"timer", "path", "socket", "mount", "target", NULL};
	const char *dot = strrchr(path, '.');

	return dot != NULL && key_is(dot + 1, strlen(dot + 1), tails);
}

bool is_document(const struct matching *matching)
{
	static const char *const places[] = {"usr/share/doc", "usr/share/man", "usr/share/info",
		"usr/share/gtk-doc", "usr/share/help", NULL};

	return path_is_below(matching->path, places);
}

bool is_record(const struct matching *matching)
{
	if (matching->in_program || is_script(matching) || is_named_source(matching->path))
		return false;
	for (int side = 0; side < SIDES; side++) {
		const struct stretch *text = matching_beginning(matching, side);

		if (text->offset > 0 ||
			!textdiff_is_text(text->data,
				text->len < BEGINNING_SHOWN ? text->len : BEGINNING_SHOWN))
			return false;
	}
	return true;
}

bool is_log(const struct matching *matching)
{
	return path_below(matching->path, "var/log") != NULL && is_record(matching);
}

bool is_first_remark(const struct matching *matching, const struct claim *claim)
{
	for (int side = 0; side < SIDES; side++) {
		const struct stretch *text = &matching->sides[side];
		size_t start = claim->start[side], line = 0;
		char next;

		if (text->offset > 0 || start > REMARKS_MOST)
			return false;
		for (size_t at = 0; at < start; at++) {
			if ((at == line && text->data[at] != '#' && text->data[at] != '\n') ||
				text->data[at] == '\r')
				return false;
			line = text->data[at] == '\n' ? at + 1 : line;
		}
		/* No #!, and no #include of sudoers(5). */
		if (start < line + 2)
			return false;
		next = text->data[line + 1];
		if (next != '#' && next != ' ' && next != '\t')
			return false;
	}
	return true;
}
