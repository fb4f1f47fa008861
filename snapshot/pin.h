/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_PIN_H
#define SNAPSHOT_PIN_H

#include "snapshot/lock.h"
#include "snapshot/pin_file.h"
#include "snapshot/suite_release.h"
#include "snapshot/snapshot.h"

/* What making a pin needs; shared by capture and by reading one. All borrowed. */
struct pin_context {
	struct store *store;
	struct fetcher *fetcher; /* NULL: offline */
	const struct trust_options *trust;
	const struct lock *lock; /* NULL: none */
};

/* What is signed: "InRelease" or "Release", for messages. */
const char *pin_suite_file(const struct pin_suite *suite);

/*
 * Verifies the stored InRelease of `suite->inrelease`, or the Release and Release.gpg of a detached
 * one, as those of `suite->suite`, and fills in what it says (origin, codename, date, signer,
 * release). With `release` the parsed file goes to the caller.
 */
enum status pin_suite_verify(const struct pin_context *context, const char *archive,
	const char *timestamp, struct pin_suite *suite, struct suite_release *release,
	struct error *err);

/*
 * Takes the signed files of dists/`suite->suite` at the base URL into the store and sets their
 * digests; nothing is verified. That is InRelease, or Release and Release.gpg where the place says
 * that it has none (and not for any other trouble); with `wanted` only what that lock entry names.
 * *served, the URL after redirects of the first of them, goes to the caller.
 */
enum status pin_suite_get(const struct pin_context *context, const char *base, const char *archive,
	const struct lock_entry *wanted, struct pin_suite *suite, char **served, struct error *err);

/*
 * The same for dists/`name`, and verifies it. `timestamp` NULL: it is not known yet, and no lock is
 * looked at.
 */
enum status pin_suite_fetch(const struct pin_context *context, const char *base,
	const char *archive, const char *timestamp, const char *name, struct pin_suite *suite,
	struct suite_release *release, char **served, struct error *err);

/* A state is not younger than the name it goes by: else STATUS_TRUST. */
enum status pin_suite_check_date(
	const struct pin *pin, const struct pin_suite *suite, struct error *err);
/* Adds a verified suite, whose strings the pin takes over, with the components of its Release. */
void pin_take_suite(
	struct pin *pin, const struct pin_suite *suite, const struct suite_release *release);

/*
 * Makes the pin that context->lock has as captured under the name of `pin` (archive, timestamp and
 * name are given) from snapshot.debian.org or a place of that layout: the first import at or after
 * that time whose InRelease files have exactly the locked digests (trust T12). STATUS_NOT_FOUND
 * when there is none, STATUS_TRUST when another import than the one asked for is served.
 */
enum status pin_import_find(const struct pin_context *context, const struct place_list *places,
	struct pin *pin, struct error *err);
/* True when the lock has a suite of the pin's archive and time as captured. */
bool pin_is_locked_captured(const struct lock *lock, const struct pin *pin);

/* An index of a suite that a pin needs: Packages or Sources. */
struct pin_index {
	const struct release_file *file;
	bool is_sources;
	const char *architecture; /* "all" for binary-all; NULL for Sources */
};

/*
 * The indexes of one suite, into an array for the caller to free; its entries live as long as
 * pin and release. STATUS_NOT_FOUND when the suite has none for an architecture.
 */
enum status pin_indexes(const struct pin *pin, const struct suite_release *release,
	struct pin_index **indexes, size_t *count, struct error *err);

/* One archive and suite has one time: STATUS_USAGE when `pins` holds one of the pin's (T12). */
enum status pin_check_overlap(
	const struct pin_list *pins, const struct pin *pin, struct error *err);

/* Gets again the signed files of a pin of the store that were lost or damaged since. */
enum status pin_signed_files_complete(const struct pin_context *context, const struct pin *pin,
	const struct place_list *places, struct error *err);

/* Gets the indexes of all suites that the store lacks; `bases` are URLs of the archive's root. */
enum status pin_fetch_indexes(const struct pin_context *context, const struct pin *pin,
	const struct text_list *bases, struct error *err);

/* Parses the signed text of a verified suite. */
enum status pin_suite_release_read(struct store *store, const struct pin_suite *suite,
	struct suite_release *release, struct error *err);

/* The suite of the pin that has "dists/SUITE/…"; NULL for none, and for paths of the pool. */
const struct pin_suite *pin_suite_of_path(const struct pin *pin, const char *path);

/* "dists/SUITE/DIR/by-hash/SHA256/HEX" for a path below dists/; NULL when it has no such form. */
char *index_by_hash_path(const char *path, const struct digest *digest);

/*
 * Adds the place that an entry of apt sources names: its archive is what the address ends in, else
 * what the suite says. Nothing is added for an address that cannot be fetched from.
 */
void place_list_add_entry(struct place_list *places, const char *uri, const char *suite);
/* A flat repository ("./") has no dists/, and so nothing that a pin could hold. */
bool suite_is_flat(const char *suite);

/* The suites that apt sources have of an archive, with their components. */
struct apt_suite {
	char *archive;
	char *url; /* of the archive's root, as this entry has it */
	char *suite;
	char *signed_by; /* NULL when not said */
	struct text_list components;
};

struct apt_suite_list {
	struct apt_suite *items; /* in apt's order; one archive and suite may come twice */
	size_t count;
	size_t capacity;
};

/* Only binary entries with a dists/ and an address that can be fetched from. */
enum status apt_suite_list_read(
	const char *etc_apt, struct apt_suite_list *suites, struct error *err);
void apt_suite_list_release(struct apt_suite_list *suites);

/*
 * Adds the roots of what is laid out like snapshot.debian.org, "https://HOST": of the archive's
 * snapshot-like places (…/archive/ARCHIVE[/TIMESTAMP]), then snapshot.debian.org itself.
 */
void snapshot_roots_add(
	const struct place_list *places, const char *archive, struct text_list *roots);
/* "ROOT/archive/ARCHIVE/TIMESTAMP"; the caller frees. */
char *snapshot_base(const char *root, const char *archive, int64_t timestamp);
/* Adds the base URLs at which the pin's state can be had, one a root. */
void snapshot_bases_add(
	const struct place_list *places, const struct pin *pin, struct text_list *bases);
/* Adds the URLs of the archive's other places, which have its present state. */
void mirror_bases_add(
	const struct place_list *places, const char *archive, struct text_list *bases);
/* The timestamp in "…/archive/ARCHIVE/TIMESTAMP[/…]"; false when it has none. */
bool snapshot_url_timestamp(const char *url, const char *archive, int64_t *timestamp);

/* The architecture dpkg builds for; the caller frees. */
enum status dpkg_architecture(char **architecture, struct error *err);

/* The archives that Debian itself publishes, whose Origin must be Debian. */
bool archive_is_debian(const char *archive);

#endif
