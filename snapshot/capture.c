/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "snapshot/pin.h"
#include "snapshot/trust.h"

struct capture {
	struct pin_context context;
	const struct capture_request *request;
	struct place_list places; /* the request's, then those of the entries */
	struct fetcher *doubtful; /* asks once: for what may not be Debian at all */
	struct text_list architectures;
	struct pin_list pins;
};

static void note_skipped(
	const struct capture *capture, const struct apt_suite *item, const char *why)
{
	trust_note(&capture->request->trust, "%s %s: left out: %s", item->url, item->suite, why);
}

/*
 * Whether trouble with the entry is trouble with the pin: true for what Debian publishes; other
 * vendors' entries that cannot be had, or that other keys have signed, are left out and named.
 */
static bool entry_counts(const struct apt_suite *item)
{
	return archive_is_debian(item->archive);
}

/* Signed-By of another vendor: nothing that Debian's keys could vouch for. */
static bool entry_is_of_others(const struct capture *capture, const struct apt_suite *item)
{
	return !capture->request->trust.keyring && item->signed_by &&
		strncmp(path_basename(item->signed_by), "debian-archive-", 15) != 0 &&
		item->signed_by[0] == '/';
}

static struct pin *pin_of(struct capture *capture, const char *archive)
{
	struct pin pin = {.captured = true};
	struct pin_list *pins = &capture->pins;

	for (size_t i = 0; i < pins->count; i++) {
		if (strcmp(pins->items[i].archive, archive) == 0)
			return &pins->items[i];
	}
	pin.archive = xstrdup(archive);
	for (size_t i = 0; i < capture->architectures.count; i++)
		text_list_add(&pin.architectures, capture->architectures.items[i]);
	ARRAY_GROW(pins->items, pins->count, pins->capacity);
	pins->items[pins->count] = pin;
	return &pins->items[pins->count++];
}

static enum status components_add(struct pin *pin, const struct apt_suite *item,
	const struct suite_release *release, struct error *err)
{
	for (size_t i = 0; i < item->components.count; i++) {
		const char *component = item->components.items[i];

		if (!suite_release_has_component(release, component))
			return error_set(err, STATUS_TRUST,
				"%s %s: the apt sources name the component %s, its Release does "
				"not",
				item->archive, item->suite, component);
		text_list_add(&pin->components, component_directory(component));
	}
	text_list_sort(&pin->components);
	text_list_unique(&pin->components);
	return STATUS_OK;
}

static void places_choose(struct capture *capture, const struct apt_suite_list *suites)
{
	const struct place_list *asked = capture->request->places;

	for (size_t i = 0; asked && i < asked->count; i++)
		place_list_add(&capture->places, asked->items[i].archive, asked->items[i].url);
	for (size_t i = 0; i < suites->count; i++)
		place_list_add(&capture->places, suites->items[i].archive, suites->items[i].url);
}

/* The InRelease of the entry from the first place whose one holds. */
static enum status entry_fetch(struct capture *capture, const struct apt_suite *item,
	struct pin_suite *suite, struct suite_release *release, struct error *err)
{
	struct text_list bases = {0};
	struct error worst = {.status = STATUS_OK};
	struct pin_context context = capture->context;
	enum status status = STATUS_NETWORK;

	if (!entry_counts(item))
		context.fetcher = capture->doubtful;
	mirror_bases_add(&capture->places, item->archive, &bases);
	for (size_t i = 0; i < bases.count && status != STATUS_OK; i++) {
		char *served = NULL;

		status = pin_suite_fetch(&context, bases.items[i], item->archive, NULL, item->suite,
			suite, release, &served, err);
		free(served);
		if (status == STATUS_OK)
			break;
		error_context(err, "%s", bases.items[i]);
		if (worst.status == STATUS_OK || status == STATUS_TRUST)
			worst = *err;
	}
	text_list_release(&bases);
	if (status == STATUS_OK && worst.status != STATUS_OK)
		trust_note(&capture->request->trust, "another place was taken: %s", worst.text);
	else if (status != STATUS_OK)
		*err = worst;
	return status;
}

static bool state_is_same(const struct pin_suite *a, const struct pin_suite *b)
{
	struct suite_state state[2] = {pin_suite_state(a), pin_suite_state(b)};

	return suite_state_equal(&state[0], &state[1]);
}

static enum status entry_capture(
	struct capture *capture, const struct apt_suite *item, struct error *err)
{
	struct suite_release release = {0};
	struct pin_suite suite = {0};
	enum status status;
	struct pin *pin;

