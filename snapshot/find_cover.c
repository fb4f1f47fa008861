/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/find_cover.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "snapshot/find_matrix.h"

/*
 * Set cover by branch and bound. Whether a cover of k columns exists is asked for k = the lower
 * bound, and one more each time the answer is no; so the first yes is the size of the smallest.
 */
struct search {
	const struct cover_matrix *matrix;
	struct cover_effort effort;
	size_t *chosen; /* the columns on the way down, then those of the cover that was found */
	/* Copies a level: the rows that are still to be covered, the columns not to be taken. */
	uint64_t *uncovered, *banned;
};

static uint64_t *level_uncovered(const struct search *search, size_t level)
{
	return search->uncovered + level * search->matrix->column_words;
}

static uint64_t *level_banned(const struct search *search, size_t level)
{
	return search->banned + level * search->matrix->row_words;
}

/* Which row to cover next, and how many columns all of them need at least. */
struct outlook {
	size_t row;	/* of those left the one with the fewest columns */
	size_t columns; /* of that one: 0, and there is no cover */
	size_t bound;	/* rows no two of which have a column in common */
};

/* Counts the columns of a row that may be taken; *is_apart: none of them is in `met`. */
static size_t row_weigh(const uint64_t *row, const uint64_t *banned, const uint64_t *met,
	size_t len, bool *is_apart)
{
	size_t count = 0;

	*is_apart = true;
	for (size_t i = 0; i < len; i++) {
		uint64_t free_columns = row[i] & ~banned[i];

		count += (size_t)__builtin_popcountll(free_columns);
		*is_apart = *is_apart && (free_columns & met[i]) == 0;
	}
	return count;
}

static void look_out(struct search *search, size_t level, uint64_t *met, struct outlook *outlook)
{
	const struct cover_matrix *matrix = search->matrix;
	const uint64_t *uncovered = level_uncovered(search, level);
	const uint64_t *banned = level_banned(search, level);

	*outlook = (struct outlook){.columns = SIZE_MAX};
	memset(met, 0, matrix->row_words * sizeof(uint64_t));
	for (size_t i = 0; i < matrix->rows; i++) {
		const uint64_t *row = matrix_row(matrix, i);
		bool is_apart;
		size_t count;

		if (!bit_is_set(uncovered, i))
			continue;
		search->effort.spent += matrix->row_words;
		count = row_weigh(row, banned, met, matrix->row_words, &is_apart);
		if (count < outlook->columns) {
			outlook->row = i;
			outlook->columns = count;
		}
		if (!is_apart)
			continue;
		outlook->bound++;
		for (size_t j = 0; j < matrix->row_words; j++)
			met[j] |= row[j] & ~banned[j];
	}
}

/* Takes a column at `level`; true when nothing is left to be covered. */
static bool level_take(struct search *search, size_t level, size_t column)
{
	const struct cover_matrix *matrix = search->matrix;
	const uint64_t *before = level_uncovered(search, level);
	const uint64_t *covers = matrix_column(matrix, column);
	uint64_t *after = level_uncovered(search, level + 1), left = 0;

	search->chosen[level] = column;
	search->effort.spent += matrix->column_words;
	for (size_t i = 0; i < matrix->column_words; i++) {
		after[i] = before[i] & ~covers[i];
		left |= after[i];
	}
	return left == 0;
}

/*
 * Whether `end` - `level` more columns cover what is left; then chosen[] has all of them. False
 * also when the effort is spent. What was tried at a level without success is banned for the rest
 * of it: every cover with that column has been looked at.
 */
static bool search_within(struct search *search, size_t level, size_t end)
{
	const struct cover_matrix *matrix = search->matrix;
	uint64_t *banned = level_banned(search, level);
	struct outlook outlook;

	/* The next level's copy is free until something is taken. */
	look_out(search, level, level_banned(search, level + 1), &outlook);
	if (outlook.columns == 0 || outlook.bound > end - level)
		return false;
	for (size_t word = 0; word < matrix->row_words; word++) {
		uint64_t left = matrix_row(matrix, outlook.row)[word] & ~banned[word];

		while (left) {
			size_t column = word * 64 + (size_t)__builtin_ctzll(left);

			left &= left - 1;
			if (effort_is_spent(&search->effort))
				return false;
			if (level_take(search, level, column))
				return true;
			if (level + 1 < end) {
				memcpy(level_banned(search, level + 1), banned,
					matrix->row_words * sizeof(uint64_t));
				if (search_within(search, level + 1, end))
					return true;
			}
			bit_set(banned, column);
		}
	}
	return false;
}

static void level_begin(struct search *search)
{
	memset(level_banned(search, 0), 0, search->matrix->row_words * sizeof(uint64_t));
	for (size_t i = 0; i < search->matrix->rows; i++)
		bit_set(level_uncovered(search, 0), i);
}

