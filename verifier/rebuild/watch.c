/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/watch.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "verifier/rebuild/usage.h"

#define DIRECTORIES_MOST 8
#define DISK_PAUSE	 0.5 /* seconds; a tree that takes longer to count is given as long */

/*
 * With less left than one write may be large it is full: since Linux 6.16 a write is refused as a
 * whole. A small one is full with a sixteenth left.
 */
#define FULL_REST  ((uint64_t)2 << 20)
#define FULL_PART  16
#define FULL_PAUSE 5   /* milliseconds between two looks */
#define FULL_GRACE 2.0 /* seconds in which the build can say so in its own words */

struct watch {
	struct build_limits limits;
	struct usage usage;
	struct network_set networks;
	int directories[DIRECTORIES_MOST];
	size_t directory_count;
	int log_fd;		   /* what the build says goes there; or -1 */
	int bounded, backing;	   /* the file system of limited size and what is below it, or -1 */
	_Atomic double full_since; /* 0: it was never seen full */
	double next; /* when memory is looked at again: a thousand processes take a while too */
	_Atomic uint64_t disk;	/* bytes, at the last count, without the log */
	_Atomic uint64_t space; /* bytes that are free */
};

static uint64_t bytes_free(int fd)
{
	struct statvfs info;

	return fstatvfs(fd, &info) == 0 ? (uint64_t)info.f_bavail * info.f_frsize : UINT64_MAX;
}

/*
 * Of the file system below, from which that of limited size does not give back what was removed
 * until it is asked to.
 */
static uint64_t space_below(const struct watch *watch)
{
	struct fstrim_range all = {.len = UINT64_MAX};
	uint64_t space = bytes_free(watch->backing);

	if (space >= watch->limits.most[BUILD_FREE_SPACE] ||
		ioctl(watch->bounded, FITRIM, &all) < 0)
		return space;
	return bytes_free(watch->backing);
}

static uint64_t free_space(const struct watch *watch)
{
	uint64_t least = UINT64_MAX;

	if (watch->backing >= 0)
		return space_below(watch);
	for (size_t i = 0; i < watch->directory_count; i++) {
		uint64_t space = bytes_free(watch->directories[i]);

		least = space < least ? space : least;
	}
	return least;
}

/* One that was not begun. */
static void watch_free(struct watch *watch)
{
	for (size_t i = 0; i < watch->directory_count; i++)
		close(watch->directories[i]);
	if (watch->usage.proc >= 0)
		close(watch->usage.proc);
	free(watch->usage.foreign.items);
	free(watch);
}

/* What the log takes, when it is a file. */
static uint64_t log_bytes(const struct watch *watch)
{
	struct stat info;

	return watch->log_fd >= 0 && fstat(watch->log_fd, &info) == 0 && S_ISREG(info.st_mode)
		? (uint64_t)info.st_blocks * 512
		: 0;
}

