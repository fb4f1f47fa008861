/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/array.h"
#include "base/error.h"

/* "a/b", with exactly one slash between; `name` alone when it is absolute or `directory` is "". */
char *path_join(const char *directory, const char *name);

/* The part behind the last slash, in `path` itself. */
const char *path_basename(const char *path);

/* The part before the last slash, "." without one; the caller frees. */
char *path_directory(const char *path);

/*
 * True when the name can only lead to something below the directory it is used in: relative, not
 * empty, no "." or ".." component, no empty component, no control character.
 */
bool path_is_contained(const char *name);

/* Makes the directory and its parents; an existing directory is fine. */
enum status path_make_directories(const char *path, mode_t mode, struct error *err);

/*
 * Adds the names in an open directory, but "." and "..", and sorts the list. Takes `fd` over; -1 is
 * errno's failure of opening it. `path` is for messages. A directory that cannot be read to its end
 * is an error: a name that was not read is not absent.
 */
enum status path_names(int fd, const char *path, struct text_list *names, struct error *err);

/* Removes a file or a whole tree without following a link or leaving its file system. Absent is
 * fine. */
enum status path_remove_tree(const char *path, struct error *err);

/* The absolute path without links; the path must exist. The caller frees. */
enum status path_resolve(const char *path, char **resolved, struct error *err);

/*
 * Opens a regular file below `directory_fd` without following any link out of it (openat2
 * RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS). Anything but a regular file is
 * STATUS_FORMAT. On success *fd is the caller's.
 */
enum status path_open_beneath(int directory_fd, const char *name, int *fd, struct error *err);

bool path_has_suffix(const char *path, const char *suffix);

/* Reads a whole file of at most `limit` bytes; the caller frees *data, which is NUL-terminated. */
enum status path_read_file(
	const char *path, size_t limit, char **data, size_t *len, struct error *err);

#endif
