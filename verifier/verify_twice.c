/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/path.h"
#include "base/progress.h"
#include "base/tempfile.h"
#include "verifier/rebuild/reversed_tree.h"
#include "verifier/verify.h"
#include "verifier/verify_builds.h"
#include "verifier/verify_culprits.h"
#include "verifier/verify_kas.h"

#define COPY_SIZE ((size_t)256 * 1024)

/* One run of `reproof rebuild`. */
struct rebuilding {
	const struct rebuild_request *request;
	struct verification verification;
	struct variation_plan plan;
	struct builds builds;
	struct rebuild_record record;
	struct kas_frozen frozen;
	char *top; /* runs/RUN */
};

static void digest_key(const struct rebuilding *rebuilding, struct digest *key)
{
	const struct release *release = &rebuilding->verification.release;
	char hex[SHA256_HEX_SIZE];
	struct buffer text = {0};

	digest_hex(&release->digest, hex);
	buffer_add_format(&text, "reproof-rebuild-1 %s %s %s %d %d %x\nat %s\n", REPROOF_VERSION,
		DBDIFF_VERSION, hex, rebuilding->request->verify.no_sandbox,
		rebuilding->request->is_twice, rebuilding->plan.usable, release->path);
	hash_memory(text.data, text.len, key);
	buffer_release(&text);
}

/* What may be varied here of what was asked for; the rest is said with its reason. */
static void plan_variations(struct rebuilding *rebuilding)
{
	const struct release_build *build = &rebuilding->verification.release.build;
	const struct variation_base base = {
		.build_path = build->path,
		.hostname = build->hostname,
		.environment = &build->environment,
		.umask = build->umask,
		.no_sandbox = rebuilding->request->verify.no_sandbox,
		.is_kas = build->backend == BACKEND_KAS,
	};
	struct error err;

	if (!rebuilding->request->is_twice)
		return;
	variation_plan_make(&base, &rebuilding->plan);
	for (int i = 0; i < VARIATION_COUNT; i++) {
		if (!(rebuilding->request->vary & 1u << i))
			variation_plan_drop(&rebuilding->plan, (enum variation)i, "left out");
	}
	if (rebuilding->plan.usable & 1u << VARY_FILEORDERING && reversed_tree_begin(&err) < 0)
		variation_plan_drop(&rebuilding->plan, VARY_FILEORDERING, err.text);
}

/* Directory order can only be told with the tree itself. */
static void try_ordering(struct rebuilding *rebuilding, const char *source)
{
	struct reversed_tree tree = {0};
	char *path = path_join(rebuilding->top, "reversed");
	struct error err;

	if (rebuilding->plan.usable & 1u << VARY_FILEORDERING &&
		reversed_tree_make(&tree, source, path, rebuilding->plan.has_disorderfs, 0, &err) <
			0)
		variation_plan_drop(&rebuilding->plan, VARY_FILEORDERING, err.text);
	reversed_tree_release(&tree);
	rmdir(path);
	free(path);
}

static enum status copy_file(const struct file_set *set, const struct file *file,
	const char *directory, struct error *err)
{
	char *path = path_join(directory, file->name), *above = path_directory(path);
	struct tempfile copy = TEMPFILE_INIT;
	char *chunk = xmalloc(COPY_SIZE);
	enum status status = path_make_directories(above, 0755, err);
	ssize_t got = 1;
	int fd = -1;

	if (status == STATUS_OK)
		status = file_set_open(set, file, &fd, err);
	if (status == STATUS_OK)
		status = tempfile_open(&copy, path, 0644, err);
	while (status == STATUS_OK && got != 0) {
		got = read(fd, chunk, COPY_SIZE);
		if (got < 0 && errno != EINTR)
			status = error_set_errno(err, "%s", file->name);
		else if (got > 0)
			status = tempfile_write(&copy, chunk, (size_t)got, err);
	}
	if (status == STATUS_OK)
		status = tempfile_commit(&copy, err);
	tempfile_release(&copy);
	if (fd >= 0)
		close(fd);
	free(chunk);
	free(above);
	free(path);
	return status;
}

/* Moves what a build left to where it was asked for, whatever file system that is on. */
static enum status move_outputs(const char *from, const char *to, struct error *err)
{
	struct file_set set = FILE_SET_INIT;
	enum status status = file_set_list(&set, from, err);

	if (status == STATUS_OK)
		status = path_make_directories(to, 0755, err);
	for (size_t i = 0; i < set.count && status == STATUS_OK; i++)
		status = copy_file(&set, &set.files[i], to, err);
	file_set_release(&set);
	if (status == STATUS_OK)
		status = path_remove_tree(from, err);
	return status < 0 ? error_context(err, "keeping what was built") : status;
}

