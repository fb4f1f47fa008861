/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <solv/evr.h>
#include <solv/pool.h>
#include <solv/solver.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot/solve_pool.h"

/* Of one problem; a problem of all of Debian may have hundreds. */
#define REASONS_MAX ((size_t)12)
#define WAYS_MAX    ((size_t)6)

/* Why nothing satisfies a dependency: the name is not there, or in other versions. */
static void nothing_add(Pool *pool, Id dependency, struct buffer *text)
{
	struct buffer versions = {0};
	Id name = solve_bare_name(pool, dependency);

	if (ISRELDEP(dependency) && GETRELDEP(pool, dependency)->flags == REL_OR)
		buffer_add_text(text, ", of which the pins have none that can be installed");
	else if (solve_versions_text(pool, name, &versions))
		buffer_add_format(text, ", of which the pins have %s", buffer_text(&versions));
	else
		buffer_add_text(text, ", which no package of the pins is or provides");
	buffer_release(&versions);
}

/* One cause of a problem as a sentence; false for what says nothing by itself. */
static bool rule_text(
	Pool *pool, SolverRuleinfo type, Id from, Id to, Id dependency, struct buffer *text)
{
	switch (type) {
	case SOLVER_RULE_PKG_NOTHING_PROVIDES_DEP:
		solve_package_text(pool, from, text);
		buffer_add_text(text, " depends on ");
		solve_dependency_text(pool, dependency, text);
		nothing_add(pool, dependency, text);
		return true;
	case SOLVER_RULE_PKG_REQUIRES:
		solve_package_text(pool, from, text);
		buffer_add_text(text, " depends on ");
		solve_dependency_text(pool, dependency, text);
		return true;
	case SOLVER_RULE_PKG_CONFLICTS:
		solve_package_text(pool, from, text);
		buffer_add_text(text, " conflicts with or breaks ");
		solve_dependency_text(pool, dependency, text);
		buffer_add_text(text, ", which ");
		solve_package_text(pool, to, text);
		buffer_add_text(text,
			solve_bare_name(pool, dependency) == pool->solvables[to].name
				? " is"
				: " provides");
		return true;
	case SOLVER_RULE_PKG_SELF_CONFLICT:
		solve_package_text(pool, from, text);
		buffer_add_text(text, " conflicts with itself, by ");
		solve_dependency_text(pool, dependency, text);
		return true;
	case SOLVER_RULE_PKG_SAME_NAME:
		solve_package_text(pool, from, text);
		buffer_add_text(text, " and ");
		solve_package_text(pool, to, text);
		buffer_add_text(text, " are one package, of which one version can be installed");
		return true;
	case SOLVER_RULE_PKG_NOT_INSTALLABLE:
		solve_package_text(pool, from, text);
		buffer_add_text(text, " is not for this architecture");
		return true;
	case SOLVER_RULE_JOB:
		/* That a name is asked for is known; a version is what may be in the way. */
		if (!ISRELDEP(dependency))
			return false;
		solve_dependency_text(pool, dependency, text);
		buffer_add_text(text, " is asked for");
		return true;
	case SOLVER_RULE_JOB_NOTHING_PROVIDES_DEP:
	case SOLVER_RULE_JOB_UNKNOWN_PACKAGE:
		solve_dependency_text(pool, dependency, text);
		buffer_add_text(text, " is asked for, and no package of the pins is that");
		return true;
	default:
		return false;
	}
}

/* One cause of a problem, as libsolv has it; `from` and `to` are packages, 0 for none. */
struct cause {
	SolverRuleinfo type;
	Id from, to, dependency;
};

struct causes {
	struct cause *items;
	size_t count, capacity;
};

static Id name_of(const Pool *pool, Id package)
{
	return package > 0 ? pool->solvables[package].name : 0;
}

/* Of another version of the same packages: two that exclude each other say so twice. */
static bool is_alike(Pool *pool, const struct cause *a, const struct cause *b)
{
	Id from = name_of(pool, a->from), to = name_of(pool, a->to);
	bool is_conflict = a->type == SOLVER_RULE_PKG_CONFLICTS;

	if (a->type != b->type)
		return false;
	if (is_conflict && from == name_of(pool, b->to) && to == name_of(pool, b->from))
		return true;
	return from == name_of(pool, b->from) && to == name_of(pool, b->to) &&
		(is_conflict ||
			solve_bare_name(pool, a->dependency) ==
				solve_bare_name(pool, b->dependency));
}

static bool is_newer(Pool *pool, Id a, Id b)
{
	return a > 0 && b > 0 && name_of(pool, a) == name_of(pool, b) &&
		pool_evrcmp(pool, pool->solvables[a].evr, pool->solvables[b].evr, EVRCMP_COMPARE) >
		0;
}

