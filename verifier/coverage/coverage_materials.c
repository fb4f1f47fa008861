/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/coverage_make.h"
#include "verifier/evidence/read.h"

/* The .debs that a run was given and that are, by SHA-256, those of the pins; their file names. */
struct matching {
	struct archive_index *index;
	struct text_list names;
	struct hash hash; /* of all materials, which is what the run is known by here */
};

/* A material is named "ARCHIVE/PATH", as the proxy served it. */
static enum status material_take(void *context, const char *name, const struct digest *digest,
	uint64_t size, struct error *err)
{
	struct matching *matching = context;
	const char *slash = strchr(name, '/');
	struct archive_file file;
	char *archive;
	bool is_pinned;

	(void)size;
	(void)err;
	hash_update(&matching->hash, name, strlen(name) + 1);
	hash_update(&matching->hash, digest->bytes, sizeof(digest->bytes));
	if (!slash)
		return STATUS_OK;
	archive = xstrndup(name, (size_t)(slash - name));
	is_pinned = archive_index_find(matching->index, archive, slash + 1, &file) &&
		digest_equal(&file.digest, digest);
	free(archive);
	if (is_pinned)
		text_list_add(&matching->names, strrchr(name, '/') + 1);
	return STATUS_OK;
}

/* "zlib1g 1:1.2.13 amd64" is zlib1g_1.2.13_amd64.deb: the epoch is not in a file's name. */
static bool binary_is_there(const struct matching *matching, const char *binary)
{
	char *text = xstrdup(binary), *rest = text;
	const char *name = strsep(&rest, " "), *version = rest ? strsep(&rest, " ") : NULL;
	const char *architecture = rest;
	bool is_there = false;

	if (version && strchr(version, ':'))
		version = strchr(version, ':') + 1;
	for (size_t i = 0; i < 2 && version && !is_there; i++) {
		char *file = xasprintf("%s_%s_%s.deb", name, version,
			i == 0 && architecture ? architecture : "all");

		is_there = text_list_find(&matching->names, file, NULL);
		free(file);
	}
	free(text);
	return is_there;
}

enum status coverage_materials_match(const struct coverage_request *request,
	const struct coverage_place *place, struct coverage *coverage, struct error *err)
{
	struct matching matching = {0};
	enum status status;

	struct digest materials;

	if (!request->run)
		return STATUS_OK;
	hash_init(&matching.hash);
	status = archive_index_open(place->store, place->pins, &matching.index, err);
	if (status == STATUS_OK)
		status = evidence_each_material(place->evidence, request->run, "archive-file",
			material_take, &matching, err);
	if (status == STATUS_OK && matching.names.count == 0)
		status = error_set(err, STATUS_NOT_FOUND,
			"run %s was given no package of these pins: name the run that built the "
			"image, or leave it out",
			request->run);
	hash_finish(&matching.hash, &materials);
	hash_release(&matching.hash);
	if (status == STATUS_OK)
		coverage_add_input(coverage, "run", request->run, &materials, 0);
	text_list_sort(&matching.names);
	for (size_t i = 0; status == STATUS_OK && i < coverage->count; i++) {
		struct coverage_package *row = &coverage->packages[i];
		bool are_there = row->binaries.count > 0;

		for (size_t b = 0; b < row->binaries.count && are_there; b++)
			are_there = binary_is_there(&matching, row->binaries.items[b]);
		row->is_by_name_only = !are_there;
	}
	archive_index_free(matching.index);
	text_list_release(&matching.names);
	return status;
}
