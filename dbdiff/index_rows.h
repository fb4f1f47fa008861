/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_INDEX_ROWS_H
#define DBDIFF_INDEX_ROWS_H

#include <stdint.h>

/* How rows stand in an index file (dbdiff/index_file.h). */
enum index_value {
	INDEX_VALUE_NULL = 0,
	INDEX_VALUE_NUMBER = 1,
	INDEX_VALUE_TEXT = 2,
	INDEX_VALUE_BLOB = 3,
};

#define INDEX_ROWS_END 0

/* One of index.sql's tables. */
struct index_table {
	const char *select; /* all columns of all rows, in the order of the key */
	const char *insert;
	int columns;
};

enum {
	INDEX_TABLE_MEMBER,
	INDEX_TABLE_BLOCK,
	INDEX_TABLE_REGION,
	INDEX_TABLES,
};
extern const struct index_table index_tables[INDEX_TABLES];

#endif