/* The column that covers most of what is left, again and again: some cover, seldom a bad one. */
static size_t search_greedy(struct search *search)
{
	const struct cover_matrix *matrix = search->matrix;
	size_t level = 0;

	level_begin(search);
	for (;;) {
		size_t best = 0, best_count = 0;

		for (size_t i = 0; i < matrix->columns; i++) {
			size_t count = 0;

			for (size_t j = 0; j < matrix->column_words; j++)
				count += (size_t)__builtin_popcountll(matrix_column(matrix, i)[j] &
					level_uncovered(search, 0)[j]);
			if (count > best_count) {
				best = i;
				best_count = count;
			}
		}
		/* One level is enough when nobody comes back to it. */
		search->chosen[level++] = best;
		for (size_t j = 0; j < matrix->column_words; j++)
			level_uncovered(search, 0)[j] &= ~matrix_column(matrix, best)[j];
		best_count = 0;
		for (size_t j = 0; j < matrix->column_words; j++)
			best_count |= level_uncovered(search, 0)[j] != 0;
		if (!best_count)
			return level;
	}
}

static int size_compare(const void *a, const void *b)
{
	const size_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void choice_take(struct cover_choice *choice, const size_t *columns, size_t count)
{
	memcpy(choice->candidates, columns, count * sizeof(size_t));
	choice->count = count;
	if (count > 1)
		qsort(choice->candidates, count, sizeof(size_t), size_compare);
}

/* Raises at_least until it is the size of a cover, or the effort is spent. */
static void search_smallest(struct search *search, struct cover_choice *choice)
{
	struct outlook outlook;

	level_begin(search);
	look_out(search, 0, level_banned(search, 1), &outlook);
	choice->at_least = outlook.bound;
	while (choice->at_least < choice->count) {
		level_begin(search);
		if (search_within(search, 0, choice->at_least)) {
			choice_take(choice, search->chosen, choice->at_least);
			return;
		}
		if (effort_is_spent(&search->effort))
			return;
		choice->at_least++;
	}
}

static bool covers_any(const struct search *search, size_t level, size_t column)
{
	const uint64_t *covers = matrix_column(search->matrix, column);
	const uint64_t *uncovered = level_uncovered(search, level);

	for (size_t i = 0; i < search->matrix->column_words; i++) {
		if (covers[i] & uncovered[i])
			return true;
	}
	return false;
}

/*
 * The first one of the covers with `count` columns: column by column the first one with which the
 * rest can still be done by columns behind it.
 */
static bool search_first(struct search *search, size_t count)
{
	size_t column = 0;

	level_begin(search);
	for (size_t level = 0; level < count; level++) {
		bool is_found = false;

		for (; column < search->matrix->columns && !is_found; column++) {
			/* No smallest cover has a column that it could do without. */
			if (!covers_any(search, level, column))
				continue;
			is_found = level_take(search, level, column);
			if (is_found || level + 1 == count)
				continue;
			memset(level_banned(search, level + 1), 0,
				search->matrix->row_words * sizeof(uint64_t));
			for (size_t i = 0; i <= column; i++)
				bit_set(level_banned(search, level + 1), i);
			is_found = search_within(search, level + 1, count);
			if (effort_is_spent(&search->effort))
				return false;
		}
		if (!is_found)
			return false;
	}
	return true;
}

enum status cover_choose(const struct cover_problem *problem, uint64_t effort,
	struct cover_choice *choice, struct error *err)
{
	struct cover_matrix matrix = {0};
	struct search search = {.matrix = &matrix, .effort.limit = effort};
	enum status status;
	size_t levels;

	*choice = (struct cover_choice){.is_preferred = true};
	if (problem->element_count == 0)
		return STATUS_OK;
	status = matrix_make(problem, &search.effort, &matrix, err);
	if (status < 0)
		return status;
	/* A cover needs no more columns than there are rows. */
	levels = (matrix.rows < matrix.columns ? matrix.rows : matrix.columns) + 1;
	search.chosen = xcalloc(levels, sizeof(size_t));
	search.uncovered = xcalloc(levels * matrix.column_words, sizeof(uint64_t));
	search.banned = xcalloc(levels * matrix.row_words, sizeof(uint64_t));
	choice->candidates = xcalloc(levels, sizeof(size_t));
	choice_take(choice, search.chosen, search_greedy(&search));
	search_smallest(&search, choice);
	choice->is_preferred =
		choice->count == choice->at_least && search_first(&search, choice->count);
	if (choice->is_preferred)
		choice_take(choice, search.chosen, choice->count);
	for (size_t i = 0; i < choice->count; i++)
		choice->candidates[i] = matrix.candidates[choice->candidates[i]];
	free(search.chosen);
	free(search.uncovered);
	free(search.banned);
	matrix_release(&matrix);
	return STATUS_OK;
}

void cover_choice_release(struct cover_choice *choice)
{
	free(choice->candidates);
	*choice = (struct cover_choice){0};
}
