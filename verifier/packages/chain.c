/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/packages/chain.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* In which of the walks a need is followed first. */
enum {
	RANK_CHOSEN,
	RANK_IN_PASSING,
	RANK_RECOMMENDED,
	RANKS,
};

static int need_rank(const struct need *need)
{
	if (need->field == NEED_RECOMMENDS)
		return RANK_RECOMMENDED;
	return need->is_first ? RANK_CHOSEN : RANK_IN_PASSING;
}

void chain_release(struct chain *chain)
{
	free(chain->links);
	*chain = (struct chain){0};
}

void reach_init(struct reach *reach, const struct needs *needs)
{
	size_t count = needs->solution.count, at = 0;

	*reach = (struct reach){.needs = needs};
	reach->is_reached = xcalloc(count + 1, sizeof(reach->is_reached[0]));
	reach->by = xcalloc(count + 1, sizeof(reach->by[0]));
	reach->queue = xcalloc(count + 1, sizeof(reach->queue[0]));
	reach->begins = xcalloc(count + 1, sizeof(reach->begins[0]));
	for (size_t i = 0; i < count; i++) {
		reach->begins[i] = at;
		while (at < needs->count && needs->items[at].from == i)
			at++;
	}
	reach->begins[count] = at;
}

static void package_reach(struct reach *reach, size_t package, const struct need *by)
{
	if (reach->is_reached[package])
		return;
	reach->is_reached[package] = true;
	reach->by[package] = by;
	reach->queue[reach->tail++] = package;
}

/* Breadth first, from all that was reached so far. */
static void walk(struct reach *reach, int rank)
{
	for (size_t head = 0; head < reach->tail; head++) {
		size_t from = reach->queue[head];

		for (size_t i = reach->begins[from]; i < reach->begins[from + 1]; i++) {
			const struct need *need = &reach->needs->items[i];

			if (need_rank(need) <= rank)
				package_reach(reach, need->to, need);
		}
	}
}

void reach_from(struct reach *reach, const size_t *starts, size_t count)
{
	size_t packages = reach->needs->solution.count;

	reach->tail = 0;
	memset(reach->is_reached, 0, packages * sizeof(reach->is_reached[0]));
	for (size_t i = 0; i < count; i++)
		if (starts[i] != NO_PACKAGE)
			package_reach(reach, starts[i], NULL);
	for (int rank = RANK_CHOSEN; rank < RANKS; rank++)
		walk(reach, rank);
}

bool reach_chain(const struct reach *reach, size_t to, struct chain *chain)
{
	size_t count = 0;

	*chain = (struct chain){0};
	if (to == NO_PACKAGE || !reach->is_reached[to])
		return false;
	for (const struct need *need = reach->by[to]; need; need = reach->by[need->from])
		count++;
	chain->links = xcalloc(count + 1, sizeof(chain->links[0]));
	chain->count = count;
	for (const struct need *need = reach->by[to]; need; need = reach->by[need->from])
		chain->links[--count] = need;
	return true;
}

void reach_release(struct reach *reach)
{
	free(reach->is_reached);
	free(reach->by);
	free(reach->queue);
	free(reach->begins);
	*reach = (struct reach){0};
}
