/* SPDX-License-Identifier: Apache-2.0 */
#include <solv/pool.h>
#include <solv/solver.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "snapshot/solve_pool.h"

const char *const need_field_names[NEED_FIELDS] = {
	[NEED_PRE_DEPENDS] = "Pre-Depends",
	[NEED_DEPENDS] = "Depends",
	[NEED_RECOMMENDS] = "Recommends",
};

const char *asked_state_word(enum asked_state state)
{
	static const char *const words[ASKED_STATES] = {
		[ASKED_FOUND] = "found",
		[ASKED_OTHER_VERSION] = "other-version",
		[ASKED_PROVIDED] = "provided",
		[ASKED_UNKNOWN] = "unknown",
		[ASKED_AMBIGUOUS] = "ambiguous",
		[ASKED_UNSATISFIABLE] = "unsatisfiable",
	};

	return words[state];
}

void asked_release(struct asked *asked)
{
	text_list_release(&asked->reasons);
}

void needs_release(struct needs *needs)
{
	for (size_t i = 0; i < needs->count; i++) {
		free(needs->items[i].relation);
		free(needs->items[i].alternative);
	}
	free(needs->items);
	solution_release(&needs->solution);
	*needs = (struct needs){0};
}

/* ---- who asks for whom ---- */

/* The packages of a solution by what the pool calls them. */
struct relating {
	Pool *pool;
	struct needs *needs;
	size_t *place; /* by solvable: which of the solution, NO_PACKAGE for none */
	size_t from;
	enum need_field field;
	size_t begun; /* where the needs of the relation at hand begin */
};

static bool is_noted(const struct relating *relating, size_t to)
{
	for (size_t i = relating->begun; i < relating->needs->count; i++)
		if (relating->needs->items[i].to == to)
			return true;
	return false;
}

static void need_add(struct relating *relating, Id relation, Id alternative, size_t to)
{
	struct needs *needs = relating->needs;
	const struct solved_package *package = &needs->solution.packages[to];
	struct buffer whole = {0}, one = {0};

	solve_dependency_text(relating->pool, relation, &whole);
	solve_dependency_text(relating->pool, alternative, &one);
	ARRAY_GROW(needs->items, needs->count, needs->capacity);
	needs->items[needs->count++] = (struct need){.from = relating->from,
		.to = to,
		.field = relating->field,
		.relation = buffer_detach(&whole),
		.alternative = buffer_detach(&one),
		.is_provided = solve_bare_name(relating->pool, alternative) !=
			relating->pool->solvables[package->id].name};
}

/* All of the solution that satisfy one alternative, the package of that name before others. */
static void alternative_relate(struct relating *relating, Id relation, Id alternative)
{
	Pool *pool = relating->pool;
	size_t first = relating->needs->count;
	Id p, pp;

	FOR_PROVIDES(p, pp, alternative)
	{
		size_t to = relating->place[p];

		if (to != NO_PACKAGE && to != relating->from && !is_noted(relating, to))
			need_add(relating, relation, alternative, to);
	}
	if (first != relating->begun || first == relating->needs->count)
		return;
	struct need *best = &relating->needs->items[first];

	for (size_t i = first; i < relating->needs->count; i++) {
		struct need *need = &relating->needs->items[i];

		if (best->is_provided != need->is_provided ? best->is_provided
							   : need->to < best->to)
			best = need;
	}
	best->is_first = true;
}

static int compare_needs(const void *a, const void *b)
{
	const struct need *left = a, *right = b;

	return (left->to > right->to) - (left->to < right->to);
}

static void relation_relate(struct relating *relating, Id relation)
{
	Id rest = relation;

	relating->begun = relating->needs->count;
	while (ISRELDEP(rest) && GETRELDEP(relating->pool, rest)->flags == REL_OR) {
		alternative_relate(relating, relation, GETRELDEP(relating->pool, rest)->name);
		rest = GETRELDEP(relating->pool, rest)->evr;
	}
	alternative_relate(relating, relation, rest);
	if (relating->needs->count > relating->begun + 1)
		qsort(relating->needs->items + relating->begun,
			relating->needs->count - relating->begun, sizeof(struct need),
			compare_needs);
}

