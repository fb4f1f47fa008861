/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/escape.h"
#include "base/progress.h"
#include "verifier/verify_published.h"
#include "verifier/verification.h"

#define ARTIFACT_LIMIT ((uint64_t)1 << 42) /* 4 TiB: a bound, not an expectation */

/* Where it comes from, for what is not of verify alone. */
static struct published_source source_of(const struct verification *verification)
{
	return (struct published_source){verification->fetcher, verification->store};
}

static bool is_on_this_machine(const struct release_published *published)
{
	char *directory = published_directory(published);

	free(directory);
	return directory != NULL;
}

static enum status fetch_hash_list(struct verification *verification, struct error *err)
{
	const struct published_source source = source_of(verification);
	struct release_published *published = &verification->release.published;

	if (!published->sha256sums && published->url && !is_on_this_machine(published))
		return evidence_run_mark(
			verification->evidence, verification->run, MARK_NO_HASH_LIST, err);
	if (!published->sha256sums)
		return STATUS_OK;
	if (published_read_hashes(&source, published, err) < 0)
		return err->status;
	if (published->hash_count == 0)
		return error_set(err, STATUS_INCOMPLETE,
			"the hash list %s names no file; there is nothing to compare with",
			published->sha256sums);
	/* No signature of a hash list is checked yet: it is said, in run and statement (T10). */
	return evidence_run_mark(
		verification->evidence, verification->run, MARK_UNSIGNED_LIST, err);
}

/* Each line of the hash list is a published file, whether its bytes are there or not (T10). */
static void add_listed(struct verification *verification)
{
	const struct release_published *published = &verification->release.published;
	struct file_set *set = &verification->published;
	size_t present = set->count;

	for (size_t i = 0; i < published->hash_count; i++) {
		struct file_set there = {.root_fd = -1, .files = set->files, .count = present};
		struct file *file;

		if (file_set_find(&there, published->hashes[i].name))
			continue;
		file = file_set_add(set, published->hashes[i].name, FILE_HASH_ONLY);
		file->has_digest = true;
		file->digest = published->hashes[i].digest;
	}
	file_set_sort(set);
}

static enum status hash_published(struct verification *verification, struct error *err)
{
	struct file_set *set = &verification->published;
	struct progress progress;
	uint64_t done = 0, total = 0;
	enum status status = STATUS_OK;

	for (size_t i = 0; i < set->count; i++)
		total += set->files[i].size;
	progress_begin(&progress, "fetch", true, total, "%zu published files", set->count);
	for (size_t i = 0; i < set->count && status == STATUS_OK; i++) {
		struct file *file = &set->files[i];
		int fd;

		if (file->problem)
			continue;
		status = file_set_open(set, file, &fd, err);
		if (status == STATUS_OK) {
			status = hash_fd(fd, &file->digest, &file->size, err);
			close(fd);
		}
		if (status < 0) {
			/* Unreadable is not inspected, later on and for this artifact only. */
			file->problem = xasprintf("cannot be read: %s", err->text);
			status = STATUS_OK;
			continue;
		}
		file->has_digest = true;
		done += file->size;
		progress_update(&progress, done);
		/* What a hash list says of a file comes before what its bytes are. */
		status = published_check(
			&verification->release.published, file->name, &file->digest, err);
	}
	progress_end(&progress, status == STATUS_OK ? "ok" : "failed", "%s", "");
	return status;
}

static enum status fetch_one(struct verification *verification, const char *name, struct error *err)
{
	const struct published_source source = source_of(verification);
	const struct release_published *published = &verification->release.published;
	char *url = xasprintf("%s/%s", published->url, name);
	struct digest digest;
	uint64_t size;
	enum status status = published_get(&source, url, ARTIFACT_LIMIT, &digest, &size, err);

	if (status == STATUS_OK) {
		struct file *file = file_set_add(&verification->published, name, FILE_IN_STORE);

		file->has_digest = true;
		file->digest = digest;
		file->size = size;
		status = published_check(published, name, &digest, err);
	}
	free(url);
	return status;
}

static enum status fetch_url(struct verification *verification, struct error *err)
{
	const struct release_published *published = &verification->release.published;
	struct progress progress;
	size_t count = published->files.count ? published->files.count : published->hash_count;
	enum status status = STATUS_OK;
	char *url = escape_url_secrets(published->url);
	uint64_t bytes = 0;
	char text[32];

	progress_begin(
		&progress, "fetch", false, count, "%zu published artifacts of %s", count, url);
	free(url);
	verification->published.store = verification->store;
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		status = fetch_one(verification,
			published->files.count ? published->files.items[i]
					       : published->hashes[i].name,
			err);
		progress_update(&progress, i + 1);
	}
	file_set_sort(&verification->published);
	for (size_t i = 0; i < verification->published.count; i++)
		bytes += verification->published.files[i].size;
	progress_format_bytes(bytes, text);
	progress_end(&progress, status == STATUS_OK ? "ok" : "failed", "%s", text);
	return status;
}

static enum status record_seen(struct verification *verification, struct error *err)
{
	const struct release_published *published = &verification->release.published;
	const char *place = published->url ? published->url
		: published->directory	   ? published->directory
					   : published->sha256sums;
	char *clean = release_is_url(place) ? escape_url_secrets(place) : xstrdup(place);
	enum status status = evidence_begin(verification->evidence, err);

	for (size_t i = 0; i < verification->published.count && status == STATUS_OK; i++) {
		const struct file *file = &verification->published.files[i];
		/* Of a bare hash list the list itself is where it was seen. */
		char *url = file->place == FILE_HASH_ONLY ? xstrdup(clean)
							  : xasprintf("%s/%s", clean, file->name);
		struct published_record record = {
			.release = verification->release.name,
			.target = verification->release.target,
			.name = file->name,
			.url = url,
			.digest = file->digest,
			.has_size = file->place != FILE_HASH_ONLY,
			.size = file->size,
		};

		if (file->has_digest)
			status = evidence_published(
				verification->evidence, verification->run, &record, err);
		free(url);
	}
	free(clean);
	return evidence_end(verification->evidence, status, err);
}

enum status verify_fetch(struct verification *verification, struct error *err)
{
	const struct release_published *published = &verification->release.published;

	if (fetch_hash_list(verification, err) < 0)
		return err->status;
	if (published->directory) {
		if (file_set_list(&verification->published, published->directory, err) < 0 ||
			hash_published(verification, err) < 0)
			return err->status;
	} else if (published->url && fetch_url(verification, err) < 0) {
		return err->status;
	}
	add_listed(verification);
	return record_seen(verification, err);
}
