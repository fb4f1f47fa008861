/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_images.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/evidence/read.h"

struct search {
	const char *image;
	struct map_images *images;
	bool is_found;
};

static enum status take_image(void *context, const struct artifact_row *artifact, struct error *err)
{
	struct search *search = context;
	const struct artifact_record *record = &artifact->record;
	unsigned char both[2 * SHA256_SIZE];
	struct digest digest;

	(void)err;
	if (strcmp(record->name, search->image) != 0 || !record->has_published ||
		!record->has_rebuilt)
		return STATUS_OK;
	memcpy(both, record->published.bytes, SHA256_SIZE);
	memcpy(both + SHA256_SIZE, record->rebuilt.bytes, SHA256_SIZE);
	hash_memory(both, sizeof(both), &digest);
	digest_hex(&digest, search->images->digest);
	search->is_found = true;
	return STATUS_END;
}

enum status map_images_open(struct map_images *images, struct evidence *evidence, const char *run,
	const struct file_set *sets[2], const char *name, struct error *err)
{
	struct search search = {.images = images};
	struct error ignored;
	enum status status;
	char *image;

	*images = (struct map_images){.fds = {-1, -1}};
	if (!path_has_suffix(name, ".bmap"))
		return STATUS_OK;
	image = xstrndup(name, strlen(name) - strlen(".bmap"));
	search.image = image;
	status = evidence_each_artifact(evidence, run, false, take_image, &search, err);
	for (int side = 0; side < 2 && status >= 0 && search.is_found; side++) {
		const struct file *file = file_set_find(sets[side], image);

		if (file == NULL || file->is_index ||
			file_set_open(sets[side], file, &images->fds[side], &ignored) < 0)
			images->fds[side] = -1;
	}
	images->are_there = images->fds[0] >= 0 && images->fds[1] >= 0;
	free(image);
	return status < 0 ? status : STATUS_OK;
}

void map_images_close(struct map_images *images)
{
	for (int side = 0; side < 2; side++) {
		if (images->fds[side] >= 0)
			close(images->fds[side]);
	}
}
