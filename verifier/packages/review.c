/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/packages/review.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/debversion.h"

/* ---- entries of both lists ---- */

/* What an entry is known by: its architecture counts where it is a foreign one. */
static const char *foreign(const struct listed *listed, const char *architecture)
{
	const char *own = listed->row->architecture;

	return own && strcmp(own, architecture) != 0 && strcmp(own, "all") != 0 ? own : "";
}

struct sorted_entry {
	const struct listed *listed;
	const char *foreign;
};

static int compare_entries(const void *a, const void *b)
{
	const struct sorted_entry *left = a, *right = b;
	int order = strcmp(left->listed->row->name, right->listed->row->name);

	return order ? order : strcmp(left->foreign, right->foreign);
}

/* Sorted, each once: of two versions the one that is followed. */
static size_t entries_sort(
	const struct listing *listing, const char *architecture, struct sorted_entry **entries)
{
	size_t count = 0;

	*entries = xcalloc(listing->count + 1, sizeof((*entries)[0]));
	for (size_t i = 0; i < listing->count; i++)
		if (listing->items[i].kind != LISTED_TWICE)
			(*entries)[count++] = (struct sorted_entry){
				&listing->items[i], foreign(&listing->items[i], architecture)};
	if (count > 1)
		qsort(*entries, count, sizeof((*entries)[0]), compare_entries);
	return count;
}

static struct review_change *change_add(
	struct review *review, enum review_kind kind, const char *name)
{
	ARRAY_GROW(review->changes, review->count, review->capacity);
	struct review_change *change = &review->changes[review->count++];

	*change = (struct review_change){.kind = kind, .name = name};
	review->added += kind == REVIEW_ADDED;
	review->removed += kind == REVIEW_REMOVED;
	review->versions += kind == REVIEW_VERSION;
	return change;
}

/* What the list says, else what the pins gave. */
static const char *entry_version(const struct listed *listed, const struct solved_package *package)
{
	if (listed && listed->row->version)
		return listed->row->version;
	return package ? package->version : NULL;
}

static void sides_fill(struct review *review, struct review_change *change)
{
	if (change->old)
		change->old_package = listed_package(review->old, change->old);
	if (change->new)
		change->new_package = listed_package(review->new, change->new);
	change->old_version = entry_version(change->old, change->old_package);
	change->new_version = entry_version(change->new, change->new_package);
}

static void both_compare(struct review *review, const struct listed *old, const struct listed *new)
{
	const char *old_version = entry_version(old, listed_package(review->old, old));
	const char *new_version = entry_version(new, listed_package(review->new, new));
	struct review_change *change;

	if (!old_version || !new_version || strcmp(old_version, new_version) == 0)
		return;
	change = change_add(review, REVIEW_VERSION, new->row->name);
	change->old = old;
	change->new = new;
	change->direction = debversion_compare(new_version, old_version);
}

static void entries_compare(struct review *review, const char *architecture)
{
	struct sorted_entry *old, *new;
	size_t old_count = entries_sort(review->old, architecture, &old), o = 0, n = 0;
	size_t new_count = entries_sort(review->new, architecture, &new);

	while (o < old_count || n < new_count) {
		int order = o == old_count ? 1
			: n == new_count   ? -1
					   : compare_entries(&old[o], &new[n]);

		if (order < 0) {
			change_add(review, REVIEW_REMOVED, old[o].listed->row->name)->old =
				old[o].listed;
		} else if (order > 0) {
			change_add(review, REVIEW_ADDED, new[n].listed->row->name)->new =
				new[n].listed;
		} else {
			both_compare(review, old[o].listed, new[n].listed);
		}
		o += order <= 0;
		n += order >= 0;
	}
	free(old);
	free(new);
}

/* ---- packages that both need ---- */

/* By package of the solution: the entry that names it, or NULL. */
static const struct listed **entries_find(const struct listing *listing)
{
	const struct listed **entries =
		xcalloc(listing->needs.solution.count + 1, sizeof(entries[0]));

	for (size_t i = 0; i < listing->count; i++) {
		const struct listed *listed = &listing->items[i];

		if (listed_start(listed) != NO_PACKAGE && !listed_is_provided(listed))
			entries[listed_start(listed)] = listed;
	}
	return entries;
}

