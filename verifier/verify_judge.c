/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "base/progress.h"
#include "dbdiff/memory.h"
#include "verifier/evidence/read.h"
#include "verifier/verify_images.h"
#include "verifier/verify_index.h"

/* What all pairs of one run share. */
struct judge {
	struct evidence *evidence;
	const char *run;
	const struct file_set *published, *rebuilt;
	const struct inspection *inspection;
	bool has_trouble; /* something kept an artifact from being compared inside */
};

/* An artifact's record while it is being judged; `reason` is kept in `text`. */
struct judgement {
	struct artifact_record record;
	struct error text;
	struct index_head published_index, rebuilt_index; /* zeroed where bytes are read */
	char *comparer;
	char beside[SHA256_HEX_SIZE + 32];
};

static void not_inspected(struct judgement *judgement, const char *side, const struct error *cause)
{
	struct error text = *cause;

	error_context(&text, "%s", side);
	judgement->text = text;
	judgement->record.reason = judgement->text.text;
	judgement->record.verdict = VERDICT_NOT_INSPECTED;
}

/* Trouble with one file is data of that artifact; broken trust is not (law 3). */
static bool is_fatal(enum status status)
{
	return status == STATUS_TRUST || status == STATUS_USAGE || status == STATUS_DATABASE;
}

/* The same file on both sides would always be equal, and says nothing (trust T2). */
static enum status refuse_same_file(
	const char *name, int published_fd, int rebuilt_fd, struct error *err)
{
	struct stat one, two;

	if (fstat(published_fd, &one) < 0 || fstat(rebuilt_fd, &two) < 0)
		return error_set_errno(err, "%s", name);
	if (one.st_dev == two.st_dev && one.st_ino == two.st_ino)
		return error_set(err, STATUS_FORMAT,
			"%s is the same file on both sides (a hard link?); comparing it with "
			"itself shows nothing",
			name);
	return STATUS_OK;
}

static void take_sides(struct artifact_record *record, const struct comparison_side *published,
	const struct comparison_side *rebuilt)
{
	record->has_published = record->has_rebuilt = record->has_published_size = true;
	record->published = published->sha256;
	record->published_size = published->size;
	record->rebuilt = rebuilt->sha256;
	record->rebuilt_size = rebuilt->size;
}

/* Bytes that a hash list or an earlier part of this run spoke of must be those. */
static enum status check_expected(
	const char *side, const struct file *file, const struct digest *digest, struct error *err)
{
	char want[SHA256_HEX_SIZE], got[SHA256_HEX_SIZE];

	if (!file->has_digest || digest_equal(&file->digest, digest))
		return STATUS_OK;
	digest_hex(&file->digest, want);
	digest_hex(digest, got);
	return error_set(err, STATUS_TRUST,
		"%s %s has sha256 %s now and had %s when this run %s it: it was changed meanwhile; "
		"run it again",
		side, file->name, got, want, strcmp(side, "rebuilt") == 0 ? "built" : "fetched");
}

/* Compares what no run before this one did; `images` is of a block map. */
static enum status fill_set(struct judge *judge, const struct artifact_record *record,
	const struct comparison_side *published, const struct comparison_side *rebuilt,
	const struct map_images *images, bool *is_content_equal, struct error *err)
{
	struct set_writer *writer = set_writer_new(judge->evidence, record);
	struct difference_sink sink = set_writer_sink(writer);
	struct comparison_options options = comparison_options_default;
	struct comparison comparison;

	options.limits = judge->inspection->limits;
	memory_share(judge->inspection->memory, 2, &options.limits);
	options.has_images = images->are_there;
	options.shown_path = judge->inspection->shown;
	memcpy(options.images, images->fds, sizeof(options.images));
	if (dbdiff_compare(record->name, published, rebuilt, &options, &sink, &comparison, err) <
		0) {
		set_writer_abandon(writer);
		return err->status;
	}
	*is_content_equal = comparison.is_content_equal;
	return set_writer_commit(writer, &comparison, err);
}

