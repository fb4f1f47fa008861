/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/api_metasnap.h"

#include <string.h>

#include "base/alloc.h"
#include "base/array.h"

#define NAME_CHARACTERS		"abcdefghijklmnopqrstuvwxyz0123456789+-."
#define ARCHITECTURE_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-"
#define VERSION_CHARACTERS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-:~"

static bool is_made_of(const char *text, const char *characters)
{
	return *text && text[strspn(text, characters)] == '\0';
}

/*
 * "name:arch=version" as "name arch version"; without ":arch" it is `arch`. The architecture is
 * told from the name by the first colon, and from the version, which may have some, by the sign.
 */
static bool package_parse(char *text, const char *arch, struct text_list *packages)
{
	char *version = strchr(text, '='), *colon;
	char *line;

	if (!version)
		return false;
	*version++ = '\0';
	colon = strchr(text, ':');
	if (colon)
		*colon++ = '\0';
	if (!is_made_of(text, NAME_CHARACTERS) ||
		!is_made_of(colon ? colon : arch, ARCHITECTURE_CHARACTERS) ||
		!is_made_of(version, VERSION_CHARACTERS))
		return false;
	line = xasprintf("%s %s %s", text, colon ? colon : arch, version);
	text_list_add(packages, line);
	free(line);
	return true;
}

static enum status packages_parse(
	const char *text, const char *arch, struct text_list *packages, struct error *err)
{
	char *copy = xstrdup(text), *rest = copy, *part;
	enum status status = STATUS_OK;

	while (status == STATUS_OK && (part = strsep(&rest, ",")) != NULL) {
		if (!*part)
			continue;
		if (packages->count == METASNAP_PACKAGES_MAX)
			status = error_set(err, STATUS_LIMIT,
				"more than %d packages in one question", METASNAP_PACKAGES_MAX);
		else if (!package_parse(part, arch, packages))
			status = error_set(err, STATUS_FORMAT,
				"pkgs has something that is not NAME:ARCH=VERSION");
	}
	free(copy);
	text_list_sort(packages);
	text_list_unique(packages);
	return status;
}

/* The lines of one package; *is_found when there is any. */
static enum status ranges_add(struct catalog *catalog, const char *archive, const char *package,
	struct buffer *answer, bool *is_found, struct error *err)
{
	char *copy = xstrdup(package), *rest = copy;
	const char *name = strsep(&rest, " "), *arch = strsep(&rest, " ");
	const char *const texts[] = {archive, arch, name, rest};
	sqlite3_stmt *row = catalog_ask(catalog, CATALOG_RANGES, texts, ARRAY_SIZE(texts), err);
	enum status status = row ? STATUS_OK : err->status;

	*is_found = false;
	while (status == STATUS_OK && (status = sql_step(&catalog->sql, row, err)) == STATUS_OK) {
		buffer_add_text(answer, package);
		for (int i = 0; i < sqlite3_column_count(row); i++)
			buffer_add_format(answer, " %s", sql_column_text(row, i));
		buffer_add_char(answer, '\n');
		*is_found = true;
	}
	if (row)
		sqlite3_reset(row);
	free(copy);
	return status < 0 ? status : STATUS_OK;
}

enum status metasnap_answer(struct catalog *catalog, const char *archive, const char *arch,
	const char *packages, struct buffer *answer, struct error *err)
{
	struct text_list wanted = {0};
	struct buffer unknown = {0};
	enum status status = packages_parse(packages, arch, &wanted, err);

	for (size_t i = 0; i < wanted.count && status == STATUS_OK; i++) {
		bool is_found;

		status = ranges_add(catalog, archive, wanted.items[i], answer, &is_found, err);
		if (status == STATUS_OK && !is_found)
			buffer_add_format(&unknown, "%s\n", wanted.items[i]);
	}
	if (status == STATUS_OK && unknown.len) {
		buffer_clear(answer);
		buffer_add(answer, unknown.data, unknown.len);
		status = error_set(err, STATUS_NOT_FOUND,
			"no pin of the archive %s has some of the packages", archive);
	}
	buffer_release(&unknown);
	text_list_release(&wanted);
	return status;
}
