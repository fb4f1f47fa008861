/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/sheet.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"

typedef const struct sheet_row row_of;

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

static void source(row_of *row, struct buffer *text)
{
	buffer_add_text(text, row->of->source);
}

static void version(row_of *row, struct buffer *text)
{
	add_optional(text, row->of->version);
}

static void binaries(row_of *row, struct buffer *text)
{
	for (size_t i = 0; i < row->of->binary_count; i++) {
		buffer_add_text(text, i ? ", " : "");
		listed_binary_text(&row->of->binaries[i], text);
	}
}

static void class(row_of *row, struct buffer *text)
{
	buffer_add_text(text, evidence_class_word(row->of->class));
}

static void meaning(row_of *row, struct buffer *text)
{
	buffer_add_text(text, evidence_class_name(row->of->class));
}

static void confirmed(row_of *row, struct buffer *text)
{
	add_known(text, row->of->confirmed);
	if (row->of->confirmed == KNOWN_YES && row->of->is_by_name_only)
		buffer_add_text(text, " (by name only)");
}

static void has_autopkgtest(row_of *row, struct buffer *text)
{
	if (row->of->facts)
		add_known(text, row->of->facts->has_autopkgtest);
}

static void quality(row_of *row, struct buffer *text)
{
	if (row->of->facts && row->of->facts->autopkgtest_quality != AUTOPKGTEST_UNKNOWN)
		buffer_add_text(
			text, autopkgtest_quality_word(row->of->facts->autopkgtest_quality));
}

static void has_upstream(row_of *row, struct buffer *text)
{
	if (row->of->facts)
		add_known(text, row->of->facts->has_upstream_tests);
}

static void run(row_of *row, struct buffer *text)
{
	if (row->of->facts)
		buffer_add_text(text, run_at_build_word(row->of->facts->run_at_build));
}

static void fatal(row_of *row, struct buffer *text)
{
	if (row->of->facts)
		buffer_add_text(text, failure_fatal_word(row->of->facts->failure_fatal));
}

static void log_ran(row_of *row, struct buffer *text)
{
	add_optional(text, row->of->data.log_ran);
}

static void debci(row_of *row, struct buffer *text)
{
	const struct coverage_data *data = &row->of->data;

	if (!data->debci_status)
		return;
	buffer_add_text(text, data->debci_status);
	if (!data->is_debci_exact)
		buffer_add_text(text, " (other version)");
}

static void debci_version(row_of *row, struct buffer *text)
{
	add_optional(text, row->of->data.debci_version);
}

static void debci_date(row_of *row, struct buffer *text)
{
	add_optional(text, row->of->data.debci_date);
}

static void debci_seconds(row_of *row, struct buffer *text)
{
	add_number(text, row->of->data.debci_status != NULL, row->of->data.debci_seconds);
}

static void debci_log(row_of *row, struct buffer *text)
{
	add_optional(text, row->of->data.debci_log);
}

static void debci_tests(row_of *row, struct buffer *text)
{
	if (row->of->data.has_debci_log)
		buffer_add_format(text, "%" PRIu64 " passed, %" PRIu64 " skipped",
			row->of->data.debci_passed, row->of->data.debci_skipped);
}

static void reproducible(row_of *row, struct buffer *text)
{
	add_optional(text, row->of->data.reproducible);
}

static void device(row_of *row, struct buffer *text)
{
	const struct coverage_data *data = &row->of->data;

	if (data->has_device)
		buffer_add_format(text,
			"%" PRIu64 " passed, %" PRIu64 " failed, %" PRIu64 " skipped",
			data->device_passed, data->device_failed, data->device_skipped);
}

static void origin(row_of *row, struct buffer *text)
{
	buffer_add_text(text,
		row->of->state < ROW_PINNED	   ? "not in the pin"
			: row->of->is_by_name_only ? "by name only"
						   : "by SHA-256");
}

static void why_unknown(row_of *row, struct buffer *text)
{
	add_optional(text, row->of->trouble);
}

/* Decisions are shown whether they hold or not; one that does not is marked. */
static void decision(row_of *row, struct buffer *text)
{
	if (row->of->decision)
		buffer_add_format(text, "%s%s", row->of->decision->decision,
			row->of->is_decided ? "" : " (does not count)");
}

static void justification(row_of *row, struct buffer *text)
{
	if (row->of->decision)
		buffer_add_text(text, row->of->decision->justification);
}

