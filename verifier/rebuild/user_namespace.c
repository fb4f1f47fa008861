/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/user_namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/number.h"
#include "base/path.h"
#include "base/process.h"

/* As many as the other ids of a Debian system: nobody is 65534. */
#define RANGE_LEAST 65535

#define WITHOUT "; run it as root, or --no-sandbox builds without isolation and marks the run"

bool user_map_parse(const char *text, const char *name, uid_t uid, uint64_t *start, uint64_t *count)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", uid);
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len = strcspn(line, "\n"), owner = strcspn(line, ":\n");
		const char *from = line + owner + 1;
		const char *colon = owner < len ? memchr(from, ':', len - owner - 1) : NULL;

		if (!colon ||
			!((owner == strlen(name) && memcmp(line, name, owner) == 0) ||
				(owner == strlen(number) && memcmp(line, number, owner) == 0)))
			continue;
		if (number_parse(from, (size_t)(colon - from), start) &&
			number_parse(colon + 1, (size_t)(line + len - colon - 1), count) &&
			*count > 0)
			return true;
	}
	return false;
}

static bool range_read(
	const char *path, const char *name, uid_t uid, uint64_t *start, uint64_t *count)
{
	struct error ignored;
	char *text;
	size_t len;
	bool found;

	if (path_read_file(path, 1 << 20, &text, &len, &ignored) < 0)
		return false;
	found = user_map_parse(text, name, uid, start, count) && *count >= RANGE_LEAST;
	free(text);
	return found;
}

void user_map_find(struct user_map *map)
{
	const struct passwd *user = getpwuid(getuid());
	const char *name = user ? user->pw_name : "";

	*map = (struct user_map){.uid = getuid(), .gid = getgid()};
	if (!process_exists("newuidmap") || !process_exists("newgidmap")) {
		snprintf(map->missing, sizeof(map->missing),
			"newuidmap and newgidmap are not installed: apt-get install uidmap");
	} else if (!user) {
		snprintf(map->missing, sizeof(map->missing),
			"user %u has no entry in /etc/passwd, which newuidmap asks for", map->uid);
	} else if (!range_read("/etc/subuid", name, map->uid, &map->uid_start, &map->uid_count) ||
		!range_read("/etc/subgid", name, map->uid, &map->gid_start, &map->gid_count)) {
		snprintf(map->missing, sizeof(map->missing),
			"user %.64s has no range of %d ids in /etc/subuid and /etc/subgid: as "
			"root, "
			"usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %.64s (or "
			"another range that nobody has)",
			name, RANGE_LEAST, name);
	} else {
		map->has_range = true;
	}
}

/* A number of a file in /proc/sys; -1 when there is none. */
static long setting_read(const char *path)
{
	struct error ignored;
	char *text;
	size_t len;
	long value;

	if (path_read_file(path, 64, &text, &len, &ignored) < 0)
		return -1;
	value = strtol(text, NULL, 10);
	free(text);
	return value;
}

enum status user_namespace_enter(struct error *err)
{
	int number;

	if (unshare(CLONE_NEWUSER) == 0)
		return STATUS_OK;
	number = errno;
	if (setting_read("/proc/sys/kernel/unprivileged_userns_clone") == 0)
		return error_set(err, STATUS_SANDBOX,
			"user namespaces are switched off here: as root, sysctl -w "
			"kernel.unprivileged_userns_clone=1" WITHOUT);
	if (number == ENOSPC)
		return error_set(err, STATUS_SANDBOX,
			"no more user namespaces may be made here (user.max_user_namespaces is "
			"%ld): as root, sysctl -w user.max_user_namespaces=10000" WITHOUT,
			setting_read("/proc/sys/user/max_user_namespaces"));
	return error_set(err, STATUS_SANDBOX,
		"cannot make a user namespace (%s): a chroot, a container or a security module "
		"forbids it" WITHOUT,
		strerror(number));
}

static enum status map_write(pid_t pid, const char *file, const char *text, struct error *err)
{
	char *path = xasprintf("/proc/%d/%s", (int)pid, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	enum status status = STATUS_OK;

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		status = error_set_errno(err, "cannot write %s", path);
	if (fd >= 0)
		close(fd);
	free(path);
	return status;
}

static enum status map_alone(const struct user_map *map, pid_t pid, struct error *err)
{
	char uids[32], gids[32];

