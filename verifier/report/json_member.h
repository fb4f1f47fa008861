/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REPORT_JSON_MEMBER_H
#define VERIFIER_REPORT_JSON_MEMBER_H

#include "base/json.h"
#include "dbdiff/dbdiff.h"

/* A number of bytes, null where they were not measured. */
void report_json_bytes(struct json *json, const char *key, uint64_t bytes, bool is_unmeasured);
/* One differing member as in docs/json.md; `key` is NULL in an array. */
void report_json_member(struct json *json, const char *key, const struct difference *difference);

#endif
