/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/sheet.h"

#include "base/clock.h"

static void put_known(struct json *json, const char *key, enum known known)
{
	if (known == KNOWN_UNKNOWN)
		json_none(json, key);
	else
		json_bool(json, key, known == KNOWN_YES);
}

static void put_number(struct json *json, const char *key, bool is_known, uint64_t number)
{
	if (is_known)
		json_unsigned(json, key, number);
	else
		json_none(json, key);
}

static void put_texts(struct json *json, const char *key, const struct text_list *texts)
{
	json_array_begin(json, key);
	for (size_t i = 0; i < texts->count; i++)
		json_text(json, NULL, texts->items[i]);
	json_array_end(json);
}

static void put_known_texts(
	struct json *json, const char *key, bool is_known, const struct text_list *texts)
{
	if (is_known)
		put_texts(json, key, texts);
	else
		json_none(json, key);
}

static void put_claims(struct json *json, const struct claim_list *claims)
{
	json_array_begin(json, "evidence");
	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];

		json_object_begin(json, NULL);
		json_text(json, "claim", claim->text);
		json_text(json, "where", claim->where);
		if (claim->has_sha256)
			json_digest(json, "sha256", &claim->sha256);
		else
			json_none(json, "sha256");
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_data(struct json *json, const struct coverage_data *data)
{
	if (data->has_debci) {
		json_object_begin(json, "debci");
		json_text(json, "status", data->debci_status);
		json_text(json, "version", data->debci_version);
		json_bool(json, "exact", data->is_debci_exact);
		json_text(json, "date", data->debci_date);
		put_number(json, "seconds", data->debci_status != NULL, data->debci_seconds);
		json_text(json, "log", data->debci_log);
		put_number(json, "passed", data->has_debci_log, data->debci_passed);
		put_number(json, "skipped", data->has_debci_log, data->debci_skipped);
		json_object_end(json);
	} else {
		json_none(json, "debci");
	}
	json_text(json, "build_log", data->log_ran);
	json_text(json, "reproducible", data->reproducible);
	if (data->has_device) {
		json_object_begin(json, "device");
		json_unsigned(json, "passed", data->device_passed);
		json_unsigned(json, "failed", data->device_failed);
		json_unsigned(json, "skipped", data->device_skipped);
		json_object_end(json);
	} else {
		json_none(json, "device");
	}
}

static void put_urgencies(struct json *json, const struct coverage_data *data)
{
	if (!data->has_tracker) {
		json_none(json, "cves_open_by_urgency");
		return;
	}
	json_object_begin(json, "cves_open_by_urgency");
	for (unsigned i = 0; i < TRACKER_URGENCIES; i++)
		json_unsigned(json, tracker_urgency_word(i), data->cves_open_by[i]);
	json_object_end(json);
}

static void put_risk(struct json *json, const struct coverage_package *package)
{
	static const struct text_list nothing;
	const struct coverage_data *data = &package->data;
	const struct source_facts *facts = package->facts;
	bool are_debs = coverage_debs_are_read(package);
	char time[CLOCK_TEXT_SIZE];

	json_object_begin(json, "risk");
	put_number(json, "cves_open", data->has_tracker, data->cves_open);
	put_number(json, "cves_open_remote", data->has_tracker, data->cves_open_remote);
	put_number(json, "cves_past", data->has_tracker, data->cves_past);
	put_texts(json, "services",
		are_debs	? &package->seen.services
			: facts ? &facts->services
				: &nothing);
	put_texts(json, "privileges",
		are_debs	? &package->seen.privileges
			: facts ? &facts->setuid
				: &nothing);
	json_array_begin(json, "languages");
	for (size_t i = 0; facts && i < facts->language_count; i++) {
		json_object_begin(json, NULL);
		json_text(json, "name", facts->languages[i].name);
		json_unsigned(json, "files", facts->languages[i].files);
		json_unsigned(json, "bytes", facts->languages[i].bytes);
		json_object_end(json);
	}
	json_array_end(json);
	if (facts && facts->changed)
		clock_format(facts->changed, time);
	json_text(json, "changed", facts && facts->changed ? time : NULL);
	put_number(json, "dependents", package->has_dependents, package->dependents);
	put_number(json, "popcon", data->has_popcon, data->popcon);
	put_number(json, "cves_unsaid", data->has_tracker, data->cves_unsaid);
	put_urgencies(json, data);
	put_known_texts(json, "sockets", are_debs, &package->seen.sockets);
	put_known_texts(json, "sections", are_debs, &package->seen.sections);
	json_text(json, "looked_at", are_debs ? "debs" : facts ? "source" : NULL);
	json_object_end(json);
}

static void put_decision(struct json *json, const struct coverage_package *package)
{
	const struct decision *decision = package->decision;

	if (!decision) {
		json_none(json, "decision");
		return;
	}
	json_object_begin(json, "decision");
	json_text(json, "decision", decision->decision);
	json_text(json, "class", evidence_class_word(decision->class));
	json_bool(json, "holds", package->is_decided);
	json_text(json, "justification", decision->justification);
	json_text(json, "owner", decision->owner);
	json_text(json, "date", decision->date);
	json_object_end(json);
}

