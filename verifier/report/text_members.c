/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/buffer.h"
#include "base/escape.h"
#include "dbdiff/causes.h"
#include "dbdiff/fields.h"
#include "verifier/report/printer.h"

void report_put_block(FILE *stream, const char *text, const char *indent)
{
	struct buffer block = {0};
	const char *at, *end;

	escape_block(&block, text, strlen(text));
	for (at = buffer_text(&block); *at; at = *end ? end + 1 : end) {
		end = strchr(at, '\n');
		if (!end)
			end = at + strlen(at);
		fprintf(stream, "%s%.*s\n", indent, (int)(end - at), at);
	}
	buffer_release(&block);
}

static void print_field(FILE *stream, const struct difference_field *field)
{
	fputs("      ", stream);
	report_put_line(stream, field->name);
	fputs(": ", stream);
	report_put_line(stream, field->published ? field->published : "(none)");
	fputs(" published, ", stream);
	report_put_line(stream, field->rebuilt ? field->rebuilt : "(none)");
	fputs(" rebuilt\n", stream);
}

/* Whether all that a member has follows from other differences. */
static bool is_consequence(
	const struct report_printer *printer, const struct difference *difference)
{
	for (size_t i = 0; i < difference->cause_count; i++) {
		const struct cause_node *node =
			cause_graph_find(&printer->graph, difference->causes[i].id);

		if (node == NULL || node->is_root)
			return false;
	}
	return true;
}

/* Two values with their cause, of the content or of a field; no other two have this key. */
static char *change_key(const struct difference_value *value)
{
	const char *published = value->published ? value->published : "";

	return xasprintf("%s %d %d %zu %s%s", value->cause, value->published != NULL,
		value->rebuilt != NULL, strlen(published), published,
		value->rebuilt ? value->rebuilt : "");
}

/* Whether the next member with the same change is worth a line: it is not, of a clock or an id. */
static bool may_repeat(const char *cause_id)
{
	const struct cause *cause = cause_find(cause_id);

	return cause != NULL && cause->severity != SEVERITY_CONTENT;
}

/* The value number `i` of a member, those of its content first. */
static bool value_at(const struct difference *difference, size_t i, struct difference_value *value)
{
	const struct difference_field *field;

	if (i < difference->value_count) {
		*value = difference->values[i];
		return true;
	}
	if (i - difference->value_count >= difference->field_count)
		return false;
	field = &difference->fields[i - difference->value_count];
	*value = (struct difference_value){
		field_find(field->name)->cause, field->published, field->rebuilt};
	return true;
}

static bool has_value(const struct difference *difference, const char *cause)
{
	struct difference_value value;

	for (size_t i = 0; value_at(difference, i, &value); i++) {
		if (strcmp(value.cause, cause) == 0)
			return true;
	}
	return false;
}

/* Whether the very values it differs in were shown, of another member, and nothing else differs. */
static bool is_shown(const struct report_printer *printer, const struct difference *difference)
{
	struct difference_value value;
	bool is_known = difference->cause_count > 0;

	for (size_t i = 0; i < difference->cause_count && is_known; i++)
		is_known = may_repeat(difference->causes[i].id) &&
			has_value(difference, difference->causes[i].id);
	for (size_t i = 0; is_known && value_at(difference, i, &value); i++) {
		char *key = change_key(&value);

		is_known = text_list_contains(&printer->changes, key);
		free(key);
	}
	return is_known;
}

static void remember(struct report_printer *printer, const struct difference *difference)
{
	struct difference_value value;

	for (size_t i = 0;
		printer->changes.count < SHOWN_CHANGES && value_at(difference, i, &value); i++) {
		char *key = change_key(&value);

		text_list_add(&printer->changes, key);
		free(key);
	}
}

static void print_reason(FILE *stream, const struct difference *difference)
{
	const char *reason = difference->reason ? difference->reason : "no reason recorded";
	bool says_all = strncmp(reason, REASON_NOT_LOOKED_AT, strlen(REASON_NOT_LOOKED_AT)) == 0 ||
		strncmp(reason, REASON_NO_DIFF, strlen(REASON_NO_DIFF)) == 0;

	fputs(difference->inspected || says_all ? "      " : "      not opened: ", stream);
	report_put_line(stream, reason);
	fputc('\n', stream);
}

void report_member(struct report_printer *printer, const struct difference *difference)
{
	FILE *stream = printer->stream;

	fputs("  ", stream);
	report_put_line(stream, difference->path);
	if (difference->occurrence)
		fprintf(stream, " (occurrence %llu)",
			(unsigned long long)difference->occurrence + 1);
	fprintf(stream, "  %s", change_word(difference->change));
	for (size_t i = 0; i < difference->cause_count; i++)
		fprintf(stream, "%s%s", i ? " " : "  cause ", difference->causes[i].id);
	fputc('\n', stream);
	if (!difference->inspected || difference->reason)
		print_reason(stream, difference);
	for (size_t i = 0; i < difference->field_count; i++)
		print_field(stream, &difference->fields[i]);
	if (difference->diff && (printer->options->all || printer->diffs < SHOWN_DIFFS)) {
		report_put_block(stream, difference->diff, "      ");
		printer->diffs++;
	}
}

static void begin_members(struct report_printer *printer)
{
	if (printer->shown++ == 0)
		fputs("\nMEMBERS\n", printer->stream);
}

static enum status print_member(
	void *context, const struct difference *difference, struct error *err)
{
	struct report_printer *printer = context;

	(void)err;
	if (!printer->options->all) {
		if (is_consequence(printer, difference) || is_shown(printer, difference)) {
			printer->artifact_folded++;
			return STATUS_OK;
		}
		if (printer->artifact_shown == SHOWN_MEMBERS)
			return STATUS_END;
		remember(printer, difference);
	}
	begin_members(printer);
	printer->artifact_shown++;
	report_member(printer, difference);
	return STATUS_OK;
}

static enum status print_artifact_members(
	void *context, const struct artifact_row *artifact, struct error *err)
{
	struct report_printer *printer = context;
	uint64_t seen;

	if (!artifact->set_id)
		return STATUS_OK;
	printer->artifact_shown = printer->artifact_folded = 0;
	if (evidence_each_difference(printer->evidence, artifact->set_id, UINT64_MAX, print_member,
		    printer, err) < 0)
		return err->status;
	seen = printer->artifact_shown + printer->artifact_folded;
	printer->folded += printer->artifact_folded;
	if (artifact->differences > seen) {
		begin_members(printer);
		fprintf(printer->stream, "  … %llu more in ",
			(unsigned long long)(artifact->differences - seen));
		report_put_line(printer->stream, artifact->record.name);
		fputs(" (--all shows them)\n", printer->stream);
	}
	return STATUS_OK;
}

enum status report_members(struct report_printer *printer, struct error *err)
{
	printer->shown = printer->folded = 0;
	if (evidence_each_artifact(printer->evidence, printer->run->id, true,
		    print_artifact_members, printer, err) < 0)
		return err->status;
	if (printer->folded == 0)
		return STATUS_OK;
	begin_members(printer);
	fprintf(printer->stream,
		"  … %zu more that follow from others, or change as one above (--all shows them)\n",
		printer->folded);
	return STATUS_OK;
}
