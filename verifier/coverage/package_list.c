/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/package_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/path.h"
#include "dbdiff/index_file.h"
#include "dbdiff/read_named.h"
#include "verifier/coverage/table.h"
#include "verifier/release/yaml.h"

#define TEXT_MAX   ((size_t)256 << 20) /* of a file that is text */
#define STATUS_MAX ((size_t)64 << 20)  /* of dpkg's status in an image */

/*
 * A list being read. Tables, YAML and images become lines that snapshot/manifest.h reads; where
 * the file has line numbers, a package stands in the line of that number.
 */
struct reading {
	const struct package_list_options *options;
	struct package_list *list;
	struct buffer lines;
	size_t line; /* that `lines` has so far */
	/* Of a table: where its columns are; `name` is SIZE_MAX until its head was seen. */
	size_t name, version;
	struct buffer columns; /* of the first row, for messages */
	bool has_rows;
};

/* ---- lines ---- */

/* A package of line `line` of the file, from 1; several of one line become several lines. */
static void line_add(struct reading *reading, size_t line, const char *text, size_t len,
	const char *version, size_t version_len)
{
	while (reading->line + 1 < line) {
		buffer_add_char(&reading->lines, '\n');
		reading->line++;
	}
	buffer_add(&reading->lines, text, len);
	if (version_len) {
		buffer_add_char(&reading->lines, '=');
		buffer_add(&reading->lines, version, version_len);
	}
	buffer_add_char(&reading->lines, '\n');
	reading->line++;
}

/* Without the blanks around it; a line break inside is none of a package's. */
static bool trim(const char **text, size_t *len)
{
	while (*len && strchr(" \t\r\n", (*text)[0])) {
		(*text)++;
		(*len)--;
	}
	while (*len && strchr(" \t\r\n", (*text)[*len - 1]))
		(*len)--;
	return *len && !memchr(*text, '\n', *len) && !memchr(*text, '\0', *len);
}

/* ---- tables ---- */

static const char *const name_columns[] = {
	"source package", "source", "binary package", "binary", "package", "package name", "name"};
static const char *const version_columns[] = {"version", "source version", "package version"};

static size_t column_find(const struct table_cell *cells, size_t count, const char *wanted,
	const char *const *usual, size_t usual_count)
{
	for (size_t i = 0; i < (wanted ? 1 : usual_count); i++) {
		const char *word = wanted ? wanted : usual[i];

		for (size_t j = 0; j < count; j++) {
			const char *text = cells[j].text;
			size_t len = cells[j].len;

			if (trim(&text, &len) && len == strlen(word) &&
				strncasecmp(text, word, len) == 0)
				return j;
		}
	}
	return SIZE_MAX;
}

static enum package_list_kind column_kind(const struct table_cell *cell)
{
	return strncasecmp(cell->text, "source", 6) == 0    ? LIST_OF_SOURCES
		: strncasecmp(cell->text, "binary", 6) == 0 ? LIST_OF_BINARIES
							    : LIST_OF_EITHER;
}

static void columns_note(struct reading *reading, const struct table_cell *cells, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (cells[i].len)
			buffer_add_format(&reading->columns, "%s%s",
				reading->columns.len ? ", " : "", cells[i].text);
	reading->has_rows = true;
}