/* What the new list names is told as its entry. */
static void dependencies_compare(struct review *review)
{
	const struct solution *solution = &review->new->needs.solution;
	const struct listed **entries = entries_find(review->new);

	for (size_t i = 0; i < solution->count; i++) {
		const char *name = solution->packages[i].name;
		size_t at = listing_find(review->old, name);
		struct review_change *change;
		const char *old, *new;

		if (at == NO_PACKAGE || entries[i])
			continue;
		old = listing_version(review->old, at);
		new = listing_version(review->new, i);
		if (strcmp(old, new) == 0)
			continue;
		change = change_add(review, REVIEW_VERSION, name);
		change->old_package = &review->old->needs.solution.packages[at];
		change->new_package = &solution->packages[i];
		change->old_version = old;
		change->new_version = new;
		change->direction = debversion_compare(new, old);
	}
	free(entries);
}

static int compare_changes(const void *a, const void *b)
{
	const struct review_change *left = a, *right = b;

	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	return strcmp(left->name, right->name);
}

/* ---- what comes and goes ---- */

/* One side of the review: what it has and the other has not, and how its changes lead there. */
struct side {
	const struct listing *listing, *other;
	struct reach reach;
	bool *is_own;	 /* by package: the other list does not need it */
	uint64_t *kib;	 /* by package; 0: not known */
	bool *is_pulled; /* by package: some change leads to it */
};

static void side_init(struct side *side, const struct listing *listing, const struct listing *other,
	size_t *count, struct installed_size *size)
{
	const struct solution *solution = &listing->needs.solution;

	*side = (struct side){.listing = listing, .other = other};
	reach_init(&side->reach, &listing->needs);
	side->is_own = xcalloc(solution->count + 1, sizeof(bool));
	side->is_pulled = xcalloc(solution->count + 1, sizeof(bool));
	side->kib = xcalloc(solution->count + 1, sizeof(side->kib[0]));
	for (size_t i = 0; i < solution->count; i++) {
		side->kib[i] = listing_kib(listing, i);
		if (listing_find(other, solution->packages[i].name) != NO_PACKAGE)
			continue;
		side->is_own[i] = true;
		(*count)++;
		installed_size_add(size, side->kib[i]);
	}
}

static void side_release(struct side *side)
{
	reach_release(&side->reach);
	free(side->is_own);
	free(side->is_pulled);
	free(side->kib);
}

/* From every entry of the list. */
static void side_reach_all(struct side *side)
{
	size_t *starts = xcalloc(side->listing->asked_count + 1, sizeof(starts[0]));

	for (size_t i = 0; i < side->listing->asked_count; i++)
		starts[i] = side->listing->asked[i].package;
	reach_from(&side->reach, starts, side->listing->asked_count);
	free(starts);
}

static void pull_add(struct side *side, size_t package, struct pulls *pulls)
{
	struct pull pull = {.package = package, .is_elsewhere = side->is_pulled[package]};

	/* Many entries need the same: the chain stands where it is told first. */
	if (!pull.is_elsewhere)
		pull.has_chain = reach_chain(&side->reach, package, &pull.chain);
	ARRAY_GROW(pulls->items, pulls->count, pulls->capacity);
	pulls->items[pulls->count++] = pull;
	installed_size_add(&pulls->size, side->kib[package]);
	side->is_pulled[package] = true;
}

/* All that this side alone has and that the entry leads to, but the package that it names. */
static void entry_pull(struct side *side, const struct listed *listed, struct pulls *pulls)
{
	size_t start = listed_start(listed);
	bool is_provided = listed_is_provided(listed);

	if (start == NO_PACKAGE)
		return;
	reach_from(&side->reach, &start, 1);
	for (size_t i = 0; i < side->listing->needs.solution.count; i++) {
		if ((i == start && !is_provided) || !side->is_own[i] || !side->reach.is_reached[i])
			continue;
		pull_add(side, i, pulls);
		pulls->items[pulls->count - 1].is_provider = i == start;
	}
	side->is_pulled[start] = true;
}

/* What is named itself is no other's; what is left came by another choice. */
static void others_pull(struct side *side, struct pulls *pulls)
{
	side_reach_all(side);
	for (size_t i = 0; i < side->listing->needs.solution.count; i++)
		if (side->is_own[i] && !side->is_pulled[i])
			pull_add(side, i, pulls);
}

/* Of what is followed for the entry. */
static void anyway_find(const struct side *own, struct side *other, const struct listed *listed,
	struct review_change *change)
{
	size_t start = listed_start(listed);
	const char *name = start == NO_PACKAGE ? change->name
					       : own->listing->needs.solution.packages[start].name;

