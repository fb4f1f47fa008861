/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_UPSTREAM_DECLARED_H
#define VERIFIER_COVERAGE_UPSTREAM_DECLARED_H

#include "verifier/coverage/source_facts.h"

/* A place in a file of a build system at which tests are declared. */
struct declared {
	const char *framework; /* NULL: there is none */
	size_t line;	       /* of the first */
	uint64_t count;
};

/*
 * What a file of upstream's, by its name, declares: Makefile.am and Makefile.in, CMakeLists.txt,
 * meson.build, a makefile with a target that runs something, package.json, testsuite.at. A file
 * that is generated of another beside it declares nothing.
 */
struct declared upstream_declared(const struct source_tree *tree, const struct tree_file *file);

#endif
