/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_PIN_FILE_H
#define SNAPSHOT_PIN_FILE_H

#include "base/buffer.h"
#include "snapshot/suite_release.h"
#include "snapshot/snapshot.h"

/* Pins as they lie in the store, pins/NAME: deb822 text, the same bytes for the same pin. */

/* STATUS_NOT_FOUND when the store has none of that name. Signers are not read, and
 * `release` is what the pin was made with: only pin_suite_verify() vouches for it. */
enum status pin_file_read(
	struct store *store, const char *name, struct pin *pin, struct error *err);
/* The same from text; `name` is what the pin must be. */
enum status pin_file_parse(
	const char *name, const char *data, size_t len, struct pin *pin, struct error *err);
void pin_file_format(const struct pin *pin, struct buffer *text);
/*
 * Writes it, unless the store's pin of the same name has come to hold what this one does not:
 * another process may have added a suite since it was read. Then that is added to `pin`, nothing is
 * written, and it is STATUS_END: the caller verifies what was added (a suite without a signer),
 * gets the indexes that the whole needs, and tries again. STATUS_CONFLICT for other digests.
 */
enum status pin_file_update(struct store *store, struct pin *pin, struct error *err);

enum status pin_file_remove(struct store *store, const char *name, struct error *err);

/* The names of all pins of the store, sorted. */
enum status pin_file_list(struct store *store, struct text_list *names, struct error *err);

/*
 * "debian@20260711T101637Z" or, with the suites wanted, "debian@20260711T101637Z:bookworm,sid".
 * Gives archive and suites (empty when it names none) to the caller.
 */
enum status pin_name_parse(const char *name, char **archive, int64_t *timestamp,
	struct text_list *suites, struct error *err);
char *pin_name_format(const char *archive, int64_t timestamp);

struct pin_suite *pin_find_suite(const struct pin *pin, const char *suite);
/* Takes the strings of `suite` over; keeps the suites sorted. */
void pin_add_suite(struct pin *pin, const struct pin_suite *suite);
void pin_suite_release(struct pin_suite *suite);

/* STATUS_CONFLICT when the store's pin of the same name has other digests. */
enum status pin_check_conflict(const struct pin *pin, const struct pin *stored, struct error *err);
/* Adds what the store's pin of the same name holds besides; STATUS_CONFLICT for other digests. */
enum status pin_merge(struct pin *pin, const struct pin *stored, struct error *err);

#endif
