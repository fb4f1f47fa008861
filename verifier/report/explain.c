/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/escape.h"
#include "dbdiff/causes.h"
#include "verifier/report/json_member.h"
#include "verifier/report/printer.h"

#define NAMED_MOST 5 /* of the members that an ambiguous path may mean */

/* The members that a path may mean. */
struct search {
	struct evidence *evidence;
	const char *path;
	struct text_list sets, paths; /* of those found, side by side */
	uint64_t found;		      /* with this artifact's set and path */
};

static enum status count_difference(
	void *context, const struct difference *difference, struct error *err)
{
	(void)difference;
	(void)err;
	((struct search *)context)->found++;
	return STATUS_OK;
}

static enum status try_path(
	struct search *search, const char *set_id, const char *path, struct error *err)
{
	search->found = 0;
	if (evidence_each_difference_at(
		    search->evidence, set_id, path, count_difference, search, err) < 0)
		return err->status;
	if (search->found > 0) {
		text_list_add(&search->sets, set_id);
		text_list_add(&search->paths, path);
	}
	return STATUS_OK;
}

static enum status search_artifact(
	void *context, const struct artifact_row *artifact, struct error *err)
{
	struct search *search = context;
	const char *name = artifact->record.name;
	size_t len = strlen(name);
	enum status status;
	char *path;

	if (!artifact->set_id)
		return STATUS_OK;
	if (strncmp(search->path, name, len) == 0 &&
		(search->path[len] == '\0' || strncmp(search->path + len, "//", 2) == 0) &&
		try_path(search, artifact->set_id, search->path, err) < 0)
		return err->status;
	path = xasprintf("%s//%s", name, search->path);
	status = try_path(search, artifact->set_id, path, err);
	free(path);
	return status;
}

static enum status check_found(const struct search *search, struct error *err)
{
	struct buffer names = {0};
	struct buffer path = {0};

	if (search->paths.count == 1)
		return STATUS_OK;
	escape_line(&path, search->path, strlen(search->path));
	for (size_t i = 0; i < search->paths.count && i < NAMED_MOST; i++) {
		buffer_add_text(&names, i > 0 ? ", " : "");
		escape_line(&names, search->paths.items[i], strlen(search->paths.items[i]));
	}
	if (search->paths.count == 0)
		error_set(err, STATUS_USAGE,
			"no member that differs is called %s; all that do: --all",
			buffer_text(&path));
	else
		error_set(err, STATUS_USAGE, "%s may be %zu members: %s%s; give the whole path",
			buffer_text(&path), search->paths.count, buffer_text(&names),
			search->paths.count > NAMED_MOST ? ", …" : "");
	buffer_release(&names);
	buffer_release(&path);
	return err->status;
}

/* ---- as text ---- */

static void print_digest(FILE *stream, const char *side, const struct digest *digest)
{
	char hex[SHA256_HEX_SIZE];

	if (digest == NULL)
		return;
	digest_hex(digest, hex);
	fprintf(stream, "      sha256 %s  %s\n", hex, side);
}

/* Behind the name of what has them. */
static void print_bytes(FILE *stream, const struct difference_cause *cause)
{
	if (cause->is_unmeasured)
		fputs(", bytes not measured", stream);
	else
		fprintf(stream, ", %llu byte%s", (unsigned long long)cause->bytes,
			cause->bytes == 1 ? "" : "s");
}

static void print_cause(struct report_printer *printer, const struct difference_cause *cause)
{
	const struct cause_node *node = cause_graph_find(&printer->graph, cause->id);
	FILE *stream = printer->stream;

	fprintf(stream, "      %s", cause->id);
	print_bytes(stream, cause);
	if (cause->evidence != NULL) {
		fputs(": ", stream);
		report_put_line(stream, cause->evidence);
	}
	if (node != NULL && node->members > 1)
		fprintf(stream, "; %llu members have it (--members %s)",
			(unsigned long long)node->members, cause->id);
	fputc('\n', stream);
	for (size_t i = 0; i < printer->graph.count && node != NULL && !node->is_root; i++) {
		if (cause_set_has(&node->roots, i))
			fprintf(stream, "        follows from %s\n", printer->graph.nodes[i].id);
	}
}

