/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/progress.h"
#include "snapshot/bundle.h"
#include "verifier/cmd/cmd_snapshot.h"
#include "verifier/cmd/command.h"
#include "verifier/evidence/read.h"

/* The files that go into a bundle besides its pins' own, with the texts that they borrow. */
struct file_list {
	struct archive_file *items;
	size_t count, capacity;
	struct text_list texts;
};

static void file_list_release(struct file_list *files)
{
	free(files->items);
	text_list_release(&files->texts);
}

static void file_list_add(struct file_list *files, const char *archive, size_t archive_len,
	const char *path, const struct digest *digest, uint64_t size)
{
	struct archive_file *file;

	text_list_addn(&files->texts, archive, archive_len);
	text_list_add(&files->texts, path);
	ARRAY_GROW(files->items, files->count, files->capacity);
	file = &files->items[files->count++];
	*file = (struct archive_file){.digest = *digest, .size = size};
	/* The texts themselves stay where they are when the list of them grows. */
	file->archive = files->texts.items[files->texts.count - 2];
	file->path = files->texts.items[files->texts.count - 1];
}

/* ---- of a run ---- */

struct run_pins {
	struct text_list names;	  /* "debian@TIME:bookworm,…" */
	struct pin_record *items; /* their texts are in `texts` */
	size_t count, capacity;
	struct text_list texts;
};

static enum status run_pin_take(void *context, const struct pin_record *record, struct error *err)
{
	struct run_pins *pins = context;
	char *last = pins->names.count ? pins->names.items[pins->names.count - 1] : NULL;
	size_t len = strlen(record->pin);

	(void)err;
	if (last && strncmp(last, record->pin, len) == 0 && last[len] == ':') {
		pins->names.items[pins->names.count - 1] = xasprintf("%s,%s", last, record->suite);
		free(last);
	} else {
		char *name = xasprintf("%s:%s", record->pin, record->suite);

		text_list_add(&pins->names, name);
		free(name);
	}
	text_list_add(&pins->texts, record->pin);
	text_list_add(&pins->texts, record->suite);
	ARRAY_GROW(pins->items, pins->count, pins->capacity);
	pins->items[pins->count++] =
		(struct pin_record){.pin = pins->texts.items[pins->texts.count - 2],
			.suite = pins->texts.items[pins->texts.count - 1],
			.state = record->state};
	return STATUS_OK;
}

static enum status material_take(void *context, const char *name, const struct digest *digest,
	uint64_t size, struct error *err)
{
	size_t len = strcspn(name, "/");

	if (!name[len])
		return error_set(err, STATUS_DATABASE, "the material %s is of no archive", name);
	file_list_add(context, name, len, name + len + 1, digest, size);
	return STATUS_OK;
}

/* A store may have a pin of the run's name that is another state. */
static enum status run_pins_check(
	const struct snapshot_session *session, const struct run_pins *run, struct error *err)
{
	for (size_t i = 0; i < run->count; i++) {
		const struct pin_record *record = &run->items[i];
		bool is_there = false;

		for (size_t j = 0; j < session->pins.count; j++) {
			const struct pin *pin = &session->pins.items[j];

			for (size_t k = 0; k < pin->suite_count; k++) {
				struct suite_state state = pin_suite_state(&pin->suites[k]);

				is_there |= strcmp(pin->name, record->pin) == 0 &&
					strcmp(pin->suites[k].suite, record->suite) == 0 &&
					suite_state_equal(&state, &record->state);
			}
		}
		if (!is_there)
			return error_set(err, STATUS_TRUST,
				"the run had another state of %s %s than this store: refused",
				record->pin, record->suite);
	}
	return STATUS_OK;
}

static enum status run_read(const char *path, const char *id, struct run_pins *pins,
	struct file_list *files, struct error *err)
{
	struct evidence *evidence = NULL;
	struct run_record run = {0};
	enum status status = evidence_open_read(path, &evidence, err);

