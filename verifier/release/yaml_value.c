/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/release/yaml.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/escape.h"

/* How far apart two words may be for one to be taken for the other. */
#define NEAR_DISTANCE 3
#define WORD_MAX      63

static const char *kind_name(enum yaml_kind kind)
{
	static const char *const names[] = {
		[YAML_NULL] = "nothing",
		[YAML_TEXT] = "a text",
		[YAML_LIST] = "a list",
		[YAML_MAP] = "a map",
	};

	return names[kind];
}

static enum status expect_kind(const struct yaml *yaml, const struct yaml_node *node,
	enum yaml_kind kind, struct error *err)
{
	if (node->kind == kind)
		return STATUS_OK;
	return yaml_error(yaml, node, err, "this must be %s, and is %s", kind_name(kind),
		kind_name(node->kind));
}

enum status yaml_text_or_empty(
	const struct yaml *yaml, const struct yaml_node *node, const char **text, struct error *err)
{
	if (expect_kind(yaml, node, YAML_TEXT, err) < 0)
		return err->status;
	/* Quotes can hold "\x1b", and a block holds newlines. */
	for (const char *at = node->text; *at;) {
		uint32_t character = 0;
		size_t step = escape_utf8_length(at, strlen(at), &character);

		if (step == 0)
			return yaml_error(yaml, node, err, "this text is not UTF-8");
		if (!escape_is_visible(character))
			return yaml_error(yaml, node, err,
				"this text holds the character U+%04" PRIX32
				", which is not allowed",
				character);
		at += step;
	}
	*text = node->text;
	return STATUS_OK;
}

enum status yaml_text(
	const struct yaml *yaml, const struct yaml_node *node, const char **text, struct error *err)
{
	if (yaml_text_or_empty(yaml, node, text, err) < 0)
		return err->status;
	if (!**text)
		return yaml_error(yaml, node, err, "this text must not be empty");
	return STATUS_OK;
}

enum status yaml_bool(
	const struct yaml *yaml, const struct yaml_node *node, bool *value, struct error *err)
{
	bool is_true = node->kind == YAML_TEXT && strcmp(node->text, "true") == 0;
	bool is_false = node->kind == YAML_TEXT && strcmp(node->text, "false") == 0;

	if (!node->is_plain || (!is_true && !is_false))
		return yaml_error(yaml, node, err, "this must be true or false");
	*value = is_true;
	return STATUS_OK;
}

enum status yaml_integer(const struct yaml *yaml, const struct yaml_node *node, int64_t least,
	int64_t most, int64_t *value, struct error *err)
{
	const char *text = node->kind == YAML_TEXT && node->is_plain ? node->text : "";
	size_t digits = strspn(text, "0123456789");
	bool fits = digits > 0 && digits < 19 && !text[digits] && (text[0] != '0' || digits == 1);

	*value = fits ? (int64_t)strtoll(text, NULL, 10) : 0;
	if (!fits || *value < least || *value > most)
		return yaml_error(yaml, node, err,
			"this must be a whole number from %" PRId64 " to %" PRId64, least, most);
	return STATUS_OK;
}

enum status yaml_list(const struct yaml *yaml, const struct yaml_node *node, struct error *err)
{
	return expect_kind(yaml, node, YAML_LIST, err);
}

enum status yaml_map(const struct yaml *yaml, const struct yaml_node *node, struct error *err)
{
	return expect_kind(yaml, node, YAML_MAP, err);
}

enum status yaml_texts(const struct yaml *yaml, const struct yaml_node *node,
	struct text_list *list, struct error *err)
{
	if (yaml_list(yaml, node, err) < 0)
		return err->status;
	if (node->count == 0)
		return yaml_error(yaml, node, err, "this list must not be empty");
	for (size_t i = 0; i < node->count; i++) {
		const char *text;

		if (yaml_text(yaml, node->items[i], &text, err) < 0)
			return err->status;
		if (text_list_contains(list, text))
			return yaml_error(
				yaml, node->items[i], err, "\"%s\" stands here twice", text);
		text_list_add(list, text);
	}
	return STATUS_OK;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map->kind == YAML_MAP && i < map->count; i++)
		if (strcmp(map->keys[i]->text, key) == 0)
			return map->items[i];
	return NULL;
}

static size_t least_of(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein's distance. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1];
	size_t len = strlen(b);

	if (strlen(a) > WORD_MAX || len > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < len; j++) {
			size_t above = row[j + 1];

			row[j + 1] = least_of(above + 1, row[j] + 1, diagonal + (a[i] != b[j]));
			diagonal = above;
		}
	}
	return row[len];
}

const char *yaml_nearest(const char *word, const char *const *words, size_t count)
{
	const char *nearest = NULL;
	size_t least = NEAR_DISTANCE + 1;

	for (size_t i = 0; i < count; i++) {
		size_t apart = distance(word, words[i]);

		/* Of a short word little may be left over. */
		if (apart < least && apart * 2 <= strlen(words[i])) {
			nearest = words[i];
			least = apart;
		}
	}
	return nearest;
}

static enum status unknown_key(const struct yaml *yaml, const struct yaml_node *key,
	const struct yaml_key *keys, size_t key_count, struct error *err)
{
	const char **words = xcalloc(key_count, sizeof(*words));

	for (size_t i = 0; i < key_count; i++)
		words[i] = keys[i].name;
	const char *nearest = yaml_nearest(key->text, words, key_count);
	if (nearest)
		yaml_error(yaml, key, err, "unknown key \"%s\"; did you mean \"%s\"?", key->text,
			nearest);
	else
		yaml_error(yaml, key, err, "unknown key \"%s\"", key->text);
	free(words);
	return err->status;
}

enum status yaml_read_map(const struct yaml *yaml, const struct yaml_node *node,
	const struct yaml_key *keys, size_t key_count, void *context, struct error *err)
{
	if (yaml_map(yaml, node, err) < 0)
		return err->status;
	for (size_t i = 0; i < node->count; i++) {
		size_t k = 0;

		while (k < key_count && strcmp(keys[k].name, node->keys[i]->text) != 0)
			k++;
		if (k == key_count)
			return unknown_key(yaml, node->keys[i], keys, key_count, err);
	}
	for (size_t k = 0; k < key_count; k++) {
		const struct yaml_node *value = yaml_get(node, keys[k].name);

		if (value && keys[k].read(context, yaml, value, err) < 0)
			return err->status;
		if (!value && keys[k].is_required)
			return yaml_error(
				yaml, node, err, "the key \"%s\" is missing here", keys[k].name);
	}
	return STATUS_OK;
}
