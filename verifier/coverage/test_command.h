/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_TEST_COMMAND_H
#define VERIFIER_COVERAGE_TEST_COMMAND_H

#include "base/array.h"
#include "verifier/coverage/shell_words.h"

/* What one command of a test script is (test_script.h), best last. */
enum command_worth {
	COMMAND_NOTHING,
	COMMAND_LOOK,
	COMMAND_TEST,
	COMMAND_SUITE
};

/* `own` are the programs of the package that is tested. */
enum command_worth command_worth(const struct shell_command *command, const struct text_list *own);
/* The word that is run, behind "env A=b", "timeout 60", "sudo" and others of that kind. */
size_t command_first(const struct text_list *words);
/* ". file" and "source file". */
bool command_is_sourcing(const struct text_list *words, size_t first);

#endif
