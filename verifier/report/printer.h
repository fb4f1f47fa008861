/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REPORT_PRINTER_H
#define VERIFIER_REPORT_PRINTER_H

#include "base/array.h"
#include "base/json.h"
#include "verifier/evidence/build_failure.h"
#include "verifier/evidence/cause_graph.h"
#include "verifier/report/report.h"

/* Shared by the text report's files only. */

/* What a text report shows of each kind unless all is asked for. */
#define SHOWN_MEMBERS  20
#define SHOWN_DIFFS    5
#define SHOWN_PACKAGES 10
#define SHOWN_CHANGES  256 /* values of shown members that are kept to tell others by */

/* What the visitors share. */
struct report_printer {
	FILE *stream;
	struct evidence *evidence;
	const struct report_options *options;
	const struct run_record *run;
	size_t shown; /* lines of the section being printed */
	size_t diffs;
	size_t artifact_shown; /* members of the artifact being printed */
	size_t artifact_folded;
	size_t folded; /* members that only follow, or change as one that was shown */
	const char *artifact;
	size_t wrappers;				/* printed on the artifact's line */
	uint64_t unmeasured, unattributed, unexplained; /* sums over differing artifacts */
	size_t differing;
	struct cause_graph graph;
	struct build_failure failure; /* without a class when no build failed */
	struct text_list changes;     /* values of members that were shown */
};

/* Prints text of hostile origin as part of one line: newlines too are escaped. */
void report_put_line(FILE *stream, const char *text);
/* The same for text of several lines; puts `indent` in front of each and ends the last. */
void report_put_block(FILE *stream, const char *text, const char *indent);

/* "recorded as run …", with the command that prints it again. */
void report_recorded(FILE *stream, const struct report_options *options, const char *run);
/* " --db FILE" for a command that is printed, unless that is where it looks anyway. */
void report_put_database(FILE *stream, const struct report_options *options);
/* The keys `failure` and `build_failure`: an object, or null. */
void report_json_failure(struct json *json, const struct run_record *run);
enum status report_json_build_failure(
	struct json *json, struct evidence *evidence, const char *run, struct error *err);

/* What failed, for line 1: why the build did, or the failure's class. */
const char *report_failure_title(const struct report_printer *printer);
/* The section WHY with the end of the log; nothing when no build failed. */
void report_build_failure(const struct report_printer *printer);
/*
 * Pin drift: *looked_at says whether the package sets of both sides were read, *changes how many
 * packages differ between them (0 when not looked at). Uses `shown`.
 */
enum status report_package_count(
	struct report_printer *printer, bool *looked_at, size_t *changes, struct error *err);

/* The section TOOLCHAIN: what each side was built with; nothing when no record was asked for. */
enum status report_toolchain(struct report_printer *printer, struct error *err);
/* The section CAUSES: the roots of printer->graph, each with what follows from it. */
enum status report_causes(struct report_printer *printer, struct error *err);
/* One differing member: its causes, fields and diff. */
void report_member(struct report_printer *printer, const struct difference *difference);
/*
 * The section MEMBERS: differing members artifact by artifact; nothing when there is none. Unless
 * all are asked for, without those that only follow from others or show the same change again.
 */
enum status report_members(struct report_printer *printer, struct error *err);
/* The lines PIN and BUILD: what the build was given, and what it asked for. */
enum status report_origins(struct report_printer *printer, struct error *err);
/*
 * Causes, what was published anew, packages, bytes, pins, isolation and hosts; each only when there
 * is something to say. The sums of bytes are those of the artifacts printed before.
 */
enum status report_sections(struct report_printer *printer, struct error *err);

#endif
