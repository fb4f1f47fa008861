/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_RELATION_H
#define SNAPSHOT_RELATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Relationships of packages as their fields have them (Debian policy 7.1):
 * "name[:qualifier] [(operator version)] | …, …".
 */
enum relation_operator {
	RELATION_ANY, /* no version is said */
	RELATION_EARLIER,
	RELATION_EARLIER_EQUAL,
	RELATION_EQUAL,
	RELATION_LATER_EQUAL,
	RELATION_LATER,
};

/* One alternative. */
struct relation_term {
	char *name;
	char *qualifier; /* "any", "native" or an architecture; NULL for none */
	enum relation_operator comparison;
	char *version; /* NULL for RELATION_ANY */
	size_t group;  /* terms of one number are alternatives; they stand together */
};

/* A whole field. A zeroed struct is an empty one. */
struct relation {
	struct relation_term *terms;
	size_t count, capacity;
};

/* Adds the terms of a field's value; STATUS_FORMAT when it is none. Release it also then. */
enum status relation_parse(
	const char *text, size_t len, struct relation *relation, struct error *err);
void relation_release(struct relation *relation);

/* Whether a version is one that the term asks for. */
bool relation_term_takes(const struct relation_term *term, const char *version);

/* The terms from `at` to the end of their group, "a (>= 1) | b"; the caller frees. */
char *relation_group_text(const struct relation *relation, size_t at);

#endif