/* Of causes that are alike the one of the newest versions, which are those apt would take. */
static void cause_add(Pool *pool, const struct cause *cause, struct causes *causes)
{
	for (size_t i = 0; i < causes->count; i++) {
		struct cause *other = &causes->items[i];

		if (cause->type == SOLVER_RULE_PKG_SAME_NAME || cause->from == 0 ||
			!is_alike(pool, cause, other))
			continue;
		if (is_newer(pool, cause->from, other->from) ||
			is_newer(pool, cause->to, other->to))
			*other = *cause;
		return;
	}
	ARRAY_GROW(causes->items, causes->count, causes->capacity);
	causes->items[causes->count++] = *cause;
}

static void rule_add(Solver *solver, Id rule, struct causes *causes)
{
	Queue infos;

	queue_init(&infos);
	solver_allruleinfos(solver, rule, &infos);
	for (int i = 0; i + 3 < infos.count; i += 4) {
		struct cause cause = {(SolverRuleinfo)infos.elements[i], infos.elements[i + 1],
			infos.elements[i + 2], infos.elements[i + 3]};

		/* What stands there of other rules is no package: a job has names and numbers. */
		if ((cause.type & SOLVER_RULE_TYPEMASK) != SOLVER_RULE_PKG)
			cause.from = 0;
		if (cause.type != SOLVER_RULE_PKG_CONFLICTS &&
			cause.type != SOLVER_RULE_PKG_SAME_NAME)
			cause.to = 0;
		cause_add(solver->pool, &cause, causes);
	}
	queue_free(&infos);
}

void solve_reasons(Solver *solver, Id problem, struct text_list *reasons)
{
	struct causes causes = {0};
	size_t told = 0, left = 0;
	Queue rules;

	queue_init(&rules);
	solver_findallproblemrules(solver, problem, &rules);
	for (int i = 0; i < rules.count; i++)
		rule_add(solver, rules.elements[i], &causes);
	for (size_t i = 0; i < causes.count; i++) {
		const struct cause *cause = &causes.items[i];
		struct buffer text = {0};

		if (!rule_text(solver->pool, cause->type, cause->from, cause->to, cause->dependency,
			    &text) ||
			text_list_contains(reasons, buffer_text(&text))) {
			buffer_release(&text);
			continue;
		}
		if (told < REASONS_MAX)
			text_list_add(reasons, buffer_text(&text));
		left += told >= REASONS_MAX;
		told++;
		buffer_release(&text);
	}
	if (left) {
		struct buffer more = {0};

		buffer_add_format(&more, "and %zu more", left);
		text_list_add(reasons, buffer_text(&more));
		buffer_release(&more);
	}
	queue_free(&rules);
	free(causes.items);
}

/* ---- ways out ---- */

/* The jobs that one way leaves out, from 0; false when it changes something else. */
static bool way_read(Solver *solver, Id problem, Id way, Queue *left_out)
{
	Id element = 0, p, job;

	queue_empty(left_out);
	while ((element = solver_next_solutionelement(solver, problem, way, element, &p, &job)) !=
		0) {
		if (p != SOLVER_SOLUTION_JOB)
			return false;
		queue_push(left_out, (job - 1) / 2);
	}
	return left_out->count > 0;
}

/* How much one would rather not take a way: fewer jobs, first-out ones, later ones. */
static int64_t way_cost(const Queue *left_out, const bool *are_first_out)
{
	int64_t others = 0, latest = 0;

	for (int i = 0; i < left_out->count; i++) {
		others += are_first_out && !are_first_out[left_out->elements[i]];
		latest = left_out->elements[i] > latest ? left_out->elements[i] : latest;
	}
	return ((int64_t)left_out->count << 48) + (others << 32) - latest;
}

static void way_text(
	Pool *pool, const Queue *jobs, const Queue *left_out, bool is_first, struct buffer *text)
{
	buffer_add_text(text, is_first ? "leave out " : ", or leave out ");
	for (int i = 0; i < left_out->count; i++) {
		buffer_add_text(text, i ? " and " : "");
		solve_dependency_text(pool, jobs->elements[left_out->elements[i] * 2 + 1], text);
	}
}

bool solve_way_out(Solver *solver, Id problem, const Queue *jobs, const bool *are_first_out,
	Queue *left_out, struct buffer *text)
{
	Id count = (Id)solver_solution_count(solver, problem);
	int64_t best = INT64_MAX;
	size_t told = 0;
	Queue way;

	queue_init(&way);
	for (Id i = 1; i <= count; i++) {
		int64_t cost;

		if (!way_read(solver, problem, i, &way))
			continue;
		cost = way_cost(&way, are_first_out);
		if (told < WAYS_MAX)
			way_text(solver->pool, jobs, &way, told == 0, text);
		told++;
		if (cost >= best)
			continue;
		best = cost;
		queue_empty(left_out);
		queue_insertn(left_out, 0, way.count, way.elements);
	}
	if (told > WAYS_MAX)
		buffer_add_format(text, ", or one of %zu other ways", told - WAYS_MAX);
	queue_free(&way);
	return told > 0;
}
