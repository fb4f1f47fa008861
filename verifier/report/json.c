/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "dbdiff/causes.h"
#include "verifier/evidence/cause_graph.h"
#include "verifier/report/json_member.h"
#include "verifier/report/json_toolchain.h"
#include "verifier/report/printer.h"
#include "verifier/report/report.h"

/* What the visitors share. */
struct writer {
	struct json *json;
	struct evidence *evidence;
	bool is_recorded;   /* the run has a name that can be asked for */
	const char *change; /* the kind of package change being listed */
	struct cause_graph graph;
};

static void write_path(struct json *json, const char *key, const char *path)
{
	json_bytes(json, key, path, strlen(path));
}

static void write_number_or_null(struct json *json, const char *key, int64_t number)
{
	if (number < 0)
		json_none(json, key);
	else
		json_signed(json, key, number);
}

static void write_side(struct json *json, const char *key, bool present,
	const struct digest *digest, bool has_size, uint64_t size)
{
	char hex[SHA256_HEX_SIZE];

	if (!present) {
		json_none(json, key);
		return;
	}
	digest_hex(digest, hex);
	json_object_begin(json, key);
	json_text(json, "sha256", hex);
	if (has_size)
		json_unsigned(json, "size", size);
	else
		json_none(json, "size");
	json_object_end(json);
}

/* The roots of a cause that follows from others; none for a root. */
static void write_under(
	struct json *json, const struct cause_graph *graph, const struct cause_node *node)
{
	json_array_begin(json, "under");
	for (size_t i = 0; i < graph->count && node != NULL && !node->is_root; i++) {
		if (cause_set_has(&node->roots, i))
			json_text(json, NULL, graph->nodes[i].id);
	}
	json_array_end(json);
}

static void write_run_causes(struct json *json, const struct cause_graph *graph)
{
	json_array_begin(json, "causes");
	for (size_t i = 0; i < graph->count; i++) {
		const struct cause_node *node = &graph->nodes[i];
		const struct cause *cause = cause_find(node->id);

		json_object_begin(json, NULL);
		json_text(json, "id", node->id);
		json_text(json, "severity", cause != NULL ? severity_word(cause->severity) : NULL);
		json_unsigned(json, "artifacts", node->artifacts);
		json_unsigned(json, "members", node->members);
		report_json_bytes(json, "bytes", node->bytes, node->unmeasured > 0);
		write_under(json, graph, node);
		json_unsigned(json, "reached", node->reached);
		write_path(json, "first", node->first_path);
		json_object_end(json);
	}
	json_array_end(json);
}

static enum status write_cause(void *context, const struct cause_row *cause, struct error *err)
{
	const struct writer *writer = context;
	struct json *json = writer->json;

	(void)err;
	json_object_begin(json, NULL);
	json_text(json, "id", cause->cause);
	json_unsigned(json, "members", cause->members);
	report_json_bytes(json, "bytes", cause->bytes, cause->is_unmeasured);
	write_under(json, &writer->graph, cause_graph_find(&writer->graph, cause->cause));
	json_object_end(json);
	return STATUS_OK;
}

static enum status write_member(
	void *context, const struct difference *difference, struct error *err)
{
	(void)err;
	report_json_member(((struct writer *)context)->json, NULL, difference);
	return STATUS_OK;
}

static enum status write_wrapper(void *context, const struct wrapper *wrapper, struct error *err)
{
	struct json *json = ((struct writer *)context)->json;

	(void)err;
	json_object_begin(json, NULL);
	write_path(json, "path", wrapper->path);
	json_text(json, "kind", wrapper->kind);
	json_text(json, "signer", wrapper->signer);
	json_object_end(json);
	return STATUS_OK;
}

