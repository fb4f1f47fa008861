/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_CLAIM_H
#define VERIFIER_COVERAGE_CLAIM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"

/*
 * What is said of a package, and what it was read from (design §2, evidence). A claim without a
 * place does not exist: there is no adding one without.
 */
struct claim {
	char *text;  /* one sentence: "dh_auto_test is overridden by an empty recipe" */
	char *where; /* "debian/rules:41", "bash_5.2.15.orig.tar.xz:Makefile.in", a URL */
	bool has_sha256;
	struct digest sha256; /* of the bytes it was read from: the file, or what the URL gave */
};

/* In the order in which they were found, which is the order of the inputs. Zeroed is empty. */
struct claim_list {
	struct claim *items;
	size_t count, capacity;
};

/* `sha256` may be NULL. `line` is left out when 0. */
void claim_add(struct claim_list *claims, const struct digest *sha256, const char *path,
	size_t line, const char *format, ...) __attribute__((format(printf, 5, 6)));
void coverage_claims_release(struct claim_list *claims);

#endif
