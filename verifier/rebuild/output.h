/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_OUTPUT_H
#define VERIFIER_REBUILD_OUTPUT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/array.h"
#include "base/error.h"

/* A regular file that a build left. */
struct output_file {
	char *name; /* below the output directory: "a.wic", "sub/b.tar.gz" */
	uint64_t size;
	dev_t device;
	ino_t inode;
};

/* Sorted by name. A zeroed struct, with directory_fd -1, is safe to release. */
struct output {
	int directory_fd;
	struct output_file *files;
	size_t count;
	size_t capacity;
};

#define OUTPUT_INIT                                                                                \
	{                                                                                          \
		.directory_fd = -1                                                                 \
	}
#define OUTPUT_FILE_MAX ((size_t)100000)
/* The largest output: holes cost nothing to make and much to hash. */
#define OUTPUT_SIZE_MAX ((uint64_t)1 << 40)
#define OUTPUT_DEPTH	32u

/*
 * Lists what a build left, after its last process is gone (trust T2). Taken by content, so only
 * regular files and directories count: a link, FIFO, socket or device, a file with a second
 * name, another file system mounted there, and a file that is one of `published` (absolute paths
 * of files, by device and inode; NULL: none) are STATUS_BUILD, naming it. Too many files or too
 * deep is STATUS_LIMIT. The output is the caller's to release, also after an error.
 */
enum status output_collect(const char *directory, const struct text_list *published,
	struct output *output, struct error *err);

/*
 * Opens one for reading; STATUS_BUILD when it is no longer the file that was listed. *fd is the
 * caller's.
 */
enum status output_open(
	const struct output *output, const struct output_file *file, int *fd, struct error *err);

/*
 * Collects as output_collect() does, and copies what was listed to a new directory, where it is
 * listed again by who uses it: for an output directory that goes away.
 */
enum status output_copy(const char *directory, const struct text_list *published,
	const char *destination, struct error *err);

void output_release(struct output *output);

#endif
