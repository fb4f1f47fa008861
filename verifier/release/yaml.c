/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/release/yaml.h"

#include <inttypes.h>
#include <libfyaml.h>
#include <stdarg.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/escape.h"

#define DEPTH_MAX 16

static enum status error_at(const struct yaml *yaml, unsigned line, unsigned column,
	struct error *err, const char *text)
{
	return error_set(err, STATUS_USAGE, "%s:%u:%u: %s", yaml->name, line, column, text);
}

enum status yaml_error(const struct yaml *yaml, const struct yaml_node *node, struct error *err,
	const char *format, ...)
{
	struct buffer text = {0};
	va_list arguments;

	va_start(arguments, format);
	buffer_add_vformat(&text, format, arguments);
	va_end(arguments);
	error_at(yaml, node->line, node->column, err, buffer_text(&text));
	buffer_release(&text);
	return STATUS_USAGE;
}

/*
 * What is not seen in an editor could make a descriptor say something else than it shows: it is
 * refused anywhere, in comments as well.
 */
static enum status check_characters(
	const struct yaml *yaml, const char *data, size_t len, struct error *err)
{
	unsigned line = 1, column = 1;
	char text[80];

	for (size_t i = 0; i < len;) {
		uint32_t character = 0;
		size_t step = escape_utf8_length(data + i, len - i, &character);
		bool is_break = character == '\n' ||
			(character == '\r' && i + 1 < len && data[i + 1] == '\n');

		if (step == 0)
			return error_at(yaml, line, column, err, "this is not UTF-8");
		if (!is_break && character != '\t' && !escape_is_visible(character)) {
			snprintf(text, sizeof(text),
				"the invisible character U+%04" PRIX32 " is not allowed",
				character);
			return error_at(yaml, line, column, err, text);
		}
		column++;
		if (character == '\n') {
			line++;
			column = 1;
		}
		i += step;
	}
	return STATUS_OK;
}

static void node_free(struct yaml_node *node)
{
	if (!node)
		return;
	for (size_t i = 0; i < node->count; i++) {
		node_free(node->items[i]);
		if (node->keys)
			node_free(node->keys[i]);
	}
	free(node->items);
	free(node->keys);
	free(node->text);
	free(node);
}

/* The parser's events, taken one at a time, with the place of the last one. */
struct reader {
	const struct yaml *yaml;
	struct fy_diag *diag;
	struct fy_parser *parser;
	struct fy_event *event;
	unsigned line, column;
	unsigned depth;
};

static void discard(struct fy_diag *diag, void *user, const char *text, size_t len)
{
	(void)diag;
	(void)user;
	(void)text;
	(void)len;
}

/* The token whose place is the event's, NULL where the event has none. */
static struct fy_token *event_token(const struct fy_event *event)
{
	switch (event->type) {
	case FYET_SCALAR:
		return event->scalar.value;
	case FYET_ALIAS:
		return event->alias.anchor;
	case FYET_SEQUENCE_START:
		return event->sequence_start.sequence_start;
	case FYET_MAPPING_START:
		return event->mapping_start.mapping_start;
	case FYET_DOCUMENT_START:
		return event->document_start.document_start;
	default:
		return NULL;
	}
}

static void note_place(struct reader *reader, struct fy_token *token)
{
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;

	if (!mark)
		return;
	reader->line = (unsigned)mark->line + 1;
	reader->column = (unsigned)mark->column + 1;
}

static enum status refuse(struct reader *reader, struct error *err, const char *text)
{
	return error_at(reader->yaml, reader->line, reader->column, err, text);
}

/* What libfyaml has to say about a text that is no YAML. */
static enum status syntax_error(struct reader *reader, struct error *err)
{
	void *at = NULL;
	const struct fy_diag_error *found = fy_diag_errors_iterate(reader->diag, &at);

	if (!found || !found->msg)
		return refuse(reader, err, "this is not YAML");
	return error_at(reader->yaml, found->line > 0 ? (unsigned)found->line : 1,
		found->column > 0 ? (unsigned)found->column : 1, err, found->msg);
}

