/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/path.h"
#include "snapshot/archive_table.h"
#include "snapshot/bundle_import.h"
#include "snapshot/pin.h"
#include "snapshot/trust.h"

/* What the pin knows its state by; NULL for a file of dists/SUITE/ that is not of it. */
static const struct digest *signed_digest(const struct pin_suite *suite, const char *name)
{
	if (!suite->is_detached)
		return strcmp(name, "InRelease") == 0 ? &suite->inrelease : NULL;
	if (strcmp(name, "Release") == 0)
		return &suite->release;
	return strcmp(name, "Release.gpg") == 0 ? &suite->release_gpg : NULL;
}

static enum status unsigned_refuse(const struct bundle_entry *entry, struct error *err)
{
	char hex[SHA256_HEX_SIZE];

	digest_hex(&entry->digest, hex);
	return error_set(err, STATUS_TRUST,
		"%s (sha256 %s, %ju bytes) is what no signed index of the bundle names: refused",
		entry->name, hex, (uintmax_t)entry->size);
}

static const char *const signed_names[] = {"InRelease", "Release", "Release.gpg"};

/* The name of a signed file as a member; the caller frees. */
static char *signed_file_name(
	const struct pin *pin, const struct pin_suite *suite, const char *file)
{
	char *path = xasprintf("dists/%s/%s", suite->suite, file);
	char *name = bundle_archive_name(pin, path);

	free(path);
	return name;
}

/* The member that is this signed file of the suite, if there is one; NULL otherwise. */
static const struct bundle_entry *signed_file_find(const struct import_job *job,
	const struct pin *pin, const struct pin_suite *suite, const char *file)
{
	char *name = signed_file_name(pin, suite, file);
	const struct bundle_entry *entry = bundle_manifest_find(&job->reader.manifest, name);

	free(name);
	return entry;
}

static enum status signed_file_missing(
	const struct pin *pin, const struct pin_suite *suite, const char *file, struct error *err)
{
	char *name = signed_file_name(pin, suite, file);

	error_set(err, STATUS_FORMAT, "it holds no %s, which its pin %s has", name, pin->name);
	free(name);
	return err->status;
}

/* The signed files that the pin says, as members. */
static enum status suite_check_signed_files(const struct import_job *job, const struct pin *pin,
	const struct pin_suite *suite, size_t *found, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(signed_names); i++) {
		const char *file = signed_names[i];
		const struct digest *digest = signed_digest(suite, file);
		const struct bundle_entry *entry;

		if (!digest)
			continue;
		entry = signed_file_find(job, pin, suite, file);
		if (!entry)
			return signed_file_missing(pin, suite, file, err);
		if (!digest_equal(&entry->digest, digest))
			return error_set(err, STATUS_TRUST,
				"its pin %s says another sha256 of the %s of %s than it holds: "
				"refused",
				pin->name, file, suite->suite);
		++*found;
	}
	return STATUS_OK;
}

/* Whether it is a signed file that a suite of the pins has. */
static bool is_of_a_suite(const struct import_job *job, const struct bundle_entry *entry)
{
	for (size_t i = 0; i < job->pins.count; i++) {
		const struct pin *pin = &job->pins.items[i];

		for (size_t j = 0; j < pin->suite_count; j++) {
			const char *file = path_basename(entry->name);

			if (signed_digest(&pin->suites[j], file) &&
				signed_file_find(job, pin, &pin->suites[j], file) == entry)
				return true;
		}
	}
	return false;
}

enum status import_check_signed_files(const struct import_job *job, struct error *err)
{
	const struct bundle_manifest *manifest = &job->reader.manifest;
	size_t wanted = 0, there = 0;

	for (size_t i = 0; i < job->pins.count; i++) {
		const struct pin *pin = &job->pins.items[i];

		for (size_t j = 0; j < pin->suite_count; j++) {
			if (suite_check_signed_files(job, pin, &pin->suites[j], &wanted, err) < 0)
				return err->status;
		}
	}
	for (size_t i = 0; i < manifest->count; i++)
		there += manifest->entries[i].class == BUNDLE_RELEASE;
	/* Each that is wanted is there: so the first that is not is looked for only when there is
	 * one. */
	for (size_t i = 0; i < manifest->count && there > wanted; i++) {
		const struct bundle_entry *entry = &manifest->entries[i];

		if (entry->class == BUNDLE_RELEASE && !is_of_a_suite(job, entry))
			return unsigned_refuse(entry, err);
	}
	return STATUS_OK;
}

