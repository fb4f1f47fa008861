/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/coverage.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/debversion.h"

void coverage_add_input(struct coverage *coverage, const char *role, const char *name,
	const struct digest *sha256, int64_t time)
{
	ARRAY_GROW(coverage->inputs, coverage->input_count, coverage->input_capacity);
	coverage->inputs[coverage->input_count++] = (struct coverage_input){
		.role = xstrdup(role), .name = xstrdup(name), .sha256 = *sha256, .time = time};
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
		data->log_name, data->log_ran, data->reproducible};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		free(texts[i]);
	for (size_t i = 0; i < package->deb_count; i++)
		free((char *)package->debs[i].name);
	free(package->debs);
	text_list_release(&package->binaries);
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
	}
	free(coverage->packages);
	free(coverage->inputs);
	free(coverage->pins);
	free(coverage->architecture);
	text_list_release(&coverage->notes);
	text_list_release(&coverage->stale);
	decision_list_release(&coverage->decisions);
	*coverage = (struct coverage){0};
}
