/* SPDX-License-Identifier: Apache-2.0 */
#include <solv/pool.h>
#include <solv/repo.h>
#include <solv/solver.h>
#include <solv/transaction.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "snapshot/snapshot.h"
#include "snapshot/solve_pool.h"
#include "snapshot/solve_wish.h"

/* So often a choice is taken back before the solver may do as it likes. */
#define TURNS_BACK 20

void solution_release(struct solution *solution)
{
	for (size_t i = 0; i < solution->count; i++) {
		struct solved_package *package = &solution->packages[i];

		free(package->name);
		free(package->version);
		free(package->architecture);
		free(package->source);
		free(package->source_version);
		free(package->archive);
		free(package->path);
	}
	free(solution->packages);
	*solution = (struct solution){0};
}

/*
 * libsolv counts in bytes what Installed-Size says in KiB. A package has its directories at least,
 * so that 0 is what could not be read.
 */
static uint64_t installed_kib(Solvable *solvable)
{
	return solvable_lookup_num(solvable, SOLVABLE_INSTALLSIZE, 0) >> 10;
}

static enum status package_fill(Pool *pool, Id id, const struct solve_facts *facts,
	struct solved_package *package, struct error *err)
{
	Solvable *solvable = pool_id2solvable(pool, id);
	const char *name = pool_id2str(pool, solvable->name);
	const char *version = pool_id2str(pool, solvable->evr);
	const char *source = solvable_lookup_str(solvable, SOLVABLE_SOURCENAME);
	const char *source_version = solve_facts_source_version(facts, name, version);
	const char *path = solvable_lookup_location(solvable, NULL);
	Id type = 0;
	const char *hex = solvable_lookup_checksum(solvable, SOLVABLE_CHECKSUM, &type);

	if (!path || !hex || type != REPOKEY_TYPE_SHA256 ||
		!digest_parse(hex, strlen(hex), &package->digest))
		return error_set(
			err, STATUS_FORMAT, "%s %s has no Filename and SHA256", name, version);
	package->id = id;
	package->installed_kib = installed_kib(solvable);
	package->name = xstrdup(name);
	package->version = xstrdup(version);
	package->architecture = xstrdup(pool_id2str(pool, solvable->arch));
	package->source = xstrdup(source ? source : name);
	package->source_version = xstrdup(source_version ? source_version : version);
	package->archive = xstrdup(solvable->repo->name);
	package->path = xstrdup(path);
	return STATUS_OK;
}

static int package_compare(const void *a, const void *b)
{
	const struct solved_package *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	return order ? order : strcmp(left->architecture, right->architecture);
}

static enum status solution_take(Solver *solver, const struct solve_facts *facts,
	struct solution *solution, struct error *err)
{
	Transaction *transaction = solver_create_transaction(solver);
	enum status status = STATUS_OK;
	Queue installed;

	queue_init(&installed);
	transaction_installedresult(transaction, &installed);
	for (int i = 0; i < installed.count && status == STATUS_OK; i++) {
		struct solved_package *package;

		ARRAY_GROW(solution->packages, solution->count, solution->capacity);
		package = &solution->packages[solution->count++];
		*package = (struct solved_package){0};
		status = package_fill(solver->pool, installed.elements[i], facts, package, err);
	}
	if (solution->count > 1)
		qsort(solution->packages, solution->count, sizeof(solution->packages[0]),
			package_compare);
	queue_free(&installed);
	transaction_free(transaction);
	return status;
}

static enum status problems_report(Solver *solver, const Queue *jobs, struct error *err)
{
	int count = (int)solver_problem_count(solver);
	struct text_list reasons = {0};
	struct buffer text = {0};

	for (int i = 1; i <= count; i++) {
		struct buffer ways = {0};
		Queue left_out;

		queue_init(&left_out);
		solve_reasons(solver, i, &reasons);
		if (solve_way_out(solver, i, jobs, NULL, &left_out, &ways))
			text_list_add(&reasons, buffer_text(&ways));
		queue_free(&left_out);
		buffer_release(&ways);
	}
	for (size_t i = 0; i < reasons.count; i++)
		buffer_add_format(&text, "%s%s", i ? "; " : "", reasons.items[i]);
	error_set(err, STATUS_CONFLICT, "the packages cannot be installed together: %s",
		buffer_text(&text));
	buffer_release(&text);
	text_list_release(&reasons);
	return err->status;
}

static enum status pool_solve(Pool *pool, Queue *jobs, const struct solve_facts *facts,
	struct solution *solution, struct error *err)
{
	Solver *solver = solver_create(pool);
	enum status status;

	solver_set_flag(solver, SOLVER_FLAG_IGNORE_RECOMMENDED, 1);
	if (solver_solve(solver, jobs))
		status = problems_report(solver, jobs, err);
	else
		status = solution_take(solver, facts, solution, err);
	solver_free(solver);
	return status;
}

static enum status wish_solve(Pool *pool, const Queue *jobs, const Queue *wish, Id how,
	const struct solve_facts *facts, struct solution *solution, struct error *err)
{
	enum status status;
	Queue all;

	queue_init_clone(&all, jobs);
	for (int i = 0; i < wish->count; i++)
		queue_push2(&all, how | SOLVER_SOLVABLE_NAME, wish->elements[i]);
	status = pool_solve(pool, &all, facts, solution, err);
	queue_free(&all);
	return status;
}