static void owner(row_of *row, struct buffer *text)
{
	if (row->of->decision)
		buffer_add_text(text, row->of->decision->owner);
}

static void decided_on(row_of *row, struct buffer *text)
{
	if (row->of->decision)
		buffer_add_text(text, row->of->decision->date);
}

/* ---- inputs to a decision about risk ---- */

static void cves_open(row_of *row, struct buffer *text)
{
	add_number(text, row->of->data.has_tracker, row->of->data.cves_open);
}

static void cves_remote(row_of *row, struct buffer *text)
{
	add_number(text, row->of->data.has_tracker, row->of->data.cves_open_remote);
}

static void cves_past(row_of *row, struct buffer *text)
{
	add_number(text, row->of->data.has_tracker, row->of->data.cves_past);
}

static void cves_unsaid(row_of *row, struct buffer *text)
{
	add_number(text, row->of->data.has_tracker, row->of->data.cves_unsaid);
}

static void urgency(row_of *row, struct buffer *text)
{
	const char *between = "";

	for (unsigned i = 0; i < TRACKER_URGENCIES; i++) {
		if (row->of->data.cves_open_by[i] == 0)
			continue;
		buffer_add_format(text, "%s%" PRIu64 " %s", between, row->of->data.cves_open_by[i],
			tracker_urgency_word(i));
		between = ", ";
	}
}

/* Of the .debs where all were read, which is more; else of the source package's debian/. */
static void services(row_of *row, struct buffer *text)
{
	if (coverage_debs_are_read(row->of))
		add_list(text, &row->of->seen.services);
	else if (row->of->facts)
		add_list(text, &row->of->facts->services);
}

static void privileges(row_of *row, struct buffer *text)
{
	if (coverage_debs_are_read(row->of))
		add_list(text, &row->of->seen.privileges);
	else if (row->of->facts)
		add_list(text, &row->of->facts->setuid);
}

static void sockets(row_of *row, struct buffer *text)
{
	if (coverage_debs_are_read(row->of))
		add_list(text, &row->of->seen.sockets);
}

static void sections(row_of *row, struct buffer *text)
{
	if (coverage_debs_are_read(row->of))
		add_list(text, &row->of->seen.sections);
}

static void looked_at(row_of *row, struct buffer *text)
{
	if (coverage_debs_are_read(row->of))
		buffer_add_text(text, "its .debs");
	else if (row->of->facts)
		buffer_add_text(text, "debian/ of its source alone");
}

static void languages(row_of *row, struct buffer *text)
{
	for (size_t i = 0; row->of->facts && i < row->of->facts->language_count && i < 4; i++)
		buffer_add_format(text, "%s%s %" PRIu64 " kB", i ? ", " : "",
			row->of->facts->languages[i].name,
			(row->of->facts->languages[i].bytes + 999) / 1000);
}

static void size(row_of *row, struct buffer *text)
{
	uint64_t bytes = 0;

	for (size_t i = 0; row->of->facts && i < row->of->facts->language_count; i++)
		bytes += row->of->facts->languages[i].bytes;
	add_number(text, row->of->facts && row->of->facts->language_count, bytes);
}

static void changed(row_of *row, struct buffer *text)
{
	char time[CLOCK_TEXT_SIZE];

	if (!row->of->facts || row->of->facts->changed == 0)
		return;
	clock_format(row->of->facts->changed, time);
	buffer_add(text, time, strcspn(time, "T"));
}

static void dependents(row_of *row, struct buffer *text)
{
	add_number(text, row->of->has_dependents, row->of->dependents);
}

static void popcon(row_of *row, struct buffer *text)
{
	add_number(text, row->of->data.has_popcon, row->of->data.popcon);
}

#define SAME                                                                                       \
	{"source", 22, CELL_TEXT, source, "the source package"},                                   \
		{"version", 20, CELL_TEXT, version,                                                \
			"its version: of the list or the image, else the newest of the pins"},     \
		{"class", 7, CELL_CLASS, class,                                                    \
			"which tests stand behind it; see the table of classes"},                  \
	{                                                                                          \
		"meaning", 15, CELL_TEXT, meaning, "the class in words"                            \
	}