	snprintf(uids, sizeof(uids), "0 %u 1", map->uid);
	snprintf(gids, sizeof(gids), "0 %u 1", map->gid);
	/* Otherwise a group that is denied something could be left (user_namespaces(7)). */
	if (map_write(pid, "setgroups", "deny", err) < 0 ||
		map_write(pid, "uid_map", uids, err) < 0)
		return err->status;
	return map_write(pid, "gid_map", gids, err);
}

static enum status map_program(const char *program, pid_t pid, unsigned own, uint64_t start,
	uint64_t count, struct error *err)
{
	char texts[4][24];
	const char *const argv[] = {
		program, texts[0], "0", texts[1], "1", "1", texts[2], texts[3], NULL};
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result;
	struct buffer errors = {0};
	enum status status;

	snprintf(texts[0], sizeof(texts[0]), "%d", (int)pid);
	snprintf(texts[1], sizeof(texts[1]), "%u", own);
	snprintf(texts[2], sizeof(texts[2]), "%llu", (unsigned long long)start);
	snprintf(texts[3], sizeof(texts[3]), "%llu", (unsigned long long)count);
	spec.argv = argv;
	spec.timeout_seconds = 60;
	status = process_capture(&spec, 4096, NULL, &errors, &result, err);
	while (errors.len && errors.data[errors.len - 1] == '\n')
		buffer_truncate(&errors, errors.len - 1);
	if (status == STATUS_OK && result.exit_code != 0)
		status = error_set(err, STATUS_SANDBOX,
			"%s cannot map the ids from %s (%s): it has to be setuid root, and "
			"/etc/subuid and /etc/subgid have to give them to this user" WITHOUT,
			program, texts[2], errors.len ? buffer_text(&errors) : "it failed");
	buffer_release(&errors);
	return status;
}

enum status user_map_apply(const struct user_map *map, pid_t pid, struct error *err)
{
	enum status status;

	if (!map->has_range)
		return map_alone(map, pid, err);
	status = map_program("newuidmap", pid, map->uid, map->uid_start, map->uid_count, err);
	if (status == STATUS_OK)
		status = map_program(
			"newgidmap", pid, map->gid, map->gid_start, map->gid_count, err);
	return status;
}

enum status user_namespace_take_root(const struct user_map *map, struct error *err)
{
	if (setresgid(0, 0, 0) < 0 || (map->has_range && setgroups(0, NULL) < 0) ||
		setresuid(0, 0, 0) < 0)
		return error_set_errno(err, "cannot become root of the user namespace");
	return STATUS_OK;
}

/* The process of user_namespace_run: `control` says when it is mapped, and takes the error. */
static _Noreturn void function_run(
	const struct user_map *map, int control, user_namespace_function function, void *context)
{
	struct error err = {0};
	char byte = 0;

	if (user_namespace_enter(&err) == STATUS_OK) {
		if (send(control, &err, sizeof(err), MSG_NOSIGNAL) < 0 ||
			recv(control, &byte, 1, 0) != 1)
			_exit(EXIT_FAILURE);
		if (user_namespace_take_root(map, &err) == STATUS_OK)
			function(context, &err);
	}
	send(control, &err, sizeof(err), MSG_NOSIGNAL);
	_exit(EXIT_SUCCESS);
}

/* The other side's error, which may be none. */
static enum status answer_receive(int control, struct error *err)
{
	struct error answer;
	ssize_t got;

	do {
		got = recv(control, &answer, sizeof(answer), 0);
	} while (got < 0 && errno == EINTR);
	if (got != sizeof(answer))
		return error_set(err, STATUS_SANDBOX, "the process in the user namespace ended");
	if (answer.status != STATUS_OK)
		*err = answer;
	return answer.status;
}

enum status user_namespace_run(user_namespace_function function, void *context, struct error *err)
{
	struct user_map map;
	enum status status;
	int ends[2];
	pid_t pid;

	if (geteuid() == 0)
		return function(context, err);
	user_map_find(&map);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return error_set_errno(err, "cannot make a socket pair");
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		function_run(&map, ends[1], function, context);
	}
	close(ends[1]);
	if (pid < 0) {
		status = error_set_errno(err, "cannot fork");
	} else {
		status = answer_receive(ends[0], err);
		if (status == STATUS_OK)
			status = user_map_apply(&map, pid, err);
		if (status == STATUS_OK && send(ends[0], "m", 1, MSG_NOSIGNAL) != 1)
			status = error_set_errno(err, "cannot send to the user namespace");
		if (status == STATUS_OK)
			status = answer_receive(ends[0], err);
	}
	close(ends[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return status;
}