static bool solution_has(const struct solution *solution, const char *name)
{
	const struct solved_package *packages = solution->packages;
	size_t low = 0, high = solution->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(packages[middle].name, name);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* Blocks what was wished and cannot be had; false when there is no such thing. */
static bool unfulfilled_block(
	Pool *pool, const Queue *wish, const struct solution *solution, Queue *blocked)
{
	int before = blocked->count;

	for (int i = 0; i < wish->count; i++) {
		if (!solution_has(solution, pool_id2str(pool, wish->elements[i])))
			queue_pushunique(blocked, wish->elements[i]);
	}
	return blocked->count > before;
}

/*
 * libsolv knows no order of alternatives and takes any package that provides a name. When what apt
 * would choose is itself a solution, that is the answer. Where it is not, apt turns back from a
 * choice, and so the wish is made again without what could not be had. When that leads to nothing,
 * it is favoured as far as it goes.
 */
enum status solve_jobs(struct package_pool *from, const Queue *jobs, bool has_recommends,
	struct solution *solution, struct error *err)
{
	const struct solve_facts *facts = &from->facts;
	Pool *pool = from->pool;
	enum status status = STATUS_OK;
	bool is_done = false;
	Queue wish, blocked;

	queue_init(&wish);
	queue_init(&blocked);
	for (int turn = 0; turn < TURNS_BACK && !is_done && status == STATUS_OK; turn++) {
		solution_release(solution);
		queue_empty(&wish);
		solve_wish(pool, jobs, &facts->important, &blocked, has_recommends, &wish);
		status = wish_solve(
			pool, jobs, &wish, SOLVER_INSTALL | SOLVER_WEAK, facts, solution, err);
		is_done =
			status == STATUS_OK && !unfulfilled_block(pool, &wish, solution, &blocked);
	}
	if (!is_done) {
		solution_release(solution);
		status = wish_solve(pool, jobs, &wish, SOLVER_FAVOR, facts, solution, err);
	}
	queue_free(&blocked);
	queue_free(&wish);
	return status;
}

/* libsolv gives no size, and what it read must be what the index has. */
static enum status sizes_fill(
	struct package_pool *pool, struct solution *solution, struct error *err)
{
	enum status status = pool->index
		? STATUS_OK
		: archive_index_open(pool->store, pool->pins, &pool->index, err);

	for (size_t i = 0; i < solution->count && status == STATUS_OK; i++) {
		struct solved_package *package = &solution->packages[i];
		struct archive_file file;

		if (archive_index_find(pool->index, package->archive, package->path, &file) &&
			digest_equal(&file.digest, &package->digest))
			package->size = file.size;
		else
			status = error_set(err, STATUS_TRUST,
				"%s is not in the index of the pins as the solver read it",
				package->path);
	}
	return status;
}

enum status solve_whole(struct package_pool *pool, const Queue *jobs, bool has_recommends,
	struct solution *solution, struct error *err)
{
	enum status status = solve_jobs(pool, jobs, has_recommends, solution, err);

	if (status == STATUS_OK)
		status = sizes_fill(pool, solution, err);
	if (status < 0)
		solution_release(solution);
	return status;
}

/* "openssl", "openssl:amd64", "openssl=3.0.17-1" or "openssl:amd64=3.0.17-1" becomes a job. */
static enum status job_add(
	const struct package_pool *pool, Queue *jobs, const char *text, struct error *err)
{
	const char *version = strchr(text, '=');
	char *name = xstrndup(text, version ? (size_t)(version - text) : strlen(text));
	char *colon = strchr(name, ':');
	struct asked asked = {.name = name,
		.architecture = colon ? colon + 1 : NULL,
		.version = version ? version + 1 : NULL};
	enum asked_state state;
	Id job;

	if (colon)
		*colon = '\0';
	job = solve_job_find(pool, &asked, &state, err);
	if (job)
		queue_push2(jobs, SOLVER_INSTALL | SOLVER_SOLVABLE_NAME, job);
	free(name);
	return job ? STATUS_OK : err->status;
}

static enum status solve(struct store *store, const struct pin_list *pins, const char *architecture,
	const struct text_list *packages, bool has_recommends, struct solution *solution,
	struct error *err)
{
	struct package_pool *pool = NULL;
	enum status status = package_pool_open(store, pins, architecture, &pool, err);
	Queue jobs;

	*solution = (struct solution){0};
	queue_init(&jobs);
	for (size_t i = 0; i < packages->count && status == STATUS_OK; i++)
		status = job_add(pool, &jobs, packages->items[i], err);
	if (status == STATUS_OK)
		status = solve_whole(pool, &jobs, has_recommends, solution, err);
	queue_free(&jobs);
	package_pool_free(pool);
	return status;
}

enum status snapshot_solve(struct store *store, const struct pin_list *pins,
	const char *architecture, const struct text_list *packages, struct solution *solution,
	struct error *err)
{
	return solve(store, pins, architecture, packages, false, solution, err);
}

enum status snapshot_solve_recommended(struct store *store, const struct pin_list *pins,
	const char *architecture, const struct text_list *packages, struct solution *solution,
	struct error *err)
{
	return solve(store, pins, architecture, packages, true, solution, err);
}