/* Rows above the one with the column's name are headlines. */
static enum status row_take(
	void *context, size_t line, const struct table_cell *cells, size_t count, struct error *err)
{
	struct reading *reading = context;
	const struct package_list_options *options = reading->options;

	if (reading->name == SIZE_MAX) {
		if (!reading->has_rows)
			columns_note(reading, cells, count);
		reading->name = column_find(
			cells, count, options->column, name_columns, ARRAY_SIZE(name_columns));
		if (reading->name == SIZE_MAX)
			return STATUS_OK;
		reading->list->kind = column_kind(&cells[reading->name]);
		reading->version = column_find(cells, count, options->version_column,
			version_columns, ARRAY_SIZE(version_columns));
		if (reading->version == SIZE_MAX && options->version_column)
			return error_set(err, STATUS_NOT_FOUND,
				"line %zu: there is no column \"%s\" beside the names", line,
				options->version_column);
		return STATUS_OK;
	}
	if (reading->name >= count)
		return STATUS_OK;
	const char *name = cells[reading->name].text, *version = "";
	size_t len = cells[reading->name].len, version_len = 0;

	if (len == 0)
		return STATUS_OK;
	if (!trim(&name, &len))
		return error_set(err, STATUS_FORMAT, "line %zu: a name of several lines", line);
	if (reading->version < count) {
		version = cells[reading->version].text;
		version_len = cells[reading->version].len;
		if (version_len && !trim(&version, &version_len))
			return error_set(
				err, STATUS_FORMAT, "line %zu: a version of several lines", line);
	}
	line_add(reading, line, name, len, version, version_len);
	return STATUS_OK;
}

static enum status table_end(struct reading *reading, struct error *err)
{
	if (reading->name != SIZE_MAX)
		return STATUS_OK;
	return error_set(err, STATUS_NOT_FOUND,
		"it has no column \"%s\" (--column); its first row says: %.300s",
		reading->options->column ? reading->options->column : "package",
		reading->columns.len ? buffer_text(&reading->columns) : "nothing");
}

/* ---- YAML ---- */

static enum status text_take(struct reading *reading, const struct yaml *yaml,
	const struct yaml_node *node, struct error *err)
{
	const char *text;

	if (yaml_text(yaml, node, &text, err) < 0)
		return err->status;
	line_add(reading, node->line, text, strlen(text), "", 0);
	return STATUS_OK;
}

/* What stands under the key: a text, a list of texts, or a map by name. */
static enum status value_take(struct reading *reading, const struct yaml *yaml,
	const struct yaml_node *value, struct error *err)
{
	enum status status = STATUS_OK;

	reading->has_rows = true;
	if (value->kind == YAML_TEXT)
		return text_take(reading, yaml, value, err);
	if (value->kind == YAML_NULL)
		return STATUS_OK;
	for (size_t i = 0; i < value->count && status == STATUS_OK; i++)
		status = text_take(reading, yaml,
			value->kind == YAML_MAP ? value->keys[i] : value->items[i], err);
	return status;
}

static enum status yaml_walk(struct reading *reading, const struct yaml *yaml,
	const struct yaml_node *node, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < node->count && status == STATUS_OK; i++) {
		const char *key = node->kind == YAML_MAP ? node->keys[i]->text : NULL;

		status = key && reading->options->column &&
				strcmp(key, reading->options->column) == 0
			? value_take(reading, yaml, node->items[i], err)
			: yaml_walk(reading, yaml, node->items[i], err);
	}
	return status;
}

static enum status yaml_take(
	struct reading *reading, const char *data, size_t len, struct error *err)
{
	const char *path = reading->list->path;
	struct yaml yaml = {0};
	enum status status = yaml_parse(&yaml, path, data, len, err);

	if (status == STATUS_OK && !reading->options->column && yaml.root->kind == YAML_LIST)
		status = value_take(reading, &yaml, yaml.root, err);
	else if (status == STATUS_OK && !reading->options->column)
		status = error_set(err, STATUS_USAGE,
			"%s: say with --column under which key its packages stand", path);
	else if (status == STATUS_OK)
		status = yaml_walk(reading, &yaml, yaml.root, err);
	if (status == STATUS_OK && !reading->has_rows)
		status = error_set(err, STATUS_NOT_FOUND, "%s: no key \"%s\" stands in it", path,
			reading->options->column);
	yaml_release(&yaml);
	return status;
}

/* ---- images ---- */

#define INFO "var/lib/dpkg/info/"
#define LIST ".list"

/* What dpkg keeps of each installed package: var/lib/dpkg/info/NAME[:ARCHITECTURE].list */
static enum status path_take(void *context, const char *path, size_t len, struct error *err)
{
	struct reading *reading = context;
	size_t head = strlen(INFO), tail = strlen(LIST);