static void field_relate(
	struct relating *relating, Id package, enum need_field field, Id key, Id marker)
{
	Queue relations;

	queue_init(&relations);
	relating->field = field;
	solvable_lookup_deparray(relating->pool->solvables + package, key, &relations, marker);
	for (int i = 0; i < relations.count; i++)
		relation_relate(relating, relations.elements[i]);
	queue_free(&relations);
}

/* libsolv keeps Pre-Depends behind a mark in what a package requires. */
static void needs_relate(Pool *pool, bool has_recommends, struct needs *needs)
{
	struct relating relating = {.pool = pool, .needs = needs};
	const struct solution *solution = &needs->solution;

	relating.place = xcalloc((size_t)pool->nsolvables, sizeof(relating.place[0]));
	for (int i = 0; i < pool->nsolvables; i++)
		relating.place[i] = NO_PACKAGE;
	for (size_t i = 0; i < solution->count; i++)
		relating.place[solution->packages[i].id] = i;
	for (size_t i = 0; i < solution->count; i++) {
		Id package = solution->packages[i].id;

		relating.from = i;
		field_relate(&relating, package, NEED_PRE_DEPENDS, SOLVABLE_REQUIRES, 1);
		field_relate(&relating, package, NEED_DEPENDS, SOLVABLE_REQUIRES, -1);
		if (has_recommends)
			field_relate(&relating, package, NEED_RECOMMENDS, SOLVABLE_RECOMMENDS, 0);
	}
	free(relating.place);
}

/* ---- what can be had ---- */

/* Install jobs and whose they are. */
struct asking {
	struct package_pool *pool;
	struct asked *asked;
	size_t count;
	Queue jobs;
	size_t *owners; /* by job: which is asked */
};

static void jobs_make(struct asking *asking)
{
	queue_empty(&asking->jobs);
	for (size_t i = 0; i < asking->count; i++) {
		struct asked *asked = &asking->asked[i];
		struct asked loose = *asked;
		enum asked_state state;
		struct error err;
		Id job;

		if (asked->state == ASKED_UNKNOWN || asked->state == ASKED_AMBIGUOUS ||
			asked->state == ASKED_UNSATISFIABLE)
			continue;
		if (asked->state == ASKED_OTHER_VERSION || asked->state == ASKED_PROVIDED)
			loose.version = NULL;
		job = solve_job_find(asking->pool, &loose, &state, &err);
		asking->owners[asking->jobs.count / 2] = i;
		queue_push2(&asking->jobs, SOLVER_INSTALL | SOLVER_SOLVABLE_NAME, job);
	}
}

static void provided_tell(const struct package_pool *pool, struct asked *asked)
{
	struct asked loose = {.name = asked->name, .architecture = asked->architecture};
	enum asked_state state;
	struct error err;
	const char *provider = pool_id2str(pool->pool, solve_job_find(pool, &loose, &state, &err));
	char *reason = xasprintf("no package of the pins is called %s: it is met by %s, which "
				 "provides it and is followed; name that one",
		asked->name, provider);

	asked->state = ASKED_PROVIDED;
	text_list_add(&asked->reasons, reason);
	free(reason);
}

static void asked_find(struct asking *asking)
{
	for (size_t i = 0; i < asking->count; i++) {
		struct asked *asked = &asking->asked[i];
		struct error err = {0};

		asked->package = NO_PACKAGE;
		struct asked loose = *asked;
		bool is_real = package_pool_has(asking->pool, asked->name);

		/* A version that is said is none of a provider's. */
		if (!is_real)
			loose.version = NULL;
		if (!solve_job_find(asking->pool, &loose, &asked->state, &err))
			text_list_add(&asked->reasons, err.text);
		else if (!is_real)
			provided_tell(asking->pool, asked);
		if (asked->state == ASKED_OTHER_VERSION)
			text_list_add(&asked->reasons,
				"it is followed in a version that the pins have; take pins that "
				"have its own, or name another");
	}
}

