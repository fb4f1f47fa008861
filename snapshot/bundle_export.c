/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/progress.h"
#include "snapshot/archive_table.h"
#include "snapshot/bundle_export.h"
#include "snapshot/bundle_git.h"
#include "snapshot/bundle_sources.h"
#include "snapshot/pin.h"
#include "snapshot/trust.h"

/* What is missing is named up to so many times; the rest is counted. */
#define MISSING_NAMED 100

void bundle_told_release(struct bundle_told *told)
{
	for (size_t i = 0; i < told->repository_count; i++)
		bundle_repository_release(&told->repositories[i]);
	free(told->repositories);
	*told = (struct bundle_told){0};
}

/* Takes `name` and `text` over. */
static struct export_member *member_add(struct export_job *job, char *name, char *text)
{
	struct export_member *member;
	struct error ignored;

	ARRAY_GROW(job->members, job->count, job->capacity);
	member = &job->members[job->count++];
	*member = (struct export_member){.entry.name = name, .text = text, .fd = -1};
	(void)bundle_entry_classify(name, &member->entry.class, &ignored);
	if (text) {
		member->entry.size = strlen(text);
		hash_memory(text, strlen(text), &member->entry.digest);
	}
	return member;
}

static void file_add(struct export_job *job, size_t pin, const struct archive_file *file)
{
	struct export_member *member = member_add(
		job, bundle_archive_name(&job->request->pins->items[pin], file->path), NULL);

	member->entry.digest = file->digest;
	member->entry.size = file->size;
	member->file = *file;
}

/* A file that the pins themselves want, so that their index has it. */
static enum status pinned_add(
	struct export_job *job, size_t pin, const char *path, struct error *err)
{
	struct archive_file file;

	if (!archive_index_find_in(job->index, pin, path, &file))
		return error_set(err, STATUS_NOT_FOUND, "%s does not name %s",
			job->request->pins->items[pin].name, path);
	file_add(job, pin, &file);
	return STATUS_OK;
}

/* InRelease, or Release and Release.gpg. */
static enum status signed_files_add(
	struct export_job *job, size_t pin, const struct pin_suite *suite, struct error *err)
{
	static const char *const names[] = {"InRelease", "Release", "Release.gpg"};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < ARRAY_SIZE(names) && status == STATUS_OK; i++) {
		char *path = xasprintf("dists/%s/%s", suite->suite, names[i]);

		if (suite->is_detached == (i > 0))
			status = pinned_add(job, pin, path, err);
		free(path);
	}
	return status;
}

static enum status suite_add(
	struct export_job *job, size_t pin, const struct pin_suite *suite, struct error *err)
{
	struct suite_release release = {0};
	struct pin_index *indexes = NULL;
	size_t count = 0;
	enum status status = signed_files_add(job, pin, suite, err);

	if (status == STATUS_OK)
		status = pin_suite_release_read(job->store, suite, &release, err);
	if (status == STATUS_OK)
		status = pin_indexes(
			&job->request->pins->items[pin], &release, &indexes, &count, err);
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		char *path = xasprintf("dists/%s/%s", suite->suite, indexes[i].file->path);

		status = pinned_add(job, pin, path, err);
		free(path);
	}
	free(indexes);
	suite_release_release(&release);
	return status;
}

/* The import that a captured pin was found to be is no part of it: it may become known later. */
static void pin_text_add(struct export_job *job, const struct pin *pin)
{
	struct pin bare = *pin;
	struct buffer text = {0};

	bare.import = 0;
	pin_file_format(&bare, &text);
	member_add(job, xasprintf("pins/%s", pin->name), buffer_detach(&text));
}

static enum status pins_add(struct export_job *job, struct error *err)
{
	const struct pin_list *pins = job->request->pins;
	struct buffer lock = {0};

	lock_format(pins, &lock);
	member_add(job, xstrdup("lock"), buffer_detach(&lock));
	for (size_t i = 0; i < pins->count; i++) {
		pin_text_add(job, &pins->items[i]);
		for (size_t j = 0; j < pins->items[i].suite_count; j++) {
			if (suite_add(job, i, &pins->items[i].suites[j], err) < 0)
				return err->status;
		}
	}
	return STATUS_OK;
}

/* The first pin that names it, with just this digest. */
static enum status asked_add(
	struct export_job *job, const struct archive_file *asked, struct error *err)
{
	const struct pin_list *pins = job->request->pins;
	char is_hex[SHA256_HEX_SIZE], asked_hex[SHA256_HEX_SIZE];
	struct archive_file file;

	for (size_t i = 0; i < pins->count; i++) {
		if (strcmp(pins->items[i].archive, asked->archive) != 0 ||
			!archive_index_find_in(job->index, i, asked->path, &file))
			continue;
		if (digest_equal(&file.digest, &asked->digest)) {
			file_add(job, i, &file);
			return STATUS_OK;
		}
		digest_hex(&file.digest, is_hex);
		digest_hex(&asked->digest, asked_hex);
		return error_set(err, STATUS_TRUST,
			"%s has %s with sha256 %s, and asked for is %s: refused",
			pins->items[i].name, asked->path, is_hex, asked_hex);
	}
	return error_set(err, STATUS_TRUST,
		"no index of the pins names %s of %s: nothing vouches for it", asked->path,
		asked->archive);
}

