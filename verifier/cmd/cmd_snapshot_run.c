/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/json.h"
#include "snapshot/pin.h"
#include "verifier/cmd/cmd_snapshot.h"
#include "verifier/cmd/command.h"

static void print_words(struct json *json, const char *key, const struct text_list *words)
{
	json_array_begin(json, key);
	for (size_t i = 0; i < words->count; i++)
		json_text(json, NULL, words->items[i]);
	json_array_end(json);
}

void snapshot_pin_json(struct json *json, const struct pin *pin)
{
	char time[CLOCK_TEXT_SIZE];

	clock_format(pin->timestamp, time);
	json_object_begin(json, NULL);
	json_text(json, "name", pin->name);
	json_text(json, "archive", pin->archive);
	json_text(json, "timestamp", time);
	json_bool(json, "captured", pin->captured);
	print_words(json, "components", &pin->components);
	print_words(json, "architectures", &pin->architectures);
	json_array_begin(json, "suites");
	for (size_t i = 0; i < pin->suite_count; i++) {
		const struct pin_suite *suite = &pin->suites[i];

		clock_format(suite->date, time);
		json_object_begin(json, NULL);
		json_text(json, "suite", suite->suite);
		json_text(json, "origin", suite->origin);
		json_text(json, "codename", suite->codename);
		json_digest(json, "inrelease", suite->is_detached ? NULL : &suite->inrelease);
		json_text(json, "date", time);
		json_text(json, "signer", suite->signer);
		json_bool(json, "key_expired", suite->is_key_expired);
		json_digest(json, "release", &suite->release);
		json_digest(json, "release_gpg", suite->is_detached ? &suite->release_gpg : NULL);
		json_object_end(json);
	}
	json_array_end(json);
	clock_format(pin->import, time);
	json_text(json, "import", pin->import ? time : NULL);
	json_object_end(json);
}

static void pin_print_text(const struct pin *pin)
{
	char text[SUITE_STATE_SIZE];

	for (size_t i = 0; i < pin->suite_count; i++) {
		const struct pin_suite *suite = &pin->suites[i];
		struct suite_state state = pin_suite_state(suite);
		struct buffer line = {0};

		suite_state_format(&state, text);
		buffer_add_format(&line, "%s %s %s%s", pin->name, suite->suite, text,
			pin->captured ? " captured" : "");
		if (suite->signer)
			buffer_add_format(&line, " signed by %s%s", suite->signer,
				suite->is_key_expired ? " (expired key, accepted)" : "");
		command_put(buffer_text(&line));
		putchar('\n');
		buffer_release(&line);
	}
}

enum status snapshot_print_pins(
	const struct pin_list *pins, bool is_json, const char *format, struct error *err)
{
	struct json json;

	if (!is_json) {
		for (size_t i = 0; i < pins->count; i++)
			pin_print_text(&pins->items[i]);
		return STATUS_OK;
	}
	json_init_stream(&json, stdout);
	json_object_begin(&json, NULL);
	json_text(&json, "format", format);
	json_array_begin(&json, "pins");
	for (size_t i = 0; i < pins->count; i++)
		snapshot_pin_json(&json, &pins->items[i]);
	json_array_end(&json);
	json_object_end(&json);
	return json_finish(&json, err);
}

enum status session_hold_lock(struct snapshot_session *session, struct error *err)
{
	const char *path = session->options->lock_path;
	enum status status;

	if (!path)
		return STATUS_OK;
	status = lock_check(path, &session->pins, err);
	if (status != STATUS_NOT_FOUND)
		return status;
	*err = (struct error){.status = STATUS_OK};
	status = lock_write(path, &session->pins, err);
	if (status == STATUS_OK)
		fprintf(stderr, "reproof snapshot: %s: locked for the first time\n", path);
	return status;
}

enum status session_take_pins(
	struct snapshot_session *session, const struct text_list *names, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < names->count && status == STATUS_OK; i++)
		status = snapshot_pin(session->store, session->fetcher, &session->places,
			&session->trust, names->items[i], &session->pins, err);
	if (status == STATUS_OK)
		status = session_hold_lock(session, err);
	session_print_notes(session);
	return status;
}

enum status session_read_pins(struct snapshot_session *session, struct error *err)
{
	return session_take_pins(session, &session->options->pins, err);
}

enum status session_architecture(
	struct snapshot_session *session, char **architecture, struct error *err)
{
	const struct text_list *asked = &session->options->architectures;

	if (asked->count > 1)
		return error_set(err, STATUS_USAGE, "only one --architecture can be solved for");
	if (asked->count == 1) {
		*architecture = xstrdup(asked->items[0]);
		return STATUS_OK;
	}
	return dpkg_architecture(architecture, err);
}

enum status snapshot_cmd_capture(struct snapshot_session *session, struct error *err)
{
	const struct snapshot_options *options = session->options;
	struct capture_request request = {
		.places = &session->places,
		.etc_apt = options->etc_apt,
		.architectures = options->architectures,
		.trust = session->trust,
	};
	enum status status =
		snapshot_capture(session->store, session->fetcher, &request, &session->pins, err);

	if (status == STATUS_OK)
		status = session_hold_lock(session, err);
	session_print_notes(session);
	if (status < 0)
		return status;
	return snapshot_print_pins(
		&session->pins, options->is_json, "reproof-snapshot-capture-1", err);
}

enum status snapshot_cmd_list(struct snapshot_session *session, struct error *err)
{
	struct text_list names = {0};
	enum status status = pin_file_list(session->store, &names, err);

