/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_FORBIDDEN_H
#define VERIFIER_VERIFY_FORBIDDEN_H

#include "verifier/verification.h"

/* Contents that a build must not be given. A zeroed struct is empty. */
struct forbidden {
	struct digest *digests;
	size_t count, capacity;
};

/* What was published, whole. */
void forbidden_add_published(const struct verification *verification, struct forbidden *forbidden);

/*
 * And what is large in it, at any depth, but what the pinned archives have themselves (trust T3):
 * for what is fetched with the network. Where one cannot be opened, or
 * only its hash is known, the run gets MARK_PARTS_UNKNOWN; as a whole it is forbidden all the same.
 */
enum status forbidden_add_members(
	const struct verification *verification, struct forbidden *forbidden, struct error *err);

/* One more; `context` is a struct forbidden. */
void forbidden_add(void *context, const struct digest *digest);

/* Sorts the contents, each once, and drops those that the pinned archives have. */
enum status forbidden_keep_unpinned(
	const struct verification *verification, struct forbidden *contents, struct error *err);

void forbidden_release(struct forbidden *forbidden);

#endif
