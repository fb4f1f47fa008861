/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/pin.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "snapshot/trust.h"

#define ETC_APT "/etc/apt"

/* A pin that is being made or read. */
struct pin_job {
	struct pin_context context;
	const struct place_list *places;
	const char *name;	 /* as it was asked for */
	struct text_list suites; /* that were asked for; empty: all */
	struct lock lock;
	struct pin pin;
	bool is_changed; /* the store's pin file does not say it yet */
};

static void list_sort_unique(struct text_list *list)
{
	text_list_sort(list);
	text_list_unique(list);
}

static void list_add_all(struct text_list *list, const struct text_list *other)
{
	for (size_t i = 0; i < other->count; i++)
		text_list_add(list, other->items[i]);
	list_sort_unique(list);
}

static enum status stored_verify(struct pin_job *job, struct error *err)
{
	struct pin *pin = &job->pin;
	char time[CLOCK_TEXT_SIZE];

	clock_format_snapshot(pin->timestamp, time);
	for (size_t i = 0; i < pin->suite_count; i++) {
		struct pin_suite *suite = &pin->suites[i];
		char *origin, *codename;
		bool is_same;

		origin = xstrdup(suite->origin);
		codename = xstrdup(suite->codename);
		if (pin_suite_verify(&job->context, pin->archive, time, suite, NULL, err) < 0 ||
			pin_suite_check_date(pin, suite, err) < 0) {
			free(origin);
			free(codename);
			return err->status;
		}
		is_same = strcmp(origin, suite->origin) == 0 &&
			strcmp(codename, suite->codename) == 0;
		free(origin);
		free(codename);
		if (!is_same)
			return error_set(err, STATUS_TRUST,
				"%s: the pin file and the Release of %s name another origin",
				pin->name, suite->suite);
	}
	return STATUS_OK;
}

/* Which suites a pin that is not here yet shall have. */
static enum status suites_choose(struct pin_job *job, struct text_list *names, struct error *err)
{
	const char *etc_apt = job->context.trust->etc_apt ? job->context.trust->etc_apt : ETC_APT;
	struct apt_suite_list apt = {0};
	enum status status = STATUS_OK;

	list_add_all(names, &job->suites);
	for (size_t i = 0; i < job->lock.count && job->suites.count == 0; i++) {
		if (strcmp(job->lock.entries[i].archive, job->pin.archive) == 0)
			text_list_add(names, job->lock.entries[i].suite);
	}
	if (names->count)
		return STATUS_OK;
	status = apt_suite_list_read(etc_apt, &apt, err);
	for (size_t i = 0; i < apt.count && status == STATUS_OK; i++) {
		if (strcmp(apt.items[i].archive, job->pin.archive) == 0)
			text_list_add(names, apt.items[i].suite);
	}
	apt_suite_list_release(&apt);
	list_sort_unique(names);
	if (status == STATUS_OK && names->count == 0)
		status = error_set(err, STATUS_USAGE,
			"%s is not in the store, and nothing says which suites it shall have; "
			"name them: %s:bookworm,bookworm-updates",
			job->name, job->pin.name);
	if (status == STATUS_OK)
		trust_note(job->context.trust, "%s: the suites are those of the apt sources in %s",
			job->pin.name, etc_apt);
	return status;
}

/*
 * What came may be another time's: on first use it is taken and said, else refused (trust T12).
 * `moved` is the pin by the name and time that were served; the caller frees moved->name.
 */
static enum status served_check(const struct pin_job *job, const char *served, bool is_first,
	struct pin *moved, struct error *err)
{
	const struct pin *pin = &job->pin;

	if (!snapshot_url_timestamp(served, pin->archive, &moved->timestamp))
		return error_set(err, STATUS_TRUST,
			"%s: the request was led to %s, which is no snapshot: refused", pin->name,
			served);
	free(moved->name);
	moved->name = pin_name_format(pin->archive, moved->timestamp);
	if (moved->timestamp != pin->timestamp && (!is_first || job->lock.count))
		return error_set(err, STATUS_TRUST, "%s: the request was led to %s%s: refused",
			pin->name, moved->name,
			is_first ? ", and the lock file has another" : " half-way");
	return STATUS_OK;
}

/* Only what holds as a whole may change what the pin is called: another place may be asked yet. */
static void pin_take_served(struct pin_job *job, const struct pin *moved,
	const struct pin_suite *suite, const struct suite_release *release)
{
	struct pin *pin = &job->pin;

	if (moved->timestamp != pin->timestamp) {
		trust_note(job->context.trust, "%s is served as %s; that is what was pinned",
			pin->name, moved->name);
		free(pin->name);
		pin->name = xstrdup(moved->name);
		pin->timestamp = moved->timestamp;
	}
	pin_take_suite(pin, suite, release);
	job->is_changed = true;
}

