/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/rules_gate.h"

enum effect effect_not(enum effect effect)
{
	return effect == EFFECT_RUNS	   ? EFFECT_NOTHING
		: effect <= EFFECT_NOTHING ? EFFECT_RUNS
					   : EFFECT_UNKNOWN;
}

enum effect effect_both(enum effect a, enum effect b)
{
	return a < b ? a : b;
}

enum effect effect_either(enum effect a, enum effect b)
{
	return a > b ? a : b;
}

void gates_if(struct gates *gates, enum effect condition)
{
	if (gates->depth < GATES_MAX) {
		gates->items[gates->depth].now = condition;
		gates->items[gates->depth].rest = effect_not(condition);
	}
	gates->depth++;
}

void gates_elseif(struct gates *gates, enum effect condition)
{
	if (gates->depth == 0 || gates->depth > GATES_MAX)
		return;
	gates->items[gates->depth - 1].now =
		effect_both(gates->items[gates->depth - 1].rest, condition);
	gates->items[gates->depth - 1].rest =
		effect_both(gates->items[gates->depth - 1].rest, effect_not(condition));
}

void gates_else(struct gates *gates)
{
	gates_elseif(gates, EFFECT_RUNS);
}

void gates_endif(struct gates *gates)
{
	gates->depth -= gates->depth > 0;
}

static enum effect effect_from(const struct gates *gates, size_t base)
{
	enum effect effect = gates->depth > GATES_MAX ? EFFECT_UNKNOWN : EFFECT_RUNS;

	for (size_t i = base; i < gates->depth && i < GATES_MAX; i++)
		effect = effect_both(effect, gates->items[i].now);
	return effect;
}

enum effect gates_effect(const struct gates *gates)
{
	return effect_both(gates->limit, effect_from(gates, 0));
}

void gates_return(struct gates *gates, size_t base)
{
	gates->limit = effect_both(gates->limit, effect_not(effect_from(gates, base)));
}
