/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_EVIDENCE_CAUSE_FLOW_H
#define VERIFIER_EVIDENCE_CAUSE_FLOW_H

#include "base/buffer.h"
#include "dbdiff/fields.h"
#include "verifier/evidence/cause_graph.h"
#include "verifier/evidence/database.h"

/* Shared by the files that read a cause graph out of a run: cause_flow.c and cause_rules.c. */

/* What differences follow from that the whole run has, and the values that tell it. */
struct flow {
	struct evidence *evidence;
	struct cause_graph *graph;
	const char *run;
	struct value_pair {
		size_t node;
		char *values[2];
		struct cause_set parents;
		bool is_needed; /* by a difference that has no parents but those of its values */
	} * pairs;
	size_t pair_count, pair_capacity;
	size_t artifact_count;
	struct buffer artifact; /* the one being read */
};

/* A difference with one of its causes. */
struct instance {
	const char *set_id, *path, *change, *cause;
	int64_t occurrence;
	bool has_evidence; /* it was claimed in the content, not read from a field */
	size_t node;
	/* To be found. */
	struct cause_set parents;
};

/* Two values of an instance: of a field with its cause, or of a claim; both sides have one. */
struct instance_value {
	const char *published, *rebuilt;
};

/* A statement about the difference that an instance is of; NULL for an error. */
sqlite3_stmt *flow_statement(struct evidence *evidence, enum evidence_statement which,
	const struct instance *instance, struct error *err);

typedef enum status (*value_visitor)(void *context, struct flow *flow, struct instance *instance,
	const struct instance_value *value, struct error *err);
enum status flow_each_value(struct flow *flow, struct instance *instance, value_visitor visit,
	void *context, struct error *err);

/*
 * What a difference with this cause was computed from again (trust T9): adds to instance->parents,
 * and leaves them empty where that is nothing. *shares_values: what the same two values elsewhere
 * follow from, this one does.
 */
enum status flow_find_parents(
	struct flow *flow, struct instance *instance, bool *shares_values, struct error *err);

/* Whether others may be made from this difference's values: an image's UUID, a computed root hash.
 */
enum status flow_is_source(
	struct flow *flow, const struct instance *instance, bool *is_source, struct error *err);

#endif
