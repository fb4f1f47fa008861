/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/sheet.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"

typedef const struct coverage_package package_row;

static void add_known(struct buffer *text, enum known known)
{
	if (known != KNOWN_UNKNOWN)
		buffer_add_text(text, known == KNOWN_YES ? "yes" : "no");
}

static void add_optional(struct buffer *text, const char *value)
{
	if (value)
		buffer_add_text(text, value);
}

static void add_number(struct buffer *text, bool is_known, uint64_t number)
{
	if (is_known)
		buffer_add_format(text, "%" PRIu64, number);
}

static void add_list(struct buffer *text, const struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		buffer_add_format(text, "%s%s", i ? ", " : "", list->items[i]);
}

/* ---- the review ---- */

static void source(package_row *row, struct buffer *text)
{
	buffer_add_text(text, row->source);
}

static void version(package_row *row, struct buffer *text)
{
	add_optional(text, row->version);
}

static void binaries(package_row *row, struct buffer *text)
{
	add_list(text, &row->binaries);
}

static void class(package_row *row, struct buffer *text)
{
	buffer_add_text(text, evidence_class_word(row->class));
}

static void confirmed(package_row *row, struct buffer *text)
{
	add_known(text, row->confirmed);
}

static void has_autopkgtest(package_row *row, struct buffer *text)
{
	if (row->facts)
		add_known(text, row->facts->has_autopkgtest);
}

static void quality(package_row *row, struct buffer *text)
{
	if (row->facts && row->facts->autopkgtest_quality != AUTOPKGTEST_UNKNOWN)
		buffer_add_text(text, autopkgtest_quality_word(row->facts->autopkgtest_quality));
}

static void has_upstream(package_row *row, struct buffer *text)
{
	if (row->facts)
		add_known(text, row->facts->has_upstream_tests);
}

static void run(package_row *row, struct buffer *text)
{
	if (row->facts)
		buffer_add_text(text, run_at_build_word(row->facts->run_at_build));
}

static void fatal(package_row *row, struct buffer *text)
{
	if (row->facts)
		buffer_add_text(text, failure_fatal_word(row->facts->failure_fatal));
}

static void log_ran(package_row *row, struct buffer *text)
{
	add_optional(text, row->data.log_ran);
}

static void debci(package_row *row, struct buffer *text)
{
	const struct coverage_data *data = &row->data;

	if (!data->debci_status)
		return;
	buffer_add_text(text, data->debci_status);
	if (!data->is_debci_exact)
		buffer_add_text(text, " (other version)");
}

static void debci_version(package_row *row, struct buffer *text)
{
	add_optional(text, row->data.debci_version);
}

static void debci_date(package_row *row, struct buffer *text)
{
	add_optional(text, row->data.debci_date);
}

static void debci_seconds(package_row *row, struct buffer *text)
{
	add_number(text, row->data.debci_status != NULL, row->data.debci_seconds);
}

static void debci_log(package_row *row, struct buffer *text)
{
	add_optional(text, row->data.debci_log);
}

static void reproducible(package_row *row, struct buffer *text)
{
	add_optional(text, row->data.reproducible);
}

static void device(package_row *row, struct buffer *text)
{
	const struct coverage_data *data = &row->data;

	if (data->has_device)
		buffer_add_format(text,
			"%" PRIu64 " passed, %" PRIu64 " failed, %" PRIu64 " skipped",
			data->device_passed, data->device_failed, data->device_skipped);
}

static void origin(package_row *row, struct buffer *text)
{
	buffer_add_text(text,
		row->is_self_built	       ? "not in the pin"
			: row->is_by_name_only ? "by name only"
					       : "by SHA-256");
}

static void why_unknown(package_row *row, struct buffer *text)
{
	if (row->trouble)
		buffer_add_text(text, row->trouble);
	else if (row->facts)
		add_optional(text, row->facts->trouble);
}

/* Decisions are shown whether they hold or not; one that does not is marked. */
static void decision(package_row *row, struct buffer *text)
{
	if (row->decision)
		buffer_add_format(
			text, "%s%s", row->decision->decision, row->is_decided ? "" : " (stale)");
}

static void justification(package_row *row, struct buffer *text)
{
	if (row->decision)
		buffer_add_text(text, row->decision->justification);
}

static void owner(package_row *row, struct buffer *text)
{
	if (row->decision)
		buffer_add_text(text, row->decision->owner);
}

static void decided_on(package_row *row, struct buffer *text)
{
	if (row->decision)
		buffer_add_text(text, row->decision->date);
}

/* ---- inputs to a decision about risk ---- */

static void cves_open(package_row *row, struct buffer *text)
{
	add_number(text, row->data.has_tracker, row->data.cves_open);
}

static void cves_remote(package_row *row, struct buffer *text)
{
	add_number(text, row->data.has_tracker, row->data.cves_open_remote);
}

static void cves_past(package_row *row, struct buffer *text)
{
	add_number(text, row->data.has_tracker, row->data.cves_past);
}

static void services(package_row *row, struct buffer *text)
{
	if (row->facts)
		add_list(text, &row->facts->services);
}

