/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "snapshot/census.h"
#include "snapshot/pin_file.h"
#include "snapshot/store.h"
#include "snapshot/store_sha1.h"

/* What refers to a file of the census. */
enum {
	MARK_PIN = 1,
	MARK_RECORD = 2,
	MARK_THIS_PIN = 4, /* the one being looked at */
};

static void marks_clear(const struct census *census, unsigned mark)
{
	for (size_t i = 0; i < census->count; i++)
		census->files[i].marks &= ~mark;
}

static enum status pin_measure(struct store *store, const struct census *census, const char *name,
	struct store_use *use, struct error *err)
{
	struct store_pin_use entry = {0};
	struct pin pin;
	enum status status = pin_file_read(store, name, &pin, err);

	if (status < 0)
		return status;
	marks_clear(census, MARK_THIS_PIN);
	status = census_mark_pin(
		store, census, &pin, MARK_PIN | MARK_THIS_PIN, &entry.stored, &entry.named, err);
	pin_release(&pin);
	if (status < 0)
		return error_context(err,
			"what %s refers to is not known (get it again with reproof snapshot fetch "
			"--pin %s)",
			name, name);
	entry.pin = xstrdup(name);
	ARRAY_GROW(use->pins, use->pin_count, use->pin_capacity);
	use->pins[use->pin_count++] = entry;
	return STATUS_OK;
}

static enum status pins_measure(struct store *store, const struct census *census,
	const struct text_list *dropped, struct store_use *use, struct error *err)
{
	struct text_list names = {0};
	enum status status = pin_file_list(store, &names, err);

	for (size_t i = 0; dropped && i < dropped->count && status == STATUS_OK; i++) {
		if (!text_list_contains(&names, dropped->items[i]))
			status = error_set(err, STATUS_NOT_FOUND,
				"there is no pin %s in %s; see reproof snapshot list",
				dropped->items[i], store_directory(store));
	}
	for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
		if (!dropped || !text_list_contains(dropped, names.items[i]))
			status = pin_measure(store, census, names.items[i], use, err);
	}
	text_list_release(&names);
	return status;
}

static void tally_add(struct store_tally *tally, uint64_t size)
{
	tally->files++;
	tally->bytes += size;
}

static int unused_compare(const void *a, const void *b)
{
	const struct store_unused *left = a, *right = b;

	if (left->size != right->size)
		return left->size > right->size ? -1 : 1;
	return digest_compare(&left->digest, &right->digest);
}

static void files_tally(const struct census *census, struct store_use *use)
{
	for (size_t i = 0; i < census->count; i++) {
		const struct census_file *file = &census->files[i];

		tally_add(&use->all, file->size);
		if (file->marks & MARK_PIN)
			tally_add(&use->by_pins, file->size);
		if (file->marks & MARK_RECORD)
			tally_add(&use->by_records, file->size);
		if (file->marks & (MARK_PIN | MARK_RECORD))
			continue;
		tally_add(&use->by_nothing, file->size);
		ARRAY_GROW(use->unused, use->unused_count, use->unused_capacity);
		use->unused[use->unused_count++] =
			(struct store_unused){.digest = file->digest, .size = file->size};
	}
	if (use->unused_count)
		qsort(use->unused, use->unused_count, sizeof(use->unused[0]), unused_compare);
}

enum status store_use_measure(struct store *store, const struct store_keep *keep,
	struct store_use *use, struct error *err)
{
	struct store_tally ignored = {0};
	struct census census;
	enum status status;

	*use = (struct store_use){0};
	status = census_take(store, &census, err);
	if (status == STATUS_OK)
		status = pins_measure(store, &census, keep->dropped, use, err);
	for (size_t i = 0; i < keep->record_count && status == STATUS_OK; i++)
		census_mark(&census, &keep->records[i], MARK_RECORD, &ignored);
	if (status == STATUS_OK)
		status = store_beside_tally(store, &use->quarantine, &use->unfinished, err);
	if (status == STATUS_OK)
		files_tally(&census, use);
	else
		store_use_release(use);
	census_release(&census);
	return status;
}

void store_use_release(struct store_use *use)
{
	for (size_t i = 0; i < use->pin_count; i++)
		free(use->pins[i].pin);
	free(use->pins);
	free(use->unused);
	*use = (struct store_use){0};
}

/* Pins first: one whose files are gone would be worse than files that no pin names. */
static enum status unused_remove(struct store *store, const struct text_list *dropped,
	const struct store_use *use, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; dropped && i < dropped->count && status == STATUS_OK; i++)
		status = pin_file_remove(store, dropped->items[i], err);
	for (size_t i = 0; i < use->unused_count && status == STATUS_OK; i++)
		status = store_remove(store, &use->unused[i].digest, err);
	return status == STATUS_OK ? store_sha1_mend(store, NULL, 0, err) : status;
}

enum status store_gc(struct store *store, const struct store_keep *keep, struct store_use *use,
	struct error *err)
{
	enum status status = store_use_measure(store, keep, use, err);

	if (status == STATUS_OK)
		status = unused_remove(store, keep->dropped, use, err);
	if (status < 0)
		store_use_release(use);
	return status;
}
