/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "verifier/evidence/rebuilding.h"
#include "verifier/report/printer.h"

/* The same in the two, and nothing is known against it: a third build may have found it another. */
static bool is_same(const struct rebuild_record *record, const struct rebuild_artifact *artifact)
{
	for (size_t i = 0; i < record->culprit_count; i++) {
		if (strcmp(record->culprits[i].artifact, artifact->name) == 0)
			return false;
	}
	return artifact->has_first && artifact->has_second &&
		digest_equal(&artifact->first, &artifact->second);
}

static bool has_answer(const struct rebuild_record *record, const char *answer)
{
	return strcmp(record->answer, answer) == 0;
}

static size_t varied_count(const struct rebuild_record *record)
{
	size_t count = 0;

	for (size_t i = 0; i < record->variation_count; i++)
		count += record->variations[i].how != NULL;
	return count;
}

static size_t differing_count(const struct rebuild_record *record)
{
	size_t count = 0;

	for (size_t i = 0; i < record->artifact_count; i++)
		count += !is_same(record, &record->artifacts[i]);
	return count;
}

/* "timezone and umask" of "timezone,umask". */
static void put_varied(FILE *stream, const char *varied)
{
	for (; *varied; varied++) {
		if (*varied == ',')
			fputs(strchr(varied + 1, ',') ? ", " : " and ", stream);
		else
			fputc(*varied, stream);
	}
}

/* "timezone alone", "build_path and umask together". */
static void put_culprit(FILE *stream, const struct rebuild_culprit *culprit)
{
	if (strcmp(culprit->how, CULPRIT_NOTHING) == 0) {
		fputs("with nothing varied", stream);
		return;
	}
	if (strcmp(culprit->how, CULPRIT_WITHIN) == 0)
		fputs("something of ", stream);
	put_varied(stream, culprit->varied);
	if (strcmp(culprit->how, CULPRIT_WITHIN) == 0)
		fputs(" (the search was not finished)", stream);
	else
		fprintf(stream, " %s", culprit->how);
}

/* The culprit of this kind and these variations, whichever artifact's; NULL for none. */
static const struct rebuild_culprit *find_culprit(
	const struct rebuild_record *record, const char *how, const char *varied)
{
	for (size_t i = 0; i < record->culprit_count; i++) {
		const struct rebuild_culprit *culprit = &record->culprits[i];

		if (strcmp(culprit->how, how) == 0 && strcmp(culprit->varied, varied) == 0)
			return culprit;
	}
	return NULL;
}

/* What line 1 names, each once: plain chance, then what is enough alone, then combinations. */
static void put_answer_culprits(FILE *stream, const struct rebuild_record *record)
{
	const char *before = " with ";

	if (find_culprit(record, CULPRIT_NOTHING, "")) {
		fputs(" WITH NOTHING VARIED", stream);
		before = ", and with ";
	}
	for (size_t i = 0; i < record->variation_count; i++) {
		const char *name = record->variations[i].name;

		if (!find_culprit(record, CULPRIT_ALONE, name))
			continue;
		fprintf(stream, "%s%s", before, name);
		before = ", ";
	}
	for (size_t i = 0; i < record->culprit_count; i++) {
		const struct rebuild_culprit *culprit = &record->culprits[i];

		if ((strcmp(culprit->how, CULPRIT_TOGETHER) != 0 &&
			    strcmp(culprit->how, CULPRIT_WITHIN) != 0) ||
			find_culprit(record, culprit->how, culprit->varied) != culprit)
			continue;
		fputs(before, stream);
		put_culprit(stream, culprit);
		before = ", ";
	}
}

static void put_failure(FILE *stream, const struct run_record *run)
{
	fputs(": ", stream);
	report_put_line(stream, run->failure_text);
}

/* Line 1: the answer. Never a word that a verdict on a release has. */
static void print_answer(struct report_printer *printer, const struct rebuild_record *record)
{
	FILE *stream = printer->stream;
	const struct run_record *run = printer->run;
	size_t differing = differing_count(record), count = record->artifact_count;

	if (has_answer(record, REBUILD_FAILED)) {
		fprintf(stream, "NOT REBUILT (%s)", report_failure_title(printer));
		put_failure(stream, run);
	} else if (has_answer(record, REBUILD_BUILT)) {
		fprintf(stream, "BUILT. %zu file%s", count, count == 1 ? "" : "s");
		if (run->failure_text)
			put_failure(stream, run);
		fputs("; compared with nothing.", stream);
	} else if (has_answer(record, REBUILD_SAME)) {
		fprintf(stream,
			"SAME TWICE. %s %zu file%s, bit for bit, with %zu condition%s varied.",
			count == 1 ? "Its" : "All", count, count == 1 ? "" : "s",
			varied_count(record), varied_count(record) == 1 ? "" : "s");
	} else {
		fputs("DIFFERS", stream);
		put_answer_culprits(stream, record);
		fprintf(stream, ". %zu of %zu file%s differ%s between builds.", differing, count,
			count == 1 ? "" : "s", differing == 1 ? "s" : "");
		if (run->failure_text) {
			fprintf(stream, " Then trouble (%s)", report_failure_title(printer));
			put_failure(stream, run);
		}
	}
	fputc('\n', stream);
}

