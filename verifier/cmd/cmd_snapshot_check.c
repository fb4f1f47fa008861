/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "snapshot/closure.h"
#include "verifier/cmd/cmd_snapshot.h"
#include "verifier/cmd/command.h"

/* A check and what it was of. */
struct check {
	const char *list;
	struct manifest manifest;
	struct manifest roots;
	bool has_roots;
	struct closure closure;
};

static void check_release(struct check *check)
{
	closure_release(&check->closure);
	manifest_release(&check->manifest);
	manifest_release(&check->roots);
}

static void print_line(struct buffer *line)
{
	command_put(buffer_text(line));
	putchar('\n');
	buffer_release(line);
}

/* "libc6:amd64 2.36-9" */
static void package_add(struct buffer *line, const struct manifest_package *package)
{
	buffer_add_format(line, "%s%s%s%s%s", package->name, package->architecture ? ":" : "",
		package->architecture ? package->architecture : "", package->version ? " " : "",
		package->version ? package->version : "");
}

static void answer_print(const struct check *check)
{
	const struct closure *closure = &check->closure;
	size_t packages = check->manifest.count;
	struct buffer line = {0};

	buffer_add_format(&line, "%s: ", check->list);
	if (closure->problem_count)
		buffer_add_format(&line, "NOT CLOSED. %zu problem%s, with %zu of %zu package%s.",
			closure->problem_count, closure->problem_count == 1 ? "" : "s",
			closure->troubled, packages, packages == 1 ? "" : "s");
	else if (packages == 1)
		buffer_add_text(
			&line, "CLOSED. Its 1 package is in the pins and has what it depends on.");
	else
		buffer_add_format(&line,
			"CLOSED. All %zu packages are in the pins and have what they depend on.",
			packages);
	print_line(&line);
}

static void problems_print(const struct closure *closure)
{
	for (size_t i = 0; i < closure->problem_count; i++) {
		const struct closure_problem *problem = &closure->problems[i];
		struct buffer line = {0};

		if (i == 0)
			putchar('\n');
		package_add(&line, problem->package);
		buffer_add_format(&line, ": %s  ", closure_kind_text(problem->kind));
		if (problem->relation)
			buffer_add_format(&line, "%s: %s; ", problem->field, problem->relation);
		buffer_add_text(&line, problem->text);
		print_line(&line);
	}
}

static void unasked_print(const struct check *check)
{
	const struct closure *closure = &check->closure;

	if (!closure->has_roots) {
		puts("\nUNASKED   not looked for: name what was asked for as words or with "
		     "--roots");
		return;
	}
	printf("\nUNASKED   %zu package%s that neither the %zu root%s nor what is essential "
	       "depend%s on\n",
		closure->unasked_count, closure->unasked_count == 1 ? "" : "s", check->roots.count,
		check->roots.count == 1 ? "" : "s", check->roots.count == 1 ? "s" : "");
	for (size_t i = 0; i < closure->unasked_count; i++) {
		const struct closure_unasked *unasked = &closure->unasked[i];
		struct buffer line = {0};

		buffer_add_text(&line, "  ");
		package_add(&line, unasked->package);
		if (unasked->by)
			buffer_add_format(&line, ": %s of %s", unasked->field, unasked->by->name);
		else
			buffer_add_text(&line, ": nothing");
		print_line(&line);
	}
	if (closure->unasked_count && closure->unknown)
		printf("  (what %zu package%s above need%s is not known, and so may be among "
		       "these)\n",
			closure->unknown, closure->unknown == 1 ? "" : "s",
			closure->unknown == 1 ? "s" : "");
}

static void package_print_json(struct json *json, const struct manifest_package *package)
{
	json_text(json, "name", package->name);
	json_text(json, "architecture", package->architecture);
	json_text(json, "version", package->version);
}

static enum status check_print_json(const struct check *check, struct error *err)
{
	const struct closure *closure = &check->closure;
	struct json json;

