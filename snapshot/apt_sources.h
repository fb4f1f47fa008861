/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_APT_SOURCES_H
#define SNAPSHOT_APT_SOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/array.h"
#include "base/error.h"

/*
 * What apt is told to read (sources.list(5)): a line of a .list file, or a stanza of a .sources
 * file, that is enabled.
 */
struct apt_source {
	bool is_binary;		 /* Types: deb */
	bool is_source;		 /* Types: deb-src */
	struct text_list uris;	 /* as they are written; user-info included */
	struct text_list suites; /* with a "/" at the end: a flat repository */
	struct text_list components;
	struct text_list architectures; /* empty: apt's own */
	char *signed_by;		/* a file, fingerprints or a key; NULL when not said */
};

/* In apt's order. A zeroed struct is an empty list. */
struct apt_source_list {
	struct apt_source *items;
	size_t count;
	size_t capacity;
};

/*
 * Reads sources.list, then sources.list.d/ by name, below `etc_apt`; absent files are fine. What
 * apt would refuse is STATUS_USAGE with file and line.
 */
enum status apt_source_list_read(
	struct apt_source_list *sources, const char *etc_apt, struct error *err);
void apt_source_list_release(struct apt_source_list *sources);

#endif