static bool has_content(const struct export_job *job, const struct digest *digest)
{
	for (size_t i = 0; i < job->count; i++) {
		if (digest_equal(&job->members[i].entry.digest, digest))
			return true;
	}
	return false;
}

/*
 * Below dists/ one content has many names, such as that of all indexes without a package; that the
 * store has it says nothing of these.
 */
static void stored_add(struct export_job *job, size_t pin)
{
	const struct archive_table *table = archive_index_table(job->index, pin);
	struct archive_file file;

	for (size_t i = 0; i < table->count; i++) {
		const char *name = archive_table_path(table, i);

		if (!store_has(job->store, &table->entries[i].digest) ||
			(strncmp(name, "dists/", 6) == 0 &&
				has_content(job, &table->entries[i].digest)))
			continue;
		if (archive_index_find_in(job->index, pin, name, &file))
			file_add(job, pin, &file);
	}
}

static enum status sources_add(struct export_job *job, struct error *err)
{
	struct source_file_list files = {0};
	struct text_list paths = {0};
	enum status status;

	for (size_t i = 0; i < job->count; i++) {
		if (job->members[i].entry.class == BUNDLE_POOL)
			text_list_add(&paths, job->members[i].file.path);
	}
	text_list_sort(&paths);
	text_list_unique(&paths);
	status = bundle_sources(job->store, job->request->pins, &paths, &files, err);
	for (size_t i = 0; i < files.count && status == STATUS_OK; i++)
		status = pinned_add(job, files.items[i].pin, files.items[i].path, err);
	source_file_list_release(&files);
	text_list_release(&paths);
	return status;
}

static enum status repository_add(struct export_job *job, const char *option, struct error *err)
{
	struct bundle_manifest *manifest = &job->manifest;
	struct bundle_repository repository;
	struct export_member *member;
	uint64_t size;
	int fd;

	if (bundle_git_write(option, &repository, &fd, &size, err) < 0)
		return err->status;
	member = member_add(job, xasprintf("git/%s.bundle", repository.name), NULL);
	member->entry.digest = repository.digest;
	member->entry.size = size;
	member->fd = fd;
	for (size_t i = 0; i < manifest->repository_count; i++) {
		if (strcmp(manifest->repositories[i].name, repository.name) != 0)
			continue;
		error_set(err, STATUS_USAGE,
			"two repositories are called %s: give one another name with --git "
			"DIRECTORY=NAME",
			repository.name);
		bundle_repository_release(&repository);
		return err->status;
	}
	ARRAY_GROW(
		manifest->repositories, manifest->repository_count, manifest->repository_capacity);
	manifest->repositories[manifest->repository_count++] = repository;
	return STATUS_OK;
}

static int member_compare(const void *a, const void *b)
{
	return bundle_entry_compare(&((const struct export_member *)a)->entry,
		&((const struct export_member *)b)->entry);
}

static int repository_compare(const void *a, const void *b)
{
	return strcmp(((const struct bundle_repository *)a)->name,
		((const struct bundle_repository *)b)->name);
}

static void member_release(struct export_member *member)
{
	free(member->entry.name);
	free(member->text);
	if (member->fd >= 0)
		close(member->fd);
}

/* In the bundle's order; what was asked for by several ways is there once. */
static enum status members_order(struct export_job *job, struct error *err)
{
	struct bundle_manifest *manifest = &job->manifest;
	size_t kept = 0;

	if (job->count > 1)
		qsort(job->members, job->count, sizeof(job->members[0]), member_compare);
	for (size_t i = 1; i < job->count; i++) {
		if (member_compare(&job->members[kept], &job->members[i]) != 0)
			job->members[++kept] = job->members[i];
		else
			member_release(&job->members[i]);
	}
	job->count = kept + 1;
	for (size_t i = 0; i < job->count; i++) {
		struct bundle_entry entry = job->members[i].entry;
		enum bundle_class class;

		if (bundle_entry_classify(entry.name, &class, err) < 0)
			return err->status;
		if (entry.size > BUNDLE_MEMBER_LIMIT)
			return error_set(err, STATUS_LIMIT,
				"%s has %ju bytes, more than a "
				"member of a bundle can have",
				entry.name, (uintmax_t)entry.size);
		entry.name = xstrdup(entry.name);
		ARRAY_GROW(manifest->entries, manifest->count, manifest->capacity);
		manifest->entries[manifest->count++] = entry;
	}
	if (manifest->repository_count)
		qsort(manifest->repositories, manifest->repository_count,
			sizeof(manifest->repositories[0]), repository_compare);
	return STATUS_OK;
}

