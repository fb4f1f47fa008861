/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/buffer.h"
#include "base/escape.h"
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

static enum status print_member(
	void *context, const struct difference *difference, struct error *err)
{
	struct report_printer *printer = context;
	FILE *stream = printer->stream;

	(void)err;
	if (printer->shown++ == 0)
		fputs("\nMEMBERS\n", stream);
	printer->artifact_shown++;
	fputs("  ", stream);
	report_put_line(stream, difference->path);
	if (difference->occurrence)
		fprintf(stream, " (occurrence %llu)",
			(unsigned long long)difference->occurrence + 1);
	fprintf(stream, "  %s", change_word(difference->change));
	for (size_t i = 0; i < difference->cause_count; i++)
		fprintf(stream, "%s%s", i ? " " : "  cause ", difference->causes[i].id);
	fputc('\n', stream);
	if (!difference->inspected || difference->reason) {
		fputs(difference->inspected ? "      " : "      not opened: ", stream);
		report_put_line(
			stream, difference->reason ? difference->reason : "no reason recorded");
		fputc('\n', stream);
	}
	for (size_t i = 0; i < difference->field_count; i++)
		print_field(stream, &difference->fields[i]);
	if (difference->diff && (printer->options->all || printer->diffs < SHOWN_DIFFS)) {
		report_put_block(stream, difference->diff, "      ");
		printer->diffs++;
	}
	return STATUS_OK;
}

static enum status print_artifact_members(
	void *context, const struct artifact_row *artifact, struct error *err)
{
	struct report_printer *printer = context;
	uint64_t limit = printer->options->all ? UINT64_MAX : SHOWN_MEMBERS;

	if (!artifact->set_id)
		return STATUS_OK;
	printer->artifact_shown = 0;
	if (evidence_each_difference(
		    printer->evidence, artifact->set_id, limit, print_member, printer, err) < 0)
		return err->status;
	if (artifact->differences > printer->artifact_shown) {
		fprintf(printer->stream, "  … %llu more in ",
			(unsigned long long)(artifact->differences - printer->artifact_shown));
		report_put_line(printer->stream, artifact->record.name);
		fputs(" (--all shows them)\n", printer->stream);
	}
	return STATUS_OK;
}

enum status report_members(struct report_printer *printer, struct error *err)
{
	printer->shown = 0;
	return evidence_each_artifact(
		printer->evidence, printer->run->id, true, print_artifact_members, printer, err);
}
