/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_MATERIALS_H
#define VERIFIER_VERIFY_MATERIALS_H

#include "snapshot/snapshot.h"
#include "verifier/evidence/evidence.h"

/*
 * What the proxy served, and what it did not, gathered while a build runs and recorded at once when
 * it ends: a build that is killed begins again, and its materials with it.
 */
struct material_log;

struct material_log *material_log_new(void);
void material_log_free(struct material_log *log);

/* A proxy_config.log; `context` is the material_log. */
void material_log_take(void *context, const struct proxy_event *event);

enum status material_log_record(
	struct material_log *log, struct evidence *evidence, const char *run, struct error *err);

#endif
