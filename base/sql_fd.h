/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SQL_FD_H
#define BASE_SQL_FD_H

#include "base/sql.h"

/*
 * A database in a file that is open already, for a process that may open none: no journal, no
 * locks, no temporary file, and nothing is asked of the file system. `fd` stays the caller's and
 * must outlive the handle; nobody else may write to the file. SQL_CREATE expects it to be empty
 * and open for writing, SQL_READ writes nothing.
 */
enum status sql_open_fd(struct sql *sql, int fd, enum sql_mode mode, const char *const *texts,
	size_t text_count, struct error *err);

#endif
