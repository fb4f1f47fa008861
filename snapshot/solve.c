/* SPDX-License-Identifier: Apache-2.0 */
#include <solv/pool.h>
#include <solv/poolarch.h>
#include <solv/repo.h>
#include <solv/solver.h>
#include <solv/solverdebug.h>
#include <solv/transaction.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "snapshot/snapshot.h"
#include "snapshot/solve_load.h"
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

/* Whether a package of that very name is there, not only something that provides it. */
static bool name_is_real(Pool *pool, Id name)
{
	Id p, pp;

	FOR_PROVIDES(p, pp, name)
	{
		if (pool->solvables[p].name == name)
			return true;
	}
	return false;
}

/* The one package that provides a virtual name; 0 when there is none or a choice. */
static Id provider_only(Pool *pool, Id name)
{
	Id p, pp, only = 0;

	FOR_PROVIDES(p, pp, name)
	{
		Id provider = pool->solvables[p].name;

		if (only && only != provider)
			return 0;
		only = provider;
	}
	return only;
}

static bool name_is_for_all(Pool *pool, Id name)
{
	Id p, pp;

	FOR_PROVIDES(p, pp, name)
	{
		if (pool->solvables[p].arch == ARCH_ALL)
			return true;
	}
	return false;
}

/* What is solved for has packages of one architecture, and of "all" besides. */
static enum status architecture_check(Pool *pool, Id name, const char *package, const char *wanted,
	size_t len, const char *architecture, struct error *err)
{
	bool is_all = len == 3 && memcmp(wanted, "all", 3) == 0;

	if (is_all && !name_is_for_all(pool, name))
		return error_set(err, STATUS_NOT_FOUND,
			"no package of the pins is %s: it is not for all architectures", package);
	if (!is_all && (strlen(architecture) != len || memcmp(wanted, architecture, len) != 0))
		return error_set(err, STATUS_NOT_FOUND,
			"%s: the packages are solved for %s alone; for another one give "
			"--architecture, and pins that were captured with it",
			package, architecture);
	return STATUS_OK;
}

/* "openssl", "openssl:amd64" or "openssl=3.0.17-1" becomes a job. */
static enum status job_add(
	Pool *pool, Queue *jobs, const char *package, const char *architecture, struct error *err)
{
	const char *version = strchr(package, '=');
	size_t len = strcspn(package, ":=");
	char *text = xstrndup(package, len);
	Id name = pool_str2id(pool, text, 0);

	free(text);
	if (name && !name_is_real(pool, name))
		name = provider_only(pool, name);
	if (!name)
		return error_set(err, STATUS_NOT_FOUND,
			"no package of the pins is called %s (or several provide it: name one)",
			package);
	if (package[len] == ':' &&
		architecture_check(pool, name, package, package + len + 1,
			strcspn(package + len + 1, "="), architecture, err) < 0)
		return err->status;
	if (version) {
		name = pool_rel2id(pool, name, pool_str2id(pool, version + 1, 1), REL_EQ, 1);
		if (!pool_whatprovides_ptr(pool, name)[0])
			return error_set(
				err, STATUS_NOT_FOUND, "no package of the pins is %s", package);
	}
	queue_push2(jobs, SOLVER_INSTALL | SOLVER_SOLVABLE_NAME, name);
	return STATUS_OK;
}

static enum status problems_report(Solver *solver, struct error *err)
{
	int count = (int)solver_problem_count(solver);
	struct buffer text = {0};

	for (int i = 1; i <= count; i++)
		buffer_add_format(&text, "%s%s", i > 1 ? "; " : "", solver_problem2str(solver, i));
	error_set(err, STATUS_CONFLICT, "the packages cannot be installed together: %s",
		buffer_text(&text));
	buffer_release(&text);
	return err->status;
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

static enum status pool_solve(Pool *pool, Queue *jobs, const struct solve_facts *facts,
	struct solution *solution, struct error *err)
{
	Solver *solver = solver_create(pool);
	enum status status;

	solver_set_flag(solver, SOLVER_FLAG_IGNORE_RECOMMENDED, 1);
	if (solver_solve(solver, jobs))
		status = problems_report(solver, err);
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
static enum status jobs_solve(Pool *pool, const Queue *jobs, bool has_recommends,
	const struct solve_facts *facts, struct solution *solution, struct error *err)
{
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
static enum status sizes_fill(struct store *store, const struct pin_list *pins,
	struct solution *solution, struct error *err)
{
	struct archive_index *index;
	enum status status = archive_index_open(store, pins, &index, err);

	for (size_t i = 0; i < solution->count && status == STATUS_OK; i++) {
		struct solved_package *package = &solution->packages[i];
		struct archive_file file;

		if (archive_index_find(index, package->archive, package->path, &file) &&
			digest_equal(&file.digest, &package->digest))
			package->size = file.size;
		else
			status = error_set(err, STATUS_TRUST,
				"%s is not in the index of the pins as the solver read it",
				package->path);
	}
	archive_index_free(index);
	return status;
}

static enum status solve(struct store *store, const struct pin_list *pins, const char *architecture,
	const struct text_list *packages, bool has_recommends, struct solution *solution,
	struct error *err)
{
	struct solve_facts facts = {0};
	Pool *pool = pool_create();
	enum status status = STATUS_OK;
	Queue jobs;

	*solution = (struct solution){0};
	queue_init(&jobs);
	if (pool_setdisttype(pool, DISTTYPE_DEB) < 0)
		status = error_set(err, STATUS_UNSUPPORTED, "libsolv was built without Debian");
	pool_setarchpolicy(pool, architecture);
	if (status == STATUS_OK)
		status = solve_load(pool, store, pins, architecture, &facts, err);
	if (status == STATUS_OK) {
		pool_createwhatprovides(pool);
		for (size_t i = 0; i < packages->count && status == STATUS_OK; i++)
			status = job_add(pool, &jobs, packages->items[i], architecture, err);
	}
	if (status == STATUS_OK)
		status = jobs_solve(pool, &jobs, has_recommends, &facts, solution, err);
	if (status == STATUS_OK)
		status = sizes_fill(store, pins, solution, err);
	if (status < 0)
		solution_release(solution);
	queue_free(&jobs);
	pool_free(pool);
	solve_facts_release(&facts);
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
