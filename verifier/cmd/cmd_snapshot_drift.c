/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "snapshot/drift.h"
#include "verifier/cmd/cmd_snapshot.h"
#include "verifier/cmd/command.h"
#include "verifier/verify_published.h"
#include "verifier/release/release.h"

#define LIST_LIMIT ((size_t)256 * 1024 * 1024)

/* What is asked for, and what comes of it. */
struct query {
	char *title; /* of the report: the release, or the list */
	bool is_release;
	struct release release;
	struct manifest manifest;
	struct pin_list pins, now;
	struct drift drift;
};

static void query_release(struct query *query)
{
	drift_release(&query->drift);
	manifest_release(&query->manifest);
	pin_list_release(&query->pins);
	pin_list_release(&query->now);
	if (query->is_release)
		release_release(&query->release);
	free(query->title);
}

/* ---- which packages ---- */

/* The descriptor's mirrors come before all others (design §8). */
static enum status mirrors_put_first(
	struct snapshot_session *session, const struct release *release, struct error *err)
{
	struct place_list places = {0};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < release->mirrors.count && status == STATUS_OK; i++)
		status = place_list_add_option(&places, release->mirrors.items[i], err);
	for (size_t i = 0; i < session->places.count; i++)
		place_list_add(
			&places, session->places.items[i].archive, session->places.items[i].url);
	place_list_release(&session->places);
	session->places = places;
	return status;
}

/* The list as it was published: with a hash list, in no other bytes than that says (T10). */
static enum status release_list_read(struct snapshot_session *session, struct release *release,
	struct manifest *manifest, struct error *err)
{
	const struct published_source source = {session->fetcher, session->store};
	const char *name = release->manifest ? release->manifest : release->dpkg_status;
	struct release_published *published = &release->published;
	char *text = NULL;
	size_t len = 0;
	enum status status;

	if (!name)
		return error_set(err, STATUS_USAGE,
			"%s names no package list (packages: manifest or dpkg_status); give one "
			"with --manifest",
			release->path);
	if (!published->url && !published->directory)
		return error_set(err, STATUS_USAGE,
			"only hashes of what %s describes are published; give its package list "
			"with --manifest",
			release->path);
	status = published_read_hashes(&source, published, err);
	if (status == STATUS_OK)
		status = published_read(&source, published, name, LIST_LIMIT, &text, &len, err);
	if (status == STATUS_OK)
		status = manifest_parse(name, text, len, manifest, err);
	free(text);
	return status < 0 ? error_context(err, "the package list of %s", release->path) : status;
}

/* Without a list, what the packages named come to at the pins. */
static enum status words_list(
	struct snapshot_session *session, struct manifest *manifest, struct error *err)
{
	struct solution solution = {0};
	struct buffer text = {0};
	enum status status = session_solve(session, &solution, err);

	for (size_t i = 0; i < solution.count && status == STATUS_OK; i++) {
		const struct solved_package *package = &solution.packages[i];

		buffer_add_format(&text, "%s|%s|%s:%s|%s\n", package->source,
			package->source_version, package->name, package->architecture,
			package->version);
	}
	if (status == STATUS_OK)
		status =
			manifest_parse("the solution", buffer_text(&text), text.len, manifest, err);
	buffer_release(&text);
	solution_release(&solution);
	return status;
}

static enum status pins_read(struct snapshot_session *session, const struct text_list *names,
	const struct trust_options *trust, struct pin_list *pins, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < names->count && status == STATUS_OK; i++)
		status = snapshot_pin(session->store, session->fetcher, &session->places, trust,
			names->items[i], pins, err);
	session_print_notes(session);
	return status;
}

/* The lock beside the descriptor says which states its pins are, as for verify. */
static enum status release_pins_read(
	struct snapshot_session *session, struct query *query, struct error *err)
{
	const struct release *release = &query->release;
	char *lock = release_lock_path(release->path);
	enum status status;

	if (!session->trust.lock)
		session->trust.lock = lock;
	status = pins_read(session, &release->pins, &session->trust, &query->pins, err);
	if (status == STATUS_OK) {
		status = lock_check(session->trust.lock, &query->pins, err);
		/* To look up what is newer is no first use: that is verify's to say. */
		if (status == STATUS_NOT_FOUND)
			status = STATUS_OK;
	}
	if (session->trust.lock == lock)
		session->trust.lock = NULL;
	free(lock);
	return status;
}

static enum status query_release_read(
	struct snapshot_session *session, struct query *query, struct error *err)
{
	const struct snapshot_options *options = session->options;
	enum status status;

