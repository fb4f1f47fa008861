/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_GATE_H
#define VERIFIER_COVERAGE_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"
#include "verifier/coverage/answer.h"

/*
 * What a list of packages must reach (reproof-coverage(1), GATE), as a YAML file says it:
 *
 *	format: reproof-coverage-policy-1
 *	rules:
 *	  - classes: [E, F]
 *	    require: decision
 *	  - classes: [U]
 *	    at_most: 0
 *	  - classes: [A, B]
 *	    at_least: 60 %
 *
 * What can be required of each: decision, confirmed, by_sha256. A share is of all packages that are
 *judged. A gate without a rule, and a list without a package, are met by nothing.
 */
enum gate_kind {
	GATE_DECISION,	/* each has a decision that holds */
	GATE_CONFIRMED, /* of each the results back the class */
	GATE_BY_SHA256, /* each is known by the digests of its .debs, not by name only */
	GATE_AT_MOST,
	GATE_AT_LEAST,
};

struct gate_rule {
	enum gate_kind kind;
	unsigned classes; /* a bit for each enum evidence_class */
	uint64_t bound;	  /* packages, or hundredths of a per cent */
	bool is_share;
	char *text; /* as it reads: "classes A B: at least 60 %" */
	unsigned line;
};

/* A zeroed struct is empty and safe to release. */
struct gate {
	char *path;
	struct digest digest; /* of the file */
	struct gate_rule *rules;
	size_t count, capacity;
};

/* Everything that is no such file is STATUS_USAGE, "PATH:LINE:COLUMN: …". */
enum status gate_read(const char *path, struct gate *gate, struct error *err);
void gate_release(struct gate *gate);

/* A source package as a gate sees it. */
struct gate_subject {
	const char *source;
	enum evidence_class class;
	enum known confirmed;
	bool is_decided; /* by a decision that holds for that class */
	bool is_by_name_only;
};

/* A rule that is not met; a share or a number is of no one package. */
struct gate_failure {
	const struct gate_rule *rule;
	const char *source; /* or NULL; borrowed */
	char *text;
};

struct gate_failures {
	struct gate_failure *items; /* by rule, then in the order of the subjects */
	size_t count, capacity;
};

/*
 * The gate is met when there is no failure. `is_log_unread`: a build log that was given could not
 * be read, which may lower classes A to D, so that no rule about these is met.
 */
void gate_judge(const struct gate *gate, const struct gate_subject *subjects, size_t count,
	bool is_log_unread, struct gate_failures *failures);
void gate_failures_release(struct gate_failures *failures);

#endif