/* Where a build's outputs are kept; the caller frees. */
static char *kept_output(const struct rebuilding *rebuilding, bool is_second)
{
	const struct builds *builds = &rebuilding->builds;
	const char *output = rebuilding->request->output;

	if (!output)
		return is_second ? builds_output(builds, builds->varied, !builds->varied)
				 : builds_output(builds, 0, 0);
	return rebuilding->request->is_twice ? path_join(output, is_second ? "second" : "first")
					     : xstrdup(output);
}

static enum status keep_outputs(struct rebuilding *rebuilding, struct error *err)
{
	const struct builds *builds = &rebuilding->builds;
	enum status status = STATUS_OK;

	for (int second = 0; second <= (rebuilding->request->is_twice ? 1 : 0); second++) {
		char *to = kept_output(rebuilding, second);
		char *from = second ? builds_output(builds, builds->varied, !builds->varied)
				    : builds_output(builds, 0, 0);

		if (status == STATUS_OK && strcmp(from, to) != 0)
			status = move_outputs(from, to, err);
		free(from);
		free(to);
	}
	if (status == STATUS_OK)
		rebuilding->record.kept =
			xstrdup(rebuilding->request->output ? rebuilding->request->output
							    : rebuilding->top);
	return status;
}

/* What differs inside, by the usual comparer; recorded as a run of its own. */
static enum status compare_outputs(struct rebuilding *rebuilding, struct error *err)
{
	static const struct text_list all;
	char *first = kept_output(rebuilding, false), *second = kept_output(rebuilding, true);
	char run[RUN_ID_SIZE];
	enum status status =
		verify_compare(first, second, &all, &rebuilding->request->verify.inspection,
			rebuilding->verification.evidence, run, err);

	if (status == STATUS_OK)
		rebuilding->record.compared = xstrdup(run);
	free(first);
	free(second);
	return status;
}

static enum status build_once(struct rebuilding *rebuilding, struct error *err)
{
	struct rebuild_record *record = &rebuilding->record;
	const struct built *built;

	if (builds_get(&rebuilding->builds, 0, 0, &built, err) < 0)
		return err->status;
	if (built->failed) {
		*err = built->failure;
		return err->status;
	}
	if (built->count == 0)
		return error_set(err, STATUS_INCOMPLETE, "the build left no file in $OUTPUT");
	for (size_t i = 0; i < built->count; i++) {
		ARRAY_GROW(record->artifacts, record->artifact_count, record->artifact_capacity);
		record->artifacts[record->artifact_count++] = (struct rebuild_artifact){
			.name = xstrdup(built->files[i].name),
			.has_first = true,
			.first = built->files[i].digest,
		};
	}
	free(record->answer);
	record->answer = xstrdup(REBUILD_BUILT);
	return STATUS_OK;
}

static enum status build(struct rebuilding *rebuilding, struct error *err)
{
	struct verification *verification = &rebuilding->verification;
	char *tree = path_join(rebuilding->top, "tree");
	const struct release_build *release = &verification->release.build;
	const bool is_kas = release->backend == BACKEND_KAS;
	char *source =
		path_join(tree, path_basename(is_kas ? release->kas.repository : release->source));
	enum status status, look_status = STATUS_OK;

	status = path_make_directories(tree, 0700, err);
	if (status == STATUS_OK)
		status = verify_freeze(
			verification, source, &rebuilding->frozen, &rebuilding->builds.inputs, err);
	if (status == STATUS_OK) {
		if (is_kas)
			verification->frozen = &rebuilding->frozen;
		try_ordering(rebuilding, source);
		rebuilding->builds.varied = rebuilding->plan.usable;
		status = rebuilding->request->is_twice
			? find_culprits(&rebuilding->builds, &rebuilding->record, err)
			: build_once(rebuilding, err);
	}
	/* What two builds showed stands, also when a third one failed. */
	if (strcmp(rebuilding->record.answer, REBUILD_FAILED) != 0) {
		struct error keep_err;

		look_status = keep_outputs(rebuilding, &keep_err);
		if (look_status == STATUS_OK &&
			strcmp(rebuilding->record.answer, REBUILD_DIFFERENT) == 0)
			look_status = compare_outputs(rebuilding, &keep_err);
		if (look_status < 0 && status == STATUS_OK) {
			*err = keep_err;
			status = look_status;
		}
	}
	free(source);
	free(tree);
	return status;
}

