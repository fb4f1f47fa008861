/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/closure.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "snapshot/closure_reach.h"
#include "snapshot/closure_set.h"

const char *closure_kind_text(enum closure_kind kind)
{
	static const char *const texts[CLOSURE_KINDS] = {
		[CLOSURE_UNKNOWN] = "unknown",
		[CLOSURE_OTHER_VERSION] = "other-version",
		[CLOSURE_NO_VERSION] = "no-version",
		[CLOSURE_AMBIGUOUS] = "ambiguous",
		[CLOSURE_NOT_INSTALLED] = "not-installed",
		[CLOSURE_TWICE] = "twice",
		[CLOSURE_UNMET] = "unmet",
		[CLOSURE_CONFLICT] = "conflict",
		[CLOSURE_NOT_THERE] = "not-there",
	};

	return texts[kind];
}

void closure_release(struct closure *closure)
{
	for (size_t i = 0; i < closure->problem_count; i++) {
		free(closure->problems[i].relation);
		free(closure->problems[i].text);
	}
	free(closure->problems);
	free(closure->unasked);
	*closure = (struct closure){0};
}

void closure_add(struct closure *closure, struct closure_problem problem)
{
	ARRAY_GROW(closure->problems, closure->problem_count, closure->problem_capacity);
	closure->problems[closure->problem_count++] = problem;
}

/* What the pins do not know cannot be judged. */
static void knowledge_judge(struct closure *closure, const struct set_package *package)
{
	struct closure_problem problem = {.package = package->row};

	if (package->is_known && !package->is_ambiguous)
		return;
	closure->unknown += !package->is_known;
	if (package->is_ambiguous) {
		problem.kind = CLOSURE_AMBIGUOUS;
		problem.text = xstrdup("the pins have two files of this version");
	} else if (!package->row->version) {
		problem.kind = CLOSURE_NO_VERSION;
		problem.text = xstrdup("the list gives it no version; what it needs is not known");
	} else if (package->available) {
		problem.kind = CLOSURE_OTHER_VERSION;
		problem.text = xasprintf("the pins have %s; what this version needs is not known",
			package->available);
	} else {
		problem.kind = CLOSURE_UNKNOWN;
		problem.text = xstrdup("the pins have no package of this name; what it needs is "
				       "not known");
	}
	closure_add(closure, problem);
}

/* What was left half-way keeps an image from being whole, whether or not another needs it. */
static void state_judge(struct closure *closure, const struct set_package *package)
{
	if (package->row->state)
		closure_add(closure,
			(struct closure_problem){
				.kind = CLOSURE_NOT_INSTALLED,
				.package = package->row,
				.text = xasprintf("dpkg has it as %s; it satisfies no dependency",
					package->row->state),
			});
}

/* The list may have a package twice, for several architectures: but in one version. */
static void repetition_judge(struct closure *closure, const struct set *set, size_t at)
{
	const struct set_package *package = &set->packages[at];
	size_t i, end = set_find(set, package->row->name, &i);

	for (; i < end && i < at; i++) {
		const struct set_package *other = &set->packages[i];
		bool is_one_version = package->row->version && other->row->version &&
			strcmp(package->row->version, other->row->version) == 0;
		bool are_apart = strcmp(package->architecture, other->architecture) != 0 &&
			package->multi_arch == MULTI_ARCH_SAME &&
			other->multi_arch == MULTI_ARCH_SAME;

		if (is_one_version && are_apart)
			continue;
		closure_add(closure,
			(struct closure_problem){
				.kind = CLOSURE_TWICE,
				.package = package->row,
				.text = xasprintf("%s:%s %s (line %zu) is in the list as well",
					other->row->name, other->architecture,
					other->row->version ? other->row->version
							    : "without a version",
					other->row->line),
			});
	}
}

static bool found_any(void *context, size_t package)
{
	(void)context;
	(void)package;
	return true;
}

static void package_explain(
	struct buffer *text, const char *before, const struct set_package *package)
{
	const struct manifest_package *row = package->row;

	buffer_add_format(text, "%s%s:%s %s", before, row->name, package->architecture,
		row->version ? row->version : "without a version");
	if (row->state)
		buffer_add_format(text, " (%s)", row->state);
}

/* What the set has in place of what a term asks for, in words: why nothing satisfies it. */
static void lack_explain(
	struct buffer *text, const struct set *set, const struct relation *relation, size_t at)
{
	size_t group = relation->terms[at].group;
	bool has_any = false;

