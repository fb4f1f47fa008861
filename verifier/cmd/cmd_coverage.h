/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CMD_CMD_COVERAGE_H
#define VERIFIER_CMD_CMD_COVERAGE_H

#include "verifier/cmd/command.h"
#include "verifier/coverage/coverage.h"

/*
 * For the commands that show coverage: packages that the pins lack leave it incomplete; sources and
 * data that could not be read are trouble.
 */
enum exit_code coverage_exit_code(const struct coverage *coverage);

#endif
