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

/* Blank, tab, newline and backslash are written as \OOO there. */
static void octal_decode(char *text)
{
	char *to = text;

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
}

bool mount_line_parse(char *line, struct mount_line *mount)
{
	char *rest = line, *fields[6], *field, *end;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		fields[i] = strsep(&rest, " \n");
		if (!fields[i] || !*fields[i])
			return false;
	}
	/* Fields that may be there or not, up to a dash, and then the type. */
	while ((field = strsep(&rest, " \n")) && strcmp(field, "-") != 0)
		;
	field = field ? strsep(&rest, " \n") : NULL;
	if (!field || !*field)
		return false;
	*mount = (struct mount_line){.id = strtoull(fields[0], &end, 10),
		.device = fields[2],
		.root = fields[3],
		.point = fields[4],
		.type = field};
	octal_decode(mount->root);
	octal_decode(mount->point);
	octal_decode(mount->type);
	return *end == '\0';
}

/*
 * The texts are in *line, which is the caller's. STATUS_END when the mount is not listed, as that
 * which holds a chroot's root directory is not.
 */
static enum status mount_find(uint64_t id, char **line, struct mount_line *mount, struct error *err)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	bool is_found = false;
	size_t size = 0;

	if (!file)
		return error_set(err, STATUS_SANDBOX,
			"cannot read /proc/self/mountinfo: the sandbox needs /proc: %s",
			strerror(errno));
	while (!is_found && getline(line, &size, file) > 0)
		is_found = mount_line_parse(*line, mount) && mount->id == id;
	fclose(file);
	return is_found ? STATUS_OK : STATUS_END;
}

/* "/" is written as "" so that it can stand before a rest that begins with a slash. */
static const char *prefix(const char *path)
{
	return strcmp(path, "/") == 0 ? "" : path;
}

enum status location_find(const char *path, struct location *location, struct error *err)
{
	struct mount_line mount = {0};
	struct statx info;
	char *line = NULL;
	enum status status;
	size_t point_len;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_MNT_ID, &info) < 0)
		return error_set_errno(err, "%s", path);
	if (!(info.stx_mask & STATX_MNT_ID))
		return error_set(err, STATUS_SANDBOX,
			"this kernel does not tell what is mounted where (Linux 5.8 or newer "
			"does)");
	status = mount_find(info.stx_mnt_id, &line, &mount, err);
	point_len = status == STATUS_OK ? strlen(prefix(mount.point)) : 0;
	if (status == STATUS_END) {
		location->device = xasprintf("mount %" PRIu64, (uint64_t)info.stx_mnt_id);
		location->path = xstrdup(path);
		status = STATUS_OK;
	} else if (status == STATUS_OK && strncmp(path, mount.point, point_len) != 0) {
		status = error_set(err, STATUS_SANDBOX, "%s is not below %s, where it is mounted",
			path, mount.point);
	} else if (status == STATUS_OK) {
		const char *rest = strcmp(path, "/") == 0 ? "" : path + point_len;

		location->device = xstrdup(mount.device);
		location->path = xasprintf("%s%s", prefix(mount.root), rest);
	}
	free(line);
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
