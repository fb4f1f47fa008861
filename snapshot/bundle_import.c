/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/progress.h"
#include "base/tempfile.h"
#include "snapshot/bundle_git.h"
#include "snapshot/bundle_import.h"
#include "snapshot/bundle_zstd.h"
#include "snapshot/pin.h"
#include "snapshot/store.h"
#include "snapshot/trust.h"

/*
 * Of what no signed index limits, a repository, so many bytes may come of one packed byte: git
 * packs its objects itself, and so they hardly shrink any further.
 */
#define REPOSITORY_RATIO 100

/* The bundle's own bytes, of which all are hashed. */
struct input {
	int fd;
	uint64_t size;
	struct source *packed, *tar;
	struct hash hash;
	struct progress progress;
};

/* The first class that was not yet come to has its check before the first of its members. */
enum stage {
	STAGE_TEXTS,	/* lock and pins */
	STAGE_RELEASES, /* each is verified as it comes; then all that the texts say */
	STAGE_INDEXES,
	STAGE_REST,
};

static enum status text_take(struct import_job *job, struct buffer *text, struct error *err)
{
	const unsigned char *data;
	size_t len;

	if (job->reader.entry->size > BUNDLE_TEXT_LIMIT)
		return error_set(err, STATUS_LIMIT, "%s has %ju bytes: refused",
			job->reader.entry->name, (uintmax_t)job->reader.entry->size);
	do {
		if (bundle_reader_read(&job->reader, &data, &len, err) < 0)
			return err->status;
		buffer_add(text, data, len);
	} while (len);
	return STATUS_OK;
}

/* As a bundle has pins; lists that are in another order come out different from the text. */
static enum status pin_check_form(struct pin *pin, struct error *err)
{
	char *name = pin_name_format(pin->archive, pin->timestamp);
	bool is_plain = strcmp(name, pin->name) == 0 && pin->import == 0;

	free(name);
	text_list_sort(&pin->components);
	text_list_unique(&pin->components);
	text_list_sort(&pin->architectures);
	text_list_unique(&pin->architectures);
	return is_plain ? STATUS_OK
			: error_set(err, STATUS_FORMAT, "a bundle has no pin like this: refused");
}

static enum status pin_take(struct import_job *job, struct error *err)
{
	const char *name = job->reader.entry->name + strlen("pins/");
	struct buffer text = {0};
	struct pin pin = {0};
	enum status status = text_take(job, &text, err);

	if (status == STATUS_OK)
		status = pin_file_parse(name, buffer_text(&text), text.len, &pin, err);
	if (status == STATUS_OK)
		status = pin_check_form(&pin, err);
	job->pin_suites += pin.suite_count;
	if (status == STATUS_OK && job->pin_suites > BUNDLE_SUITES_MOST)
		status = error_set(err, STATUS_LIMIT, "the pins have more than %d suites: refused",
			BUNDLE_SUITES_MOST);
	if (status == STATUS_OK)
		status = pin_check_overlap(&job->pins, &pin, err);
	if (status < 0) {
		/* Nobody has typed this in. */
		if (status == STATUS_USAGE)
			err->status = STATUS_FORMAT;
		pin_release(&pin);
		buffer_release(&text);
		return error_context(err, "pins/%s", name);
	}
	job->pin_texts =
		xreallocarray(job->pin_texts, job->pin_text_count + 1, sizeof(job->pin_texts[0]));
	job->pin_texts[job->pin_text_count++] = text;
	ARRAY_GROW(job->pins.items, job->pins.count, job->pins.capacity);
	job->pins.items[job->pins.count++] = pin;
	return STATUS_OK;
}

/* Reads a member into the staging store; the reader holds it against the manifest's digest. */
static enum status file_take(struct import_job *job, struct input *input, struct error *err)
{
	const struct bundle_entry *entry = job->reader.entry;
	uint64_t begin = input->packed->offset, done = 0;
	struct store_part part = STORE_PART_INIT;
	struct content_hash hash;
	const unsigned char *data;
	struct digest digest;
	struct sha1 sha1;
	size_t len;
	enum status status = store_part_open(job->staging, NULL, &part, err);