	if (status == STATUS_OK) {
		status = evidence_read_run(evidence, id, &run, err);
		/* A name on the command line that names nothing. */
		if (status == STATUS_NOT_FOUND)
			status = error_set(err, STATUS_USAGE,
				"\"%s\" is neither a pin (ARCHIVE@YYYYMMDDTHHMMSSZ) nor a run of "
				"%s; see reproof show, or name another --db",
				id, path);
	}
	if (status == STATUS_OK)
		status = evidence_each_pin(evidence, id, run_pin_take, pins, err);
	if (status == STATUS_OK)
		status = evidence_each_material(
			evidence, id, "archive-file", material_take, files, err);
	if (status == STATUS_OK && (pins->count == 0 || files->count == 0))
		status = error_set(err, STATUS_NOT_FOUND,
			"the run %s %s: there is nothing to export", id,
			pins->count ? "was given no file of its pins" : "had no pin");
	run_record_release(&run);
	evidence_free(evidence);
	return status;
}

static enum status run_gather(
	struct snapshot_session *session, struct file_list *files, struct error *err)
{
	const struct snapshot_options *options = session->options;
	char *usual = command_default_database();
	struct run_pins pins = {0};
	enum status status;

	status = run_read(options->databases.count ? options->databases.items[0] : usual,
		options->words.items[0], &pins, files, err);
	text_list_sort(&pins.names);
	if (status == STATUS_OK)
		status = session_take_pins(session, &pins.names, err);
	if (status == STATUS_OK)
		status = run_pins_check(session, &pins, err);
	text_list_release(&pins.names);
	text_list_release(&pins.texts);
	free(pins.items);
	free(usual);
	return status;
}

/* ---- of pins ---- */

static enum status pins_gather(
	struct snapshot_session *session, struct file_list *files, struct error *err)
{
	const struct snapshot_options *options = session->options;
	struct solution solution = {0};
	struct text_list names = {0};
	char *architecture = NULL;
	enum status status;

	for (size_t i = 0; i < options->words.count; i++)
		text_list_add(&names, options->words.items[i]);
	text_list_sort(&names);
	text_list_unique(&names);
	status = session_take_pins(session, &names, err);
	if (status == STATUS_OK && options->packages.count)
		status = session_architecture(session, &architecture, err);
	if (status == STATUS_OK && options->packages.count)
		status = snapshot_solve(session->store, &session->pins, architecture,
			&options->packages, &solution, err);
	for (size_t i = 0; i < solution.count && status == STATUS_OK; i++) {
		const struct solved_package *package = &solution.packages[i];

		file_list_add(files, package->archive, strlen(package->archive), package->path,
			&package->digest, package->size);
	}
	solution_release(&solution);
	free(architecture);
	text_list_release(&names);
	return status;
}

/* ---- what is told ---- */

static void told_print(const char *path, const struct bundle_told *told)
{
	char size[32], hex[SHA256_HEX_SIZE];

	progress_format_bytes(told->bytes, size);
	digest_hex(&told->digest, hex);
	command_put(path);
	printf(": %ju files, %s, sha256 %s\n", (uintmax_t)told->files, size, hex);
	for (size_t i = 0; i < told->repository_count; i++) {
		const struct bundle_repository *repository = &told->repositories[i];

		digest_hex(&repository->digest, hex);
		printf("git %s %s, its bundle sha256 %s\n", repository->name, repository->commit,
			hex);
	}
}