	if (options->words.count != 1)
		return error_set(err, STATUS_USAGE,
			"drift needs a RELEASE, or --pin with --manifest or packages");
	query->is_release = true;
	status = release_read(options->words.items[0], &query->release, err);
	if (status == STATUS_OK)
		status = mirrors_put_first(session, &query->release, err);
	if (status == STATUS_OK)
		status = release_pins_read(session, query, err);
	if (status < 0)
		return status;
	query->title = xasprintf("%s%s%s", query->release.name, query->release.target ? " " : "",
		query->release.target ? query->release.target : "");
	return options->manifest_path
		? manifest_read(options->manifest_path, &query->manifest, err)
		: release_list_read(session, &query->release, &query->manifest, err);
}

static enum status query_pins_read(
	struct snapshot_session *session, struct query *query, struct error *err)
{
	const struct snapshot_options *options = session->options;
	const char *path = options->manifest_path;
	enum status status;

	if (path ? options->words.count > 0 : options->words.count == 0)
		return error_set(err, STATUS_USAGE,
			"drift needs, beside --pin, either --manifest or packages to solve for");
	status = session_read_pins(session, err);
	if (status < 0)
		return status;
	query->pins = session->pins;
	query->title = xstrdup(!path ? "the closure" : strcmp(path, "-") ? path : "standard input");
	status = path ? manifest_read(path, &query->manifest, err)
		      : words_list(session, &query->manifest, err);
	session->pins = (struct pin_list){0};
	return status;
}

/* ---- now ---- */

static enum status now_read(
	struct snapshot_session *session, struct query *query, struct error *err)
{
	const struct snapshot_options *options = session->options;
	struct trust_options trust = session->trust;
	struct capture_request request = {.places = &session->places,
		.etc_apt = options->etc_apt,
		.architectures = options->architectures};
	enum status status;

	trust.lock = NULL; /* it locks the past */
	if (options->now.count)
		return pins_read(session, &options->now, &trust, &query->now, err);
	if (options->is_offline)
		return error_set(err, STATUS_USAGE,
			"what the suites have now is not looked for offline; give it with --now");
	request.trust = trust;
	status = snapshot_capture(session->store, session->fetcher, &request, &query->now, err);
	session_print_notes(session);
	return status;
}

/* ---- output ---- */

