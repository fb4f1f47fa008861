/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_MAKEFILE_INTERNAL_H
#define VERIFIER_COVERAGE_MAKEFILE_INTERNAL_H

#include "verifier/coverage/makefile.h"

/* Between the reader (makefile.c) and what expands (makefile_expand.c, makefile_function.c). */
#define MAKEFILE_DEPTH	   48
#define MAKEFILE_STEPS	   200000
#define MAKEFILE_EXPANSION ((size_t)1 << 20)

struct makefile_scope {
	struct makefile *makefile;
	const char *target;
	/* Of $(call) and $(foreach), the innermost first. */
	const struct makefile_binding *bindings;
};

struct makefile_binding {
	const char *name;
	const char *value;
	const struct makefile_binding *next;
};

/* False when a bound was reached, which `out` then says by a MAKEFILE_UNKNOWN at its end. */
bool makefile_step(struct makefile *makefile, struct buffer *out);
void makefile_expand_part(
	const struct makefile_scope *scope, const char *text, size_t len, struct buffer *out);
/* $(name arguments): false when there is no such function. `text` is all between the brackets. */
bool makefile_function(
	const struct makefile_scope *scope, const char *text, size_t len, struct buffer *out);
/* What make's environment has of its own in a build by dpkg-buildpackage; false for none. */
bool makefile_environment(const struct makefile_given *given, const char *name, struct buffer *out);
/* Of the commands that tell of the build alone; else unknown. */
void makefile_shell(const struct makefile_given *given, const char *command, struct buffer *out);
/* One of the words of `text` from *at on; false at the end. */
bool makefile_word(const char **at, const char **word, size_t *len);
/* Behind the bracket that closes the one at `at`, or NULL. */
const char *makefile_closing(const char *at, const char *end);

#endif
