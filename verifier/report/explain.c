/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "dbdiff/causes.h"
#include "verifier/report/find_member.h"
#include "verifier/report/json_member.h"
#include "verifier/report/printer.h"

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

/* A bound left it out; what has none for another reason has no note of that. */
static bool lacks_diff(const struct difference *difference)
{
	return difference->diff == NULL && difference->reason != NULL &&
		strstr(difference->reason, REASON_NO_DIFF) != NULL;
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
	if (printer->options->is_again && lacks_diff(difference))
		fputs("      its diff was not recorded\n", printer->stream);
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
	const char *path, const struct report_options *options, bool is_json, struct error *err)
{
	struct found_member found = {0};
	struct report_options all = {.all = true, .is_again = options->is_again};
	struct report_printer printer = {.stream = stream, .evidence = evidence, .options = &all};
	struct json json;
	enum status status;

	status = find_member(evidence, run, path, &found, err);
	if (status == STATUS_OK && !is_json)
		status = cause_graph_read(evidence, run, &printer.graph, err);
	if (status == STATUS_OK && is_json) {
		begin_json(&json, stream, "reproof-explain-1");
		json_array_begin(&json, "members");
	}
	if (status == STATUS_OK)
		status = evidence_each_difference_at(evidence, found.set_id, found.path,
			is_json ? write_member : explain_text,
			is_json ? (void *)&json : (void *)&printer, err);
	if (status == STATUS_OK && is_json)
		status = end_json(&json, err);
	found_member_release(&found);
	cause_graph_release(&printer.graph);
	return status;
}

static enum status note_lack(void *context, const struct difference *difference, struct error *err)
{
	bool *lacks = context;

	(void)err;
	*lacks = *lacks || lacks_diff(difference);
	return STATUS_OK;
}

enum status report_lacks_diff(struct evidence *evidence, const char *run, const char *path,
	bool *lacks, struct error *err)
{
	struct found_member found = {0};
	enum status status = find_member(evidence, run, path, &found, err);

	*lacks = false;
	if (status == STATUS_OK)
		status = evidence_each_difference_at(
			evidence, found.set_id, found.path, note_lack, lacks, err);
	found_member_release(&found);
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
