/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/view.h"

#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/rebuild/mount_table.h"
#include "verifier/rebuild/sandbox.h"

#define ACCOUNTS_SIZE ((size_t)1 << 20)

/*
 * The allow-list. A pattern is of glob(7); what does not exist on the host is left out. Not here,
 * each on purpose: /usr/local and /usr/src (not the tool root's packages), /etc/shadow, /etc/hosts,
 * /etc/resolv.conf, /etc/machine-id, /etc/localtime and /etc/apt/{auth,sources}* (this machine's
 * own), /run and /sys.
 */
static const char *const shown[] = {
	"/usr/bin",
	"/usr/games",
	"/usr/include",
	"/usr/lib",
	"/usr/lib32",
	"/usr/lib64",
	"/usr/libx32",
	"/usr/libexec",
	"/usr/sbin",
	"/usr/share",
	"/usr/*-linux-gnu*",
	"/bin",
	"/sbin",
	"/lib",
	"/lib32",
	"/lib64",
	"/libx32",
	"/etc/adduser.conf",
	"/etc/alternatives",
	"/etc/apt/trusted.gpg",
	"/etc/apt/trusted.gpg.d",
	"/etc/ca-certificates.conf",
	"/etc/debian_version",
	"/etc/default",
	"/etc/deluser.conf",
	"/etc/dpkg",
	"/etc/ethertypes",
	"/etc/gai.conf",
	"/etc/group",
	"/etc/host.conf",
	"/etc/inputrc",
	"/etc/ld.so.cache",
	"/etc/ld.so.conf",
	"/etc/ld.so.conf.d",
	"/etc/locale.alias",
	"/etc/locale.gen",
	"/etc/login.defs",
	"/etc/magic",
	"/etc/magic.mime",
	"/etc/mime.types",
	"/etc/mke2fs.conf",
	"/etc/mtools.conf",
	"/etc/nsswitch.conf",
	"/etc/os-release",
	"/etc/passwd",
	"/etc/perl",
	"/etc/protocols",
	"/etc/python3*",
	"/etc/rmt",
	"/etc/rpc",
	"/etc/services",
	"/etc/shells",
	"/etc/ssl/certs",
	"/etc/ssl/openssl.cnf",
	"/etc/subgid",
	"/etc/subuid",
	"/etc/terminfo",
	"/etc/xattr.conf",
	"/var/lib/dpkg",
};

/* New and empty, and gone with the sandbox. They are in memory: builds write to /tmp. */
static const struct {
	const char *place;
	mode_t mode;
} empty[] = {
	{"/home", 0755},
	{"/media", 0755},
	{"/mnt", 0755},
	{"/opt", 0755},
	{"/proc", 0555},
	{"/dev", 0755},
	{"/root", 0700},
	{"/run", 0755},
	{"/run/lock", 01777},
	{"/srv", 0755},
	{"/sys", 0555},
	{"/tmp", 01777},
	{"/usr", 0755},
	{"/usr/local", 0755},
	{"/usr/src", 0755},
	{"/etc", 0755},
	{"/etc/apt", 0755},
	{"/etc/apt/apt.conf.d", 0755},
	{"/var", 0755},
	{"/var/cache", 0755},
	{"/var/lib", 0755},
	{"/var/log", 0755},
	{"/var/tmp", 01777},
};

void view_entry_add(
	struct view *view, enum view_kind kind, const char *place, const char *from, mode_t mode)
{
	ARRAY_GROW(view->entries, view->count, view->capacity);
	view->entries[view->count++] = (struct view_entry){
		.kind = kind,
		.place = xstrdup(place),
		.from = from ? xstrdup(from) : NULL,
		.mode = mode,
	};
}

enum status view_shown_add(struct view *view, const char *path, struct error *err)
{
	enum status status;
	struct stat info;
	char target[4096];
	char *resolved;
	ssize_t len;

