/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/census.h"

#include <stdlib.h>

#include "snapshot/archive_table.h"
#include "snapshot/pin.h"
#include "snapshot/store.h"

static enum status file_take(void *context, const char *path, const struct digest *digest,
	uint64_t size, struct error *err)
{
	struct census *census = context;

	(void)path;
	(void)err;
	if (!digest)
		return STATUS_OK;
	ARRAY_GROW(census->files, census->count, census->capacity);
	census->files[census->count++] = (struct census_file){.digest = *digest, .size = size};
	return STATUS_OK;
}

static int file_compare(const void *a, const void *b)
{
	return digest_compare(
		&((const struct census_file *)a)->digest, &((const struct census_file *)b)->digest);
}

enum status census_take(struct store *store, struct census *census, struct error *err)
{
	enum status status;

	*census = (struct census){0};
	status = store_each(store, file_take, census, err);
	if (status < 0) {
		census_release(census);
		return status;
	}
	if (census->count)
		qsort(census->files, census->count, sizeof(census->files[0]), file_compare);
	return STATUS_OK;
}

void census_release(struct census *census)
{
	free(census->files);
	*census = (struct census){0};
}

struct census_file *census_find(const struct census *census, const struct digest *digest)
{
	struct census_file key = {.digest = *digest};

	if (census->count == 0)
		return NULL;
	return bsearch(&key, census->files, census->count, sizeof(census->files[0]), file_compare);
}

void census_mark(const struct census *census, const struct digest *digest, unsigned mark,
	struct store_tally *stored)
{
	struct census_file *file = census_find(census, digest);

	if (!file || (file->marks & mark) == mark)
		return;
	file->marks |= mark;
	stored->files++;
	stored->bytes += file->size;
}

enum status census_mark_pin(struct store *store, const struct census *census, const struct pin *pin,
	unsigned mark, struct store_tally *stored, uint64_t *named, struct error *err)
{
	struct archive_table table;
	enum status status = archive_table_open(store, pin, &table, err);

	if (status < 0)
		return status;
	for (size_t i = 0; i < table.count; i++)
		census_mark(census, &table.entries[i].digest, mark, stored);
	*named += table.count;
	archive_table_release(&table);
	for (size_t i = 0; i < pin->suite_count; i++) {
		census_mark(census, &pin->suites[i].inrelease, mark, stored);
		census_mark(census, &pin->suites[i].release, mark, stored);
		census_mark(census, &pin->suites[i].release_gpg, mark, stored);
	}
	return STATUS_OK;
}
