/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_PIN_STANZAS_H
#define SNAPSHOT_PIN_STANZAS_H

#include "base/deb822.h"
#include "snapshot/pin.h"

/* A stanza of a Packages or Sources file of a pin; valid during the call. */
struct pin_stanza {
	const struct pin *pin;
	const struct pin_suite *suite;
	const struct pin_index *index;
	bool is_not_automatic;		   /* apt takes nothing from that suite unasked */
	const struct deb822_field *fields; /* by `names`; the value is NULL where it has none */
};

struct stanza_reading {
	const char *const *names; /* the fields that are wanted */
	size_t count;
	size_t needed; /* the first of them are in every stanza, and not empty: else STATUS_FORMAT
			*/
	const char *what; /* "a package": for messages */
	bool (*is_wanted)(void *context, const struct pin_index *index);
	enum status (*take)(void *context, const struct pin_stanza *stanza, struct error *err);
	void *context;
	bool is_frequent; /* indexes that had to be unpacked are kept unpacked */
};

#define STANZA_FIELDS_MAX 16 /* `count` is at most that */

/*
 * Calls `take` with each stanza of the wanted indexes, in the order of pins, suites and indexes.
 * Ends with the first error of `take`. Several threads may read at once.
 */
enum status pin_stanzas_visit(struct store *store, const struct pin_list *pins,
	const struct stanza_reading *reading, struct error *err);

#endif