static enum status suite_verify(
	struct import_job *job, size_t number, struct pin_suite *of, struct error *err)
{
	struct pin *pin = &job->pins.items[number];
	struct pin_context context = {.store = job->staging,
		.trust = job->acceptance->trust,
		.lock = job->has_given ? &job->given : NULL};
	struct import_suite *suite;
	char time[CLOCK_TEXT_SIZE];

	clock_format_snapshot(pin->timestamp, time);
	ARRAY_GROW(job->suites, job->suite_count, job->suite_capacity);
	suite = &job->suites[job->suite_count++];
	*suite = (struct import_suite){.pin = number, .suite = of};
	if (pin_suite_verify(&context, pin->archive, time, of, &suite->release, err) < 0)
		return err->status;
	return pin_suite_check_date(pin, of, err);
}

enum status import_verify_suite(
	struct import_job *job, const struct bundle_entry *entry, struct error *err)
{
	const char *file = path_basename(entry->name);

	/* Release comes before the Release.gpg that is behind it in the order of names. */
	for (size_t i = 0; i < job->pins.count && strcmp(file, "Release") != 0; i++) {
		struct pin *pin = &job->pins.items[i];

		for (size_t j = 0; j < pin->suite_count; j++) {
			if (signed_digest(&pin->suites[j], file) &&
				signed_file_find(job, pin, &pin->suites[j], file) == entry)
				return suite_verify(job, i, &pin->suites[j], err);
		}
	}
	return STATUS_OK;
}

/* What is in the bundle's own texts besides what was verified has to follow from that. */
static enum status texts_check(const struct import_job *job, struct error *err)
{
	struct buffer text = {0};
	bool is_same;

	for (size_t i = 0; i < job->pins.count; i++) {
		buffer_clear(&text);
		pin_file_format(&job->pins.items[i], &text);
		is_same = text.len == job->pin_texts[i].len &&
			memcmp(text.data, job->pin_texts[i].data, text.len) == 0;
		if (!is_same) {
			buffer_release(&text);
			return error_set(err, STATUS_TRUST,
				"its pins/%s says other than the Release files that it holds: "
				"refused",
				job->pins.items[i].name);
		}
	}
	buffer_clear(&text);
	lock_format(&job->pins, &text);
	is_same = text.len == job->lock_text.len &&
		memcmp(text.data, job->lock_text.data, text.len) == 0;
	buffer_release(&text);
	if (!is_same)
		return error_set(err, STATUS_TRUST, "its lock is not that of its pins: refused");
	return STATUS_OK;
}

/*
 * A signature says when a state was made, not until when it was the newest: whoever makes a bundle
 * can give an old one any later time. Only the name of a captured one follows from what is signed.
 */
static enum status time_check(const struct pin *pin, struct error *err)
{
	int64_t newest = INT64_MIN;
	char date[CLOCK_TEXT_SIZE];

	for (size_t i = 0; i < pin->suite_count; i++) {
		if (pin->suites[i].date > newest)
			newest = pin->suites[i].date;
	}
	if (pin->captured && pin->timestamp == newest)
		return STATUS_OK;
	clock_format_snapshot(newest, date);
	return error_set(err, STATUS_TRUST,
		"its pin %s says that this was the state of %s at that time, which nothing vouches "
		"for; its newest Release file is of %s: give --lock FILE, a lock file from "
		"elsewhere, or --sha256 HEX from somebody who vouches for the bundle",
		pin->name, pin->captured ? "the mirror" : "snapshot.debian.org", date);
}

static enum status times_check(const struct import_job *job, struct error *err)
{
	/* A lock that is given has all pins; the bundle's own is given with its SHA-256. */
	for (size_t i = 0; i < job->pins.count && !job->has_given; i++) {
		if (time_check(&job->pins.items[i], err) < 0)
			return err->status;
	}
	return STATUS_OK;
}

/* Of two states of one name the store keeps what it has. */
static enum status stored_check(const struct import_job *job, struct error *err)
{
	for (size_t i = 0; i < job->pins.count; i++) {
		const struct pin *pin = &job->pins.items[i];
		struct pin stored;
		enum status status = pin_file_read(job->store, pin->name, &stored, err);

		if (status == STATUS_NOT_FOUND)
			continue;
		if (status == STATUS_OK)
			status = pin_check_conflict(pin, &stored, err);
		pin_release(&stored);
		if (status < 0)
			return status;
	}
	return STATUS_OK;
}

