/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/number.h"
#include "snapshot/archive_table.h"
#include "snapshot/checksums.h"
#include "snapshot/index_stream.h"
#include "snapshot/pin.h"

/* The value of a field that must come once. */
static enum status value_take(
	struct deb822_field *to, const struct deb822_field *field, struct error *err)
{
	if (to->value)
		return error_set(err, STATUS_FORMAT, "the field %.*s comes twice in a stanza",
			(int)field->name_len, field->name);
	*to = *field;
	return STATUS_OK;
}

static enum status package_add(struct table_builder *builder, const struct deb822_field *filename,
	const struct deb822_field *size, const struct deb822_field *sha256, struct error *err)
{
	struct digest digest;
	uint64_t bytes;

	if (!filename->value || !size->value || !sha256->value ||
		!number_parse(size->value, size->value_len, &bytes) ||
		!digest_parse(sha256->value, sha256->value_len, &digest))
		return error_set(err, STATUS_FORMAT,
			"a package has no proper Filename, Size and SHA256 (%.*s)",
			(int)(filename->value ? filename->value_len : 0),
			filename->value ? filename->value : "");
	return table_builder_add(
		builder, "", 0, filename->value, filename->value_len, &digest, bytes, err);
}

static enum status packages_read(void *context, struct deb822 *reader, struct error *err)
{
	while (!deb822_at_end(reader)) {
		struct deb822_field field, filename = {0}, size = {0}, sha256 = {0};
		bool is_empty = true;
		enum status status;

		while ((status = deb822_next(reader, &field, err)) == STATUS_OK) {
			is_empty = false;
			if (deb822_is(&field, "Filename"))
				status = value_take(&filename, &field, err);
			else if (deb822_is(&field, "Size"))
				status = value_take(&size, &field, err);
			else if (deb822_is(&field, "SHA256"))
				status = value_take(&sha256, &field, err);
			if (status < 0)
				break;
		}
		if (status >= 0 && !is_empty)
			status = package_add(context, &filename, &size, &sha256, err);
		if (status < 0)
			return status;
	}
	return STATUS_OK;
}

static enum status source_add(struct table_builder *builder, const struct deb822_field *directory,
	const struct deb822_field *checksums, struct error *err)
{
	size_t directory_len = directory->value_len, at = 0;
	struct checksum checksum;
	enum status status;

	if (!directory->value || !checksums->value)
		return error_set(err, STATUS_FORMAT,
			"a source package has no Directory and Checksums-Sha256");
	if (directory_len == 1 && directory->value[0] == '.')
		directory_len = 0;
	while ((status = checksums_next(checksums, &at, &checksum, err)) == STATUS_OK) {
		status = table_builder_add(builder, directory->value, directory_len, checksum.name,
			checksum.name_len, &checksum.digest, checksum.size, err);
		if (status < 0)
			return status;
	}
	return status < 0 ? error_context(err, "%.*s", (int)directory->value_len, directory->value)
			  : STATUS_OK;
}

static enum status sources_read(void *context, struct deb822 *reader, struct error *err)
{
	while (!deb822_at_end(reader)) {
		struct deb822_field field, directory = {0}, checksums = {0};
		bool is_empty = true;
		enum status status;

		while ((status = deb822_next(reader, &field, err)) == STATUS_OK) {
			is_empty = false;
			if (deb822_is(&field, "Directory"))
				status = value_take(&directory, &field, err);
			else if (deb822_is(&field, "Checksums-Sha256"))
				status = value_take(&checksums, &field, err);
			if (status < 0)
				break;
		}
		if (status >= 0 && !is_empty)
			status = source_add(context, &directory, &checksums, err);
		if (status < 0)
			return status;
	}
	return STATUS_OK;
}

enum status archive_table_read_index(struct store *store, const struct suite_release *release,
	const struct release_file *file, bool is_sources, struct table_builder *builder,
	struct error *err)
{
	struct index_stream *stream;
	enum status status = index_stream_open(store, release, file, &stream, err);

	if (status == STATUS_OK)
		status = index_stream_parse(
			stream, is_sources ? sources_read : packages_read, builder, err);
	index_stream_close(stream);
	return status;
}

/* A signed file of the suite, which no index names. */
static enum status signed_file_add(struct store *store, const char *directory, const char *name,
	const struct digest *digest, struct table_builder *builder, struct error *err)
{
	uint64_t size;
	int fd;
	enum status status = store_read(store, digest, &fd, &size, err);

	if (status < 0)
		return status;
	close(fd);
	return table_builder_add(
		builder, directory, strlen(directory), name, strlen(name), digest, size, err);
}

/* The signed files themselves, and all that Release lists. */
static enum status release_add(struct store *store, const struct pin_suite *suite,
	const struct suite_release *release, struct table_builder *builder, struct error *err)
{
	char *directory = xasprintf("dists/%s", suite->suite);
	size_t len = strlen(directory);
	enum status status;

	if (!suite->is_detached) {
		status = signed_file_add(
			store, directory, "InRelease", &suite->inrelease, builder, err);
	} else {
		status =
			signed_file_add(store, directory, "Release", &suite->release, builder, err);
		if (status == STATUS_OK)
			status = signed_file_add(
				store, directory, "Release.gpg", &suite->release_gpg, builder, err);
	}
	for (size_t i = 0; i < release->file_count && status == STATUS_OK; i++) {
		const struct release_file *file = &release->files[i];

		status = table_builder_add(builder, directory, len, file->path, strlen(file->path),
			&file->digest, file->size, err);
	}
	free(directory);
	return status;
}

/* ---- the indexes of a pin, several at once ---- */

/* Each is one stream that only one thread can unpack; more than a few would share the disk. */
#define READERS_MOST 4

