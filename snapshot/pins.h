/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_PINS_H
#define SNAPSHOT_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"

/* Pins: made, captured, read, and locked. */

struct store;
struct fetcher;
struct place_list;

/*
 * The bytes that a signed state of a suite is known by (trust T12): those of its InRelease, or, of
 * an archive that has none, those of Release and of the Release.gpg that signs it.
 */
struct suite_state {
	bool is_detached;
	struct digest inrelease;	    /* all zeros when detached */
	struct digest release, release_gpg; /* all zeros when not */
};

/* "HEX" or "Release:HEX,Release.gpg:HEX", as in lock files and records. */
#define SUITE_STATE_SIZE ((size_t)160)

/* States of different kinds never are. */
bool suite_state_equal(const struct suite_state *a, const struct suite_state *b);
void suite_state_format(const struct suite_state *state, char text[SUITE_STATE_SIZE]);
bool suite_state_parse(const char *text, struct suite_state *state);

/* One signed suite of an archive at one time (trust T12). */
struct pin_suite {
	char *suite;  /* as in dists/SUITE: "bookworm-security" */
	char *origin; /* as its Release says */
	char *codename;
	bool is_detached;	 /* Release and Release.gpg; there is no InRelease */
	struct digest inrelease; /* of the InRelease file as it was served; or all zeros */
	/*
	 * Of the signed text, which is in the store as well: what gpgv said is signed in InRelease,
	 * or Release as it was served.
	 */
	struct digest release;
	struct digest release_gpg; /* of Release.gpg as it was served; or all zeros */
	int64_t date;		   /* its Date */
	char *signer;	     /* fingerprint of the primary key that signed it, upper case hex */
	int64_t signed_at;   /* when it signed */
	bool is_key_expired; /* accepted though that key has since expired or been retired */
};

/* Which of its digests it is known by. */
struct suite_state pin_suite_state(const struct pin_suite *suite);

/* An archive at one time: "debian@20260711T101637Z". */
struct pin {
	char *name;
	char *archive;
	int64_t timestamp;
	bool captured;	/* taken from a mirror's present state, not from snapshot.debian.org */
	int64_t import; /* of a captured one: the import that was found to be it; 0 for none */
	struct text_list components;
	struct text_list architectures;
	struct pin_suite *suites; /* sorted by suite */
	size_t suite_count;
	size_t suite_capacity;
};

void pin_release(struct pin *pin);

struct pin_list {
	struct pin *items;
	size_t count;
	size_t capacity;
};

void pin_list_release(struct pin_list *pins);

struct trust_options {
	const char *keyring;	 /* a file; NULL for the Debian keyrings of this machine */
	bool accept_expired_key; /* --accept-expired-key */
	int64_t now;		 /* clock_now(), or what a test says; 0 means clock_now() */
	const char *lock;	 /* lock file whose digests count as given; NULL for none */
	struct text_list *notes; /* sentences to say to the user are added; NULL: not wanted */
	const char *etc_apt;	 /* which suites a pin has, if nothing else says; NULL: /etc/apt */
};

/*
 * Whether the store holds that file whole: it is hashed. A damaged one is moved to quarantine and
 * is not there any more, which is noted with its `name`, so that it is fetched again.
 */
enum status store_check(struct store *store, const struct digest *digest,
	const struct trust_options *trust, const char *name, bool *is_there, struct error *err);

struct capture_request {
	const struct place_list *places; /* where from */
	const char *etc_apt;		 /* suites and components are read from these apt sources */
	struct text_list architectures;	 /* empty: dpkg's own */
	struct trust_options trust;
};

/*
 * Takes the present state of the archives into the store: InRelease (or Release and Release.gpg,
 * where there is none) verified as trust T11 says,
 * Packages and Sources checked by SHA-256. Gives one pin an archive. STATUS_CONFLICT when the store
 * has a pin of that name with other digests.
 */
enum status snapshot_capture(struct store *store, struct fetcher *fetcher,
	const struct capture_request *request, struct pin_list *pins, struct error *err);

/*
 * Reads a pin by its name from the store, or from snapshot.debian.org (through `places` first) when
 * the store does not have it; verifies it all the same. Adds it to `pins`. Overlap (one archive and
 * suite twice) is STATUS_USAGE.
 */
enum status snapshot_pin(struct store *store, struct fetcher *fetcher,
	const struct place_list *places, const struct trust_options *trust, const char *name,
	struct pin_list *pins, struct error *err);

/*
 * The lock file (trust T12): text, one line a suite, "archive suite timestamp STATE [captured]",
 * sorted, behind a line "reproof-lock-1". STATE is as suite_state_format() writes it: the SHA-256
 * of InRelease alone is what it always was, and versions that know no other refuse the rest.
 * lock_check: STATUS_NOT_FOUND when there is no lock file yet; STATUS_TRUST when it says otherwise.
 */
enum status lock_check(const char *path, const struct pin_list *pins, struct error *err);
enum status lock_write(const char *path, const struct pin_list *pins, struct error *err);

/*
 * Reads and verifies the pins of the store named in `names`, each on its own, so that they may be
 * several times of one suite; with no name all that the store has. Nothing is fetched.
 * STATUS_NOT_FOUND when there is none.
 */
enum status snapshot_pins_stored(struct store *store, const struct trust_options *trust,
	const struct text_list *names, struct pin_list *pins, struct error *err);

#endif