static enum status write_artifact(
	void *context, const struct artifact_row *artifact, struct error *err)
{
	struct writer *writer = context;
	struct json *json = writer->json;
	const struct artifact_record *record = &artifact->record;
	enum status status = STATUS_OK;

	json_object_begin(json, NULL);
	write_path(json, "name", record->name);
	json_text(json, "verdict", verdict_word(record->verdict));
	write_side(json, "published", record->has_published, &record->published,
		record->has_published_size, record->published_size);
	write_side(
		json, "rebuilt", record->has_rebuilt, &record->rebuilt, true, record->rebuilt_size);
	write_number_or_null(json, "unattributed_bytes", artifact->unattributed);
	write_number_or_null(json, "unexplained_bytes", artifact->unexplained);
	json_array_begin(json, "causes");
	if (artifact->set_id)
		status = evidence_each_set_cause(
			writer->evidence, artifact->set_id, write_cause, writer, err);
	json_array_end(json);
	json_array_begin(json, "members");
	if (status == STATUS_OK && artifact->set_id)
		status = evidence_each_difference(
			writer->evidence, artifact->set_id, UINT64_MAX, write_member, writer, err);
	json_array_end(json);
	json_array_begin(json, "wrappers");
	if (status == STATUS_OK && artifact->set_id)
		status = evidence_each_wrapper(
			writer->evidence, artifact->set_id, write_wrapper, writer, err);
	json_array_end(json);
	json_bool(json, "required", record->required);
	json_none(json, "waived");
	json_text(json, "reason", record->reason);
	json_bool(json, "accepted", record->is_accepted);
	json_object_end(json);
	return status;
}

static enum status write_mark(void *context, const char *text, struct error *err)
{
	(void)err;
	json_text(((struct writer *)context)->json, NULL, text);
	return STATUS_OK;
}

static enum status write_pin(void *context, const struct pin_record *pin, struct error *err)
{
	struct json *json = ((struct writer *)context)->json;
	const struct suite_state *state = &pin->state;
	char date[CLOCK_TEXT_SIZE];

	(void)err;
	clock_format(pin->date, date);
	json_object_begin(json, NULL);
	json_text(json, "pin", pin->pin);
	json_text(json, "archive", pin->archive);
	json_text(json, "suite", pin->suite);
	json_digest(json, "inrelease_sha256", state->is_detached ? NULL : &state->inrelease);
	json_text(json, "date", date);
	json_bool(json, "captured", pin->captured);
	json_text(json, "signer", pin->signer);
	json_digest(json, "release_sha256", state->is_detached ? &state->release : NULL);
	json_digest(json, "release_gpg_sha256", state->is_detached ? &state->release_gpg : NULL);
	json_object_end(json);
	return STATUS_OK;
}

static enum status write_package(
	void *context, const struct package_change *change, struct error *err)
{
	const struct writer *writer = context;
	struct json *json = writer->json;

	(void)err;
	if (strcmp(change->change, writer->change) != 0)
		return STATUS_OK;
	json_object_begin(json, NULL);
	json_text(json, "name", change->name);
	json_text(json, "architecture", change->architecture);
	json_text(json, "published", change->published);
	json_text(json, "rebuilt", change->rebuilt);
	json_object_end(json);
	return STATUS_OK;
}

static enum status write_packages(struct writer *writer, const char *run, struct error *err)
{
	static const char *const changes[] = {"added", "removed", "changed"};
	struct json *json = writer->json;

	json_object_begin(json, "packages");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		writer->change = changes[i];
		json_array_begin(json, changes[i]);
		if (evidence_each_package_change(
			    writer->evidence, run, write_package, writer, err) < 0)
			return err->status;
		json_array_end(json);
	}
	json_object_end(json);
	return STATUS_OK;
}

static enum status write_published_change(
	void *context, const struct published_change *change, struct error *err)
{
	struct json *json = ((struct writer *)context)->json;
	char time[CLOCK_TEXT_SIZE];

	(void)err;
	clock_format(change->last_seen, time);
	json_object_begin(json, NULL);
	write_path(json, "name", change->name);
	json_text(json, "was", change->was);
	json_text(json, "is_now", change->is_now);
	json_text(json, "last_seen", time);
	json_object_end(json);
	return STATUS_OK;
}

