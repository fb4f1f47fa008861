/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/escape.h"
#include "base/tempfile.h"
#include "verifier/cmd/cmd_coverage.h"
#include "verifier/cmd/cmd_packages.h"
#include "verifier/packages/telling.h"

#define WHY_MOST 10 /* entries of `why` that are shown without --all */

/* One run of `reproof packages`. */
struct run {
	struct packages_arguments *arguments;
	struct snapshot_session session;
	char *architecture;
	struct listing_place place;
	struct source_catalog *catalog;
	struct package_list lists[2]; /* diff: old and new; else the first alone */
	size_t list_count;
	struct listing listings[2];
	struct text_list notes;
	struct buffer pins;
	struct telling telling;
	struct review review;
	struct why why;
	struct coverage coverage;
	struct telling_coverage about_new;
	int code;
};

/* On stderr, whatever --quiet says. */
static void say(const char *text)
{
	struct buffer line = {0};

	escape_line(&line, text, strlen(text));
	fprintf(stderr, "reproof packages: %s\n", buffer_text(&line));
	buffer_release(&line);
}

static void note(struct run *run, char *text)
{
	text_list_add(&run->notes, text);
	free(text);
}

/* ---- what is asked about ---- */

/* A list against itself never changes: that is a mistake, and no green. */
static bool is_same_file(const char *a, const char *b)
{
	struct stat first, second;

	if (strcmp(a, b) == 0)
		return true;
	return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
		first.st_ino == second.st_ino;
}

/* What is written never takes the place of what is read, nor of the other. */
static enum status outputs_check(const struct packages_arguments *arguments, struct error *err)
{
	const struct text_list *words = &arguments->snapshot.words;
	const struct {
		const char *option, *path;
	} outputs[] = {{"--markdown", arguments->markdown}, {"--html", arguments->html}};
	struct text_list inputs = {0};
	const char *const singles[] = {arguments->in, arguments->request.tracker,
		arguments->request.popcon, arguments->database, arguments->snapshot.lock_path,
		arguments->html};
	enum status status = STATUS_OK;

	for (size_t i = 1; i < words->count && arguments->command != PACKAGES_WHY; i++)
		text_list_add(&inputs, words->items[i]);
	for (size_t i = 0; i < arguments->request.debci.count; i++)
		text_list_add(&inputs, arguments->request.debci.items[i]);
	for (size_t i = 0; i < ARRAY_SIZE(singles); i++)
		if (singles[i])
			text_list_add(&inputs, singles[i]);
	for (size_t o = 0; o < ARRAY_SIZE(outputs); o++)
		for (size_t i = 0; outputs[o].path && i < inputs.count && status == STATUS_OK; i++)
			/* --html is the last of them, and is held against --markdown alone. */
			if ((o == 0 || i + 1 < inputs.count) &&
				is_same_file(outputs[o].path, inputs.items[i]))
				status = error_set(err, STATUS_USAGE,
					"%s %s would take the place of %s: write it elsewhere",
					outputs[o].option, outputs[o].path, inputs.items[i]);
	text_list_release(&inputs);
	return status;
}

static enum status lists_read(struct run *run, struct error *err)
{
	const struct packages_arguments *arguments = run->arguments;
	const char *paths[2] = {arguments->in, NULL};

	run->list_count = arguments->command == PACKAGES_DIFF ? 2 : 1;
	if (run->list_count == 2 &&
		is_same_file(
			arguments->snapshot.words.items[1], arguments->snapshot.words.items[2]))
		return error_set(err, STATUS_USAGE,
			"%s and %s are one file: nothing would be compared",
			arguments->snapshot.words.items[1], arguments->snapshot.words.items[2]);
	for (size_t i = 0; i < run->list_count; i++) {
		struct package_list *list = &run->lists[i];

		if (arguments->command != PACKAGES_WHY)
			paths[i] = arguments->snapshot.words.items[i + 1];
		if (package_list_read(paths[i], &arguments->list_options, list, err) < 0)
			return err->status;
		manifest_unite(&list->packages, run->architecture);
		for (size_t n = 0; n < list->packages.notes.count; n++)
			note(run, xasprintf("%s: %s", list->path, list->packages.notes.items[n]));
		if (list->packages.repeated)
			note(run,
				xasprintf("%s: %zu line%s said again what another says", list->path,
					list->packages.repeated, plural(list->packages.repeated)));
		if (!list->is_whole) {
			note(run,
				xasprintf("%s was not read whole: it may have more packages",
					list->path));
			run->code = (int)exit_worst((enum exit_code)run->code, EXIT_TROUBLE);
		}
	}
	return STATUS_OK;
}

/* Only where a list may name source packages; pins without any are no failure. */
static enum status catalog_open(struct run *run, struct error *err)
{
	struct text_list architectures = {0};
	bool is_wanted = false;
	enum status status;

