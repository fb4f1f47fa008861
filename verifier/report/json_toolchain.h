/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REPORT_JSON_TOOLCHAIN_H
#define VERIFIER_REPORT_JSON_TOOLCHAIN_H

#include "base/json.h"
#include "verifier/evidence/evidence.h"

/* The keys `toolchain` and `served_published` of a run (docs/json.md). */
enum status report_json_toolchain(
	struct json *json, struct evidence *evidence, const char *run, struct error *err);

#endif
