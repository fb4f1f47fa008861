/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/device.h"
#include "verifier/release/yaml.h"

#define MAP_MAX ((size_t)4 << 20)

static enum status read_format(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	const char *text;
	enum status status = yaml_text(yaml, value, &text, err);

	(void)context;
	if (status == STATUS_OK && strcmp(text, "reproof-device-map-1") != 0)
		status = yaml_error(yaml, value, err,
			"\"%s\" is not known; this version reads reproof-device-map-1", text);
	return status;
}

static enum status read_cases(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct device_map *map = context;
	enum status status = yaml_map(yaml, value, err);

	if (status == STATUS_OK && value->count == 0)
		status = yaml_error(yaml, value, err, "no case is mapped");
	if (status == STATUS_OK && value->count > DEVICE_ROWS_MAX)
		status = yaml_error(
			yaml, value, err, "more than %zu rows; use * for many", DEVICE_ROWS_MAX);
	for (size_t i = 0; status == STATUS_OK && i < value->count; i++) {
		const char *name = value->keys[i]->text;
		size_t len = strlen(name);
		struct device_map_row *row;

		if (len == 0 || strcmp(name, "*") == 0)
			return yaml_error(yaml, value->keys[i], err,
				"name a case, or the beginning of some with * behind it");
		ARRAY_GROW(map->rows, map->count, map->capacity);
		row = &map->rows[map->count++];
		*row = (struct device_map_row){
			.is_prefix = name[len - 1] == '*', .line = value->keys[i]->line};
		row->name = xstrndup(name, len - row->is_prefix);
		status = yaml_texts(yaml, value->items[i], &row->sources, err);
	}
	return status;
}

static const struct yaml_key keys[] = {
	{"format", true, read_format},
	{"cases", true, read_cases},
};

enum status device_map_read(struct device_map *map, const struct data_file *file, struct error *err)
{
	struct buffer text = {0};
	struct yaml yaml = {0};
	enum status status = data_content_all(file, MAP_MAX, &text, err);

	*map = (struct device_map){.name = xstrdup(file->name), .sha256 = file->sha256};
	if (status == STATUS_OK)
		status = yaml_parse(&yaml, file->name, buffer_text(&text), text.len, err);
	if (status == STATUS_OK)
		status = yaml_read_map(&yaml, yaml.root, keys, ARRAY_SIZE(keys), map, err);
	yaml_release(&yaml);
	buffer_release(&text);
	if (status < 0)
		device_map_release(map);
	return status;
}

void device_map_release(struct device_map *map)
{
	for (size_t i = 0; i < map->count; i++) {
		free(map->rows[i].name);
		text_list_release(&map->rows[i].sources);
	}
	free(map->rows);
	free(map->name);
	*map = (struct device_map){0};
}

static bool row_has(const struct device_map_row *row, const char *name)
{
	return row->is_prefix ? strncmp(name, row->name, strlen(row->name)) == 0
			      : strcmp(name, row->name) == 0;
}

static const struct device_map_row *row_of(
	const struct device_map *map, const char *name, const char *source)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct device_map_row *row = &map->rows[i];

		if (row_has(row, name) && (!source || text_list_contains(&row->sources, source)))
			return row;
	}
	return NULL;
}

static bool is_mapped(const struct device_map *map, const char *source)
{
	for (size_t i = 0; i < map->count; i++)
		if (text_list_contains(&map->rows[i].sources, source))
			return true;
	return false;
}

struct device_count device_look_up(const struct device_results *results,
	const struct device_map *map, const char *source, struct claim_list *claims)
{
	static const char *const words[] = {"passed", "skipped", "failed"};
	struct device_count count = {0};

	if (!is_mapped(map, source))
		return count;
	for (size_t i = 0; i < results->case_count; i++) {
		const struct device_case *item = &results->cases[i];
		const struct device_file *file = &results->files[item->file];
		const struct device_map_row *row = row_of(map, item->name, source);

		if (!row)
			continue;
		claim_add(claims, &file->sha256, file->name, item->line,
			"on a device, %s%s%s %s; that it tests %s is said by %s:%zu",
			item->suite && *item->suite ? item->suite : "",
			item->suite && *item->suite ? "/" : "", item->name, words[item->result],
			source, map->name, row->line);
		if (item->is_outweighed)
			continue;
		count.passed += item->result == DEVICE_PASS;
		count.skipped += item->result == DEVICE_SKIP;
		count.failed += item->result == DEVICE_FAIL;
	}
	return count;
}

void device_loose_ends(const struct device_results *results, const struct device_map *map,
	struct text_list *sentences)
{
	for (size_t i = 0; i < results->case_count; i++) {
		const struct device_case *item = &results->cases[i];
		char *text;

		if (row_of(map, item->name, NULL))
			continue;
		text = xasprintf("%s:%zu: %s is mapped to no package by %s",
			results->files[item->file].name, item->line, item->name, map->name);
		text_list_add(sentences, text);
		free(text);
	}
	for (size_t i = 0; i < map->count; i++) {
		const struct device_map_row *row = &map->rows[i];
		bool is_used = false;
		char *text;

		for (size_t k = 0; k < results->case_count && !is_used; k++)
			is_used = row_has(row, results->cases[k].name);
		if (is_used)
			continue;
		text = xasprintf("%s:%zu: %s%s has no result in any file given", map->name,
			row->line, row->name, row->is_prefix ? "*" : "");
		text_list_add(sentences, text);
		free(text);
	}
}
