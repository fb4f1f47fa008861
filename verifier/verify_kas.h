/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_KAS_H
#define VERIFIER_VERIFY_KAS_H

#include "verifier/rebuild/kas.h"
#include "verifier/verification.h"
#include "verifier/verify_materials.h"

/*
 * Prepares a build by kas for this run: with the network, and with the archive as it is pinned
 * (trust T3). `spec` has what is not the run's own. *kas and *prepared are the caller's, also after
 * an error.
 */
enum status kas_start(struct verification *verification, const struct kas_spec *spec,
	struct material_log *materials, struct kas **kas, struct kas_prepared *prepared,
	struct error *err);

/* What kas prepared once, for several builds. A zeroed struct is empty. */
struct kas_frozen {
	char *tree; /* where it is kept */
	struct digest digest;
	struct kas_prepared prepared;
	struct material_log *materials; /* what prepare took of the archive */
};

void kas_frozen_release(struct kas_frozen *frozen);

/*
 * In place of kas_start(), for one of those builds; *prepared gets what the frozen one has, and
 * borrows it.
 */
enum status kas_start_again(struct verification *verification, const struct kas_spec *spec,
	struct kas **kas, struct kas_prepared *prepared, struct error *err);

/*
 * Which network prepare had and how it was held, and what it wanted of it in vain. Not with the
 * rest: a build that begins again forgets it.
 */
enum status kas_record_network(
	struct verification *verification, const struct kas_prepared *prepared, struct error *err);

/* Every file that was prepared, and which commits they are of. */
enum status kas_record(
	struct verification *verification, const struct kas_prepared *prepared, struct error *err);

#endif
