/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/solve_wish.h"

#include <solv/evr.h>
#include <solv/repo.h>
#include <stdbool.h>

/* A chain of dependencies longer than this is left to the solver. */
#define WISH_DEPTH 2000

struct wish {
	Pool *pool;
	Map wanted;    /* solvables */
	Map forbidden; /* solvables that a wanted one conflicts with */
	Map important; /* names */
	Map blocked;   /* names */
	Queue *names;
	bool has_recommends;
};

/* libsolv's MAPSET() narrows an int without saying so. */
static void map_add(Map *map, Id id)
{
	map->map[id >> 3] = (unsigned char)(map->map[id >> 3] | 1U << (id & 7));
}

static bool is_better(Pool *pool, Id a, Id b)
{
	const Solvable *left = pool->solvables + a, *right = pool->solvables + b;

	if (left->repo->priority != right->repo->priority)
		return left->repo->priority > right->repo->priority;
	return pool_evrcmp(pool, left->evr, right->evr, EVRCMP_COMPARE) > 0;
}

/* The version apt would take of the package's name; 0 when it is another one. */
static bool is_candidate(Pool *pool, Id package)
{
	Id p, pp, name = pool->solvables[package].name;

	FOR_PROVIDES(p, pp, name)
	{
		if (pool->solvables[p].name == name && is_better(pool, p, package))
			return false;
	}
	return true;
}

static bool is_possible(const struct wish *wish, Id package)
{
	Pool *pool = wish->pool;
	bool possible = true;
	Queue conflicts;
	Id p, pp;

	if (MAPTST(&wish->forbidden, package) ||
		MAPTST(&wish->blocked, pool->solvables[package].name) ||
		!is_candidate(pool, package))
		return false;
	queue_init(&conflicts);
	solvable_lookup_deparray(pool->solvables + package, SOLVABLE_CONFLICTS, &conflicts, -1);
	for (int i = 0; i < conflicts.count && possible; i++) {
		FOR_PROVIDES(p, pp, conflicts.elements[i])
		{
			if (p != package && MAPTST(&wish->wanted, p))
				possible = false;
		}
	}
	queue_free(&conflicts);
	return possible;
}

static Id bare_name(Pool *pool, Id dependency)
{
	while (ISRELDEP(dependency))
		dependency = GETRELDEP(pool, dependency)->name;
	return dependency;
}

/* apt's ID of a package grows in the order in which names are first met, as libsolv's does. */
static bool is_known_later(Pool *pool, Id a, Id b)
{
	return pool->solvables[a].name >= pool->solvables[b].name;
}

/*
 * The package apt would take for one alternative (its CompareProviders); 0 when there is none. Of
 * equals it takes the one it came to know last.
 */
static Id alternative_choose(const struct wish *wish, Id alternative)
{
	Pool *pool = wish->pool;
	Id name = bare_name(pool, alternative), best = 0, p, pp;
	int best_rank = -1;

	FOR_PROVIDES(p, pp, alternative)
	{
		int rank = pool->solvables[p].name == name		    ? 2
			: MAPTST(&wish->important, pool->solvables[p].name) ? 1
									    : 0;

		if ((rank > best_rank || (rank == best_rank && is_known_later(pool, p, best))) &&
			is_possible(wish, p)) {
			best = p;
			best_rank = rank;
		}
	}
	return best;
}

static bool is_satisfied(const struct wish *wish, Id dependency)
{
	Pool *pool = wish->pool;
	Id p, pp;

	FOR_PROVIDES(p, pp, dependency)
	{
		if (MAPTST(&wish->wanted, p))
			return true;
	}
	return false;
}

static Id dependency_choose(const struct wish *wish, Id dependency)
{
	while (ISRELDEP(dependency)) {
		const Reldep *relation = GETRELDEP(wish->pool, dependency);
		Id chosen;

		if (relation->flags != REL_OR)
			break;
		chosen = dependency_choose(wish, relation->name);
		if (chosen)
			return chosen;
		dependency = relation->evr;
	}
	return alternative_choose(wish, dependency);
}

static void package_want(struct wish *wish, Id package)
{
	Pool *pool = wish->pool;
	Queue conflicts;
	Id p, pp;

	map_add(&wish->wanted, package);
	queue_push(wish->names, pool->solvables[package].name);
	queue_init(&conflicts);
	solvable_lookup_deparray(pool->solvables + package, SOLVABLE_CONFLICTS, &conflicts, -1);
	for (int i = 0; i < conflicts.count; i++) {
		FOR_PROVIDES(p, pp, conflicts.elements[i])
		{
			if (p != package)
				map_add(&wish->forbidden, p);
		}
	}
	queue_free(&conflicts);
}

static void package_follow(struct wish *wish, Id package, unsigned depth);

static void relation_want(struct wish *wish, Id package, Id field, unsigned depth)
{
	Queue dependencies;

	queue_init(&dependencies);
	solvable_lookup_deparray(wish->pool->solvables + package, field, &dependencies, 0);
	for (int i = 0; i < dependencies.count; i++) {
		Id dependency = dependencies.elements[i], chosen;

		if (is_satisfied(wish, dependency))
			continue;
		chosen = dependency_choose(wish, dependency);
		if (!chosen)
			continue;
		package_want(wish, chosen);
		package_follow(wish, chosen, depth + 1);
	}
	queue_free(&dependencies);
}

/* As apt does: in the order of the fields, and all that one brings with it before the next. */
static void package_follow(struct wish *wish, Id package, unsigned depth)
{
	if (depth > WISH_DEPTH)
		return;
	relation_want(wish, package, SOLVABLE_REQUIRES, depth);
	if (wish->has_recommends)
		relation_want(wish, package, SOLVABLE_RECOMMENDS, depth);
}

void solve_wish(Pool *pool, const Queue *jobs, const struct text_list *important,
	const Queue *blocked, bool has_recommends, Queue *names)
{
	struct wish wish = {.pool = pool, .names = names, .has_recommends = has_recommends};
	Queue roots;

	queue_init(&roots);
	map_init(&wish.wanted, pool->nsolvables);
	map_init(&wish.forbidden, pool->nsolvables);
	map_init(&wish.important, pool->ss.nstrings);
	map_init(&wish.blocked, pool->ss.nstrings);
	for (int i = 0; i < blocked->count; i++)
		map_add(&wish.blocked, blocked->elements[i]);
	for (size_t i = 0; i < important->count; i++) {
		Id name = pool_str2id(pool, important->items[i], 0);

		if (name)
			map_add(&wish.important, name);
	}
	for (int i = 0; i + 1 < jobs->count; i += 2) {
		Id root = alternative_choose(&wish, jobs->elements[i + 1]);

		if (!root || MAPTST(&wish.wanted, root))
			continue;
		package_want(&wish, root);
		queue_push(&roots, root);
	}
	for (int i = 0; i < roots.count; i++)
		package_follow(&wish, roots.elements[i], 0);
	map_free(&wish.wanted);
	map_free(&wish.forbidden);
	map_free(&wish.important);
	map_free(&wish.blocked);
	queue_free(&roots);
}
