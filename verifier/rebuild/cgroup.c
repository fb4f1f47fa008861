/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"

#define PREFIX	   "reproof."
#define SELF	   PREFIX "self"
#define FILE_SIZE  65536
#define NAMES_MOST 1000
#define END_TRIES  500 /* of 10 ms: what was killed has to be gone before its cgroup can be */

struct cgroup {
	int own, limited, build; /* directories */
	int door;
	char name[32];
	bool is_self_moved; /* into SELF */
};

/* One value of a small file; false with errno set. */
static bool value_write(int directory, const char *name, const char *value)
{
	int fd = openat(directory, name, O_WRONLY | O_CLOEXEC);
	bool is_written = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	int number = errno;

	if (fd >= 0)
		close(fd);
	errno = number;
	return is_written;
}

/* "" when there is none. */
static void value_read(int directory, const char *name, char *text, size_t size)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, text, size - 1);

	text[len > 0 ? len : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

/* The number behind "NAME " at the start of a line; 0 when there is none. */
static uint64_t field_read(int directory, const char *file, const char *name)
{
	char text[4096];
	size_t len = strlen(name);

	value_read(directory, file, text, sizeof(text));
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) == 0 && line[len] == ' ')
			return strtoull(line + len + 1, NULL, 10);
	}
	return 0;
}

static bool has_word(int directory, const char *file, const char *word)
{
	char text[1024];
	size_t len = strlen(word);

	value_read(directory, file, text, sizeof(text));
	for (const char *at = text; (at = strstr(at, word)); at += len)
		if ((at == text || at[-1] == ' ') && strchr(" \n", at[len]))
			return true;
	return false;
}

/*
 * The cgroup that this process is in, as a directory. The line of version 2 is "0::PATH"
 * (cgroups(7)), and its hierarchy is mounted where mountinfo says; with the mount's root that is
 * what is seen of it here.
 */
static enum status own_open(int *own, struct error *err)
{
	char *text = NULL, *mounts = NULL, *line, *rest;
	enum status status;
	size_t len;

	*own = -1;
	status = path_read_file("/proc/self/cgroup", FILE_SIZE, &text, &len, err);
	if (status == STATUS_OK)
		status =
			path_read_file("/proc/self/mountinfo", (size_t)8 << 20, &mounts, &len, err);
	line = status == STATUS_OK ? strstr(text, "0::/") : NULL;
	if (line) {
		line += strlen("0::");
		line[strcspn(line, "\n")] = '\0';
	}
	for (rest = mounts; line && rest && *own < 0;) {
		char *mount = strsep(&rest, "\n"), *fields[5] = {0};
		char *words = mount, *path;
		bool is_it = strstr(mount, " - cgroup2 ") != NULL;

		for (size_t i = 0; i < 5 && words; i++)
			fields[i] = strsep(&words, " ");
		if (!is_it || !fields[4] || strcmp(fields[3], "/") != 0)
			continue;
		path = xasprintf("%s%s", fields[4], line);
		*own = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		free(path);
	}
	free(text);
	free(mounts);
	if (status == STATUS_OK && *own < 0)
		status = error_set(err, STATUS_SANDBOX, "no cgroup of version 2 is mounted here");
	return status;
}

