/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_inputs.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/buffer.h"
#include "base/path.h"
#include "verifier/rebuild/tree.h"
#include "verifier/verify_published.h"
#include "verifier/verify_sandbox.h"

/* SOURCE_DATE_EPOCH: the descriptor's, or the newest Date of the pins. */
static int64_t build_epoch(const struct verification *verification)
{
	int64_t newest = 0;

	if (verification->release.build.has_epoch)
		return verification->release.build.epoch;
	for (size_t p = 0; p < verification->pins.count; p++) {
		const struct pin *pin = &verification->pins.items[p];

		for (size_t s = 0; s < pin->suite_count; s++) {
			if (pin->suites[s].date > newest)
				newest = pin->suites[s].date;
		}
	}
	return newest;
}

/* The view and the copy compare paths, so a link in one would hide nothing. */
static enum status hide(struct attempt *attempt, const char *path, struct error *err)
{
	char *resolved;

	if (path_resolve(path, &resolved, err) < 0)
		/* What does not exist hides nothing. */
		return err->status == STATUS_NOT_FOUND ? STATUS_OK : err->status;
	text_list_add(&attempt->hidden, resolved);
	free(resolved);
	return STATUS_OK;
}

/* Trust T1 and T2: what would let a build copy instead of rebuild. */
static enum status list_hidden(struct attempt *attempt, struct error *err)
{
	const struct verification *verification = attempt->verification;
	const char *home = getenv("HOME");
	char *directory = published_directory(&verification->release.published);
	enum status status = STATUS_OK;

	if (hide(attempt, verification->request->store, err) < 0 ||
		hide(attempt, verification->request->database, err) < 0 ||
		(home && home[0] == '/' && home[1] && hide(attempt, home, err) < 0) ||
		(directory && hide(attempt, directory, err) < 0))
		status = err->status;
	for (size_t i = 0; status == STATUS_OK && directory && i < verification->published.count;
		i++) {
		const struct file *file = &verification->published.files[i];
		char *path = path_join(directory, file->name);

		if (!file->problem)
			text_list_add(&attempt->published, path);
		free(path);
	}
	free(directory);
	return status;
}

/*
 * What is no part of a source tree that happens to lie around it: what is hidden, and what the runs
 * and the database write beside it.
 */
static enum status list_excluded(
	struct attempt *attempt, struct text_list *excluded, struct error *err)
{
	static const char *const beside[] = {"-wal", "-shm", "-journal"};
	const char *database = attempt->verification->request->database;
	char *runs = path_directory(attempt->verification->work);
	char *resolved = NULL;
	enum status status = path_resolve(runs, &resolved, err);

	for (size_t i = 0; i < attempt->hidden.count; i++)
		text_list_add(excluded, attempt->hidden.items[i]);
	free(runs);
	if (status < 0)
		return status;
	text_list_add(excluded, resolved);
	free(resolved);
	if (path_resolve(database, &resolved, err) < 0)
		return err->status;
	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		char *path = xasprintf("%s%s", resolved, beside[i]);

		text_list_add(excluded, path);
		free(path);
	}
	free(resolved);
	return STATUS_OK;
}

static enum status copy_source(struct attempt *attempt, struct error *err)
{
	struct text_list excluded = {0};
	struct tree_options options = {.excluded = &excluded,
		.forbidden = attempt->forbidden.digests,
		.forbidden_count = attempt->forbidden.count,
		.mtime = attempt->epoch};
	enum status status = list_excluded(attempt, &excluded, err);

	if (status == STATUS_OK)
		status = sandbox_remove_tree(attempt->source, err);
	if (status == STATUS_OK)
		status = tree_copy(attempt->verification->release.build.source, attempt->source,
			&options, &attempt->source_digest, err);
	text_list_release(&excluded);
	return status;
}

/* A digest of everything this build is given: when it is the same, its outputs may be used again.
 */