	content_hash_init(&hash);
	while (status == STATUS_OK) {
		status = bundle_reader_read(&job->reader, &data, &len, err);
		if (status < 0 || len == 0)
			break;
		done += len;
		if (entry->class == BUNDLE_GIT && done > LIMITS_RATIO_FREE &&
			done / REPOSITORY_RATIO > input->packed->offset - begin)
			status = error_set(err, STATUS_LIMIT,
				"%s unpacks to over %d times its size: refused", entry->name,
				REPOSITORY_RATIO);
		if (status == STATUS_OK)
			status = store_part_write(job->staging, &part, data, len, err);
		content_hash_update(&hash, data, len);
		progress_update(&input->progress, input->packed->offset);
	}
	content_hash_finish(&hash, &digest, &sha1);
	content_hash_release(&hash);
	if (status == STATUS_OK)
		status = store_part_commit(job->staging, &part, &digest, &sha1, err);
	store_part_discard(job->staging, &part);
	return status;
}

/* The lock that vouches for Release files: one that is given, or of a bundle that is. */
static enum status given_choose(struct import_job *job, struct error *err)
{
	const char *path = job->acceptance->trust->lock;
	enum status status = STATUS_NOT_FOUND;

	if (job->pins.count == 0)
		return error_set(err, STATUS_FORMAT, "it holds no pin");
	if (path)
		status = lock_read(path, &job->given, err);
	if (status == STATUS_NOT_FOUND && job->acceptance->digest)
		status = lock_parse(
			"lock", buffer_text(&job->lock_text), job->lock_text.len, &job->given, err);
	job->has_given = status == STATUS_OK;
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* What has to hold before members of that class are looked at. */
static enum status stage_reach(
	struct import_job *job, enum stage *stage, enum stage wanted, struct error *err)
{
	enum status status = STATUS_OK;

	for (; *stage < wanted && status == STATUS_OK; (*stage)++) {
		if (*stage == STAGE_TEXTS) {
			status = given_choose(job, err);
			if (status == STATUS_OK)
				status = import_check_signed_files(job, err);
		} else if (*stage == STAGE_RELEASES)
			status = import_verify_texts(job, err);
		else if (*stage == STAGE_INDEXES)
			status = import_verify_pool(job, err);
	}
	return status;
}

static enum status member_take(
	struct import_job *job, struct input *input, enum stage *stage, struct error *err)
{
	static const enum stage stages[] = {
		[BUNDLE_LOCK] = STAGE_TEXTS,
		[BUNDLE_PIN] = STAGE_TEXTS,
		[BUNDLE_RELEASE] = STAGE_RELEASES,
		[BUNDLE_INDEX] = STAGE_INDEXES,
		[BUNDLE_POOL] = STAGE_REST,
		[BUNDLE_GIT] = STAGE_REST,
	};
	const struct bundle_entry *entry = job->reader.entry;

	if (stage_reach(job, stage, stages[entry->class], err) < 0)
		return err->status;
	if (entry->class == BUNDLE_LOCK)
		return text_take(job, &job->lock_text, err);
	if (entry->class == BUNDLE_PIN)
		return pin_take(job, err);
	if (entry->class == BUNDLE_RELEASE && entry->size > INRELEASE_LIMIT)
		return error_set(err, STATUS_LIMIT, "%s has %ju bytes: refused", entry->name,
			(uintmax_t)entry->size);
	if (file_take(job, input, err) < 0)
		return err->status;
	return entry->class == BUNDLE_RELEASE ? import_verify_suite(job, entry, err) : STATUS_OK;
}

static enum status members_take(struct import_job *job, struct input *input, struct error *err)
{
	const struct bundle_entry *entry;
	enum stage stage = STAGE_TEXTS;
	enum status status = bundle_reader_open(input->tar, &job->reader, err);

	while (status == STATUS_OK &&
		(status = bundle_reader_next(&job->reader, &entry, err)) == STATUS_OK)
		status = member_take(job, input, &stage, err);
	if (status == STATUS_END)
		status = stage_reach(job, &stage, STAGE_REST, err);
	return status;
}

/* ---- the bundle as a file ---- */

static enum status input_open(struct input *input, const char *path, struct error *err)
{
	struct stat st;

