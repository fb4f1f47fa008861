/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_DECISION_H
#define VERIFIER_COVERAGE_DECISION_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"
#include "verifier/coverage/answer.h"

/*
 * What assessors decided about packages without sufficient test evidence: a YAML file that lives
 * in git (reproof-coverage(1), DECISIONS). A decision is about the class that was assessed, and
 *about no other; where it says a version, about that one alone; and until a day where it says one.
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
	char *decision; /* accepted, mitigated, tested; open, rejected */
	char *justification, *owner, *date;
	char *until;	    /* the last day on which it holds; NULL: without end */
	char *version;	    /* of the source package; NULL: any */
	bool is_made;	    /* a word that settles the matter: neither open nor rejected */
	int64_t since, end; /* seconds since the epoch: of its date; behind its last day, or 0 */
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

/* NULL when there is none. Whether it counts is said by decision_counts(). */
const struct decision *decision_find(const struct decision_list *decisions, const char *source);

/* A source package and its class now. */
struct decision_subject {
	const char *source;
	enum evidence_class class;
	const char *version; /* or NULL */
};

/* Whether it is about that package as it is, its days include `now`, and it settles the matter. */
bool decision_counts(
	const struct decision *decision, const struct decision_subject *subject, int64_t now);

/*
 * Adds a sentence for each decision that holds no more, or not yet: its package left the list, its
 * class or version is another one now, its day is past or in the future. `subjects` are sorted by
 * source. One that is open or rejected is no such case.
 */
void decisions_stale(const struct decision_list *decisions, const struct decision_subject *subjects,
	size_t count, int64_t now, struct text_list *sentences);

#endif