	if (entry_is_of_others(capture, item)) {
		note_skipped(capture, item, "signed by another vendor's key");
		return STATUS_OK;
	}
	status = entry_fetch(capture, item, &suite, &release, err);
	if (status < 0 && status != STATUS_CLOCK && !entry_counts(item)) {
		note_skipped(capture, item, err->text);
		return STATUS_OK;
	}
	if (status < 0)
		return status;
	pin = pin_of(capture, item->archive);
	status = components_add(pin, item, &release, err);
	if (status == STATUS_OK && !pin_find_suite(pin, item->suite)) {
		pin_add_suite(pin, &suite);
		suite = (struct pin_suite){0};
	} else if (status == STATUS_OK &&
		!state_is_same(pin_find_suite(pin, item->suite), &suite)) {
		status = error_set(err, STATUS_CONFLICT,
			"%s %s changed while it was captured: try again", item->archive,
			item->suite);
	}
	pin_suite_release(&suite);
	suite_release_release(&release);
	return status;
}

static void pin_set_name(struct pin *pin)
{
	for (size_t i = 0; i < pin->suite_count; i++) {
		if (pin->suites[i].date > pin->timestamp)
			pin->timestamp = pin->suites[i].date;
	}
	pin->name = pin_name_format(pin->archive, pin->timestamp);
}

/* What the store's pin of that name has besides was verified once; it is verified again. */
static enum status added_verify(struct capture *capture, struct pin *pin, struct error *err)
{
	for (size_t i = 0; i < pin->suite_count; i++) {
		struct pin_suite *suite = &pin->suites[i];

		if (!suite->signer &&
			pin_suite_verify(&capture->context, pin->archive, NULL, suite, NULL, err) <
				0)
			return err->status;
	}
	return STATUS_OK;
}

static enum status pin_merge_stored(struct capture *capture, struct pin *pin, struct error *err)
{
	struct pin stored = {0};
	enum status status = pin_file_read(capture->context.store, pin->name, &stored, err);

	if (status == STATUS_NOT_FOUND)
		return STATUS_OK;
	if (status == STATUS_OK)
		status = pin_merge(pin, &stored, err);
	pin_release(&stored);
	return status == STATUS_OK ? added_verify(capture, pin, err) : status;
}

static enum status pin_finish(struct capture *capture, struct pin *pin, struct error *err)
{
	struct text_list bases = {0};
	enum status status;

	pin_set_name(pin);
	status = pin_merge_stored(capture, pin, err);
	mirror_bases_add(&capture->places, pin->archive, &bases);
	snapshot_bases_add(&capture->places, pin, &bases);
	while (status == STATUS_OK) {
		status = pin_fetch_indexes(&capture->context, pin, &bases, err);
		if (status == STATUS_OK)
			status = pin_file_update(capture->context.store, pin, err);
		if (status != STATUS_END)
			break;
		status = added_verify(capture, pin, err);
	}
	text_list_release(&bases);
	return status;
}

static enum status architectures_choose(struct capture *capture, struct error *err)
{
	const struct text_list *asked = &capture->request->architectures;
	char *own = NULL;
	enum status status;

	for (size_t i = 0; i < asked->count; i++)
		text_list_add(&capture->architectures, asked->items[i]);
	if (asked->count) {
		text_list_sort(&capture->architectures);
		text_list_unique(&capture->architectures);
		return STATUS_OK;
	}
	status = dpkg_architecture(&own, err);
	if (status == STATUS_OK)
		text_list_add(&capture->architectures, own);
	free(own);
	return status;
}

static enum status capture_run(
	struct capture *capture, const struct apt_suite_list *suites, struct error *err)
{
	enum status status = architectures_choose(capture, err);

	places_choose(capture, suites);
	for (size_t i = 0; i < suites->count && status == STATUS_OK; i++)
		status = entry_capture(capture, &suites->items[i], err);
	if (status == STATUS_OK && capture->pins.count == 0)
		status = error_set(err, STATUS_NOT_FOUND,
			"%s names no archive that the keyring vouches for; nothing was captured",
			capture->request->etc_apt);
	for (size_t i = 0; i < capture->pins.count && status == STATUS_OK; i++)
		status = pin_finish(capture, &capture->pins.items[i], err);
	return status;
}

enum status snapshot_capture(struct store *store, struct fetcher *fetcher,
	const struct capture_request *request, struct pin_list *pins, struct error *err)
{
	struct capture capture = {
		.context = {.store = store, .fetcher = fetcher, .trust = &request->trust},
		.request = request,
	};
	struct fetch_options once = {
		.connections = 1, .attempts = 1, .retry_seconds = 1, .timeout_seconds = 10};
	struct apt_suite_list suites = {0};
	enum status status = apt_suite_list_read(request->etc_apt, &suites, err);

	if (status == STATUS_OK)
		status = fetcher_new(&once, &capture.doubtful, err);
	if (status == STATUS_OK)
		status = capture_run(&capture, &suites, err);
	for (size_t i = 0; i < capture.pins.count && status == STATUS_OK; i++) {
		ARRAY_GROW(pins->items, pins->count, pins->capacity);
		pins->items[pins->count++] = capture.pins.items[i];
		capture.pins.items[i] = (struct pin){0};
	}
	pin_list_release(&capture.pins);
	text_list_release(&capture.architectures);
	place_list_release(&capture.places);
	fetcher_free(capture.doubtful);
	apt_suite_list_release(&suites);
	return status;
}