static const struct sheet_column review[] = {
	SAME,
	{"confirmed", 10, CELL_TEXT, confirmed,
		"whether results back the class: debci's at exactly this version, and a build log "
		"of what ships; empty: no result that counts. By name only: no image's .debs were "
		"held against the pins by SHA-256"},
	{"autopkgtest", 12, CELL_TEXT, has_autopkgtest,
		"a stanza of debian/tests/control is a test, or autodep8 makes one"},
	{"autopkgtest quality", 18, CELL_TEXT, quality, "of the best of them"},
	{"upstream tests", 14, CELL_TEXT, has_upstream, "upstream's files declare tests"},
	{"run at build", 12, CELL_TEXT, run, "the package's build runs them, by debian/rules"},
	{"failure fatal", 12, CELL_TEXT, fatal, "a test that fails breaks the build"},
	{"ran in build log", 15, CELL_TEXT, log_ran,
		"what ran in a log of the build that made what ships"},
	{"debci", 20, CELL_TEXT, debci, "the last run of its autopkgtests by Debian CI"},
	{"debci version", 20, CELL_TEXT, debci_version, "the version that run tested"},
	{"debci date", 20, CELL_TEXT, debci_date, "its day"},
	{"debci seconds", 12, CELL_NUMBER, debci_seconds, "how long it took"},
	{"debci tests", 22, CELL_TEXT, debci_tests, "the summary in the log of that run"},
	{"debci log", 30, CELL_TEXT, debci_log, "where that log is"},
	{"reproducible", 12, CELL_TEXT, reproducible,
		"others rebuilt all its packages that ship, in this version, bit for bit"},
	{"device tests", 26, CELL_TEXT, device, "results on devices, mapped to it by a file"},
	{"known by", 14, CELL_TEXT, origin,
		"how it is known that this is what ships: SHA-256 of its .debs, or names alone"},
	{"binaries", 40, CELL_TEXT, binaries, "packages of the list that it makes"},
	{"why unknown", 30, CELL_TEXT, why_unknown, "what could not be had or read"},
	{"decision", 16, CELL_TEXT, decision, "what the assessor decided"},
	{"justification", 40, CELL_TEXT, justification, "why"},
	{"owner", 18, CELL_TEXT, owner, "who answers for it"},
	{"decided on", 12, CELL_TEXT, decided_on, "when"},
};
static const size_t review_count = ARRAY_SIZE(review);

static const struct sheet_column risk[] = {
	SAME,
	{"open CVEs", 10, CELL_NUMBER, cves_open,
		"open or undetermined in this version, by Debian's security tracker"},
	{"open, remote", 12, CELL_NUMBER, cves_remote, "of these, exploitable from a network"},
	{"urgency of open", 26, CELL_TEXT, urgency, "of these, as the tracker holds it"},
	{"past CVEs", 10, CELL_NUMBER, cves_past, "fixed in this version or before"},
	{"CVEs unsaid", 10, CELL_NUMBER, cves_unsaid,
		"of which the tracker says nothing in this release: neither open nor closed"},
	{"services", 30, CELL_TEXT, services,
		"systemd's services and init scripts, of what \"looked at\" says"},
	{"listens", 30, CELL_TEXT, sockets,
		"what systemd's socket units of its .debs listen to; a daemon that listens by "
		"itself is not seen"},
	{"privileges", 30, CELL_TEXT, privileges,
		"files with set-user-ID, set-group-ID or capabilities, and scripts that give them, "
		"of what \"looked at\" says"},
	{"sections", 16, CELL_TEXT, sections,
		"Section of its .debs: net, httpd, mail and web are what Debian holds for network "
		"software"},
	{"looked at", 24, CELL_TEXT, looked_at,
		"where these four are read from: .debs that are in the store, or the packaging, in "
		"which what upstream's installation sets is not seen"},
	{"languages", 30, CELL_TEXT, languages, "upstream's files by suffix, the largest four"},
	{"size", 12, CELL_NUMBER, size, "bytes of these files, of all languages"},
	{"last change", 12, CELL_TEXT, changed, "the newest entry of debian/changelog"},
	{"dependents in the list", 12, CELL_NUMBER, dependents,
		"source packages of the list with one that depends on one of it"},
	{"popcon installations", 12, CELL_NUMBER, popcon, "of its most installed package"},
};
static const size_t risk_count = ARRAY_SIZE(risk);

/* ---- the tables of packages ---- */

static bool next_package(struct sheet_row *row)
{
	row->of = row->package < row->coverage->count ? &row->coverage->packages[row->package++]
						      : NULL;
	return row->of != NULL;
}

const struct sheet_table sheet_review = {
	"Coverage", review, &review_count, next_package, false, true};
const struct sheet_table sheet_risk = {"Risk", risk, &risk_count, next_package, false, true};
