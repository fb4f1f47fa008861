/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_builds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/progress.h"
#include "verifier/evidence/rebuilding.h"

/* The coarsest times that a build may write are FAT's: two seconds. */
#define REPETITION_SECONDS 3

/* The name of a build's directory below the run's. */
static const char *directory_of(const struct builds *builds, unsigned set, unsigned repetition)
{
	if (set == 0)
		return repetition == 0 ? "first" : "again";
	return set == builds->varied ? "varied" : "narrow";
}

/* Its outputs are compared at the end; of others digests are enough. */
static bool is_compared(const struct builds *builds, const struct built *built)
{
	return built->set ? built->set == builds->varied
			  : built->repetition == 0 || builds->varied == 0;
}

char *builds_output(const struct builds *builds, unsigned set, unsigned repetition)
{
	return xasprintf("%s/%s/output", builds->top, directory_of(builds, set, repetition));
}

const struct digest *built_find(const struct built *built, const char *name)
{
	for (size_t i = 0; i < built->count; i++) {
		if (strcmp(built->files[i].name, name) == 0)
			return &built->files[i].digest;
	}
	return NULL;
}

static void built_free(struct built *built)
{
	for (size_t i = 0; i < built->count; i++)
		free(built->files[i].name);
	free(built->files);
	free(built);
}

void builds_release(struct builds *builds)
{
	for (size_t i = 0; i < builds->count; i++)
		built_free(builds->items[i]);
	free(builds->items);
	build_failure_release(&builds->why);
	builds->items = NULL;
	builds->count = builds->capacity = 0;
}

static enum status add_file(void *context, const char *name, const struct digest *digest,
	uint64_t size, struct error *err)
{
	struct built *built = context;

	(void)size;
	(void)err;
	ARRAY_GROW(built->files, built->count, built->capacity);
	built->files[built->count++] = (struct built_file){xstrdup(name), *digest};
	return STATUS_OK;
}

static enum status give_file(
	void *context, size_t index, const char **name, struct digest *digest, struct error *err)
{
	const struct built *built = context;

	(void)err;
	if (index == built->count)
		return STATUS_END;
	*name = built->files[index].name;
	*digest = built->files[index].digest;
	return STATUS_OK;
}

/* Whether what is on disk is still what was recorded: the outputs that are compared at the end. */
static bool is_there(const struct builds *builds, const struct built *built)
{
	char *directory = builds_output(builds, built->set, built->repetition);
	struct file_set set = FILE_SET_INIT;
	struct error err;
	bool is_same =
		file_set_list(&set, directory, &err) == STATUS_OK && set.count == built->count;

	for (size_t i = 0; i < set.count && is_same; i++) {
		const struct digest *want = built_find(built, set.files[i].name);
		struct digest digest;
		int fd;

		is_same = want && file_set_open(&set, &set.files[i], &fd, &err) == STATUS_OK;
		if (!is_same)
			break;
		is_same = hash_fd(fd, &digest, NULL, &err) == STATUS_OK &&
			digest_equal(&digest, want);
		close(fd);
	}
	file_set_release(&set);
	free(directory);
	return is_same;
}

/* From what a killed part of this run recorded. *found is false when it has to be made. */
static enum status find_recorded(
	const struct builds *builds, struct built *built, bool *found, struct error *err)
{
	struct buffer varied = {0};
	struct rebuild_build record = {.repetition = built->repetition};
	enum status status;

	variation_set_text(built->set, ",", &varied);
	record.varied = buffer_text(&varied);
	status = evidence_find_build(builds->verification->evidence, builds->verification->run,
		&builds->inputs, &record, add_file, built, err);
	buffer_release(&varied);
	*found = status == STATUS_OK && (!is_compared(builds, built) || is_there(builds, built));
	if (!*found) {
		for (size_t i = 0; i < built->count; i++)
			free(built->files[i].name);
		built->count = 0;
	}
	return status < 0 ? status : STATUS_OK;
}

/* A build that writes the time must have another to write. */
static void let_time_pass(const struct builds *builds)
{
	double left = builds->first_begun + REPETITION_SECONDS - clock_monotonic();
	struct timespec pause = {.tv_sec = (time_t)left};

	if (builds->first_begun == 0 || left <= 0)
		return;
	pause.tv_nsec = (long)((left - (double)pause.tv_sec) * 1e9);
	nanosleep(&pause, NULL);
}

