/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CMD_CMD_SNAPSHOT_FIND_H
#define VERIFIER_CMD_CMD_SNAPSHOT_FIND_H

#include "snapshot/find.h"

/* What `snapshot find` prints. All borrowed. */
struct find_report {
	const struct manifest *manifest;
	const struct find_result *result;
	const char *metasnap, *api; /* that were to be asked; NULL: were not */
};

enum status find_print_text(const struct find_report *report, struct error *err);
enum status find_print_json(const struct find_report *report, struct error *err);

#endif