static enum status next_event(struct reader *reader, struct error *err)
{
	fy_parser_event_free(reader->parser, reader->event);
	reader->event = fy_parser_parse(reader->parser);
	if (!reader->event || fy_parser_get_stream_error(reader->parser))
		return syntax_error(reader, err);
	note_place(reader, event_token(reader->event));
	return STATUS_OK;
}

static enum status refuse_properties(
	struct reader *reader, struct fy_token *anchor, struct fy_token *tag, struct error *err)
{
	if (anchor) {
		note_place(reader, anchor);
		/* The token begins behind its "&". */
		reader->column -= reader->column > 1;
		return refuse(reader, err, "anchors are not allowed here");
	}
	if (tag) {
		note_place(reader, tag);
		return refuse(reader, err, "tags are not allowed here");
	}
	return STATUS_OK;
}

static struct yaml_node *node_new(const struct reader *reader, enum yaml_kind kind)
{
	struct yaml_node *node = xcalloc(1, sizeof(*node));

	node->kind = kind;
	node->line = reader->line;
	node->column = reader->column;
	return node;
}

static bool is_null(const char *text)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

static enum status read_scalar(struct reader *reader, struct yaml_node **node, struct error *err)
{
	const struct fy_event_scalar_data *scalar = &reader->event->scalar;
	enum fy_scalar_style style = fy_token_scalar_style(scalar->value);
	size_t len = 0;
	const char *text = scalar->value ? fy_token_get_text(scalar->value, &len) : "";

	if (!text)
		return refuse(reader, err, "this text cannot be read");
	/* The token begins behind its quote. */
	if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && reader->column > 1)
		reader->column--;
	if (memchr(text, '\0', len))
		return refuse(reader, err, "a NUL character is not allowed");
	*node = node_new(reader, YAML_TEXT);
	(*node)->is_plain = style == FYSS_PLAIN;
	(*node)->text = xstrndup(text, len);
	if ((*node)->is_plain && is_null((*node)->text))
		(*node)->kind = YAML_NULL;
	return STATUS_OK;
}

static enum status read_node(struct reader *reader, struct yaml_node **node, struct error *err);

static enum status read_list(struct reader *reader, struct yaml_node *list, struct error *err)
{
	enum status status;

	while ((status = next_event(reader, err)) == STATUS_OK &&
		reader->event->type != FYET_SEQUENCE_END) {
		ARRAY_GROW(list->items, list->count, list->item_capacity);
		status = read_node(reader, &list->items[list->count], err);
		if (status < 0)
			break;
		list->count++;
	}
	return status;
}

static enum status check_key(struct reader *reader, const struct yaml_node *map,
	const struct yaml_node *key, struct error *err)
{
	if (key->kind != YAML_TEXT)
		return yaml_error(reader->yaml, key, err, "a key must be a text");
	if (strcmp(key->text, "<<") == 0)
		return yaml_error(reader->yaml, key, err, "merges (<<) are not allowed here");
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->keys[i]->text, key->text) == 0)
			return yaml_error(reader->yaml, key, err,
				"the key \"%s\" stands here twice, first in line %u", key->text,
				map->keys[i]->line);
	return STATUS_OK;
}

static enum status read_map(struct reader *reader, struct yaml_node *map, struct error *err)
{
	enum status status;

	while ((status = next_event(reader, err)) == STATUS_OK &&
		reader->event->type != FYET_MAPPING_END) {
		struct yaml_node *key = NULL;
		struct yaml_node *value = NULL;

		status = read_node(reader, &key, err);
		if (status == STATUS_OK)
			status = check_key(reader, map, key, err);
		if (status == STATUS_OK)
			status = next_event(reader, err);
		if (status == STATUS_OK)
			status = read_node(reader, &value, err);
		if (status < 0) {
			node_free(key);
			return status;
		}
		ARRAY_GROW(map->keys, map->count, map->key_capacity);
		ARRAY_GROW(map->items, map->count, map->item_capacity);
		map->keys[map->count] = key;
		map->items[map->count++] = value;
	}
	return status;
}