static enum status told_print_json(const char *format, const char *path,
	const struct bundle_told *told, const struct pin_list *pins, struct error *err)
{
	char hex[SHA256_HEX_SIZE];
	struct json json;

	json_init_stream(&json, stdout);
	json_object_begin(&json, NULL);
	json_text(&json, "format", format);
	json_text(&json, "bundle", path);
	digest_hex(&told->digest, hex);
	json_text(&json, "sha256", hex);
	json_unsigned(&json, "size", told->size);
	json_unsigned(&json, "files", told->files);
	json_unsigned(&json, "bytes", told->bytes);
	json_array_begin(&json, "pins");
	for (size_t i = 0; i < pins->count; i++)
		snapshot_pin_json(&json, &pins->items[i]);
	json_array_end(&json);
	json_array_begin(&json, "git");
	for (size_t i = 0; i < told->repository_count; i++) {
		const struct bundle_repository *repository = &told->repositories[i];

		digest_hex(&repository->digest, hex);
		json_object_begin(&json, NULL);
		json_text(&json, "name", repository->name);
		json_text(&json, "commit", repository->commit);
		json_text(&json, "sha256", hex);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	return json_finish(&json, err);
}

/* ---- export ---- */

/* *is_run: the one word is a run; pins have an "@". */
static enum status export_check(
	const struct snapshot_options *options, bool *is_run, struct error *err)
{
	size_t runs = 0;

	for (size_t i = 0; i < options->words.count; i++)
		runs += strchr(options->words.items[i], '@') == NULL;
	*is_run = runs > 0;
	if (!options->output)
		return error_set(err, STATUS_USAGE, "export needs -o FILE, the bundle to write");
	if (options->databases.count > 1)
		return error_set(err, STATUS_USAGE, "export reads a run of one --db");
	if (runs && options->words.count > 1)
		return error_set(err, STATUS_USAGE, "export takes one run, or pins");
	if (runs && (options->packages.count || options->takes_all))
		return error_set(err, STATUS_USAGE,
			"a run says itself which packages it was given: leave out --package and "
			"--all, or export its pins");
	return STATUS_OK;
}

enum status snapshot_cmd_export(struct snapshot_session *session, struct error *err)
{
	const struct snapshot_options *options = session->options;
	struct bundle_request request = {.pins = &session->pins,
		.takes_all = options->takes_all,
		.takes_sources = options->takes_sources,
		.repositories = &options->gits};
	struct bundle_told told = {0};
	struct file_list files = {0};
	bool is_run = false;
	enum status status = export_check(options, &is_run, err);

	if (status == STATUS_OK)
		status = is_run ? run_gather(session, &files, err)
				: pins_gather(session, &files, err);
	request.files = files.items;
	request.file_count = files.count;
	if (status == STATUS_OK)
		status = snapshot_export(session->store, session->fetcher, &session->places,
			&session->trust, &request, options->output, &told, err);
	session_print_notes(session);
	if (status == STATUS_OK && options->is_json)
		status = told_print_json(
			"reproof-snapshot-export-1", options->output, &told, &session->pins, err);
	else if (status == STATUS_OK)
		told_print(options->output, &told);
	bundle_told_release(&told);
	file_list_release(&files);
	return status;
}

/* ---- import ---- */

enum status snapshot_cmd_import(struct snapshot_session *session, struct error *err)
{
	const struct snapshot_options *options = session->options;
	const char *path = options->words.items[0];
	struct bundle_acceptance acceptance = {.trust = &session->trust,
		.repositories = options->gits.count ? options->gits.items[0] : NULL};
	struct bundle_told told = {0};
	struct digest digest;
	enum status status;

	if (options->words.count > 1 || options->gits.count > 1)
		return error_set(err, STATUS_USAGE, "import takes one file, and one --git");
	if (options->sha256 && !digest_parse(options->sha256, strlen(options->sha256), &digest))
		return error_set(err, STATUS_USAGE, "--sha256 takes 64 hex digits, not \"%s\"",
			options->sha256);
	acceptance.digest = options->sha256 ? &digest : NULL;
	status = snapshot_import(session->store, &acceptance, path, &session->pins, &told, err);
	if (status == STATUS_OK)
		status = session_hold_lock(session, err);
	session_print_notes(session);
	if (status == STATUS_OK && told.repository_count && !acceptance.repositories)
		fprintf(stderr,
			"reproof snapshot: note: the repositories of the bundle are verified and "
			"not taken out; --git DIR puts them there\n");
	if (status == STATUS_OK && options->is_json) {
		status = told_print_json(
			"reproof-snapshot-import-1", path, &told, &session->pins, err);
	} else if (status == STATUS_OK) {
		told_print(path, &told);
		status = snapshot_print_pins(&session->pins, false, "", err);
	}
	bundle_told_release(&told);
	return status;
}
