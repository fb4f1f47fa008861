/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_INPUTS_H
#define VERIFIER_VERIFY_INPUTS_H

#include "verifier/rebuild/reversed_tree.h"
#include "verifier/rebuild/tool_root.h"
#include "verifier/verification.h"
#include "verifier/verify_forbidden.h"
#include "verifier/verify_kas.h"
#include "verifier/verify_materials.h"

/* The parts of one attempt to build. */
struct attempt {
	struct verification *verification;
	char *source, *output, *log;
	char *written; /* the sandbox's output directory: `output` itself, or what is taken to it */
	struct text_list hidden;    /* what the build must not see */
	struct text_list published; /* absolute paths of the published files */
	struct tool_root tools;
	struct kas *kas; /* NULL: the backend is "command" */
	struct kas_prepared prepared;
	struct forbidden forbidden;
	struct digest source_digest;
	struct digest inputs;
	int64_t epoch;
	struct build_disk *disk; /* NULL: what the build writes is in the work directory */
	struct sandbox *sandbox;
	struct material_log *materials;
	struct text_list environment;
	struct reversed_tree reversed;
};

/*
 * Makes what the build is given: its tree, without what would let it copy (trust T1), or as kas
 * prepares it; and the digest of all of it, by which an earlier build of this run is known again.
 */
enum status build_inputs_prepare(struct attempt *attempt, struct error *err);

/* The last record of a build, whole or not at all: with it a later run need not build again. */
enum status build_inputs_record(struct attempt *attempt, struct error *err);

#endif
