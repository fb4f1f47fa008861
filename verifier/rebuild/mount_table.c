/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/mount_table.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/path.h"

/* One line of /proc/self/mountinfo (proc(5)), as far as it is needed here. */
struct mount {
	char *device;
	char *root;
	char *point;
};

/* Blank, tab, newline and backslash are written as \OOO there. */
static char *octal_decode(const char *text)
{
	char *decoded = xstrdup(text);
	char *to = decoded;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
			from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
	return decoded;
}

static void mount_release(struct mount *mount)
{
	free(mount->device);
	free(mount->root);
	free(mount->point);
	*mount = (struct mount){0};
}

/* STATUS_END when the mount is not listed, as that which holds a chroot's root directory is not. */
static enum status mount_find(uint64_t id, struct mount *mount, struct error *err)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	enum status status = STATUS_END;
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return error_set(err, STATUS_SANDBOX,
			"cannot read /proc/self/mountinfo: the sandbox needs /proc: %s",
			strerror(errno));
	while (status == STATUS_END && getline(&line, &size, file) > 0) {
		char *rest = line, *fields[5] = {0};

		for (size_t i = 0; i < ARRAY_SIZE(fields) && rest; i++)
			fields[i] = strsep(&rest, " \n");
		if (!fields[4] || strtoull(fields[0], NULL, 10) != id)
			continue;
		mount->device = xstrdup(fields[2]);
		mount->root = octal_decode(fields[3]);
		mount->point = octal_decode(fields[4]);
		status = STATUS_OK;
	}
	free(line);
	fclose(file);
	return status;
}

/* "/" is written as "" so that it can stand before a rest that begins with a slash. */
static const char *prefix(const char *path)
{
	return strcmp(path, "/") == 0 ? "" : path;
}

enum status location_find(const char *path, struct location *location, struct error *err)
{
	struct mount mount = {0};
	struct statx info;
	enum status status;
	size_t point_len;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_MNT_ID, &info) < 0)
		return error_set_errno(err, "%s", path);
	if (!(info.stx_mask & STATX_MNT_ID))
		return error_set(err, STATUS_SANDBOX,
			"this kernel does not tell what is mounted where (Linux 5.8 or newer "
			"does)");
	status = mount_find(info.stx_mnt_id, &mount, err);
	if (status < 0)
		return status;
	if (status == STATUS_END) {
		location->device = xasprintf("mount %" PRIu64, (uint64_t)info.stx_mnt_id);
		location->path = xstrdup(path);
		return STATUS_OK;
	}
	point_len = strlen(prefix(mount.point));
	if (strncmp(path, mount.point, point_len) != 0) {
		status = error_set(err, STATUS_SANDBOX, "%s is not below %s, where it is mounted",
			path, mount.point);
	} else {
		const char *rest = strcmp(path, "/") == 0 ? "" : path + point_len;

		location->device = xstrdup(mount.device);
		location->path = xasprintf("%s%s", prefix(mount.root), rest);
		status = STATUS_OK;
	}
	mount_release(&mount);
	return status;
}

bool location_is_below(
	const struct location *inner, const struct location *outer, const char **rest)
{
	size_t len = strlen(outer->path);

	if (strcmp(inner->device, outer->device) != 0 ||
		strncmp(inner->path, outer->path, len) != 0 ||
		(inner->path[len] != '\0' && inner->path[len] != '/'))
		return false;
	*rest = inner->path + len;
	return true;
}

void location_release(struct location *location)
{
	free(location->device);
	free(location->path);
	*location = (struct location){0};
}