static void print_artifact(
	FILE *stream, const struct rebuild_record *record, const struct rebuild_artifact *artifact)
{
	bool is_first = true;

	report_put_line(stream, artifact->name);
	if (has_answer(record, REBUILD_BUILT)) {
		char hex[SHA256_HEX_SIZE];

		digest_hex(&artifact->first, hex);
		fprintf(stream, ": built  sha256 %s\n", hex);
		return;
	}
	fputs(is_same(record, artifact) ? ": same" : ": different", stream);
	if (!artifact->has_first || !artifact->has_second)
		fprintf(stream, "  only the %s build left it",
			artifact->has_first ? "first" : "second");
	for (size_t i = 0; i < record->culprit_count; i++) {
		if (strcmp(record->culprits[i].artifact, artifact->name) != 0)
			continue;
		fputs(is_first ? "  " : "; ", stream);
		put_culprit(stream, &record->culprits[i]);
		is_first = false;
	}
	fputc('\n', stream);
}

/* Those that differ come first. */
static void print_artifacts(
	FILE *stream, const struct rebuild_record *record, const struct report_options *options)
{
	size_t folded = 0;

	if (record->artifact_count)
		fputc('\n', stream);
	for (int same = 0; same < 2; same++) {
		for (size_t i = 0; i < record->artifact_count; i++) {
			if (is_same(record, &record->artifacts[i]) != (same == 1))
				continue;
			if (same && options->group)
				folded++;
			else
				print_artifact(stream, record, &record->artifacts[i]);
		}
	}
	if (folded)
		fprintf(stream, "(%zu more: same)\n", folded);
}

static void print_variations(FILE *stream, const struct rebuild_record *record)
{
	if (record->variation_count)
		fputs("\nVARIED\n", stream);
	for (size_t i = 0; i < record->variation_count; i++) {
		const struct rebuild_variation *variation = &record->variations[i];

		fprintf(stream, "  %-13s %s", variation->name,
			variation->how ? "" : "not varied: ");
		report_put_line(stream, variation->how ? variation->how : variation->why_not);
		fputc('\n', stream);
	}
	fprintf(stream, "BUILDS    %llu", (unsigned long long)record->builds);
	if (record->variation_count)
		fprintf(stream, " of at most %llu", (unsigned long long)record->bound);
	if (record->kept) {
		fputs("; outputs in ", stream);
		report_put_line(stream, record->kept);
	}
	fputc('\n', stream);
}

/* What differs inside, from the run that compared the two. */
static enum status print_inside(
	struct report_printer *printer, const struct rebuild_record *record, struct error *err)
{
	enum status status;

	if (!record->compared)
		return STATUS_OK;
	status = cause_graph_read(printer->evidence, record->compared, &printer->graph, err);
	if (status == STATUS_OK)
		status = report_causes(printer, err);
	if (status == STATUS_OK) {
		fprintf(printer->stream, "INSIDE    reproof show %s", record->compared);
		report_put_database(printer->stream, printer->options);
		fputc('\n', printer->stream);
	}
	cause_graph_release(&printer->graph);
	return status;
}

static enum status print_rebuild(
	struct report_printer *printer, const struct rebuild_record *record, struct error *err)
{
	FILE *stream = printer->stream;
	enum status status;

	print_answer(printer, record);
	print_artifacts(stream, record, printer->options);
	report_build_failure(printer);
	print_variations(stream, record);
	status = print_inside(printer, record, err);
	if (status == STATUS_OK)
		status = report_origins(printer, err);
	if (status == STATUS_OK)
		report_recorded(stream, printer->options, printer->run->id);
	return status;
}

