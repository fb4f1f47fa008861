/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/sheet.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/escape.h"

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
		fputs(package->confirmed == KNOWN_NO	   ? ", NOT confirmed"
				: package->is_by_name_only ? ", confirmed by name only"
							   : ", confirmed",
			stream);
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
		fputs(package->is_decided ? ", decided: " : ", decision that does NOT count: ",
			stream);
		put_line(stream, package->decision->decision);
	}
	if (package->trouble) {
		fputs(", ", stream);
		put_line(stream, package->trouble);
	}
	fputc('\n', stream);
}

static void put_answer(const struct coverage *coverage, FILE *stream)
{
	size_t counts[SHEET_CLASSES];
	const char *between = "";

	for (size_t i = 0; i < SHEET_CLASSES; i++)
		counts[i] = sheet_class_count(coverage, (enum evidence_class)i);

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
	put_answer(coverage, stream);
	for (size_t c = 0; c < SHEET_CLASSES; c++) {
		enum evidence_class class = sheet_class_order[c];
		size_t count = sheet_class_count(coverage, class);

		if (count == 0)
			continue;
		fprintf(stream, "\n%s  %s (%zu)\n", evidence_class_word(class),
			evidence_class_meaning(class), count);
		for (size_t i = 0; i < coverage->count; i++)
			if (coverage->packages[i].class == class)
				put_package(stream, &coverage->packages[i]);
	}
	if (coverage->stale.count)
		fputs("\nSTALE DECISIONS\n", stream);
	for (size_t i = 0; i < coverage->stale.count; i++) {
		put_line(stream, coverage->stale.items[i]);
		fputc('\n', stream);
	}
}
