/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REPORT_PRINTER_H
#define VERIFIER_REPORT_PRINTER_H

#include "verifier/evidence/read.h"
#include "verifier/report/report.h"

/* Shared by the text report's files only. */

/* What a text report shows of each kind unless all is asked for. */
#define SHOWN_MEMBERS  20
#define SHOWN_DIFFS    5
#define SHOWN_PACKAGES 10

/* What the visitors share. */
struct report_printer {
	FILE *stream;
	struct evidence *evidence;
	const struct report_options *options;
	const struct run_record *run;
	size_t shown; /* lines of the section being printed */
	size_t diffs;
	size_t artifact_shown; /* members of the artifact being printed */
	const char *artifact;
	uint64_t unmeasured, unattributed, unexplained; /* sums over differing artifacts */
	size_t differing;
};

/* One line's part of a hostile text. */
void report_put_line(FILE *stream, const char *text);

/* Pin drift in words for line 1, "" when none or not looked at. */
enum status report_package_count(
	struct report_printer *printer, bool *looked_at, size_t *changes, struct error *err);

enum status report_members(struct report_printer *printer, struct error *err);
/* Causes, packages, bytes, pins, isolation, hosts, what was published anew. */
enum status report_sections(struct report_printer *printer, struct error *err);

#endif
