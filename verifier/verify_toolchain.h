/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_TOOLCHAIN_H
#define VERIFIER_VERIFY_TOOLCHAIN_H

#include "verifier/evidence/evidence.h"
#include "verifier/verify_pair.h"

/*
 * Records what each side's artifacts were built with, by the file `name` (.buildinfo) of each side.
 * A record counts only when it names each .deb and .udeb that its side has, with that file's
 * SHA-256: otherwise it is of another build. One that is not there, cannot be read or does not
 * count is recorded with the reason, and is no error.
 */
enum status verify_toolchain(struct evidence *evidence, const char *run,
	const struct file_set *published, const struct file_set *rebuilt,
	const struct pair_list *pairs, const char *name, struct error *err);

/* Marks the run when the pins served the build a file that it had to reproduce (trust T1). */
enum status verify_served(struct evidence *evidence, const char *run, struct error *err);

#endif
