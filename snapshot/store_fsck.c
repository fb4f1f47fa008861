/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/progress.h"
#include "snapshot/archive_table.h"
#include "snapshot/census.h"
#include "snapshot/pin_file.h"
#include "snapshot/store.h"
#include "snapshot/store_sha1.h"

struct fsck {
	struct store *store;
	struct store_tally *good;
	struct store_damages *damages;
	struct sha1_names names;
	struct sha1_name *mended; /* what `names` lacks or has wrong, by digest */
	size_t mended_count, mended_capacity;
	struct progress progress;
};

static enum status bytes_add(void *context, const char *path, const struct digest *digest,
	uint64_t size, struct error *err)
{
	uint64_t *total = context;

	(void)path;
	(void)err;
	*total += digest ? size : 0;
	return STATUS_OK;
}

static enum status foreign_move(struct fsck *fsck, const char *path, struct error *err)
{
	struct store_damages *damages = fsck->damages;
	char *name = NULL;
	enum status status = store_set_aside(fsck->store, path, &name, err);

	free(name);
	if (status < 0)
		return status;
	ARRAY_GROW(damages->items, damages->count, damages->capacity);
	damages->items[damages->count++] =
		(struct store_damage){.path = xstrdup(path), .is_foreign = true};
	return STATUS_OK;
}

/* The file is good, and this is its SHA-1. */
static void name_check(struct fsck *fsck, const struct digest *digest, const struct sha1 *sha1)
{
	const struct sha1 *said = sha1_names_of(&fsck->names, digest);

	if (said && sha1_equal(said, sha1))
		return;
	if (said)
		fsck->damages->sha1_wrong++;
	else
		fsck->damages->sha1_missing++;
	ARRAY_GROW(fsck->mended, fsck->mended_count, fsck->mended_capacity);
	fsck->mended[fsck->mended_count++] = (struct sha1_name){*digest, *sha1};
}

static enum status file_check(void *context, const char *path, const struct digest *digest,
	uint64_t size, struct error *err)
{
	struct fsck *fsck = context;
	struct store_damages *damages = fsck->damages;
	enum status status;
	struct sha1 sha1;
	int fd;

	if (!digest)
		return foreign_move(fsck, path, err);
	status = store_read_sha1(fsck->store, digest, &fd, NULL, &sha1, err);
	progress_update(&fsck->progress, fsck->progress.done + size);
	if (status == STATUS_OK) {
		close(fd);
		fsck->good->files++;
		fsck->good->bytes += size;
		name_check(fsck, digest, &sha1);
		return STATUS_OK;
	}
	if (status == STATUS_NOT_FOUND)
		return STATUS_OK; /* another process has taken it away since */
	/* One that could not even be moved is an error: it would be found again for ever. */
	if (status != STATUS_TRUST || store_has(fsck->store, digest))
		return status;
	ARRAY_GROW(damages->items, damages->count, damages->capacity);
	damages->items[damages->count++] =
		(struct store_damage){.path = xstrdup(path), .expected = *digest};
	return STATUS_OK;
}

/* Foreign things come last, by path. */
static int damage_compare(const void *a, const void *b)
{
	const struct store_damage *left = a, *right = b;

	if (left->is_foreign != right->is_foreign)
		return left->is_foreign ? 1 : -1;
	return left->is_foreign ? strcmp(left->path, right->path)
				: digest_compare(&left->expected, &right->expected);
}

static void damages_name(
	struct store_damages *damages, const struct archive_table *table, const char *archive)
{
	for (size_t i = 0; i < table->count; i++) {
		struct store_damage key = {.expected = table->entries[i].digest};
		struct store_damage *damage =
			bsearch(&key, damages->items, damages->count, sizeof(key), damage_compare);

		if (damage && !damage->is_foreign && !damage->name)
			damage->name = xasprintf("%s/%s", archive, archive_table_path(table, i));
	}
}

/* As far as pins can still be read: what is damaged may be of their own. */
static void damages_look_up(struct store *store, struct store_damages *damages)
{
	struct text_list names = {0};
	struct error ignored;

	if (damages->count == 0)
		return;
	qsort(damages->items, damages->count, sizeof(damages->items[0]), damage_compare);
	if (pin_file_list(store, &names, &ignored) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		struct table_builder builder = {0};
		struct archive_table table;
		struct pin pin;

		if (pin_file_read(store, names.items[i], &pin, &ignored) < 0)
			continue;
		archive_table_read_rest(store, &pin, &builder);
		if (table_builder_finish(&builder, &table, &ignored) == STATUS_OK) {
			damages_name(damages, &table, pin.archive);
			archive_table_release(&table);
		}
		table_builder_release(&builder);
		pin_release(&pin);
	}
	text_list_release(&names);
}

enum status store_fsck(struct store *store, struct store_tally *good, struct store_damages *damages,
	struct error *err)
{
	struct fsck fsck = {.store = store, .good = good, .damages = damages};
	uint64_t total = 0;
	enum status status;

	*good = (struct store_tally){0};
	*damages = (struct store_damages){0};
	status = store_each(store, bytes_add, &total, err);
	if (status == STATUS_OK)
		status = sha1_names_read(store, &fsck.names, err);
	if (status < 0)
		return status;
	damages->sha1_wrong = fsck.names.malformed;
	progress_begin(&fsck.progress, "fsck", true, total, "%s", store_directory(store));
	status = store_each(store, file_check, &fsck, err);
	if (status == STATUS_OK)
		status = store_sha1_mend(store, fsck.mended, fsck.mended_count, err);
	progress_end(&fsck.progress, status < 0 ? "failed" : "ok", "%zu damaged", damages->count);
	damages_look_up(store, damages);
	sha1_names_release(&fsck.names);
	free(fsck.mended);
	return status;
}

void store_damages_release(struct store_damages *damages)
{
	for (size_t i = 0; i < damages->count; i++) {
		free(damages->items[i].path);
		free(damages->items[i].name);
	}
	free(damages->items);
	*damages = (struct store_damages){0};
}