	hash_init(&input->hash);
	input->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (input->fd < 0 || fstat(input->fd, &st) != 0)
		return error_set_errno(err, "cannot read %s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, STATUS_USAGE, "%s is no regular file", path);
	input->size = (uint64_t)st.st_size;
	input->packed = source_file_new(input->fd, input->size);
	input->tar = bundle_unpack_new(input->packed, &input->hash);
	if (!input->tar)
		return error_set(err, STATUS_IO, "zstd: no memory");
	return STATUS_OK;
}

static void input_close(struct input *input)
{
	source_free(input->tar);
	source_free(input->packed);
	if (input->fd >= 0)
		close(input->fd);
	hash_release(&input->hash);
}

static enum status digest_check(
	struct import_job *job, struct input *input, struct bundle_told *told, struct error *err)
{
	const struct digest *expected = job->acceptance->digest;
	char is_hex[SHA256_HEX_SIZE], said_hex[SHA256_HEX_SIZE];

	hash_finish(&input->hash, &told->digest);
	told->size = input->size;
	if (!expected || digest_equal(expected, &told->digest))
		return STATUS_OK;
	digest_hex(&told->digest, is_hex);
	digest_hex(expected, said_hex);
	return error_set(err, STATUS_TRUST, "it has sha256 %s, not %s as --sha256 says: refused",
		is_hex, said_hex);
}

/* ---- once all of it is verified ---- */

static char *repository_name(const struct bundle_repository *repository)
{
	return xasprintf("git/%s.bundle", repository->name);
}

static enum status repositories_verify(struct import_job *job, struct error *err)
{
	struct bundle_manifest *manifest = &job->reader.manifest;
	enum status status = STATUS_OK;

	for (size_t i = 0; i < manifest->repository_count && status == STATUS_OK; i++) {
		struct bundle_repository *repository = &manifest->repositories[i];
		char *name = repository_name(repository), *path, hex[SHA256_HEX_SIZE];

		repository->digest = bundle_manifest_find(manifest, name)->digest;
		digest_hex(&repository->digest, hex);
		path = xasprintf("%s/sha256/%.2s/%s", store_directory(job->staging), hex, hex + 2);
		status = bundle_git_verify(path, repository, err);
		free(path);
		free(name);
	}
	return status;
}

static enum status repository_put(
	const struct import_job *job, const struct bundle_repository *repository, struct error *err)
{
	struct tempfile file = TEMPFILE_INIT;
	char *path = xasprintf("%s/%s.bundle", job->acceptance->repositories, repository->name);
	enum status status = tempfile_open(&file, path, 0644, err);

	if (status == STATUS_OK)
		status = store_copy_out(job->staging, &repository->digest, file.fd, err);
	if (status == STATUS_OK)
		status = tempfile_commit(&file, err);
	tempfile_release(&file);
	free(path);
	return status;
}

static enum status repositories_put(const struct import_job *job, struct error *err)
{
	const struct bundle_manifest *manifest = &job->reader.manifest;
	enum status status = STATUS_OK;

	if (!job->acceptance->repositories)
		return STATUS_OK;
	status = path_make_directories(job->acceptance->repositories, 0755, err);
	for (size_t i = 0; i < manifest->repository_count && status == STATUS_OK; i++)
		status = repository_put(job, &manifest->repositories[i], err);
	return status;
}

static enum status files_publish(struct import_job *job, struct error *err)
{
	const struct bundle_manifest *manifest = &job->reader.manifest;

