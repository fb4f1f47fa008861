/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_MANIFEST_H
#define SNAPSHOT_MANIFEST_H

#include <stddef.h>

#include "base/array.h"
#include "base/error.h"

/*
 * The packages of an image, as a list beside it names them: ISAR's .manifest and .wic.manifest
 * ("SOURCE|SOURCE VERSION|PACKAGE[:ARCHITECTURE]|VERSION", or the package alone), dpkg's status
 * file (ISAR's .dpkg_status), or lines "PACKAGE[:ARCHITECTURE]=VERSION" or
 * "PACKAGE[:ARCHITECTURE] VERSION" (dpkg-query -W). Empty lines and those that begin with "#" say
 * nothing.
 */
struct manifest_package {
	char *name;
	char *version;	    /* NULL where a line is the package alone */
	char *architecture; /* "all" too; NULL where the list does not say */
	char *source;	    /* NULL where the list does not say, as is source_version */
	char *source_version;
	/*
	 * Of dpkg's status, when dpkg does not take it for installed ("half-installed",
	 * "unpacked", "reinstreq installed"): it satisfies no dependency. Else NULL.
	 */
	char *state;
	size_t line; /* where it stands in the list, from 1 */
};

struct manifest {
	/*
	 * By name, architecture and version (in Debian's order). A line that says no more than
	 * another of the same architecture, or of "all", is left out; what is given two versions
	 * stands in both.
	 */
	struct manifest_package *items;
	size_t count, capacity;
	size_t repeated; /* lines that were left out */
	/* Sentences to say to the user: two versions of one package, packages not configured. */
	struct text_list notes;
};

/*
 * Reads a list, "-" for standard input. What cannot be read as one, and a list without a package,
 * is STATUS_FORMAT with "PATH:LINE: "; what is too large to be one is STATUS_LIMIT. Packages that
 * dpkg's status says are not installed are left out. Release it also after an error.
 */
enum status manifest_read(const char *path, struct manifest *manifest, struct error *err);
/* The same of what is left in `fd`, or of a text in memory; `name` is for errors. */
enum status manifest_read_descriptor(
	int fd, const char *name, struct manifest *manifest, struct error *err);
enum status manifest_parse(const char *name, const char *data, size_t len,
	struct manifest *manifest, struct error *err);
/*
 * The same of lines without an architecture and those that say the image's own, `architecture`,
 * which a list does not tell: "acl" beside "acl:arm64" is another package in an image of amd64.
 * Of a list that was read without an error; notes are added.
 */
void manifest_unite(struct manifest *manifest, const char *architecture);
void manifest_release(struct manifest *manifest);

#endif