	change->is_needed_anyway =
		reach_chain(&other->reach, listing_find(other->listing, name), &change->anyway);
}

static void pulls_find(struct review *review)
{
	struct side old, new;

	side_init(&old, review->old, review->new, &review->go_count, &review->go);
	side_init(&new, review->new, review->old, &review->come_count, &review->come);
	side_reach_all(&old);
	side_reach_all(&new);
	for (size_t i = 0; i < review->count; i++) {
		struct review_change *change = &review->changes[i];

		if (change->kind == REVIEW_ADDED)
			anyway_find(&new, &old, change->new, change);
		else if (change->kind == REVIEW_REMOVED)
			anyway_find(&old, &new, change->old, change);
	}
	for (size_t i = 0; i < review->count; i++) {
		struct review_change *change = &review->changes[i];

		if (change->new)
			entry_pull(&new, change->new, &change->comes);
		if (change->old)
			entry_pull(&old, change->old, &change->goes);
	}
	others_pull(&old, &review->others_go);
	others_pull(&new, &review->others_come);
	side_release(&old);
	side_release(&new);
}

void review_make(const struct listing *old, const struct listing *new, const char *architecture,
	struct review *review)
{
	*review = (struct review){.old = old, .new = new};
	entries_compare(review, architecture);
	dependencies_compare(review);
	for (size_t i = 0; i < review->count; i++) {
		struct review_change *change = &review->changes[i];

		if (change->old || change->new)
			sides_fill(review, change);
	}
	if (review->count > 1)
		qsort(review->changes, review->count, sizeof(review->changes[0]), compare_changes);
	pulls_find(review);
}

static void pulls_release(struct pulls *pulls)
{
	for (size_t i = 0; i < pulls->count; i++)
		chain_release(&pulls->items[i].chain);
	free(pulls->items);
}

void review_release(struct review *review)
{
	for (size_t i = 0; i < review->count; i++) {
		chain_release(&review->changes[i].anyway);
		pulls_release(&review->changes[i].comes);
		pulls_release(&review->changes[i].goes);
	}
	free(review->changes);
	pulls_release(&review->others_come);
	pulls_release(&review->others_go);
	*review = (struct review){0};
}

bool review_is_same(const struct review *review)
{
	return review->old->list->is_whole && review->new->list->is_whole && review->count == 0 &&
		review->come_count == 0 && review->go_count == 0;
}

/* ---- what is new, for coverage ---- */

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

/* What an image says a package is made of goes with it, to be held against the pins (trust T19). */
static void row_add(struct package_list *list, const char *name, const char *version,
	const char *architecture, const struct listed *listed)
{
	const struct manifest_package *row = listed ? listed->row : &(struct manifest_package){0};
	struct manifest *packages = &list->packages;

	ARRAY_GROW(packages->items, packages->count, packages->capacity);
	packages->items[packages->count++] = (struct manifest_package){.name = xstrdup(name),
		.version = copy(version),
		.architecture = copy(architecture),
		.source = copy(row->source),
		.source_version = copy(row->source_version),
		.line = row->line};
}

void review_list_new(const struct review *review, struct package_list *list)
{
	const struct package_list *from = review->new->list;
	const struct solution *solution = &review->new->needs.solution;
	const struct listed **entries = entries_find(review->new);

	*list = (struct package_list){.path = xstrdup(from->path),
		.digest = from->digest,
		.kind = from->kind,
		.is_of_image = from->is_of_image,
		.is_whole = from->is_whole};
	for (size_t i = 0; i < solution->count; i++) {
		const struct solved_package *package = &solution->packages[i];
		const char *version = listing_version(review->new, i);
		size_t at = listing_find(review->old, package->name);

		if (at == NO_PACKAGE || strcmp(listing_version(review->old, at), version) != 0)
			row_add(list, package->name, version, package->architecture, entries[i]);
	}
	/* Of what was not followed coverage says why it is not known, and of sources all. */
	for (size_t i = 0; i < review->count; i++) {
		const struct listed *listed = review->changes[i].new;

		if (listed && (listed_start(listed) == NO_PACKAGE || listed_is_provided(listed)))
			row_add(list, listed->row->name, listed->row->version,
				listed->row->architecture, listed);
	}
	free(entries);
}