static enum status suite_fetch_from(
	struct pin_job *job, const char *base, const char *name, bool is_first, struct error *err)
{
	struct pin *pin = &job->pin;
	struct pin moved = *pin; /* borrowed, but for its name */
	struct suite_release release = {0};
	struct pin_suite suite = {0};
	char time[CLOCK_TEXT_SIZE];
	char *served = NULL;
	enum status status;

	moved.name = NULL;
	clock_format_snapshot(pin->timestamp, time);
	status = pin_suite_fetch(
		&job->context, base, pin->archive, time, name, &suite, &release, &served, err);
	if (status == STATUS_OK)
		status = served_check(job, served, is_first, &moved, err);
	if (status == STATUS_OK)
		status = pin_suite_check_date(&moved, &suite, err);
	if (status == STATUS_OK)
		pin_take_served(job, &moved, &suite, &release);
	else
		pin_suite_release(&suite);
	suite_release_release(&release);
	free(moved.name);
	free(served);
	return status;
}

/* From the first place that has it; a place that gives what does not hold is no reason to stop. */
static enum status suite_fetch(
	struct pin_job *job, const char *name, bool is_first, struct error *err)
{
	struct text_list bases = {0};
	struct error worst = {.status = STATUS_OK};
	enum status status = STATUS_NETWORK;

	if (pin_find_suite(&job->pin, name))
		return STATUS_OK;
	if (!job->context.fetcher)
		return error_set(err, STATUS_NOT_FOUND,
			"%s (%s) is not in the store, and this is offline", job->pin.name, name);
	snapshot_bases_add(job->places, &job->pin, &bases);
	for (size_t i = 0; i < bases.count && status != STATUS_OK; i++) {
		status = suite_fetch_from(job, bases.items[i], name, is_first, err);
		if (status < 0 && (worst.status == STATUS_OK || status == STATUS_TRUST))
			worst = *err;
	}
	text_list_release(&bases);
	if (status == STATUS_OK)
		return STATUS_OK;
	*err = worst;
	return error_context(err, "%s (%s) is not in the store (%s) and cannot be fetched",
		job->pin.name, name, store_directory(job->context.store));
}

static enum status architectures_default(struct pin *pin, struct error *err)
{
	char *architecture = NULL;
	enum status status = STATUS_OK;

	if (pin->architectures.count == 0)
		status = dpkg_architecture(&architecture, err);
	if (architecture)
		text_list_add(&pin->architectures, architecture);
	free(architecture);
	return status;
}

static enum status suites_fetch(struct pin_job *job, struct error *err)
{
	struct text_list names = {0};
	enum status status = suites_choose(job, &names, err);

	for (size_t i = 0; i < names.count && status == STATUS_OK; i++)
		status = suite_fetch(job, names.items[i], i == 0 && !job->pin.suite_count, err);
	text_list_release(&names);
	return status == STATUS_OK ? architectures_default(&job->pin, err) : status;
}

/* What the store lacks; a captured state that is locked can only be found by its digests. */
static enum status absent_fetch(struct pin_job *job, struct error *err)
{
	struct pin *pin = &job->pin;
	enum status status;

	if (!pin_is_locked_captured(&job->lock, pin))
		return suites_fetch(job, err);
	if (!job->context.fetcher)
		return error_set(err, STATUS_NOT_FOUND,
			"%s was captured from a mirror and is not in this store (%s), and this is "
			"offline; bring the store it was captured into, or leave out --offline",
			pin->name, store_directory(job->context.store));
	status = pin_import_find(&job->context, job->places, pin, err);
	job->is_changed = true;
	return status == STATUS_OK ? architectures_default(pin, err) : status;
}

/* The suites asked for that a pin of the store does not have yet. */
static enum status stored_complete(struct pin_job *job, struct error *err)
{
	const struct pin *pin = &job->pin;

	for (size_t i = 0; i < job->suites.count && pin->captured; i++) {
		if (!pin_find_suite(pin, job->suites.items[i]))
			return error_set(err, STATUS_NOT_FOUND,
				"%s was captured without %s; see reproof snapshot list", pin->name,
				job->suites.items[i]);
	}
	return job->suites.count ? suites_fetch(job, err) : STATUS_OK;
}

static enum status pin_read_or_fetch(struct pin_job *job, struct error *err)
{
	struct pin *pin = &job->pin, stored = {0};
	enum status status;
	int64_t asked;

