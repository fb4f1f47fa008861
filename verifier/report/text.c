/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/buffer.h"
#include "base/escape.h"
#include "verifier/report/printer.h"

void report_put_line(FILE *stream, const char *text)
{
	struct buffer line = {0};

	escape_line(&line, text, strlen(text));
	fputs(buffer_text(&line), stream);
	buffer_release(&line);
}

/* The word in capitals on line 1. */
static const char *const headlines[VERDICT_COUNT] = {
	[VERDICT_REBUILD_FAILED] = "NOT REBUILT",
	[VERDICT_NOT_ATTEMPTED] = "NOT ATTEMPTED",
	[VERDICT_NOT_INSPECTED] = "NOT INSPECTED",
	[VERDICT_MISSING] = "INCOMPLETE",
	[VERDICT_EXTRA] = "INCOMPLETE",
	[VERDICT_DIFFERENT] = "DIFFERENT",
	[VERDICT_CONTENT_EQUAL] = "CONTENT-EQUAL",
	[VERDICT_REPRODUCED] = "REPRODUCED",
};

/* How many artifacts of a verdict there are, in words. */
static const char *const count_words[VERDICT_COUNT] = {
	[VERDICT_REBUILD_FAILED] = "not rebuilt",
	[VERDICT_NOT_ATTEMPTED] = "not attempted",
	[VERDICT_NOT_INSPECTED] = "not inspected",
	[VERDICT_MISSING] = "missing",
	[VERDICT_EXTRA] = "extra",
	[VERDICT_DIFFERENT] = "differ",
	[VERDICT_CONTENT_EQUAL] = "content-equal",
};

static enum status print_mark(void *context, const char *text, struct error *err)
{
	struct report_printer *printer = context;

	(void)err;
	/* Said on the line BUILD: ISAR's builds are never more. */
	if (strcmp(text, MARK_COOPERATIVE) == 0)
		return STATUS_OK;
	fputs(printer->shown++ ? ", " : " (", printer->stream);
	report_put_line(printer->stream,
		strcmp(text, MARK_GIVEN_UUID) == 0 ? "given the published image UUID"
			: strcmp(text, MARK_SERVED_PUBLISHED) == 0
			? "some of it was served by the pins"
			: text);
	return STATUS_OK;
}

static void print_title(const struct report_printer *printer)
{
	const struct run_record *run = printer->run;

	report_put_line(printer->stream, run->release);
	fputs(strcmp(run->kind, "compare") == 0 ? " and " : " ", printer->stream);
	report_put_line(printer->stream, run->target);
	fputs(": ", printer->stream);
}

static void print_counts(struct report_printer *printer, const struct report_outcome *outcome)
{
	size_t good = outcome->counts[VERDICT_REPRODUCED];

	if (good == outcome->artifacts) {
		fprintf(printer->stream, "%s %zu artifact%s, bit for bit.",
			good == 1 ? "Its" : "All", good, good == 1 ? "" : "s");
		return;
	}
	fprintf(printer->stream, "%zu of %zu artifacts reproduced", good, outcome->artifacts);
	for (int i = VERDICT_COUNT - 2; i >= 0; i--) {
		if (outcome->counts[i] == 0)
			continue;
		fprintf(printer->stream, ", %zu %s%s", outcome->counts[i], count_words[i],
			i == VERDICT_DIFFERENT && outcome->counts[i] == 1 ? "s" : "");
	}
	fputc('.', printer->stream);
}

/* Line 1: the answer. */
static enum status print_answer(
	struct report_printer *printer, const struct report_outcome *outcome, struct error *err)
{
	const struct run_record *run = printer->run;
	bool looked_at;
	size_t changes;

	print_title(printer);
	if (!run->finished) {
		fputs("NOT FINISHED. The run was interrupted; the same command goes on with it.\n",
			printer->stream);
		return STATUS_OK;
	}
	if (outcome->artifacts == 0)
		fputs("NOTHING COMPARED", printer->stream);
	else
		fputs(headlines[outcome->verdict], printer->stream);
	if (run->failure_class)
		fprintf(printer->stream, " (%s)", report_failure_title(printer));
	printer->shown = 0;
	if (evidence_each_mark(printer->evidence, run->id, print_mark, printer, err) < 0)
		return err->status;
	if (printer->shown)
		fputc(')', printer->stream);
	/* An error's text is no sentence of its own. */
	fputs(run->failure_text ? ": " : ". ", printer->stream);
	if (run->failure_text)
		report_put_line(printer->stream, run->failure_text);
	else
		print_counts(printer, outcome);
	if (report_package_count(printer, &looked_at, &changes, err) < 0)
		return err->status;
	if (changes)
		fprintf(printer->stream, " Pin drift: %zu package%s.", changes,
			changes == 1 ? "" : "s");
	fputs(outcome->artifacts > 0 ? "\n\n" : "\n", printer->stream);
	return STATUS_OK;
}

/* "/etc/os-release" of "root.tar//etc/os-release": the path without the artifact's name. */
static const char *inner_path(const char *path, const char *artifact)
{
	size_t len = strlen(artifact);

	if (strncmp(path, artifact, len) == 0 && strncmp(path + len, "//", 2) == 0)
		return path + len + 2;
	return path;
}

static enum status print_first_member(
	void *context, const struct difference *difference, struct error *err)
{
	struct report_printer *printer = context;

	(void)err;
	fputs("; ", printer->stream);
	report_put_line(printer->stream, inner_path(difference->path, printer->artifact));
	return STATUS_OK;
}

static enum status print_wrapper(void *context, const struct wrapper *wrapper, struct error *err)
{
	struct report_printer *printer = context;

