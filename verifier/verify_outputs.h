/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_OUTPUTS_H
#define VERIFIER_VERIFY_OUTPUTS_H

#include "verifier/verification.h"

/*
 * Takes what a build left in `directory` as the rebuilt side, after its last process is gone (trust
 * T2): hashed and recorded. `published` are the absolute paths of published files, none of which
 * may be an output.
 */
enum status outputs_collect(struct verification *verification, const char *directory,
	const struct text_list *published, struct error *err);

/*
 * Takes what a killed part of this run had collected, when all of it is still there and is what it
 * was; *usable is false otherwise, and the build has to be made again.
 */
enum status outputs_reuse(
	struct verification *verification, const char *directory, bool *usable, struct error *err);

#endif