/* The path of a member below dists/SUITE/, when it is of that suite; else NULL. */
static const char *path_in_suite(
	const struct import_job *job, const struct import_suite *suite, const char *name)
{
	char *directory = xasprintf("dists/%s/", suite->suite->suite);
	char *prefix = bundle_archive_name(&job->pins.items[suite->pin], directory);
	size_t len = strlen(prefix);
	bool is_inside = strncmp(name, prefix, len) == 0;

	free(prefix);
	free(directory);
	return is_inside ? name + len : NULL;
}

static bool release_lists(const struct import_job *job, const struct bundle_entry *entry)
{
	for (size_t i = 0; i < job->suite_count; i++) {
		const struct import_suite *suite = &job->suites[i];
		const char *path = path_in_suite(job, suite, entry->name);
		const struct release_file *file;

		if (!path)
			continue;
		/* What the pin knows its state by was held against the pin already. */
		if (signed_digest(suite->suite, path))
			return true;
		file = suite_release_find(&suite->release, path);
		if (file && digest_equal(&file->digest, &entry->digest) &&
			file->size == entry->size)
			return true;
	}
	return false;
}

static enum status dists_check(const struct import_job *job, struct error *err)
{
	const struct bundle_manifest *manifest = &job->reader.manifest;

	for (size_t i = 0; i < manifest->count; i++) {
		const struct bundle_entry *entry = &manifest->entries[i];

		if ((entry->class == BUNDLE_RELEASE || entry->class == BUNDLE_INDEX) &&
			!release_lists(job, entry))
			return unsigned_refuse(entry, err);
	}
	return STATUS_OK;
}

/* Without all of its indexes a pin says too little of what may be in the bundle. */
static enum status indexes_check(
	const struct import_job *job, const struct import_suite *suite, struct error *err)
{
	const struct pin *pin = &job->pins.items[suite->pin];
	struct pin_index *indexes;
	size_t count;
	enum status status = pin_indexes(pin, &suite->release, &indexes, &count, err);

	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		char *path = xasprintf("dists/%s/%s", suite->suite->suite, indexes[i].file->path);
		char *name = bundle_archive_name(pin, path);

		if (!bundle_manifest_find(&job->reader.manifest, name))
			status = error_set(err, STATUS_FORMAT,
				"it lacks %s, an index that its pin needs", name);
		free(name);
		free(path);
	}
	free(indexes);
	return status;
}

enum status import_verify_texts(struct import_job *job, struct error *err)
{
	const char *lock = job->acceptance->trust->lock;
	enum status status;

	/* Each had its turn when the last of its signed files came. */
	if (job->suite_count != job->pin_suites)
		return error_set(err, STATUS_TRUST, "not every suite of its pins was verified");
	status = texts_check(job, err);
	if (status == STATUS_OK && lock) {
		status = lock_check(lock, &job->pins, err);
		if (status == STATUS_NOT_FOUND)
			status = STATUS_OK;
	}
	if (status == STATUS_OK)
		status = times_check(job, err);
	if (status == STATUS_OK)
		status = stored_check(job, err);
	if (status == STATUS_OK)
		status = dists_check(job, err);
	for (size_t i = 0; i < job->suite_count && status == STATUS_OK; i++)
		status = indexes_check(job, &job->suites[i], err);
	return status;
}

/* Which pin a member stands below; the count of pins for none. */
static size_t pin_of(const struct import_job *job, const char *name)
{
	size_t i;

	for (i = 0; i < job->pins.count; i++) {
		char *prefix = bundle_archive_name(&job->pins.items[i], "");
		bool is_inside = strncmp(name, prefix, strlen(prefix)) == 0;

		free(prefix);
		if (is_inside)
			break;
	}
	return i;
}

enum status import_verify_pool(struct import_job *job, struct error *err)
{
	const struct bundle_manifest *manifest = &job->reader.manifest;
	struct archive_index *index;
	enum status status = archive_index_open(job->staging, &job->pins, &index, err);

	for (size_t i = 0; i < manifest->count && status == STATUS_OK; i++) {
		const struct bundle_entry *entry = &manifest->entries[i];
		struct archive_file file;
		size_t pin;

		if (entry->class != BUNDLE_POOL)
			continue;
		pin = pin_of(job, entry->name);
		if (pin == job->pins.count ||
			!archive_index_find_in(
				index, pin, bundle_archive_path(entry->name), &file) ||
			!digest_equal(&file.digest, &entry->digest) || file.size != entry->size)
			status = unsigned_refuse(entry, err);
	}
	archive_index_free(index);
	return status;
}
