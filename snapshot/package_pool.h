/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_PACKAGE_POOL_H
#define SNAPSHOT_PACKAGE_POOL_H

#include <stdbool.h>

#include "snapshot/solution.h"

/*
 * The binary packages of the pins for one architecture, read once for several questions: what does
 * a list need, by which relationships, and what of it cannot be had.
 */
struct package_pool;

/* The store and the pins are borrowed. Takes some 130 MB for all of Debian. */
enum status package_pool_open(struct store *store, const struct pin_list *pins,
	const char *architecture, struct package_pool **pool, struct error *err);
void package_pool_free(struct package_pool *pool);

/* What became of one that is asked for. All but the first have reasons. */
enum asked_state {
	ASKED_FOUND,
	ASKED_OTHER_VERSION, /* it is followed in the version that apt would take of the pins */
	/* No package has that name and one alone provides it: that one is followed. */
	ASKED_PROVIDED,
	ASKED_UNKNOWN,	     /* no package of that name, or none for that architecture */
	ASKED_AMBIGUOUS,     /* several packages provide that name, and none has it */
	ASKED_UNSATISFIABLE, /* what it needs cannot be had, or not beside the others */
	ASKED_STATES,
};

/* "unknown", "other-version", … */
const char *asked_state_word(enum asked_state state);

#define NO_PACKAGE SIZE_MAX

/* The first four are given, the others begin zeroed and are answers. */
struct asked {
	const char *name; /* borrowed, as are the next two, which are NULL when not said */
	const char *architecture;
	const char *version;
	bool is_first_out; /* where two exclude each other, it gives way */

	enum asked_state state;
	size_t package;		  /* which of the solution it is; NO_PACKAGE: none */
	struct text_list reasons; /* sentences in plain words, the last what can be done */
};

void asked_release(struct asked *asked); /* what it owns */

enum need_field {
	NEED_PRE_DEPENDS,
	NEED_DEPENDS,
	NEED_RECOMMENDS,
	NEED_FIELDS,
};

/* As Packages spells it: "Pre-Depends". */
extern const char *const need_field_names[NEED_FIELDS];

/* One package of a solution asks for another of it. */
struct need {
	size_t from, to; /* of the solution's packages */
	enum need_field field;
	char *relation;	   /* all alternatives, "a (>= 1) | b" */
	char *alternative; /* the one that `to` satisfies; the same text when there is one only */
	bool is_provided;  /* `to` has another name, and provides that one */
	/* It is the first of the alternatives that the solution has, and of those who provide it
	 * the one called so, else the first by name. */
	bool is_first;
};

/* A zeroed struct is empty and safe to release. */
struct needs {
	struct solution solution;
	struct need *items; /* by `from`, then as its fields stand, then `to` */
	size_t count, capacity;
};

/*
 * Solves for all that are asked for, in their order, as snapshot_solve() does. What cannot be had
 * is left out with its reasons, and the rest solved: the fewest of those that exclude each other,
 * `is_first_out` ones before others, then the later ones. STATUS_OK also when nothing is left.
 */
enum status package_pool_needs(struct package_pool *pool, struct asked *asked, size_t count,
	bool has_recommends, struct needs *needs, struct error *err);
void needs_release(struct needs *needs);

/* Whether the pins have a package of that very name. */
bool package_pool_has(const struct package_pool *pool, const char *name);

#endif
