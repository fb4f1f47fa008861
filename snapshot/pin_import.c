/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "snapshot/machine_answer.h"
#include "snapshot/pin.h"
#include "snapshot/trust.h"

/* Every import of every archive since 2005 is some megabytes. */
#define TIMESTAMPS_LIMIT ((uint64_t)64 * 1024 * 1024)
/* Imports looked at in one place: more than a week of them. */
#define IMPORTS_LIMIT 64

/* One place being searched. */
struct import_search {
	const struct pin_context *context;
	const char *root;
	struct pin *pin;
	struct pin found; /* the suites of the import that is looked at */
	bool is_past;	  /* a suite is newer than the pin: no later import can be it */
};

static enum status times_fetch(
	const struct import_search *search, struct time_list *times, struct error *err)
{
	const struct pin_context *context = search->context;
	char *url = xasprintf("%s/mr/timestamp/", search->root);
	json_t *answer;
	enum status status = machine_answer_get(
		context->fetcher, context->store, url, TIMESTAMPS_LIMIT, &answer, err);

	if (status == STATUS_OK &&
		machine_imports_read(
			answer, search->pin->archive, search->pin->timestamp, times, err) < 0)
		status = error_context(err, "%s", url);
	json_decref(answer);
	free(url);
	return status;
}

/* What is not the import asked for is another state, even where it looks the same. */
static enum status served_is(
	const char *served, const struct pin *pin, int64_t import, struct error *err)
{
	char time[CLOCK_TEXT_SIZE];
	int64_t timestamp;

	if (snapshot_url_timestamp(served, pin->archive, &timestamp) && timestamp == import)
		return STATUS_OK;
	clock_format_snapshot(import, time);
	return error_set(err, STATUS_TRUST,
		"the request for the import %s was led to %.400s, which is another state: refused",
		time, served);
}

/* Whether a suite that is not the locked one shows that the import comes too late. */
static enum status suite_is_past(
	struct import_search *search, struct pin_suite *suite, struct error *err)
{
	struct pin_context context = *search->context;
	struct trust_options trust = *context.trust;
	enum status status;

	/* Nothing is taken of it but its Date, if a key vouches for that, be it an expired one. */
	trust.accept_expired_key = true;
	trust.notes = NULL;
	context.trust = &trust;
	context.lock = NULL;
	status = pin_suite_verify(&context, search->pin->archive, NULL, suite, NULL, err);
	if (status == STATUS_OK && suite->date > search->pin->timestamp)
		search->is_past = true;
	return status;
}

/* STATUS_END when the import has another state of that suite. */
static enum status suite_look(struct import_search *search, int64_t import,
	const struct lock_entry *entry, struct error *err)
{
	const struct pin_context *context = search->context;
	const struct pin *pin = search->pin;
	char *base = snapshot_base(search->root, pin->archive, import), *served = NULL;
	struct pin_suite suite = {.suite = xstrdup(entry->suite)};
	struct suite_release release = {0};
	struct suite_state state;
	enum status status;

	status = pin_suite_get(context, base, pin->archive, entry, &suite, &served, err);
	state = pin_suite_state(&suite);
	if (status == STATUS_OK)
		status = served_is(served, pin, import, err);
	if (status == STATUS_NOT_FOUND) {
		/* Listed before its files are there, or of before the suite was. */
		status = STATUS_END;
	} else if (status == STATUS_OK && !suite_state_equal(&state, &entry->state)) {
		status = suite_is_past(search, &suite, err);
		if (status == STATUS_OK)
			status = STATUS_END;
	} else if (status == STATUS_OK) {
		status = pin_suite_verify(
			context, pin->archive, entry->timestamp, &suite, &release, err);
		if (status == STATUS_OK)
			status = pin_suite_check_date(pin, &suite, err);
	}
	if (status == STATUS_OK) {
		pin_take_suite(&search->found, &suite, &release);
		suite = (struct pin_suite){0};
	}
	pin_suite_release(&suite);
	suite_release_release(&release);
	free(served);
	free(base);
	return status;
}

static bool entry_is_of(const struct lock_entry *entry, const struct pin *pin)
{
	char time[CLOCK_TEXT_SIZE];

	clock_format_snapshot(pin->timestamp, time);
	return entry->captured && strcmp(entry->archive, pin->archive) == 0 &&
		strcmp(entry->timestamp, time) == 0;
}

bool pin_is_locked_captured(const struct lock *lock, const struct pin *pin)
{
	for (size_t i = 0; i < lock->count; i++) {
		if (entry_is_of(&lock->entries[i], pin))
			return true;
	}
	return false;
}

/* STATUS_END when the import is another state than the locked one. */
static enum status import_look(struct import_search *search, int64_t import, struct error *err)
{
	const struct lock *lock = search->context->lock;
	enum status status = STATUS_OK;

	pin_release(&search->found);
	for (size_t i = 0; i < lock->count && status == STATUS_OK; i++) {
		if (entry_is_of(&lock->entries[i], search->pin))
			status = suite_look(search, import, &lock->entries[i], err);
	}
	return status;
}

static void pin_take_found(struct import_search *search, int64_t import)
{
	struct pin *pin = search->pin;
	char time[CLOCK_TEXT_SIZE];

	search->found.name = pin->name;
	search->found.archive = pin->archive;
	search->found.timestamp = pin->timestamp;
	search->found.captured = true;
	search->found.import = import;
	*pin = search->found;
	search->found = (struct pin){0};
	clock_format_snapshot(import, time);
	trust_note(search->context->trust,
		"%s was captured from a mirror; the import %s of %s has the signed files that the "
		"lock file names",
		pin->name, time, search->root);
}

static enum status root_search(struct import_search *search, struct error *err)
{
	struct time_list times = {0};
	enum status status = times_fetch(search, &times, err);
	size_t looked_at = 0;

	if (status == STATUS_OK)
		status = STATUS_END;
	for (size_t i = 0; i < times.count && looked_at < IMPORTS_LIMIT && !search->is_past &&
		status == STATUS_END;
		i++) {
		if (i > 0 && times.items[i] == times.items[i - 1])
			continue;
		status = import_look(search, times.items[i], err);
		looked_at++;
		if (status == STATUS_OK)
			pin_take_found(search, times.items[i]);
	}
	if (status == STATUS_END)
		status = error_set(err, STATUS_NOT_FOUND,
			"%s has no import with the signed files that the lock file names "
			"(looked at %zu from that time on%s)",
			search->root, looked_at,
			search->is_past ? ", the last of which is newer than the pin" : "");
	pin_release(&search->found);
	free(times.items);
	return status;
}

enum status pin_import_find(const struct pin_context *context, const struct place_list *places,
	struct pin *pin, struct error *err)
{
	struct error worst = {.status = STATUS_OK};
	struct text_list roots = {0};
	enum status status = STATUS_NOT_FOUND;

	snapshot_roots_add(places, pin->archive, &roots);
	for (size_t i = 0; i < roots.count && status != STATUS_OK; i++) {
		struct import_search search = {
			.context = context, .root = roots.items[i], .pin = pin};

		status = root_search(&search, err);
		if (status < 0 && (worst.status == STATUS_OK || status == STATUS_TRUST))
			worst = *err;
	}
	text_list_release(&roots);
	if (status == STATUS_OK)
		return STATUS_OK;
	*err = worst;
	return error_context(err,
		"%s was captured from a mirror and is not in this store (%s); bring the store it "
		"was captured into, or try again later",
		pin->name, store_directory(context->store));
}