static void print_line(struct buffer *line)
{
	command_put(buffer_text(line));
	putchar('\n');
	buffer_release(line);
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* What the first line says, and "answer" in JSON. */
enum answer {
	ANSWER_UP_TO_DATE, /* all were judged */
	ANSWER_NOT_ALL_JUDGED,
	ANSWER_DRIFTED,
};

static const char *const answer_words[] = {
	[ANSWER_UP_TO_DATE] = "UP TO DATE",
	[ANSWER_NOT_ALL_JUDGED] = "NOT ALL JUDGED",
	[ANSWER_DRIFTED] = "DRIFTED",
};

static const char *const answer_texts[] = {
	[ANSWER_UP_TO_DATE] = "up-to-date",
	[ANSWER_NOT_ALL_JUDGED] = "not-all-judged",
	[ANSWER_DRIFTED] = "drifted",
};

static enum answer drift_answer(const struct drift *drift)
{
	return drift->count		? ANSWER_DRIFTED
		: drift->unjudged_count ? ANSWER_NOT_ALL_JUDGED
					: ANSWER_UP_TO_DATE;
}

static void answer_print(const struct query *query)
{
	const struct drift *drift = &query->drift;
	enum answer answer = drift_answer(drift);
	struct buffer line = {0};

	buffer_add_format(&line, "%s: %s. ", query->title, answer_words[answer]);
	if (answer == ANSWER_DRIFTED)
		buffer_add_format(&line,
			"%zu of %zu package%s of %zu source%s; %zu source%s with security updates",
			drift->count, drift->judged, plural(drift->judged), drift->source_count,
			plural(drift->source_count), drift->security_count,
			plural(drift->security_count));
	else
		buffer_add_format(&line, "%zu package%s looked up, none is another one now",
			drift->judged, plural(drift->judged));
	if (drift->unjudged_count)
		buffer_add_format(&line, "; %zu package%s could not be judged",
			drift->unjudged_count, plural(drift->unjudged_count));
	buffer_add_char(&line, '.');
	print_line(&line);
}

/* The end of the packages of one source from `begin` on; whether one has a security update. */
static size_t source_end(const struct drift *drift, size_t begin, bool *is_security)
{
	size_t end = begin;

	*is_security = false;
	while (end < drift->count &&
		(end == begin ||
			drift_is_one_source(&drift->packages[begin], &drift->packages[end])))
		*is_security |= drift->packages[end++].is_security;
	return end;
}

static const char *known(const char *text)
{
	return text ? text : "?";
}

static void sources_print(const struct drift *drift)
{
	bool is_security;

	if (drift->count)
		putchar('\n');
	for (size_t i = 0, end; i < drift->count; i = end) {
		const struct drift_package *package = &drift->packages[i];
		struct buffer line = {0};

		end = source_end(drift, i, &is_security);
		buffer_add_format(
			&line, "%s %s → ", package->source, known(package->source_version));
		if (package->kind == DRIFT_GONE)
			buffer_add_text(&line, "gone");
		else
			buffer_add_format(&line, "%s  %s%s%s %s",
				known(package->now_source_version), is_security ? "security " : "",
				package->kind == DRIFT_OLDER ? "older " : "", package->archive,
				package->suite);
		for (size_t j = i; j < end; j++)
			buffer_add_format(&line, "%s%s", j == i ? ": " : ", ",
				drift->packages[j].package->name);
		print_line(&line);
	}
}

static void drift_print(const struct query *query)
{
	const struct drift *drift = &query->drift;
	struct buffer line = {0};

	answer_print(query);
	sources_print(drift);
	if (drift->unjudged_count) {
		buffer_add_format(&line,
			"NOT JUDGED  %zu package%s that the pins do not have in that version:",
			drift->unjudged_count, plural(drift->unjudged_count));
		for (size_t i = 0; i < drift->unjudged_count; i++)
			buffer_add_format(&line, " %s", drift->unjudged[i]->name);
		putchar('\n');
		print_line(&line);
	}
	putchar('\n');
	buffer_add_text(&line, "NOW        ");
	for (size_t i = 0; i < query->now.count; i++)
		buffer_add_format(&line, " %s", query->now.items[i].name);
	print_line(&line);
}

static void pins_print_json(struct json *json, const char *key, const struct pin_list *pins)
{
	json_array_begin(json, key);
	for (size_t i = 0; i < pins->count; i++)
		json_text(json, NULL, pins->items[i].name);
	json_array_end(json);
}

static void source_print_json(
	struct json *json, const struct drift *drift, size_t begin, size_t end, bool is_security)
{
	const struct drift_package *source = &drift->packages[begin];

	json_object_begin(json, NULL);
	json_text(json, "source", source->source);
	json_text(json, "kind", drift_kind_text(source->kind));
	json_text(json, "pinned", source->source_version);
	json_text(json, "now", source->now_source_version);
	json_bool(json, "security", is_security);
	json_text(json, "archive", source->archive);
	json_text(json, "suite", source->suite);
	json_array_begin(json, "binaries");
	for (size_t i = begin; i < end; i++) {
		json_object_begin(json, NULL);
		json_text(json, "name", drift->packages[i].package->name);
		json_text(json, "pinned", drift->packages[i].package->version);
		json_text(json, "now", drift->packages[i].now);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
}

static enum status drift_print_json(const struct query *query, struct error *err)
{
	const struct drift *drift = &query->drift;
	bool is_security;
	struct json json;

	json_init_stream(&json, stdout);
	json_object_begin(&json, NULL);
	json_text(&json, "format", "reproof-snapshot-drift-1");
	json_text(&json, "of", query->title);
	json_text(&json, "answer", answer_texts[drift_answer(drift)]);
	pins_print_json(&json, "pins", &query->pins);
	pins_print_json(&json, "now", &query->now);
	json_unsigned(&json, "judged", drift->judged);
	json_array_begin(&json, "sources");
	for (size_t i = 0, end; i < drift->count; i = end) {
		end = source_end(drift, i, &is_security);
		source_print_json(&json, drift, i, end, is_security);
	}
	json_array_end(&json);
	json_array_begin(&json, "unjudged");
	for (size_t i = 0; i < drift->unjudged_count; i++) {
		json_object_begin(&json, NULL);
		json_text(&json, "name", drift->unjudged[i]->name);
		json_text(&json, "version", drift->unjudged[i]->version);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	return json_finish(&json, err);
}

enum status snapshot_cmd_drift(struct snapshot_session *session, struct error *err)
{
	const struct snapshot_options *options = session->options;
	struct query query = {0};
	char *architecture = NULL;
	enum status status = session_architecture(session, &architecture, err);

	if (status == STATUS_OK)
		status = options->pins.count ? query_pins_read(session, &query, err)
					     : query_release_read(session, &query, err);
	if (status == STATUS_OK)
		manifest_unite(&query.manifest, architecture);
	if (status == STATUS_OK)
		status = now_read(session, &query, err);
	if (status == STATUS_OK)
		status = snapshot_drift(session->store, &query.pins, &query.now,
			options->now.count == 0, architecture, &query.manifest, &query.drift, err);
	if (status == STATUS_OK) {
		if (options->is_json)
			status = drift_print_json(&query, err);
		else
			drift_print(&query);
		/* Not looked at is not the same as not drifted. */
		if (options->has_exit_code && drift_answer(&query.drift) != ANSWER_UP_TO_DATE)
			session->code = EXIT_DIFFERENT;
	}
	query_release(&query);
	free(architecture);
	return status;
}