	for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
		struct pin pin;

		status = pin_file_read(session->store, names.items[i], &pin, err);
		if (status < 0)
			break;
		ARRAY_GROW(session->pins.items, session->pins.count, session->pins.capacity);
		session->pins.items[session->pins.count++] = pin;
	}
	text_list_release(&names);
	if (status < 0)
		return status;
	return snapshot_print_pins(
		&session->pins, session->options->is_json, "reproof-snapshot-list-1", err);
}

static void package_print_json(struct json *json, const struct solved_package *package)
{
	char hex[SHA256_HEX_SIZE];

	digest_hex(&package->digest, hex);
	json_object_begin(json, NULL);
	json_text(json, "name", package->name);
	json_text(json, "version", package->version);
	json_text(json, "architecture", package->architecture);
	json_text(json, "source", package->source);
	json_text(json, "source_version", package->source_version);
	json_text(json, "archive", package->archive);
	json_text(json, "path", package->path);
	json_text(json, "sha256", hex);
	json_unsigned(json, "size", package->size);
	json_object_end(json);
}

static enum status solution_print(
	const struct solution *solution, bool is_json, const char *format, struct error *err)
{
	struct json json;

	for (size_t i = 0; i < solution->count && !is_json; i++) {
		const struct solved_package *package = &solution->packages[i];
		struct buffer line = {0};

		buffer_add_format(
			&line, "%s %s %s", package->name, package->version, package->architecture);
		command_put(buffer_text(&line));
		putchar('\n');
		buffer_release(&line);
	}
	if (!is_json)
		return STATUS_OK;
	json_init_stream(&json, stdout);
	json_object_begin(&json, NULL);
	json_text(&json, "format", format);
	json_array_begin(&json, "packages");
	for (size_t i = 0; i < solution->count; i++)
		package_print_json(&json, &solution->packages[i]);
	json_array_end(&json);
	json_object_end(&json);
	return json_finish(&json, err);
}

enum status session_solve(
	struct snapshot_session *session, struct solution *solution, struct error *err)
{
	bool has_recommends = session->options->has_recommends;
	char *architecture = NULL;
	enum status status = session_architecture(session, &architecture, err);

	if (status == STATUS_OK)
		status = (has_recommends ? snapshot_solve_recommended : snapshot_solve)(
			session->store, &session->pins, architecture, &session->options->words,
			solution, err);
	if (status == STATUS_OK && has_recommends)
		text_list_add(&session->notes,
			"Recommends are followed as apt follows them; where it turns back from a "
			"choice it may take others");
	free(architecture);
	return status;
}

enum status snapshot_cmd_solve(struct snapshot_session *session, struct error *err)
{
	const struct snapshot_options *options = session->options;
	struct solution solution = {0};
	enum status status;

	if (options->check_path && options->has_recommends)
		return error_set(err, STATUS_USAGE, "--check and --recommends do not go together");
	if (!options->check_path && options->roots_path)
		return error_set(err, STATUS_USAGE, "--roots is for --check; name the packages");
	if (!options->check_path && !options->words.count)
		return error_set(err, STATUS_USAGE, "solve needs packages, or --check LIST");
	status = session_read_pins(session, err);
	if (status == STATUS_OK && options->check_path)
		return snapshot_solve_check(session, err);
	if (status == STATUS_OK)
		status = session_solve(session, &solution, err);
	if (status == STATUS_OK)
		status = solution_print(
			&solution, session->options->is_json, "reproof-snapshot-solve-1", err);
	solution_release(&solution);
	return status;
}

static enum status solution_fetch(
	struct snapshot_session *session, const struct solution *solution, struct error *err)
{
	struct archive_file *files = xcalloc(solution->count + 1, sizeof(*files));
	enum status status = STATUS_OK;
	size_t missing = 0;

	for (size_t i = 0; i < solution->count && status == STATUS_OK; i++) {
		const struct solved_package *package = &solution->packages[i];
		bool is_there;

		status = store_check(session->store, &package->digest, &session->trust,
			package->path, &is_there, err);
		if (status < 0 || is_there)
			continue;
		files[missing++] = (struct archive_file){.archive = package->archive,
			.path = package->path,
			.digest = package->digest,
			.size = package->size};
	}
	if (status == STATUS_OK && missing && !session->fetcher)
		status = error_set(err, STATUS_NOT_FOUND,
			"%zu package%s not in the store, the first is %s; leave out --offline to "
			"fetch what is missing",
			missing, missing == 1 ? " is" : "s are", files[0].path);
	else if (status == STATUS_OK && missing)
		status = archive_files_fetch(session->fetcher, session->store, &session->pins,
			&session->places, "packages", files, missing, err);
	free(files);
	return status;
}

enum status snapshot_cmd_fetch(struct snapshot_session *session, struct error *err)
{
	struct solution solution = {0};
	enum status status = session_read_pins(session, err);

	if (status == STATUS_OK && session->options->words.count == 0)
		return snapshot_print_pins(
			&session->pins, session->options->is_json, "reproof-snapshot-fetch-1", err);
	if (status == STATUS_OK)
		status = session_solve(session, &solution, err);
	if (status == STATUS_OK)
		status = solution_fetch(session, &solution, err);
	if (status == STATUS_OK)
		status = solution_print(
			&solution, session->options->is_json, "reproof-snapshot-fetch-1", err);
	solution_release(&solution);
	return status;
}