/* Takes out of what is asked what the first problem's best way out leaves out. */
static bool problem_take_out(struct asking *asking, Solver *solver)
{
	bool *are_first_out = xcalloc((size_t)asking->jobs.count / 2 + 1, sizeof(bool));
	struct text_list reasons = {0};
	struct buffer ways = {0};
	Queue left_out;
	bool has_way;

	for (int i = 0; i < asking->jobs.count / 2; i++)
		are_first_out[i] = asking->asked[asking->owners[i]].is_first_out;
	queue_init(&left_out);
	solve_reasons(solver, 1, &reasons);
	has_way = solve_way_out(solver, 1, &asking->jobs, are_first_out, &left_out, &ways);
	for (int i = 0; i < left_out.count; i++) {
		struct asked *asked = &asking->asked[asking->owners[left_out.elements[i]]];

		asked->state = ASKED_UNSATISFIABLE;
		text_list_release(&asked->reasons);
		for (size_t r = 0; r < reasons.count; r++)
			text_list_add(&asked->reasons, reasons.items[r]);
		text_list_add(&asked->reasons, buffer_text(&ways));
	}
	queue_free(&left_out);
	buffer_release(&ways);
	text_list_release(&reasons);
	free(are_first_out);
	return has_way;
}

/* Until the rest can be installed; each turn takes out one at least. */
static enum status unsatisfiable_take_out(struct asking *asking, struct error *err)
{
	bool has_problem = true;

	while (has_problem) {
		Solver *solver = solver_create(asking->pool->pool);
		bool has_way = true;

		jobs_make(asking);
		solver_set_flag(solver, SOLVER_FLAG_IGNORE_RECOMMENDED, 1);
		has_problem = solver_solve(solver, &asking->jobs) > 0;
		if (has_problem)
			has_way = problem_take_out(asking, solver);
		solver_free(solver);
		if (!has_way)
			return error_set(err, STATUS_CONFLICT,
				"the packages cannot be installed together, and the solver knows "
				"no way out: solve for parts of the list");
	}
	return STATUS_OK;
}

/* Which packages of the solution those are that were asked for. */
static void packages_note(const struct asking *asking, const struct solution *solution)
{
	Pool *pool = asking->pool->pool;

	for (int job = 0; job < asking->jobs.count / 2; job++) {
		struct asked *asked = &asking->asked[asking->owners[job]];
		Id id = asking->jobs.elements[2 * job + 1], name = solve_bare_name(pool, id);

		for (size_t i = 0; i < solution->count && asked->package == NO_PACKAGE; i++)
			if (pool->solvables[solution->packages[i].id].name == name)
				asked->package = i;
	}
}

enum status package_pool_needs(struct package_pool *pool, struct asked *asked, size_t count,
	bool has_recommends, struct needs *needs, struct error *err)
{
	struct asking asking = {.pool = pool, .asked = asked, .count = count};
	enum status status;

	*needs = (struct needs){0};
	asking.owners = xcalloc(count + 1, sizeof(asking.owners[0]));
	queue_init(&asking.jobs);
	asked_find(&asking);
	status = unsatisfiable_take_out(&asking, err);
	if (status == STATUS_OK && asking.jobs.count)
		status = solve_whole(pool, &asking.jobs, has_recommends, &needs->solution, err);
	if (status == STATUS_OK) {
		packages_note(&asking, &needs->solution);
		needs_relate(pool->pool, has_recommends, needs);
	} else {
		needs_release(needs);
	}
	queue_free(&asking.jobs);
	free(asking.owners);
	return status;
}