/* What the answers about tests are made of. */
static void put_tests(struct json *json, const struct source_facts *facts)
{
	static const struct text_list nothing;

	put_texts(json, "triggers", facts ? &facts->triggers : &nothing);
	json_array_begin(json, "autopkgtests");
	for (size_t i = 0; facts && i < facts->autopkgtest_count; i++) {
		const struct autopkgtest *stanza = &facts->autopkgtests[i];

		json_object_begin(json, NULL);
		put_texts(json, "tests", &stanza->names);
		json_text(json, "quality", autopkgtest_quality_word(stanza->quality));
		put_texts(json, "restrictions", &stanza->restrictions);
		put_texts(json, "architectures", &stanza->architectures);
		json_unsigned(json, "line", stanza->line);
		json_object_end(json);
	}
	json_array_end(json);
	json_array_begin(json, "upstream_suites");
	for (size_t i = 0; facts && i < facts->suite_count; i++) {
		json_object_begin(json, NULL);
		json_text(json, "framework", facts->suites[i].framework);
		json_text(json, "where", facts->suites[i].where);
		json_unsigned(json, "count", facts->suites[i].count);
		json_object_end(json);
	}
	json_array_end(json);
}

void sheet_json_package(struct json *json, const struct coverage_package *package)
{
	const struct source_facts *facts = package->facts;

	json_object_begin(json, NULL);
	json_text(json, "source", package->source);
	json_text(json, "version", package->version);
	put_known(json, "has_autopkgtest", facts ? facts->has_autopkgtest : KNOWN_UNKNOWN);
	json_text(json, "autopkgtest_quality",
		facts && facts->autopkgtest_quality != AUTOPKGTEST_UNKNOWN
			? autopkgtest_quality_word(facts->autopkgtest_quality)
			: NULL);
	put_known(json, "has_upstream_tests", facts ? facts->has_upstream_tests : KNOWN_UNKNOWN);
	json_text(
		json, "run_at_build", run_at_build_word(facts ? facts->run_at_build : RUN_UNCLEAR));
	json_text(json, "failure_fatal",
		failure_fatal_word(facts ? facts->failure_fatal : FATAL_UNCLEAR));
	json_text(json, "class", evidence_class_word(package->class));
	put_known(json, "confirmed", package->confirmed);
	put_claims(json, &package->claims);
	json_text(json, "suite", package->suite);
	json_array_begin(json, "binaries");
	for (size_t i = 0; i < package->binary_count; i++) {
		struct buffer text = {0};

		listed_binary_text(&package->binaries[i], &text);
		json_text(json, NULL, buffer_text(&text));
		buffer_release(&text);
	}
	json_array_end(json);
	json_bool(json, "by_name_only", package->is_by_name_only);
	json_bool(json, "self_built", package->state == ROW_SELF_BUILT);
	json_text(json, "unavailable", package->trouble);
	put_data(json, &package->data);
	put_risk(json, package);
	put_decision(json, package);
	json_text(json, "patch", facts ? facts->patch : NULL);
	json_text(json, "confirmed_by",
		package->confirmed == KNOWN_UNKNOWN ? NULL
			: package->is_by_name_only  ? "name"
						    : "sha256");
	put_tests(json, facts);
	if (package->data.newer_version) {
		json_object_begin(json, "newer");
		json_text(json, "version", package->data.newer_version);
		json_text(json, "testsuite", package->data.newer_testsuite);
		json_object_end(json);
	} else {
		json_none(json, "newer");
	}
	json_object_end(json);
}

static void put_input(struct json *json, const struct coverage_input *input, bool with_time)
{
	bool has_time = with_time && input->time;
	char time[CLOCK_TEXT_SIZE];

	if (has_time)
		clock_format(input->time, time);
	json_object_begin(json, NULL);
	json_text(json, "role", input->role);
	json_text(json, "name", input->name);
	if (input->trouble)
		json_none(json, "sha256");
	else
		json_digest(json, "sha256", &input->sha256);
	json_text(json, "time", has_time ? time : NULL);
	json_text(json, "trouble", input->trouble);
	json_object_end(json);
}

void sheet_json(const struct coverage *coverage, bool with_times, struct buffer *out)
{
	struct error ignored; /* memory does not fail to be written */
	struct json json;

	json_init_buffer(&json, out);
	json_object_begin(&json, NULL);
	json_text(&json, "format", "reproof-coverage-1");
	json_text(&json, "pin", coverage->pins);
	json_array_begin(&json, "packages");
	for (size_t i = 0; i < coverage->count; i++)
		sheet_json_package(&json, &coverage->packages[i]);
	json_array_end(&json);
	json_text(&json, "architecture", coverage->architecture);
	json_text(&json, "rules", COVERAGE_RULES);
	json_array_begin(&json, "inputs");
	for (size_t i = 0; i < coverage->input_count; i++)
		put_input(&json, &coverage->inputs[i], with_times);
	json_array_end(&json);
	put_texts(&json, "stale_decisions", &coverage->stale);
	put_texts(&json, "notes", &coverage->notes);
	json_text(&json, "release", coverage->suite.codename);
	json_text(&json, "debci_suite", coverage->suite.ci_name);
	json_object_end(&json);
	json_finish(&json, &ignored);
}
