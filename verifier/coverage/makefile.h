/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_MAKEFILE_H
#define VERIFIER_COVERAGE_MAKEFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/array.h"
#include "base/buffer.h"

/*
 * A reader of make text (GNU make 4.3's manual) that runs nothing. What only a run would tell,
 * $(shell …) above all, is the byte MAKEFILE_UNKNOWN in what is expanded, and a conditional that
 * rests on it is undecided: what stands in both its branches is kept, marked with the condition.
 * Variables that were never set are empty, as in make. Hostile input: depth, steps and sizes are
 * bounded, and what a bound cuts is unknown.
 */
#define MAKEFILE_UNKNOWN '\1'

/* What is known of the build that the text is read for; texts are borrowed. */
struct makefile_given {
	const char *architecture; /* "amd64": that of host and build; NULL for unknown */
	/* The binary packages it builds, those of all architectures and of this one alone; NULL for
	 * unknown. */
	const struct text_list *arch_packages, *indep_packages;
	/* The text of a file of the source, which stays there; NULL when there is none. */
	const char *(*find)(void *context, const char *path, size_t *len);
	void *context;
	/* A variable that is never set is unknown, and not empty: something was not read. */
	bool is_unset_unknown;
};

/* An undecided conditional around something. */
struct makefile_condition {
	char *text; /* "ifeq ($(shell uname),Linux)", or that with "else of" before it */
	size_t line;
	int outer; /* the condition around it, or -1 */
};

struct makefile_line {
	char *text; /* of a recipe: not expanded, prefixes and backslash-newlines kept */
	const char *file;
	size_t line;
	int condition; /* of makefile.conditions, or -1 when it holds for sure */
};

struct makefile_rule {
	struct text_list targets;	/* expanded; pattern rules have their % */
	struct text_list prerequisites; /* with those that are order-only; of patterns with % */
	char *pattern; /* of a static pattern rule, which gives its targets their stem; or NULL */
	struct makefile_line *lines;
	size_t line_count, line_capacity;
	const char *file;
	size_t line;
	int condition;
	bool is_double_colon;
	bool has_recipe; /* `target: ;` has one that does nothing */
};

struct makefile_variable {
	char *name;
	char *target; /* of which alone it is; NULL for all */
	char *value;
	bool is_simple;	  /* its value was expanded when it was set */
	bool is_override; /* what is set without `override` afterwards changes nothing */
	bool is_exported;
	const char *file;
	size_t line;
};

struct makefile_include {
	char *path;
	const char *file;
	size_t line;
	bool was_read;	  /* a file of the source */
	bool is_optional; /* -include */
};

/* A zeroed struct is empty and safe to release. */
struct makefile {
	struct makefile_rule *rules;
	size_t rule_count, rule_capacity;
	struct makefile_variable *variables;
	size_t variable_count, variable_capacity;
	struct makefile_condition *conditions;
	size_t condition_count, condition_capacity;
	struct makefile_include *includes;
	size_t include_count, include_capacity;
	struct text_list files; /* whose names the others point at */
	struct makefile_given given;
	bool is_oneshell, is_posix, exports_all;
	char *trouble; /* why part of it could not be read; or NULL */
	/* While reading. */
	struct buffer evaluated; /* what $(eval) gave */
	size_t steps;
	unsigned depth;
};

/* Adds a text to what was read so far, as `make -f` with several files does. */
void makefile_read(struct makefile *makefile, const struct makefile_given *given, const char *file,
	const char *text, size_t len);

/* The variable as it is when all is read, for that target (NULL for none); NULL for none. */
const struct makefile_variable *makefile_variable(
	const struct makefile *makefile, const char *name, const char *target);

/* Expands `text` as in a recipe of `target`, whose automatic variables it may use; NULL for none.
 */
void makefile_expand(
	struct makefile *makefile, const char *text, const char *target, struct buffer *out);
/* The expanded value of a variable; "" for none. The caller frees it. */
char *makefile_value(struct makefile *makefile, const char *name, const char *target);
bool makefile_is_known(const char *expanded);

/*
 * The next rule behind `after` (NULL: the first) that is for `target` by name; the first pattern
 * rule with a recipe when no rule names it and `after` is NULL.
 */
const struct makefile_rule *makefile_rule_of(
	const struct makefile *makefile, const char *target, const struct makefile_rule *after);
bool makefile_pattern_fits(const char *pattern, const char *word);

void makefile_release(struct makefile *makefile);

#endif
