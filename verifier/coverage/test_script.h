/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_TEST_SCRIPT_H
#define VERIFIER_COVERAGE_TEST_SCRIPT_H

#include "verifier/coverage/source_facts.h"

/*
 * What a test script of an autopkgtest is worth, told from its commands. A shell script is taken
 * apart into simple commands; each is one of
 *	nothing		set, cd, echo, test, grep, cat, if, …: what any script has around its test
 *	a look		a program that only tells its version or help, an import and no more, a
 *			compiler: what shows that the package is there, and not that it works
 *	upstream's suite	make check, ctest, pytest, prove, …, whose failure is not masked
 *	a test		any other command: it uses the package
 * and the script is as good as its best command. A tool of the first kind that is the package's own
 * (grep in grep) is the last. A script in another language is a look when all it has is imports and
 * prints. This can err to both sides where commands are hidden in variables, and says what it saw.
 */
struct test_script {
	enum autopkgtest_quality quality; /* _UNKNOWN: nothing could be seen of it */
	size_t line;			  /* of the command that decided; 0 for none */
	char *command;			  /* that command, at most 80 bytes; the caller frees */
};

/*
 * `own` are the programs that count as the package's. Scripts of the tree that a command runs or
 * sources are looked into, a few deep.
 */
struct test_script test_script_judge(
	const struct source_tree *tree, const struct tree_file *file, const struct text_list *own);
/* The same of a Test-Command, which is a line of shell. */
struct test_script test_command_judge(
	const struct source_tree *tree, const char *command, const struct text_list *own);

#endif
