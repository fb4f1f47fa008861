/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_SUITE_RELEASE_H
#define SNAPSHOT_SUITE_RELEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"

/* A file below dists/SUITE/, as the Release file lists it. */
struct release_file {
	char *path; /* "main/binary-amd64/Packages.xz" */
	struct digest digest;
	uint64_t size;
};

/* A Release file (Debian repository format). A zeroed struct is safe to release. */
struct suite_release {
	char *origin, *label, *suite, *codename; /* "" when it does not say */
	int64_t date;
	int64_t valid_until; /* 0 when it does not say */
	struct text_list components;
	struct text_list architectures;
	bool has_by_hash;	    /* Acquire-By-Hash: yes */
	bool is_not_automatic;	    /* NotAutomatic: yes; apt takes nothing from it unasked */
	bool has_all_in_each;	    /* Packages of each architecture hold those of "all" too */
	struct release_file *files; /* sorted by path; SHA-256 only */
	size_t file_count;
	size_t file_capacity;
};

/* STATUS_TRUST when it lists two digests for one path. */
enum status suite_release_parse(
	const char *text, size_t len, struct suite_release *release, struct error *err);
void suite_release_release(struct suite_release *release);

/*
 * Holds when it is the one asked for (trust T12): a key signs several suites and archives.
 * `origin` NULL takes any. STATUS_TRUST when it is another, STATUS_CLOCK when its Date is behind
 * `now`.
 */
enum status suite_release_check(const struct suite_release *release, const char *archive,
	const char *suite, const char *origin, int64_t now, struct error *err);

/* "updates/main" of old security suites and "main" are one. */
bool suite_release_has_component(const struct suite_release *release, const char *component);
/* The name of a component as index paths have it. */
const char *component_directory(const char *component);

/* NULL when it lists no such path. */
const struct release_file *suite_release_find(
	const struct suite_release *release, const char *path);
/* The best compressed form of an index: `path` is "main/source/Sources"; NULL for none. */
const struct release_file *suite_release_find_index(
	const struct suite_release *release, const char *path);

#endif
