/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_RULES_GATE_H
#define VERIFIER_COVERAGE_RULES_GATE_H

#include "verifier/coverage/rules.h"

/*
 * The conditions around a line of a build system's file. What a condition is worth is an effect:
 * EFFECT_RUNS, it holds; EFFECT_NOTHING, it does not; EFFECT_UNKNOWN for all that is not
 * understood, which makes what stands below it unknown and never true.
 */
#define GATES_MAX 64

struct gates {
	struct {
		enum effect now;  /* of the branch that is read */
		enum effect rest; /* of those that are still to come */
	} items[GATES_MAX];
	size_t depth;	   /* may be over GATES_MAX, from where on all is unknown */
	enum effect limit; /* of what stands behind a `return` */
};

#define GATES_NONE                                                                                 \
	{                                                                                          \
		.limit = EFFECT_RUNS                                                               \
	}

enum effect effect_not(enum effect effect);
enum effect effect_both(enum effect a, enum effect b);
enum effect effect_either(enum effect a, enum effect b);

void gates_if(struct gates *gates, enum effect condition);
void gates_elseif(struct gates *gates, enum effect condition);
void gates_else(struct gates *gates);
void gates_endif(struct gates *gates);
/* What stands here is worth. */
enum effect gates_effect(const struct gates *gates);
/* What stands behind is not read if this is, which is below the gates from `base` on. */
void gates_return(struct gates *gates, size_t base);

#endif
