/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_RELEASE_YAML_H
#define VERIFIER_RELEASE_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/error.h"

/*
 * YAML 1.2 for configuration, read strictly (trust T17): one document, no directives, anchors,
 * aliases, merges or tags; keys are texts and stand once. Nothing is typed by how it looks: `1.8`,
 * `no` and `2026-07-11` are texts until the schema asks for something else.
 */

enum yaml_kind {
	YAML_NULL, /* nothing, or plain `null` or `~` */
	YAML_TEXT,
	YAML_LIST,
	YAML_MAP,
};

/* A value, and where it stands; lines and columns count from 1. */
struct yaml_node {
	enum yaml_kind kind;
	bool is_plain; /* a text without quotes */
	unsigned line, column;
	char *text;
	struct yaml_node **items; /* of a list; of a map its values */
	struct yaml_node **keys;  /* of a map, beside `items`; each a YAML_TEXT */
	size_t count, item_capacity, key_capacity;
};

struct yaml {
	char *name; /* of the file, for errors */
	struct yaml_node *root;
};

/* Everything that is refused is STATUS_USAGE, "NAME:LINE:COLUMN: …". */
enum status yaml_parse(
	struct yaml *yaml, const char *name, const char *data, size_t len, struct error *err);
void yaml_release(struct yaml *yaml);

/* Sets "NAME:LINE:COLUMN: …" and returns STATUS_USAGE. */
enum status yaml_error(const struct yaml *yaml, const struct yaml_node *node, struct error *err,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * Values of one type; anything else is an error that says what was found. A text is not empty, and
 * holds no control or other invisible character; it stays the node's.
 */
enum status yaml_text(const struct yaml *yaml, const struct yaml_node *node, const char **text,
	struct error *err);
/* As yaml_text(), but it may be "" in quotes. */
enum status yaml_text_or_empty(const struct yaml *yaml, const struct yaml_node *node,
	const char **text, struct error *err);
enum status yaml_bool(
	const struct yaml *yaml, const struct yaml_node *node, bool *value, struct error *err);
/* Decimal digits without quotes. */
enum status yaml_integer(const struct yaml *yaml, const struct yaml_node *node, int64_t least,
	int64_t most, int64_t *value, struct error *err);
enum status yaml_list(const struct yaml *yaml, const struct yaml_node *node, struct error *err);
enum status yaml_map(const struct yaml *yaml, const struct yaml_node *node, struct error *err);
/* A list of texts, not empty, none twice; they are copied to `list`. */
enum status yaml_texts(const struct yaml *yaml, const struct yaml_node *node,
	struct text_list *list, struct error *err);

/* The value of a key of a map, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* A key that a map may have. */
struct yaml_key {
	const char *name;
	bool is_required;
	enum status (*read)(void *context, const struct yaml *yaml, const struct yaml_node *value,
		struct error *err);
};

/*
 * Reads a map: calls what belongs to each of its keys, in the order of the table. A key that the
 * table does not have, and a required one that is absent, are errors; the former names the nearest.
 */
enum status yaml_read_map(const struct yaml *yaml, const struct yaml_node *node,
	const struct yaml_key *keys, size_t key_count, void *context, struct error *err);

/* The nearest of `words` when it is near enough to be meant, or NULL. */
const char *yaml_nearest(const char *word, const char *const *words, size_t count);

#endif
