/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_TEMPFILE_H
#define BASE_TEMPFILE_H

#include <sys/types.h>

#include "base/error.h"

/*
 * A file that appears whole or not at all: written beside its place under a temporary name
 * (".NAME.XXXXXX"), then fsync, rename, fsync of the directory. A zeroed struct is safe to
 * release; release without commit removes what was written.
 */
struct tempfile {
	int fd;		  /* for writing; -1 when there is none */
	char *path;	  /* the temporary name */
	char *final_path; /* where commit puts it */
};

#define TEMPFILE_INIT                                                                              \
	{                                                                                          \
		.fd = -1                                                                           \
	}

enum status tempfile_open(
	struct tempfile *file, const char *final_path, mode_t mode, struct error *err);
enum status tempfile_write(struct tempfile *file, const void *data, size_t len, struct error *err);
/* Puts it in its place, replacing what is there. */
enum status tempfile_commit(struct tempfile *file, struct error *err);
void tempfile_release(struct tempfile *file);

/* Writes a whole small file atomically. */
enum status tempfile_write_all(
	const char *path, const void *data, size_t len, mode_t mode, struct error *err);

/* A descriptor on an unlinked file in TMPDIR (O_TMPFILE, /var/tmp by default: holds much). */
enum status tempfile_unlinked(int *fd, struct error *err);

/* A new private directory in TMPDIR, "…/reproof-XXXXXX"; the caller frees the name and removes the
 * tree. */
enum status tempfile_directory(char **path, struct error *err);

#endif
