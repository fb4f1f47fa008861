/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/coverage/coverage_data.h"
#include "verifier/evidence/kept_log.h"
#include "verifier/evidence/read.h"

/*
 * Logs that runs of reproof kept: of each verify run whose build made a package that ships, by
 * SHA-256 (trust T19). What the build made is what the run hashed, and no .buildinfo is asked.
 */

/* A package that ships, and whose it is. */
struct wanted {
	struct digest sha256;
	struct coverage_package *row;
};

/* A run, while what its build made is read. */
struct rebuild {
	char run[RUN_ID_SIZE];
	char *name;			/* of its log, as it is recorded: runs/RUN/build.log.zst */
	struct buildlog made;		/* its .debs alone */
	struct coverage_package **rows; /* of which it made one, each once */
	size_t row_count, row_capacity;
};

struct rebuilds {
	struct outside *outside;
	struct wanted *wanted; /* by digest */
	size_t wanted_count;
	struct rebuild *items; /* by run */
	size_t count, capacity;
};

/* A build with one of these may have had what it was to make, and printed what it liked. */
static const char *const disqualifying[] = {
	MARK_NO_SANDBOX, MARK_SERVED_PUBLISHED, MARK_PREPARE_NETWORK, MARK_PARTS_UNKNOWN};

static int compare_wanted(const void *a, const void *b)
{
	return digest_compare(
		&((const struct wanted *)a)->sha256, &((const struct wanted *)b)->sha256);
}

static void wanted_list(struct rebuilds *rebuilds)
{
	const struct coverage *coverage = rebuilds->outside->coverage;
	size_t count = 0;

	for (size_t i = 0; i < coverage->count; i++)
		count += coverage->packages[i].deb_count;
	rebuilds->wanted = xcalloc(count + 1, sizeof(rebuilds->wanted[0]));
	for (size_t i = 0; i < coverage->count; i++) {
		struct coverage_package *row = &coverage->packages[i];

		for (size_t d = 0; d < row->deb_count && row->state >= ROW_PINNED; d++)
			rebuilds->wanted[rebuilds->wanted_count++] =
				(struct wanted){row->debs[d].sha256, row};
	}
	qsort(rebuilds->wanted, rebuilds->wanted_count, sizeof(rebuilds->wanted[0]),
		compare_wanted);
}

static void row_add(struct rebuild *rebuild, struct coverage_package *row)
{
	for (size_t i = 0; i < rebuild->row_count; i++)
		if (rebuild->rows[i] == row)
			return;
	ARRAY_GROW(rebuild->rows, rebuild->row_count, rebuild->row_capacity);
	rebuild->rows[rebuild->row_count++] = row;
}

