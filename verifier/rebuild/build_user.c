/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/build_user.h"

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/path.h"

#define ACCOUNTS_LIMIT ((size_t)4 * 1024 * 1024)
#define NOBODY	       65534

/*
 * No password is asked for, and none would be right. The way to the archive is kept, as in the
 * image of kas for ISAR, whose recipes call sudo without -E.
 */
static const char sudoers[] = "Defaults !use_pty\n"
			      "Defaults env_keep += \"http_proxy https_proxy no_proxy\"\n"
			      "root ALL=(ALL:ALL) NOPASSWD: ALL\n"
			      "%sudo ALL=(ALL:ALL) NOPASSWD: ALL\n";
static const char pam[] = "auth required pam_permit.so\n"
			  "account required pam_permit.so\n"
			  "password required pam_deny.so\n"
			  "session required pam_permit.so\n";

static const char shadow[] = "root:*:1:0:99999:7:::\n" BUILD_USER ":*:1:0:99999:7:::\n";
static const char networks[] = "default 0.0.0.0\nloopback 127.0.0.0\nlink-local 169.254.0.0\n";

/* The third field of passwd(5) and group(5); -1 when there is none. */
static long id_of_line(const char *line, size_t len)
{
	const char *second = memchr(line, ':', len);
	const char *third =
		second ? memchr(second + 1, ':', len - (size_t)(second + 1 - line)) : NULL;
	char *end;
	long id;

	if (!third)
		return -1;
	id = strtol(third + 1, &end, 10);
	return end != third + 1 && *end == ':' ? id : -1;
}

static bool is_group(const char *line, const char *name)
{
	size_t len = strlen(name);

	return strncmp(line, name, len) == 0 && line[len] == ':';
}

/*
 * The host's system accounts, which its packages made, and no person's. In a group file the build's
 * user joins those that let it use sudo and sbuild.
 */
static enum status accounts_read(
	const char *path, bool is_group_file, struct buffer *text, struct error *err)
{
	char *data;
	size_t len;

	if (path_read_file(path, ACCOUNTS_LIMIT, &data, &len, err) < 0)
		return err->status;
	for (const char *line = data, *next; *line; line = next) {
		size_t length = strcspn(line, "\n");
		long id = id_of_line(line, length);

		next = line + length + (line[length] == '\n');
		if (id < 0 || (id >= BUILD_USER_ID && id != NOBODY))
			continue;
		buffer_add(text, line, length);
		if (is_group_file && (is_group(line, "sudo") || is_group(line, "sbuild")))
			buffer_add_format(
				text, "%s%s", line[length - 1] == ':' ? "" : ",", BUILD_USER);
		buffer_add_char(text, '\n');
	}
	free(data);
	return STATUS_OK;
}

static void file_add(struct build_user *user, const char *place, const char *text, mode_t mode)
{
	user->files[user->file_count++] =
		(struct view_file){.place = place, .text = text, .mode = mode};
}

enum status build_user_make(struct build_user *user, unsigned id, struct error *err)
{
	struct buffer passwd = {0}, group = {0};
	enum status status;

	*user = (struct build_user){.id = id};
	if (access("/usr/bin/sudo", X_OK) < 0)
		return error_set(err, STATUS_SANDBOX,
			"sudo is not installed: a build by kas becomes root with it; install it "
			"(apt-get install sudo)");
	status = accounts_read("/etc/passwd", false, &passwd, err);
	if (status == STATUS_OK)
		status = accounts_read("/etc/group", true, &group, err);
	buffer_add_format(
		&passwd, "%s:*:%u:%u::/home/%s:/bin/bash\n", BUILD_USER, id, id, BUILD_USER);
	buffer_add_format(&group, "%s:x:%u:\n", BUILD_USER, id);
	user->passwd = buffer_detach(&passwd);
	user->group = buffer_detach(&group);
	file_add(user, "/etc/passwd", user->passwd, 0644);
	file_add(user, "/etc/group", user->group, 0644);
	/* ISAR copies it into its chroots. */
	file_add(user, "/etc/resolv.conf", "# There is no name server.\n", 0644);
	/* What schroot copies into each session. */
	file_add(user, "/etc/shadow", shadow, 0640);
	file_add(user, "/etc/gshadow", "", 0640);
	file_add(user, "/etc/networks", networks, 0644);
	file_add(user, "/var/lib/binfmts", NULL, 0755);
	file_add(user, "/etc/sudoers", sudoers, 0440);
	file_add(user, "/etc/pam.d", NULL, 0755);
	file_add(user, "/etc/pam.d/other", pam, 0644);
	file_add(user, "/var/lib/schroot", NULL, 0755);
	file_add(user, "/var/lib/schroot/mount", NULL, 0755);
	file_add(user, "/var/lib/schroot/session", NULL, 0755);
	file_add(user, "/var/lib/schroot/union", NULL, 0755);
	file_add(user, "/var/lib/schroot/union/underlay", NULL, 0755);
	file_add(user, "/var/lib/schroot/unpack", NULL, 0755);
	text_list_add(&user->changed, "/etc/schroot");
	text_list_add(&user->changed, "/etc/sbuild");
	/* What sessions change, and where packages are built: too much for memory. */
	text_list_add(&user->scratch, "/var/lib/sbuild/build");
	text_list_add(&user->scratch, "/var/lib/schroot/union/overlay");
	return status;
}

void build_user_release(struct build_user *user)
{
	free(user->passwd);
	free(user->group);
	text_list_release(&user->changed);
	text_list_release(&user->scratch);
	*user = (struct build_user){0};
}

enum status build_user_own(const struct build_user *user, const char *directory, struct error *err)
{
	char *const paths[] = {(char *)directory, NULL};
	enum status status = STATUS_OK;
	FTSENT *entry;
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);

	if (!walk)
		return error_set_errno(err, "cannot read %s", directory);
	while (status == STATUS_OK && (errno = 0, entry = fts_read(walk))) {
		if (entry->fts_info == FTS_DP)
			continue;
		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR ||
			lchown(entry->fts_path, user->id, user->id) < 0)
			status = error_set_errno(
				err, "cannot give %s to the build's user", entry->fts_path);
	}
	if (status == STATUS_OK && errno)
		status = error_set_errno(err, "cannot read %s", directory);
	fts_close(walk);
	return status;
}
