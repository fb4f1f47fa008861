/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/progress.h"
#include "verifier/rebuild/sandbox.h"
#include "verifier/verification.h"
#include "verifier/verify_judge.h"
#include "verifier/verify_toolchain.h"

/* A run is continued when all this is the same; what the build was given is checked apart. */
static void digest_key(const struct verification *verification, struct digest *key)
{
	const struct verify_request *request = verification->request;
	char hex[SHA256_HEX_SIZE];
	struct buffer text = {0};

	digest_hex(&verification->release.digest, hex);
	buffer_add_format(&text, "reproof-run-1 %s %s %s %d\n", REPROOF_VERSION, DBDIFF_VERSION,
		hex, request->no_sandbox);
	buffer_add_format(&text, "at %s\n", verification->release.path);
	for (size_t i = 0; i < request->artifacts->count; i++)
		buffer_add_format(&text, "artifact %s\n", request->artifacts->items[i]);
	hash_memory(text.data, text.len, key);
	buffer_release(&text);
}

/* What a killed run leaves ends by itself, but not at once: until then it holds the run's lock. */
#define LOCK_PATIENCE 10.0 /* seconds */

static int lock_wait(int fd)
{
	double end = clock_monotonic() + LOCK_PATIENCE;
	const struct timespec pause = {.tv_nsec = 50000000};
	int code;

	while ((code = flock(fd, LOCK_EX | LOCK_NB)) < 0 &&
		(errno == EWOULDBLOCK || errno == EINTR) && clock_monotonic() < end)
		nanosleep(&pause, NULL);
	return code;
}

/* Two processes on one run would trip over each other's work. */
static enum status lock_run(
	struct verification *verification, const struct digest *key, struct error *err)
{
	char *directory = path_directory(verification->request->database);
	char *runs = path_join(directory, "runs");
	char hex[SHA256_HEX_SIZE];
	char *path;
	enum status status = path_make_directories(runs, 0700, err);

	digest_hex(key, hex);
	path = xasprintf("%s/%.16s.lock", runs, hex);
	if (status == STATUS_OK) {
		verification->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (verification->lock_fd < 0)
			status = error_set_errno(err, "%s", path);
		else if (lock_wait(verification->lock_fd) < 0)
			status = errno == EWOULDBLOCK ? error_set(err, STATUS_CONFLICT,
								"another reproof works on this "
								"very release; wait for it, "
								"or use another --db")
						      : error_set_errno(err, "%s", path);
	}
	free(path);
	free(runs);
	free(directory);
	return status;
}

static enum status add_places(struct verification *verification, struct error *err)
{
	const struct text_list *lists[] = {
		&verification->release.mirrors, verification->request->mirrors};

	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		for (size_t i = 0; i < lists[l]->count; i++) {
			if (place_list_add_option(&verification->places, lists[l]->items[i], err) <
				0)
				return err->status;
		}
	}
	return place_list_add_apt(&verification->places, verification->request->etc_apt, err);
}

enum status verification_begin(struct verification *verification, const char *kind,
	const struct digest *key, bool *continued, struct error *err)
{
	struct run_start start = {
		.kind = kind,
		.key = *key,
		.release = verification->release.name,
		.target = verification->release.target,
		.descriptor = &verification->release.digest,
	};
	char *directory;

	if (store_open(verification->request->store, &verification->store, err) < 0 ||
		(!verification->request->is_offline &&
			fetcher_new(&fetch_options_default, &verification->fetcher, err) < 0) ||
		add_places(verification, err) < 0 || lock_run(verification, &start.key, err) < 0 ||
		evidence_run_begin(
			verification->evidence, &start, verification->run, continued, err) < 0)
		return err->status;
	if (*continued)
		progress_note("run", "%s was interrupted: going on with it", verification->run);
	directory = path_directory(verification->request->database);
	verification->work = xasprintf("%s/runs/%s", directory, verification->run);
	free(directory);
	verification->lock_path = release_lock_path(verification->request->descriptor);
	verification->trust = (struct trust_options){
		.keyring = verification->request->keyring,
		.accept_expired_key = verification->request->accept_expired_key,
		.now = clock_now(),
		.lock = verification->lock_path,
		.notes = &verification->notes,
		.etc_apt = verification->request->etc_apt,
	};
	return STATUS_OK;
}

/* Every published artifact gets a result, whatever becomes of the run. */
static enum status record_all(struct verification *verification, const struct pair_list *pairs,
	enum verdict verdict, struct error *err)
{
	enum status status = evidence_begin(verification->evidence, err);

	if (status == STATUS_OK)
		status = evidence_forget_results(verification->evidence, verification->run, err);
	for (size_t i = 0; i < pairs->count && status == STATUS_OK; i++) {
		const struct file *published = pairs->items[i].published;
		struct artifact_record record = {
			.name = pairs->items[i].name,
			.verdict = verdict,
			.required = pairs->items[i].required,
		};

		if (published && published->has_digest) {
			record.has_published = true;
			record.published = published->digest;
			record.has_published_size = published->place != FILE_HASH_ONLY;
			record.published_size = published->size;
		}
		status = evidence_artifact(verification->evidence, verification->run, &record, err);
	}
	return evidence_end(verification->evidence, status, err);
}

static enum status select_pairs(
	struct verification *verification, struct pair_list *pairs, struct error *err)
{
	pair_files(&verification->published, &verification->rebuilt, &verification->release, pairs);
	if (pair_select(pairs, verification->request->artifacts, err) < 0)
		return err->status;
	if (verification->request->artifacts->count)
		return evidence_run_mark(
			verification->evidence, verification->run, MARK_PARTIAL, err);
	return STATUS_OK;
}

