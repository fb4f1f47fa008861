/* SPDX-License-Identifier: Apache-2.0 */
#include "base/deb822.h"

#include <stdbool.h>
#include <strings.h>

#include "base/alloc.h"

/* The end of the line at `at`: its newline, or the end of the text. */
static const char *line_end(const struct deb822 *reader, const char *at)
{
	const char *newline =
		at < reader->end ? memchr(at, '\n', (size_t)(reader->end - at)) : NULL;

	return newline ? newline : reader->end;
}

static void go_to_next_line(struct deb822 *reader)
{
	const char *end = line_end(reader, reader->at);

	reader->at = end < reader->end ? end + 1 : end;
	reader->line++;
}

/* Debian policy 5.1: lines of blanks only part stanzas, too. */
static bool is_blank(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at == end;
}

static bool is_comment(const struct deb822 *reader)
{
	return reader->at < reader->end && *reader->at == '#';
}

static void skip_comments(struct deb822 *reader)
{
	while (is_comment(reader))
		go_to_next_line(reader);
}

/* To the beginning of the next stanza, or the end of the text. */
static void go_to_next_stanza(struct deb822 *reader)
{
	while (reader->at < reader->end &&
		(is_comment(reader) || is_blank(reader->at, line_end(reader, reader->at))))
		go_to_next_line(reader);
	reader->stanza = reader->at;
	reader->names = 0;
}

void deb822_init(struct deb822 *reader, const char *data, size_t len)
{
	*reader = (struct deb822){.at = data, .end = data + len, .line = 1};
	go_to_next_stanza(reader);
}

static bool is_name_character(char c)
{
	return c > ' ' && c < 0x7f && c != ':';
}

/* Goes over the continuation lines; `end` becomes the end of the last one. */
static enum status read_continuation(struct deb822 *reader, const char **end, struct error *err)
{
	while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t')) {
		const char *this_end = line_end(reader, reader->at);

		if (is_blank(reader->at, this_end))
			break;
		if (memchr(reader->at, '\0', (size_t)(this_end - reader->at)))
			return error_set(
				err, STATUS_FORMAT, "line %zu holds a NUL byte", reader->line);
		*end = this_end;
		go_to_next_line(reader);
	}
	return STATUS_OK;
}

/* True when the stanza had a field of this name before. */
static bool is_repeated(struct deb822 *reader, const struct deb822_field *field)
{
	unsigned sum = 0;

	for (size_t i = 0; i < field->name_len; i++)
		sum = sum * 31 + (unsigned char)(field->name[i] | 0x20);
	uint64_t bit = UINT64_C(1) << (sum % 64);
	bool maybe = reader->names & bit;
	reader->names |= bit;
	/* Few names share a bit, so the stanza is seldom read again. */
	for (const char *at = reader->stanza; maybe && at < field->name;
		at = line_end(reader, at) + 1)
		if (strncasecmp(at, field->name, field->name_len) == 0 &&
			at[field->name_len] == ':')
			return true;
	return false;
}

static enum status read_name(
	struct deb822 *reader, const char *end, struct deb822_field *field, struct error *err)
{
	const char *colon = reader->at;

	while (colon < end && is_name_character(*colon))
		colon++;
	if (colon == reader->at || colon == end || *colon != ':' || *reader->at == '-')
		return error_set(err, STATUS_FORMAT, "line %zu is no field", reader->line);
	if (memchr(colon, '\0', (size_t)(end - colon)))
		return error_set(err, STATUS_FORMAT, "line %zu holds a NUL byte", reader->line);
	field->name = reader->at;
	field->name_len = (size_t)(colon - reader->at);
	if (is_repeated(reader, field))
		return error_set(err, STATUS_FORMAT, "line %zu repeats the field %.*s",
			reader->line, (int)(field->name_len < 100 ? field->name_len : 100),
			field->name);
	return STATUS_OK;
}

enum status deb822_next(struct deb822 *reader, struct deb822_field *field, struct error *err)
{
	*field = (struct deb822_field){0};
	skip_comments(reader);
	if (reader->at == reader->end)
		return STATUS_END;
	const char *end = line_end(reader, reader->at);
	if (is_blank(reader->at, end)) {
		go_to_next_stanza(reader);
		return STATUS_END;
	}

	enum status status = read_name(reader, end, field, err);
	if (status != STATUS_OK)
		return status;
	const char *value = field->name + field->name_len + 1;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	go_to_next_line(reader);

	status = read_continuation(reader, &end, err);
	field->value = value;
	field->value_len = (size_t)(end - value);
	return status;
}

bool deb822_at_end(const struct deb822 *reader)
{
	return reader->at == reader->end;
}

bool deb822_is(const struct deb822_field *field, const char *name)
{
	return strlen(name) == field->name_len &&
		strncasecmp(field->name, name, field->name_len) == 0;
}

char *deb822_text(const struct deb822_field *field)
{
	size_t len = 0;

	while (len < field->value_len && field->value[len] != '\n')
		len++;
	while (len > 0 &&
		(field->value[len - 1] == ' ' || field->value[len - 1] == '\t' ||
			field->value[len - 1] == '\r'))
		len--;
	return xstrndup(field->value ? field->value : "", len);
}