void report_json_failure(struct json *json, const struct run_record *run)
{
	if (!run->failure_class) {
		json_none(json, "failure");
		return;
	}
	json_object_begin(json, "failure");
	json_text(json, "class", run->failure_class);
	json_text(json, "step", run->failure_step);
	json_text(json, "text", run->failure_text);
	json_object_end(json);
}

static enum status write_wanted(
	void *context, const char *kind, const char *target, uint64_t count, struct error *err)
{
	struct json *json = ((struct writer *)context)->json;

	(void)err;
	json_object_begin(json, NULL);
	json_text(json, "kind", kind);
	json_text(json, "target", target);
	json_unsigned(json, "count", count);
	json_object_end(json);
	return STATUS_OK;
}

static enum status write_limit(void *context, const struct limit_record *limit, struct error *err)
{
	struct json *json = ((struct writer *)context)->json;

	(void)err;
	json_object_begin(json, NULL);
	json_text(json, "name", limit->name);
	json_unsigned(json, "value", limit->value);
	json_text(json, "mechanism", limit->mechanism);
	json_bool(json, "broken", limit->is_broken);
	json_object_end(json);
	return STATUS_OK;
}

/* How the build was contained. */
static enum status write_containment(struct writer *writer, const char *run, struct error *err)
{
	json_array_begin(writer->json, "limits");
	if (evidence_each_limit(writer->evidence, run, write_limit, writer, err) < 0)
		return err->status;
	json_array_end(writer->json);
	json_array_begin(writer->json, "wanted");
	if (evidence_each_wanted(writer->evidence, run, write_wanted, writer, err) < 0)
		return err->status;
	json_array_end(writer->json);
	return STATUS_OK;
}

static enum status write_run(struct writer *writer, const struct run_record *run, struct error *err)
{
	struct json *json = writer->json;
	struct evidence *evidence = writer->evidence;

	json_object_begin(json, NULL);
	json_text(json, "format", "reproof-compare-1");
	json_text(json, "verdict", verdict_word(report_verdict(run)));
	json_array_begin(json, "artifacts");
	if (evidence_each_artifact(evidence, run->id, false, write_artifact, writer, err) < 0)
		return err->status;
	json_array_end(json);
	json_array_begin(json, "marks");
	if (evidence_each_mark(evidence, run->id, write_mark, writer, err) < 0)
		return err->status;
	json_array_end(json);
	json_array_begin(json, "pins");
	if (evidence_each_pin(evidence, run->id, write_pin, writer, err) < 0)
		return err->status;
	json_array_end(json);
	if (write_packages(writer, run->id, err) < 0)
		return err->status;
	report_json_failure(json, run);
	json_text(json, "kind", run->kind);
	write_path(json, "release", run->release);
	write_path(json, "target", run->target);
	json_text(json, "isolation", run->isolation);
	json_array_begin(json, "published_changes");
	if (evidence_each_published_change(evidence, run->id, write_published_change, writer, err) <
		0)
		return err->status;
	json_array_end(json);
	json_text(json, "run", writer->is_recorded ? run->id : NULL);
	write_run_causes(json, &writer->graph);
	if (write_containment(writer, run->id, err) < 0 ||
		report_json_build_failure(json, writer->evidence, run->id, err) < 0 ||
		report_json_toolchain(json, writer->evidence, run->id, err) < 0)
		return err->status;
	json_object_end(json);
	return STATUS_OK;
}

enum status report_json(FILE *stream, struct evidence *evidence, const char *run,
	const struct report_options *options, struct error *err)
{
	struct json json;
	struct writer writer = {
		.json = &json, .evidence = evidence, .is_recorded = options->database != NULL};
	struct run_record record;
	enum status status = evidence_read_run(evidence, run, &record, err);

	if (status < 0)
		return status;
	json_init_stream(&json, stream);
	status = cause_graph_read(evidence, record.id, &writer.graph, err);
	if (status == STATUS_OK)
		status = write_run(&writer, &record, err);
	if (status == STATUS_OK)
		status = json_finish(&json, err);
	cause_graph_release(&writer.graph);
	run_record_release(&record);
	return status;
}
