/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "snapshot/relation.h"
#include "verifier/coverage/coverage_make.h"

/* A binary package of the table, and which row makes it. */
struct binary {
	char *name;
	size_t row;
};

struct counting {
	struct coverage *coverage;
	struct binary *binaries; /* by name */
	size_t count, capacity;
	bool *depends; /* row × row: the first depends on the second */
	size_t row;    /* whose packages are being read */
};

static int compare_binaries(const void *a, const void *b)
{
	const struct binary *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	return order ? order : (left->row > right->row) - (left->row < right->row);
}

static int compare_name(const void *key, const void *item)
{
	return strcmp(key, ((const struct binary *)item)->name);
}

static const struct binary *binary_find(const struct counting *counting, const char *name)
{
	return bsearch(name, counting->binaries, counting->count, sizeof(counting->binaries[0]),
		compare_name);
}

static void binary_add(struct counting *counting, const char *name, size_t len, size_t row)
{
	ARRAY_GROW(counting->binaries, counting->count, counting->capacity);
	counting->binaries[counting->count++] =
		(struct binary){.name = xstrndup(name, len), .row = row};
}

/* Those that the list names; of a row that names none, all that its source makes. */
static void binaries_list(struct counting *counting, const struct source_catalog *catalog)
{
	for (size_t i = 0; i < counting->coverage->count; i++) {
		const struct coverage_package *row = &counting->coverage->packages[i];
		struct pin_source source = {0};
		struct error ignored;

		for (size_t b = 0; b < row->binaries.count; b++)
			binary_add(counting, row->binaries.items[b],
				strcspn(row->binaries.items[b], " :"), i);
		if (row->binaries.count > 0 ||
			source_catalog_find(catalog, row->source, row->version, &source, &ignored) <
				0)
			continue;
		for (const char *at = source.binary; *at;) {
			size_t len = strcspn(at, ", \t");

			if (len)
				binary_add(counting, at, len, i);
			at += len;
			at += strspn(at, ", \t");
		}
		pin_source_release(&source);
	}
	if (counting->count > 1)
		qsort(counting->binaries, counting->count, sizeof(counting->binaries[0]),
			compare_binaries);
}

static void field_take(struct counting *counting, size_t row, const char *field)
{
	struct relation relation = {0};
	struct error ignored;

	if (relation_parse(field, strlen(field), &relation, &ignored) == STATUS_OK)
		for (size_t i = 0; i < relation.count; i++) {
			const struct binary *binary = binary_find(counting, relation.terms[i].name);

			if (binary && binary->row != row)
				counting->depends[row * counting->coverage->count + binary->row] =
					true;
		}
	relation_release(&relation);
}

/* "zlib1g 1:1.2.13 amd64": whether the list means the package of that version. */
static bool is_listed(const struct coverage_package *row, const char *name, const char *version)
{
	size_t len = strlen(name), version_len = strlen(version);

	for (size_t i = 0; i < row->binaries.count; i++) {
		const char *text = row->binaries.items[i];

		if (strncmp(text, name, len) == 0 && text[len] == ' ' &&
			strncmp(text + len + 1, version, version_len) == 0 &&
			(text[len + 1 + version_len] == ' ' || text[len + 1 + version_len] == '\0'))
			return true;
	}
	return row->binaries.count == 0;
}

/* The .deb that ships, when the package is made of the row's source in its version. */
static void binary_take(void *context, const struct catalog_binary *binary)
{
	struct counting *counting = context;
	struct coverage_package *row = &counting->coverage->packages[counting->row];

	if (!row->version || strcmp(binary->source, row->source) != 0 ||
		strcmp(binary->source_version, row->version) != 0 ||
		!is_listed(row, binary->name, binary->version))
		return;
	field_take(counting, counting->row, binary->depends);
	field_take(counting, counting->row, binary->pre_depends);
	/* Several suites may list the same file. */
	for (size_t i = 0; binary->sha256 && i < row->deb_count; i++)
		if (digest_equal(&row->debs[i].sha256, binary->sha256))
			return;
	if (!binary->sha256)
		return;
	ARRAY_GROW(row->debs, row->deb_count, row->deb_capacity);
	row->debs[row->deb_count++] =
		(struct shipped_deb){.name = xasprintf("%s %s", binary->name, binary->version),
			.sha256 = *binary->sha256};
}

void coverage_binaries_read(const struct source_catalog *catalog, struct coverage *coverage)
{
	struct counting counting = {.coverage = coverage};

	counting.depends = xcalloc(coverage->count * coverage->count + 1, sizeof(bool));
	binaries_list(&counting, catalog);
	for (size_t i = 0; i < counting.count; i++) {
		counting.row = counting.binaries[i].row;
		source_catalog_each_binary(
			catalog, counting.binaries[i].name, binary_take, &counting);
	}
	for (size_t from = 0; from < coverage->count; from++)
		for (size_t to = 0; to < coverage->count; to++)
			coverage->packages[to].dependents +=
				counting.depends[from * coverage->count + to];
	for (size_t i = 0; i < counting.count; i++)
		free(counting.binaries[i].name);
	free(counting.binaries);
	free(counting.depends);
}
