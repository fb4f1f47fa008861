/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/drift.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/debversion.h"
#include "snapshot/pin_packages.h"

/* A row of the manifest while the indexes go by. */
struct state {
	struct text_list suites; /* "ARCHIVE SUITE" of pins that have it in its version */
	bool is_in_now;
	bool has_security;
	struct drift_package found; /* the latest of now; `now` NULL while there is none */
};

struct survey {
	const struct manifest *manifest;
	const char *architecture;
	struct state *states; /* by row */
	/* Only suites of the same releases as these count; NULL: all do. */
	const struct pin_list *related;
};

const char *drift_kind_text(enum drift_kind kind)
{
	return kind == DRIFT_NEWER ? "newer" : kind == DRIFT_OLDER ? "older" : "gone";
}

static bool ends_with(const char *text, const char *ending)
{
	size_t len = strlen(text), end = strlen(ending);

	return len >= end && strcmp(text + len - end, ending) == 0;
}

bool suite_is_security(const char *archive, const char *suite)
{
	/* Before bullseye they were called "buster/updates". */
	return ends_with(archive, "-security") || ends_with(suite, "-security") ||
		ends_with(suite, "/updates");
}

static void package_release(struct drift_package *package)
{
	free(package->now);
	free(package->source);
	free(package->source_version);
	free(package->now_source_version);
	free(package->archive);
	free(package->suite);
}

void drift_release(struct drift *drift)
{
	for (size_t i = 0; i < drift->count; i++)
		package_release(&drift->packages[i]);
	free(drift->packages);
	free(drift->unjudged);
	*drift = (struct drift){0};
}

/* ---- what the indexes say ---- */