	for (; at < relation->count && relation->terms[at].group == group; at++) {
		const struct relation_term *term = &relation->terms[at];
		size_t i, end = set_find(set, term->name, &i);

		for (; i < end; i++, has_any = true)
			package_explain(text, has_any ? ", " : "the set has ", &set->packages[i]);
	}
	if (!has_any)
		buffer_add_text(text, "nothing in the set is or provides it");
}

static void dependencies_judge(struct closure *closure, const struct set *set,
	const struct set_package *package, enum set_relation which)
{
	const struct relation *relation = &package->relations[which];
	bool is_met = false;

	for (size_t i = 0, begin = 0; i < relation->count; i++) {
		struct buffer text = {0};

		if (i == 0 || relation->terms[i].group != relation->terms[i - 1].group) {
			begin = i;
			is_met = false;
		}
		is_met = is_met ||
			set_match(set, &relation->terms[i], package->architecture, SET_TO_DEPEND,
				found_any, NULL);
		if (is_met ||
			(i + 1 < relation->count &&
				relation->terms[i + 1].group == relation->terms[i].group))
			continue;
		lack_explain(&text, set, relation, begin);
		closure_add(closure,
			(struct closure_problem){
				.kind = CLOSURE_UNMET,
				.package = package->row,
				.field = set_relation_fields[which],
				.relation = relation_group_text(relation, begin),
				.text = buffer_detach(&text),
			});
	}
}

struct enemies {
	const struct set *set;
	size_t self;
	size_t *found;
	size_t count, capacity;
};

/* A package is no enemy of itself, nor of itself for another architecture. */
static bool enemy_note(void *context, size_t package)
{
	struct enemies *enemies = context;
	const struct set_package *packages = enemies->set->packages;

	if (strcmp(packages[package].row->name, packages[enemies->self].row->name) == 0)
		return false;
	for (size_t i = 0; i < enemies->count; i++) {
		if (enemies->found[i] == package)
			return false;
	}
	ARRAY_GROW(enemies->found, enemies->count, enemies->capacity);
	enemies->found[enemies->count++] = package;
	return false;
}

static void conflicts_judge(
	struct closure *closure, const struct set *set, size_t at, enum set_relation which)
{
	const struct set_package *package = &set->packages[at];
	const struct relation *relation = &package->relations[which];

	for (size_t i = 0; i < relation->count; i++) {
		struct enemies enemies = {.set = set, .self = at};

		set_match(set, &relation->terms[i], package->architecture, SET_TO_CONFLICT,
			enemy_note, &enemies);
		for (size_t j = 0; j < enemies.count; j++) {
			const struct set_package *enemy = &set->packages[enemies.found[j]];

			closure_add(closure,
				(struct closure_problem){
					.kind = CLOSURE_CONFLICT,
					.package = package->row,
					.field = set_relation_fields[which],
					.relation = relation_group_text(relation, i),
					.text = xasprintf("the set has %s:%s %s", enemy->row->name,
						enemy->architecture,
						enemy->row->version ? enemy->row->version
								    : "without a version"),
				});
		}
		free(enemies.found);
	}
}

enum status snapshot_closure(struct store *store, const struct pin_list *pins,
	const char *architecture, const struct manifest *manifest, const struct manifest *roots,
	struct closure *closure, struct error *err)
{
	struct set set = {0};
	enum status status;

	*closure = (struct closure){0};
	if (manifest->count == 0)
		return error_set(err, STATUS_FORMAT, "the list has no package");
	status = set_load(&set, store, pins, architecture, manifest, err);
	for (size_t i = 0; i < set.count && status == STATUS_OK; i++) {
		size_t before = closure->problem_count;

		knowledge_judge(closure, &set.packages[i]);
		state_judge(closure, &set.packages[i]);
		repetition_judge(closure, &set, i);
		dependencies_judge(closure, &set, &set.packages[i], SET_PRE_DEPENDS);
		dependencies_judge(closure, &set, &set.packages[i], SET_DEPENDS);
		conflicts_judge(closure, &set, i, SET_CONFLICTS);
		conflicts_judge(closure, &set, i, SET_BREAKS);
		closure->troubled += closure->problem_count > before;
	}
	if (status == STATUS_OK && roots)
		closure_reach(closure, &set, roots);
	set_release(&set);
	return status;
}