	for (size_t i = 0; i < run->list_count; i++)
		is_wanted = is_wanted || listing_wants_sources(&run->lists[i], run->place.pool);
	if (!is_wanted)
		return STATUS_OK;
	text_list_add(&architectures, run->architecture);
	status = source_catalog_open(
		run->session.store, &run->session.pins, &architectures, &run->catalog, err);
	text_list_release(&architectures);
	if (status == STATUS_NOT_FOUND) {
		note(run,
			xstrdup("the pins list no source packages (deb-src): a name that is no "
				"binary package may be one of a source package"));
		return STATUS_OK;
	}
	run->place.catalog = run->catalog;
	return status;
}

static enum status listings_make(struct run *run, struct error *err)
{
	enum status status = session_read_pins(&run->session, err);

	if (status == STATUS_OK)
		status = session_architecture(&run->session, &run->architecture, err);
	if (status == STATUS_OK)
		status = lists_read(run, err);
	if (status == STATUS_OK)
		status = package_pool_open(run->session.store, &run->session.pins,
			run->architecture, &run->place.pool, err);
	if (status == STATUS_OK)
		status = catalog_open(run, err);
	run->place.architecture = run->architecture;
	run->place.has_recommends = run->arguments->snapshot.has_recommends;
	for (size_t i = 0; i < run->list_count && status == STATUS_OK; i++) {
		const struct package_list *other = run->list_count == 2 ? &run->lists[1 - i] : NULL;

		status = listing_make(&run->place, &run->lists[i], other, &run->listings[i], err);
		if (listing_troubled(&run->listings[i]))
			run->code = (int)exit_worst((enum exit_code)run->code, EXIT_INCOMPLETE);
	}
	return status;
}

/* ---- the answers ---- */

static void coverage_fail(struct run *run, const struct error *err)
{
	char *text = xasprintf("tests and risk of what is new: %s", err->text);

	say(text);
	free(text);
	run->code = (int)exit_worst((enum exit_code)run->code, exit_code_of(err->status));
}

/* A failure here leaves the rest of the answer, which says that this part is not known. */
static void coverage_ask(struct run *run)
{
	struct coverage_request *request = &run->arguments->request;
	struct package_list list;
	struct evidence *evidence = NULL;
	struct error err = {0};
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	enum status status = STATUS_OK;

	review_list_new(&run->review, &list);
	/* Data that cannot be had is trouble, also where nothing is new to look up in it. */
	if (list.packages.count || request->tracker || request->popcon || request->debci.count) {
		const char *database = run->arguments->database;

		request->list = &list;
		request->may_be_unknown = true;
		request->is_part = true;
		request->architecture = run->architecture;
		request->workers = processors > 0 ? (unsigned)processors : 1;
		status = evidence_open(database, &evidence, &err);
		if (status == STATUS_OK) {
			const struct coverage_place place = {.store = run->session.store,
				.fetcher = run->session.fetcher,
				.pins = &run->session.pins,
				.places = &run->session.places,
				.evidence = evidence,
				.database = database};

			status = coverage_make(request, &place, &run->coverage, &err);
		}
		evidence_free(evidence);
	}
	if (status < 0)
		coverage_fail(run, &err);
	if (run->coverage.is_made) {
		coverage_sort(&run->coverage);
		run->about_new.table = run->coverage.count ? &run->coverage : NULL;
		for (size_t i = 0; i < run->coverage.notes.count; i++)
			if (!text_list_contains(&run->notes, run->coverage.notes.items[i]))
				text_list_add(&run->notes, run->coverage.notes.items[i]);
		run->code = (int)exit_worst(
			(enum exit_code)run->code, coverage_exit_code(&run->coverage));
	} else if (status < 0) {
		note(run, xstrdup(err.text));
		run->about_new.unavailable = run->notes.items[run->notes.count - 1];
	}
	package_list_release(&list);
}

static void diff_make(struct run *run)
{
	review_make(&run->listings[0], &run->listings[1], run->architecture, &run->review);
	if (run->arguments->is_without_coverage)
		note(run,
			xstrdup("tests and risk of what is new were not asked for "
				"(--no-coverage)"));
	else
		coverage_ask(run);
	if (run->arguments->snapshot.has_exit_code && !review_is_same(&run->review))
		run->code = (int)exit_worst((enum exit_code)run->code, EXIT_DIFFERENT);
}

static enum status why_make(struct run *run, struct error *err)
{
	const char *name = run->arguments->snapshot.words.items[1];