enum status watch_new(const struct build_limits *limits, const char *const *directories,
	int backing, int log_fd, struct watch **made, struct error *err)
{
	struct watch *watch = xcalloc(1, sizeof(*watch));

	watch->limits = *limits;
	watch->space = UINT64_MAX;
	watch->bounded = -1;
	watch->backing = backing;
	watch->log_fd = log_fd;
	if (usage_open(&watch->usage, err) != STATUS_OK) {
		watch_free(watch);
		return err->status;
	}
	for (; directories[watch->directory_count]; watch->directory_count++) {
		const char *path = directories[watch->directory_count];
		int fd = watch->directory_count < DIRECTORIES_MOST
			? open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)
			: -1;

		if (fd < 0) {
			error_set_errno(err, "cannot watch %s", path);
			watch_free(watch);
			return err->status;
		}
		watch->directories[watch->directory_count] = fd;
	}
	if (backing >= 0) {
		watch->bounded = open(directories[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (watch->bounded < 0) {
			error_set_errno(err, "cannot watch %s", directories[0]);
			watch_free(watch);
			return err->status;
		}
	}
	*made = watch;
	return STATUS_OK;
}

/*
 * A build that was ever seen to fill it may have gone on without what it could not write, and has
 * then made something else: that is no difference, but a build that broke its limit.
 */
static bool is_full(struct watch *watch)
{
	uint64_t part = watch->limits.most[BUILD_DISK] / FULL_PART;
	uint64_t rest = part < FULL_REST ? part : FULL_REST;
	struct statvfs info;

	if (watch->backing < 0 || !watch->limits.most[BUILD_DISK])
		return false;
	if (watch->full_since == 0 && fstatvfs(watch->bounded, &info) == 0 &&
		((uint64_t)info.f_bavail * info.f_frsize < rest || info.f_favail == 0))
		watch->full_since = clock_monotonic();
	return watch->full_since > 0;
}

/* What was full may be empty again soon: it costs a microsecond to look. */
static void *full_watch(void *context)
{
	for (;;) {
		is_full(context);
		poll(NULL, 0, FULL_PAUSE);
	}
	return NULL;
}

/* In its directories. */
static uint64_t disk_bytes(const struct watch *watch)
{
	uint64_t bytes;

	return usage_read_disk(
		       watch->usage.proc, watch->directories, watch->directory_count, &bytes)
		? bytes
		: BUILD_UNCOUNTED;
}

/* The log is on the host's file system, and bounded by itself where the rest has one of its own. */
static uint64_t with_log(const struct watch *watch, uint64_t disk)
{
	return disk == BUILD_UNCOUNTED ? disk : disk + log_bytes(watch);
}

static void *disk_watch(void *context)
{
	struct watch *watch = context;

	for (;;) {
		double begin = clock_monotonic(), took;

		watch->space = free_space(watch);
		if (watch->limits.most[BUILD_DISK] && watch->backing < 0)
			watch->disk = disk_bytes(watch);
		took = clock_monotonic() - begin;
		poll(NULL, 0, (int)(1000 * (took > DISK_PAUSE ? took : DISK_PAUSE)));
	}
	return NULL;
}

static enum status thread_start(
	struct watch *watch, void *(*function)(void *context), struct error *err)
{
	pthread_t thread;
	int number = pthread_create(&thread, NULL, function, watch);

	if (number != 0)
		return error_set(err, STATUS_IO, "cannot watch the disk: error %d", number);
	pthread_detach(thread);
	return STATUS_OK;
}

enum status watch_begin(struct watch *watch, struct error *err)
{
	if (!watch->directory_count)
		return STATUS_OK;
	if (watch->backing >= 0 && thread_start(watch, full_watch, err) != STATUS_OK)
		return err->status;
	return thread_start(watch, disk_watch, err);
}

static enum status memory_broken(
	struct watch *watch, enum build_limit *broken, uint64_t *seen, struct error *err)
{
	const uint64_t *most = watch->limits.most;
	double begin = clock_monotonic(), took;
	uint64_t processes, memory;

	if (begin < watch->next || (!most[BUILD_MEMORY] && !most[BUILD_PROCESSES]))
		return STATUS_OK;
	usage_read_networks(&watch->usage, &watch->networks);
	if (usage_read(&watch->usage, &processes, &memory, err) != STATUS_OK)
		return err->status;
	if (most[BUILD_PROCESSES] && processes > most[BUILD_PROCESSES]) {
		*seen = processes;
		*broken = BUILD_PROCESSES;
		return STATUS_OK;
	}
	if (most[BUILD_MEMORY] && memory > most[BUILD_MEMORY]) {
		*seen = usage_read_exact(&watch->usage);
		if (*seen > most[BUILD_MEMORY]) {
			*broken = BUILD_MEMORY;
			return STATUS_OK;
		}
	}
	/* A tenth of one processor at most. */
	took = clock_monotonic() - begin;
	watch->next = begin + (took * 10 > WATCH_INTERVAL ? took * 10 : WATCH_INTERVAL * 0.9);
	return STATUS_OK;
}

enum status watch_broken(
	struct watch *watch, enum build_limit *broken, uint64_t *seen, struct error *err)
{
	const uint64_t *most = watch->limits.most;
	uint64_t disk = with_log(watch, watch->disk), space = watch->space;

	*broken = BUILD_LIMIT_NONE;
	if (is_full(watch) && clock_monotonic() - watch->full_since > FULL_GRACE) {
		*broken = BUILD_DISK;
		*seen = most[BUILD_DISK];
		return STATUS_OK;
	}
	if (most[BUILD_DISK] && disk > most[BUILD_DISK]) {
		*broken = BUILD_DISK;
		*seen = disk;
		return STATUS_OK;
	}
	if (most[BUILD_FREE_SPACE] && space < most[BUILD_FREE_SPACE]) {
		*broken = BUILD_FREE_SPACE;
		*seen = space;
		return STATUS_OK;
	}
	return memory_broken(watch, broken, seen, err);
}

uint64_t watch_networks(const struct watch *watch)
{
	return watch->networks.count;
}

enum build_limit watch_broken_at_end(struct watch *watch, uint64_t *seen)
{
	uint64_t most = watch->limits.most[BUILD_DISK];

	if (!most)
		return BUILD_LIMIT_NONE;
	if (watch->backing >= 0 && is_full(watch)) {
		*seen = most;
		return BUILD_DISK;
	}
	*seen = with_log(watch, watch->backing >= 0 ? 0 : disk_bytes(watch));
	return *seen > most ? BUILD_DISK : BUILD_LIMIT_NONE;
}
