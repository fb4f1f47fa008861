/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/tracker.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/json_stream.h"

/*
 * Levels of the file: 0 source → 1 issue → 2 its keys → "releases": 3 suite → 4 its keys. A value
 * stands one deeper than the container it is in.
 */
enum {
	LEVEL_SOURCE,
	LEVEL_ISSUE,
	LEVEL_ISSUE_KEY,
	LEVEL_SUITE,
	LEVEL_SUITE_KEY
};

struct reading {
	struct tracker *tracker;
	struct tracker_source *source; /* the wanted one at hand, or NULL */
	struct tracker_issue issue;
	char *status;
	bool is_in_suite;   /* the issue at hand is listed in it */
	size_t issue_count; /* that are kept, of all sources */
};

static void issue_release(struct tracker_issue *issue)
{
	free(issue->id);
	free(issue->urgency);
	free(issue->fixed_version);
	free(issue->nodsa);
	free(issue->nodsa_reason);
	free(issue->place);
	*issue = (struct tracker_issue){0};
}

static enum status shape_refuse(
	const struct json_stream *stream, const char *what, struct error *err)
{
	struct buffer place = {0};

	json_stream_place(stream, json_stream_depth(stream), &place);
	error_set(err, STATUS_FORMAT,
		"%s: %s; this is no file of the security tracker, and nothing of it is used",
		buffer_text(&place), what);
	buffer_release(&place);
	return err->status;
}

/* Closes the issue at hand: what it is in the suite. */
static enum status issue_finish(
	struct reading *reading, const struct json_stream *stream, struct error *err)
{
	struct tracker_source *source = reading->source;
	struct tracker_issue *issue = &reading->issue;
	struct buffer place = {0};

	if (!reading->is_in_suite) {
		source->unsaid++;
		issue_release(issue);
		return STATUS_OK;
	}
	if (!reading->status)
		return shape_refuse(stream, "no status in the suite", err);
	if (++reading->issue_count > TRACKER_ISSUES_MAX)
		return error_set(err, STATUS_LIMIT,
			"more than %zu issues of the packages of the list", TRACKER_ISSUES_MAX);
	if (strcmp(reading->status, "open") == 0)
		issue->state = TRACKER_OPEN;
	else if (strcmp(reading->status, "undetermined") == 0)
		issue->state = TRACKER_UNDETERMINED;
	else if (strcmp(reading->status, "resolved") != 0 || !issue->fixed_version)
		return shape_refuse(
			stream, "neither open, undetermined nor resolved in a version", err);
	else
		issue->state =
			strcmp(issue->fixed_version, "0") == 0 ? TRACKER_NEVER : TRACKER_RESOLVED;
	json_stream_place(stream, 2, &place);
	issue->place = buffer_detach(&place);
	issue->id = xstrdup(json_stream_key(stream, LEVEL_ISSUE));
	ARRAY_GROW(source->issues, source->issue_count, source->issue_capacity);
	source->issues[source->issue_count++] = *issue;
	*issue = (struct tracker_issue){0};
	return STATUS_OK;
}

static enum status take_text(char **field, const struct json_stream *stream,
	const struct json_event *event, struct error *err)
{
	if (event->kind != JSON_EVENT_TEXT)
		return shape_refuse(stream, "this is no text", err);
	free(*field);
	*field = json_event_text(event);
	return STATUS_OK;
}

/* "scope" of an issue; everything else that is a plain value is passed over. */
static enum status take_issue_key(struct reading *reading, const struct json_stream *stream,
	const struct json_event *event, struct error *err)
{
	bool is_releases = json_stream_is(stream, LEVEL_ISSUE_KEY, "releases");

	if (is_releases && event->kind != JSON_EVENT_OBJECT && event->kind != JSON_EVENT_OBJECT_END)
		return shape_refuse(stream, "this is no object", err);
	if (json_stream_is(stream, LEVEL_ISSUE_KEY, "scope"))
		reading->issue.scope = json_event_is(event, "remote") ? TRACKER_REMOTE
			: json_event_is(event, "local")		      ? TRACKER_LOCAL
								      : TRACKER_SCOPE_UNKNOWN;
	return STATUS_OK;
}

static enum status take_suite_key(struct reading *reading, const struct json_stream *stream,
	const struct json_event *event, struct error *err)
{
	const char *key = json_stream_key(stream, LEVEL_SUITE_KEY);

	if (strcmp(key, "status") == 0)
		return take_text(&reading->status, stream, event, err);
	if (strcmp(key, "urgency") == 0)
		return take_text(&reading->issue.urgency, stream, event, err);
	if (strcmp(key, "fixed_version") == 0)
		return take_text(&reading->issue.fixed_version, stream, event, err);
	if (strcmp(key, "nodsa") == 0)
		return take_text(&reading->issue.nodsa, stream, event, err);
	if (strcmp(key, "nodsa_reason") == 0)
		return take_text(&reading->issue.nodsa_reason, stream, event, err);
	return STATUS_OK;
}

