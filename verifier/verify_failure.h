/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_FAILURE_H
#define VERIFIER_VERIFY_FAILURE_H

#include "base/process.h"
#include "verifier/rebuild/sandbox.h"
#include "verifier/verification.h"

/*
 * A build is over: its log `log` is kept compressed as LOG.zst, which is recorded, and when it did
 * not end well, why is found out and recorded: STATUS_BUILD, with a text that says how it ended and
 * by what. `result` is NULL when it could not be run to its end; then only the log is kept.
 * `sandbox` says which limit ended it, if one did, and what it wanted of the network.
 */
enum status verify_build_end(struct verification *verification, const char *log,
	const struct process_result *result, const struct sandbox *sandbox, struct error *err);

#endif