	json_init_stream(&json, stdout);
	json_object_begin(&json, NULL);
	json_text(&json, "format", "reproof-snapshot-check-1");
	json_text(&json, "list", check->list);
	json_bool(&json, "closed", closure->problem_count == 0);
	json_unsigned(&json, "packages", check->manifest.count);
	json_unsigned(&json, "unknown", closure->unknown);
	json_array_begin(&json, "problems");
	for (size_t i = 0; i < closure->problem_count; i++) {
		const struct closure_problem *problem = &closure->problems[i];

		json_object_begin(&json, NULL);
		package_print_json(&json, problem->package);
		json_text(&json, "kind", closure_kind_text(problem->kind));
		json_text(&json, "field", problem->field);
		json_text(&json, "relation", problem->relation);
		json_text(&json, "text", problem->text);
		json_object_end(&json);
	}
	json_array_end(&json);
	if (!closure->has_roots)
		json_none(&json, "unasked");
	else
		json_array_begin(&json, "unasked");
	for (size_t i = 0; i < closure->unasked_count; i++) {
		json_object_begin(&json, NULL);
		package_print_json(&json, closure->unasked[i].package);
		json_text(&json, "field", closure->unasked[i].field);
		json_text(
			&json, "by", closure->unasked[i].by ? closure->unasked[i].by->name : NULL);
		json_object_end(&json);
	}
	if (closure->has_roots)
		json_array_end(&json);
	json_array_begin(&json, "notes");
	for (size_t i = 0; i < check->manifest.notes.count; i++)
		json_text(&json, NULL, check->manifest.notes.items[i]);
	json_array_end(&json);
	json_object_end(&json);
	return json_finish(&json, err);
}

/* What was asked for, from a file or from words; both are lists without versions, mostly. */
static enum status roots_read(
	const struct snapshot_options *options, struct check *check, struct error *err)
{
	struct buffer text = {0};
	enum status status = STATUS_OK;

	check->has_roots = options->roots_path || options->words.count;
	if (options->roots_path && options->words.count)
		return error_set(err, STATUS_USAGE,
			"what was asked for is given twice, as words and with --roots");
	if (options->roots_path)
		return manifest_read(options->roots_path, &check->roots, err);
	for (size_t i = 0; i < options->words.count && status == STATUS_OK; i++)
		buffer_add_format(&text, "%s\n", options->words.items[i]);
	if (check->has_roots &&
		manifest_parse("the words", buffer_text(&text), text.len, &check->roots, err) < 0)
		status = error_set(err, STATUS_USAGE, "a word is no PACKAGE[:ARCH][=VERSION]");
	buffer_release(&text);
	return status;
}

static void notes_pass(struct snapshot_session *session, const struct check *check)
{
	for (size_t i = 0; i < check->manifest.notes.count; i++) {
		char *note = xasprintf("%s: %s", check->list, check->manifest.notes.items[i]);

		text_list_add(&session->notes, note);
		free(note);
	}
}

enum status snapshot_solve_check(struct snapshot_session *session, struct error *err)
{
	const struct snapshot_options *options = session->options;
	bool is_input = strcmp(options->check_path, "-") == 0;
	struct check check = {.list = is_input ? "standard input" : options->check_path};
	char *architecture = NULL;
	enum status status = session_architecture(session, &architecture, err);

	if (status == STATUS_OK)
		status = roots_read(options, &check, err);
	if (status == STATUS_OK)
		status = manifest_read(options->check_path, &check.manifest, err);
	if (status == STATUS_OK) {
		manifest_unite(&check.manifest, architecture);
		manifest_unite(&check.roots, architecture);
	}
	notes_pass(session, &check);
	if (status == STATUS_OK)
		status = snapshot_closure(session->store, &session->pins, architecture,
			&check.manifest, check.has_roots ? &check.roots : NULL, &check.closure,
			err);
	if (status == STATUS_OK && options->is_json) {
		status = check_print_json(&check, err);
	} else if (status == STATUS_OK) {
		answer_print(&check);
		problems_print(&check.closure);
		unasked_print(&check);
	}
	if (status == STATUS_OK && check.closure.problem_count)
		session->code = EXIT_DIFFERENT;
	check_release(&check);
	free(architecture);
	return status;
}
