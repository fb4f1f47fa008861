/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_CLOSURE_H
#define SNAPSHOT_CLOSURE_H

#include "snapshot/manifest.h"
#include "snapshot/snapshot.h"

/*
 * Whether the packages of an image are closed under dependencies at their versions, by what the
 * pins say of them, as dpkg judges it (Debian policy 7, and Ubuntu's MultiarchSpec, which dpkg
 * implements). No solver takes part.
 */

/* What keeps a set from being closed; the words are those of the output. */
enum closure_kind {
	CLOSURE_UNKNOWN,       /* no package of that name in the pins: what it needs is not known */
	CLOSURE_OTHER_VERSION, /* the pins have other versions: likewise */
	CLOSURE_NO_VERSION,    /* the list gives it none: likewise */
	CLOSURE_AMBIGUOUS,     /* the pins have two files of that name and version */
	CLOSURE_NOT_INSTALLED, /* dpkg does not take it for installed: it satisfies nothing */
	CLOSURE_TWICE,	       /* the list has it in two versions */
	CLOSURE_UNMET,	       /* Depends or Pre-Depends that nothing in the set satisfies */
	CLOSURE_CONFLICT,      /* Conflicts or Breaks with another of the set */
	CLOSURE_NOT_THERE,     /* asked for, and neither in the set nor provided by it */
	CLOSURE_KINDS,
};

const char *closure_kind_text(enum closure_kind kind);

struct closure_problem {
	enum closure_kind kind;
	const struct manifest_package *package; /* of the set; of the roots for NOT_THERE */
	const char *field;			/* "Depends" …; NULL when it is of none */
	char *relation;				/* what the field asks for; NULL likewise */
	char *text;				/* the reason in words */
};

/* A package that no root, and nothing essential, depends on. */
struct closure_unasked {
	const struct manifest_package *package;
	const struct manifest_package *by; /* what led to it over Recommends; NULL: nothing does */
	const char *field;		   /* of `by`: "Recommends", or one it depends by */
};

/* A zeroed struct is safe to release. It borrows from the manifests it was made from. */
struct closure {
	struct closure_problem *problems; /* by package, then as its fields stand */
	size_t problem_count, problem_capacity;
	size_t troubled; /* packages with a problem */
	size_t unknown;	 /* packages whose dependencies are not known */
	bool has_roots;
	struct closure_unasked *unasked; /* by package; only when it has roots */
	size_t unasked_count, unasked_capacity;
};

/*
 * Judges the set `manifest`; it is closed when there is no problem. `roots` (NULL: not asked) are
 * what was asked for; packages that are Essential or of priority required are too. What a package
 * reaches by a relationship is all of the set that satisfies any alternative of it. A package
 * without an architecture is of `architecture` or "all".
 */
enum status snapshot_closure(struct store *store, const struct pin_list *pins,
	const char *architecture, const struct manifest *manifest, const struct manifest *roots,
	struct closure *closure, struct error *err);
void closure_release(struct closure *closure);

#endif
