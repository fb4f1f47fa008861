/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/coverage_make.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "verifier/coverage/coverage_list.h"

/* The pins, and each of their suites by the digest of what was signed. */
static void pins_note(const struct pin_list *pins, struct coverage *coverage)
{
	struct buffer names = {0};

	for (size_t p = 0; p < pins->count; p++) {
		const struct pin *pin = &pins->items[p];

		buffer_add_format(&names, "%s%s", p ? "," : "", pin->name);
		for (size_t s = 0; s < pin->suite_count; s++) {
			const struct pin_suite *suite = &pin->suites[s];
			char *name = xasprintf("%s %s", pin->name, suite->suite);

			coverage_add_input(coverage, "pin", name, &suite->release, suite->date);
			free(name);
		}
	}
	coverage->pins = buffer_detach(&names);
}

/* What the solver adds to the binary packages that the list names. */
static enum status closure_add(const struct coverage_request *request,
	const struct coverage_place *place, const struct coverage_listing *listing,
	struct coverage *coverage, struct error *err)
{
	struct text_list wanted = {0};
	struct solution solution = {0};
	enum status status;

	for (size_t i = 0; i < coverage->count; i++) {
		const struct coverage_package *row = &coverage->packages[i];

		for (size_t b = 0; b < row->binary_count && row->state >= ROW_PINNED; b++)
			text_list_add(&wanted, row->binaries[b].name);
	}
	if (wanted.count == 0) {
		text_list_release(&wanted);
		return error_set(err, STATUS_USAGE,
			"--closure: the list names no binary package of the pins, and only these "
			"depend on others");
	}
	text_list_sort(&wanted);
	text_list_unique(&wanted);
	status = snapshot_solve(
		place->store, place->pins, request->architecture, &wanted, &solution, err);
	for (size_t i = 0; status == STATUS_OK && i < solution.count; i++)
		coverage_binary_add(listing, solution.packages[i].name,
			solution.packages[i].version, solution.packages[i].architecture, coverage);
	solution_release(&solution);
	text_list_release(&wanted);
	return status;
}

/* Nothing but that no pin has them says that they were built for the image. */
static void note_self_built(struct coverage *coverage)
{
	struct buffer text = {0};
	size_t count = 0;

	for (size_t i = 0; i < coverage->count; i++) {
		const struct coverage_package *row = &coverage->packages[i];

		if (row->state != ROW_SELF_BUILT ||
			(row->version && version_is_local(row->version)))
			continue;
		buffer_add_format(&text, "%s%s", count++ ? ", " : "", row->source);
	}
	if (count > 0) {
		char *note = xasprintf(
			"no pin has %s: taken to be built for the image; where they are of an "
			"archive, pin it as well",
			buffer_text(&text));

		text_list_add(&coverage->notes, note);
		free(note);
	}
	buffer_release(&text);
}

/* What was not read of an image may have held more packages. */
static void note_not_whole(const struct package_list *list, struct coverage *coverage)
{
	char *note;

	if (!list || list->is_whole)
		return;
	note = xasprintf("%s was not read whole: it may have more packages", list->path);
	text_list_add(&coverage->notes, note);
	free(note);
}

static enum status list_take(const struct coverage_request *request,
	const struct coverage_place *place, const struct source_catalog *catalog,
	struct coverage *coverage, struct error *err)
{
	const struct coverage_listing listing = {.catalog = catalog,
		.pins = place->pins,
		.list = request->list,
		.image = request->image};
	size_t known = 0;

	coverage_add_input(coverage, "list", request->list->path, &request->list->digest, 0);
	if (request->image)
		coverage_add_input(
			coverage, "image", request->image->path, &request->image->digest, 0);
	for (size_t i = 0; i < request->list->packages.notes.count; i++)
		text_list_add(&coverage->notes, request->list->packages.notes.items[i]);
	note_not_whole(request->list, coverage);
	note_not_whole(request->image, coverage);
	if (coverage_list_add(&listing, coverage, err) < 0)
		return err->status;
	for (size_t i = 0; i < coverage->count; i++)
		known += coverage->packages[i].state >= ROW_PINNED;
	note_self_built(coverage);
	if (known == 0 && !request->may_be_unknown)
		return error_set(err, STATUS_NOT_FOUND,
			"none of the %zu packages of %s is in the pins; are these the pins of that "
			"list?",
			request->list->packages.count, request->list->path);
	return request->is_closed ? closure_add(request, place, &listing, coverage, err)
				  : STATUS_OK;
}

static void claims_copy(const struct claim_list *from, struct claim_list *to)
{
	for (size_t i = 0; i < from->count; i++)
		claim_add(to, from->items[i].has_sha256 ? &from->items[i].sha256 : NULL,
			from->items[i].where, 0, "%s", from->items[i].text);
}

