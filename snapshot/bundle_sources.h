/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_BUNDLE_SOURCES_H
#define SNAPSHOT_BUNDLE_SOURCES_H

#include "snapshot/snapshot.h"

/* A file of a source package. */
struct source_file {
	size_t pin; /* of the list */
	char *path; /* below the archive's root */
};

/* A zeroed struct is empty and safe to release. */
struct source_file_list {
	struct source_file *items;
	size_t count, capacity;
};

void source_file_list_release(struct source_file_list *files);

/*
 * The source packages of binary packages, which are given by their paths below an archive's root
 * (sorted; other paths among them are passed over). STATUS_NOT_FOUND when no Sources of the pins
 * has one.
 */
enum status bundle_sources(struct store *store, const struct pin_list *pins,
	const struct text_list *paths, struct source_file_list *files, struct error *err);

#endif