static enum status explain_text(
	void *context, const struct difference *difference, struct error *err)
{
	struct report_printer *printer = context;

	(void)err;
	report_member(printer, difference);
	print_digest(printer->stream, "published", difference->published);
	print_digest(printer->stream, "rebuilt", difference->rebuilt);
	for (size_t i = 0; i < difference->cause_count; i++)
		print_cause(printer, &difference->causes[i]);
	return STATUS_OK;
}

/* ---- as JSON ---- */

static enum status write_member(
	void *context, const struct difference *difference, struct error *err)
{
	(void)err;
	report_json_member(context, NULL, difference);
	return STATUS_OK;
}

static void begin_json(struct json *json, FILE *stream, const char *format)
{
	json_init_stream(json, stream);
	json_object_begin(json, NULL);
	json_text(json, "format", format);
}

static enum status end_json(struct json *json, struct error *err)
{
	json_array_end(json);
	json_object_end(json);
	return json_finish(json, err);
}

/* ---- one member, or those of a cause ---- */

enum status report_explain(FILE *stream, struct evidence *evidence, const char *run,
	const char *path, bool is_json, struct error *err)
{
	struct search search = {.evidence = evidence, .path = path};
	struct report_options all = {.all = true};
	struct report_printer printer = {.stream = stream, .evidence = evidence, .options = &all};
	struct json json;
	enum status status;

	status = evidence_each_artifact(evidence, run, false, search_artifact, &search, err);
	if (status == STATUS_OK)
		status = check_found(&search, err);
	if (status == STATUS_OK && !is_json)
		status = cause_graph_read(evidence, run, &printer.graph, err);
	if (status == STATUS_OK && is_json) {
		begin_json(&json, stream, "reproof-explain-1");
		json_array_begin(&json, "members");
	}
	if (status == STATUS_OK)
		status = evidence_each_difference_at(evidence, search.sets.items[0],
			search.paths.items[0], is_json ? write_member : explain_text,
			is_json ? (void *)&json : (void *)&printer, err);
	if (status == STATUS_OK && is_json)
		status = end_json(&json, err);
	text_list_release(&search.sets);
	text_list_release(&search.paths);
	cause_graph_release(&printer.graph);
	return status;
}

struct listing {
	FILE *stream;
	const char *cause;
	uint64_t count;
};

static enum status print_path(void *context, const struct difference *difference, struct error *err)
{
	struct listing *listing = context;

	(void)err;
	listing->count++;
	report_put_line(listing->stream, difference->path);
	if (difference->occurrence)
		fprintf(listing->stream, " (occurrence %llu)",
			(unsigned long long)difference->occurrence + 1);
	for (size_t i = 0; i < difference->cause_count; i++) {
		if (strcmp(difference->causes[i].id, listing->cause) != 0)
			continue;
		fprintf(listing->stream, "  %s", change_word(difference->change));
		print_bytes(listing->stream, &difference->causes[i]);
	}
	fputc('\n', listing->stream);
	return STATUS_OK;
}

enum status report_members_of(FILE *stream, struct evidence *evidence, const char *run,
	const char *cause, bool is_json, struct error *err)
{
	struct listing listing = {.stream = stream, .cause = cause};
	struct json json;
	enum status status;

	if (is_json) {
		begin_json(&json, stream, "reproof-members-1");
		json_text(&json, "cause", cause);
		json_array_begin(&json, "members");
	}
	status = evidence_each_difference_of(evidence, run, cause, UINT64_MAX,
		is_json ? write_member : print_path, is_json ? (void *)&json : (void *)&listing,
		err);
	if (status == STATUS_OK && is_json)
		return end_json(&json, err);
	if (status == STATUS_OK && listing.count == 0)
		fprintf(stream, "no member differs for the cause %s\n", cause);
	return status;
}
