/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_DECISION_H
#define VERIFIER_COVERAGE_DECISION_H

#include <stddef.h>

#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"
#include "verifier/coverage/answer.h"

/*
 * What assessors decided about packages without sufficient test evidence: a YAML file that lives
 * in git (docs/coverage.md). A decision holds for the class that was assessed, and for no other.
 *
 *	format: reproof-decisions-1
 *	decisions:
 *	  - source: libpwquality
 *	    class: E
 *	    decision: accepted
 *	    justification: Called at log-in alone, and its dictionary is checked by hand.
 *	    owner: security working group
 *	    date: 2026-07-11
 */
struct decision {
	char *source;
	enum evidence_class class;
	char *decision, *justification, *owner, *date;
	unsigned line;
};

/* A zeroed struct is empty and safe to release. */
struct decision_list {
	char *path;
	struct digest digest;	/* of the file */
	struct decision *items; /* by source, each once */
	size_t count, capacity;
};

/* Everything that is no such file is STATUS_USAGE, "PATH:LINE:COLUMN: …". */
enum status decisions_read(const char *path, struct decision_list *decisions, struct error *err);
void decision_list_release(struct decision_list *decisions);

/* NULL when there is none. It holds only when its class is the present one. */
const struct decision *decision_find(const struct decision_list *decisions, const char *source);

/* A source package and its class now. */
struct decision_subject {
	const char *source;
	enum evidence_class class;
};

/*
 * Adds a sentence for each decision that holds no more: its package left the list, or its class is
 * another one now. `subjects` are sorted by source.
 */
void decisions_stale(const struct decision_list *decisions, const struct decision_subject *subjects,
	size_t count, struct text_list *sentences);

#endif
