/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/sheet.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/escape.h"

/* What needs a look comes first; the assessor reads from the top. */
static const enum evidence_class order[] = {
	CLASS_UNKNOWN, CLASS_F, CLASS_E, CLASS_D, CLASS_C, CLASS_B, CLASS_A, CLASS_SELF_BUILT};

static const char *const meanings[] = {
	[CLASS_SELF_BUILT] = "self-built: outside Debian CI",
	[CLASS_UNKNOWN] = "unknown: source or data unavailable",
	[CLASS_A] = "its build runs tests, and Debian CI does",
	[CLASS_B] = "its build runs tests",
	[CLASS_C] = "Debian CI runs tests",
	[CLASS_D] = "some test runs: partial, masked, weak or unclear",
	[CLASS_E] = "tests exist, and nothing shows that they are run",
	[CLASS_F] = "no tests",
};

static void put_line(FILE *stream, const char *text)
{
	struct buffer line = {0};

	escape_line(&line, text, strlen(text));
	fputs(buffer_text(&line), stream);
	buffer_release(&line);
}

/* "B, run at build yes (fatal yes), autopkgtest none, debci pass" */
static void put_package(FILE *stream, const struct coverage_package *package)
{
	const struct source_facts *facts = package->facts;
	const struct coverage_data *data = &package->data;

	put_line(stream, package->source);
	fprintf(stream, ": %s  ", evidence_class_word(package->class));
	put_line(stream, package->version ? package->version : "no version");
	if (package->confirmed != KNOWN_UNKNOWN)
		fputs(package->confirmed == KNOWN_YES ? ", confirmed" : ", NOT confirmed", stream);
	if (facts) {
		fprintf(stream, ", at build %s", run_at_build_word(facts->run_at_build));
		if (facts->failure_fatal != FATAL_NOT_APPLICABLE)
			fprintf(stream, " (fatal %s)", failure_fatal_word(facts->failure_fatal));
		if (facts->autopkgtest_quality != AUTOPKGTEST_UNKNOWN)
			fprintf(stream, ", autopkgtest %s",
				autopkgtest_quality_word(facts->autopkgtest_quality));
	}
	if (data->debci_status)
		fprintf(stream, ", debci %s%s", data->debci_status,
			data->is_debci_exact ? "" : " of another version");
	if (data->has_tracker && data->cves_open)
		fprintf(stream, ", %llu open CVEs", (unsigned long long)data->cves_open);
	if (package->decision) {
		fputs(package->is_decided ? ", decided: " : ", STALE decision: ", stream);
		put_line(stream, package->decision->decision);
	}
	if (package->trouble || (facts && facts->trouble)) {
		fputs(", ", stream);
		put_line(stream, package->trouble ? package->trouble : facts->trouble);
	}
	fputc('\n', stream);
}

static void put_answer(const struct coverage *coverage, FILE *stream, const size_t counts[])
{
	const char *between = "";

	fprintf(stream, "%zu source package%s: ", coverage->count, coverage->count == 1 ? "" : "s");
	for (int class = CLASS_A; class <= CLASS_F; class ++) {
		if (counts[class])
			fprintf(stream, "%s%zu %s", between, counts[class],
				evidence_class_word((enum evidence_class) class));
		between = counts[class] ? ", " : between;
	}
	if (counts[CLASS_UNKNOWN])
		fprintf(stream, "%s%zu unknown", between, counts[CLASS_UNKNOWN]);
	between = counts[CLASS_UNKNOWN] ? ", " : between;
	if (counts[CLASS_SELF_BUILT])
		fprintf(stream, "%s%zu self-built", between, counts[CLASS_SELF_BUILT]);
	fputc('\n', stream);
}

void sheet_text(const struct coverage *coverage, FILE *stream)
{
	size_t counts[CLASS_F + 1] = {0};

	for (size_t i = 0; i < coverage->count; i++)
		counts[coverage->packages[i].class]++;
	put_answer(coverage, stream, counts);
	for (size_t c = 0; c < ARRAY_SIZE(order); c++) {
		if (counts[order[c]] == 0)
			continue;
		fprintf(stream, "\n%s  %s (%zu)\n", evidence_class_word(order[c]),
			meanings[order[c]], counts[order[c]]);
		for (size_t i = 0; i < coverage->count; i++)
			if (coverage->packages[i].class == order[c])
				put_package(stream, &coverage->packages[i]);
	}
	if (coverage->stale.count)
		fputs("\nSTALE DECISIONS\n", stream);
	for (size_t i = 0; i < coverage->stale.count; i++) {
		put_line(stream, coverage->stale.items[i]);
		fputc('\n', stream);
	}
}
