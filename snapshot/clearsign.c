/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/clearsign.h"

#include <string.h>

struct lines {
	const char *at;
	const char *end;
	size_t number;
};

/* False at the end. The line has no newline; a last line without one is one too. */
static bool line_next(struct lines *lines, const char **line, size_t *len)
{
	const char *newline;

	if (lines->at == lines->end)
		return false;
	newline = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
	*line = lines->at;
	*len = (size_t)((newline ? newline : lines->end) - lines->at);
	lines->at = newline ? newline + 1 : lines->end;
	lines->number++;
	return true;
}

static bool line_is(const char *line, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(line, text, len) == 0;
}

static bool line_starts(const char *line, size_t len, const char *text)
{
	return len >= strlen(text) && memcmp(line, text, strlen(text)) == 0;
}

static enum status refuse(struct error *err, const struct lines *lines, const char *what)
{
	return error_set(err, STATUS_TRUST, "line %zu: %s: refused", lines->number, what);
}

static enum status header_read(struct lines *lines, struct error *err)
{
	const char *line;
	size_t len;

	if (!line_next(lines, &line, &len) ||
		!line_is(line, len, "-----BEGIN PGP SIGNED MESSAGE-----"))
		return refuse(err, lines, "text before the signed block, or none signed at all");
	while (line_next(lines, &line, &len)) {
		if (len == 0)
			return STATUS_OK;
		if (!line_starts(line, len, "Hash: "))
			return refuse(err, lines, "not a Hash header of the signed block");
	}
	return refuse(err, lines, "the signed block has no text");
}

static enum status text_read(struct lines *lines, struct buffer *text, struct error *err)
{
	const char *line;
	size_t len;

	while (line_next(lines, &line, &len)) {
		if (line_is(line, len, "-----BEGIN PGP SIGNATURE-----"))
			return STATUS_OK;
		if (line_starts(line, len, "- ")) {
			line += 2;
			len -= 2;
		} else if (line_starts(line, len, "-")) {
			return refuse(err, lines, "a line that begins with a dash");
		}
		buffer_add(text, line, len);
		buffer_add_char(text, '\n');
	}
	return refuse(err, lines, "the signed block has no signature");
}

enum status clearsign_split(const char *data, size_t len, struct buffer *text, struct error *err)
{
	struct lines lines = {.at = data, .end = data + len};
	enum status status;
	const char *line;
	size_t line_len;

	if (memchr(data, '\0', len) || memchr(data, '\r', len))
		return error_set(err, STATUS_TRUST, "it holds NUL or carriage return: refused");
	status = header_read(&lines, err);
	if (status == STATUS_OK)
		status = text_read(&lines, text, err);
	if (status < 0)
		return status;
	while (line_next(&lines, &line, &line_len)) {
		if (line_is(line, line_len, "-----END PGP SIGNATURE-----")) {
			if (lines.at == lines.end)
				return STATUS_OK;
			return refuse(err, &lines, "text behind the signed block");
		}
		if (line_starts(line, line_len, "-"))
			return refuse(err, &lines, "a second block inside the signature");
	}
	return refuse(err, &lines, "the signature has no end");
}

enum status armour_check(const char *data, size_t len, struct error *err)
{
	struct lines lines = {.at = data, .end = data + len};
	bool is_inside = false;
	const char *line;
	size_t line_len;

	if (memchr(data, '\0', len) || memchr(data, '\r', len))
		return error_set(err, STATUS_TRUST, "it holds NUL or carriage return: refused");
	while (line_next(&lines, &line, &line_len)) {
		bool is_edge = line_is(line, line_len,
			is_inside ? "-----END PGP SIGNATURE-----"
				  : "-----BEGIN PGP SIGNATURE-----");

		if (is_edge)
			is_inside = !is_inside;
		else if (!is_inside || line_starts(line, line_len, "-"))
			return refuse(err, &lines, "something else than armoured signatures");
	}
	if (is_inside || lines.number == 0)
		return refuse(err, &lines, "no whole armoured signature");
	return STATUS_OK;
}

static size_t line_trim(const char *line, size_t len)
{
	while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	return len;
}

bool clearsign_text_equal(const struct buffer *a, const struct buffer *b)
{
	struct lines in_a = {.at = buffer_text(a), .end = buffer_text(a) + a->len};
	struct lines in_b = {.at = buffer_text(b), .end = buffer_text(b) + b->len};
	const char *line_a, *line_b;
	size_t len_a, len_b;

	for (;;) {
		bool more_a = line_next(&in_a, &line_a, &len_a);
		bool more_b = line_next(&in_b, &line_b, &len_b);

		if (!more_a || !more_b)
			return more_a == more_b;
		len_a = line_trim(line_a, len_a);
		len_b = line_trim(line_b, len_b);
		if (len_a != len_b || memcmp(line_a, line_b, len_a) != 0)
			return false;
	}
}
