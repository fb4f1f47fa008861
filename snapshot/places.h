/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_PLACES_H
#define SNAPSHOT_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Places: where files are fetched from (design §8). */

/* A base URL that holds an archive: http://HOST/debian for "debian". */
struct place {
	char *archive;
	char *url; /* without a slash at the end; http, https or file */
};

/* Asked in this order. A zeroed struct is an empty list. */
struct place_list {
	struct place *items;
	size_t count;
	size_t capacity;
};

void place_list_add(struct place_list *places, const char *archive, const char *url);
/* Adds "ARCHIVE=URL", or "URL" whose last path component names the archive (--mirror). */
enum status place_list_add_option(struct place_list *places, const char *option, struct error *err);
/*
 * Adds what the machine's apt sources say (/etc/apt/sources.list, sources.list.d/ in both formats,
 * read as files below `etc_apt`, normally "/etc/apt").
 */
enum status place_list_add_apt(struct place_list *places, const char *etc_apt, struct error *err);
void place_list_release(struct place_list *places);

#endif