static enum status compare_insides(struct judge *judge, struct judgement *judgement,
	const struct comparison_side *published, const struct comparison_side *rebuilt,
	bool *is_content_equal, struct error *err)
{
	struct artifact_record *record = &judgement->record;
	enum set_state state = SET_UNKNOWN;
	struct map_images images;
	enum status status;

	*is_content_equal = false;
	status = map_images_open(&images, judge->evidence, judge->run,
		(const struct file_set *[]){judge->published, judge->rebuilt}, record->name, err);
	if (status == STATUS_OK && images.are_there) {
		snprintf(judgement->beside, sizeof(judgement->beside), "%s beside %s",
			DBDIFF_VERSION, images.digest);
		record->beside = judgement->beside;
	}
	if (status == STATUS_OK)
		status = evidence_set_state(judge->evidence, record, &state, is_content_equal, err);
	record->has_set = status == STATUS_OK;
	if (status == STATUS_OK && state == SET_INCOMPLETE && !judge->inspection->retry_uninspected)
		progress_note("compare",
			"%s: what could not be opened the last time is not tried again; "
			"--retry-uninspected does",
			record->name);
	else if (status == STATUS_OK && state != SET_COMPLETE)
		status =
			fill_set(judge, record, published, rebuilt, &images, is_content_equal, err);
	map_images_close(&images);
	return status;
}

/* What the descriptor says about the wrappers of one artifact. */
struct acceptance {
	const struct text_list *words;
	uint64_t wrappers, accepted;
};

static enum status match_wrapper(void *context, const struct wrapper *wrapper, struct error *err)
{
	struct acceptance *acceptance = context;

	(void)err;
	acceptance->wrappers++;
	acceptance->accepted += release_accepts(acceptance->words, wrapper->kind, wrapper->signer);
	return STATUS_OK;
}

/* The rest is the same: whether that is good enough is the descriptor's to say, by name (T7). */
static enum status accept_wrappers(struct judge *judge, const struct artifact_pair *pair,
	struct artifact_record *record, struct error *err)
{
	struct acceptance acceptance = {.words = pair->accept};
	char id[SHA256_HEX_SIZE];

	record->verdict = VERDICT_CONTENT_EQUAL;
	if (pair->accept == NULL)
		return STATUS_OK;
	difference_set_id(record, id);
	if (evidence_each_wrapper(judge->evidence, id, match_wrapper, &acceptance, err) < 0)
		return err->status;
	record->is_accepted = acceptance.wrappers > 0 && acceptance.accepted == acceptance.wrappers;
	return STATUS_OK;
}

/* An index stands for the bytes of a side. */
static enum status open_indexes(const struct artifact_pair *pair, struct judgement *judgement,
	struct comparison_side *published, struct comparison_side *rebuilt, struct error *err)
{
	if (!pair->published->is_index && !pair->rebuilt->is_index)
		return STATUS_OK;
	if (pair->published->is_index &&
		index_side_open(published, &judgement->published_index, err) < 0)
		return err->status;
	if (pair->rebuilt->is_index && index_side_open(rebuilt, &judgement->rebuilt_index, err) < 0)
		return err->status;
	judgement->comparer =
		index_comparer(&judgement->published_index, &judgement->rebuilt_index);
	judgement->record.comparer = judgement->comparer;
	return STATUS_OK;
}

/* An index never shows that anything was reproduced (trust T6): its maker says so, no byte does. */
static void judge_same_digests(struct judgement *judgement)
{
	struct artifact_record *record = &judgement->record;

	record->verdict = VERDICT_REPRODUCED;
	if (record->comparer == NULL)
		return;
	record->verdict = VERDICT_NOT_INSPECTED;
	record->reason = "the index says the same SHA-256; that it is reproduced can only be shown "
			 "by the bytes themselves, so compare the files";
}

/* What the bytes of an artifact come to, at every try. */
static bool is_of_artifact(enum status status)
{
	return status == STATUS_FORMAT || status == STATUS_LIMIT || status == STATUS_UNSUPPORTED;
}

