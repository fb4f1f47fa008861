/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_VARIATION_H
#define VERIFIER_REBUILD_VARIATION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/error.h"
#include "verifier/rebuild/sandbox.h"

/*
 * What of a build's surroundings is varied, to see whether its outputs depend on it. The names are
 * reprotest's. A set of variations is a mask of 1 << enum variation.
 */
enum variation {
	VARY_BUILD_PATH,
	VARY_USER_GROUP,
	VARY_DOMAIN_HOST,
	VARY_TIMEZONE,
	VARY_LOCALES,
	VARY_UMASK,
	VARY_NUM_CPUS,
	VARY_TIME,
	VARY_FILEORDERING,
	VARIATION_COUNT,
};

#define VARIATION_ALL ((1u << VARIATION_COUNT) - 1)

/* "build_path", "user_group", … */
const char *variation_name(enum variation variation);
/* "build_path,timezone": in the order above. */
void variation_set_text(unsigned set, const char *separator, struct buffer *out);
/*
 * Reads names with commas between them; "all" is all of them. STATUS_USAGE names the one that there
 * is not.
 */
enum status variation_set_parse(const char *text, unsigned *set, struct error *err);

/* What a build is given as long as nothing is varied. Borrowed. */
struct variation_base {
	const char *build_path, *hostname;
	const struct text_list *environment; /* the descriptor's, "NAME=value" */
	mode_t umask;
	bool no_sandbox;
	bool is_kas;
};

/* What varying comes to on this machine. A zeroed struct is safe to release. */
struct variation_plan {
	unsigned usable;		/* those that can be varied here */
	char *how[VARIATION_COUNT];	/* "/build → /build-varied"; NULL: not usable */
	char *why_not[VARIATION_COUNT]; /* of one that is not usable, one sentence */
	char *build_path, *timezone, *locale, *preload;
	const char *hostname;
	mode_t umask;
	bool has_disorderfs;
};

/* Looks what this machine has. Directory order is usable as far as can be said before a copy. */
void variation_plan_make(const struct variation_base *base, struct variation_plan *plan);
/* Takes one out that turned out not to be usable; `why` is copied. */
void variation_plan_drop(struct variation_plan *plan, enum variation variation, const char *why);
void variation_plan_release(struct variation_plan *plan);

/*
 * The surroundings of one build: those of the plan that are in `set` in place of the base's. Zeroed
 * is: nothing varied. Texts of the plan are borrowed.
 */
struct build_conditions {
	unsigned set;
	const char *build_path, *hostname; /* NULL: the base's */
	const struct sandbox_user *user;   /* NULL: root; with kas, whose id its user gets */
	struct text_list environment;	   /* in place of variables of the same name */
	bool has_umask;
	mode_t umask;
	bool one_cpu;
	bool reversed; /* the source tree lists its directories in the opposite order */
};

void build_conditions_make(
	const struct variation_plan *plan, unsigned set, struct build_conditions *conditions);
void build_conditions_release(struct build_conditions *conditions);

/*
 * This thread, and what it starts, gets one processor, or with `one_cpu` false all that it may
 * have. How many there are is in *count unless NULL.
 */
enum status variation_cpus(bool one_cpu, unsigned *count, struct error *err);

#endif
