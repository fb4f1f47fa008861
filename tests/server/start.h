/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SERVER_START_H
#define TESTS_SERVER_START_H

/*
 * For unit tests: starts the archive server (archive_server.c says what it can do) on a new
 * directory tree, tells it rules, and reads its log. All functions fail the test by themselves.
 */
#include <check.h>
#include <limits.h>
#include <signal.h>

#include "base/alloc.h"
#include "base/path.h"
#include "base/process.h"
#include "base/tempfile.h"

struct archive_server {
	char *top;	 /* of everything here */
	char *directory; /* that is served */
	char *rules, *log;
	pid_t pid;
	unsigned port;
};

/* One line of the log. */
struct archive_server_request {
	double start, end;
	unsigned connection, active;
	char method[16], path[256], range[64];
	int status;
	uintmax_t bytes;
};

static inline void archive_server_start(struct archive_server *server)
{
	char program[PATH_MAX], line[16];
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 32);
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct error err = {0};
	int out[2];

	/* build/tests/unit/test_x → build/tests/server/archive_server */
	ck_assert_int_gt(len, 0);
	program[len] = '\0';
	*strrchr(program, '/') = '\0';
	snprintf(strrchr(program, '/'), 32, "/server/archive_server");

	ck_assert_msg(tempfile_directory(&server->top, &err) == STATUS_OK, "%s", err.text);
	server->directory = path_join(server->top, "served");
	server->rules = path_join(server->top, "rules");
	server->log = path_join(server->top, "log");
	ck_assert_int_eq(path_make_directories(server->directory, 0700, &err), STATUS_OK);
	ck_assert_int_eq(pipe(out), 0);
	spec.argv = (const char *const[]){program, server->directory, "--rules", server->rules,
		"--log", server->log, "--with-parent", NULL};
	spec.stdout_fd = out[1];
	ck_assert_msg(process_start(&spec, &server->pid, &err) == STATUS_OK, "%s", err.text);
	close(out[1]);
	len = read(out[0], line, sizeof(line) - 1);
	ck_assert_int_gt(len, 0);
	line[len] = '\0';
	server->port = (unsigned)strtoul(line, NULL, 10);
	close(out[0]);
}

static inline void archive_server_stop(struct archive_server *server)
{
	struct process_result result;
	struct error err = {0};

	kill(server->pid, SIGKILL);
	process_wait(server->pid, 10, &result, &err);
	path_remove_tree(server->top, &err);
	free(server->top);
	free(server->directory);
	free(server->rules);
	free(server->log);
}

/* The URL of a path below the served directory; the caller frees. */
static inline char *archive_server_url(const struct archive_server *server, const char *path)
{
	return xasprintf("http://127.0.0.1:%u/%s", server->port, path);
}

static inline void archive_server_put(
	const struct archive_server *server, const char *path, const void *data, size_t len)
{
	char *name = path_join(server->directory, path);
	char *directory = path_directory(name);
	struct error err = {0};

	ck_assert_int_eq(path_make_directories(directory, 0700, &err), STATUS_OK);
	ck_assert_msg(tempfile_write_all(name, data, len, 0644, &err) == STATUS_OK, "%s", err.text);
	free(directory);
	free(name);
}

/* Replaces all rules; "" for none. */
static inline void archive_server_rules(const struct archive_server *server, const char *rules)
{
	struct error err = {0};

	ck_assert_msg(
		tempfile_write_all(server->rules, rules, strlen(rules), 0644, &err) == STATUS_OK,
		"%s", err.text);
}

/* What is in the log, in the order in which requests were over; gives how many there are. */
static inline size_t archive_server_log(
	const struct archive_server *server, struct archive_server_request *requests, size_t room)
{
	FILE *stream;
	size_t count = 0;

	/* A request is logged when it is over, which may be after its client knows. */
	usleep(100000);
	stream = fopen(server->log, "re");
	while (stream != NULL && count < room) {
		struct archive_server_request *r = &requests[count];

		if (fscanf(stream, "%lf %lf %u %u %15s %255s %63s %d %ju", &r->start, &r->end,
			    &r->connection, &r->active, r->method, r->path, r->range, &r->status,
			    &r->bytes) != 9)
			break;
		count++;
	}
	if (stream != NULL)
		fclose(stream);
	return count;
}

#endif
