/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_COVERAGE_DATA_H
#define VERIFIER_COVERAGE_COVERAGE_DATA_H

#include "verifier/coverage/buildlog.h"
#include "verifier/coverage/coverage_make.h"
#include "verifier/coverage/data_file.h"
#include "verifier/coverage/debci.h"
#include "verifier/coverage/device.h"
#include "verifier/coverage/newer.h"
#include "verifier/coverage/popcon.h"
#include "verifier/coverage/rebuilderd.h"
#include "verifier/coverage/tracker.h"

/* For coverage_data.c, coverage_logs.c, coverage_rebuilds.c and coverage_results.c only. */

enum data_role {
	DATA_DEBCI,
	DATA_TRACKER,
	DATA_POPCON,
	DATA_REBUILDER,
	DATA_DEVICE,
	DATA_DEVICE_MAP,
	DATA_BUILDLOG,
	DATA_NEWER,
	DATA_ROLES,
};

/* All that was read from outside, and for which names. */
struct outside {
	const struct coverage_request *request;
	const struct coverage_place *place;
	struct coverage *coverage;
	struct text_list sources, names; /* sorted; `names` with the binary packages */
	bool is_read[DATA_ROLES];	 /* a file of it was */
	/*
	 * Sentences of why a file of it was not: what the others of it say may be shown, and backs
	 * nothing, as the missing one may say otherwise.
	 */
	struct text_list unread[DATA_ROLES];
	bool has_no_logs; /* of debci's runs: their server is not asked any more */
	struct debci debci;
	struct tracker tracker;
	struct popcon popcon;
	struct rebuilderd rebuilder;
	struct device_results devices;
	struct device_map map;
	struct newer newer;
	struct buildlog *logs;
	size_t log_count, log_capacity;
};

/* The option's name, and the role of an input: "debci", "tracker", … */
const char *data_role_word(enum data_role role);

typedef enum status (*data_reader)(
	struct outside *outside, const struct data_file *file, struct error *err);
/*
 * Opens what an option named, reads it by `read` and notes it as an input. One that cannot be had
 * or read is noted as such, named to the user, and STATUS_OK: the rest is done. What makes no sense
 * (STATUS_USAGE), a broken trust and a broken database end the run.
 */
enum status data_read(struct outside *outside, enum data_role role, const char *argument,
	data_reader read, struct error *err);
/* Notes one that cannot be used; *err is why. */
enum status data_refuse(
	struct outside *outside, enum data_role role, const char *argument, struct error *err);

/* A log, or each of a directory's, with the .buildinfo beside it. */
enum status coverage_logs_read(struct outside *outside, const char *path, struct error *err);
/*
 * The logs that verify runs of the evidence database kept, of builds that made a package that
 * ships, by SHA-256. One that is gone, or is not the one that the run left, is noted as an input
 * that could not be read; other runs that cannot be believed are claimed in the rows.
 */
enum status coverage_rebuilds_read(struct outside *outside, struct error *err);
/* What all of it says, into the rows, with its claims. */
void coverage_results_put(struct outside *outside);

#endif