/*
 * The digests differ, which is all a verdict needs; why is not known. No room, say, marks the run,
 * because a retry may help.
 */
static void compared_only_outside(
	struct judge *judge, struct judgement *judgement, const struct error *cause)
{
	struct artifact_record *record = &judgement->record;

	record->has_set = false;
	/* What an index says of its digest is worth no more than the rest of it. */
	if (record->comparer != NULL) {
		not_inspected(judgement, "not compared", cause);
		return;
	}
	judgement->text = *cause;
	judge->has_trouble = judge->has_trouble || !is_of_artifact(cause->status);
	error_context(&judgement->text, "not compared inside");
	record->reason = judgement->text.text;
}

/* Both sides are open: their bytes decide. */
static enum status judge_bytes(struct judge *judge, const struct artifact_pair *pair,
	struct judgement *judgement, int published_fd, int rebuilt_fd, struct error *err)
{
	struct comparison_side published = {.fd = published_fd}, rebuilt = {.fd = rebuilt_fd};
	struct artifact_record *record = &judgement->record;
	bool is_content_equal;

	if (refuse_same_file(pair->name, published_fd, rebuilt_fd, err) < 0) {
		judgement->text = *err;
		record->reason = judgement->text.text;
		record->verdict = VERDICT_NOT_INSPECTED;
		return STATUS_OK;
	}
	if (open_indexes(pair, judgement, &published, &rebuilt, err) < 0 ||
		dbdiff_hash(&published, &rebuilt, err) < 0) {
		not_inspected(judgement, "reading", err);
		return STATUS_OK;
	}
	if (check_expected("published", pair->published, &published.sha256, err) < 0 ||
		check_expected("rebuilt", pair->rebuilt, &rebuilt.sha256, err) < 0)
		return err->status;
	take_sides(record, &published, &rebuilt);
	if (digest_equal(&published.sha256, &rebuilt.sha256)) {
		judge_same_digests(judgement);
		return STATUS_OK;
	}
	record->verdict = VERDICT_DIFFERENT;
	if (compare_insides(judge, judgement, &published, &rebuilt, &is_content_equal, err) ==
		STATUS_OK)
		return is_content_equal ? accept_wrappers(judge, pair, record, err) : STATUS_OK;
	if (is_fatal(err->status))
		return err->status;
	compared_only_outside(judge, judgement, err);
	return STATUS_OK;
}

/* A side of which there are bytes that only a hash can be held against. */
static enum status judge_hash_only(struct judge *judge, const struct artifact_pair *pair,
	struct judgement *judgement, struct error *err)
{
	struct artifact_record *record = &judgement->record;
	int fd;

	record->has_published = true;
	record->published = pair->published->digest;
	if (file_set_open(judge->rebuilt, pair->rebuilt, &fd, err) < 0 ||
		hash_fd(fd, &record->rebuilt, &record->rebuilt_size, err) < 0) {
		not_inspected(judgement, "rebuilt", err);
		if (fd >= 0)
			close(fd);
		return is_fatal(err->status) ? err->status : STATUS_OK;
	}
	close(fd);
	record->has_rebuilt = true;
	if (check_expected("rebuilt", pair->rebuilt, &record->rebuilt, err) < 0)
		return err->status;
	record->verdict = digest_equal(&record->published, &record->rebuilt) ? VERDICT_REPRODUCED
									     : VERDICT_DIFFERENT;
	if (record->verdict == VERDICT_DIFFERENT)
		record->reason = "only the published hash is known; nothing could be opened";
	return STATUS_OK;
}

static enum status judge_pair(struct judge *judge, const struct artifact_pair *pair,
	struct judgement *judgement, struct error *err)
{
	int published_fd = -1, rebuilt_fd = -1;
	enum status status = STATUS_OK;

