/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/closure_reach.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define NOBODY SIZE_MAX

/* How a package was come by first. */
struct mark {
	bool is_reached;
	bool is_asked; /* without any Recommends on the way */
	size_t by;     /* NOBODY for a root */
	enum set_relation over;
};

/* A walk over the set: each package is looked at once, when it was reached. */
struct walk {
	const struct set *set;
	struct mark *marks;
	size_t *queue;
	size_t head, tail;
	struct mark mark; /* for what is found now */
	size_t found;
};

static bool package_reach(void *context, size_t package)
{
	struct walk *walk = context;

	walk->found++;
	if (!walk->marks[package].is_reached) {
		walk->marks[package] = walk->mark;
		walk->queue[walk->tail++] = package;
	}
	return false;
}

static void relation_follow(struct walk *walk, size_t from, enum set_relation which)
{
	const struct set_package *package = &walk->set->packages[from];
	const struct relation *relation = &package->relations[which];

	walk->mark.by = from;
	walk->mark.over = which;
	for (size_t i = 0; i < relation->count; i++)
		set_match(walk->set, &relation->terms[i], package->architecture, SET_TO_REACH,
			package_reach, walk);
}

static void depends_follow(struct walk *walk)
{
	while (walk->head < walk->tail) {
		size_t package = walk->queue[walk->head++];

		relation_follow(walk, package, SET_PRE_DEPENDS);
		relation_follow(walk, package, SET_DEPENDS);
	}
}

/* A second walk from all that was asked for, over Recommends too. */
static void recommends_follow(struct walk *walk)
{
	size_t asked = walk->tail;

	walk->mark.is_asked = false;
	for (size_t i = 0; i < asked; i++)
		relation_follow(walk, walk->queue[i], SET_RECOMMENDS);
	while (walk->head < walk->tail) {
		size_t package = walk->queue[walk->head++];

		relation_follow(walk, package, SET_PRE_DEPENDS);
		relation_follow(walk, package, SET_DEPENDS);
		relation_follow(walk, package, SET_RECOMMENDS);
	}
}

static bool is_root(const struct manifest_package *root, const struct set_package *package)
{
	const char *version = package->row->version;

	return (!root->version || (version && strcmp(version, root->version) == 0)) &&
		(!root->architecture || strcmp(root->architecture, package->architecture) == 0);
}

/* A root is what has its name, else all that provides it; false when there is neither. */
static bool root_reach(struct walk *walk, const struct manifest_package *root)
{
	const struct relation_term term = {.name = root->name, .qualifier = root->architecture};
	const struct set *set = walk->set;
	size_t i, end = set_find(set, root->name, &i);

	walk->found = 0;
	if (i == end && !root->version)
		set_match(set, &term, set->native, SET_TO_CONFLICT, package_reach, walk);
	for (; i < end; i++) {
		if (is_root(root, &set->packages[i]))
			package_reach(walk, i);
	}
	return walk->found > 0;
}

static void unasked_collect(struct closure *closure, const struct walk *walk)
{
	const struct set *set = walk->set;

	for (size_t i = 0; i < set->count; i++) {
		const struct mark *mark = &walk->marks[i];
		struct closure_unasked unasked = {.package = set->packages[i].row};

		if (mark->is_asked)
			continue;
		if (mark->is_reached) {
			unasked.by = set->packages[mark->by].row;
			unasked.field = set_relation_fields[mark->over];
		}
		ARRAY_GROW(closure->unasked, closure->unasked_count, closure->unasked_capacity);
		closure->unasked[closure->unasked_count++] = unasked;
	}
}

void closure_reach(struct closure *closure, const struct set *set, const struct manifest *roots)
{
	struct walk walk = {.set = set};

	walk.marks = xcalloc(set->count, sizeof(walk.marks[0]));
	walk.queue = xcalloc(set->count, sizeof(walk.queue[0]));
	walk.mark = (struct mark){.is_reached = true, .is_asked = true, .by = NOBODY};
	closure->has_roots = true;
	for (size_t i = 0; i < roots->count; i++) {
		if (root_reach(&walk, &roots->items[i]))
			continue;
		closure_add(closure,
			(struct closure_problem){
				.kind = CLOSURE_NOT_THERE,
				.package = &roots->items[i],
				.text = xstrdup(
					"asked for, and the set neither has nor provides it"),
			});
	}
	for (size_t i = 0; i < set->count; i++) {
		if (set->packages[i].is_base)
			package_reach(&walk, i);
	}
	depends_follow(&walk);
	recommends_follow(&walk);
	unasked_collect(closure, &walk);
	free(walk.marks);
	free(walk.queue);
}
