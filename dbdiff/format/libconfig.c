/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/libconfig.h"

#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/number.h"

struct parser {
	const char *text;
	size_t len, at;
	unsigned depth;
	unsigned groups; /* around what is read */
	struct buffer path;
	struct buffer value;
	struct text_list names; /* of the groups that are open, one after another */
	void (*take)(void *context, const struct setting *setting);
	void *context;
	struct error *err;
};

static unsigned line_of(const struct parser *parser)
{
	unsigned line = 1;

	for (size_t i = 0; i < parser->at && i < parser->len; i++)
		line += parser->text[i] == '\n';
	return line;
}

static enum status refuse(struct parser *parser, const char *what)
{
	return error_set(parser->err, STATUS_FORMAT, "line %u: %s", line_of(parser), what);
}

static int here(const struct parser *parser)
{
	return parser->at < parser->len ? (unsigned char)parser->text[parser->at] : -1;
}

static bool starts(const struct parser *parser, const char *text)
{
	size_t len = strlen(text);

	return parser->len - parser->at >= len && memcmp(parser->text + parser->at, text, len) == 0;
}

static bool is_space(int c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void skip_line(struct parser *parser)
{
	while (here(parser) >= 0 && here(parser) != '\n')
		parser->at++;
}

/* What is nothing: white space and comments. */
static enum status skip_space(struct parser *parser)
{
	for (;;) {
		if (is_space(here(parser))) {
			parser->at++;
		} else if (here(parser) == '#' || starts(parser, "//")) {
			skip_line(parser);
		} else if (starts(parser, "/*")) {
			const char *end = memmem(parser->text + parser->at + 2,
				parser->len - parser->at - 2, "*/", 2);

			if (end == NULL)
				return refuse(parser, "a comment without an end");
			parser->at = (size_t)(end - parser->text) + 2;
		} else {
			return STATUS_OK;
		}
	}
}

/* Says what would have been opened; the text is hostile and goes into an error as it is. */
static enum status refuse_include(struct parser *parser)
{
	size_t start = parser->at, end;

	skip_line(parser);
	end = parser->at;
	parser->at = start;
	if (end - start > 200)
		end = start + 200;
	return error_set(parser->err, STATUS_UNSUPPORTED, "line %u: not followed: %.*s",
		line_of(parser), (int)(end - start), parser->text + start);
}

static bool is_word(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_' || c == '-';
}

static void add_escape(struct parser *parser)
{
	static const char letters[] = "nrtf\\\"", meant[] = "\n\r\t\f\\\"";
	int c = here(parser);
	const char *letter = c > 0 ? strchr(letters, c) : NULL;

	if (letter != NULL) {
		buffer_add_char(&parser->value, meant[letter - letters]);
		parser->at++;
	} else if (c == 'x' && parser->len - parser->at > 2 &&
		hex_value(parser->text[parser->at + 1]) >= 0 &&
		hex_value(parser->text[parser->at + 2]) >= 0) {
		buffer_add_char(&parser->value,
			(char)(hex_value(parser->text[parser->at + 1]) << 4 |
				hex_value(parser->text[parser->at + 2])));
		parser->at += 3;
	} else {
		buffer_add_char(&parser->value, '\\');
	}
}

/* One "…", added to what is there. */
static enum status read_literal(struct parser *parser, bool *is_verbatim)
{
	for (parser->at++;;) {
		int c = here(parser);

		if (c < 0)
			return refuse(parser, "a text without an end");
		parser->at++;
		if (c == '"')
			return STATUS_OK;
		if (c == '\\') {
			*is_verbatim = false;
			add_escape(parser);
		} else {
			buffer_add_char(&parser->value, (char)c);
		}
	}
}

/* Texts that follow each other are one. */
static enum status read_string(struct parser *parser, struct setting *setting)
{
	enum status status;
	size_t end;

	setting->kind = SETTING_STRING;
	setting->offset = parser->at + 1;
	setting->is_verbatim = true;
	do {
		status = read_literal(parser, &setting->is_verbatim);
		end = parser->at;
		setting->offset_len = end - 1 - setting->offset;
		if (status == STATUS_OK)
			status = skip_space(parser);
		if (here(parser) == '"')
			setting->is_verbatim = false;
	} while (status == STATUS_OK && here(parser) == '"');
	setting->end = end;
	return status;
}

static enum status read_word(struct parser *parser, struct setting *setting)
{
	int first = here(parser);

	setting->kind = SETTING_WORD;
	setting->offset = parser->at;
	setting->is_verbatim = true;
	while (is_word(here(parser)) || here(parser) == '.' || here(parser) == '+')
		parser->at++;
	setting->offset_len = parser->at - setting->offset;
	setting->end = parser->at;
	buffer_add(&parser->value, parser->text + setting->offset, setting->offset_len);
	if (strcasecmp(buffer_text(&parser->value), "true") == 0 ||
		strcasecmp(buffer_text(&parser->value), "false") == 0)
		return STATUS_OK;
	if (setting->offset_len == 0 || strchr("0123456789+-.", first) == NULL)
		return refuse(parser, "no value");
	return STATUS_OK;
}

static enum status read_value(struct parser *parser, struct setting *setting);
static enum status read_settings(struct parser *parser, int end);

/* What ends a setting; it may be left out. */
static enum status read_end(struct parser *parser, struct setting *setting)
{
	enum status status = skip_space(parser);

	if (status == STATUS_OK && (here(parser) == ';' || here(parser) == ',')) {
		parser->at++;
		setting->end = parser->at;
	}
	return status;
}

static void take(struct parser *parser, struct setting *setting, size_t name)
{
	setting->path = buffer_text(&parser->path);
	setting->name = setting->path + name;
	setting->depth = parser->groups;
	setting->value = buffer_text(&parser->value);
	setting->value_len = parser->value.len;
	parser->take(parser->context, setting);
}

static enum status check_path(const struct parser *parser)
{
	if (parser->path.len <= LIBCONFIG_PATH_MAX)
		return STATUS_OK;
	return error_set(parser->err, STATUS_LIMIT, "line %u: a path of more than %d bytes",
		line_of(parser), LIBCONFIG_PATH_MAX);
}

/* One of ( … ) or [ … ], with the comma behind it; its path is that of the whole and its number. */
static enum status read_element(struct parser *parser, int end, unsigned number)
{
	size_t path_len = parser->path.len;
	struct setting setting = {.start = parser->at};
	enum status status;

	buffer_add_format(&parser->path, "%s[%u]", path_len > 0 ? "." : "", number);
	status = check_path(parser);
	if (status == STATUS_OK)
		status = read_value(parser, &setting);
	if (status == STATUS_OK)
		status = skip_space(parser);
	if (status == STATUS_OK && here(parser) == ',')
		setting.end = ++parser->at;
	else if (status == STATUS_OK && here(parser) != end)
		status = refuse(parser, "no comma between elements");
	if (status == STATUS_OK && setting.kind < SETTING_GROUP)
		take(parser, &setting, path_len > 0 ? path_len + 1 : 0);
	buffer_truncate(&parser->path, path_len);
	return status;
}

static enum status read_elements(struct parser *parser, int end)
{
	enum status status = skip_space(parser);

	for (unsigned number = 0; status == STATUS_OK && here(parser) != end; number++) {
		status = read_element(parser, end, number);
		if (status == STATUS_OK)
			status = skip_space(parser);
	}
	if (status == STATUS_OK)
		parser->at++;
	return status;
}

static enum status read_group(struct parser *parser)
{
	struct setting setting = {.kind = SETTING_GROUP, .start = parser->at};
	enum status status;

	take(parser, &setting, 0);
	parser->groups++;
	status = read_settings(parser, '}');
	parser->groups--;
	setting = (struct setting){.kind = SETTING_END, .start = parser->at, .end = parser->at};
	if (status == STATUS_OK)
		take(parser, &setting, 0);
	return status;
}

static enum status read_value(struct parser *parser, struct setting *setting)
{
	enum status status;
	int c = here(parser);

	buffer_clear(&parser->value);
	setting->kind = SETTING_GROUP;
	if (c == '"')
		return read_string(parser, setting);
	if (c != '{' && c != '(' && c != '[')
		return read_word(parser, setting);
	if (parser->depth >= LIBCONFIG_DEPTH_MAX)
		return error_set(parser->err, STATUS_LIMIT,
			"line %u: more than %d groups inside each other", line_of(parser),
			LIBCONFIG_DEPTH_MAX);
	parser->depth++;
	parser->at++;
	if (c == '{')
		status = read_group(parser);
	else
		status = read_elements(parser, c == '(' ? ')' : ']');
	parser->depth--;
	setting->end = parser->at;
	return status;
}

static enum status read_setting(struct parser *parser, size_t first_name)
{
	struct setting setting = {.start = parser->at};
	size_t path_len = parser->path.len;
	size_t name = path_len > 0 ? path_len + 1 : 0;
	enum status status;

	while (is_word(here(parser)) || here(parser) == '*')
		parser->at++;
	if (parser->at == setting.start || parser->text[setting.start] == '-' ||
		(parser->text[setting.start] >= '0' && parser->text[setting.start] <= '9'))
		return refuse(parser, "no name of a setting");
	if (path_len > 0)
		buffer_add_char(&parser->path, '.');
	buffer_add(&parser->path, parser->text + setting.start, parser->at - setting.start);
	if (check_path(parser) < 0)
		return parser->err->status;
	for (size_t i = first_name; i < parser->names.count; i++) {
		if (strcmp(parser->names.items[i], parser->path.data + name) == 0)
			return refuse(parser, "a name for the second time");
	}
	if (parser->names.count - first_name > 1000)
		return error_set(parser->err, STATUS_LIMIT, "line %u: too many settings in a group",
			line_of(parser));
	text_list_add(&parser->names, parser->path.data + name);
	status = skip_space(parser);
	if (status != STATUS_OK)
		return status;
	if (here(parser) != '=' && here(parser) != ':')
		return refuse(parser, "no = behind a name");
	parser->at++;
	status = skip_space(parser);
	if (status == STATUS_OK)
		status = read_value(parser, &setting);
	if (status == STATUS_OK)
		status = read_end(parser, &setting);
	if (status == STATUS_OK && setting.kind < SETTING_GROUP)
		take(parser, &setting, name);
	buffer_truncate(&parser->path, path_len);
	return status;
}

/* Settings up to `end`: a brace, or -1 for the end of the text. */
static enum status read_settings(struct parser *parser, int end)
{
	size_t first_name = parser->names.count;
	enum status status = skip_space(parser);

	while (status == STATUS_OK && here(parser) != end) {
		if (here(parser) == '@')
			return refuse_include(parser);
		status = here(parser) < 0 ? refuse(parser, "a group without an end")
					  : read_setting(parser, first_name);
		if (status == STATUS_OK)
			status = skip_space(parser);
	}
	if (status == STATUS_OK && end >= 0)
		parser->at++;
	while (parser->names.count > first_name)
		free(parser->names.items[--parser->names.count]);
	return status;
}

enum status libconfig_parse(const char *text, size_t len,
	void (*taker)(void *context, const struct setting *setting), void *context,
	struct error *err)
{
	struct parser parser = {
		.text = text, .len = len, .take = taker, .context = context, .err = err};
	enum status status;

	if (len > LIBCONFIG_BYTES_MAX)
		return error_set(err, STATUS_LIMIT, "more than %zu bytes", LIBCONFIG_BYTES_MAX);
	status = read_settings(&parser, -1);
	buffer_release(&parser.path);
	buffer_release(&parser.value);
	text_list_release(&parser.names);
	return status;
}
