/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/find_matrix.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* 128 MiB for each way round. */
#define MATRIX_BITS_MAX (UINT64_C(1) << 30)

static size_t words_for(size_t bits)
{
	return (bits + 63) / 64;
}

static void matrix_init(struct cover_matrix *matrix, size_t rows, size_t columns)
{
	*matrix = (struct cover_matrix){.rows = rows,
		.columns = columns,
		.row_words = words_for(columns),
		.column_words = words_for(rows)};
	matrix->by_row = xcalloc(rows * matrix->row_words + 1, sizeof(uint64_t));
	matrix->by_column = xcalloc(columns * matrix->column_words + 1, sizeof(uint64_t));
	matrix->candidates = xcalloc(columns + 1, sizeof(size_t));
}

void matrix_release(struct cover_matrix *matrix)
{
	free(matrix->by_row);
	free(matrix->by_column);
	free(matrix->candidates);
	*matrix = (struct cover_matrix){0};
}

static enum status matrix_fill(
	const struct cover_problem *problem, struct cover_matrix *matrix, struct error *err)
{
	size_t rows = problem->element_count, columns = problem->candidate_count;

	if ((uint64_t)words_for(columns) * 64 * rows > MATRIX_BITS_MAX ||
		(uint64_t)words_for(rows) * 64 * columns > MATRIX_BITS_MAX)
		return error_set(err, STATUS_LIMIT,
			"%zu packages at %zu different times are more than can be compared", rows,
			columns);
	matrix_init(matrix, rows, columns);
	for (size_t i = 0; i < columns; i++) {
		matrix->candidates[i] = i;
		for (size_t j = 0; j < problem->candidates[i].count; j++) {
			bit_set(matrix_row(matrix, problem->candidates[i].elements[j]), i);
			bit_set(matrix_column(matrix, i), problem->candidates[i].elements[j]);
		}
	}
	return STATUS_OK;
}

/* Every bit of `part` that `mask` has is in `whole` as well. */
static bool is_within(const uint64_t *part, const uint64_t *mask, const uint64_t *whole, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (part[i] & mask[i] & ~whole[i])
			return false;
	}
	return true;
}

/* What of a matrix still says something. */
struct reduction {
	const struct cover_matrix *matrix;
	struct cover_effort *effort;
	uint64_t *rows, *columns;
	bool is_changed;
};

static void bit_clear(uint64_t *words, size_t bit)
{
	words[bit / 64] &= ~(UINT64_C(1) << (bit % 64));
}

static bool row_says_nothing(const struct reduction *reduction, size_t row)
{
	const struct cover_matrix *matrix = reduction->matrix;

	for (size_t other = 0; other < matrix->rows; other++) {
		if (other == row || !bit_is_set(reduction->rows, other))
			continue;
		reduction->effort->spent += matrix->row_words;
		if (is_within(matrix_row(matrix, other), reduction->columns,
			    matrix_row(matrix, row), matrix->row_words))
			return true;
	}
	return false;
}

static bool column_says_nothing(const struct reduction *reduction, size_t column)
{
	const struct cover_matrix *matrix = reduction->matrix;

	for (size_t other = 0; other < column; other++) {
		if (!bit_is_set(reduction->columns, other))
			continue;
		reduction->effort->spent += matrix->column_words;
		if (is_within(matrix_column(matrix, column), reduction->rows,
			    matrix_column(matrix, other), matrix->column_words))
			return true;
	}
	return false;
}