	if (lstat(path, &info) < 0)
		return error_set_errno(err, "%s", path);
	if (S_ISLNK(info.st_mode)) {
		len = readlink(path, target, sizeof(target) - 1);
		if (len < 0)
			return error_set_errno(err, "%s", path);
		target[len] = '\0';
		view_entry_add(view, VIEW_LINK, path, target, 0);
		return STATUS_OK;
	}
	if (!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode))
		return STATUS_OK;
	status = path_resolve(path, &resolved, err);
	if (status != STATUS_OK)
		return status;
	view_entry_add(view, VIEW_READ_ONLY, path, resolved, 0);
	free(resolved);
	return STATUS_OK;
}

static enum status shown_add_all(
	struct view *view, const struct view_request *request, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < ARRAY_SIZE(shown) && status == STATUS_OK; i++) {
		glob_t found = {0};
		int result = glob(shown[i], 0, NULL, &found);

		if (result != 0 && result != GLOB_NOMATCH)
			status = error_set(err, STATUS_SANDBOX, "cannot list %s", shown[i]);
		for (size_t j = 0; j < found.gl_pathc && status == STATUS_OK; j++)
			if (!view_has_own(request, found.gl_pathv[j]))
				status = view_shown_add(view, found.gl_pathv[j], err);
		globfree(&found);
	}
	return status;
}

static enum status own_add(struct view *view, enum view_kind kind, const char *place,
	const char *from, struct error *err)
{
	enum status status;
	char *resolved;

	status = path_resolve(from, &resolved, err);
	if (status != STATUS_OK)
		return status;
	view_entry_add(view, kind, place, resolved, 0755);
	free(resolved);
	return STATUS_OK;
}

/*
 * The user is known in the build's own copy of one of the host's lists of accounts, where it comes
 * first: the first line of a number is what it is called.
 */
static enum status account_add(
	struct view *view, const char *place, const char *line, struct error *err)
{
	for (size_t i = 0; i < view->count; i++) {
		struct view_entry *entry = &view->entries[i];
		char *text;
		size_t len;

		if (entry->kind != VIEW_READ_ONLY || strcmp(entry->place, place) != 0)
			continue;
		if (path_read_file(entry->from, ACCOUNTS_SIZE, &text, &len, err) < 0)
			return err->status;
		free(entry->from);
		*entry = (struct view_entry){.kind = VIEW_TEXT,
			.place = entry->place,
			.from = xasprintf("%s%s", line, text),
			.mode = 0644};
		free(text);
		return STATUS_OK;
	}
	return error_set(err, STATUS_SANDBOX, "this machine has no %s to name a user in", place);
}

static enum status user_add(struct view *view, const struct sandbox_user *user, struct error *err)
{
	char *passwd = xasprintf("%s:x:%u:%u:%s:/tmp:/bin/sh\n", user->name, (unsigned)user->uid,
		(unsigned)user->gid, user->name);
	char *group = xasprintf("%s:x:%u:\n", user->name, (unsigned)user->gid);
	enum status status = account_add(view, "/etc/passwd", passwd, err);

	if (status == STATUS_OK)
		status = account_add(view, "/etc/group", group, err);
	free(passwd);
	free(group);
	return status;
}

static void text_add(struct view *view, const char *place, char *text)
{
	view_entry_add(view, VIEW_TEXT, place, text, 0644);
	free(text);
}