	if (!package_pool_has(run->place.pool, name) && !package_list_has(&run->lists[0], name))
		return error_set(err, STATUS_USAGE,
			"no package of the pins is called %s, and %s has none: name a binary "
			"package",
			name, run->lists[0].path);
	why_find(&run->listings[0], name, &run->why);
	if (run->arguments->snapshot.has_exit_code && run->why.count == 0)
		run->code = (int)exit_worst((enum exit_code)run->code, EXIT_DIFFERENT);
	return STATUS_OK;
}

static enum status answer_make(struct run *run, struct error *err)
{
	for (size_t p = 0; p < run->session.pins.count; p++)
		buffer_add_format(
			&run->pins, "%s%s", p ? "," : "", run->session.pins.items[p].name);
	if (run->arguments->command == PACKAGES_DIFF)
		diff_make(run);
	if (run->arguments->command == PACKAGES_WHY && why_make(run, err) < 0)
		return err->status;
	if (run->arguments->snapshot.has_recommends)
		note(run,
			xstrdup("Recommends are followed as apt follows them; where it turns back "
				"from a choice it may take others"));
	run->telling = (struct telling){.pins = buffer_text(&run->pins),
		.architecture = run->architecture,
		.has_recommends = run->arguments->snapshot.has_recommends,
		.notes = &run->notes};
	return STATUS_OK;
}

/* ---- what comes of it ---- */

static void answer_tell(
	const struct run *run, const struct page_format *format, size_t most, struct buffer *out)
{
	static const char *const titles[] = {[PACKAGES_DIFF] = "Change of a package list",
		[PACKAGES_WHY] = "Why a package list needs a package",
		[PACKAGES_CLOSURE] = "All that a package list needs"};
	struct page page;

	page_open(&page, format, out, titles[run->arguments->command]);
	if (run->arguments->command == PACKAGES_DIFF)
		review_tell(&page, &run->telling, &run->review, &run->about_new);
	else if (run->arguments->command == PACKAGES_WHY)
		why_tell(&page, &run->telling, &run->why, most);
	else
		closure_tell(&page, &run->telling, &run->listings[0]);
	page_close(&page);
}

static enum status json_print(const struct run *run, struct error *err)
{
	struct json json;

	json_init_stream(&json, stdout);
	if (run->arguments->command == PACKAGES_DIFF)
		review_json(&json, &run->telling, &run->review, &run->about_new);
	else if (run->arguments->command == PACKAGES_WHY)
		why_json(&json, &run->telling, &run->why);
	else
		closure_json(&json, &run->telling, &run->listings[0]);
	return json_finish(&json, err);
}

static enum status file_write(const struct run *run, const char *path,
	const struct page_format *format, size_t most, struct error *err)
{
	struct buffer out = {0};
	enum status status;

	if (!path)
		return STATUS_OK;
	answer_tell(run, format, most, &out);
	status = tempfile_write_all(path, buffer_text(&out), out.len, 0644, err);
	buffer_release(&out);
	return status;
}

static enum status answer_put(const struct run *run, struct error *err)
{
	size_t most = run->arguments->shows_all ? SIZE_MAX : WHY_MOST;
	struct buffer out = {0};
	enum status status = STATUS_OK;

	if (run->arguments->snapshot.is_json) {
		status = json_print(run, err);
	} else {
		answer_tell(run, &page_text, most, &out);
		fwrite(buffer_text(&out), 1, out.len, stdout);
	}
	buffer_release(&out);
	if (status == STATUS_OK)
		status = file_write(run, run->arguments->markdown, &page_markdown, most, err);
	if (status == STATUS_OK)
		status = file_write(run, run->arguments->html, &page_html, most, err);
	return status;
}

static void run_release(struct run *run)
{
	why_release(&run->why);
	review_release(&run->review);
	coverage_release(&run->coverage);
	for (size_t i = 0; i < ARRAY_SIZE(run->listings); i++) {
		listing_release(&run->listings[i]);
		package_list_release(&run->lists[i]);
	}
	source_catalog_free(run->catalog);
	package_pool_free(run->place.pool);
	text_list_release(&run->notes);
	buffer_release(&run->pins);
	free(run->architecture);
	session_close(&run->session);
}

int packages_run(struct packages_arguments *arguments)
{
	struct run run = {.arguments = arguments, .session = {.options = &arguments->snapshot}};
	struct error err = {0};
	enum status status = outputs_check(arguments, &err);
	int code;

	if (status == STATUS_OK)
		status = session_open(&run.session, true, &err);
	if (status == STATUS_OK)
		status = listings_make(&run, &err);
	session_print_notes(&run.session);
	if (status == STATUS_OK)
		status = answer_make(&run, &err);
	if (status == STATUS_OK)
		status = answer_put(&run, &err);
	code = run.code;
	if (status < 0)
		code = command_fail("packages", &err);
	run_release(&run);
	return command_finish("packages", code);
}