static void privileges(package_row *row, struct buffer *text)
{
	if (row->facts)
		add_list(text, &row->facts->setuid);
}

static void languages(package_row *row, struct buffer *text)
{
	for (size_t i = 0; row->facts && i < row->facts->language_count && i < 4; i++)
		buffer_add_format(text, "%s%s %" PRIu64 " kB", i ? ", " : "",
			row->facts->languages[i].name,
			(row->facts->languages[i].bytes + 999) / 1000);
}

static void size(package_row *row, struct buffer *text)
{
	uint64_t bytes = 0;

	for (size_t i = 0; row->facts && i < row->facts->language_count; i++)
		bytes += row->facts->languages[i].bytes;
	add_number(text, row->facts && row->facts->language_count, bytes);
}

static void changed(package_row *row, struct buffer *text)
{
	char time[CLOCK_TEXT_SIZE];

	if (!row->facts || row->facts->changed == 0)
		return;
	clock_format(row->facts->changed, time);
	buffer_add(text, time, strcspn(time, "T"));
}

static void dependents(package_row *row, struct buffer *text)
{
	add_number(text, true, row->dependents);
}

static void popcon(package_row *row, struct buffer *text)
{
	add_number(text, row->data.has_popcon, row->data.popcon);
}

const struct sheet_column sheet_columns[] = {
	{"source", SHEET_REVIEW, false, 22, source},
	{"version", SHEET_REVIEW, false, 20, version},
	{"class", SHEET_REVIEW, false, 7, class},
	{"confirmed", SHEET_REVIEW, false, 10, confirmed},
	{"autopkgtest", SHEET_REVIEW, false, 12, has_autopkgtest},
	{"autopkgtest quality", SHEET_REVIEW, false, 18, quality},
	{"upstream tests", SHEET_REVIEW, false, 14, has_upstream},
	{"run at build", SHEET_REVIEW, false, 12, run},
	{"failure fatal", SHEET_REVIEW, false, 12, fatal},
	{"ran in build log", SHEET_REVIEW, false, 15, log_ran},
	{"debci", SHEET_REVIEW, false, 20, debci},
	{"debci version", SHEET_REVIEW, false, 20, debci_version},
	{"debci date", SHEET_REVIEW, false, 20, debci_date},
	{"debci seconds", SHEET_REVIEW, true, 12, debci_seconds},
	{"debci log", SHEET_REVIEW, false, 30, debci_log},
	{"reproducible", SHEET_REVIEW, false, 12, reproducible},
	{"device tests", SHEET_REVIEW, false, 26, device},
	{"known by", SHEET_REVIEW, false, 14, origin},
	{"binaries", SHEET_REVIEW, false, 40, binaries},
	{"why unknown", SHEET_REVIEW, false, 30, why_unknown},
	{"decision", SHEET_REVIEW, false, 16, decision},
	{"justification", SHEET_REVIEW, false, 40, justification},
	{"owner", SHEET_REVIEW, false, 18, owner},
	{"decided on", SHEET_REVIEW, false, 12, decided_on},
	{"open CVEs", SHEET_RISK, true, 10, cves_open},
	{"open, remote", SHEET_RISK, true, 12, cves_remote},
	{"past CVEs", SHEET_RISK, true, 10, cves_past},
	{"services", SHEET_RISK, false, 30, services},
	{"privileges", SHEET_RISK, false, 30, privileges},
	{"languages", SHEET_RISK, false, 30, languages},
	{"size", SHEET_RISK, true, 12, size},
	{"last change", SHEET_RISK, false, 12, changed},
	{"dependents in the list", SHEET_RISK, true, 12, dependents},
	{"popcon installations", SHEET_RISK, true, 12, popcon},
};
const size_t sheet_column_count = ARRAY_SIZE(sheet_columns);

/* The assessor decides; what is said here is only what these columns can be evidence for. */
const struct sheet_requirement sheet_requirements[] = {
	{"SM-9 security of externally provided components",
		"class, autopkgtest, upstream tests, run at build, open CVEs, decision",
		"whether the component's supplier and its process suffice; the decision itself"},
	{"SVV-1 security requirements testing",
		"debci, ran in build log, device tests (results at the version that ships)",
		"which requirement a test covers"},
	{"SVV-3 vulnerability testing",
		"none: upstream suites may hold regression tests of CVEs and fuzzing, which are "
		"not "
		"told apart",
		"fuzzing, scans and tests of known vulnerabilities"},
	{"SVV-4 penetration testing", "none", "all of it"},
	{"SVV-5 independence of testers",
		"debci (run by Debian CI), run at build (by Debian's autobuilders), device tests",
		"whether those who ran them are independent enough"},
	{"DM-1 to DM-4 defect management", "open CVEs, past CVEs, with the tracker's time",
		"impact on the product, and treatment"},
	{"SUM-1 security update qualification",
		"version, debci version, confirmed (a result counts at the version that ships "
		"alone)",
		"that the update solves what it is for"},
};
const size_t sheet_requirement_count = ARRAY_SIZE(sheet_requirements);