static enum status read_container(
	struct reader *reader, enum yaml_kind kind, struct yaml_node **node, struct error *err)
{
	enum status status;

	if (reader->depth == DEPTH_MAX)
		return refuse(reader, err, "this is nested too deeply");
	*node = node_new(reader, kind);
	reader->depth++;
	status = kind == YAML_LIST ? read_list(reader, *node, err) : read_map(reader, *node, err);
	reader->depth--;
	if (status < 0) {
		node_free(*node);
		*node = NULL;
	}
	return status;
}

/* The node that the present event begins. On failure *node is NULL. */
static enum status read_node(struct reader *reader, struct yaml_node **node, struct error *err)
{
	const struct fy_event *event = reader->event;

	*node = NULL;
	switch (event->type) {
	case FYET_SCALAR:
		if (refuse_properties(reader, event->scalar.anchor, event->scalar.tag, err) < 0)
			return err->status;
		return read_scalar(reader, node, err);
	case FYET_SEQUENCE_START:
		if (refuse_properties(reader, event->sequence_start.anchor,
			    event->sequence_start.tag, err) < 0)
			return err->status;
		return read_container(reader, YAML_LIST, node, err);
	case FYET_MAPPING_START:
		if (refuse_properties(
			    reader, event->mapping_start.anchor, event->mapping_start.tag, err) < 0)
			return err->status;
		return read_container(reader, YAML_MAP, node, err);
	case FYET_ALIAS:
		/* The token begins behind its "*". */
		reader->column -= reader->column > 1;
		return refuse(reader, err, "aliases are not allowed here");
	default:
		return refuse(reader, err, "this is not YAML");
	}
}

static enum status read_stream(struct reader *reader, struct yaml_node **root, struct error *err)
{
	if (next_event(reader, err) < 0 || next_event(reader, err) < 0)
		return err->status;
	if (reader->event->type != FYET_DOCUMENT_START)
		return refuse(reader, err, "there is nothing in this file");
	struct fy_document_state *state = reader->event->document_start.document_state;
	if (fy_document_state_version_explicit(state) || fy_document_state_tags_explicit(state))
		return refuse(reader, err, "directives (%YAML, %TAG) are not allowed here");
	if (next_event(reader, err) < 0 || read_node(reader, root, err) < 0 ||
		next_event(reader, err) < 0 || next_event(reader, err) < 0)
		return err->status;
	if (reader->event->type != FYET_STREAM_END)
		return refuse(reader, err, "a second document is not allowed here");
	return STATUS_OK;
}

enum status yaml_parse(
	struct yaml *yaml, const char *name, const char *data, size_t len, struct error *err)
{
	struct reader reader = {.yaml = yaml, .line = 1, .column = 1};
	struct fy_diag_cfg diag_config;
	enum status status;

	*yaml = (struct yaml){.name = xstrdup(name)};
	if (check_characters(yaml, data, len, err) < 0)
		return err->status;
	/* Without an output function of our own libfyaml writes to stderr. */
	fy_diag_cfg_default(&diag_config);
	diag_config.fp = NULL;
	diag_config.output_fn = discard;
	reader.diag = fy_diag_create(&diag_config);
	struct fy_parse_cfg config = {
		.search_path = "",
		.flags = FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE | FYPCF_DISABLE_MMAP_OPT,
		.diag = reader.diag,
	};
	if (reader.diag) {
		fy_diag_set_collect_errors(reader.diag, true);
		reader.parser = fy_parser_create(&config);
	}
	if (!reader.parser || fy_parser_set_string(reader.parser, data, len) != 0)
		status = error_set(err, STATUS_IO, "%s: libfyaml cannot be used", name);
	else
		status = read_stream(&reader, &yaml->root, err);
	if (reader.parser)
		fy_parser_event_free(reader.parser, reader.event);
	fy_parser_destroy(reader.parser);
	fy_diag_destroy(reader.diag);
	return status;
}

void yaml_release(struct yaml *yaml)
{
	node_free(yaml->root);
	free(yaml->name);
	*yaml = (struct yaml){0};
}
