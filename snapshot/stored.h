/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_STORED_H
#define SNAPSHOT_STORED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"

/* The store: content-addressed files, and its upkeep. */

struct store;

/*
 * Opens the store in `directory`, making it when absent (mode 0700). Layout: sha256/AB/REST,
 * pins/NAME, quarantine/, tmp/, sha1 (the SHA-1 of each file, which finds and proves nothing). Safe
 * for several processes.
 */
enum status store_open(const char *directory, struct store **store, struct error *err);
void store_free(struct store *store);
const char *store_directory(const struct store *store);

/* True when a file of that digest is there; says nothing about its bytes. */
bool store_has(struct store *store, const struct digest *digest);

/*
 * Opens a stored file after hashing it (trust T13). Bytes that do not fit are moved to quarantine/
 * and the status is STATUS_TRUST; absent is STATUS_NOT_FOUND. *fd stands at offset 0 and is the
 * caller's; *size may be NULL.
 */
enum status store_read(struct store *store, const struct digest *digest, int *fd, uint64_t *size,
	struct error *err);
/* The same for small files, whole into memory; the caller frees *data, NUL-terminated. */
enum status store_read_all(struct store *store, const struct digest *digest, size_t limit,
	char **data, size_t *len, struct error *err);

/* Adds what is left in `fd`; when `expected` is given and does not fit: STATUS_TRUST, nothing
 * stored. */
enum status store_add(struct store *store, int fd, const struct digest *expected,
	struct digest *digest, uint64_t *size, struct error *err);
enum status store_add_memory(struct store *store, const void *data, size_t len,
	struct digest *digest, struct error *err);

/*
 * Copies a stored file into `out_fd` (a reflink where the file system can, never a hard link: trust
 * T13) and hashes what it copied. A regular `out_fd` has to be empty (else STATUS_CONFLICT), and is
 * so again on a mismatch, which is STATUS_TRUST as in store_read().
 */
enum status store_copy_out(
	struct store *store, const struct digest *digest, int out_fd, struct error *err);

struct store_tally {
	uint64_t files, bytes;
};

/* A thing in the store that is not what it is called, and was moved to quarantine/. */
struct store_damage {
	char *path;		/* below the store's directory: "sha256/AB/REST" */
	char *name;		/* "debian/pool/…" when a pin of the store names it; else NULL */
	bool is_foreign;	/* no file of the store's form; the digests say nothing */
	struct digest expected; /* what its name says */
};

struct store_damages {
	struct store_damage *items; /* by digest, foreign things last */
	size_t count, capacity;
	uint64_t sha1_wrong;   /* lines of the store's file `sha1`; they were put right */
	uint64_t sha1_missing; /* files of an earlier version; they have their SHA-1 now */
};

/*
 * Hashes every file, moves to quarantine/ what does not fit its name, and tells of it; *good is
 * what does fit. Other processes may use the store meanwhile. STATUS_OK also when there is damage.
 */
enum status store_fsck(struct store *store, struct store_tally *good, struct store_damages *damages,
	struct error *err);
void store_damages_release(struct store_damages *damages);

/* What of a store a pin takes. */
struct store_pin_use {
	char *pin;
	struct store_tally stored; /* what the store has; files of several pins count in each */
	uint64_t named;		   /* how many files the pin names */
};

struct store_unused {
	struct digest digest;
	uint64_t size;
};

/* What refers to a store's files. A zeroed struct is safe to release. */
struct store_use {
	struct store_pin_use *pins; /* by name */
	size_t pin_count, pin_capacity;
	struct store_unused *unused; /* what nothing refers to, largest first */
	size_t unused_count, unused_capacity;
	struct store_tally all, by_pins, by_records, by_nothing;
	struct store_tally quarantine, unfinished; /* in directories of their own, not in `all` */
};

/*
 * What a store is to keep. All borrowed: `records` are digests that something outside refers to,
 * sorted with digest_compare(); pins in `dropped` count as if they were gone already.
 */
struct store_keep {
	const struct digest *records;
	size_t record_count;
	const struct text_list *dropped;
};

/*
 * Looks at what refers to each file: its pins, and `keep`. A pin that cannot be read, or whose
 * indexes are not whole, is an error: what it refers to is then not known. STATUS_NOT_FOUND when
 * `dropped` names a pin that is not there.
 */
enum status store_use_measure(struct store *store, const struct store_keep *keep,
	struct store_use *use, struct error *err);
void store_use_release(struct store_use *use);

/*
 * Waits for nobody: STATUS_CONFLICT when another process has the store open. From then on no other
 * process can open it, until this one frees it.
 */
enum status store_hold_alone(struct store *store, struct error *err);

/*
 * The same, and then removes the dropped pins and what nothing refers to. The store is held alone
 * since before `records` were read: what is recorded meanwhile would lose its files.
 */
enum status store_gc(struct store *store, const struct store_keep *keep, struct store_use *use,
	struct error *err);

#endif
