/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_FILES_H
#define VERIFIER_VERIFY_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/hash.h"
#include "snapshot/snapshot.h"

/* Where the bytes of a file are. */
enum file_place {
	FILE_IN_DIRECTORY,
	FILE_IN_STORE,	/* fetched; by its digest */
	FILE_HASH_ONLY, /* a hash list names it, and nothing more is known */
};

/* One published or rebuilt file. */
struct file {
	char *name;	   /* below its root, raw bytes; "sub/name" in subdirectories */
	char *stored_name; /* below the root, where that is another name; or NULL */
	enum file_place place;
	char *problem;	 /* why it is no artifact (a link, a device), or NULL */
	bool has_digest; /* what a hash list or the store says of it */
	struct digest digest;
	uint64_t size; /* where a store or directory says it */
	bool is_index; /* an index of the artifact stands for it (dbdiff/index_file.h) */
};

/* The files of one side, sorted by name. A zeroed struct is empty and safe to release. */
struct file_set {
	int root_fd;	     /* of a directory, or -1 */
	struct store *store; /* borrowed; for FILE_IN_STORE */
	struct file *files;
	size_t count;
	size_t capacity;
};

#define FILE_SET_INIT                                                                              \
	{                                                                                          \
		.root_fd = -1                                                                      \
	}

/*
 * Lists a directory and what is below it. Links, devices, FIFOs and sockets are listed with their
 * problem and never followed (trust T2).
 */
enum status file_set_list(struct file_set *set, const char *directory, struct error *err);

/* Adds a file; the name is copied. file_set_sort() when all are there. */
struct file *file_set_add(struct file_set *set, const char *name, enum file_place place);
void file_set_sort(struct file_set *set);
struct file *file_set_find(const struct file_set *set, const char *name);

/*
 * Opens a file of the set for reading: regular files only, never through a link. STATUS_FORMAT when
 * it has a problem, STATUS_NOT_FOUND for FILE_HASH_ONLY.
 */
enum status file_set_open(
	const struct file_set *set, const struct file *file, int *fd, struct error *err);

void file_set_release(struct file_set *set);

#endif
