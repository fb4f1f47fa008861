/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFICATION_H
#define VERIFIER_VERIFICATION_H

#include "snapshot/snapshot.h"
#include "verifier/rebuild/variation.h"
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
	char *work;  /* runs/RUN beside the database; of one build among several: a part of it */
	int lock_fd; /* held while this run is worked on */
	/* Of the build to be made: what is varied, and what tells it from others; NULL, 0 for
	 * verify. */
	const struct build_conditions *conditions;
	const struct variation_plan *plan;
	unsigned repetition;
	/* Of a build by kas among several: what all of them are made of; NULL for verify. */
	const struct kas_frozen *frozen;
	bool is_alone; /* nothing published is looked at */
};

/* All that is open is closed; zeroed but for the file sets and lock_fd, it is safe. */
#define VERIFICATION_INIT(request_, evidence_)                                                     \
	{                                                                                          \
		.request = (request_), .evidence = (evidence_), .published = FILE_SET_INIT,        \
		.rebuilt = FILE_SET_INIT, .lock_fd = -1                                            \
	}

/*
 * With its release read: opens the store, locks what `key` stands for against other processes, and
 * begins a run of this kind or goes on with one; *continued says so.
 */
enum status verification_begin(struct verification *verification, const char *kind,
	const struct digest *key, bool *continued, struct error *err);
void verification_release(struct verification *verification);

/* Step "fetch": the published artifacts, recorded with where and when they were seen. */
enum status verify_fetch(struct verification *verification, struct error *err);

/* Step "pin": every pin verified, against the lock when there is one. */
enum status verify_pin(struct verification *verification, struct error *err);

/*
 * Copies the source tree once, or prepares it by kas (into *frozen, which is the caller's to
 * release), to be that of every build from now on; `inputs` is a digest of all that these builds
 * are given.
 */
enum status verify_freeze(struct verification *verification, const char *copy,
	struct kas_frozen *frozen, struct digest *inputs, struct error *err);

/* Step "rebuild": the build in its sandbox, or what a killed part of this run had built. */
enum status verify_rebuild(struct verification *verification, struct error *err);

#endif
