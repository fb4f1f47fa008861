/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_INDEX_CHECK_H
#define DBDIFF_INDEX_CHECK_H

#include "dbdiff/index.h"

/*
 * An index was written by a process that had read a hostile image, or comes from elsewhere. Refused
 * (STATUS_FORMAT) is one with any other schema than index.sql's, before anything is asked of it.
 */
enum status index_check_schema(struct sql *sql, struct error *err);

/* Every page has one use, and every row the types of its table; else STATUS_FORMAT. */
enum status index_check_pages(struct sql *sql, struct error *err);

/*
 * Whether the cursor's row can be one of ours, else STATUS_FORMAT: its id is over its container's,
 * so that containers make no ring, and it comes behind the row before, so that pages of the file
 * make none.
 */
enum status index_check_row(const struct index_cursor *cursor, struct error *err);

#endif