static void digest_inputs(struct attempt *attempt)
{
	const struct verification *verification = attempt->verification;
	char hex[SHA256_HEX_SIZE];
	struct buffer text = {0};

	buffer_add_format(&text, "reproof-inputs-2 %s %s\n", REPROOF_VERSION,
		isolation_word(sandbox_isolation_here(verification->request->no_sandbox)));
	/* One build must not be taken for another that is to be compared with it. */
	if (verification->conditions)
		buffer_add_format(&text, "varied %x %u\n", verification->conditions->set,
			verification->repetition);
	digest_hex(&verification->release.digest, hex);
	buffer_add_format(&text, "descriptor %s\n", hex);
	digest_hex(&attempt->source_digest, hex);
	buffer_add_format(&text, "source %s\n", hex);
	digest_hex(&attempt->tools.status, hex);
	buffer_add_format(&text, "tools %s\n", hex);
	if (attempt->kas) {
		digest_hex(&attempt->prepared.downloads, hex);
		buffer_add_format(&text, "downloads %s\n", hex);
	}
	if (attempt->prepared.image_uuid)
		buffer_add_format(&text, "image-uuid %s\n", attempt->prepared.image_uuid);
	if (attempt->prepared.has_program) {
		digest_hex(&attempt->prepared.program, hex);
		buffer_add_format(&text, "kas %s\n", hex);
	}
	for (size_t p = 0; p < verification->pins.count; p++) {
		const struct pin *pin = &verification->pins.items[p];

		for (size_t s = 0; s < pin->suite_count; s++) {
			struct suite_state of = pin_suite_state(&pin->suites[s]);
			char state[SUITE_STATE_SIZE];

			suite_state_format(&of, state);
			buffer_add_format(
				&text, "pin %s %s %s\n", pin->name, pin->suites[s].suite, state);
		}
	}
	hash_memory(text.data, text.len, &attempt->inputs);
	buffer_release(&text);
}

/* What a build was made of, in words. */
static const char *source_name(const struct attempt *attempt)
{
	const struct release_build *build = &attempt->verification->release.build;

	return path_basename(attempt->kas ? build->kas.repository : build->source);
}

/* The bytes that the build got, whatever this machine's file says by now. */
static enum status record_copy(void *context, const char *path, const char *text, struct error *err)
{
	struct verification *verification = ((struct attempt *)context)->verification;
	struct digest digest;

	hash_memory(text, strlen(text), &digest);
	return evidence_material(verification->evidence, verification->run, "tool", path, &digest,
		strlen(text), err);
}

enum status build_inputs_record(struct attempt *attempt, struct error *err)
{
	struct verification *verification = attempt->verification;
	struct evidence *evidence = verification->evidence;
	enum status status = evidence_begin(evidence, err);

	if (status == STATUS_OK)
		status = evidence_material(evidence, verification->run, "source",
			source_name(attempt), &attempt->source_digest, 0, err);
	if (status == STATUS_OK)
		status = kas_record(verification, &attempt->prepared, err);
	for (size_t i = 0; i < attempt->tools.count && status == STATUS_OK; i++) {
		const struct tool_package *package = &attempt->tools.packages[i];
		char *name = xasprintf(
			"%s:%s=%s", package->name, package->architecture, package->version);

		status = evidence_material(
			evidence, verification->run, "tool", name, &attempt->tools.status, 0, err);
		free(name);
	}
	if (status == STATUS_OK)
		status = sandbox_each_copy(attempt->sandbox, record_copy, attempt, err);
	if (status == STATUS_OK)
		status = evidence_built(evidence, verification->run, &attempt->inputs, err);
	return evidence_end(evidence, status, err);
}

static enum status prepare_with_kas(struct attempt *attempt, struct error *err)
{
	struct kas_spec spec = {.build = &attempt->verification->release.build,
		.hidden = &attempt->hidden,
		.epoch = attempt->epoch};
	struct error record_err;
	enum status status;

	/* What is only kept for builds to come is on the disk of none of them. */
	if (attempt->output &&
		build_disk_choose(attempt->verification, &attempt->disk, err) != STATUS_OK)
		return err->status;
	spec.disk = attempt->disk;
	if (attempt->verification->frozen) {
		status = kas_start_again(
			attempt->verification, &spec, &attempt->kas, &attempt->prepared, err);
		attempt->source_digest = attempt->prepared.tree;
		return status;
	}
	status = forbidden_add_members(attempt->verification, &attempt->forbidden, err);
	spec.forbidden = attempt->forbidden.digests;
	spec.forbidden_count = attempt->forbidden.count;
	if (status == STATUS_OK)
		status = kas_start(attempt->verification, &spec, attempt->materials, &attempt->kas,
			&attempt->prepared, err);
	/* Otherwise when the build begins. */
	if (status < 0 && attempt->kas &&
		kas_record_network(attempt->verification, &attempt->prepared, &record_err) < 0) {
		*err = record_err;
		status = record_err.status;
	}
	attempt->source_digest = attempt->prepared.tree;
	return status;
}

enum status build_inputs_prepare(struct attempt *attempt, struct error *err)
{
	struct verification *verification = attempt->verification;

	attempt->epoch = build_epoch(verification);
	forbidden_add_published(verification, &attempt->forbidden);
	if (list_hidden(attempt, err) < 0 ||
		path_make_directories(verification->work, 0700, err) < 0 ||
		(verification->release.build.backend == BACKEND_KAS
				? prepare_with_kas(attempt, err)
				: copy_source(attempt, err)) < 0 ||
		tool_root_read(TOOL_ROOT_STATUS, &attempt->tools, err) < 0)
		return err->status;
	digest_inputs(attempt);
	return STATUS_OK;
}