struct index_job {
	size_t suite;
	struct pin_index index;
	struct table_builder builder;
	enum status status;
	struct error err;
};

struct index_jobs {
	struct store *store;
	struct suite_release *releases; /* of the pin's suites */
	struct index_job *items;
	size_t count, capacity;
	atomic_size_t next;
};

static void *jobs_work(void *context)
{
	struct index_jobs *jobs = context;
	size_t i;

	while ((i = atomic_fetch_add(&jobs->next, 1)) < jobs->count) {
		struct index_job *job = &jobs->items[i];

		job->status = archive_table_read_index(jobs->store, &jobs->releases[job->suite],
			job->index.file, job->index.is_sources, &job->builder, &job->err);
	}
	return NULL;
}

/* The calling thread is one of them: without another one it does all. */
static void jobs_run(struct index_jobs *jobs)
{
	pthread_t threads[READERS_MOST];
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t wanted = processors < 1 ? 1 : (size_t)processors, count = 0;

	if (wanted > READERS_MOST)
		wanted = READERS_MOST;
	if (wanted > jobs->count)
		wanted = jobs->count;
	while (count + 1 < wanted && pthread_create(&threads[count], NULL, jobs_work, jobs) == 0)
		count++;
	(void)jobs_work(jobs);
	while (count > 0)
		(void)pthread_join(threads[--count], NULL);
}

static enum status suite_read(struct index_jobs *jobs, const struct pin *pin, size_t suite,
	struct table_builder *builder, struct error *err)
{
	struct suite_release *release = &jobs->releases[suite];
	const struct pin_suite *of = &pin->suites[suite];
	struct pin_index *indexes = NULL;
	size_t count = 0;
	enum status status = pin_suite_release_read(jobs->store, of, release, err);

	if (status == STATUS_OK)
		status = release_add(jobs->store, of, release, builder, err);
	if (status == STATUS_OK)
		status = pin_indexes(pin, release, &indexes, &count, err);
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		ARRAY_GROW(jobs->items, jobs->count, jobs->capacity);
		jobs->items[jobs->count++] =
			(struct index_job){.suite = suite, .index = indexes[i]};
	}
	free(indexes);
	return status < 0 ? error_context(err, "%s", of->suite) : STATUS_OK;
}

/* In their order, whichever was ready first: the same pin fails with the same words. */
static enum status jobs_gather(const struct index_jobs *jobs, const struct pin *pin,
	struct table_builder *builder, struct error *err)
{
	for (size_t i = 0; i < jobs->count; i++) {
		const struct index_job *job = &jobs->items[i];

		if (job->status < 0)
			*err = job->err;
		if (job->status < 0 || table_builder_append(builder, &job->builder, err) < 0)
			return error_context(err, "%s", pin->suites[job->suite].suite);
	}
	return STATUS_OK;
}

static void jobs_release(struct index_jobs *jobs, size_t suite_count)
{
	for (size_t i = 0; i < jobs->count; i++)
		table_builder_release(&jobs->items[i].builder);
	for (size_t i = 0; i < suite_count; i++)
		suite_release_release(&jobs->releases[i]);
	free(jobs->items);
	free(jobs->releases);
}

enum status archive_table_read(struct store *store, const struct pin *pin,
	struct table_builder *builder, struct error *err)
{
	struct index_jobs jobs = {.store = store,
		.releases = xcalloc(pin->suite_count + 1, sizeof(jobs.releases[0]))};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < pin->suite_count && status == STATUS_OK; i++)
		status = suite_read(&jobs, pin, i, builder, err);
	if (status == STATUS_OK) {
		jobs_run(&jobs);
		status = jobs_gather(&jobs, pin, builder, err);
	}
	jobs_release(&jobs, pin->suite_count);
	return status;
}

/* The signed files by the pin alone: it may be they that are lost. */
static void signed_names_add(const struct pin_suite *suite, struct table_builder *builder)
{
	const struct {
		const char *name;
		const struct digest *digest;
	} files[] = {
		{suite->is_detached ? NULL : "InRelease", &suite->inrelease},
		{suite->is_detached ? "Release" : NULL, &suite->release},
		{suite->is_detached ? "Release.gpg" : NULL, &suite->release_gpg},
	};
	char *directory = xasprintf("dists/%s", suite->suite);
	struct error ignored;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (files[i].name)
			(void)table_builder_add(builder, directory, strlen(directory),
				files[i].name, strlen(files[i].name), files[i].digest, 0, &ignored);
	}
	free(directory);
}

static void suite_read_rest(struct store *store, const struct pin *pin,
	const struct pin_suite *suite, struct table_builder *builder)
{
	char *directory = xasprintf("dists/%s", suite->suite);
	struct suite_release release = {0};
	struct pin_index *indexes = NULL;
	struct error ignored;
	size_t count = 0;

	signed_names_add(suite, builder);
	if (pin_suite_release_read(store, suite, &release, &ignored) == STATUS_OK) {
		for (size_t i = 0; i < release.file_count; i++)
			(void)table_builder_add(builder, directory, strlen(directory),
				release.files[i].path, strlen(release.files[i].path),
				&release.files[i].digest, release.files[i].size, &ignored);
		if (pin_indexes(pin, &release, &indexes, &count, &ignored) < 0)
			count = 0;
	}
	for (size_t i = 0; i < count; i++)
		(void)archive_table_read_index(
			store, &release, indexes[i].file, indexes[i].is_sources, builder, &ignored);
	free(indexes);
	suite_release_release(&release);
	free(directory);
}

void archive_table_read_rest(
	struct store *store, const struct pin *pin, struct table_builder *builder)
{
	for (size_t i = 0; i < pin->suite_count; i++)
		suite_read_rest(store, pin, &pin->suites[i], builder);
}