static size_t rows_find(const struct manifest *manifest, const struct deb822_field *name)
{
	size_t low = 0, high = manifest->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *text = manifest->items[middle].name;
		int order = strncmp(text, name->value, name->value_len);

		if (order == 0)
			order = text[name->value_len] != '\0';
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_of_row(const struct survey *survey, const struct pin_package *package, size_t row)
{
	const struct manifest_package *item = &survey->manifest->items[row];
	const struct deb822_field *architecture = &package->fields[PACKAGE_ARCHITECTURE];
	/* A package may change between an architecture and "all", and stays the same one. */
	const char *own = item->architecture && strcmp(item->architecture, "all") != 0
		? item->architecture
		: survey->architecture;

	return package_field_is(architecture, own) || package_field_is(architecture, "all");
}

/* Calls `see` with each row that the package is one of. */
static void rows_see(struct survey *survey, const struct pin_package *package,
	void (*see)(const struct manifest_package *row, struct state *state,
		const struct pin_package *package))
{
	const struct deb822_field *name = &package->fields[PACKAGE_NAME];
	const struct manifest *manifest = survey->manifest;

	for (size_t i = rows_find(manifest, name);
		i < manifest->count && package_field_is(name, manifest->items[i].name); i++) {
		if (manifest->items[i].version && is_of_row(survey, package, i))
			see(&manifest->items[i], &survey->states[i], package);
	}
}

static char *suite_key(const struct pin_package *package)
{
	return xasprintf("%s %s", package->pin->archive, package->suite->suite);
}

static void pinned_see(
	const struct manifest_package *row, struct state *state, const struct pin_package *package)
{
	char *key;

	if (!package_field_is(&package->fields[PACKAGE_VERSION], row->version))
		return;
	key = suite_key(package);
	text_list_add(&state->suites, key);
	free(key);
	if (!state->found.source)
		package_source(&package->fields[PACKAGE_NAME], &package->fields[PACKAGE_VERSION],
			&package->fields[PACKAGE_SOURCE], &state->found.source,
			&state->found.source_version);
}

static bool is_automatic(const struct state *state, const struct pin_package *package)
{
	char *key = suite_key(package);
	bool is_taken = !package->is_not_automatic || text_list_contains(&state->suites, key);

	free(key);
	return is_taken;
}

static void now_see(
	const struct manifest_package *row, struct state *state, const struct pin_package *package)
{
	struct drift_package *found = &state->found;
	bool is_security = suite_is_security(package->pin->archive, package->suite->suite);
	char *version, *source;
	int order;

	if (!is_automatic(state, package))
		return;
	state->is_in_now = true;
	version = deb822_text(&package->fields[PACKAGE_VERSION]);
	state->has_security |= is_security && debversion_compare(version, row->version) > 0;
	order = found->now ? debversion_compare(version, found->now) : 1;
	/* Of one version in several suites, the security archive's is named. */
	if (order < 0 ||
		(order == 0 &&
			!(is_security && !suite_is_security(found->archive, found->suite)))) {
		free(version);
		return;
	}
	free(found->now);
	free(found->now_source_version);
	free(found->archive);
	free(found->suite);
	found->now = version;
	package_source(&package->fields[PACKAGE_NAME], &package->fields[PACKAGE_VERSION],
		&package->fields[PACKAGE_SOURCE], &source, &found->now_source_version);
	if (found->source)
		free(source);
	else
		found->source = source;
	found->archive = xstrdup(package->pin->archive);
	found->suite = xstrdup(package->suite->suite);
}

/* "bookworm" of "bookworm-security", "buster" of "buster/updates". */
static size_t release_len(const char *suite)
{
	return strcspn(suite, "-/");
}

static bool is_of_releases(const char *suite, const struct pin_list *pins)
{
	size_t len = release_len(suite);

	for (size_t i = 0; i < pins->count; i++) {
		for (size_t j = 0; j < pins->items[i].suite_count; j++) {
			const char *pinned = pins->items[i].suites[j].suite;

			if (release_len(pinned) == len && strncmp(pinned, suite, len) == 0)
				return true;
		}
	}
	return false;
}

static enum status pinned_visit(void *context, const struct pin_package *package, struct error *err)
{
	(void)err;
	rows_see(context, package, pinned_see);
	return STATUS_OK;
}

static enum status now_visit(void *context, const struct pin_package *package, struct error *err)
{
	struct survey *survey = context;

	(void)err;
	if (!survey->related || is_of_releases(package->suite->suite, survey->related))
		rows_see(survey, package, now_see);
	return STATUS_OK;
}

/* ---- what comes of it ---- */

/* How a package stands; false when that cannot be said. */
static bool row_judge(const struct manifest_package *row, struct state *state, bool *has_drifted)
{
	struct drift_package *found = &state->found;
	bool is_pinned = state->suites.count > 0;
	int order;

	*has_drifted = true;
	found->package = row;
	found->is_security = state->has_security;
	if (!state->is_in_now) {
		found->kind = DRIFT_GONE;
		return is_pinned;
	}
	order = debversion_compare(found->now, row->version);
	*has_drifted = order != 0;
	found->kind = order > 0 ? DRIFT_NEWER : DRIFT_OLDER;
	return is_pinned || order > 0;
}

static int texts_compare(const char *a, const char *b)
{
	return !a || !b ? (a != NULL) - (b != NULL) : strcmp(a, b);
}

/* 0 when both are one line of a report. */
static int sources_compare(const struct drift_package *a, const struct drift_package *b)
{
	int order = strcmp(a->source, b->source);

	if (order == 0)
		order = (int)a->kind - (int)b->kind;
	if (order == 0)
		order = texts_compare(a->source_version, b->source_version);
	if (order == 0)
		order = texts_compare(a->now_source_version, b->now_source_version);
	return order ? order : texts_compare(a->suite, b->suite);
}

bool drift_is_one_source(const struct drift_package *a, const struct drift_package *b)
{
	return sources_compare(a, b) == 0;
}

static int packages_compare(const void *a, const void *b)
{
	const struct drift_package *left = a, *right = b;
	int order = sources_compare(left, right);

	if (order == 0)
		order = strcmp(left->package->name, right->package->name);
	return order ? order : (left->package > right->package) - (left->package < right->package);
}

static void sources_count(struct drift *drift)
{
	bool is_counted = false;

	for (size_t i = 0; i < drift->count; i++) {
		const struct drift_package *package = &drift->packages[i];

		if (i == 0 || strcmp(package->source, drift->packages[i - 1].source) != 0) {
			drift->source_count++;
			is_counted = false;
		}
		if (package->is_security && !is_counted) {
			drift->security_count++;
			is_counted = true;
		}
	}
}

static void survey_judge(struct survey *survey, struct drift *drift)
{
	for (size_t i = 0; i < survey->manifest->count; i++) {
		const struct manifest_package *row = &survey->manifest->items[i];
		struct state *state = &survey->states[i];
		bool has_drifted = false;

		if (!row->version || !row_judge(row, state, &has_drifted)) {
			ARRAY_GROW(
				drift->unjudged, drift->unjudged_count, drift->unjudged_capacity);
			drift->unjudged[drift->unjudged_count++] = row;
			continue;
		}
		drift->judged++;
		if (!has_drifted)
			continue;
		if (!state->found.source_version && row->source_version)
			state->found.source_version = xstrdup(row->source_version);
		ARRAY_GROW(drift->packages, drift->count, drift->capacity);
		drift->packages[drift->count++] = state->found;
		state->found = (struct drift_package){0};
	}
	if (drift->count)
		qsort(drift->packages, drift->count, sizeof(drift->packages[0]), packages_compare);
	sources_count(drift);
}

static bool has_suite(const struct pin_list *pins, const char *archive, const char *suite)
{
	for (size_t i = 0; i < pins->count; i++) {
		const struct pin *pin = &pins->items[i];

		for (size_t j = 0; j < pin->suite_count && strcmp(pin->archive, archive) == 0;
			j++) {
			if (strcmp(pin->suites[j].suite, suite) == 0)
				return true;
		}
	}
	return false;
}

/* A suite that is not there now would make all of its packages look as if nothing were newer. */
static enum status suites_check(
	const struct pin_list *pins, const struct pin_list *now, struct error *err)
{
	for (size_t i = 0; i < pins->count; i++) {
		const struct pin *pin = &pins->items[i];

		for (size_t j = 0; j < pin->suite_count; j++) {
			if (!has_suite(now, pin->archive, pin->suites[j].suite))
				return error_set(err, STATUS_NOT_FOUND,
					"%s has the suite %s of %s, and what stands for now does "
					"not; name a pin that does with --now, or an apt "
					"configuration with --apt",
					pin->name, pin->suites[j].suite, pin->archive);
		}
	}
	return STATUS_OK;
}

enum status snapshot_drift(struct store *store, const struct pin_list *pins,
	const struct pin_list *now, bool is_captured, const char *architecture,
	const struct manifest *manifest, struct drift *drift, struct error *err)
{
	struct survey survey = {.manifest = manifest,
		.architecture = architecture,
		.related = is_captured ? pins : NULL};
	struct text_list architectures = {0};
	enum status status = suites_check(pins, now, err);

	*drift = (struct drift){0};
	text_list_add(&architectures, architecture);
	survey.states = xcalloc(manifest->count + 1, sizeof(survey.states[0]));
	if (status == STATUS_OK)
		status = pin_packages_visit(
			store, pins, &architectures, false, pinned_visit, &survey, err);
	if (status == STATUS_OK)
		status = pin_packages_visit(
			store, now, &architectures, false, now_visit, &survey, err);
	if (status == STATUS_OK)
		survey_judge(&survey, drift);
	if (status == STATUS_OK && drift->judged == 0)
		status = error_set(err, STATUS_NOT_FOUND,
			"none of the %zu packages of the list is in the pins or in what stands for "
			"now; nothing was judged",
			manifest->count);
	for (size_t i = 0; i < manifest->count; i++) {
		package_release(&survey.states[i].found);
		text_list_release(&survey.states[i].suites);
	}
	free(survey.states);
	text_list_release(&architectures);
	return status;
}
