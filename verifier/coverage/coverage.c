/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/coverage.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/debversion.h"

/* NULL, of which nobody says a version, is before all versions. */
static int compare_row(const struct coverage_package *row, const char *source, const char *version)
{
	int order = strcmp(row->source, source);

	if (order == 0 && row->version && version)
		return strcmp(row->version, version);
	return order ? order : (row->version != NULL) - (version != NULL);
}

struct coverage_package *coverage_row(
	struct coverage *coverage, const char *source, const char *version)
{
	size_t low = 0, high = coverage->count, capacity = coverage->capacity;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct coverage_package *row = &coverage->packages[coverage->index[middle]];
		int order = compare_row(row, source, version);

		if (order == 0)
			return row;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	ARRAY_GROW(coverage->index, coverage->count, capacity);
	ARRAY_GROW(coverage->packages, coverage->count, coverage->capacity);
	memmove(&coverage->index[low + 1], &coverage->index[low],
		(coverage->count - low) * sizeof(coverage->index[0]));
	coverage->index[low] = coverage->count;
	struct coverage_package *row = &coverage->packages[coverage->count++];

	*row = (struct coverage_package){.source = xstrdup(source),
		.version = version ? xstrdup(version) : NULL,
		.is_by_name_only = true};
	return row;
}

void coverage_add_input(struct coverage *coverage, const char *role, const char *name,
	const struct digest *sha256, int64_t time)
{
	ARRAY_GROW(coverage->inputs, coverage->input_count, coverage->input_capacity);
	coverage->inputs[coverage->input_count++] = (struct coverage_input){
		.role = xstrdup(role), .name = xstrdup(name), .sha256 = *sha256, .time = time};
}

void coverage_add_unread(
	struct coverage *coverage, const char *role, const char *name, const char *trouble)
{
	static const struct digest unknown;

	coverage_add_input(coverage, role, name, &unknown, 0);
	coverage->inputs[coverage->input_count - 1].trouble = xstrdup(trouble);
}

void listed_binary_text(const struct listed_binary *binary, struct buffer *text)
{
	buffer_add_text(text, binary->name);
	if (binary->version)
		buffer_add_format(text, " %s", binary->version);
	if (binary->architecture)
		buffer_add_format(text, " %s", binary->architecture);
}

bool coverage_debs_are_read(const struct coverage_package *row)
{
	return row->deb_count > 0 && row->seen.count == row->deb_count;
}

static int compare_packages(const void *a, const void *b)
{
	const struct coverage_package *left = a, *right = b;
	int order = strcmp(left->source, right->source);

	if (order == 0 && left->version && right->version)
		order = debversion_compare(left->version, right->version);
	return order ? order : (left->version != NULL) - (right->version != NULL);
}

static int compare_inputs(const void *a, const void *b)
{
	const struct coverage_input *left = a, *right = b;
	int order = strcmp(left->role, right->role);

	if (order == 0)
		order = strcmp(left->name, right->name);
	return order ? order : digest_compare(&left->sha256, &right->sha256);
}

void coverage_sort(struct coverage *coverage)
{
	free(coverage->index);
	coverage->index = NULL;
	if (coverage->count > 1)
		qsort(coverage->packages, coverage->count, sizeof(coverage->packages[0]),
			compare_packages);
	if (coverage->input_count > 1)
		qsort(coverage->inputs, coverage->input_count, sizeof(coverage->inputs[0]),
			compare_inputs);
}

static void package_release(struct coverage_package *package)
{
	struct coverage_data *data = &package->data;
	char *texts[] = {package->source, package->version, package->suite, package->trouble,
		data->debci_status, data->debci_version, data->debci_date, data->debci_log,
		data->log_name, data->log_ran, data->reproducible, data->newer_version,
		data->newer_testsuite, data->newer_file};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		free(texts[i]);
	for (size_t i = 0; i < package->deb_count; i++) {
		free(package->debs[i].name);
		free(package->debs[i].version);
	}
	free(package->debs);
	text_list_release(&package->seen.privileges);
	text_list_release(&package->seen.services);
	text_list_release(&package->seen.sockets);
	text_list_release(&package->seen.sections);
	for (size_t i = 0; i < package->binary_count; i++) {
		free(package->binaries[i].name);
		free(package->binaries[i].version);
		free(package->binaries[i].architecture);
	}
	free(package->binaries);
	if (package->facts)
		source_facts_release(package->facts);
	free(package->facts);
	coverage_claims_release(&package->claims);
}

void coverage_release(struct coverage *coverage)
{
	for (size_t i = 0; i < coverage->count; i++)
		package_release(&coverage->packages[i]);
	for (size_t i = 0; i < coverage->input_count; i++) {
		free(coverage->inputs[i].role);
		free(coverage->inputs[i].name);
		free(coverage->inputs[i].trouble);
	}
	free(coverage->packages);
	free(coverage->index);
	coverage_suite_release(&coverage->suite);
	free(coverage->inputs);
	free(coverage->pins);
	free(coverage->architecture);
	text_list_release(&coverage->notes);
	text_list_release(&coverage->stale);
	decision_list_release(&coverage->decisions);
	*coverage = (struct coverage){0};
}
