/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/tool_root.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/deb822.h"
#include "base/path.h"

#define STATUS_SIZE_MAX ((size_t)256 * 1024 * 1024)

static void package_release(struct tool_package *package)
{
	free(package->name);
	free(package->version);
	free(package->architecture);
	*package = (struct tool_package){0};
}

/* "install ok installed": the third word is the state (dpkg's status file, deb822). */
static bool is_installed(const struct deb822_field *field)
{
	static const char state[] = " installed";
	size_t len = sizeof(state) - 1;

	return field->value_len >= len &&
		memcmp(field->value + field->value_len - len, state, len) == 0;
}

static enum status stanza_read(struct deb822 *reader, struct tool_root *root, struct error *err)
{
	struct tool_package package = {0};
	const struct {
		const char *name;
		char **text;
	} wanted[] = {
		{"Package", &package.name},
		{"Version", &package.version},
		{"Architecture", &package.architecture},
	};
	struct deb822_field field;
	bool installed = false;
	enum status status;

	while ((status = deb822_next(reader, &field, err)) == STATUS_OK) {
		if (deb822_is(&field, "Status"))
			installed = is_installed(&field);
		for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
			if (deb822_is(&field, wanted[i].name) && !*wanted[i].text)
				*wanted[i].text = deb822_text(&field);
	}
	if (status == STATUS_END)
		status = STATUS_OK;
	if (status == STATUS_OK && installed &&
		(!package.name || !package.version || !package.architecture))
		status = error_set(err, STATUS_FORMAT,
			"line %zu: a package without name, version or architecture", reader->line);
	if (status == STATUS_OK && installed) {
		ARRAY_GROW(root->packages, root->count, root->capacity);
		root->packages[root->count++] = package;
		return STATUS_OK;
	}
	package_release(&package);
	return status;
}

static int by_name(const void *a, const void *b)
{
	const struct tool_package *first = a, *second = b;
	int order = strcmp(first->name, second->name);

	return order ? order : strcmp(first->architecture, second->architecture);
}

enum status tool_root_read(const char *status_file, struct tool_root *root, struct error *err)
{
	struct deb822 reader;
	enum status status;
	char *data = NULL;
	size_t len = 0;

	status = path_read_file(status_file, STATUS_SIZE_MAX, &data, &len, err);
	if (status != STATUS_OK)
		return error_context(err, "tool root");
	hash_memory(data, len, &root->status);
	deb822_init(&reader, data, len);
	while (status == STATUS_OK && !deb822_at_end(&reader))
		status = stanza_read(&reader, root, err);
	if (status != STATUS_OK)
		error_context(err, "%s", status_file);
	if (root->count)
		qsort(root->packages, root->count, sizeof(root->packages[0]), by_name);
	free(data);
	return status;
}

void tool_root_release(struct tool_root *root)
{
	for (size_t i = 0; i < root->count; i++)
		package_release(&root->packages[i]);
	free(root->packages);
	*root = (struct tool_root){0};
}
