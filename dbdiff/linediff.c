/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/linediff.h"

#include "base/alloc.h"

#define COST_MOST 2000	   /* edits that one search looks for */
#define WORK_MOST 40000000 /* diagonals visited in all */

struct search {
	const uint32_t *a;
	const uint32_t *b;
	bool *changed_a;
	bool *changed_b;
	/* The furthest points of paths from the start and from the end, by diagonal. */
	long *forward;
	long *backward;
	long diagonals; /* index of diagonal 0 */
	long work;
};

struct box {
	long a_low, a_high, b_low, b_high;
};

struct point {
	long x, y;
};

/* One more edit from the start; true when a path from the end is met. */
static bool step_forward(
	struct search *search, const struct box *box, long cost, struct point *meeting)
{
	long delta = (box->a_high - box->a_low) - (box->b_high - box->b_low);
	long *reach = search->forward + search->diagonals;
	const long *back = search->backward + search->diagonals;

	for (long k = -cost; k <= cost; k += 2) {
		long x = k == -cost || (k != cost && reach[k - 1] < reach[k + 1])
			? reach[k + 1]
			: reach[k - 1] + 1;
		long y = x - k;

		while (box->a_low + x < box->a_high && y >= 0 && box->b_low + y < box->b_high &&
			search->a[box->a_low + x] == search->b[box->b_low + y])
			x++, y++;
		reach[k] = x;
		search->work++;
		if (delta % 2 != 0 && k >= delta - (cost - 1) && k <= delta + (cost - 1) &&
			x >= back[k]) {
			*meeting = (struct point){box->a_low + x, box->b_low + y};
			return true;
		}
	}
	return false;
}

/* The same from the end; `backward` is kept by the forward diagonal, as x from the start. */
static bool step_backward(
	struct search *search, const struct box *box, long cost, struct point *meeting)
{
	long delta = (box->a_high - box->a_low) - (box->b_high - box->b_low);
	long *reach = search->backward + search->diagonals;
	const long *front = search->forward + search->diagonals;

	for (long c = -cost; c <= cost; c += 2) {
		long k = c + delta;
		long x = c == cost || (c != -cost && reach[k - 1] < reach[k + 1])
			? reach[k - 1]
			: reach[k + 1] - 1;
		long y = x - k;

		while (x > 0 && y > 0 &&
			search->a[box->a_low + x - 1] == search->b[box->b_low + y - 1])
			x--, y--;
		reach[k] = x;
		search->work++;
		if (delta % 2 == 0 && k >= -cost && k <= cost && front[k] >= x) {
			*meeting = (struct point){box->a_low + x, box->b_low + y};
			return true;
		}
	}
	return false;
}

/* A point that a shortest path goes through; false when it costs too much to find one. */
static bool find_middle(struct search *search, const struct box *box, struct point *meeting)
{
	long width = box->a_high - box->a_low, height = box->b_high - box->b_low;
	long delta = width - height;

	search->forward[search->diagonals + 1] = 0;
	search->backward[search->diagonals + delta - 1] = width;
	for (long cost = 0; cost <= COST_MOST && search->work < WORK_MOST; cost++) {
		if (step_forward(search, box, cost, meeting) ||
			step_backward(search, box, cost, meeting))
			return meeting->x >= box->a_low && meeting->x <= box->a_high &&
				meeting->y >= box->b_low && meeting->y <= box->b_high;
	}
	return false;
}

static void mark(struct search *search, const struct box *box)
{
	for (long i = box->a_low; i < box->a_high; i++)
		search->changed_a[i] = true;
	for (long i = box->b_low; i < box->b_high; i++)
		search->changed_b[i] = true;
}

static void compare_box(struct search *search, struct box box)
{
	struct point middle;

	while (box.a_low < box.a_high && box.b_low < box.b_high &&
		search->a[box.a_low] == search->b[box.b_low])
		box.a_low++, box.b_low++;
	while (box.a_low < box.a_high && box.b_low < box.b_high &&
		search->a[box.a_high - 1] == search->b[box.b_high - 1])
		box.a_high--, box.b_high--;
	if (box.a_low == box.a_high || box.b_low == box.b_high ||
		!find_middle(search, &box, &middle) ||
		(middle.x == box.a_low && middle.y == box.b_low) ||
		(middle.x == box.a_high && middle.y == box.b_high)) {
		mark(search, &box);
		return;
	}
	compare_box(search, (struct box){box.a_low, middle.x, box.b_low, middle.y});
	compare_box(search, (struct box){middle.x, box.a_high, middle.y, box.b_high});
}

void linediff(struct sequence *a, struct sequence *b)
{
	size_t span = a->count + b->count + 2 * COST_MOST + 8;
	struct search search = {
		.a = a->items,
		.b = b->items,
		.changed_a = a->is_changed,
		.changed_b = b->is_changed,
		.forward = xcalloc(span * 2, sizeof(long)),
		.backward = xcalloc(span * 2, sizeof(long)),
		.diagonals = (long)span,
	};

	compare_box(&search, (struct box){0, (long)a->count, 0, (long)b->count});
	free(search.forward);
	free(search.backward);
}
