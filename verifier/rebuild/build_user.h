/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_BUILD_USER_H
#define VERIFIER_REBUILD_BUILD_USER_H

#include "base/error.h"
#include "verifier/rebuild/view.h"

/*
 * The user of builds that must not run as root, but become root by sudo, as ISAR's do; what
 * kas-container gives them: an account, a sudo that asks nothing, and schroot's and sbuild's
 * configuration to add to. Nothing of it is this host's but the system accounts.
 */
#define BUILD_USER    "builder"
#define BUILD_USER_ID 1000

struct build_user {
	unsigned id; /* of user and group */
	char *passwd, *group;
	struct view_file files[20];
	size_t file_count;
	struct text_list changed; /* directories of the host that the view has a copy of */
	struct text_list scratch; /* places that get an empty directory on disk */
};

/*
 * With this id, BUILD_USER_ID or above. STATUS_SANDBOX when sudo is missing. To be released also
 * after an error.
 */
enum status build_user_make(struct build_user *user, unsigned id, struct error *err);
void build_user_release(struct build_user *user);

/* Gives a directory and all below it to the user; links are not followed. */
enum status build_user_own(const struct build_user *user, const char *directory, struct error *err);

#endif