	(void)err;
	while (len && (*path == '/' || (len > 1 && path[0] == '.' && path[1] == '/'))) {
		len -= *path == '/' ? 1 : 2;
		path += *path == '/' ? 1 : 2;
	}
	if (len > head + tail && memcmp(path, INFO, head) == 0 &&
		memcmp(path + len - tail, LIST, tail) == 0 &&
		!memchr(path + head, '/', len - head) && !memchr(path, '\n', len))
		line_add(reading, 0, path + head, len - head - tail, "", 0);
	return STATUS_OK;
}

static enum status status_take(void *context, const void *data, size_t len, struct error *err)
{
	struct reading *reading = context;

	if (reading->has_rows)
		return error_set(
			err, STATUS_CONFLICT, "it holds two files var/lib/dpkg/status; name one");
	reading->has_rows = true;
	buffer_add(&reading->lines, data, len);
	return STATUS_OK;
}

static enum status index_take(struct reading *reading, int fd, struct error *err)
{
	return dbdiff_each_path(reading->list->path, fd, &limits_default, path_take, reading,
		&reading->list->is_whole, err);
}

static enum status image_take(struct reading *reading, int fd, struct error *err)
{
	struct named_request request = {.basename = "var/lib/dpkg/status",
		.size_most = STATUS_MAX,
		.count_most = 8,
		.take = status_take,
		.context = reading};
	struct digest digest;
	enum status status = dbdiff_read_named(reading->list->path, fd, &limits_default, &request,
		&digest, &reading->list->is_whole, err);

	if (status == STATUS_OK && !reading->has_rows)
		status = error_set(err, STATUS_FORMAT,
			"it is no package list, and no var/lib/dpkg/status was found in it");
	return status;
}

/* ---- */

static bool is_yaml(const char *path)
{
	return path_has_suffix(path, ".yaml") || path_has_suffix(path, ".yml");
}

static bool is_table(const struct reading *reading, const char *path)
{
	return path_has_suffix(path, ".csv") || path_has_suffix(path, ".tsv") ||
		(reading->options->column && !is_yaml(path));
}

/* Every form of list that is text begins with one; images and archives have a NUL byte early. */
static bool is_text(const char *head, size_t len)
{
	return len == 0 || !memchr(head, '\0', len);
}

static bool is_zip(const char *head, size_t len)
{
	return len >= 4 && memcmp(head, "PK\3\4", 4) == 0;
}

static enum status text_read(struct reading *reading, const char *path, struct error *err)
{
	char *data = NULL;
	size_t len = 0;
	enum status status = path_read_file(path, TEXT_MAX, &data, &len, err);

	if (status < 0)
		return status;
	hash_memory(data, len, &reading->list->digest);
	if (is_yaml(path)) {
		status = yaml_take(reading, data, len, err);
	} else if (is_table(reading, path)) {
		status = csv_read(data, len, row_take, reading, err);
		if (status == STATUS_OK)
			status = table_end(reading, err);
		if (status < 0)
			error_context(err, "%s", path);
	} else {
		status = manifest_parse(path, data, len, &reading->list->packages, err);
		free(data);
		return status;
	}
	free(data);
	return status < 0 ? status
			  : manifest_parse(path, buffer_text(&reading->lines), reading->lines.len,
				    &reading->list->packages, err);
}

static enum status binary_read(
	struct reading *reading, int fd, const char *head, size_t len, struct error *err)
{
	const char *path = reading->list->path;
	enum status status = hash_fd(fd, &reading->list->digest, NULL, err);

	if (status < 0)
		return error_context(err, "%s", path);
	if (is_zip(head, len)) {
		status = xlsx_read(path, fd, reading->options->sheet, row_take, reading, err);
		if (status == STATUS_OK)
			status = table_end(reading, err);
	} else if (index_file_is(fd)) {
		reading->list->kind = LIST_OF_BINARIES;
		reading->list->is_of_image = true;
		status = index_take(reading, fd, err);
	} else {
		reading->list->kind = LIST_OF_BINARIES;
		reading->list->is_of_image = true;
		status = image_take(reading, fd, err);
	}
	if (status < 0)
		return error_context(err, "%s", path);
	return manifest_parse(path, buffer_text(&reading->lines), reading->lines.len,
		&reading->list->packages, err);
}

