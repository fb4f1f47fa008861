/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/report/find_member.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/buffer.h"
#include "base/escape.h"

#define NAMED_MOST 5 /* of the members that a path may mean, or that are inside it */

struct search {
	struct evidence *evidence;
	const char *path;
	struct text_list sets, paths; /* of those found, side by side */
	uint64_t found;		      /* with this artifact's set and path */
	struct text_list inside;      /* what differs below the path, one more than is named */
	struct buffer artifact;	      /* what is said of the artifact that the path names */
};

static enum status count_difference(
	void *context, const struct difference *difference, struct error *err)
{
	(void)difference;
	(void)err;
	((struct search *)context)->found++;
	return STATUS_OK;
}

static enum status try_path(
	struct search *search, const char *set_id, const char *path, struct error *err)
{
	search->found = 0;
	if (evidence_each_difference_at(
		    search->evidence, set_id, path, count_difference, search, err) < 0)
		return err->status;
	if (search->found > 0) {
		text_list_add(&search->sets, set_id);
		text_list_add(&search->paths, path);
	}
	return STATUS_OK;
}

/* The path is the artifact's, or one from its name on. */
static bool begins_with(const char *path, const char *name)
{
	size_t len = strlen(name);

	return strncmp(path, name, len) == 0 &&
		(path[len] == '\0' || strncmp(path + len, "//", 2) == 0);
}

/* Each way in which the path may be one of an artifact. */
static enum status each_path(struct search *search, const struct artifact_row *artifact,
	enum status (*try)(
		struct search *search, const char *set_id, const char *path, struct error *err),
	struct error *err)
{
	const char *name = artifact->record.name;
	enum status status;
	char *path;

	if (!artifact->set_id)
		return STATUS_OK;
	if (begins_with(search->path, name) && try(search, artifact->set_id, search->path, err) < 0)
		return err->status;
	path = xasprintf("%s//%s", name, search->path);
	status = try(search, artifact->set_id, path, err);
	free(path);
	return status;
}

static enum status search_artifact(
	void *context, const struct artifact_row *artifact, struct error *err)
{
	return each_path(context, artifact, try_path, err);
}

/* ---- what is near, when there is none ---- */

static enum status add_inside(void *context, const struct difference *difference, struct error *err)
{
	struct search *search = context;

	(void)err;
	text_list_add(&search->inside, difference->path);
	return STATUS_OK;
}

static enum status try_inside(
	struct search *search, const char *set_id, const char *path, struct error *err)
{
	size_t left = NAMED_MOST + 1 - search->inside.count;

	return left == 0 ? STATUS_OK
			 : evidence_each_difference_below(
				   search->evidence, set_id, path, left, add_inside, search, err);
}

/* Of an artifact in which nothing was compared, or all is the same. */
static void describe_artifact(struct buffer *text, const struct artifact_record *record)
{
	static const char *const words[VERDICT_COUNT] = {
		[VERDICT_MISSING] = ": it is on the published side only",
		[VERDICT_EXTRA] = ": it is on the rebuilt side only",
		[VERDICT_REPRODUCED] = ": all of it is the same",
	};

	escape_line(text, record->name, strlen(record->name));
	buffer_add_format(text, " is %s", verdict_word(record->verdict));
	if (words[record->verdict] != NULL && record->reason == NULL)
		buffer_add_text(text, words[record->verdict]);
	if (record->reason != NULL) {
		buffer_add_text(text, ": ");
		escape_line(text, record->reason, strlen(record->reason));
	}
}

static enum status look_near(void *context, const struct artifact_row *artifact, struct error *err)
{
	struct search *search = context;

	if (!artifact->set_id && begins_with(search->path, artifact->record.name) &&
		search->artifact.len == 0)
		describe_artifact(&search->artifact, &artifact->record);
	return each_path(search, artifact, try_inside, err);
}

/* ---- what was found ---- */

static void add_names(struct buffer *names, const struct text_list *paths)
{
	for (size_t i = 0; i < paths->count && i < NAMED_MOST; i++) {
		buffer_add_text(names, i > 0 ? ", " : "");
		escape_line(names, paths->items[i], strlen(paths->items[i]));
	}
	buffer_add_text(names, paths->count > NAMED_MOST ? ", …" : "");
}

static enum status say_none(
	struct search *search, const char *run, const char *path, struct error *err)
{
	struct buffer names = {0};

	if (evidence_each_artifact(search->evidence, run, false, look_near, search, err) < 0)
		return err->status;
	add_names(&names, &search->inside);
	if (search->artifact.len > 0)
		error_set(err, STATUS_USAGE, "nothing to explain: %s",
			buffer_text(&search->artifact));
	else if (names.len > 0)
		error_set(err, STATUS_USAGE,
			"no member that differs is called %s; differs inside: %s", path,
			buffer_text(&names));
	else
		error_set(err, STATUS_USAGE,
			"no member that differs is called %s; all that do: --all", path);
	buffer_release(&names);
	return err->status;
}

static enum status say_several(struct search *search, const char *path, struct error *err)
{
	struct buffer names = {0};

	add_names(&names, &search->paths);
	error_set(err, STATUS_USAGE, "%s may be %zu members: %s; give the whole path", path,
		search->paths.count, buffer_text(&names));
	buffer_release(&names);
	return err->status;
}

enum status find_member(struct evidence *evidence, const char *run, const char *path,
	struct found_member *found, struct error *err)
{
	struct search search = {.evidence = evidence, .path = path};
	struct buffer text = {0};
	enum status status =
		evidence_each_artifact(evidence, run, false, search_artifact, &search, err);

	escape_line(&text, path, strlen(path));
	if (status == STATUS_OK && search.paths.count == 0)
		status = say_none(&search, run, buffer_text(&text), err);
	else if (status == STATUS_OK && search.paths.count > 1)
		status = say_several(&search, buffer_text(&text), err);
	if (status == STATUS_OK) {
		found->set_id = xstrdup(search.sets.items[0]);
		found->path = xstrdup(search.paths.items[0]);
	}
	text_list_release(&search.sets);
	text_list_release(&search.paths);
	text_list_release(&search.inside);
	buffer_release(&search.artifact);
	buffer_release(&text);
	return status;
}

void found_member_release(struct found_member *found)
{
	free(found->set_id);
	free(found->path);
	*found = (struct found_member){0};
}
