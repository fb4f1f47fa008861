/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/apt_sources.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/deb822.h"
#include "base/path.h"

#define FILE_LIMIT ((size_t)4 * 1024 * 1024)
#define BLANKS	   " \t\r\n"

static void apt_source_release(struct apt_source *source)
{
	text_list_release(&source->uris);
	text_list_release(&source->suites);
	text_list_release(&source->components);
	text_list_release(&source->architectures);
	free(source->signed_by);
	*source = (struct apt_source){0};
}

void apt_source_list_release(struct apt_source_list *sources)
{
	for (size_t i = 0; i < sources->count; i++)
		apt_source_release(&sources->items[i]);
	free(sources->items);
	*sources = (struct apt_source_list){0};
}

/* Takes the source over when it leads anywhere, and leaves it empty. */
static void list_add(struct apt_source_list *sources, struct apt_source *source)
{
	if (!source->is_binary && !source->is_source) {
		apt_source_release(source);
		return;
	}
	ARRAY_GROW(sources->items, sources->count, sources->capacity);
	sources->items[sources->count++] = *source;
	*source = (struct apt_source){0};
}

static void add_words(struct text_list *list, const char *text, size_t len, const char *separators)
{
	const char *end = text + len;

	while (text < end) {
		size_t skip = strspn(text, separators);
		size_t word;

		if (skip >= (size_t)(end - text))
			return;
		text += skip;
		word = strcspn(text, separators);
		if (word > (size_t)(end - text))
			word = (size_t)(end - text);
		text_list_addn(list, text, word);
		text += word;
	}
}

static void add_type(struct apt_source *source, const char *type)
{
	if (strcmp(type, "deb") == 0)
		source->is_binary = true;
	else if (strcmp(type, "deb-src") == 0)
		source->is_source = true;
}

/*
 * As apt takes a value that may be false (StringToBool of apt-pkg): these words, and zero however
 * strtol() reads it. Whatever else it says, it leaves the source in use.
 */
static bool is_false(const char *text)
{
	static const char *const words[] = {"no", "false", "without", "off", "disable"};
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(text, words[i]) == 0)
			return true;
	}
	return strtol(text, &end, 0) == 0 && end != text && *end == '\0';
}

/*
 * "arch=amd64,arm64 signed-by=/usr/share/keyrings/x.gpg": what stands between the brackets. That a
 * source is not enabled can be said in the other format alone: apt does not heed it here.
 */
static enum status read_options(
	struct apt_source *source, const char *text, size_t len, struct error *err)
{
	struct text_list words = {0};
	enum status status = STATUS_OK;

	add_words(&words, text, len, BLANKS);
	for (size_t i = 0; i < words.count && status == STATUS_OK; i++) {
		const char *value = strchr(words.items[i], '=');

		if (value == NULL) {
			status = error_set(err, STATUS_USAGE,
				"option \"%s\" has no value; write it as NAME=VALUE",
				words.items[i]);
			break;
		}
		value++;
		if (strncasecmp(words.items[i], "arch=", 5) == 0) {
			add_words(&source->architectures, value, strlen(value), ",");
		} else if (strncasecmp(words.items[i], "signed-by=", 10) == 0) {
			free(source->signed_by);
			source->signed_by = xstrdup(value);
		}
	}
	text_list_release(&words);
	return status;
}

/* "deb [OPTIONS] URI SUITE COMPONENT…", without its comment. */
static enum status read_line(struct apt_source_list *sources, char *line, struct error *err)
{
	struct apt_source source = {0};
	struct text_list words = {0};
	const char *at = line + strspn(line, BLANKS);
	size_t type_len = strcspn(at, BLANKS);
	char *type = xstrndup(at, type_len);
	enum status status = STATUS_OK;

	add_type(&source, type);
	if (!source.is_binary && !source.is_source) {
		status = error_set(err, STATUS_USAGE,
			"a line begins with \"%s\"; apt knows \"deb\" and \"deb-src\"", type);
		goto out;
	}
	at += type_len;
	at += strspn(at, BLANKS);
	if (*at == '[') {
		const char *end = strchr(at, ']');

		if (end == NULL) {
			status = error_set(err, STATUS_USAGE, "\"[\" without \"]\"");
			goto out;
		}
		status = read_options(&source, at + 1, (size_t)(end - at - 1), err);
		if (status != STATUS_OK)
			goto out;
		at = end + 1;
	}
	add_words(&words, at, strlen(at), BLANKS);
	if (words.count < 2) {
		status = error_set(
			err, STATUS_USAGE, "\"%s\" wants a URI and a suite behind it", type);
		goto out;
	}
	text_list_add(&source.uris, words.items[0]);
	text_list_add(&source.suites, words.items[1]);
	for (size_t i = 2; i < words.count; i++)
		text_list_add(&source.components, words.items[i]);
	list_add(sources, &source);
out:
	apt_source_release(&source);
	text_list_release(&words);
	free(type);
	return status;
}

static enum status read_one_line_file(
	struct apt_source_list *sources, char *data, const char *path, struct error *err)
{
	size_t number = 1;

	for (char *line = data; line != NULL; number++) {
		char *next = strchr(line, '\n');
		enum status status = STATUS_OK;

		if (next != NULL)
			*next++ = '\0';
		line[strcspn(line, "#")] = '\0';
		if (line[strspn(line, BLANKS)] != '\0')
			status = read_line(sources, line, err);
		if (status != STATUS_OK)
			return error_context(err, "%s:%zu", path, number);
		line = next;
	}
	return STATUS_OK;
}

