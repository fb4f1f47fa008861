/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/json_scan.h"

#include <string.h>

#include "base/array.h"

static enum status unexpected(const struct json_scan *scan, size_t at, struct error *err)
{
	return at < scan->len ? error_set(err, STATUS_FORMAT, "byte %zu is no JSON", at)
			      : error_set(err, STATUS_FORMAT, "it ends in the middle");
}

/* What stands at `at`, or NUL behind the end: a text that holds one there is refused anyway. */
static char char_at(const struct json_scan *scan, size_t at)
{
	return at < scan->len ? scan->text[at] : '\0';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex_digit(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static void skip_blanks(struct json_scan *scan)
{
	while (scan->at < scan->len && memchr(" \t\r\n", scan->text[scan->at], 4) != NULL)
		scan->at++;
}

/* ---- scalars ---- */

/* How long the escape at `at` is, or 0. */
static size_t escape_length(const struct json_scan *scan, size_t at)
{
	char c = char_at(scan, at + 1);

	if (c != '\0' && strchr("\"\\/bfnrt", c) != NULL)
		return 2;
	if (c != 'u')
		return 0;
	for (size_t i = 2; i < 6; i++) {
		if (!is_hex_digit(char_at(scan, at + i)))
			return 0;
	}
	return 6;
}

static enum status scan_text(struct json_scan *scan, struct json_piece *piece, struct error *err)
{
	size_t at = scan->at + 1;

	if (char_at(scan, scan->at) != '"')
		return unexpected(scan, scan->at, err);
	while (at < scan->len && scan->text[at] != '"') {
		size_t len = scan->text[at] == '\\'		? escape_length(scan, at)
			: (unsigned char)scan->text[at] >= 0x20 ? 1
								: 0;

		if (len == 0)
			return unexpected(scan, at, err);
		at += len;
	}
	if (at == scan->len)
		return unexpected(scan, at, err);
	piece->start = scan->at;
	piece->end = scan->at = at + 1;
	return STATUS_OK;
}

static size_t skip_digits(const struct json_scan *scan, size_t at)
{
	while (is_digit(char_at(scan, at)))
		at++;
	return at;
}

/* The end of the number at `at`, or `at` when there is none. */
static size_t number_end(const struct json_scan *scan, size_t at)
{
	size_t digits = at + (char_at(scan, at) == '-');
	size_t end = skip_digits(scan, digits);

	if (end == digits || (char_at(scan, digits) == '0' && end > digits + 1))
		return at;
	if (char_at(scan, end) == '.') {
		digits = end + 1;
		end = skip_digits(scan, digits);
		if (end == digits)
			return at;
	}
	if (char_at(scan, end) == 'e' || char_at(scan, end) == 'E') {
		digits = end + 1;
		digits += char_at(scan, digits) == '+' || char_at(scan, digits) == '-';
		end = skip_digits(scan, digits);
		if (end == digits)
			return at;
	}
	return end;
}

static enum status scan_other(struct json_scan *scan, struct json_piece *piece, struct error *err)
{
	static const char *const words[] = {"true", "false", "null"};
	size_t end = number_end(scan, scan->at);

	for (size_t i = 0; i < ARRAY_SIZE(words) && end == scan->at; i++) {
		size_t len = strlen(words[i]);

		if (scan->len - scan->at >= len &&
			memcmp(scan->text + scan->at, words[i], len) == 0)
			end = scan->at + len;
	}
	if (end == scan->at)
		return unexpected(scan, scan->at, err);
	piece->start = scan->at;
	piece->end = scan->at = end;
	return STATUS_OK;
}

/* ---- containers ---- */

static void expect_after_value(struct json_scan *scan)
{
	scan->expected = scan->depth > 0 ? EXPECT_COMMA_OR_END : EXPECT_NOTHING;
}

static bool is_in_object(const struct json_scan *scan)
{
	return scan->are_open >> (scan->depth - 1) & 1;
}

static enum status scan_begin(struct json_scan *scan, struct json_piece *piece, struct error *err)
{
	bool is_object = scan->text[scan->at] == '{';

	if (scan->depth == JSON_DEPTH_MAX)
		return error_set(err, STATUS_LIMIT, "deeper than %d", JSON_DEPTH_MAX);
	scan->are_open &= ~(UINT64_C(1) << scan->depth);
	scan->are_open |= (uint64_t)is_object << scan->depth;
	scan->depth++;
	scan->expected = is_object ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
	*piece = (struct json_piece){
		is_object ? JSON_TOKEN_OBJECT : JSON_TOKEN_ARRAY, scan->at, scan->at + 1};
	scan->at++;
	return STATUS_OK;
}

static void scan_end(struct json_scan *scan, struct json_piece *piece)
{
	*piece = (struct json_piece){JSON_TOKEN_END, scan->at, scan->at + 1};
	scan->at++;
	scan->depth--;
	expect_after_value(scan);
}

static enum status scan_key(struct json_scan *scan, struct json_piece *piece, struct error *err)
{
	if (scan_text(scan, piece, err) < 0)
		return err->status;
	piece->token = JSON_TOKEN_KEY;
	skip_blanks(scan);
	if (char_at(scan, scan->at) != ':')
		return unexpected(scan, scan->at, err);
	scan->at++;
	scan->expected = EXPECT_VALUE;
	return STATUS_OK;
}

static enum status scan_value(struct json_scan *scan, struct json_piece *piece, struct error *err)
{
	char c = char_at(scan, scan->at);

	if (c == '{' || c == '[')
		return scan_begin(scan, piece, err);
	piece->token = c == '"' ? JSON_TOKEN_TEXT : JSON_TOKEN_OTHER;
	if ((c == '"' ? scan_text(scan, piece, err) : scan_other(scan, piece, err)) < 0)
		return err->status;
	expect_after_value(scan);
	return STATUS_OK;
}

static bool is_end(const struct json_scan *scan)
{
	return scan->depth > 0 && char_at(scan, scan->at) == (is_in_object(scan) ? '}' : ']') &&
		(scan->expected == EXPECT_COMMA_OR_END || scan->expected == EXPECT_KEY_OR_END ||
			scan->expected == EXPECT_VALUE_OR_END);
}

enum status json_scan_next(struct json_scan *scan, struct json_piece *piece, struct error *err)
{
	skip_blanks(scan);
	if (scan->expected == EXPECT_NOTHING)
		return scan->at == scan->len ? STATUS_END : unexpected(scan, scan->at, err);
	if (is_end(scan)) {
		scan_end(scan, piece);
		return STATUS_OK;
	}
	if (scan->expected == EXPECT_COMMA_OR_END) {
		if (char_at(scan, scan->at) != ',')
			return unexpected(scan, scan->at, err);
		scan->at++;
		skip_blanks(scan);
		scan->expected = is_in_object(scan) ? EXPECT_KEY : EXPECT_VALUE;
	}
	if (scan->expected == EXPECT_KEY || scan->expected == EXPECT_KEY_OR_END)
		return scan_key(scan, piece, err);
	return scan_value(scan, piece, err);
}
