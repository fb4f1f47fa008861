/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "snapshot/apt_sources.h"
#include "snapshot/pin.h"

void apt_suite_list_release(struct apt_suite_list *suites)
{
	for (size_t i = 0; i < suites->count; i++) {
		free(suites->items[i].archive);
		free(suites->items[i].url);
		free(suites->items[i].suite);
		free(suites->items[i].signed_by);
		text_list_release(&suites->items[i].components);
	}
	free(suites->items);
	*suites = (struct apt_suite_list){0};
}

static void suite_add(struct apt_suite_list *suites, const struct apt_source *source,
	const struct place *place, const char *suite)
{
	struct apt_suite item = {
		.archive = xstrdup(place->archive),
		.url = xstrdup(place->url),
		.suite = xstrdup(suite),
		.signed_by = source->signed_by ? xstrdup(source->signed_by) : NULL,
	};

	for (size_t i = 0; i < source->components.count; i++)
		text_list_add(&item.components, source->components.items[i]);
	ARRAY_GROW(suites->items, suites->count, suites->capacity);
	suites->items[suites->count++] = item;
}

enum status apt_suite_list_read(
	const char *etc_apt, struct apt_suite_list *suites, struct error *err)
{
	struct apt_source_list sources = {0};
	enum status status = apt_source_list_read(&sources, etc_apt, err);

	for (size_t i = 0; i < sources.count && status == STATUS_OK; i++) {
		const struct apt_source *source = &sources.items[i];

		for (size_t j = 0; source->is_binary && j < source->suites.count; j++) {
			const char *suite = source->suites.items[j];

			for (size_t k = 0; k < source->uris.count; k++) {
				struct place_list place = {0};

				if (!suite_is_flat(suite))
					place_list_add_entry(&place, source->uris.items[k], suite);
				if (place.count)
					suite_add(suites, source, &place.items[0], suite);
				place_list_release(&place);
			}
		}
	}
	apt_source_list_release(&sources);
	return status;
}