	for (size_t i = 0; i < manifest->count; i++) {
		const struct bundle_entry *entry = &manifest->entries[i];

		if ((entry->class == BUNDLE_RELEASE || entry->class == BUNDLE_INDEX ||
			    entry->class == BUNDLE_POOL) &&
			store_staging_publish(job->store, job->staging, &entry->digest, err) < 0)
			return err->status;
	}
	for (size_t i = 0; i < job->pins.count; i++) {
		const struct pin *pin = &job->pins.items[i];

		for (size_t j = 0; j < pin->suite_count; j++) {
			if (store_staging_publish(
				    job->store, job->staging, &pin->suites[j].release, err) < 0)
				return err->status;
		}
	}
	return STATUS_OK;
}

/*
 * The store's pin of that name may have other suites or architectures. The two together are a pin
 * only if the store has all that this one then needs.
 */
static enum status pin_write(struct import_job *job, const struct pin *pin, struct error *err)
{
	struct pin_context context = {.store = job->store, .trust = job->acceptance->trust};
	struct text_list nowhere = {0};
	enum status status;

	do {
		struct pin merged = {0};

		status = pin_file_read(job->store, pin->name, &merged, err);
		if (status == STATUS_NOT_FOUND) {
			merged = (struct pin){.name = xstrdup(pin->name),
				.archive = xstrdup(pin->archive),
				.timestamp = pin->timestamp,
				.captured = pin->captured};
			status = STATUS_OK;
		}
		if (status == STATUS_OK)
			status = pin_merge(&merged, pin, err);
		if (status == STATUS_OK && pin_fetch_indexes(&context, &merged, &nowhere, err) < 0)
			status = error_set(err, STATUS_CONFLICT,
				"the store has %s with other suites, components or architectures, "
				"and not all indexes that the two need together: use another "
				"--store, or get them first with reproof snapshot fetch",
				pin->name);
		if (status == STATUS_OK)
			status = pin_file_update(job->store, &merged, err);
		pin_release(&merged);
	} while (status == STATUS_END);
	return status;
}

static enum status publish(struct import_job *job, struct error *err)
{
	enum status status = repositories_put(job, err);

	if (status == STATUS_OK)
		status = files_publish(job, err);
	for (size_t i = 0; i < job->pins.count && status == STATUS_OK; i++)
		status = pin_write(job, &job->pins.items[i], err);
	return status;
}

static void tell(struct import_job *job, struct pin_list *pins, struct bundle_told *told)
{
	struct bundle_manifest *manifest = &job->reader.manifest;

	told->files = manifest->count;
	for (size_t i = 0; i < manifest->count; i++)
		told->bytes += manifest->entries[i].size;
	told->repositories = manifest->repositories;
	told->repository_count = manifest->repository_count;
	manifest->repositories = NULL;
	manifest->repository_count = 0;
	*pins = job->pins;
	job->pins = (struct pin_list){0};
}

static void job_release(struct import_job *job)
{
	for (size_t i = 0; i < job->suite_count; i++)
		suite_release_release(&job->suites[i].release);
	free(job->suites);
	for (size_t i = 0; i < job->pin_text_count; i++)
		buffer_release(&job->pin_texts[i]);
	free(job->pin_texts);
	buffer_release(&job->lock_text);
	lock_release(&job->given);
	pin_list_release(&job->pins);
	bundle_reader_release(&job->reader);
	store_staging_free(job->staging);
}

enum status snapshot_import(struct store *store, const struct bundle_acceptance *acceptance,
	const char *path, struct pin_list *pins, struct bundle_told *told, struct error *err)
{
	struct import_job job = {.store = store, .acceptance = acceptance};
	struct input input = {.fd = -1};
	enum status status = input_open(&input, path, err);

	*told = (struct bundle_told){0};
	if (status == STATUS_OK)
		status = store_staging_open(store, &job.staging, err);
	if (status == STATUS_OK) {
		progress_begin(
			&input.progress, "import", true, input.size, "%s", path_basename(path));
		status = members_take(&job, &input, err);
		if (status == STATUS_OK)
			status = digest_check(&job, &input, told, err);
		if (status == STATUS_OK)
			status = repositories_verify(&job, err);
		if (status == STATUS_OK)
			status = publish(&job, err);
		progress_end(&input.progress, status == STATUS_OK ? "ok" : "failed", "%s", "");
	}
	if (status == STATUS_OK)
		tell(&job, pins, told);
	else
		error_context(err, "%s", path_basename(path));
	job_release(&job);
	input_close(&input);
	return status;
}
