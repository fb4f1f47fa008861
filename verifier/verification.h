/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFICATION_H
#define VERIFIER_VERIFICATION_H

#include "snapshot/snapshot.h"
#include "verifier/release/release.h"
#include "verifier/verify.h"
#include "verifier/verify_files.h"

/* One run of the main job, shared by the files verifier/verify*.c only. */
struct verification {
	const struct verify_request *request;
	struct evidence *evidence;
	struct release release;
	struct store *store;
	struct fetcher *fetcher; /* NULL: offline */
	struct place_list places;
	struct trust_options trust;
	struct text_list notes; /* of trust, to be said to the user */
	struct pin_list pins;
	char *lock_path; /* the pin lock beside the descriptor */
	struct file_set published, rebuilt;
	char run[RUN_ID_SIZE];
	char *work;  /* runs/RUN beside the database */
	int lock_fd; /* held while this run is worked on */
};

/* Step "fetch": the published artifacts, recorded with where and when they were seen. */
enum status verify_fetch(struct verification *verification, struct error *err);

/* Step "pin": every pin verified, against the lock when there is one. */
enum status verify_pin(struct verification *verification, struct error *err);

/* Step "rebuild": the build in its sandbox, or what a killed part of this run had built. */
enum status verify_rebuild(struct verification *verification, struct error *err);

#endif