	(void)err;
	fputs(printer->wrappers++ ? ", " : "  but for ", printer->stream);
	report_put_line(printer->stream, wrapper->kind);
	if (wrapper->signer != NULL) {
		fputs(" by ", printer->stream);
		report_put_line(printer->stream, wrapper->signer);
	}
	return STATUS_OK;
}

/* What was taken off, and whether the descriptor accepts that by name. */
static enum status print_wrappers(
	struct report_printer *printer, const struct artifact_row *artifact, struct error *err)
{
	printer->wrappers = 0;
	if (evidence_each_wrapper(
		    printer->evidence, artifact->set_id, print_wrapper, printer, err) < 0)
		return err->status;
	fputs(artifact->record.is_accepted ? " (accepted)" : " (accepted by nobody)",
		printer->stream);
	return STATUS_OK;
}

/* What stands behind the verdict on an artifact's line. */
static enum status print_details(
	struct report_printer *printer, const struct artifact_row *artifact, struct error *err)
{
	const struct artifact_record *record = &artifact->record;

	if (record->reason) {
		fputs("  ", printer->stream);
		report_put_line(printer->stream, record->reason);
	}
	if (!artifact->set_id)
		return STATUS_OK;
	if (record->verdict == VERDICT_CONTENT_EQUAL)
		return print_wrappers(printer, artifact, err);
	fprintf(printer->stream, "  %llu member%s differ%s",
		(unsigned long long)artifact->differences, artifact->differences == 1 ? "" : "s",
		artifact->differences == 1 ? "s" : "");
	if (!artifact->inspected)
		fputs(", not all could be opened", printer->stream);
	printer->artifact = record->name;
	if (artifact->differences <= 3)
		return evidence_each_difference(
			printer->evidence, artifact->set_id, 3, print_first_member, printer, err);
	return STATUS_OK;
}

static void add_bytes(struct report_printer *printer, const struct artifact_row *artifact)
{
	if (artifact->record.verdict != VERDICT_DIFFERENT &&
		artifact->record.verdict != VERDICT_CONTENT_EQUAL)
		return;
	printer->differing++;
	if (artifact->unattributed < 0 || artifact->unexplained < 0) {
		printer->unmeasured++;
		return;
	}
	printer->unattributed += (uint64_t)artifact->unattributed;
	printer->unexplained += (uint64_t)artifact->unexplained;
}

static enum status print_artifact(
	void *context, const struct artifact_row *artifact, struct error *err)
{
	struct report_printer *printer = context;
	const struct artifact_record *record = &artifact->record;

	add_bytes(printer, artifact);
	if (printer->options->group && record->verdict == VERDICT_REPRODUCED) {
		printer->shown++;
		return STATUS_OK;
	}
	report_put_line(printer->stream, record->name);
	fprintf(printer->stream, ": %s", verdict_word(record->verdict));
	if (print_details(printer, artifact, err) < 0)
		return err->status;
	fputc('\n', printer->stream);
	return STATUS_OK;
}

static enum status print_artifacts(struct report_printer *printer, struct error *err)
{
	printer->shown = 0;
	if (evidence_each_artifact(
		    printer->evidence, printer->run->id, true, print_artifact, printer, err) < 0)
		return err->status;
	if (printer->shown)
		fprintf(printer->stream, "(%zu more: reproduced)\n", printer->shown);
	return STATUS_OK;
}

/* " --db FILE" as a shell takes it, unless that is where a command looks anyway. */
void report_put_database(FILE *stream, const struct report_options *options)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-+=:,./@%";
	const char *path = options->database;
	struct buffer word = {0};

	if (options->is_default_database)
		return;
	if (path[0] && !path[strspn(path, plain)]) {
		buffer_add_text(&word, path);
	} else {
		buffer_add_text(&word, "'");
		for (; *path; path++) {
			if (*path == '\'')
				buffer_add_text(&word, "'\\''");
			else
				buffer_add(&word, path, 1);
		}
		buffer_add_text(&word, "'");
	}
	fputs(" --db ", stream);
	report_put_line(stream, buffer_text(&word));
	buffer_release(&word);
}

void report_recorded(FILE *stream, const struct report_options *options, const char *run)
{
	if (!options->database || options->is_again)
		return;
	fprintf(stream, "\nrecorded as run %s · again: reproof show %s", run, run);
	report_put_database(stream, options);
	fputc('\n', stream);
}

enum status report_text(FILE *stream, struct evidence *evidence, const char *run,
	const struct report_options *options, struct error *err)
{
	struct report_outcome outcome;
	struct run_record record;
	struct report_printer printer = {
		.stream = stream, .evidence = evidence, .options = options, .run = &record};
	enum status status;

	if (report_outcome(evidence, run, &outcome, err) < 0 ||
		evidence_read_run(evidence, run, &record, err) < 0)
		return err->status;
	status = evidence_read_build_failure(evidence, record.id, &printer.failure, err);
	if (status >= 0)
		status = cause_graph_read(evidence, run, &printer.graph, err);
	if (status == STATUS_OK)
		status = print_answer(&printer, &outcome, err);
	if (status == STATUS_OK)
		status = print_artifacts(&printer, err);
	if (status == STATUS_OK) {
		report_build_failure(&printer);
		status = report_sections(&printer, err);
	}
	if (status == STATUS_OK)
		status = report_members(&printer, err);
	if (status == STATUS_OK)
		report_recorded(stream, options, record.id);
	run_record_release(&record);
	cause_graph_release(&printer.graph);
	build_failure_release(&printer.failure);
	text_list_release(&printer.changes);
	return status;
}
