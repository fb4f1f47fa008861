/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of lines KEY=VALUE: os-release(5), environments of shells and units, and the .env files
 * that ISAR leaves beside an image. Each value is a member called by its key.
 */
#include <string.h>

#include "base/array.h"
#include "base/path.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/spans.h"

#define ENV_BYTES_MAX ((size_t)1 << 20)
#define KEY_SIZE_MAX  255

/* A line: [start, end) with its newline; the key, and where the value is, if it has them. */
struct line {
	size_t start, end;
	size_t key, key_len;
	size_t value, value_len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_key(char c, bool is_first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		(!is_first && ((c >= '0' && c <= '9') || c == '.' || c == '-'));
}

/* True when the line has a key and a value; false for anything else, with only its bounds set. */
static bool cut_line(const char *text, size_t len, size_t start, struct line *line)
{
	const char *newline = memchr(text + start, '\n', len - start);
	size_t end = newline != NULL ? (size_t)(newline - text) : len;
	size_t at = start;

	*line = (struct line){.start = start, .end = newline != NULL ? end + 1 : end};
	while (at < end && is_blank(text[at]))
		at++;
	if (end - at > 7 && memcmp(text + at, "export", 6) == 0 && is_blank(text[at + 6])) {
		for (at += 6; at < end && is_blank(text[at]); at++)
			;
	}
	line->key = at;
	while (at < end && is_key(text[at], at == line->key))
		at++;
	line->key_len = at - line->key;
	if (line->key_len == 0 || line->key_len > KEY_SIZE_MAX || at == end || text[at] != '=')
		return false;
	line->value = at + 1;
	line->value_len = end - line->value;
	return true;
}

static bool is_nothing(const char *text, const struct line *line)
{
	size_t at = line->start;

	while (at < line->end && (is_blank(text[at]) || text[at] == '\r'))
		at++;
	return at == line->end || text[at] == '\n' || text[at] == '#' || text[at] == ';';
}

static enum status env_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct spans *spans = NULL;
	struct line line;
	enum status status;

	(void)name, (void)limits;
	status = spans_new(source, ENV_BYTES_MAX, "env-line", "env-other", &spans, err);
	if (status != STATUS_OK)
		return error_context(err, "env");
	for (size_t at = 0; at < spans->text.len; at = line.end) {
		char key[KEY_SIZE_MAX + 1] = "";

		if (!cut_line(spans->text.data, spans->text.len, at, &line))
			continue;
		memcpy(key, spans->text.data + line.key, line.key_len);
		spans_add(spans, key, line.start, line.value, line.value_len, line.end);
	}
	*members = &spans->members;
	return STATUS_OK;
}

/* Files of that kind are known by their names. */
static bool has_name(const char *path)
{
	static const char *const names[] = {"os-release", "initrd-release", "lsb-release",
		"machine-info", "locale.conf", "vconsole.conf", "environment"};
	const char *name = path_basename(path);
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return (len > 4 && strcmp(name + len - 4, ".env") == 0) ||
		strstr(path, "etc/default/") != NULL;
}

/* By its name, and by its first lines, of which the last may be cut. */
static unsigned env_bid(const struct candidate *candidate)
{
	const char *text = (const char *)candidate->data;
	struct line line;
	unsigned keys = 0;

	if (!has_name(candidate->path) ||
		(candidate->source != NULL && candidate->source->size > ENV_BYTES_MAX))
		return 0;
	for (size_t at = 0; at < candidate->len; at = line.end) {
		if (cut_line(text, candidate->len, at, &line))
			keys++;
		else if (!is_nothing(text, &line) && text[line.end - 1] == '\n')
			return 0;
	}
	return keys > 0 && memchr(text, '\0', candidate->len) == NULL ? 12 : 0;
}

const struct format format_env = {
	.name = "env",
	.bid_bytes = 2048,
	.is_lazy = true,
	.bid_more = env_bid,
	.open = env_open,
};
