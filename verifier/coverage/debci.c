/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/debci.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/number.h"
#include "verifier/coverage/json_stream.h"

/* One file being read: the array is level 0, an object of it level 1. */
struct reading {
	struct debci *debci;
	const struct text_list *sources;
	struct debci_run run;
	size_t *counts;	  /* of runs, beside `sources` */
	bool is_of_place; /* a run is of the suite and architecture asked for */
};

static void run_release(struct debci_run *run)
{
	free(run->package);
	free(run->suite);
	free(run->architecture);
	free(run->version);
	free(run->word);
	free(run->run_id);
	free(run->date);
	free(run->place);
	*run = (struct debci_run){0};
}

static enum status shape_refuse(
	const struct json_stream *stream, const char *what, struct error *err)
{
	struct buffer place = {0};

	json_stream_place(stream, json_stream_depth(stream), &place);
	error_set(err, STATUS_FORMAT,
		"%s: %s; this is no packages.json of debci, and nothing of it is used",
		buffer_text(&place), what);
	buffer_release(&place);
	return err->status;
}

struct text_key {
	const char *name;
	size_t offset; /* of the field in struct debci_run */
};

static const struct text_key text_keys[] = {
	{"package", offsetof(struct debci_run, package)},
	{"version", offsetof(struct debci_run, version)},
	{"suite", offsetof(struct debci_run, suite)},
	{"arch", offsetof(struct debci_run, architecture)},
	{"status", offsetof(struct debci_run, word)},
	{"run_id", offsetof(struct debci_run, run_id)},
	{"date", offsetof(struct debci_run, date)},
};

static enum status take_text(struct reading *reading, const struct text_key *key,
	const struct json_stream *stream, const struct json_event *event, struct error *err)
{
	char **text = (char **)(void *)((char *)&reading->run + key->offset);
	bool is_id = strcmp(key->name, "run_id") == 0 && event->kind == JSON_EVENT_NUMBER;

	if (event->kind != JSON_EVENT_TEXT && event->kind != JSON_EVENT_NULL && !is_id)
		return shape_refuse(stream, "this is no text", err);
	free(*text);
	*text = is_id ? xstrndup(event->text, event->len) : json_event_text(event);
	return STATUS_OK;
}

/* Packages that are not of the suite alone: from other archives, or from another suite. */
static bool is_more_sources(const char *key)
{
	return strcmp(key, "extra_apt_sources") == 0 || strcmp(key, "pin_packages") == 0;
}

/* A key of one entry; values of other keys, and what is in containers, are passed over. */
static enum status take_value(struct reading *reading, const struct json_stream *stream,
	const struct json_event *event, struct error *err)
{
	const char *name = json_stream_key(stream, 1);
	struct debci_run *run = &reading->run;

	for (size_t i = 0; i < ARRAY_SIZE(text_keys); i++) {
		if (strcmp(name, text_keys[i].name) == 0)
			return take_text(reading, &text_keys[i], stream, event, err);
	}
	/* Whatever is not a plain no counts as a yes. */
	if (strcmp(name, "is_private") == 0)
		run->is_private = event->kind != JSON_EVENT_NULL &&
			(event->kind != JSON_EVENT_BOOL || event->is_true);
	else if (is_more_sources(name))
		run->has_extra_sources = run->has_extra_sources ||
			(event->kind != JSON_EVENT_NULL && event->kind != JSON_EVENT_ARRAY);
	else if (strcmp(name, "duration_seconds") == 0 && event->kind == JSON_EVENT_NUMBER)
		number_parse(event->text, event->len, &run->seconds);
	return STATUS_OK;
}

static enum debci_result judge(const struct debci_run *run)
{
	if (strcmp(run->word, "pass") == 0)
		return run->version ? DEBCI_PASS : DEBCI_TROUBLE;
	if (strcmp(run->word, "neutral") == 0)
		return run->version ? DEBCI_NEUTRAL : DEBCI_TROUBLE;
	if (strcmp(run->word, "fail") == 0)
		return run->version ? DEBCI_FAIL : DEBCI_TROUBLE;
	return DEBCI_TROUBLE;
}

static enum status finish_run(
	struct reading *reading, const struct json_stream *stream, struct error *err)
{
	struct debci *debci = reading->debci;
	struct debci_run *run = &reading->run;
	struct buffer place = {0};
	struct error ignored;
	size_t at;