/*
 * apt allows comments between the lines of one field, which deb822 elsewhere does not know: those
 * are dropped.
 */
static void drop_inner_comments(const char *data, struct buffer *out)
{
	for (const char *line = data; *line != '\0';) {
		size_t len = strcspn(line, "\n");
		const char *next = line + len + (line[len] == '\n');
		const char *behind = next;

		while (*behind == '#') {
			behind += strcspn(behind, "\n");
			behind += *behind == '\n';
		}
		if (*line != '#' || (*behind != ' ' && *behind != '\t'))
			buffer_add(out, line, (size_t)(next - line));
		line = next;
	}
}

static void read_field(
	struct apt_source *source, const struct deb822_field *field, bool *is_enabled)
{
	struct {
		const char *name;
		struct text_list *list;
	} const lists[] = {
		{"URIs", &source->uris},
		{"Suites", &source->suites},
		{"Components", &source->components},
		{"Architectures", &source->architectures},
	};
	struct text_list types = {0};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		if (deb822_is(field, lists[i].name))
			add_words(lists[i].list, field->value, field->value_len, BLANKS);
	}
	if (deb822_is(field, "Types")) {
		add_words(&types, field->value, field->value_len, BLANKS);
		for (size_t i = 0; i < types.count; i++)
			add_type(source, types.items[i]);
		text_list_release(&types);
	} else if (deb822_is(field, "Signed-By")) {
		free(source->signed_by);
		source->signed_by = xstrndup(field->value, field->value_len);
	} else if (deb822_is(field, "Enabled")) {
		char *value = deb822_text(field);

		*is_enabled = !is_false(value);
		free(value);
	}
}

static enum status read_stanza(
	struct apt_source_list *sources, struct deb822 *reader, struct error *err)
{
	struct apt_source source = {0};
	struct deb822_field field;
	bool is_enabled = true, is_empty = true;
	size_t line = reader->line;
	enum status status;

	while ((status = deb822_next(reader, &field, err)) == STATUS_OK) {
		is_empty = false;
		read_field(&source, &field, &is_enabled);
	}
	if (status == STATUS_END)
		status = STATUS_OK;
	else
		err->status = status = STATUS_USAGE;
	if (status == STATUS_OK && !is_empty && is_enabled) {
		if ((!source.is_binary && !source.is_source) || source.uris.count == 0 ||
			source.suites.count == 0)
			status = error_set(err, STATUS_USAGE,
				"the stanza at line %zu lacks Types, URIs or Suites", line);
		else
			list_add(sources, &source);
	}
	apt_source_release(&source);
	return status;
}

static enum status read_deb822_file(
	struct apt_source_list *sources, const char *data, const char *path, struct error *err)
{
	struct buffer text = {0};
	struct deb822 reader;
	enum status status = STATUS_OK;

	drop_inner_comments(data, &text);
	deb822_init(&reader, buffer_text(&text), text.len);
	while (status == STATUS_OK && !deb822_at_end(&reader))
		status = read_stanza(sources, &reader, err);
	buffer_release(&text);
	return status == STATUS_OK ? STATUS_OK : error_context(err, "%s", path);
}

static bool name_ends(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len > end_len && strcmp(name + len - end_len, end) == 0;
}

static enum status read_file(struct apt_source_list *sources, const char *path, struct error *err)
{
	char *data = NULL;
	size_t len = 0;
	enum status status = path_read_file(path, FILE_LIMIT, &data, &len, err);

	if (status == STATUS_NOT_FOUND)
		return STATUS_OK;
	if (status != STATUS_OK)
		return status;
	if (strlen(data) != len)
		status = error_set(err, STATUS_USAGE, "%s: holds a NUL byte", path);
	else if (name_ends(path, ".sources"))
		status = read_deb822_file(sources, data, path, err);
	else
		status = read_one_line_file(sources, data, path, err);
	free(data);
	return status;
}

/* apt passes over other names in silence: backups, files of editors, ".disabled". */
static bool is_source_name(const char *name)
{
	if (!name_ends(name, ".list") && !name_ends(name, ".sources"))
		return false;
	for (; *name != '\0'; name++) {
		if (!isalnum((unsigned char)*name) && strchr("_-.", *name) == NULL)
			return false;
	}
	return true;
}

static enum status list_directory(const char *path, struct text_list *names, struct error *err)
{
	struct text_list all = {0};
	enum status status =
		path_names(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path, &all, err);

	for (size_t i = 0; i < all.count; i++) {
		if (all.items[i][0] != '.' && is_source_name(all.items[i]))
			text_list_add(names, all.items[i]);
	}
	text_list_release(&all);
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status apt_source_list_read(
	struct apt_source_list *sources, const char *etc_apt, struct error *err)
{
	struct text_list names = {0};
	char *directory = path_join(etc_apt, "sources.list.d");
	char *path = path_join(etc_apt, "sources.list");
	enum status status;

	status = read_file(sources, path, err);
	if (status == STATUS_OK)
		status = list_directory(directory, &names, err);
	for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
		free(path);
		path = path_join(directory, names.items[i]);
		status = read_file(sources, path, err);
	}
	text_list_release(&names);
	free(path);
	free(directory);
	return status;
}
