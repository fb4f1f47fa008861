/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_ENVIRONMENT_H
#define VERIFIER_VERIFY_ENVIRONMENT_H

#include "verifier/verification.h"

/*
 * All the variables of a build, "NAME=value", as reproof-verify(1) lists them: those of the
 * descriptor, and those varied in place of others. `output` is the output directory as the build
 * sees it, `port` the proxy's.
 */
void verify_environment(const struct verification *verification, const char *output, int64_t epoch,
	unsigned short port, struct text_list *environment);

#endif