/* What a build log shows can lower what the source says, and never raise it (trust T19). */
static void log_overrule(struct coverage_package *row)
{
	const char *ran = row->data.log_ran;

	if (ran && row->facts && strcmp(ran, "failed") == 0 &&
		row->facts->failure_fatal == FATAL_YES) {
		row->facts->failure_fatal = FATAL_NO;
		claim_add(&row->claims, &row->data.log_sha256, row->data.log_name, 0,
			"tests failed and the build ended well, whatever its source says");
	}
	if (!ran || !row->facts || row->facts->run_at_build < RUN_PARTIAL ||
		(strcmp(ran, "nothing") != 0 && strcmp(ran, "no-step") != 0))
		return;
	row->facts->run_at_build = RUN_VACUOUS;
	row->facts->failure_fatal = FATAL_NOT_APPLICABLE;
	claim_add(&row->claims, &row->data.log_sha256, row->data.log_name, 0,
		"the build is taken to run no tests, whatever its source says: a log of it shows "
		"that none ran");
}

static void grade(struct coverage *coverage)
{
	for (size_t i = 0; i < coverage->count; i++) {
		struct coverage_package *row = &coverage->packages[i];

		log_overrule(row);
		row->class = coverage_class(row->state == ROW_SELF_BUILT, row->facts);
		row->confirmed = coverage_confirmed(row->class, &row->results);
	}
}

/* Decisions are by source; a list that has two versions of one decides both. */
static enum status decide(
	const struct coverage_request *request, struct coverage *coverage, struct error *err)
{
	struct decision_subject *subjects;
	int64_t now = clock_now();

	if (!request->decisions)
		return STATUS_OK;
	if (decisions_read(request->decisions, &coverage->decisions, err) < 0)
		return err->status;
	coverage_add_input(
		coverage, "decisions", coverage->decisions.path, &coverage->decisions.digest, 0);
	subjects = xcalloc(coverage->count + 1, sizeof(subjects[0]));
	for (size_t i = 0; i < coverage->count; i++) {
		struct coverage_package *row = &coverage->packages[i];

		subjects[i] = (struct decision_subject){row->source, row->class, row->version};
		row->decision = decision_find(&coverage->decisions, row->source);
		row->is_decided =
			row->decision && decision_counts(row->decision, &subjects[i], now);
		if (row->decision) {
			char *where =
				xasprintf("%s:%u", coverage->decisions.path, row->decision->line);

			claim_add(&row->claims, &coverage->decisions.digest, where, 0,
				"decided by %s on %s: %s", row->decision->owner,
				row->decision->date, row->decision->decision);
			free(where);
		}
	}
	decisions_stale(&coverage->decisions, subjects, coverage->count, now, &coverage->stale);
	free(subjects);
	return STATUS_OK;
}

/* Asked for only where something is asked of it. */
static enum status suite_choose(const struct coverage_request *request,
	const struct coverage_place *place, struct coverage *coverage, struct error *err)
{
	if (!request->suite && request->debci.count == 0 && !request->tracker)
		return STATUS_OK;
	if (coverage_suite_choose(place->pins, request->suite, &coverage->suite, err) < 0)
		return err->status;
	if (!coverage->suite.codename)
		return error_set(err, STATUS_USAGE,
			"the pins do not tell of which release they are, and debci and the tracker "
			"are asked about one: pin a suite that has a codename");
	return STATUS_OK;
}

enum status coverage_make(const struct coverage_request *request,
	const struct coverage_place *place, struct coverage *coverage, struct error *err)
{
	struct text_list architectures = {0};
	struct source_catalog *catalog = NULL;
	struct error trouble = {0};
	enum status status;

	*coverage = (struct coverage){.architecture = xstrdup(request->architecture)};
	if (suite_choose(request, place, coverage, err) < 0)
		return err->status;
	text_list_add(&architectures, request->architecture);
	status = source_catalog_open(place->store, place->pins, &architectures, &catalog, err);
	text_list_release(&architectures);
	if (status == STATUS_OK) {
		pins_note(place->pins, coverage);
		status = list_take(request, place, catalog, coverage, err);
	}
	if (status == STATUS_OK) {
		coverage_sort(coverage);
		status = coverage_sources_read(request, place, catalog, coverage, &trouble);
		/* A file that could not be had is told in its row; the table is made all the same.
		 */
		if (status < 0 && status != STATUS_NETWORK && status != STATUS_TRUST &&
			status != STATUS_NOT_FOUND)
			*err = trouble;
		else
			status = STATUS_OK;
	}
	for (size_t i = 0; status == STATUS_OK && i < coverage->count; i++)
		if (coverage->packages[i].facts)
			claims_copy(&coverage->packages[i].facts->claims,
				&coverage->packages[i].claims);
	if (status == STATUS_OK)
		coverage_binaries_read(catalog, request->is_part, coverage);
	if (status == STATUS_OK)
		status = coverage_debs_read(request, place, coverage, err);
	if (status == STATUS_OK)
		status = coverage_materials_match(request, place, coverage, err);
	if (status == STATUS_OK)
		status = coverage_data_read(request, place, coverage, err);
	if (status == STATUS_OK) {
		grade(coverage);
		status = decide(request, coverage, err);
	}
	coverage_sort(coverage);
	source_catalog_free(catalog);
	coverage->is_made = status == STATUS_OK;
	if (status == STATUS_OK && trouble.status < 0) {
		*err = trouble;
		status = trouble.status == STATUS_TRUST ? STATUS_TRUST : STATUS_NETWORK;
	}
	return status;
}
