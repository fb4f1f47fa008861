/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_EVIDENCE_TOOLCHAIN_H
#define VERIFIER_EVIDENCE_TOOLCHAIN_H

#include "verifier/evidence/evidence.h"

/*
 * What each side's packages were built with, by the record that its build left (.buildinfo). Texts
 * are of hostile origin.
 */
struct toolchain_side {
	const char *side;	     /* "published", "rebuilt" */
	const char *name;	     /* of the record */
	const struct digest *digest; /* NULL: that side has none */
	const char *reason;	     /* why what it lists does not count; NULL: it does */
};

struct toolchain_package {
	const char *name;
	const char *architecture;	 /* "" where the record does not say */
	const char *published, *rebuilt; /* versions; NULL where it was not installed */
};

enum status evidence_toolchain_side(struct evidence *evidence, const char *run,
	const struct toolchain_side *side, struct error *err);
/* One package of a side that was recorded before and counts. */
enum status evidence_toolchain_package(struct evidence *evidence, const char *run, const char *side,
	const char *name, const char *architecture, const char *version, struct error *err);

typedef enum status (*toolchain_side_visitor)(
	void *context, const struct toolchain_side *side, struct error *err);
/* Published first; none when no record was asked for. */
enum status evidence_each_toolchain_side(struct evidence *evidence, const char *run,
	toolchain_side_visitor visit, void *context, struct error *err);
typedef enum status (*toolchain_visitor)(
	void *context, const struct toolchain_package *package, struct error *err);
/* Every package that either side lists; by name and architecture. */
enum status evidence_each_toolchain_package(struct evidence *evidence, const char *run,
	toolchain_visitor visit, void *context, struct error *err);

#endif
