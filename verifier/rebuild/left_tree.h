/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_LEFT_TREE_H
#define VERIFIER_REBUILD_LEFT_TREE_H

#include "base/error.h"

/*
 * What a build in a user namespace left behind belongs to ids of this user's range; it is gone into
 * from such a namespace (verifier/rebuild/user_namespace.h). No process of the build is left.
 */

/* Gives it all to the user, who reads it from outside. */
enum status left_tree_take(const char *path, struct error *err);

#endif