static enum status compare(
	struct verification *verification, enum verdict *worst, struct error *err)
{
	struct pair_list pairs = {0};
	enum status status = select_pairs(verification, &pairs, err);

	if (status == STATUS_OK)
		status = record_all(verification, &pairs, VERDICT_NOT_ATTEMPTED, err);
	if (status == STATUS_OK)
		status = verify_pairs(verification->evidence, verification->run,
			&verification->published, &verification->rebuilt, &pairs,
			&verification->request->inspection, worst, err);
	if (status == STATUS_OK)
		status = verify_packages(verification->evidence, verification->run,
			&verification->published, &verification->rebuilt,
			verification->release.dpkg_status, verification->release.manifest, err);
	if (status == STATUS_OK && verification->release.buildinfo)
		status = verify_toolchain(verification->evidence, verification->run,
			&verification->published, &verification->rebuilt, &pairs,
			verification->release.buildinfo, err);
	if (status == STATUS_OK)
		status = verify_served(verification->evidence, verification->run, err);
	pair_list_release(&pairs);
	return status;
}

/* A glob that can match nothing is said before the build, not after it. */
static enum status check_selection(struct verification *verification, struct error *err)
{
	const struct text_list *globs = verification->request->artifacts;

	for (size_t g = 0; g < globs->count; g++) {
		bool matches = false;

		for (size_t i = 0; i < verification->published.count && !matches; i++)
			matches = fnmatch(globs->items[g], verification->published.files[i].name,
					  FNM_PATHNAME) == 0;
		for (size_t i = 0; i < verification->release.artifact_count && !matches; i++)
			matches = fnmatch(globs->items[g], verification->release.artifacts[i].name,
					  FNM_PATHNAME) == 0;
		if (!matches)
			return error_set(err, STATUS_USAGE,
				"--artifact %s matches nothing that was published and no entry of "
				"the descriptor",
				globs->items[g]);
	}
	return STATUS_OK;
}

/* Runs the steps; *step is the one that failed, *worst the verdict that follows. */
static enum status run_steps(struct verification *verification, const char **step,
	enum verdict *worst, struct error *err)
{
	struct pair_list pairs = {0};
	struct error step_err;
	enum status status, select_status;

	*worst = VERDICT_NOT_ATTEMPTED;
	*step = "fetch";
	status = verify_fetch(verification, err);
	if (status == STATUS_OK)
		status = check_selection(verification, err);
	if (status == STATUS_OK) {
		*step = "pin";
		status = verify_pin(verification, err);
	}
	if (status == STATUS_OK) {
		*step = "rebuild";
		status = verify_rebuild(verification, err);
		if (status < 0)
			*worst = VERDICT_REBUILD_FAILED;
	}
	if (status == STATUS_OK) {
		*step = "compare";
		return compare(verification, worst, err);
	}
	/* The failure itself is what is told; only a database that refuses comes before it. */
	file_set_release(&verification->rebuilt);
	pair_files(
		&verification->published, &verification->rebuilt, &verification->release, &pairs);
	select_status = pair_select(&pairs, verification->request->artifacts, &step_err);
	if (select_status == STATUS_OK)
		select_status = record_all(verification, &pairs, *worst, &step_err);
	if (select_status == STATUS_DATABASE) {
		*err = step_err;
		status = select_status;
	}
	pair_list_release(&pairs);
	return status;
}

/* The work of a finished run; what was rebuilt stays for a look unless it is what was published. */
static void clean(const struct verification *verification, bool all)
{
	static const char *const parts[] = {"source", "prepared", "prepare-output", "build-output",
		"scratch", "tmp", "var-tmp", "root", "output"};

	for (size_t i = 0; i < ARRAY_SIZE(parts) - (all ? 0 : 1); i++) {
		char *path = path_join(verification->work, parts[i]);
		struct error err;

		/* The result stands; what is left over is only worth a word. */
		if (sandbox_remove_tree(path, &err) < 0)
			progress_note("run", "%s could not be removed: %s", path, err.text);
		free(path);
	}
}

static enum status verify(struct verification *verification, struct error *err)
{
	struct run_failure failure = {0};
	struct error step_err;
	struct digest key;
	enum verdict worst;
	enum status status;
	bool continued;

	digest_key(verification, &key);
	if (verification_begin(verification, "verify", &key, &continued, err) < 0)
		return err->status;
	status = run_steps(verification, &failure.step, &worst, &step_err);
	/* Not finished: the next run goes on with it. */
	if (status == STATUS_DATABASE) {
		*err = step_err;
		return status;
	}
	failure.class = failure_class(status);
	failure.text = step_err.text;
	if (evidence_run_finish(verification->evidence, verification->run, worst,
		    status < 0 ? &failure : NULL, err) < 0)
		return err->status;
	clean(verification,
		status == STATUS_OK && worst == VERDICT_REPRODUCED && !verification->request->keep);
	return STATUS_OK;
}

void verification_release(struct verification *verification)
{
	file_set_release(&verification->published);
	file_set_release(&verification->rebuilt);
	pin_list_release(&verification->pins);
	place_list_release(&verification->places);
	text_list_release(&verification->notes);
	fetcher_free(verification->fetcher);
	store_free(verification->store);
	release_release(&verification->release);
	free(verification->lock_path);
	free(verification->work);
	if (verification->lock_fd >= 0)
		close(verification->lock_fd);
}

enum status verify_release(const struct verify_request *request, struct evidence *evidence,
	char run[RUN_ID_SIZE], struct error *err)
{
	struct verification verification = VERIFICATION_INIT(request, evidence);
	enum status status = release_read(request->descriptor, &verification.release, err);

	if (status == STATUS_OK)
		status = verify(&verification, err);
	memcpy(run, verification.run, RUN_ID_SIZE);
	verification_release(&verification);
	return status;
}