	if (pair->published->place == FILE_HASH_ONLY)
		return judge_hash_only(judge, pair, judgement, err);
	if (file_set_open(judge->published, pair->published, &published_fd, err) < 0) {
		not_inspected(judgement, "published", err);
		status = is_fatal(err->status) ? err->status : STATUS_OK;
	} else if (file_set_open(judge->rebuilt, pair->rebuilt, &rebuilt_fd, err) < 0) {
		not_inspected(judgement, "rebuilt", err);
		status = is_fatal(err->status) ? err->status : STATUS_OK;
	} else {
		status = judge_bytes(judge, pair, judgement, published_fd, rebuilt_fd, err);
	}
	if (published_fd >= 0)
		close(published_fd);
	if (rebuilt_fd >= 0)
		close(rebuilt_fd);
	return status;
}

/* What is known of a file that has no other side: its size, and its digest when it can be read. */
static enum status describe_alone(struct judge *judge, const struct artifact_pair *pair,
	struct judgement *judgement, struct error *err)
{
	struct artifact_record *record = &judgement->record;
	enum status status = STATUS_OK;
	int fd = -1;

	record->reason = pair->problem;
	if (pair->published && pair->published->has_digest) {
		record->has_published = true;
		record->published = pair->published->digest;
	}
	if (pair->published && pair->published->place != FILE_HASH_ONLY) {
		status = file_set_open(judge->published, pair->published, &fd, err);
		if (status == STATUS_OK)
			status = hash_fd(fd, &record->published, &record->published_size, err);
		if (status == STATUS_OK) {
			record->has_published = record->has_published_size = true;
			status = check_expected(
				"published", pair->published, &record->published, err);
		}
	} else if (pair->rebuilt && !pair->published) {
		status = file_set_open(judge->rebuilt, pair->rebuilt, &fd, err);
		if (status == STATUS_OK)
			status = hash_fd(fd, &record->rebuilt, &record->rebuilt_size, err);
		record->has_rebuilt = status == STATUS_OK;
	}
	if (fd >= 0)
		close(fd);
	if (status < 0 && !is_fatal(status)) {
		judgement->text = *err;
		if (pair->problem)
			error_context(&judgement->text, "%s", pair->problem);
		record->reason = judgement->text.text;
		status = STATUS_OK;
	}
	return status;
}

enum status verify_pairs(struct evidence *evidence, const char *run,
	const struct file_set *published, const struct file_set *rebuilt,
	const struct pair_list *pairs, const struct inspection *inspection, enum verdict *worst,
	struct error *err)
{
	struct judge judge = {evidence, run, published, rebuilt, inspection, false};
	enum verdict least = VERDICT_REPRODUCED;
	struct progress progress;

	if (pairs->count == 0)
		return error_set(err, STATUS_INCOMPLETE,
			"there is no artifact on either side; nothing was compared");
	progress_begin(&progress, "compare", false, pairs->count, "%zu artifact%s", pairs->count,
		pairs->count == 1 ? "" : "s");
	for (size_t i = 0; i < pairs->count; i++) {
		const struct artifact_pair *pair = &pairs->items[i];
		struct judgement judgement = {
			.record = {.name = pair->name, .required = pair->required}};
		enum status status;

		if (pair_is_decided(pair, &judgement.record.verdict))
			status = describe_alone(&judge, pair, &judgement, err);
		else
			status = judge_pair(&judge, pair, &judgement, err);
		if (status == STATUS_OK)
			status = evidence_artifact(evidence, run, &judgement.record, err);
		index_head_release(&judgement.published_index);
		index_head_release(&judgement.rebuilt_index);
		free(judgement.comparer);
		if (status < 0) {
			progress_end(&progress, "failed", "at %s", pair->name);
			return status;
		}
		least = verdict_worst(least, judgement.record.verdict);
		progress_update(&progress, i + 1);
	}
	progress_end(&progress, "ok", "%s", "");
	*worst = least;
	return judge.has_trouble ? evidence_run_mark(evidence, run, MARK_NOT_COMPARED, err)
				 : STATUS_OK;
}
