/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REPORT_FIND_MEMBER_H
#define VERIFIER_REPORT_FIND_MEMBER_H

#include "verifier/evidence/read.h"

/* Zeroed is empty. */
struct found_member {
	char *set_id;
	char *path; /* whole; several members of one container may have it */
};

/*
 * The differing member of a run that a path means, with the artifact's name in front or without it.
 * STATUS_USAGE when there is none, or several: then the error says what is near.
 */
enum status find_member(struct evidence *evidence, const char *run, const char *path,
	struct found_member *found, struct error *err);
void found_member_release(struct found_member *found);

#endif