static void write_artifacts(struct json *json, const struct rebuild_record *record)
{
	json_array_begin(json, "artifacts");
	for (size_t i = 0; i < record->artifact_count; i++) {
		const struct rebuild_artifact *artifact = &record->artifacts[i];
		char first[SHA256_HEX_SIZE], second[SHA256_HEX_SIZE];

		digest_hex(&artifact->first, first);
		digest_hex(&artifact->second, second);
		json_object_begin(json, NULL);
		json_bytes(json, "name", artifact->name, strlen(artifact->name));
		json_text(json, "state",
			has_answer(record, REBUILD_BUILT)   ? "built"
				: is_same(record, artifact) ? "same"
							    : "different");
		json_text(json, "first", artifact->has_first ? first : NULL);
		json_text(json, "second", artifact->has_second ? second : NULL);
		json_object_end(json);
	}
	json_array_end(json);
}

/* A list of names with commas as an array. */
static void write_names(struct json *json, const char *key, const char *names)
{
	json_array_begin(json, key);
	while (*names) {
		size_t len = strcspn(names, ",");

		json_bytes(json, NULL, names, len);
		names += len + (names[len] == ',');
	}
	json_array_end(json);
}

static void write_culprits(struct json *json, const struct rebuild_record *record)
{
	json_array_begin(json, "culprits");
	for (size_t i = 0; i < record->culprit_count; i++) {
		const struct rebuild_culprit *culprit = &record->culprits[i];

		json_object_begin(json, NULL);
		if (culprit->artifact[0])
			json_bytes(json, "artifact", culprit->artifact, strlen(culprit->artifact));
		else
			json_none(json, "artifact");
		json_text(json, "how", culprit->how);
		write_names(json, "varied", culprit->varied);
		json_object_end(json);
	}
	json_array_end(json);
	json_array_begin(json, "variations");
	for (size_t i = 0; i < record->variation_count; i++) {
		json_object_begin(json, NULL);
		json_text(json, "name", record->variations[i].name);
		json_text(json, "how", record->variations[i].how);
		json_text(json, "why_not", record->variations[i].why_not);
		json_object_end(json);
	}
	json_array_end(json);
}

static enum status write_rebuild(
	struct report_printer *printer, const struct rebuild_record *record, struct error *err)
{
	const struct run_record *run = printer->run;
	enum status status;
	struct json json;

	json_init_stream(&json, printer->stream);
	json_object_begin(&json, NULL);
	json_text(&json, "format", "reproof-rebuild-1");
	json_text(&json, "answer", record->answer);
	write_artifacts(&json, record);
	write_culprits(&json, record);
	json_unsigned(&json, "builds", record->builds);
	json_unsigned(&json, "bound", record->bound);
	if (record->kept)
		json_bytes(&json, "kept", record->kept, strlen(record->kept));
	else
		json_none(&json, "kept");
	json_text(&json, "compared", record->compared);
	report_json_failure(&json, run);
	status = report_json_build_failure(&json, printer->evidence, run->id, err);
	json_text(&json, "kind", run->kind);
	json_text(&json, "release", run->release);
	json_text(&json, "target", run->target);
	json_text(&json, "isolation", run->isolation);
	json_text(&json, "run", run->id);
	json_object_end(&json);
	return status < 0 ? status : json_finish(&json, err);
}

enum status report_rebuild(FILE *stream, struct evidence *evidence, const struct run_record *run,
	const struct report_options *options, bool is_json, char answer[REBUILD_ANSWER_SIZE],
	struct error *err)
{
	struct report_printer printer = {
		.stream = stream, .evidence = evidence, .options = options, .run = run};
	struct rebuild_record record;
	enum status status = evidence_read_rebuild(evidence, run->id, &record, err);

	answer[0] = '\0';
	if (status == STATUS_END) {
		record.answer = xstrdup("");
		status = STATUS_OK;
	}
	if (status == STATUS_OK)
		status = evidence_read_build_failure(evidence, run->id, &printer.failure, err);
	if (status >= 0) {
		snprintf(answer, REBUILD_ANSWER_SIZE, "%s", record.answer);
		status = STATUS_OK;
		if (!is_json) {
			report_put_line(stream, run->release);
			fputc(' ', stream);
			report_put_line(stream, run->target);
			fputs(": ", stream);
		}
		if (is_json)
			status = write_rebuild(&printer, &record, err);
		else if (!answer[0])
			fputs("NOT FINISHED. The run was interrupted; the same command goes on "
			      "with "
			      "it.\n",
				stream);
		else
			status = print_rebuild(&printer, &record, err);
	}
	build_failure_release(&printer.failure);
	rebuild_record_release(&record);
	return status;
}