	if (!run->package)
		return shape_refuse(stream, "an entry without a package", err);
	reading->is_of_place = reading->is_of_place ||
		(debci->suite && run->suite && run->architecture &&
			strcmp(run->suite, debci->suite) == 0 &&
			strcmp(run->architecture, debci->architecture) == 0);
	if (!text_list_find(reading->sources, run->package, &at)) {
		run_release(run);
		return STATUS_OK;
	}
	if (++reading->counts[at] > DEBCI_RUNS_MAX)
		return error_set(err, STATUS_LIMIT,
			"more than %zu runs of %s; debci says the last one of each package only",
			DEBCI_RUNS_MAX, run->package);
	if (!run->word || !run->suite || !run->architecture)
		return shape_refuse(stream, "an entry without status, suite or arch", err);
	if (run->version && strcmp(run->version, "n/a") == 0) {
		free(run->version);
		run->version = NULL;
	}
	run->result = judge(run);
	if (run->date && clock_parse_iso(run->date, &run->when, &ignored) < 0)
		run->when = 0;
	json_stream_place(stream, 1, &place);
	run->place = buffer_detach(&place);
	run->file = debci->file_count;
	ARRAY_GROW(debci->runs, debci->run_count, debci->run_capacity);
	debci->runs[debci->run_count++] = *run;
	*run = (struct debci_run){0};
	return STATUS_OK;
}

static enum status on_event(void *context, const struct json_stream *stream,
	const struct json_event *event, struct error *err)
{
	struct reading *reading = context;

	switch (json_stream_depth(stream)) {
	case 0:
		if (event->kind == JSON_EVENT_ARRAY || event->kind == JSON_EVENT_ARRAY_END)
			return STATUS_OK;
		return shape_refuse(stream, "the outermost value is no array", err);
	case 1:
		if (event->kind == JSON_EVENT_OBJECT)
			return STATUS_OK;
		if (event->kind == JSON_EVENT_OBJECT_END)
			return finish_run(reading, stream, err);
		return shape_refuse(stream, "an entry that is no object", err);
	case 2:
		if (event->kind != JSON_EVENT_OBJECT_END && event->kind != JSON_EVENT_ARRAY_END)
			return take_value(reading, stream, event, err);
		return STATUS_OK;
	default:
		/* Anything in the array. */
		if (is_more_sources(json_stream_key(stream, 1)))
			reading->run.has_extra_sources = true;
		return STATUS_OK;
	}
}

/* What is before "data/status/" in the name of the file. */
static char *root_of(const char *name)
{
	static const char status[] = "data/status/";
	static const char last[] = "/packages.json";
	size_t len = strlen(name);
	const char *at = NULL;

	if (len < strlen(last) || strcmp(name + len - strlen(last), last) != 0)
		return NULL;
	for (const char *found = strstr(name, status); found; found = strstr(found + 1, status)) {
		if (found == name || found[-1] == '/')
			at = found;
	}
	return at ? xstrndup(name, (size_t)(at - name)) : NULL;
}

enum status debci_read(struct debci *debci, const struct data_file *file,
	const struct text_list *sources, struct error *err)
{
	struct reading reading = {.debci = debci, .sources = sources};
	const struct json_handler handler = {on_event, &reading, "package"};
	size_t before = debci->run_count, at;
	enum status status;

	reading.counts = xcalloc(sources->count + 1, sizeof(reading.counts[0]));
	for (size_t i = 0; i < before; i++)
		if (text_list_find(sources, debci->runs[i].package, &at))
			reading.counts[at]++;
	status = json_stream_read(file, &handler, err);
	free(reading.counts);
	run_release(&reading.run);
	if (status == STATUS_OK && debci->suite && !reading.is_of_place)
		status = error_set(err, STATUS_NOT_FOUND,
			"%s has no run in %s on %s: it is of another suite or architecture",
			file->name, debci->suite, debci->architecture);
	if (status < 0) {
		while (debci->run_count > before)
			run_release(&debci->runs[--debci->run_count]);
		return status;
	}
	ARRAY_GROW(debci->files, debci->file_count, debci->file_capacity);
	debci->files[debci->file_count++] = (struct debci_file){
		.name = xstrdup(file->name), .root = root_of(file->name), .sha256 = file->sha256};
	return STATUS_OK;
}

void debci_release(struct debci *debci)
{
	for (size_t i = 0; i < debci->run_count; i++)
		run_release(&debci->runs[i]);
	for (size_t i = 0; i < debci->file_count; i++) {
		free(debci->files[i].name);
		free(debci->files[i].root);
	}
	free(debci->runs);
	free(debci->files);
	*debci = (struct debci){0};
}

const char *debci_result_word(enum debci_result result)
{
	static const char *const words[] = {"pass", "neutral", "fail", "trouble"};

	return words[result];
}
