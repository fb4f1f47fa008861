/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_FIND_MATRIX_H
#define SNAPSHOT_FIND_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot/find_cover.h"

/* Inside find_cover.c and find_matrix.c only: a problem of covering as bits, both ways round. */
struct cover_matrix {
	size_t rows, columns; /* what has to be covered, and what may be chosen */
	size_t row_words;     /* of a row, which has a bit a column */
	size_t column_words;  /* of a column, which has a bit a row */
	uint64_t *by_row;
	uint64_t *by_column;
	size_t *candidates; /* which candidate a column is; ascending, so columns keep their order
			     */
};

/* What a search may still spend, in words looked at. */
struct cover_effort {
	uint64_t spent, limit;
};

static inline bool effort_is_spent(const struct cover_effort *effort)
{
	return effort->spent > effort->limit;
}

static inline uint64_t *matrix_row(const struct cover_matrix *matrix, size_t row)
{
	return matrix->by_row + row * matrix->row_words;
}

static inline uint64_t *matrix_column(const struct cover_matrix *matrix, size_t column)
{
	return matrix->by_column + column * matrix->column_words;
}

static inline bool bit_is_set(const uint64_t *words, size_t bit)
{
	return words[bit / 64] >> (bit % 64) & 1;
}

static inline void bit_set(uint64_t *words, size_t bit)
{
	words[bit / 64] |= UINT64_C(1) << (bit % 64);
}

/*
 * The matrix of a problem, without what says nothing: an element that is covered whenever another
 * one is, and a candidate that covers nothing which one before it does not cover as well. (One
 * behind it would do for the size of a choice, but not for its order.) Rows stand in the order of
 * how many columns cover them, fewest first. Errors are those of cover_choose().
 */
enum status matrix_make(const struct cover_problem *problem, struct cover_effort *effort,
	struct cover_matrix *matrix, struct error *err);
void matrix_release(struct cover_matrix *matrix);

#endif