static enum status take_outputs(const struct builds *builds, struct built *built, struct error *err)
{
	const struct file_set *rebuilt = &builds->verification->rebuilt;
	struct rebuild_build record = {.repetition = built->repetition};
	struct buffer varied = {0};
	enum status status;

	for (size_t i = 0; i < rebuilt->count; i++)
		add_file(built, rebuilt->files[i].name, &rebuilt->files[i].digest, 0, err);
	variation_set_text(built->set, ",", &varied);
	record.varied = buffer_text(&varied);
	status = evidence_rebuild_build(builds->verification->evidence, builds->verification->run,
		&builds->inputs, &record, give_file, built, err);
	buffer_release(&varied);
	return status;
}

/* What is not needed any more; of a build that failed the log is. */
static void clean(const struct builds *builds, const struct built *built)
{
	static const char *const parts[] = {"source", "reversed", "output"};
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(parts) - (is_compared(builds, built) ? 1 : 0); i++) {
		char *path = path_join(builds->verification->work, parts[i]);

		if (path_remove_tree(path, &err) < 0)
			progress_note("rebuild", "%s could not be removed: %s", path, err.text);
		free(path);
	}
}

/*
 * Without the sandbox a build sees where it really is, which must be the same place each time: what
 * it left is then moved to its own.
 */
static enum status settle(struct builds *builds, const char *name, struct error *err)
{
	struct verification *verification = builds->verification;
	char *own = path_join(builds->top, name);
	enum status status = path_remove_tree(own, err);

	if (status == STATUS_OK && rename(verification->work, own) < 0)
		status = error_set_errno(err, "cannot move what was built to %s", own);
	free(verification->work);
	verification->work = own;
	return status;
}

static enum status make(struct builds *builds, struct built *built, struct error *err)
{
	struct verification *verification = builds->verification;
	const char *name = directory_of(builds, built->set, built->repetition);
	const bool is_moved = verification->request->no_sandbox;
	struct build_conditions conditions;
	enum status status;

	if (built->set || built->repetition)
		let_time_pass(builds);
	else
		builds->first_begun = clock_monotonic();
	build_conditions_make(builds->plan, built->set, &conditions);
	free(verification->work);
	verification->work = path_join(builds->top, is_moved ? "build" : name);
	verification->conditions = &conditions;
	verification->plan = builds->plan;
	verification->repetition = built->repetition;
	file_set_release(&verification->rebuilt);
	status = verify_rebuild(verification, err);
	verification->conditions = NULL;
	if (status == STATUS_OK && is_moved)
		status = settle(builds, name, err);
	if (status == STATUS_OK)
		status = take_outputs(builds, built, err);
	if (status == STATUS_BUILD) {
		built->failed = true;
		built->failure = *err;
		/* The next build forgets it. */
		status = builds->why.class ? STATUS_OK
					   : evidence_read_build_failure(verification->evidence,
						     verification->run, &builds->why, err);
		status = status < 0 ? status : STATUS_OK;
	}
	clean(builds, built);
	file_set_release(&verification->rebuilt);
	build_conditions_release(&conditions);
	return status;
}

enum status builds_get(struct builds *builds, unsigned set, unsigned repetition,
	const struct built **built, struct error *err)
{
	enum status status;
	struct built *made;
	bool found;

	for (size_t i = 0; i < builds->count; i++) {
		*built = builds->items[i];
		if ((*built)->set == set && (*built)->repetition == repetition)
			return STATUS_OK;
	}
	made = xcalloc(1, sizeof(*made));
	made->set = set;
	made->repetition = repetition;
	status = find_recorded(builds, made, &found, err);
	if (status == STATUS_OK && !found) {
		if (builds->made >= builds->bound)
			status = STATUS_END;
		else
			status = make(builds, made, err);
	}
	if (status != STATUS_OK) {
		built_free(made);
		return status;
	}
	builds->made++;
	ARRAY_GROW(builds->items, builds->count, builds->capacity);
	builds->items[builds->count++] = made;
	*built = made;
	return STATUS_OK;
}
