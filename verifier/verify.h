/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_H
#define VERIFIER_VERIFY_H

#include <stdbool.h>

#include "base/array.h"
#include "base/limits.h"
#include "verifier/evidence/evidence.h"
#include "verifier/rebuild/limit.h"

/* How what differs is opened. */
struct inspection {
	bool retry_uninspected; /* again what could not be when it was compared before */
	uint64_t memory;	/* in bytes, for all of it (dbdiff/memory.h); 0 for the default */
	struct limits limits;	/* of each side of an artifact */
	const char *shown;	/* NULL, or a member that gets its diff whatever others have one */
};

/* What `reproof verify` was asked to do. Texts are borrowed. */
struct verify_request {
	const char *descriptor;
	const char *store;		   /* directory */
	const char *database;		   /* file; runs/ beside it holds the work of each run */
	const char *keyring;		   /* NULL: Debian's */
	const char *etc_apt;		   /* apt's configuration, for its mirrors */
	const struct text_list *mirrors;   /* --mirror, before the machine's apt sources */
	const struct text_list *artifacts; /* globs of --artifact; empty: all */
	bool accept_expired_key;
	bool no_sandbox;
	bool has_own_mounts;		  /* build_disk_own_mounts() was called, and went well */
	struct build_limits build_limits; /* over the descriptor's; 0: not given */
	bool is_offline; /* only what the store has; published files are in a directory */
	struct inspection inspection;
	bool keep; /* keep what was rebuilt, whatever the verdict */
};

/*
 * The main job (design §5): fetch what was published, pin, rebuild, compare, record. A run that was
 * killed is gone on with. STATUS_OK means that a result was recorded under `run`, good or bad,
 * trouble included; an error that nothing could be recorded.
 */
enum status verify_release(const struct verify_request *request, struct evidence *evidence,
	char run[RUN_ID_SIZE], struct error *err);

/*
 * Compares two files or two directories without a rebuild. STATUS_USAGE when both are the same, one
 * is a file and the other a directory, or a glob of `artifacts` matches nothing.
 */
enum status verify_compare(const char *published, const char *rebuilt,
	const struct text_list *artifacts, const struct inspection *inspection,
	struct evidence *evidence, char run[RUN_ID_SIZE], struct error *err);

/* What `reproof rebuild` was asked to do. Of `verify` all but the artifacts and `keep` count. */
struct rebuild_request {
	struct verify_request verify;
	bool is_twice;	    /* and compare the two */
	unsigned vary;	    /* variations of the second build (verifier/rebuild/variation.h) */
	unsigned bound;	    /* builds that may be made in all */
	const char *output; /* NULL, or a directory to be made that keeps what was built */
};

/*
 * Builds by the descriptor, once, or twice with other surroundings; when the two differ, finds with
 * more builds which of these do it. Compares with nothing that was published. Recorded as a run of
 * kind "rebuild" under `run`, trouble included; a killed one is gone on with.
 */
enum status verify_rebuild_release(const struct rebuild_request *request, struct evidence *evidence,
	char run[RUN_ID_SIZE], struct error *err);

#endif
