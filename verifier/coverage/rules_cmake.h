/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_RULES_CMAKE_H
#define VERIFIER_COVERAGE_RULES_CMAKE_H

#include "verifier/coverage/cmake_reader.h"
#include "verifier/coverage/rules_gate.h"

/* A variable, as far as it is known. */
struct cmake_variable {
	char *name;
	char *value; /* NULL: not known */
};

/* A function or macro, and what a call of it adds. */
struct cmake_function {
	char *name;
	enum effect effect;
};

/* CMake's files, read from the top one on. */
struct cmake {
	struct rules *rules;
	const char *top;       /* the directory of the first CMakeLists.txt */
	const char *directory; /* of the one that is read */
	struct gates gates;
	size_t base; /* the gates of the file that is read begin here */
	unsigned nesting;
	struct text_list entered; /* files, each with the effect of its gates in front */
	struct cmake_variable *variables;
	size_t variable_count, variable_capacity;
	struct cmake_function *functions;
	size_t function_count, function_capacity;
	unsigned in_function;		/* how deep; only the outermost is remembered */
	struct cmake_function function; /* while its body is read */
	size_t function_gates;
	enum effect effect;  /* of the best test that was seen */
	enum effect enabled; /* enable_testing() in the top directory */
	bool has_unknown;    /* a folder or file is entered that is not known */
};

/* What an if(…) with those arguments is worth. */
enum effect cmake_condition(const struct cmake *cmake, const struct text_list *arguments);
/* The value of a variable, borrowed; NULL when it is not known. */
const char *cmake_value(const struct cmake *cmake, const char *name);
/* What a value is worth in if(…). */
enum effect cmake_truth(const char *value);
/* "${CMAKE_CURRENT_SOURCE_DIR}/x" as a path of the tree, to free; NULL when it is not known. */
char *cmake_path(const struct cmake *cmake, const char *text);

#endif
