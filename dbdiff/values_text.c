/* SPDX-License-Identifier: Apache-2.0 */
/* Values in texts that are no times: identifiers, versions, stamps of kernels and tools, paths. */
#include <string.h>

#include "base/array.h"
#include "base/number.h"
#include "dbdiff/matcher.h"

#define LINE_MOST 256
#define PATH_MOST 512

static bool is_hex(char c)
{
	return hex_value(c) >= 0;
}

static size_t count_hex(const struct stretch *text, size_t at, size_t most)
{
	size_t len = 0;

	while (len < most && at + len < text->len && is_hex(text->data[at + len]))
		len++;
	return len;
}

size_t parse_uuid(const struct stretch *text, size_t at, unsigned *form)
{
	static const size_t groups[] = {8, 4, 4, 4, 12};
	size_t end = at;

	*form = 1;
	if (!at_word_start(text, at))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if (i > 0 && (end >= text->len || text->data[end++] != '-'))
			return 0;
		if (count_hex(text, end, groups[i]) != groups[i])
			return 0;
		end += groups[i];
	}
	return at_word_end(text, end) ? end - at : 0;
}

/* A digest: the digits of SHA-1, SHA-256, SHA-384 or SHA-512. */
size_t parse_hex(const struct stretch *text, size_t at, unsigned *form)
{
	size_t len = at_word_start(text, at) ? count_hex(text, at, 129) : 0;

	*form = (unsigned)len;
	if (len != 40 && len != 64 && len != 96 && len != 128)
		return 0;
	return at_word_end(text, at + len) ? len : 0;
}

/* ---- versions of the source tree, as git describe says them ---- */

static size_t skip_digits(const struct stretch *text, size_t at)
{
	while (at < text->len && is_digit(text->data[at]))
		at++;
	return at;
}

/* "v1.8", "v1.8-rc2" and what follows; or a bare commit id. */
static size_t version_end(const struct stretch *text, size_t at)
{
	size_t end = at, digits;

	if (text->data[at] == 'v' && at + 1 < text->len && is_digit(text->data[at + 1])) {
		end = skip_digits(text, at + 1);
		while (end + 1 < text->len && text->data[end] == '.' &&
			is_digit(text->data[end + 1]))
			end = skip_digits(text, end + 1);
		if (end + 3 < text->len && memcmp(text->data + end, "-rc", 3) == 0 &&
			is_digit(text->data[end + 3]))
			end = skip_digits(text, end + 3);
		return end;
	}
	digits = count_hex(text, at, 41);
	return digits >= 7 && digits <= 40 ? at + digits : at;
}

size_t parse_source_version(const struct stretch *text, size_t at, unsigned *form)
{
	static const char dirty[] = "-dirty";
	size_t end, more;

	*form = 1;
	if (!at_word_start(text, at) || at >= text->len || (end = version_end(text, at)) == at)
		return 0;
	/* "-12-gf15ea486" */
	if (end + 1 < text->len && text->data[end] == '-' && is_digit(text->data[end + 1])) {
		more = skip_digits(text, end + 1);
		if (more + 1 < text->len && memcmp(text->data + more, "-g", 2) == 0 &&
			count_hex(text, more + 2, 41) >= 7)
			end = more + 2 + count_hex(text, more + 2, 40);
	}
	if (text->len - end >= strlen(dirty) && memcmp(text->data + end, dirty, strlen(dirty)) == 0)
		end += strlen(dirty);
	if (!at_word_end(text, end) || (end < text->len && strchr("-.+~_", text->data[end])))
		return 0;
	return end - at;
}

/* ---- kernels and tools ---- */

static bool ends_line(char c)
{
	return (unsigned char)c < ' ' || c == '"' || c == '\'' || c == 127;
}

/* To the end of a line or of a C string; 0 when that is too far. */
static size_t line_end(const struct stretch *text, size_t at)
{
	size_t end = at;

	while (end < text->len && end - at < LINE_MOST && !ends_line(text->data[end]))
		end++;
	return end - at < LINE_MOST ? end : 0;
}

static bool has_at(const struct stretch *text, size_t at, const char *part)
{
	size_t len = strlen(part);

	return at <= text->len && text->len - at >= len && memcmp(text->data + at, part, len) == 0;
}

