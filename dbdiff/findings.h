/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FINDINGS_H
#define DBDIFF_FINDINGS_H

#include "base/buffer.h"
#include "base/sql.h"
#include "dbdiff/dbdiff.h"

/* The differences of one pair, collected in any order and given out in that of their paths. */
struct findings {
	struct sql sql;
	uint64_t count;
	bool inspected; /* all of them */
};

/* One of them. */
struct finding_row {
	const struct buffer *path;
	int64_t occurrence;
	enum change change;
	bool inspected;
	const char *reason;	     /* NULL when inspected */
	const struct buffer *fields; /* "name\0published\0rebuilt\0" after one another */
	const char *cause;	     /* or NULL */
};

enum status findings_open(struct findings *findings, struct error *err);
void findings_release(struct findings *findings);
enum status findings_add(
	struct findings *findings, const struct finding_row *row, int64_t *id, struct error *err);
/* Takes back one that was added. */
enum status findings_remove(struct findings *findings, int64_t id, struct error *err);
enum status findings_set_diff(
	struct findings *findings, int64_t id, const char *diff, struct error *err);

/*
 * Gives all to the sink in the order of (path bytes, occurrence), which is unique: members of one
 * path in containers of one path are counted on.
 */
enum status findings_emit(
	struct findings *findings, const struct difference_sink *sink, struct error *err);

#endif
