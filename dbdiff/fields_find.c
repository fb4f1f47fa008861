/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "dbdiff/fields.h"

/* The rows in the order of their names, made once; looked up for every field of every member. */
static const struct field **by_name;
static size_t row_count;
static const struct field *unknown; /* the last row of the table */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int compare_rows(const void *a, const void *b)
{
	const struct field *const *row_a = a, *const *row_b = b;

	return strcmp((*row_a)->name, (*row_b)->name);
}

static void sort_rows(void)
{
	size_t i = 0;

	for (const struct field *row = fields_first(); row != NULL; row = fields_after(row))
		row_count++;
	by_name = xcalloc(row_count, sizeof(by_name[0]));
	for (const struct field *row = fields_first(); row != NULL; row = fields_after(row))
		unknown = by_name[i++] = row;
	qsort(by_name, row_count, sizeof(by_name[0]), compare_rows);
}

/* The row whose name is exactly these bytes; NULL if there is none. */
static const struct field *find_row(const char *name, size_t len)
{
	size_t low = 0, high = row_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *at = by_name[middle]->name;
		int order = strncmp(at, name, len);

		if (order == 0 && at[len] == '\0')
			return by_name[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct field *field_find(const char *name)
{
	const char *colon = strchr(name, ':');
	const struct field *row;

	pthread_once(&once, sort_rows);
	row = find_row(name, strlen(name));
	if (row == NULL && colon != NULL)
		row = find_row(name, (size_t)(colon - name) + 1);
	return row != NULL ? row : unknown;
}

int field_compare(const char *a, const char *b)
{
	const struct field *row_a = field_find(a);
	const struct field *row_b = field_find(b);

	if (row_a != row_b)
		return row_a < row_b ? -1 : 1;
	return strcmp(a, b);
}
