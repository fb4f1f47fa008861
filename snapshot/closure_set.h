/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_CLOSURE_SET_H
#define SNAPSHOT_CLOSURE_SET_H

#include "snapshot/closure.h"
#include "snapshot/pin_packages.h"
#include "snapshot/relation.h"

enum multi_arch {
	MULTI_ARCH_NO,
	MULTI_ARCH_SAME,
	MULTI_ARCH_FOREIGN,
	MULTI_ARCH_ALLOWED,
};

/* A relationship that may be wanted of a package, in the order of reports. */
enum set_relation {
	SET_PRE_DEPENDS,
	SET_DEPENDS,
	SET_RECOMMENDS,
	SET_CONFLICTS,
	SET_BREAKS,
	SET_PROVIDES,
	SET_RELATIONS,
};

extern const char *const set_relation_fields[SET_RELATIONS];

/* One row of the manifest with what the pins say of it. */
struct set_package {
	const struct manifest_package *row;
	bool is_known;	   /* the pins have it in that version */
	bool is_ambiguous; /* with two digests */
	bool is_base;	   /* Essential, or of priority required */
	enum multi_arch multi_arch;
	char *architecture; /* "all" is the native one; never NULL */
	char *available;    /* the latest version that the pins have of its name; or NULL */
	struct digest digest;
	struct relation relations[SET_RELATIONS];
};

struct set_provide {
	const struct relation_term *term;
	size_t package;
};

/* The rows of a manifest, in its order, which is by name. */
struct set {
	const char *native;
	const struct manifest *manifest;
	struct set_package *packages;
	size_t count;
	struct set_provide *provides; /* by the name provided */
	size_t provide_count, provide_capacity;
};

enum status set_load(struct set *set, struct store *store, const struct pin_list *pins,
	const char *architecture, const struct manifest *manifest, struct error *err);
void set_release(struct set *set);

/* The rows of a name: from *first up to the one returned. */
size_t set_find(const struct set *set, const char *name, size_t *first);

/* How a term looks for packages. */
enum set_purpose {
	SET_TO_DEPEND,	 /* an architecture without a qualifier is the package's own */
	SET_TO_CONFLICT, /* it is any */
	SET_TO_REACH,	 /* as to depend, also on what is not installed whole */
};

/*
 * Calls `found` with each package of the set that is or provides what a term of a package of
 * `architecture` asks for; one may come twice. Ends when it gives true, and then gives true.
 */
bool set_match(const struct set *set, const struct relation_term *term, const char *architecture,
	enum set_purpose purpose, bool (*found)(void *context, size_t package), void *context);

#endif
