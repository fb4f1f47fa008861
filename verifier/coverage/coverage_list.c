/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/coverage_list.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"

bool version_is_local(const char *version)
{
	static const char *const marks[] = {
		"+cip", "~cip", "-cip", "+isar", "~isar", "+local", "+reproof"};

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		for (const char *at = version; (at = strstr(at, marks[i])); at++)
			if (!isalpha((unsigned char)at[strlen(marks[i])]))
				return true;
	return false;
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void binary_note(struct coverage_package *row, const char *name, const char *version,
	const char *architecture)
{
	for (size_t i = 0; i < row->binary_count; i++) {
		const struct listed_binary *binary = &row->binaries[i];

		if (strcmp(binary->name, name) == 0 && is_same(binary->version, version) &&
			is_same(binary->architecture, architecture))
			return;
	}
	ARRAY_GROW(row->binaries, row->binary_count, row->binary_capacity);
	row->binaries[row->binary_count++] = (struct listed_binary){.name = xstrdup(name),
		.version = copy(version),
		.architecture = copy(architecture)};
}

/* Why a row's source cannot be had: it was built for the image, or the pins lack it. */
static void row_refuse(const struct coverage_listing *listing, struct coverage_package *row,
	const char *name, const char *why)
{
	const struct package_list *image =
		listing->list->is_of_image ? listing->list : listing->image;

	if (row->state != ROW_NEW)
		return;
	if (image && package_list_has(image, name) &&
		(!why || (row->version && version_is_local(row->version)))) {
		row->state = ROW_SELF_BUILT;
		claim_add(&row->claims, &image->digest, image->path, 0,
			"the image has %s%s%s, and no pin has it: it is taken to be built for the "
			"image",
			name, row->version ? " " : "", row->version ? row->version : "");
		return;
	}
	row->state = ROW_NOT_PINNED;
	row->trouble = why ? xstrdup(why) : xasprintf("%s is no package of the pins", name);
	claim_add(&row->claims, &listing->list->digest, listing->list->path, 0, "%s", row->trouble);
}

/* That the pins list it, by the digest of what was signed. */
static void row_found(const struct coverage_listing *listing, struct coverage_package *row,
	const struct pin_source *found)
{
	if (row->state >= ROW_PINNED)
		return;
	row->state = ROW_PINNED;
	free(row->trouble);
	row->trouble = NULL;
	row->suite = xstrdup(found->suite);
	for (size_t p = 0; p < listing->pins->count; p++)
		for (size_t s = 0; s < listing->pins->items[p].suite_count; s++) {
			const struct pin *pin = &listing->pins->items[p];
			char *where;

			if (strcmp(pin->suites[s].suite, found->suite) != 0)
				continue;
			where = xasprintf("%s %s", pin->name, found->suite);
			claim_add(&row->claims, &pin->suites[s].release, where, 0,
				"the pins have the source package %s %s", found->name,
				found->version);
			free(where);
			return;
		}
}

/* The pins' versions of a source, for a sentence; NULL when they have none. */
static char *versions_text(
	const struct coverage_listing *listing, const char *name, const char *wanted)
{
	struct text_list versions = {0};
	struct buffer text = {0};

	source_catalog_versions(listing->catalog, name, &versions);
	for (size_t i = 0; i < versions.count; i++)
		buffer_add_format(&text, "%s%s", i ? ", " : "", versions.items[i]);
	char *sentence = versions.count == 0
		? NULL
		: xasprintf("the pins have %s %s, and not %s", name, buffer_text(&text), wanted);
	text_list_release(&versions);
	buffer_release(&text);
	return sentence;
}

static struct coverage_package *source_add(const struct coverage_listing *listing, const char *name,
	const char *version, struct coverage *coverage)
{
	struct pin_source found = {0};
	struct error err = {0};
	enum status status = source_catalog_find(listing->catalog, name, version, &found, &err);
	struct coverage_package *row =
		coverage_row(coverage, name, status == STATUS_OK ? found.version : version);

	if (status == STATUS_OK) {
		row_found(listing, row, &found);
	} else if (status == STATUS_NOT_FOUND) {
		char *why = version ? versions_text(listing, name, version) : NULL;

		row_refuse(listing, row, name, why);
		free(why);
	} else {
		row_refuse(listing, row, name, err.text);
	}
	pin_source_release(&found);
	return row;
}

void coverage_binary_add(const struct coverage_listing *listing, const char *name,
	const char *version, const char *architecture, struct coverage *coverage)
{
	struct binary_source found;
	struct error err = {0};
	struct coverage_package *row;

	if (source_catalog_of_binary(listing->catalog, name, version, &found, &err) == STATUS_OK) {
		row = source_add(listing, found.name, found.version, coverage);
		binary_note(row, name, found.binary_version, architecture);
		return;
	}
	/* Another version is there: the list and the pins do not belong together. */
	if (version &&
		source_catalog_of_binary(listing->catalog, name, NULL, &found, &err) == STATUS_OK) {
		char *why = xasprintf(
			"the pins have %s %s, and not %s", name, found.binary_version, version);

		row = coverage_row(coverage, found.name, version);
		row_refuse(listing, row, name, why);
		free(why);
	} else {
		row = coverage_row(coverage, name, version);
		row_refuse(listing, row, name, NULL);
	}
	binary_note(row, name, version, architecture);
}

/*
 * What an image says its package is made of is held against the pins (trust T19): they must have
 * that binary package in its version, made of that very source.
 */
static void sourced_line_add(const struct coverage_listing *listing,
	const struct manifest_package *line, struct coverage *coverage)
{
	struct coverage_package *row;
	struct binary_source found;
	struct error err;
	char *why = NULL;

	if (!line->version ||
		(source_catalog_of_binary(
			 listing->catalog, line->name, line->version, &found, &err) == STATUS_OK &&
			strcmp(found.name, line->source) == 0 &&
			(!line->source_version ||
				strcmp(found.version, line->source_version) == 0))) {
		row = source_add(listing, line->source, line->source_version, coverage);
		binary_note(row, line->name, line->version, line->architecture);
		return;
	}
	row = coverage_row(coverage, line->source, line->source_version);
	if (found.name)
		why = xasprintf("it is said to make %s %s, which the pins have of %s %s",
			line->name, line->version, found.name, found.version);
	else if (!version_is_local(line->version) &&
		source_catalog_of_binary(listing->catalog, line->name, NULL, &found, &err) ==
			STATUS_OK)
		why = xasprintf("the pins have %s %s, and not %s", line->name, found.binary_version,
			line->version);
	row_refuse(listing, row, line->name, why);
	binary_note(row, line->name, line->version, line->architecture);
	free(why);
}

static bool source_is_there(
	const struct coverage_listing *listing, const struct manifest_package *line)
{
	struct pin_source found = {0};
	struct error err;
	bool is_there = source_catalog_find(listing->catalog, line->name, line->version, &found,
				&err) == STATUS_OK;

	pin_source_release(&found);
	return is_there;
}

/* A line says its source, or is a name of a binary package, or else of a source. */
static void line_add(const struct coverage_listing *listing, const struct manifest_package *line,
	struct coverage *coverage)
{
	struct binary_source found;
	struct error err = {0};

	if (line->source) {
		sourced_line_add(listing, line, coverage);
		return;
	}
	bool is_binary = source_catalog_of_binary(
				 listing->catalog, line->name, NULL, &found, &err) == STATUS_OK;

	/* "acl=2.3.1-3" is the source where the binary package is 2.3.1-3+b1. */
	bool is_other_version = is_binary && line->version &&
		source_catalog_of_binary(
			listing->catalog, line->name, line->version, &found, &err) != STATUS_OK;
	bool is_source = is_other_version && source_is_there(listing, line);

	if (listing->list->kind == LIST_OF_SOURCES ||
		(listing->list->kind == LIST_OF_EITHER && (!is_binary || is_source)))
		source_add(listing, line->name, line->version, coverage);
	else
		coverage_binary_add(
			listing, line->name, line->version, line->architecture, coverage);
}

enum status coverage_list_add(
	const struct coverage_listing *listing, struct coverage *coverage, struct error *err)
{
	for (size_t i = 0; i < listing->list->packages.count; i++) {
		line_add(listing, &listing->list->packages.items[i], coverage);
		if (coverage->count > COVERAGE_ROWS_MAX)
			return error_set(err, STATUS_LIMIT,
				"%s is of more than %zu source packages; no image has so many",
				listing->list->path, COVERAGE_ROWS_MAX);
	}
	return STATUS_OK;
}
