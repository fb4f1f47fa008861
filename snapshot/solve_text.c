/* SPDX-License-Identifier: Apache-2.0 */
#include <solv/evr.h>
#include <solv/pool.h>
#include <stdlib.h>

#include "base/debversion.h"
#include "snapshot/solve_pool.h"

Id solve_bare_name(Pool *pool, Id dependency)
{
	while (ISRELDEP(dependency))
		dependency = GETRELDEP(pool, dependency)->name;
	return dependency;
}

void solve_dependency_text(Pool *pool, Id dependency, struct buffer *text)
{
	static const char *const operators[] = {[REL_GT] = ">>",
		[REL_EQ] = "=",
		[REL_GT | REL_EQ] = ">=",
		[REL_LT] = "<<",
		[REL_LT | REL_EQ] = "<=",
		[REL_LT | REL_GT] = "<>",
		[REL_LT | REL_GT | REL_EQ] = "<=>"};

	/* Of a chain of alternatives each is the left side of the next. */
	while (ISRELDEP(dependency)) {
		const Reldep *relation = GETRELDEP(pool, dependency);

		if (relation->flags == REL_OR) {
			solve_dependency_text(pool, relation->name, text);
			buffer_add_text(text, " | ");
			dependency = relation->evr;
			continue;
		}
		solve_dependency_text(pool, relation->name, text);
		if (relation->flags > 0 && relation->flags < (int)ARRAY_SIZE(operators))
			buffer_add_format(text, " (%s %s)", operators[relation->flags],
				pool_id2str(pool, relation->evr));
		else
			buffer_add_format(text, ":%s", pool_dep2str(pool, relation->evr));
		return;
	}
	buffer_add_text(text, pool_id2str(pool, dependency));
}

void solve_package_text(Pool *pool, Id package, struct buffer *text)
{
	const Solvable *solvable = pool->solvables + package;

	buffer_add_format(
		text, "%s %s", pool_id2str(pool, solvable->name), pool_id2str(pool, solvable->evr));
}

static int compare_versions(const void *a, const void *b)
{
	return debversion_compare(*(char *const *)b, *(char *const *)a);
}

bool solve_versions_text(Pool *pool, Id name, struct buffer *text)
{
	struct text_list versions = {0};
	Id p, pp;

	FOR_PROVIDES(p, pp, name)
	{
		const char *version = pool_id2str(pool, pool->solvables[p].evr);

		if (pool->solvables[p].name == name && !text_list_contains(&versions, version))
			text_list_add(&versions, version);
	}
	if (versions.count > 1)
		qsort(versions.items, versions.count, sizeof(versions.items[0]), compare_versions);
	for (size_t i = 0; i < versions.count; i++)
		buffer_add_format(text, "%s%s", i ? ", " : "", versions.items[i]);
	bool has_some = versions.count > 0;
	text_list_release(&versions);
	return has_some;
}