static bool is_in_suite(const struct reading *reading, const struct json_stream *stream)
{
	return json_stream_is(stream, LEVEL_ISSUE_KEY, "releases") &&
		json_stream_is(stream, LEVEL_SUITE, reading->tracker->suite);
}

/* What stands directly in the file: a source. */
static enum status on_source(struct reading *reading, const struct json_stream *stream,
	const struct json_event *event, struct error *err)
{
	struct tracker *tracker = reading->tracker;
	const char *name = json_stream_key(stream, LEVEL_SOURCE);
	const struct tracker_source *found;

	reading->source = NULL;
	if (event->kind == JSON_EVENT_OBJECT_END)
		return STATUS_OK;
	if (event->kind != JSON_EVENT_OBJECT)
		return shape_refuse(stream, "a source that is no object", err);
	found = tracker_find(tracker, name);
	reading->source = found ? &tracker->sources[found - tracker->sources] : NULL;
	if (reading->source)
		reading->source->is_named = true;
	return STATUS_OK;
}

static enum status on_issue(struct reading *reading, const struct json_stream *stream,
	const struct json_event *event, struct error *err)
{
	if (event->kind == JSON_EVENT_OBJECT_END)
		return issue_finish(reading, stream, err);
	if (event->kind != JSON_EVENT_OBJECT)
		return shape_refuse(stream, "an issue that is no object", err);
	free(reading->status);
	reading->status = NULL;
	reading->is_in_suite = false;
	return STATUS_OK;
}

static enum status on_event(void *context, const struct json_stream *stream,
	const struct json_event *event, struct error *err)
{
	struct reading *reading = context;
	unsigned depth = json_stream_depth(stream);

	if (depth == 0) {
		if (event->kind == JSON_EVENT_OBJECT || event->kind == JSON_EVENT_OBJECT_END)
			return STATUS_OK;
		return shape_refuse(stream, "the outermost value is no object", err);
	}
	if (depth == 1)
		return on_source(reading, stream, event, err);
	/* That the suite is known at all may be told by any source. */
	if (depth == 4 && event->kind == JSON_EVENT_OBJECT && is_in_suite(reading, stream))
		reading->tracker->has_suite = reading->is_in_suite = true;
	if (!reading->source)
		return STATUS_OK;
	if (depth == 2)
		return on_issue(reading, stream, event, err);
	if (depth == 3)
		return take_issue_key(reading, stream, event, err);
	if (depth == 4 && is_in_suite(reading, stream) && event->kind != JSON_EVENT_OBJECT &&
		event->kind != JSON_EVENT_OBJECT_END)
		return shape_refuse(stream, "this is no object", err);
	if (depth == 5 && is_in_suite(reading, stream))
		return take_suite_key(reading, stream, event, err);
	return STATUS_OK;
}

static int issue_order(const void *a, const void *b)
{
	const struct tracker_issue *x = a, *y = b;

	return strcmp(x->id, y->id);
}

enum status tracker_read(struct tracker *tracker, const struct data_file *file, const char *suite,
	const struct text_list *sources, struct error *err)
{
	struct reading reading = {.tracker = tracker};
	const struct json_handler handler = {on_event, &reading, NULL};
	enum status status;

	*tracker = (struct tracker){.name = xstrdup(file->name),
		.sha256 = file->sha256,
		.suite = xstrdup(suite),
		.sources = xcalloc(sources->count + 1, sizeof(*tracker->sources)),
		.source_count = sources->count};
	for (size_t i = 0; i < sources->count; i++)
		tracker->sources[i].name = xstrdup(sources->items[i]);
	status = json_stream_read(file, &handler, err);
	issue_release(&reading.issue);
	free(reading.status);
	if (status == STATUS_OK && !tracker->has_suite)
		status = error_set(err, STATUS_NOT_FOUND,
			"%s: says nothing of a suite \"%s\"; its suites have names like bookworm",
			file->name, suite);
	if (status < 0) {
		tracker_release(tracker);
		return status;
	}
	for (size_t i = 0; i < tracker->source_count; i++) {
		struct tracker_source *source = &tracker->sources[i];

		if (source->issue_count > 1)
			qsort(source->issues, source->issue_count, sizeof(*source->issues),
				issue_order);
	}
	return STATUS_OK;
}

void tracker_release(struct tracker *tracker)
{
	for (size_t i = 0; i < tracker->source_count; i++) {
		struct tracker_source *source = &tracker->sources[i];

		for (size_t k = 0; k < source->issue_count; k++)
			issue_release(&source->issues[k]);
		free(source->issues);
		free(source->name);
	}
	free(tracker->sources);
	free(tracker->name);
	free(tracker->suite);
	*tracker = (struct tracker){0};
}