enum status package_list_read(const char *path, const struct package_list_options *options,
	struct package_list *list, struct error *err)
{
	struct reading reading = {
		.options = options, .list = list, .name = SIZE_MAX, .version = SIZE_MAX};
	char head[512];
	ssize_t got = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum status status;

	*list = (struct package_list){.path = xstrdup(path), .is_whole = true};
	if (fd < 0)
		return error_set_errno(err, "cannot open the package list %s", path);
	while ((got = pread(fd, head, sizeof(head), 0)) < 0 && errno == EINTR) {
	}
	if (got < 0)
		status = error_set_errno(err, "cannot read the package list %s", path);
	else if (is_text(head, (size_t)got) && !index_file_is(fd) && !is_zip(head, (size_t)got))
		status = text_read(&reading, path, err);
	else
		status = binary_read(&reading, fd, head, (size_t)got, err);
	/* Only manifests and dpkg's status say of which source a package is. */
	for (size_t i = 0; status == STATUS_OK && i < list->packages.count; i++)
		list->is_of_image = list->is_of_image || list->packages.items[i].source;
	buffer_release(&reading.lines);
	buffer_release(&reading.columns);
	close(fd);
	return status;
}

/* By name, or, of a list that may be of sources, the first package that is made of that source. */
static const struct manifest_package *image_find(
	const struct package_list *image, const char *name, bool *is_source)
{
	const struct manifest_package *by_source = NULL;

	for (size_t i = 0; i < image->packages.count; i++) {
		const struct manifest_package *package = &image->packages.items[i];

		*is_source = false;
		if (strcmp(package->name, name) == 0)
			return package;
		if (!by_source && package->source && strcmp(package->source, name) == 0)
			by_source = package;
	}
	*is_source = true;
	return by_source;
}

bool package_list_has(const struct package_list *list, const char *name)
{
	bool is_source;

	return image_find(list, name, &is_source) != NULL;
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static void note(struct package_list *list, const struct manifest_package *package,
	const struct package_list *image, const char *version)
{
	char *text = version ? xasprintf("%s is %s in %s, and %s in the image %s", package->name,
				       package->version, list->path, version, image->path)
			     : xasprintf("%s is in %s, and not in the image %s", package->name,
				       list->path, image->path);

	text_list_add(&list->packages.notes, text);
	free(text);
}

/* The image may have several versions of it. */
static bool image_has_version(
	const struct package_list *image, const struct manifest_package *package)
{
	for (size_t i = 0; i < image->packages.count; i++) {
		const struct manifest_package *item = &image->packages.items[i];

		if ((strcmp(item->name, package->name) == 0 && item->version &&
			    strcmp(item->version, package->version) == 0) ||
			(item->source && strcmp(item->source, package->name) == 0 &&
				item->source_version &&
				strcmp(item->source_version, package->version) == 0))
			return true;
	}
	return false;
}

void package_list_take_versions(struct package_list *list, const struct package_list *image)
{
	for (size_t i = 0; i < list->packages.count; i++) {
		struct manifest_package *package = &list->packages.items[i];
		bool is_source;
		const struct manifest_package *found = image_find(image, package->name, &is_source);
		const char *version = !found		     ? NULL
			: is_source && found->source_version ? found->source_version
							     : found->version;

		if (!found) {
			note(list, package, image, NULL);
			continue;
		}
		if (package->version) {
			if (version && !image_has_version(image, package)) {
				note(list, package, image, version);
				list->contradicted++;
			}
			continue;
		}
		package->version = copy(version);
		if (!is_source && !package->source) {
			package->source = copy(found->source);
			package->source_version = copy(found->source_version);
			if (!package->architecture)
				package->architecture = copy(found->architecture);
		}
	}
}

void package_list_release(struct package_list *list)
{
	manifest_release(&list->packages);
	free(list->path);
	*list = (struct package_list){0};
}
