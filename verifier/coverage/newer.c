/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/newer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/debversion.h"
#include "verifier/coverage/line_reader.h"

/* One stanza of the index. */
struct stanza {
	char *package, *version, *testsuite;
	bool is_extra; /* kept for others' sake (Extra-Source-Only) */
	size_t line;
};

static void stanza_clear(struct stanza *stanza)
{
	free(stanza->package);
	free(stanza->version);
	free(stanza->testsuite);
	*stanza = (struct stanza){0};
}

static void take_line(struct stanza *stanza, const char *line, size_t number)
{
	const struct {
		const char *name;
		char **to;
	} fields[] = {
		{"Package", &stanza->package},
		{"Version", &stanza->version},
		{"Testsuite", &stanza->testsuite},
	};
	const char *colon = strchr(line, ':');
	size_t len = colon ? (size_t)(colon - line) : 0;

	if (stanza->line == 0)
		stanza->line = number;
	if (len == 0 || *line == ' ' || *line == '\t')
		return;
	colon++;
	colon += strspn(colon, " \t");
	stanza->is_extra =
		stanza->is_extra || (len == 17 && strncasecmp(line, "Extra-Source-Only", len) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (strlen(fields[i].name) == len && strncasecmp(line, fields[i].name, len) == 0) {
			free(*fields[i].to);
			*fields[i].to = xstrdup(colon);
		}
}

static enum status stanza_finish(struct newer *newer, const struct data_file *file,
	const struct text_list *names, struct stanza *stanza, struct error *err)
{
	struct newer_source *source;
	size_t at;

	if (stanza->line == 0)
		return STATUS_OK;
	if (!stanza->package || !stanza->version)
		return error_set(err, STATUS_FORMAT,
			"%s:%zu: a stanza without Package or Version; this is no Sources index, "
			"and nothing of it is used",
			file->name, stanza->line);
	newer->stanzas++;
	if (stanza->is_extra || !stanza->testsuite || !text_list_find(names, stanza->package, &at))
		return STATUS_OK;
	source = &newer->sources[at];
	if (source->version && debversion_compare(stanza->version, source->version) <= 0)
		return STATUS_OK;
	free(source->version);
	free(source->testsuite);
	*source = (struct newer_source){.name = names->items[at],
		.version = stanza->version,
		.testsuite = stanza->testsuite,
		.line = stanza->line};
	stanza->version = stanza->testsuite = NULL;
	return STATUS_OK;
}

enum status newer_read(struct newer *newer, const struct data_file *file,
	const struct text_list *names, struct error *err)
{
	struct stanza stanza = {0};
	struct line_reader reader;
	enum status status = line_reader_open(&reader, file, err);
	const char *line;

	*newer = (struct newer){.file = xstrdup(file->name),
		.sha256 = file->sha256,
		.sources = xcalloc(names->count + 1, sizeof(newer->sources[0])),
		.count = names->count};
	for (size_t i = 0; i < names->count; i++)
		newer->sources[i].name = names->items[i];
	while (status == STATUS_OK &&
		(status = line_reader_next(&reader, &line, err)) == STATUS_OK) {
		if (*line) {
			take_line(&stanza, line, reader.number);
			continue;
		}
		status = stanza_finish(newer, file, names, &stanza, err);
		stanza_clear(&stanza);
	}
	if (status == STATUS_END)
		status = stanza_finish(newer, file, names, &stanza, err);
	if (status == STATUS_OK && newer->stanzas == 0)
		status = error_set(err, STATUS_FORMAT,
			"%s: no source package in it; this is no Sources index", file->name);
	stanza_clear(&stanza);
	line_reader_release(&reader);
	if (status < 0)
		newer_release(newer);
	return status;
}

static int compare_name(const void *key, const void *item)
{
	return strcmp(key, ((const struct newer_source *)item)->name);
}

const struct newer_source *newer_find(const struct newer *newer, const char *name)
{
	const struct newer_source *found = newer->count == 0
		? NULL
		: bsearch(name, newer->sources, newer->count, sizeof(newer->sources[0]),
			  compare_name);

	return found && found->version ? found : NULL;
}

void newer_release(struct newer *newer)
{
	for (size_t i = 0; i < newer->count; i++) {
		free(newer->sources[i].version);
		free(newer->sources[i].testsuite);
	}
	free(newer->sources);
	free(newer->file);
	*newer = (struct newer){0};
}
