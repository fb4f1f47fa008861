/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_culprits.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "verifier/rebuild/bisect.h"

/* The artifacts that differ, being looked into. */
struct suspects {
	struct builds *builds;
	const struct built *first;
	const char **names;
	size_t count;
};

static bool same(const struct digest *a, const struct digest *b)
{
	return a == b || (a && b && digest_equal(a, b));
}

static void add_culprit(
	struct rebuild_record *record, const char *artifact, const char *how, unsigned set)
{
	struct buffer names = {0};

	variation_set_text(set, ",", &names);
	rebuild_add_culprit(record, artifact, how, buffer_text(&names));
	buffer_release(&names);
}

static void add_result(
	struct rebuild_record *record, const char *artifact, const struct bisect_result *result)
{
	for (unsigned left = result->alone; left; left &= left - 1)
		add_culprit(record, artifact, CULPRIT_ALONE, left & -left);
	if (result->alone)
		return;
	add_culprit(record, artifact, result->together ? CULPRIT_TOGETHER : CULPRIT_WITHIN,
		result->together ? result->together : result->narrowed);
}

static enum status test_artifacts(void *context, unsigned set, bool *differs, struct error *err)
{
	const struct suspects *suspects = context;
	const struct built *built;
	enum status status = builds_get(suspects->builds, set, 0, &built, err);

	if (status != STATUS_OK)
		return status;
	if (built->failed) {
		*err = built->failure;
		return error_context(err, "while looking for what makes the builds differ");
	}
	for (size_t i = 0; i < suspects->count; i++)
		differs[i] = !same(built_find(suspects->first, suspects->names[i]),
			built_find(built, suspects->names[i]));
	return STATUS_OK;
}

static enum status test_failure(void *context, unsigned set, bool *differs, struct error *err)
{
	const struct built *built;
	enum status status = builds_get(context, set, 0, &built, err);

	if (status == STATUS_OK)
		differs[0] = built->failed;
	return status;
}

/* The second build failed and the first did not: what does it is named in place of a difference. */
static enum status explain_failure(struct builds *builds, const struct built *second,
	struct rebuild_record *record, struct error *err)
{
	struct bisect_result result;
	struct buffer names = {0};
	enum status status = bisect(builds->varied, 1, test_failure, builds, &result, err);

	if (status < 0)
		return status;
	add_result(record, "", &result);
	variation_set_text(result.alone	  ? result.alone
			: result.together ? result.together
					  : result.narrowed,
		", ", &names);
	*err = second->failure;
	error_context(err, "with %s varied", buffer_text(&names));
	buffer_release(&names);
	return err->status;
}

static void add_artifact(struct rebuild_record *record, const char *name,
	const struct digest *first, const struct digest *second)
{
	struct rebuild_artifact artifact = {.name = xstrdup(name)};

	artifact.has_first = first != NULL;
	artifact.has_second = second != NULL;
	if (first)
		artifact.first = *first;
	if (second)
		artifact.second = *second;
	ARRAY_GROW(record->artifacts, record->artifact_count, record->artifact_capacity);
	record->artifacts[record->artifact_count++] = artifact;
}

/* By name, each of either build once; `second` NULL: there was one build. */
static void list_artifacts(
	struct rebuild_record *record, const struct built *first, const struct built *second)
{
	size_t i = 0, j = 0, others = second ? second->count : 0;

	while (i < first->count || j < others) {
		int order = i == first->count ? 1
			: j == others	      ? -1
					      : strcmp(first->files[i].name, second->files[j].name);

		if (order < 0) {
			add_artifact(record, first->files[i].name, &first->files[i].digest, NULL);
		} else if (order > 0) {
			add_artifact(record, second->files[j].name, NULL, &second->files[j].digest);
		} else {
			add_artifact(record, first->files[i].name, &first->files[i].digest,
				&second->files[j].digest);
		}
		i += order <= 0;
		j += order >= 0;
	}
}

static bool is_same(const struct rebuild_artifact *artifact)
{
	return same(artifact->has_first ? &artifact->first : NULL,
		artifact->has_second ? &artifact->second : NULL);
}

/* What is another each time is told apart from what the variations do. */
static void list_suspects(
	struct rebuild_record *record, const struct built *again, struct suspects *suspects)
{
	suspects->names = xcalloc(record->artifact_count + 1, sizeof(*suspects->names));
	for (size_t i = 0; i < record->artifact_count; i++) {
		const struct rebuild_artifact *artifact = &record->artifacts[i];

		if (!same(built_find(suspects->first, artifact->name),
			    built_find(again, artifact->name)))
			rebuild_add_culprit(record, artifact->name, CULPRIT_NOTHING, "");
		else if (!is_same(artifact))
			suspects->names[suspects->count++] = artifact->name;
	}
}

static enum status look_into(struct builds *builds, const struct built *first,
	struct rebuild_record *record, struct error *err)
{
	struct suspects suspects = {.builds = builds, .first = first};
	struct bisect_result *results;
	const struct built *again;
	enum status status = builds_get(builds, 0, 1, &again, err);

	if (status == STATUS_OK && again->failed) {
		*err = again->failure;
		return error_context(err, "built again with nothing varied");
	}
	if (status == STATUS_OK)
		list_suspects(record, again, &suspects);
	results = xcalloc(suspects.count + 1, sizeof(*results));
	if (suspects.count) {
		status = bisect(
			builds->varied, suspects.count, test_artifacts, &suspects, results, err);
		for (size_t i = 0; i < suspects.count; i++)
			add_result(record, suspects.names[i], &results[i]);
	}
	free(results);
	free(suspects.names);
	return status < 0 ? status : STATUS_OK;
}

static bool any_differs(const struct rebuild_record *record)
{
	for (size_t i = 0; i < record->artifact_count; i++) {
		if (!is_same(&record->artifacts[i]))
			return true;
	}
	return false;
}

enum status find_culprits(struct builds *builds, struct rebuild_record *record, struct error *err)
{
	/* With nothing to vary the second build is the first again. */
	unsigned repetition = builds->varied ? 0 : 1;
	const struct built *first, *second;

	if (builds_get(builds, 0, 0, &first, err) < 0)
		return err->status;
	if (first->failed) {
		*err = first->failure;
		return err->status;
	}
	if (builds_get(builds, builds->varied, repetition, &second, err) < 0)
		return err->status;
	if (second->failed)
		return explain_failure(builds, second, record, err);
	list_artifacts(record, first, second);
	if (record->artifact_count == 0)
		return error_set(err, STATUS_INCOMPLETE,
			"neither build left a file in $OUTPUT: there is nothing to compare");
	free(record->answer);
	record->answer = xstrdup(any_differs(record) ? REBUILD_DIFFERENT : REBUILD_SAME);
	return any_differs(record) ? look_into(builds, first, record, err) : STATUS_OK;
}