static enum status missing_refuse(
	struct export_job *job, const struct fetch_item *items, size_t count, struct error *err)
{
	for (size_t i = 0; i < count && i < MISSING_NAMED; i++)
		trust_note(job->trust, "not in the store: %s", items[i].name);
	return error_set(err, STATUS_NOT_FOUND,
		"%zu file%s of the bundle %s not in the store %s, the first is %s: leave out "
		"--offline to fetch them; no bundle was written",
		count, count == 1 ? "" : "s", count == 1 ? "is" : "are",
		store_directory(job->store), items[0].name);
}

/* Every file is hashed: a damaged one is fetched again as a missing one is. */
static enum status missing_fetch(struct export_job *job, struct error *err)
{
	struct fetch_item *items = xcalloc(job->count + 1, sizeof(*items));
	enum status status = STATUS_OK;
	struct progress progress;
	size_t count = 0;

	progress_begin(&progress, "check", false, job->count, "%zu files", job->count);
	for (size_t i = 0; i < job->count && status == STATUS_OK; i++) {
		struct export_member *member = &job->members[i];
		bool is_there = true;

		if (member->file.path)
			status = store_check(job->store, &member->entry.digest, job->trust,
				member->file.path, &is_there, err);
		progress_update(&progress, i + 1);
		if (status < 0 || is_there)
			continue;
		items[count] = (struct fetch_item){.name = member->file.path,
			.digest = member->entry.digest,
			.size = member->entry.size};
		archive_file_urls(
			&member->file, job->request->pins, job->places, &items[count++].urls);
	}
	progress_end(&progress, status == STATUS_OK ? "ok" : "failed", "%zu to fetch", count);
	if (status == STATUS_OK && count && !job->fetcher)
		status = missing_refuse(job, items, count, err);
	else if (status == STATUS_OK && count)
		status = fetcher_get_all(job->fetcher, job->store, "fetch", items, count, err);
	for (size_t i = 0; i < count; i++)
		text_list_release(&items[i].urls);
	free(items);
	return status;
}

/* What no reader takes is not written. */
static enum status pins_check(const struct pin_list *pins, struct error *err)
{
	size_t suites = 0;

	for (size_t i = 0; i < pins->count; i++)
		suites += pins->items[i].suite_count;
	if (pins->count > BUNDLE_PINS_MOST || suites > BUNDLE_SUITES_MOST)
		return error_set(err, STATUS_LIMIT,
			"%zu pins with %zu suites are more than a bundle holds (%d, and %d): write "
			"several",
			pins->count, suites, BUNDLE_PINS_MOST, BUNDLE_SUITES_MOST);
	return STATUS_OK;
}

static enum status members_gather(struct export_job *job, struct error *err)
{
	const struct bundle_request *request = job->request;
	enum status status = pins_check(request->pins, err);

	if (status == STATUS_OK)
		status = archive_index_open(job->store, request->pins, &job->index, err);
	if (status == STATUS_OK)
		status = pins_add(job, err);
	for (size_t i = 0; i < request->file_count && status == STATUS_OK; i++)
		status = asked_add(job, &request->files[i], err);
	for (size_t i = 0; i < request->pins->count && request->takes_all && status == STATUS_OK;
		i++)
		stored_add(job, i);
	if (status == STATUS_OK && request->takes_sources)
		status = sources_add(job, err);
	for (size_t i = 0; i < request->repositories->count && status == STATUS_OK; i++)
		status = repository_add(job, request->repositories->items[i], err);
	if (status == STATUS_OK)
		status = members_order(job, err);
	return status == STATUS_OK ? missing_fetch(job, err) : status;
}

static void tell(struct export_job *job, struct bundle_told *told)
{
	struct bundle_manifest *manifest = &job->manifest;

	told->files = manifest->count;
	for (size_t i = 0; i < manifest->count; i++)
		told->bytes += manifest->entries[i].size;
	told->repositories = manifest->repositories;
	told->repository_count = manifest->repository_count;
	manifest->repositories = NULL;
	manifest->repository_count = 0;
}

enum status snapshot_export(struct store *store, struct fetcher *fetcher,
	const struct place_list *places, const struct trust_options *trust,
	const struct bundle_request *request, const char *path, struct bundle_told *told,
	struct error *err)
{
	struct export_job job = {.store = store,
		.fetcher = fetcher,
		.places = places,
		.trust = trust,
		.request = request};
	struct bundle_file file = BUNDLE_FILE_INIT;
	/* Before anything is fetched: a place that cannot be written to is known at once. */
	enum status status = bundle_file_open(&file, path, err);

	*told = (struct bundle_told){0};
	if (status == STATUS_OK)
		status = members_gather(&job, err);
	if (status == STATUS_OK)
		status = bundle_members_write(&job, &file, err);
	if (status == STATUS_OK)
		status = bundle_file_commit(&file, &told->digest, &told->size, err);
	if (status == STATUS_OK)
		tell(&job, told);
	bundle_file_release(&file);
	for (size_t i = 0; i < job.count; i++)
		member_release(&job.members[i]);
	free(job.members);
	bundle_manifest_release(&job.manifest);
	archive_index_free(job.index);
	return status;
}