/* "#1 SMP PREEMPT_DYNAMIC Debian 6.1.140-1 (2025-05-22)": init/version-timestamp.c of Linux. */
size_t parse_kernel_stamp(const struct stretch *text, size_t at, unsigned *form)
{
	size_t end = at + 1;

	*form = 1;
	if (at >= text->len || text->data[at] != '#')
		return 0;
	end = skip_digits(text, end);
	if (end == at + 1 || end - at > 8 || end >= text->len || text->data[end] != ' ')
		return 0;
	end = line_end(text, at);
	return end > at ? end - at : 0;
}

/* Of a name and a version; whatever a shell or a terminal acts on is none. */
static bool is_version_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c != '\0' && strchr(".+-_~:@", c) != NULL);
}

/* "(user@host)" of "Linux version 6.1.0 (user@host)". */
size_t parse_kernel_builder(const struct stretch *text, size_t at, unsigned *form)
{
	static const char before[] = "Linux version ";
	size_t begin = at, end = at;
	bool has_host = false;

	*form = 1;
	if (at < 2 || at >= text->len || text->data[at] != '(' || text->data[at - 1] != ' ')
		return 0;
	for (begin = at - 1; begin > 0 && at - begin < 80 && text->data[begin - 1] != ' '; begin--)
		;
	if (begin < strlen(before) || !has_at(text, begin - strlen(before), before))
		return 0;
	for (end++; end < text->len && end - at < 160 && is_version_char(text->data[end]); end++)
		has_host = text->data[end] == '@' || has_host;
	return has_host && end < text->len && text->data[end] == ')' ? end + 1 - at : 0;
}

/* "GCC: (Debian 12.2.0-14) 12.2.0", "GNU C17 12.2.0": the name and the version, no options. */
size_t parse_tool_version(const struct stretch *text, size_t at, unsigned *form)
{
	static const char *const tools[] = {"GCC: (", "clang version ", "rustc version ", "GNU AS ",
		"GNU C17 ", "GNU C11 ", "GNU C99 ", "GNU C++17 ", "GNU C++14 ", "GNU ld (",
		"Linker: LLD ", "Ubuntu clang version ", "Debian clang version "};
	size_t tool = 0, end;

	while (tool < ARRAY_SIZE(tools) && !has_at(text, at, tools[tool]))
		tool++;
	if (tool == ARRAY_SIZE(tools) || !at_word_start(text, at))
		return 0;
	*form = (unsigned)tool + 1;
	end = at + strlen(tools[tool]);
	if (text->data[end - 1] == '(') {
		while (end < text->len &&
			(is_version_char(text->data[end]) || text->data[end] == ' ' ||
				text->data[end] == '/'))
			end++;
		if (end + 1 >= text->len || text->data[end] != ')' || text->data[end + 1] != ' ')
			return 0;
		end += 2;
	}
	if (end >= text->len || !is_digit(text->data[end]) || end - at > LINE_MOST)
		return 0;
	while (end < text->len && is_version_char(text->data[end]))
		end++;
	return end - at < LINE_MOST ? end - at : 0;
}

/* ---- paths ---- */

static bool ends_path(char c)
{
	return (unsigned char)c <= ' ' || c == 127 || (c != '\0' && strchr("\"':;,()[]{}<>=|&", c));
}

/* Where an installed system has its files: what is named there is no place to build in. */
static bool is_installed(const char *path, size_t len)
{
	static const char *const places[] = {"/usr/", "/bin/", "/sbin/", "/lib", "/etc/", "/opt/",
		"/dev/", "/proc/", "/sys/", "/run/", "/boot/", "/srv/", "/var/lib/dpkg/",
		"/var/log/", "/var/cache/", "/var/run/", "/var/spool/"};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		size_t place_len = strlen(places[i]);

		if (len >= place_len && memcmp(path, places[i], place_len) == 0)
			return true;
	}
	return false;
}

size_t parse_build_path(const struct stretch *text, size_t at, unsigned *form)
{
	size_t end = at, parts = 0;

	*form = 1;
	if (at >= text->len || text->data[at] != '/' ||
		(at == 0 ? text->offset > 0 : !ends_path(text->data[at - 1])))
		return 0;
	for (; end < text->len && end - at < PATH_MOST && !ends_path(text->data[end]); end++)
		parts +=
			text->data[end] == '/' && end + 1 < text->len && text->data[end + 1] != '/';
	if (parts < 2 || end - at >= PATH_MOST || is_installed(text->data + at, end - at))
		return 0;
	return end - at;
}