static enum status run_steps(struct rebuilding *rebuilding, const char **step, struct error *err)
{
	enum status status;

	*step = "pin";
	status = verify_pin(&rebuilding->verification, err);
	if (status == STATUS_OK) {
		*step = "rebuild";
		status = build(rebuilding, err);
	}
	return status;
}

static void record_variations(struct rebuilding *rebuilding)
{
	const struct variation_plan *plan = &rebuilding->plan;

	for (int i = 0; i < VARIATION_COUNT && rebuilding->request->is_twice; i++)
		rebuild_add_variation(&rebuilding->record, variation_name((enum variation)i),
			plan->how[i], plan->why_not[i]);
	rebuilding->record.builds = rebuilding->builds.made;
	rebuilding->record.bound = rebuilding->builds.bound;
}

/* The work of a finished run. Outputs that are the same twice are only kept where that was asked.
 */
static void clean(const struct rebuilding *rebuilding)
{
	const struct {
		const char *name;
		bool is_needed; /* to look at, as long as it differs */
	} parts[] = {
		{"tree", false},
		{"first/output", true},
		{"varied/output", true},
		/* With nothing varied it is the second build. */
		{"again/output", rebuilding->builds.varied == 0},
	};
	bool is_same = strcmp(rebuilding->record.answer, REBUILD_SAME) == 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		char *path = path_join(rebuilding->top, parts[i].name);
		struct error err;

		if ((is_same || !parts[i].is_needed) && path_remove_tree(path, &err) < 0)
			progress_note("run", "%s could not be removed: %s", path, err.text);
		free(path);
	}
}

static enum status finish(struct rebuilding *rebuilding, const char *step, enum status status,
	const struct error *step_err, struct error *err)
{
	struct verification *verification = &rebuilding->verification;
	struct rebuild_record *record = &rebuilding->record;
	const struct run_failure failure = {
		.class = failure_class(status), .step = step, .text = step_err->text};
	bool failed = strcmp(record->answer, REBUILD_FAILED) == 0;

	if (!rebuilding->request->output && strcmp(record->answer, REBUILD_SAME) == 0) {
		free(record->kept);
		record->kept = NULL;
	}
	record_variations(rebuilding);
	if (rebuilding->builds.why.class &&
		evidence_build_failure(verification->evidence, verification->run,
			&rebuilding->builds.why, err) < 0)
		return err->status;
	if (evidence_rebuild(verification->evidence, verification->run, record, err) < 0 ||
		evidence_run_finish(verification->evidence, verification->run,
			failed ? VERDICT_REBUILD_FAILED : VERDICT_NOT_ATTEMPTED,
			status < 0 ? &failure : NULL, err) < 0)
		return err->status;
	clean(rebuilding);
	return STATUS_OK;
}

static enum status rebuild(struct rebuilding *rebuilding, struct error *err)
{
	struct verification *verification = &rebuilding->verification;
	struct error step_err = {0};
	struct digest key;
	const char *step;
	enum status status;
	bool continued;

	verification->is_alone = true;
	plan_variations(rebuilding);
	digest_key(rebuilding, &key);
	if (verification_begin(verification, RUN_KIND_REBUILD, &key, &continued, err) < 0)
		return err->status;
	rebuilding->top = xstrdup(verification->work);
	rebuilding->builds = (struct builds){
		.verification = verification,
		.plan = &rebuilding->plan,
		.top = rebuilding->top,
		.bound = rebuilding->request->bound,
	};
	rebuilding->record.answer = xstrdup(REBUILD_FAILED);
	status = run_steps(rebuilding, &step, &step_err);
	/* Not finished: the next run goes on with it. */
	if (status == STATUS_DATABASE) {
		*err = step_err;
		return status;
	}
	return finish(rebuilding, step, status, &step_err, err);
}

enum status verify_rebuild_release(const struct rebuild_request *request, struct evidence *evidence,
	char run[RUN_ID_SIZE], struct error *err)
{
	struct rebuilding rebuilding = {
		.request = request,
		.verification = VERIFICATION_INIT(&request->verify, evidence),
	};
	enum status status =
		release_read(request->verify.descriptor, &rebuilding.verification.release, err);

	if (status == STATUS_OK)
		status = rebuild(&rebuilding, err);
	memcpy(run, rebuilding.verification.run, RUN_ID_SIZE);
	builds_release(&rebuilding.builds);
	rebuild_record_release(&rebuilding.record);
	variation_plan_release(&rebuilding.plan);
	verification_release(&rebuilding.verification);
	kas_frozen_release(&rebuilding.frozen);
	free(rebuilding.top);
	return status;
}
