/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "snapshot/pin_file.h"
#include "snapshot/snapshot.h"

static enum status twice_check(
	const struct pin_list *pins, const struct pin *pin, struct error *err)
{
	for (size_t i = 0; i < pins->count; i++) {
		const struct pin *other = &pins->items[i];

		if (other->timestamp == pin->timestamp && strcmp(other->archive, pin->archive) == 0)
			return error_set(err, STATUS_USAGE, "the pin %s is named twice", pin->name);
	}
	return STATUS_OK;
}

/* Takes the one pin out of `one`. */
static enum status pin_take(struct pin_list *pins, struct pin_list *one, struct error *err)
{
	enum status status = twice_check(pins, &one->items[0], err);

	if (status < 0)
		return status;
	ARRAY_GROW(pins->items, pins->count, pins->capacity);
	pins->items[pins->count++] = one->items[0];
	one->items[0] = (struct pin){0};
	return STATUS_OK;
}

enum status snapshot_pins_stored(struct store *store, const struct trust_options *trust,
	const struct text_list *names, struct pin_list *pins, struct error *err)
{
	const struct place_list nowhere = {0};
	struct text_list all = {0};
	enum status status = STATUS_OK;

	if (names->count == 0) {
		status = pin_file_list(store, &all, err);
		names = &all;
	}
	if (status == STATUS_OK && names->count == 0)
		status = error_set(err, STATUS_NOT_FOUND,
			"there is no pin in %s; reproof snapshot capture, or fetch --pin, makes "
			"one",
			store_directory(store));
	for (size_t i = 0; i < names->count && status == STATUS_OK; i++) {
		struct pin_list one = {0};

		status = snapshot_pin(store, NULL, &nowhere, trust, names->items[i], &one, err);
		if (status == STATUS_OK)
			status = pin_take(pins, &one, err);
		pin_list_release(&one);
	}
	text_list_release(&all);
	return status;
}
