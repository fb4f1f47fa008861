/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
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

/* The first row depends on the second. */
struct dependence {
	size_t from, to;
};

struct counting {
	struct coverage *coverage;
	struct binary *binaries; /* by name */
	size_t count, capacity;
	struct dependence *depends;
	size_t depend_count, depend_capacity;
	size_t row; /* whose packages are being read */
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

		for (size_t b = 0; b < row->binary_count; b++)
			binary_add(
				counting, row->binaries[b].name, strlen(row->binaries[b].name), i);
		if (row->binary_count > 0 ||
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

			if (!binary || binary->row == row)
				continue;
			ARRAY_GROW(counting->depends, counting->depend_count,
				counting->depend_capacity);
			counting->depends[counting->depend_count++] =
				(struct dependence){row, binary->row};
		}
	relation_release(&relation);
}

/* Whether the list means the package of that version. */
static bool is_listed(const struct coverage_package *row, const char *name, const char *version)
{
	for (size_t i = 0; i < row->binary_count; i++)
		if (strcmp(row->binaries[i].name, name) == 0 && row->binaries[i].version &&
			strcmp(row->binaries[i].version, version) == 0)
			return true;
	return row->binary_count == 0;
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
	row->debs[row->deb_count++] = (struct shipped_deb){.name = xstrdup(binary->name),
		.version = xstrdup(binary->version),
		.sha256 = *binary->sha256};
}

static int compare_dependences(const void *a, const void *b)
{
	const struct dependence *left = a, *right = b;

	if (left->to != right->to)
		return left->to < right->to ? -1 : 1;
	return (left->from > right->from) - (left->from < right->from);
}

/* Those of one row, which stand one after another: how many, and which, as a claim. */
static size_t dependents_take(struct counting *counting, size_t first)
{
	struct coverage *coverage = counting->coverage;
	const struct dependence *depends = counting->depends;
	struct coverage_package *row = &coverage->packages[depends[first].to];
	struct buffer names = {0};
	size_t at;

	for (at = first; at < counting->depend_count && depends[at].to == depends[first].to; at++) {
		if (at > first && depends[at].from == depends[at - 1].from)
			continue;
		buffer_add_format(&names, "%s%s", row->dependents++ ? ", " : "",
			coverage->packages[depends[at].from].source);
	}
	claim_add(&row->claims, NULL, coverage->pins, 0,
		"as the Packages of the pins say, so many of the list need it: %" PRIu64 " (%s)",
		row->dependents, buffer_text(&names));
	buffer_release(&names);
	return at;
}

static void dependents_count(struct counting *counting)
{
	if (counting->depend_count > 1)
		qsort(counting->depends, counting->depend_count, sizeof(counting->depends[0]),
			compare_dependences);
	for (size_t i = 0; i < counting->coverage->count; i++)
		counting->coverage->packages[i].has_dependents = true;
	for (size_t i = 0; i < counting->depend_count;)
		i = dependents_take(counting, i);
}

void coverage_binaries_read(
	const struct source_catalog *catalog, bool is_part, struct coverage *coverage)
{
	struct counting counting = {.coverage = coverage};

	binaries_list(&counting, catalog);
	for (size_t i = 0; i < counting.count; i++) {
		counting.row = counting.binaries[i].row;
		source_catalog_each_binary(
			catalog, counting.binaries[i].name, binary_take, &counting);
	}
	if (!is_part)
		dependents_count(&counting);
	for (size_t i = 0; i < counting.count; i++)
		free(counting.binaries[i].name);
	free(counting.binaries);
	free(counting.depends);
}
