/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/coverage_make.h"
#include "verifier/evidence/read.h"

/* What a run was given, and what it made of it. */
struct given {
	const struct digest *list; /* of the image's own list */
	bool is_list_reproduced;   /* it is an artifact that the run made again, bit for bit */
	struct digest *digests;	   /* of the materials; sorted when all are there */
	size_t count, capacity;
	struct hash hash; /* of all materials, which is what the run is known by here */
	struct text_list marks;
};

static enum status material_take(void *context, const char *name, const struct digest *digest,
	uint64_t size, struct error *err)
{
	struct given *given = context;

	(void)size;
	(void)err;
	hash_update(&given->hash, name, strlen(name) + 1);
	hash_update(&given->hash, digest->bytes, sizeof(digest->bytes));
	ARRAY_GROW(given->digests, given->count, given->capacity);
	given->digests[given->count++] = *digest;
	return STATUS_OK;
}

static enum status artifact_take(
	void *context, const struct artifact_row *artifact, struct error *err)
{
	struct given *given = context;

	(void)err;
	if (artifact->record.verdict == VERDICT_REPRODUCED && artifact->record.has_published &&
		digest_equal(&artifact->record.published, given->list))
		given->is_list_reproduced = true;
	return STATUS_OK;
}

static enum status mark_take(void *context, const char *mark, struct error *err)
{
	(void)err;
	text_list_add(&((struct given *)context)->marks, mark);
	return STATUS_OK;
}

static int compare_digests(const void *a, const void *b)
{
	return digest_compare(a, b);
}

static bool was_given(const struct given *given, const struct digest *digest)
{
	return given->count > 0 &&
		bsearch(digest, given->digests, given->count, sizeof(given->digests[0]),
			compare_digests) != NULL;
}

/*
 * Only a run that came to its end, and whose build could have nothing but what the pins served,
 * tells what an image is made of.
 */
static enum status run_check(
	const struct coverage_place *place, const char *id, struct given *given, struct error *err)
{
	struct run_record run = {0};
	enum status status = evidence_read_run(place->evidence, id, &run, err);

	if (status == STATUS_OK)
		status = evidence_each_mark(place->evidence, id, mark_take, given, err);
	if (status == STATUS_OK && strcmp(run.kind, "verify") != 0)
		status = error_set(err, STATUS_USAGE,
			"--image: run %s is of kind %s, and only one of reproof verify tells what "
			"is in an image",
			id, run.kind);
	else if (status == STATUS_OK && (!run.finished || run.failure_class))
		status = error_set(err, STATUS_USAGE,
			"--image: run %s did not come to its end, so that it made no image", id);
	else if (status == STATUS_OK &&
		(text_list_contains(&given->marks, MARK_NO_SANDBOX) ||
			text_list_contains(&given->marks, MARK_SERVED_PUBLISHED)))
		status = error_set(err, STATUS_USAGE,
			"--image: the build of run %s could have more than the pins served (it is "
			"marked %s), so that it does not tell what is in the image",
			id,
			text_list_contains(&given->marks, MARK_NO_SANDBOX) ? MARK_NO_SANDBOX
									   : MARK_SERVED_PUBLISHED);
	run_record_release(&run);
	return status;
}

static enum status given_read(const struct coverage_request *request,
	const struct coverage_place *place, struct given *given, struct error *err)
{
	const char *id = request->run;
	enum status status = run_check(place, id, given, err);

	if (status == STATUS_OK)
		status = evidence_each_artifact(
			place->evidence, id, false, artifact_take, given, err);
	if (status == STATUS_OK)
		status = evidence_each_material(
			place->evidence, id, "archive-file", material_take, given, err);
	if (given->count > 1)
		qsort(given->digests, given->count, sizeof(given->digests[0]), compare_digests);
	return status;
}

static void note_not_own(
	const struct coverage_request *request, const char *list, struct coverage *coverage)
{
	char *text = xasprintf(
		"run %s made no list of packages that is %s bit for bit: its packages are known by "
		"name only (give as LIST a manifest or status that is an artifact which the run "
		"reproduced)",
		request->run, list);

	text_list_add(&coverage->notes, text);
	free(text);
}

static int compare_name(const void *key, const void *item)
{
	return strcmp(key, ((const struct manifest_package *)item)->name);
}

/* The image's own list has it in that version: the build's tools were given to the run as well. */
static bool is_in_image(const struct package_list *image, const struct listed_binary *binary)
{
	const struct manifest *packages = &image->packages;
	const struct manifest_package *at = packages->count == 0
		? NULL
		: bsearch(binary->name, packages->items, packages->count,
			  sizeof(packages->items[0]), compare_name);

	if (!at || !binary->version)
		return false;
	while (at > packages->items && strcmp(at[-1].name, binary->name) == 0)
		at--;
	for (; at < packages->items + packages->count && strcmp(at->name, binary->name) == 0; at++)
		if (at->version && strcmp(at->version, binary->version) == 0)
			return true;
	return false;
}

static bool is_given(const struct given *given, const struct coverage_package *row,
	const struct listed_binary *binary)
{
	for (size_t d = 0; d < row->deb_count; d++)
		if (strcmp(row->debs[d].name, binary->name) == 0 && binary->version &&
			strcmp(row->debs[d].version, binary->version) == 0 &&
			was_given(given, &row->debs[d].sha256))
			return true;
	return false;
}

/* A row is by SHA-256 when each .deb of it is in the image, in the pins, and given to the run. */
static size_t rows_mark(const struct given *given, const struct coverage_request *request,
	const struct package_list *own, const struct digest *materials, struct coverage *coverage)
{
	size_t marked = 0;

	for (size_t i = 0; i < coverage->count; i++) {
		struct coverage_package *row = &coverage->packages[i];
		bool are_there = row->binary_count > 0;

		for (size_t b = 0; b < row->binary_count && are_there; b++)
			are_there = is_in_image(own, &row->binaries[b]) &&
				is_given(given, row, &row->binaries[b]);
		if (!are_there)
			continue;
		row->is_by_name_only = false;
		marked++;
		claim_add(&row->claims, materials, request->run, 0,
			"run %s reproduced %s; all %zu packages of it that are in that list are in "
			"the pins, and were given to the run, by SHA-256",
			request->run, own->path, row->binary_count);
	}
	return marked;
}

enum status coverage_materials_match(const struct coverage_request *request,
	const struct coverage_place *place, struct coverage *coverage, struct error *err)
{
	const struct package_list *own =
		request->image && !request->list->is_of_image ? request->image : request->list;
	struct given given = {.list = &own->digest};
	struct digest materials;
	enum status status;

	if (!request->run)
		return STATUS_OK;
	hash_init(&given.hash);
	status = given_read(request, place, &given, err);
	hash_finish(&given.hash, &materials);
	hash_release(&given.hash);
	if (status == STATUS_OK) {
		coverage_add_input(coverage, "run", request->run, &materials, 0);
		if (!own->is_of_image || !given.is_list_reproduced)
			note_not_own(request, own->path, coverage);
		else if (rows_mark(&given, request, own, &materials, coverage) == 0)
			status = error_set(err, STATUS_NOT_FOUND,
				"run %s was given no package of %s from these pins: name the run "
				"that built the image, or leave it out",
				request->run, own->path);
	}
	text_list_release(&given.marks);
	free(given.digests);
	return status;
}