/* Ends what is in it (Linux 5.14), and removes it and the one below. */
static bool remove_one(int own, const char *name)
{
	int fd = openat(own, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool is_removed = false;

	if (fd < 0)
		return errno == ENOENT;
	value_write(fd, "cgroup.kill", "1");
	for (int i = 0; i < END_TRIES && !is_removed; i++) {
		unlinkat(fd, "build", AT_REMOVEDIR);
		is_removed = unlinkat(own, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
		if (!is_removed)
			poll(NULL, 0, 10);
	}
	close(fd);
	return is_removed;
}

/* One that nobody holds was left by a run that was killed. */
static void remove_left(int own)
{
	int copy = openat(own, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		int fd;

		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0 ||
			strcmp(entry->d_name, SELF) == 0)
			continue;
		fd = openat(own, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			remove_one(own, entry->d_name);
		if (fd >= 0)
			close(fd);
	}
	if (directory)
		closedir(directory);
	else if (copy >= 0)
		close(copy);
}

/* True when this process is the only one in its cgroup, and no other's is moved with it. */
static bool is_alone(int own)
{
	char text[256], *end;
	long pid;

	value_read(own, "cgroup.procs", text, sizeof(text));
	pid = strtol(text, &end, 10);
	return pid == (long)getpid() && strcmp(end, "\n") == 0;
}

/*
 * Gives the controllers to what is below: at once in the root of the hierarchy, elsewhere only when
 * no process is left in there.
 */
static enum status controllers_give(struct cgroup *cgroup, struct error *err)
{
	static const char both[] = "+memory +pids";

	if (!has_word(cgroup->own, "cgroup.controllers", "memory") ||
		!has_word(cgroup->own, "cgroup.controllers", "pids"))
		return error_set(
			err, STATUS_SANDBOX, "this process's cgroup has no controller of memory");
	if (value_write(cgroup->own, "cgroup.subtree_control", both))
		return STATUS_OK;
	if (errno != EBUSY)
		return error_set(err, STATUS_SANDBOX, "this process's cgroup is not its own: %s",
			strerror(errno));
	if (!is_alone(cgroup->own))
		return error_set(err, STATUS_SANDBOX,
			"other processes are in this one's cgroup (systemd-run --scope -p "
			"Delegate=yes reproof … gives it one of its own)");
	if ((mkdirat(cgroup->own, SELF, 0755) < 0 && errno != EEXIST) ||
		!value_write(cgroup->own, SELF "/cgroup.procs", "0"))
		return error_set(
			err, STATUS_SANDBOX, "cannot move within the cgroup: %s", strerror(errno));
	cgroup->is_self_moved = true;
	if (!value_write(cgroup->own, "cgroup.subtree_control", both))
		return error_set(err, STATUS_SANDBOX, "cannot give controllers to a cgroup: %s",
			strerror(errno));
	return STATUS_OK;
}

/* A directory of its own, held by a lock for as long as this process lives. */
static enum status limited_make(struct cgroup *cgroup, struct error *err)
{
	for (int i = 0; i < NAMES_MOST; i++) {
		snprintf(cgroup->name, sizeof(cgroup->name), PREFIX "%d", i);
		if (mkdirat(cgroup->own, cgroup->name, 0755) == 0) {
			cgroup->limited = openat(
				cgroup->own, cgroup->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			if (cgroup->limited >= 0 && flock(cgroup->limited, LOCK_EX | LOCK_NB) == 0)
				return STATUS_OK;
		}
		/* Another's, or taken for one that was left before it was locked. */
		if (errno != EEXIST && errno != ENOENT && errno != EWOULDBLOCK)
			break;
		if (cgroup->limited >= 0)
			close(cgroup->limited);
		cgroup->limited = -1;
	}
	return error_set(err, STATUS_SANDBOX, "cannot make a cgroup: %s", strerror(errno));
}

static enum status limits_write(
	const struct cgroup *cgroup, uint64_t memory, uint64_t tasks, struct error *err)
{
	char bytes[24], numbers[24];
	const struct {
		const char *file, *value;
		bool is_needed; /* memory.swap.max is there only where swap is */
	} rows[] = {
		{"memory.max", memory ? bytes : "max", true},
		{"memory.swap.max", memory ? "0" : "max", false},
		{"memory.oom.group", "1", true},
		{"pids.max", tasks ? numbers : "max", true},
	};

	snprintf(bytes, sizeof(bytes), "%" PRIu64, memory);
	snprintf(numbers, sizeof(numbers), "%" PRIu64, tasks);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!value_write(cgroup->limited, rows[i].file, rows[i].value) &&
			(rows[i].is_needed || errno != ENOENT))
			return error_set(err, STATUS_SANDBOX, "cannot set %s to %s: %s",
				rows[i].file, rows[i].value, strerror(errno));
	return STATUS_OK;
}

enum status cgroup_new(uint64_t memory, uint64_t tasks, struct cgroup **made, struct error *err)
{
	struct cgroup *cgroup = xcalloc(1, sizeof(*cgroup));
	enum status status;

	*cgroup = (struct cgroup){.own = -1, .limited = -1, .build = -1, .door = -1};
	status = own_open(&cgroup->own, err);
	if (status == STATUS_OK)
		remove_left(cgroup->own);
	if (status == STATUS_OK)
		status = controllers_give(cgroup, err);
	if (status == STATUS_OK)
		status = limited_make(cgroup, err);
	if (status == STATUS_OK)
		status = limits_write(cgroup, memory, tasks, err);
	if (status == STATUS_OK) {
		if (mkdirat(cgroup->limited, "build", 0755) == 0)
			cgroup->door =
				openat(cgroup->limited, "build/cgroup.procs", O_WRONLY | O_CLOEXEC);
		if (cgroup->door < 0)
			status = error_set(
				err, STATUS_SANDBOX, "cannot make a cgroup: %s", strerror(errno));
	}
	if (status != STATUS_OK) {
		cgroup_free(cgroup);
		cgroup = NULL;
	}
	*made = cgroup;
	return status;
}

int cgroup_door(const struct cgroup *cgroup)
{
	return cgroup->door;
}

int cgroup_join(int door)
{
	return write(door, "0", 1) == 1 ? unshare(CLONE_NEWCGROUP) : -1;
}

bool cgroup_was_ended(const struct cgroup *cgroup, uint64_t *most)
{
	char text[32];

	value_read(cgroup->limited, "memory.peak", text, sizeof(text));
	*most = strtoull(text, NULL, 10);
	return field_read(cgroup->limited, "memory.events", "oom_kill") > 0;
}

void cgroup_free(struct cgroup *cgroup)
{
	if (!cgroup)
		return;
	if (cgroup->limited >= 0)
		remove_one(cgroup->own, cgroup->name);
	/* Back to where it was; what is below it has to be without controllers for that. */
	if (cgroup->is_self_moved &&
		value_write(cgroup->own, "cgroup.subtree_control", "-memory -pids") &&
		value_write(cgroup->own, "cgroup.procs", "0"))
		unlinkat(cgroup->own, SELF, AT_REMOVEDIR);
	if (cgroup->door >= 0)
		close(cgroup->door);
	if (cgroup->limited >= 0)
		close(cgroup->limited);
	if (cgroup->own >= 0)
		close(cgroup->own);
	free(cgroup);
}