/* Rows that go may make columns needless and the other way round. It may end at any point. */
static void matrix_reduce(struct reduction *reduction)
{
	const struct cover_matrix *matrix = reduction->matrix;
	/* The search itself has to have something left to spend. */
	struct cover_effort half = {.limit = reduction->effort->limit / 2};

	reduction->is_changed = true;
	while (reduction->is_changed) {
		reduction->is_changed = false;
		for (size_t i = 0; i < matrix->rows; i++) {
			half.spent = reduction->effort->spent;
			if (effort_is_spent(&half))
				return;
			if (!bit_is_set(reduction->rows, i) || !row_says_nothing(reduction, i))
				continue;
			bit_clear(reduction->rows, i);
			reduction->is_changed = true;
		}
		for (size_t i = 0; i < matrix->columns; i++) {
			half.spent = reduction->effort->spent;
			if (effort_is_spent(&half))
				return;
			if (!bit_is_set(reduction->columns, i) ||
				!column_says_nothing(reduction, i))
				continue;
			bit_clear(reduction->columns, i);
			reduction->is_changed = true;
		}
	}
}

struct ranked_row {
	size_t row, weight;
};

static int ranked_compare(const void *a, const void *b)
{
	const struct ranked_row *left = a, *right = b;

	if (left->weight != right->weight)
		return left->weight < right->weight ? -1 : 1;
	return (left->row > right->row) - (left->row < right->row);
}

/* Those rows that are left, fewest columns first; the caller frees. */
static struct ranked_row *rows_rank(const struct reduction *reduction, size_t *count)
{
	const struct cover_matrix *matrix = reduction->matrix;
	struct ranked_row *ranked = xcalloc(matrix->rows + 1, sizeof(*ranked));

	*count = 0;
	for (size_t i = 0; i < matrix->rows; i++) {
		if (!bit_is_set(reduction->rows, i))
			continue;
		ranked[*count].row = i;
		for (size_t j = 0; j < matrix->row_words; j++)
			ranked[*count].weight += (size_t)__builtin_popcountll(
				matrix_row(matrix, i)[j] & reduction->columns[j]);
		++*count;
	}
	if (*count > 1)
		qsort(ranked, *count, sizeof(*ranked), ranked_compare);
	return ranked;
}

static void matrix_compact(const struct reduction *reduction, struct cover_matrix *compact)
{
	const struct cover_matrix *matrix = reduction->matrix;
	size_t rows, columns = 0, at = 0;
	struct ranked_row *ranked = rows_rank(reduction, &rows);

	for (size_t i = 0; i < matrix->columns; i++)
		columns += bit_is_set(reduction->columns, i);
	matrix_init(compact, rows, columns);
	for (size_t i = 0; i < matrix->columns; i++) {
		if (!bit_is_set(reduction->columns, i))
			continue;
		compact->candidates[at] = matrix->candidates[i];
		for (size_t j = 0; j < rows; j++) {
			if (!bit_is_set(matrix_column(matrix, i), ranked[j].row))
				continue;
			bit_set(matrix_column(compact, at), j);
			bit_set(matrix_row(compact, j), at);
		}
		at++;
	}
	free(ranked);
}

static void bits_fill(uint64_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bit_set(words, i);
}

enum status matrix_make(const struct cover_problem *problem, struct cover_effort *effort,
	struct cover_matrix *matrix, struct error *err)
{
	struct cover_matrix whole = {0};
	struct reduction reduction = {.matrix = &whole, .effort = effort};
	enum status status = matrix_fill(problem, &whole, err);

	if (status < 0)
		return status;
	reduction.rows = xcalloc(whole.column_words + 1, sizeof(uint64_t));
	reduction.columns = xcalloc(whole.row_words + 1, sizeof(uint64_t));
	bits_fill(reduction.rows, whole.rows);
	bits_fill(reduction.columns, whole.columns);
	for (size_t i = 0; i < whole.rows && status == STATUS_OK; i++) {
		const uint64_t *row = matrix_row(&whole, i);
		size_t word = 0;

		while (word < whole.row_words && row[word] == 0)
			word++;
		if (word == whole.row_words)
			status = error_set(
				err, STATUS_NOT_FOUND, "element %zu is in no candidate", i);
	}
	if (status == STATUS_OK) {
		matrix_reduce(&reduction);
		matrix_compact(&reduction, matrix);
	}
	free(reduction.rows);
	free(reduction.columns);
	matrix_release(&whole);
	return status;
}
