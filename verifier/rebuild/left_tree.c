/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/left_tree.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "verifier/rebuild/loops.h"
#include "verifier/rebuild/sandbox.h"
#include "verifier/rebuild/user_namespace.h"

static enum status tree_remove(void *path, struct error *err)
{
	return path_remove_tree(path, err);
}

enum status sandbox_remove_tree(const char *path, struct error *err)
{
	enum status status = geteuid() == 0 ? loops_detach(path, err) : STATUS_OK;

	if (status == STATUS_OK)
		status = path_remove_tree(path, err);
	if (status == STATUS_OK || geteuid() == 0)
		return status;
	return user_namespace_run(tree_remove, (void *)path, err);
}

/* What the build left to another id of the range: given to the user, who reads it from outside. */
static int entry_take(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
	mode_t mode = info->st_mode & 07777;

	(void)walk;
	if (kind == FTW_NS || (info->st_uid != 0 && lchown(path, 0, 0) < 0))
		return -1;
	if (S_ISDIR(info->st_mode))
		mode |= 0700;
	else if (S_ISREG(info->st_mode))
		mode |= 0600;
	else
		return 0;
	return mode == (info->st_mode & 07777) ? 0 : chmod(path, mode);
}

/* No process of the build is left that could change the tree under the walk. */
static enum status tree_take(void *path, struct error *err)
{
	if (nftw(path, entry_take, 32, FTW_PHYS | FTW_MOUNT) != 0)
		return error_set_errno(
			err, "cannot take over what the build left in %s", (const char *)path);
	return STATUS_OK;
}

enum status left_tree_take(const char *path, struct error *err)
{
	return user_namespace_run(tree_take, (void *)path, err);
}
