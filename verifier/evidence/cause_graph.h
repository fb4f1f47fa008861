/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_EVIDENCE_CAUSE_GRAPH_H
#define VERIFIER_EVIDENCE_CAUSE_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct evidence;

/*
 * The causes of a run, and which of them follow from others (trust T9). A cause is under another
 * one only where all its differences in the run are consequences that were computed again: a hash
 * tree and its root, a digest, a signature of the same key over something that differs, the very
 * UUID. Then the ones it comes from in the end are its roots; anything else is a root itself.
 */

#define CAUSE_NODES_MOST 128

/* A set of nodes, by their numbers. */
struct cause_set {
	uint64_t bits[CAUSE_NODES_MOST / 64];
};

struct cause_node {
	char *id;
	uint64_t artifacts;  /* that have it */
	uint64_t members;    /* whose difference has it */
	uint64_t bytes;	     /* of the artifacts' differing bytes, where they were measured */
	uint64_t unmeasured; /* of the members: those in artifacts where they were not */
	uint64_t reached;    /* artifacts that have it or what is under it */
	char *first_set;     /* a difference of it: the first in the order of artifacts and paths */
	char *first_path;
	bool is_root;
	unsigned depth; /* steps from its nearest root, which has 0 */
	struct cause_set parents, roots;
	/* While it is read. */
	uint64_t *in; /* artifacts, by their numbers: a bit each */
	size_t in_words;
};

/* Zeroed is empty. */
struct cause_graph {
	struct cause_node *nodes; /* roots first; by `reached`, bytes and members, most first */
	size_t count;
};

/* `graph` is zeroed, and released by the caller whatever came of it. */
enum status cause_graph_read(
	struct evidence *evidence, const char *run, struct cause_graph *graph, struct error *err);
void cause_graph_release(struct cause_graph *graph);

/* NULL when no difference of the run has it. */
const struct cause_node *cause_graph_find(const struct cause_graph *graph, const char *id);
bool cause_set_has(const struct cause_set *set, size_t node);

/* ---- for its own files ---- */

/* The number of a node, made when there is none; CAUSE_NODES_MOST when there are too many. */
size_t cause_graph_node(struct cause_graph *graph, const char *id);
void cause_set_add(struct cause_set *set, size_t node);
void cause_set_join(struct cause_set *set, const struct cause_set *other);
bool cause_set_is_empty(const struct cause_set *set);
/* Finds the roots, when all parents are known, and puts the nodes in their order. */
void cause_graph_settle(struct cause_graph *graph);

#endif