	status = pin_name_parse(job->name, &pin->archive, &pin->timestamp, &job->suites, err);
	if (status < 0)
		return status;
	asked = pin->timestamp;
	pin->name = pin_name_format(pin->archive, pin->timestamp);
	status = pin_file_read(job->context.store, pin->name, &stored, err);
	if (status == STATUS_OK) {
		pin_release(pin);
		*pin = stored;
		status = pin_signed_files_complete(&job->context, pin, job->places, err);
		if (status == STATUS_OK)
			status = stored_verify(job, err);
	} else if (status == STATUS_NOT_FOUND) {
		status = absent_fetch(job, err);
	}
	if (status == STATUS_OK)
		status = stored_complete(job, err);
	if (status == STATUS_OK && pin->timestamp != asked) {
		status = pin_file_read(job->context.store, pin->name, &stored, err);
		if (status == STATUS_OK)
			status = pin_merge(pin, &stored, err);
		else if (status == STATUS_NOT_FOUND)
			status = STATUS_OK;
		pin_release(&stored);
		if (status == STATUS_OK)
			status = stored_verify(job, err);
	}
	return status;
}

/* Drops the suites that were not asked for. */
static void pin_restrict(struct pin *pin, const struct text_list *suites)
{
	size_t kept = 0;

	for (size_t i = 0; i < pin->suite_count && suites->count; i++) {
		if (text_list_contains(suites, pin->suites[i].suite))
			pin->suites[kept++] = pin->suites[i];
		else
			pin_suite_release(&pin->suites[i]);
	}
	if (suites->count)
		pin->suite_count = kept;
}

enum status pin_check_overlap(const struct pin_list *pins, const struct pin *pin, struct error *err)
{
	for (size_t i = 0; i < pins->count; i++) {
		const struct pin *other = &pins->items[i];

		if (strcmp(other->archive, pin->archive) != 0)
			continue;
		for (size_t j = 0; j < pin->suite_count; j++) {
			if (pin_find_suite(other, pin->suites[j].suite))
				return error_set(err, STATUS_USAGE,
					"the pins %s and %s both hold %s: one time for each suite",
					other->name, pin->name, pin->suites[j].suite);
		}
	}
	return STATUS_OK;
}

static enum status lock_read_if_there(struct pin_job *job, struct error *err)
{
	enum status status;

	if (!job->context.trust->lock)
		return STATUS_OK;
	status = lock_read(job->context.trust->lock, &job->lock, err);
	if (status == STATUS_NOT_FOUND)
		return STATUS_OK;
	job->context.lock = &job->lock;
	return status;
}

/* The file of a pin names nothing that the store does not have. */
static enum status changed_store(
	struct pin_job *job, const struct text_list *bases, struct error *err)
{
	enum status status;

	do {
		status = pin_fetch_indexes(&job->context, &job->pin, bases, err);
		if (status == STATUS_OK)
			status = pin_file_update(job->context.store, &job->pin, err);
		if (status == STATUS_END && stored_verify(job, err) < 0)
			return err->status;
	} while (status == STATUS_END);
	return status;
}

enum status snapshot_pin(struct store *store, struct fetcher *fetcher,
	const struct place_list *places, const struct trust_options *trust, const char *name,
	struct pin_list *pins, struct error *err)
{
	struct pin_job job = {
		.context = {.store = store, .fetcher = fetcher, .trust = trust},
		.places = places,
		.name = name,
	};
	struct text_list bases = {0};
	enum status status = lock_read_if_there(&job, err);

	if (status == STATUS_OK)
		status = pin_read_or_fetch(&job, err);
	if (status == STATUS_OK) {
		mirror_bases_add(places, job.pin.archive, &bases);
		snapshot_bases_add(places, &job.pin, &bases);
	}
	if (status == STATUS_OK && job.is_changed)
		status = changed_store(&job, &bases, err);
	if (status == STATUS_OK) {
		pin_restrict(&job.pin, &job.suites);
		status = pin_check_overlap(pins, &job.pin, err);
	}
	/* Of a pin that was there, only what is used has to be whole. */
	if (status == STATUS_OK && !job.is_changed)
		status = pin_fetch_indexes(&job.context, &job.pin, &bases, err);
	if (status == STATUS_OK) {
		ARRAY_GROW(pins->items, pins->count, pins->capacity);
		pins->items[pins->count++] = job.pin;
		job.pin = (struct pin){0};
	}
	pin_release(&job.pin);
	text_list_release(&job.suites);
	text_list_release(&bases);
	lock_release(&job.lock);
	return status;
}
