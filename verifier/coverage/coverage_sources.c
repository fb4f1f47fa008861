/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/progress.h"
#include "verifier/coverage/coverage_make.h"
#include "verifier/evidence/coverage_record.h"

#define SOURCE_SECONDS 300 /* for one source package; the largest take ten */

/* A row whose source package the pins list. */
struct source_job {
	struct coverage_package *row;
	struct pin_source source;
	struct digest key;
	uint64_t size; /* of all its files */
};

struct reading {
	const struct coverage_request *request;
	const struct coverage_place *place;
	struct source_job *jobs;
	size_t count, capacity;
	struct source_job **missing; /* no facts are kept of them */
	size_t missing_count;
	struct progress progress;
	size_t done;
	struct error *err;
	enum status status; /* of keeping */
};

/* "openssl_3.0.17-1.dsc" of a path. */
static const char *file_name(const struct archive_file *file)
{
	const char *slash = strrchr(file->path, '/');

	return slash ? slash + 1 : file->path;
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

/* What a pass over debian/ alone reads. */
static bool is_debian_file(const char *name)
{
	return ends_with(name, ".dsc") || strstr(name, ".debian.tar.") || strstr(name, ".diff.");
}

static bool is_signature(const char *name)
{
	return ends_with(name, ".asc") || ends_with(name, ".sig");
}

/* A native package has one tarball, which holds debian/. */
static bool is_native(const struct pin_source *source)
{
	for (size_t i = 0; i < source->file_count; i++) {
		const char *name = file_name(&source->files[i]);

		if (is_debian_file(name) && !ends_with(name, ".dsc"))
			return false;
	}
	return true;
}

static bool is_wanted(const struct reading *reading, const struct pin_source *source, size_t at)
{
	const char *name = file_name(&source->files[at]);

	if (is_signature(name))
		return false;
	return !reading->request->is_debian_only || is_debian_file(name) || is_native(source);
}

/* The same files, rules and architecture give the same facts. */
static void job_key(const struct reading *reading, struct source_job *job)
{
	struct hash hash;

	hash_init(&hash);
	hash_update(&hash, "facts " COVERAGE_RULES "\n", strlen("facts " COVERAGE_RULES "\n"));
	hash_update(
		&hash, reading->request->architecture, strlen(reading->request->architecture) + 1);
	for (size_t i = 0; i < job->source.file_count; i++) {
		const struct archive_file *file = &job->source.files[i];

		if (!is_wanted(reading, &job->source, i))
			continue;
		hash_update(&hash, file_name(file), strlen(file_name(file)) + 1);
		hash_update(&hash, file->digest.bytes, sizeof(file->digest.bytes));
		job->size += file->size;
	}
	hash_finish(&hash, &job->key);
	hash_release(&hash);
}

/* The first that was met; without facts its source is not available at all. */
static void row_trouble(struct coverage_package *row, const char *name, const char *text)
{
	if (row->trouble)
		return;
	row->trouble = xstrdup(text);
	row->state = ROW_UNAVAILABLE;
	claim_add(&row->claims, NULL, name, 0,
		"not read, so that what rests on it is not known: %s", text);
}

static void jobs_list(
	struct reading *reading, const struct source_catalog *catalog, struct coverage *coverage)
{
	for (size_t i = 0; i < coverage->count; i++) {
		struct coverage_package *row = &coverage->packages[i];
		struct source_job job = {.row = row};
		struct error err;

		if (row->state != ROW_PINNED)
			continue;
		if (source_catalog_find(catalog, row->source, row->version, &job.source, &err) <
			0) {
			row_trouble(row, row->source, err.text);
			continue;
		}
		job_key(reading, &job);
		ARRAY_GROW(reading->jobs, reading->count, reading->capacity);
		reading->jobs[reading->count++] = job;
	}
}

static void facts_take(struct coverage_package *row, struct source_facts *facts)
{
	row->facts = xmalloc(sizeof(*row->facts));
	*row->facts = *facts;
	*facts = (struct source_facts){0};
	if (row->facts->trouble)
		row_trouble(row, row->source, row->facts->trouble);
	row->state = row->trouble ? ROW_READ_IN_PART : ROW_READ;
}

/* What is kept under another's key, or given by a worker that was taken over, is not believed. */
static bool are_of(const struct source_facts *facts, const struct source_job *job)
{
	return (!facts->source || strcmp(facts->source, job->row->source) == 0) &&
		(!facts->version || !job->row->version ||
			strcmp(facts->version, job->row->version) == 0);
}

/* Those that are kept are taken; the others are to be made, the largest first. */
static enum status facts_find(struct reading *reading, struct error *err)
{
	for (size_t i = 0; i < reading->count; i++) {
		struct source_job *job = &reading->jobs[i];
		struct source_facts facts = {0};
		struct error ignored;
		char *text = NULL;
		size_t len = 0;
		enum status status = reading->place->evidence
			? evidence_facts_find(reading->place->evidence, &job->key, &text, &len, err)
			: STATUS_END;

		if (status < 0)
			return status;
		if (status == STATUS_OK &&
			source_facts_read(text, len, &facts, &ignored) == STATUS_OK &&
			are_of(&facts, job))
			facts_take(job->row, &facts);
		else
			reading->missing[reading->missing_count++] = job;
		source_facts_release(&facts);
		free(text);
	}
	return STATUS_OK;
}

static int compare_sizes(const void *a, const void *b)
{
	const struct source_job *left = *(struct source_job *const *)a;
	const struct source_job *right = *(struct source_job *const *)b;

	if (left->size != right->size)
		return left->size < right->size ? 1 : -1;
	return strcmp(left->row->source, right->row->source);
}

/* One by one a package may lack a file; the fetcher's own error is of the worst of all. */
static enum status files_fetch(struct reading *reading, struct error *err)
{
	const struct coverage_place *place = reading->place;
	struct archive_file *files = NULL;
	size_t count = 0, capacity = 0;
	enum status status = STATUS_OK;

	for (size_t m = 0; m < reading->missing_count; m++) {
		const struct pin_source *source = &reading->missing[m]->source;

		for (size_t i = 0; i < source->file_count; i++) {
			if (!is_wanted(reading, source, i) ||
				store_has(place->store, &source->files[i].digest))
				continue;
			ARRAY_GROW(files, count, capacity);
			files[count++] = source->files[i];
		}
	}
	if (count > 0 && place->fetcher)
		status = archive_files_fetch(place->fetcher, place->store, place->pins,
			place->places, "sources", files, count, err);
	free(files);
	return status;
}

/* ---- what workers are given, and give ---- */

static enum status job_open(
	void *context, size_t index, struct source_opened *opened, struct error *err)
{
	struct reading *reading = context;
	const struct pin_source *source = &reading->missing[index]->source;

	for (size_t i = 0; i < source->file_count; i++) {
		const struct archive_file *file = &source->files[i];
		int fd;

		if (!is_wanted(reading, source, i))
			continue;
		if (store_read(reading->place->store, &file->digest, &fd, NULL, err) == STATUS_OK) {
			source_opened_add(opened, file_name(file), fd);
			continue;
		}
		if (err->status == STATUS_NOT_FOUND)
			error_set(err, STATUS_NETWORK, "%s is not in the store%s", file_name(file),
				reading->place->fetcher ? " and could not be fetched"
							: ", and this is offline");
		/* Without upstream's tarball debian/ still shows what it shows. */
		if (err->status != STATUS_NETWORK || is_debian_file(file_name(file)) ||
			is_native(source))
			return err->status;
		row_trouble(reading->missing[index]->row, file_name(file), err->text);
	}
	return STATUS_OK;
}

static void job_done(
	void *context, size_t index, struct source_facts *facts, const struct error *err)
{
	struct reading *reading = context;
	struct source_job *job = reading->missing[index];
	struct buffer text = {0};

	progress_update(&reading->progress, ++reading->done);
	if (!facts) {
		row_trouble(job->row, job->row->source, err->text);
		return;
	}
	if (!are_of(facts, job)) {
		row_trouble(job->row, job->row->source,
			"its files are of another source package or version than the pins say");
		return;
	}
	/* What the next run could read better is not kept. */
	if (reading->place->evidence && !facts->trouble && !job->row->trouble &&
		reading->status == STATUS_OK) {
		source_facts_write(facts, &text);
		reading->status = evidence_facts_keep(
			reading->place->evidence, &job->key, buffer_text(&text), reading->err);
		buffer_release(&text);
	}
	facts_take(job->row, facts);
}

static enum status facts_make(struct reading *reading, struct error *err)
{
	const struct source_facts_work work = {
		.open = job_open, .done = job_done, .context = reading};
	struct error trouble = {0};
	enum status fetched, status = STATUS_OK;

	if (reading->missing_count == 0)
		return STATUS_OK;
	qsort(reading->missing, reading->missing_count, sizeof(reading->missing[0]), compare_sizes);
	fetched = files_fetch(reading, &trouble);
	if (fetched == STATUS_IO || fetched == STATUS_DATABASE) {
		*err = trouble;
		return fetched;
	}
	progress_begin(&reading->progress, "read", false, reading->missing_count,
		"%zu source packages", reading->missing_count);
	if (reading->place->evidence)
		status = evidence_begin(reading->place->evidence, err);
	if (status == STATUS_OK) {
		struct limits limits = limits_default;

		limits.seconds = SOURCE_SECONDS;
		source_facts_make(reading->missing_count, reading->request->workers,
			reading->request->architecture, &limits, &work);
		status = reading->status;
	}
	if (reading->place->evidence)
		status = evidence_end(reading->place->evidence, status, err);
	progress_end(&reading->progress, status < 0 ? "failed" : "ok", "%s", "");
	if (status == STATUS_OK && fetched < 0) {
		*err = trouble;
		status = fetched;
	}
	return status;
}

enum status coverage_sources_read(const struct coverage_request *request,
	const struct coverage_place *place, const struct source_catalog *catalog,
	struct coverage *coverage, struct error *err)
{
	struct reading reading = {.request = request, .place = place, .err = err};
	enum status status;

	jobs_list(&reading, catalog, coverage);
	reading.missing = xcalloc(reading.count + 1, sizeof(reading.missing[0]));
	status = facts_find(&reading, err);
	if (status == STATUS_OK)
		status = facts_make(&reading, err);
	for (size_t i = 0; i < reading.count; i++)
		pin_source_release(&reading.jobs[i].source);
	free(reading.jobs);
	free(reading.missing);
	return status;
}
