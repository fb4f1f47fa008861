/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_RULES_MESON_H
#define VERIFIER_COVERAGE_RULES_MESON_H

#include "verifier/coverage/rules_gate.h"

/* A variable: its value as text, "true", "enabled", 'x' without quotes; NULL when not known. */
struct meson_variable {
	char *name, *value;
	enum effect found; /* what its found() is: of a dependency or a program */
};

/* Meson's files, read from the top one on. */
struct meson {
	struct rules *rules;
	const char *top, *directory;
	struct gates gates;
	size_t base;
	unsigned nesting;
	struct text_list entered;
	struct meson_variable *variables;
	size_t variable_count, variable_capacity;
	enum effect effect;
	bool has_unknown;
};

/* What an expression of that text is, with what is known of options and variables. */
struct meson_value {
	char *text; /* NULL: not known; for the caller to free */
	enum effect found;
};

struct meson_value meson_evaluate(const struct meson *meson, const char *text);
/* What it is worth in `if`. */
enum effect meson_condition(const struct meson *meson, const char *text);
const struct meson_variable *meson_variable(
	const struct meson *meson, const char *name, size_t len);
/* The text of "NAME: …" among arguments, up to the next, to free; NULL when there is none. */
char *meson_keyword(const char *arguments, const char *name);
/* get_option(): what it was told, or its default; NULL when neither is known. To free. */
char *meson_option(const struct meson *meson, const char *name);

#endif
