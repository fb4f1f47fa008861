/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_BUNDLE_GIT_H
#define SNAPSHOT_BUNDLE_GIT_H

#include "snapshot/bundle.h"

/*
 * Git repositories in a bundle, as files of git's own (gitformat-bundle(5)) that hold one commit as
 * HEAD with all its history, and the tags that lead into it.
 */

/*
 * Writes the HEAD of the repository in a directory to an unlinked file, *fd, which becomes the
 * caller's. `option` is "DIRECTORY" or "DIRECTORY=NAME". The bytes follow from the commit and the
 * tags, however the repository is packed. STATUS_USAGE for one with changes that are not committed,
 * or without its whole history.
 */
enum status bundle_git_write(const char *option, struct bundle_repository *repository, int *fd,
	uint64_t *size, struct error *err);

/*
 * Lets git take the file in by itself, into a place of its own, and look through all its objects.
 * STATUS_TRUST when it does not hold, or its HEAD is another commit.
 */
enum status bundle_git_verify(
	const char *path, const struct bundle_repository *repository, struct error *err);

#endif
