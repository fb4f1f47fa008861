/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_pair.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"

static bool glob_matches(const char *glob, const char *name)
{
	return fnmatch(glob, name, FNM_PATHNAME) == 0;
}

static struct artifact_pair *add_pair(struct pair_list *pairs, const char *name)
{
	struct artifact_pair *pair;

	ARRAY_GROW(pairs->items, pairs->count, pairs->capacity);
	pair = &pairs->items[pairs->count++];
	*pair = (struct artifact_pair){.name = xstrdup(name), .required = true};
	return pair;
}

static size_t count_ignores(const struct release *release, const char *name)
{
	size_t matches = 0;

	for (size_t i = 0; i < release->ignore_count; i++)
		matches += glob_matches(release->ignores[i].name, name);
	return matches;
}

static bool has_entry(const struct release *release, const char *name)
{
	for (size_t i = 0; i < release->artifact_count; i++) {
		if (glob_matches(release->artifacts[i].name, name))
			return true;
	}
	return false;
}

/* Judges a name by the descriptor's entries: sets whether it is required, and what is wrong. */
static void match_entries(
	struct artifact_pair *pair, const struct release *release, size_t ignores, bool *matched)
{
	size_t matches = 0;

	for (size_t i = 0; i < release->artifact_count; i++) {
		if (!glob_matches(release->artifacts[i].name, pair->name))
			continue;
		matched[i] = true;
		pair->required = release->artifacts[i].required;
		pair->accept = &release->artifacts[i].accept;
		matches++;
	}
	if (matches == 0)
		pair->problem = xasprintf("no entry of the descriptor matches it; add one to "
					  "artifacts, or ignore it with a reason");
	else if (ignores)
		pair->problem =
			xstrdup("an artifact entry and an ignore of the descriptor match it; "
				"only one may");
	else if (matches > 1)
		pair->problem = xasprintf(
			"%zu artifact entries of the descriptor match it; exactly one must",
			matches);
	if (pair->problem)
		pair->required = true;
}

static void add_unmatched(
	const struct release *release, const bool *matched, struct pair_list *pairs)
{
	for (size_t i = 0; i < release->artifact_count; i++) {
		if (!matched[i] && release->artifacts[i].required)
			add_pair(pairs, release->artifacts[i].name)->problem =
				xstrdup("required, and on neither side");
	}
}

static int compare_pairs(const void *a, const void *b)
{
	return strcmp(
		((const struct artifact_pair *)a)->name, ((const struct artifact_pair *)b)->name);
}

void pair_files(const struct file_set *published, const struct file_set *rebuilt,
	const struct release *release, struct pair_list *pairs)
{
	bool *matched = xcalloc(release ? release->artifact_count : 0, sizeof(*matched));
	size_t p = 0, r = 0, ignores;

	while (p < published->count || r < rebuilt->count) {
		const struct file *one = p < published->count ? &published->files[p] : NULL;
		const struct file *two = r < rebuilt->count ? &rebuilt->files[r] : NULL;
		int order = !one ? 1 : !two ? -1 : strcmp(one->name, two->name);
		const char *name = order <= 0 ? one->name : two->name;
		struct artifact_pair *pair;

		p += order <= 0;
		r += order >= 0;
		ignores = release ? count_ignores(release, name) : 0;
		if (ignores && !has_entry(release, name))
			continue;
		pair = add_pair(pairs, name);
		pair->published = order <= 0 ? one : NULL;
		pair->rebuilt = order >= 0 ? two : NULL;
		if (!release)
			continue;
		match_entries(pair, release, ignores, matched);
		if (!pair->published && !pair->problem && pair->required)
			pair->problem = xstrdup("required, and missing from what was published");
	}
	if (release)
		add_unmatched(release, matched, pairs);
	free(matched);
	if (pairs->count)
		qsort(pairs->items, pairs->count, sizeof(pairs->items[0]), compare_pairs);
}

static void drop_pair(struct artifact_pair *pair)
{
	free(pair->name);
	free(pair->problem);
}

enum status pair_select(struct pair_list *pairs, const struct text_list *globs, struct error *err)
{
	bool *used = xcalloc(globs->count, sizeof(*used));
	enum status status = STATUS_OK;
	size_t kept = 0;

	for (size_t i = 0; i < pairs->count && globs->count; i++) {
		bool wanted = false;

		for (size_t g = 0; g < globs->count; g++) {
			if (glob_matches(globs->items[g], pairs->items[i].name))
				wanted = used[g] = true;
		}
		if (wanted)
			pairs->items[kept++] = pairs->items[i];
		else
			drop_pair(&pairs->items[i]);
	}
	if (globs->count)
		pairs->count = kept;
	for (size_t g = 0; g < globs->count && status == STATUS_OK; g++) {
		if (!used[g])
			status = error_set(err, STATUS_USAGE,
				"--artifact %s matches nothing on either side", globs->items[g]);
	}
	free(used);
	return status;
}

bool pair_is_decided(const struct artifact_pair *pair, enum verdict *verdict)
{
	/* A file that the descriptor does not account for exactly once leaves the set open. */
	if (!pair->rebuilt || (pair->problem && pair->published))
		*verdict = VERDICT_MISSING;
	else if (!pair->published)
		*verdict = VERDICT_EXTRA;
	else
		return false;
	return true;
}

void pair_list_release(struct pair_list *pairs)
{
	for (size_t i = 0; i < pairs->count; i++)
		drop_pair(&pairs->items[i]);
	free(pairs->items);
	*pairs = (struct pair_list){0};
}
