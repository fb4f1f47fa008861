/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_SOLVE_POOL_H
#define SNAPSHOT_SOLVE_POOL_H

#include <solv/pool.h>
#include <solv/queue.h>
#include <solv/solver.h>

#include "base/buffer.h"
#include "snapshot/package_pool.h"
#include "snapshot/solve_load.h"

struct package_pool {
	Pool *pool;
	struct solve_facts facts;
	struct store *store;
	const struct pin_list *pins;
	char *architecture;
	struct archive_index *index; /* NULL until it is needed first */
};

/*
 * What an install job names: a package's name, or one in a version; 0 when there is none, and then
 * `state` and the error say why.
 */
Id solve_job_find(const struct package_pool *pool, const struct asked *asked,
	enum asked_state *state, struct error *err);

/* Solves install jobs; STATUS_CONFLICT with the reasons. */
enum status solve_jobs(struct package_pool *pool, const Queue *jobs, bool has_recommends,
	struct solution *solution, struct error *err);
/* The same with the sizes of the .debs, and what was read held against the index. */
enum status solve_whole(struct package_pool *pool, const Queue *jobs, bool has_recommends,
	struct solution *solution, struct error *err);

/* ---- in words ---- */

/* A dependency as Packages has it, "a (>= 1) | b:any"; appended. */
void solve_dependency_text(Pool *pool, Id dependency, struct buffer *text);
/* "openssl 3.0.17-1"; appended. */
void solve_package_text(Pool *pool, Id package, struct buffer *text);
/* The name in a dependency that is no alternative. */
Id solve_bare_name(Pool *pool, Id dependency);
/* The versions that the pins have of a name, newest first, "2.0, 1.0"; false and nothing when none.
 */
bool solve_versions_text(Pool *pool, Id name, struct buffer *text);

/* Why a problem of the solver is one: sentences, each once. */
void solve_reasons(Solver *solver, Id problem, struct text_list *reasons);
/*
 * The jobs (from 0) that one way out of a problem leaves out: the fewest, those that are marked
 * first out before others, later before earlier ones; and all the ways in words, "leave out a, or
 * leave out b". False when there is no such way.
 */
bool solve_way_out(Solver *solver, Id problem, const Queue *jobs, const bool *are_first_out,
	Queue *left_out, struct buffer *text);

#endif