static void rows_match(
	const struct rebuilds *rebuilds, struct rebuild *rebuild, const struct digest *digest)
{
	const struct wanted key = {*digest, NULL};
	const struct wanted *end = rebuilds->wanted + rebuilds->wanted_count;
	const struct wanted *at = bsearch(&key, rebuilds->wanted, rebuilds->wanted_count,
		sizeof(rebuilds->wanted[0]), compare_wanted);

	while (at && at > rebuilds->wanted && compare_wanted(at - 1, &key) == 0)
		at--;
	for (; at && at < end && compare_wanted(at, &key) == 0; at++)
		row_add(rebuild, at->row);
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static enum status deb_take(void *context, const char *run, const char *name,
	const struct digest *digest, struct error *err)
{
	struct rebuilds *rebuilds = context;
	struct rebuild *last = rebuilds->count ? &rebuilds->items[rebuilds->count - 1] : NULL;

	if (strlen(run) >= RUN_ID_SIZE || run[strspn(run, "0123456789abcdef-")] != '\0')
		return error_set(err, STATUS_DATABASE, "the evidence has a run of no such name");
	if (!last || strcmp(last->run, run) != 0) {
		ARRAY_GROW(rebuilds->items, rebuilds->count, rebuilds->capacity);
		last = &rebuilds->items[rebuilds->count++];
		*last = (struct rebuild){.name = xasprintf("runs/%s/%s", run, BUILD_LOG_KEPT)};
		memcpy(last->run, run, strlen(run) + 1);
	}
	buildlog_add_deb(&last->made, file_name(name), digest);
	rows_match(rebuilds, last, digest);
	return STATUS_OK;
}

static void rebuild_release(struct rebuild *rebuild)
{
	buildlog_release(&rebuild->made);
	free(rebuild->name);
	free(rebuild->rows);
}

static void claim_all(const struct rebuild *rebuild, const char *what, const char *which)
{
	for (size_t i = 0; i < rebuild->row_count; i++)
		claim_add(&rebuild->rows[i]->claims, NULL, rebuild->name, 0,
			"run %s made a package that ships, and its log is no evidence: %s%s",
			rebuild->run, what, which);
}

/* One that made a package of that name and version, and no package that ships, is no evidence. */
static void claim_other(const struct rebuilds *rebuilds, const struct rebuild *rebuild)
{
	const struct coverage *coverage = rebuilds->outside->coverage;

	for (size_t i = 0; i < coverage->count; i++) {
		struct coverage_package *row = &coverage->packages[i];
		const char *name = NULL;

		for (size_t d = 0; d < row->deb_count && !name; d++)
			for (size_t m = 0; m < rebuild->made.deb_count && !name; m++)
				if (shipped_deb_is_named(&row->debs[d], rebuild->made.debs[m].name))
					name = row->debs[d].name;
		if (name)
			claim_add(&row->claims, NULL, rebuild->name, 0,
				"run %s built %s with another SHA-256 than the one that ships: its "
				"log is no evidence for it",
				rebuild->run, name);
	}
}

/* What is there and not read may say that nothing ran; of other packages it says nothing. */
static void refuse(struct outside *outside, const struct rebuild *rebuild, const struct error *err)
{
	struct coverage *coverage = outside->coverage;
	char *sentence =
		xasprintf("%s: what ran in that build is not known; put back the file that "
			  "the run left, or name a database (--db) without the run",
			err->text);

	coverage_add_unread(coverage, "rebuild", rebuild->name, err->text);
	text_list_add(&coverage->notes, sentence);
	coverage->is_log_unread = true;
	for (size_t i = 0; i < rebuild->row_count; i++) {
		struct coverage_package *row = rebuild->rows[i];

		row->data.is_log_unread = true;
		claim_add(&row->claims, NULL, rebuild->name, 0,
			"run %s made a package that ships, and its log was not read, so that what "
			"it says is not known: %s",
			rebuild->run, err->text);
	}
	free(sentence);
}

static enum status mark_take(void *context, const char *mark, struct error *err)
{
	(void)err;
	text_list_add(context, mark);
	return STATUS_OK;
}

/* STATUS_END when the run is not one whose log is believed; that is claimed. */
static enum status run_check(
	struct evidence *evidence, const struct rebuild *rebuild, struct error *err)
{
	struct run_record run = {0};
	struct text_list marks = {0};
	const char *mark = NULL;
	enum status status = evidence_read_run(evidence, rebuild->run, &run, err);

	if (status == STATUS_OK)
		status = evidence_each_mark(evidence, rebuild->run, mark_take, &marks, err);
	for (size_t i = 0; i < ARRAY_SIZE(disqualifying) && !mark; i++)
		if (text_list_contains(&marks, disqualifying[i]))
			mark = disqualifying[i];
	if (status == STATUS_OK && mark) {
		claim_all(rebuild, "its build could have had that package, being marked ", mark);
		status = STATUS_END;
	} else if (status == STATUS_OK &&
		(!run.isolation ||
			(strcmp(run.isolation, "confined") != 0 &&
				strcmp(run.isolation, MARK_COOPERATIVE) != 0))) {
		claim_all(rebuild, "nothing says that its build was in a sandbox", "");
		status = STATUS_END;
	}
	text_list_release(&marks);
	run_record_release(&run);
	return status;
}

/* Opens the log, which has to be the one that the run left. */
static enum status log_open(const struct outside *outside, const struct rebuild *rebuild,
	const struct digest *digest, struct data_file *file, struct error *err)
{
	char *directory = path_directory(outside->place->database);
	char *path = path_join(directory, rebuild->name);
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	enum status status;

	if (fd < 0 && errno == ENOENT)
		status = error_set(err, STATUS_NOT_FOUND, "%s is gone", path);
	else if (fd < 0)
		status = error_set_errno(err, "%s", path);
	else
		status = data_take(fd, rebuild->name, file, err);
	if (status == STATUS_OK && !digest_equal(&file->sha256, digest)) {
		status = error_set(err, STATUS_CONFLICT,
			"%s is not the log that the run left: it has another SHA-256", path);
		data_file_release(file);
	}
	if (fd >= 0)
		close(fd);
	free(path);
	free(directory);
	return status;
}

/* The log joins those that were given. */
static void log_add(struct outside *outside, struct rebuild *rebuild, struct buildlog *log)
{
	buildlog_clear_debs(log);
	free(log->debs);
	log->debs = rebuild->made.debs;
	log->deb_count = rebuild->made.deb_count;
	log->deb_capacity = rebuild->made.deb_capacity;
	log->buildinfo_line = 0;
	log->is_of_run = true;
	rebuild->made = (struct buildlog){0};
	for (size_t i = 0; i < rebuild->row_count; i++)
		if (strcmp(rebuild->rows[i]->source, log->source) != 0)
			claim_add(&rebuild->rows[i]->claims, &log->sha256, log->name, 0,
				"run %s made a package that ships, and its log is no evidence: it "
				"says that it is of %s",
				rebuild->run, log->source);
	ARRAY_GROW(outside->logs, outside->log_count, outside->log_capacity);
	outside->logs[outside->log_count++] = *log;
	outside->is_read[DATA_BUILDLOG] = true;
}

/* A log that is whole and no package's build is none that anyone has to put back. */
static enum status log_read(struct outside *outside, struct rebuild *rebuild, struct error *err)
{
	struct data_file file = {.fd = -1};
	struct buildlog log = {0};
	struct digest digest;
	struct error trouble = {0};
	enum status status =
		evidence_read_kept_log(outside->place->evidence, rebuild->run, &digest, err);

	if (status == STATUS_END) {
		claim_all(rebuild, "the evidence has no SHA-256 of it", "");
		return STATUS_OK;
	}
	if (status < 0)
		return status;
	if (log_open(outside, rebuild, &digest, &file, &trouble) < 0) {
		refuse(outside, rebuild, &trouble);
		return STATUS_OK;
	}
	status = buildlog_read(&log, &file, &trouble);
	if (status == STATUS_OK)
		log_add(outside, rebuild, &log);
	else if (status == STATUS_FORMAT)
		claim_all(rebuild, trouble.text, "");
	else
		refuse(outside, rebuild, &trouble);
	if (status == STATUS_OK || status == STATUS_FORMAT)
		coverage_add_input(outside->coverage, "rebuild", file.name, &file.sha256, 0);
	data_file_release(&file);
	return STATUS_OK;
}

enum status coverage_rebuilds_read(struct outside *outside, struct error *err)
{
	struct rebuilds rebuilds = {.outside = outside};
	enum status status = STATUS_OK;

	if (!outside->place->evidence || !outside->place->database)
		return STATUS_OK;
	wanted_list(&rebuilds);
	status = evidence_each_built_deb(outside->place->evidence, deb_take, &rebuilds, err);
	for (size_t i = 0; i < rebuilds.count && status == STATUS_OK; i++) {
		struct rebuild *rebuild = &rebuilds.items[i];

		if (rebuild->row_count == 0) {
			claim_other(&rebuilds, rebuild);
			continue;
		}
		status = run_check(outside->place->evidence, rebuild, err);
		if (status == STATUS_OK)
			status = log_read(outside, rebuild, err);
		else if (status == STATUS_END)
			status = STATUS_OK;
	}
	for (size_t i = 0; i < rebuilds.count; i++)
		rebuild_release(&rebuilds.items[i]);
	free(rebuilds.items);
	free(rebuilds.wanted);
	return status;
}