/* True for the directory itself as well. */
static bool path_begins(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return strncmp(path, directory, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* The run's own directories, which come last: they may lie in one of the others. */
static enum status own_add_all(
	struct view *view, const struct view_request *request, struct error *err)
{
	char *source = request->is_work_tree ? xstrdup(request->build_path)
					     : path_join(request->build_path, "source");
	char *output = request->is_work_tree ? xstrdup(VIEW_OUTPUT_PATH)
					     : path_join(request->build_path, "output");
	enum status status;

	status = own_add(view, VIEW_WRITABLE, "/tmp", request->tmp_directory, err);
	if (status == STATUS_OK)
		status = own_add(view, VIEW_WRITABLE, "/var/tmp", request->var_tmp_directory, err);
	for (size_t i = 0; request->scratch && i < request->scratch->count && status == STATUS_OK;
		i++) {
		char *from = xasprintf("%s/%zu", request->scratch_directory, i);

		status = own_add(view, VIEW_WRITABLE, request->scratch->items[i], from, err);
		free(from);
	}
	if (status == STATUS_OK)
		status = own_add(view, request->is_work_tree ? VIEW_WRITABLE : VIEW_READ_ONLY,
			source, request->source_directory, err);
	if (status == STATUS_OK)
		status = own_add(view, VIEW_WRITABLE, output, request->output_directory, err);
	free(source);
	free(output);
	return status;
}

/*
 * A hidden path against one thing shown. What lies inside is refused: the build has CAP_SYS_ADMIN
 * and could take a mask off. Only sockets are masked; a bind mount of their directory would be of
 * no use without a process behind them.
 */
static enum status secret_mask(struct view *view, const struct view_entry *entry,
	const struct location *shown_at, const char *secret, const struct location *secret_at,
	bool is_own, struct error *err)
{
	const char *rest;
	struct stat info;
	char *place;

	if (location_is_below(secret_at, shown_at, &rest) && *rest != '\0') {
		if (lstat(secret, &info) < 0)
			return error_set_errno(err, "%s", secret);
		if (!S_ISSOCK(info.st_mode))
			return error_set(err, STATUS_SANDBOX,
				"%s has to stay hidden from the build, and the build sees %s: move "
				"it elsewhere",
				secret, entry->from);
		place = xasprintf("%s%s", entry->place, rest);
		view_entry_add(view, S_ISDIR(info.st_mode) ? VIEW_MASK_DIRECTORY : VIEW_MASK_FILE,
			place, NULL, 0);
		free(place);
		return STATUS_OK;
	}
	if (!location_is_below(shown_at, secret_at, &rest) || (is_own && *rest != '\0'))
		return STATUS_OK;
	return error_set(err, STATUS_SANDBOX,
		"%s has to stay hidden from the build, and the build needs %s: move one of them",
		secret, entry->from);
}

/*
 * The run's own directories are new and hold nothing but this run's, so they may lie inside what
 * is hidden (the state directory); those of the system may not.
 */
static enum status secret_add(struct view *view, const char *path, struct error *err)
{
	struct location secret_at = {0};
	enum status status;
	struct stat info;
	char *secret = NULL;

	if (lstat(path, &info) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return STATUS_OK;
	status = path_resolve(path, &secret, err);
	if (status == STATUS_NOT_FOUND)
		return STATUS_OK;
	if (status == STATUS_OK && stat(secret, &info) < 0)
		status = error_set_errno(err, "%s", secret);
	if (status == STATUS_OK)
		status = location_find(secret, &secret_at, err);
	for (size_t i = 0; i < view->shown_count && status == STATUS_OK; i++) {
		const struct view_entry entry = view->entries[i];
		struct location shown_at = {0};

		if (entry.kind != VIEW_READ_ONLY && entry.kind != VIEW_WRITABLE)
			continue;
		status = location_find(entry.from, &shown_at, err);
		if (status == STATUS_OK)
			status = secret_mask(view, &entry, &shown_at, secret, &secret_at,
				i >= view->own_first && i < view->own_end, err);
		location_release(&shown_at);
	}
	if (status == STATUS_OK) {
		ARRAY_GROW(view->secrets, view->secret_count, view->secret_capacity);
		view->secrets[view->secret_count++] = (struct view_secret){
			.path = secret, .device = info.st_dev, .inode = info.st_ino};
		secret = NULL;
	}
	location_release(&secret_at);
	free(secret);
	return status;
}

/* A socket can be connected to through a read-only bind mount (trust T4). */
static enum status sockets_add(struct view *view, struct error *err)
{
	FILE *file = fopen("/proc/net/unix", "re");
	enum status status = STATUS_OK;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (!file)
		return error_set_errno(err, "cannot read /proc/net/unix");
	while (status == STATUS_OK && (len = getline(&line, &size, file)) > 0) {
		const char *path = strchr(line, '/');
		struct stat info;

		line[len - 1] = '\0';
		if (path && lstat(path, &info) == 0 && S_ISSOCK(info.st_mode))
			status = secret_add(view, path, err);
	}
	free(line);
	fclose(file);
	return status;
}

/*
 * The build path has to be made in the view's own directories: not in what the system gives, nor
 * behind a link, which would lead out while the view is being put together.
 */
static enum status build_path_check(
	const struct view *view, const char *build_path, struct error *err)
{
	static const char *const taken[] = {"/proc", "/dev", "/sys"};
	bool is_free = build_path[0] == '/' && path_is_contained(build_path + 1);

	for (size_t i = 0; i < ARRAY_SIZE(taken) && is_free; i++)
		is_free = !path_begins(build_path, taken[i]);
	for (size_t i = 0; i < view->count && is_free; i++)
		is_free = view->entries[i].kind == VIEW_DIRECTORY ||
			!path_begins(build_path, view->entries[i].place);
	if (!is_free)
		return error_set(err, STATUS_USAGE, "%s cannot be the path of a build", build_path);
	return STATUS_OK;
}

enum status view_plan(const struct view_request *request, struct view *view, struct error *err)
{
	enum status status;

	view->root = xstrdup(request->root);
	view->is_user = request->is_user;
	view->has_tty = request->has_tty;
	view->has_loops = request->has_loops;
	for (unsigned i = 0; i < LOOPS_SHOWN && request->has_loops; i++)
		view->loops[i] = !loop_is_used(i);
	for (size_t i = 0; i < ARRAY_SIZE(empty); i++)
		view_entry_add(view, VIEW_DIRECTORY, empty[i].place, NULL, empty[i].mode);
	view_entry_add(view, VIEW_LINK, "/var/run", "/run", 0);
	view_entry_add(view, VIEW_LINK, "/var/lock", "/run/lock", 0);
	view_entry_add(view, VIEW_LINK, "/etc/mtab", "/proc/mounts", 0);
	text_add(view, "/etc/hostname", xasprintf("%s\n", request->hostname));
	if (request->network == NETWORK_LOOPBACK)
		text_add(view, "/etc/hosts",
			xasprintf("127.0.0.1 localhost\n127.0.1.1 %s\n::1 localhost\n",
				request->hostname));
	status = shown_add_all(view, request, err);
	if (status == STATUS_OK && request->user)
		status = user_add(view, request->user, err);
	if (status == STATUS_OK)
		status = view_extras_add(view, request, err);
	if (status == STATUS_OK)
		status = build_path_check(view, request->build_path, err);
	view->own_first = view->count;
	if (status == STATUS_OK)
		status = own_add_all(view, request, err);
	view->own_end = view->count;
	if (status == STATUS_OK)
		status = view_tools_add(view, request->tools, err);
	view->shown_count = view->count;
	for (size_t i = 0; i < request->hidden->count && status == STATUS_OK; i++)
		status = secret_add(view, request->hidden->items[i], err);
	if (status == STATUS_OK)
		status = sockets_add(view, err);
	return status;
}

void view_release(struct view *view)
{
	for (size_t i = 0; i < view->count; i++) {
		free(view->entries[i].place);
		free(view->entries[i].from);
	}
	for (size_t i = 0; i < view->secret_count; i++)
		free(view->secrets[i].path);
	free(view->entries);
	free(view->secrets);
	free(view->root);
	*view = (struct view){0};
}
