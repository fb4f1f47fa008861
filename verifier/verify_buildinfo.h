/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_BUILDINFO_H
#define VERIFIER_VERIFY_BUILDINFO_H

#include <stddef.h>

#include "base/error.h"
#include "base/hash.h"

/*
 * The record of a build of Debian packages (deb-buildinfo(5)): what it made, and which packages
 * were installed for it. A signature around it is taken off and not checked: what binds the record
 * to files are the digests in it, and whether it tells the truth about the rest nobody else says.
 */

struct buildinfo_package {
	char *name;
	char *architecture; /* "" where it is the build's own */
	char *version;
};

struct buildinfo_file {
	char *name;
	struct digest digest;
};

/* A zeroed struct is empty and safe to release. */
struct buildinfo {
	struct buildinfo_package *packages; /* Installed-Build-Depends, sorted */
	size_t package_count, package_capacity;
	struct buildinfo_file *files; /* Checksums-Sha256, sorted by name */
	size_t file_count, file_capacity;
};

/*
 * STATUS_FORMAT for text that is none: without either list, with an empty or malformed one, with a
 * package or file named twice, with text before or behind its signature, or with other fields
 * behind a blank line. To be released also after an error.
 */
enum status buildinfo_read(
	const char *text, size_t len, struct buildinfo *buildinfo, struct error *err);
/* NULL when the record does not name it. */
const struct digest *buildinfo_find(const struct buildinfo *buildinfo, const char *name);
void buildinfo_release(struct buildinfo *buildinfo);

#endif
