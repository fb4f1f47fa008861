/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/sandbox_init.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/path.h"
#include "verifier/rebuild/handout.h"
#include "verifier/rebuild/launch.h"
#include "verifier/rebuild/network.h"
#include "verifier/rebuild/sandbox.h"
#include "verifier/rebuild/tasks.h"

#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWCGROUP)

static int by_number(const void *left, const void *right)
{
	return *(const int *)left - *(const int *)right;
}

/* All from 3 on but these; -1 is none. */
static int descriptors_close(int kept[], size_t count)
{
	unsigned next = 3;

	qsort(kept, count, sizeof(kept[0]), by_number);
	for (size_t i = 0; i < count; i++) {
		if (kept[i] < 0)
			continue;
		if ((unsigned)kept[i] > next &&
			syscall(SYS_close_range, next, (unsigned)kept[i] - 1, 0) < 0)
			return -1;
		next = (unsigned)kept[i] + 1;
	}
	return (int)syscall(SYS_close_range, next, ~0U, 0);
}

/* Nothing inherited but what the sandbox itself needs; no terminal, no signal from one. */
static enum status surroundings_clear(const struct sandbox_inner *inner, struct error *err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int kept[] = {inner->control, inner->backing, inner->door};
	sigset_t none;

	sigemptyset(&none);
	if (null < 0)
		return error_set_errno(err, "cannot open /dev/null");
	if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
		dup2(null, STDERR_FILENO) < 0 || setsid() < 0)
		return error_set_errno(err, "cannot begin a session");
	if (descriptors_close(kept, ARRAY_SIZE(kept)) < 0)
		return error_set_errno(err, "cannot close what was inherited");
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return STATUS_OK;
}

static _Noreturn void give_up(const struct sandbox_inner *inner, const struct error *err)
{
	struct sandbox_ready ready = {.error = *err};
	struct error ignored;

	handout_send(inner->control, &ready, sizeof(ready), -1, &ignored);
	_exit(EXIT_FAILURE);
}

/* `texts` get the request's texts, argv and environment with a NULL behind each. */
static bool request_parse(
	const char *data, size_t len, const struct sandbox_request *request, const char **texts)
{
	size_t at = sizeof(*request), count = 0;

	for (uint32_t i = 0; i < request->argc + request->envc; i++) {
		const char *end = memchr(data + at, '\0', len - at);

		if (!end)
			return false;
		if (i == request->argc)
			texts[count++] = NULL;
		texts[count++] = data + at;
		at = (size_t)(end - data) + 1;
	}
	if (request->envc == 0)
		texts[count++] = NULL;
	texts[count] = NULL;
	return true;
}

/*
 * The watch keeps each directory open that it is in while it counts, however deep a build nests
 * them. Gives what the limit was, which is the build's.
 */
static struct rlimit files_raise(void)
{
	struct rlimit own = {RLIM_INFINITY, RLIM_INFINITY}, most;

	getrlimit(RLIMIT_NOFILE, &own);
	most = (struct rlimit){own.rlim_max, own.rlim_max};
	setrlimit(RLIMIT_NOFILE, &most);
	return own;
}

/* The one command, from the request to its outcome. */
static void command_serve(const struct sandbox_inner *inner, int network)
{
	char *data = xmalloc(HANDOUT_MESSAGE_SIZE);
	struct sandbox_outcome outcome = {0};
	struct sandbox_request request;
	struct error ignored;
	const char **texts = NULL;
	int log_fd = -1;
	size_t len;

	if (handout_receive(inner->control, data, HANDOUT_MESSAGE_SIZE, &len, &log_fd, &ignored) !=
			STATUS_OK ||
		len < sizeof(request))
		goto out;
	memcpy(&request, data, sizeof(request));
	if (request.argc > len || request.envc > len)
		goto out;
	texts = xcalloc((size_t)request.argc + request.envc + 2, sizeof(*texts));
	if (request_parse(data, len, &request, texts)) {
		struct launch launch = {
			.argv = texts,
			.environment = texts + request.argc + 1,
			.directory = request.directory,
			.umask = request.umask,
			.uid = request.uid,
			.gid = request.gid,
			.log_fd = log_fd,
			.is_restricted = inner->view != NULL,
			.address_space = inner->address_space,
			.processes = inner->threads,
			.door = inner->door,
			.has_groups = !inner->map || inner->map->has_range,
			.files = files_raise(),
		};
		const struct supervision supervision = {
			.is_isolated = inner->view != NULL,
			.control = inner->control,
			.network = network,
			.limits = inner->limits,
			.written = inner->written,
			.backing = inner->backing,
		};

		supervise(&supervision, &launch, &outcome.supervised, &outcome.error);
	} else {
		error_set(&outcome.error, STATUS_FORMAT, "the build's command was cut");
	}
	handout_send(inner->control, &outcome, sizeof(outcome), -1, &ignored);
out:
	free(texts);
	free(data);
}

/*
 * This process's arguments and environment came from the outer side, and a build with
 * CAP_SYS_ADMIN may read /proc/1/environ (newer kernels allow that like CAP_PERFMON). They are
 * wiped where the kernel shows them from: fields 48 to 51 of /proc/self/stat (proc(5)).
 */
static enum status origins_wipe(struct error *err)
{
	unsigned long bounds[4] = {0};
	enum status status;
	char *text, *at;
	size_t len;

	status = path_read_file("/proc/self/stat", 4096, &text, &len, err);
	if (status != STATUS_OK)
		return status;
	/* Field 2, the name, is in parentheses and may hold anything; the third begins behind. */
	at = strrchr(text, ')');
	for (int field = 3; at && field <= 51; field++) {
		at = strchr(at + 1, ' ');
		if (at && field >= 48)
			bounds[field - 48] = strtoul(at, NULL, 10);
	}
	free(text);
	if (!at || !bounds[0] || bounds[1] < bounds[0] || bounds[3] < bounds[2])
		return error_set(err, STATUS_SANDBOX, "/proc/self/stat is not understood");
	memset((void *)bounds[0], 0, bounds[1] - bounds[0]); /* NOLINT: addresses of our own */
	memset((void *)bounds[2], 0, bounds[3] - bounds[2]); /* NOLINT */
	return STATUS_OK;
}

/* Descriptors that the outer side gets beside the listening socket, in this order. */
struct handouts {
	int fds[2 + SANDBOX_OPENINGS];
	size_t count;
};

/* With /proc as the host has it: the view's shows this process only what it may know. */
static enum status namespaces_open(struct handouts *handouts, struct error *err)
{
	static const char *const paths[] = {"/proc/self/ns/net", "/proc/self/ns/user"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			return error_set_errno(err, "%s", paths[i]);
		handouts->fds[handouts->count++] = fd;
	}
	return STATUS_OK;
}

static enum status network_prepare(const struct sandbox_inner *inner, int *network,
	struct handouts *handouts, struct error *err)
{
	if (inner->network == NETWORK_HOST)
		return STATUS_OK;
	if (network_start(err) < 0)
		return err->status;
	if (inner->network == NETWORK_OWN) {
		if (network_watch_refused(network, err) < 0 || namespaces_open(handouts, err) < 0)
			return err->status;
	} else if (network_watch(network, err) < 0) {
		return err->status;
	}
	for (size_t i = 0; i < inner->opening_count; i++)
		if (opening_listen(
			    &inner->openings[i].inside, &handouts->fds[handouts->count++], err) < 0)
			return err->status;
	return STATUS_OK;
}

static enum status inside_prepare(const struct sandbox_inner *inner, int *listener, int *network,
	struct handouts *handouts, struct sandbox_ready *ready)
{
	struct error *err = &ready->error;
	enum status status = STATUS_OK;

	if (!inner->view)
		return inner->has_listener ? handout_listen(0, listener, &ready->port, err)
					   : STATUS_OK;
	status = origins_wipe(err);
	if (status != STATUS_OK)
		return status;
	ready->has_tasks_bound = inner->tasks && tasks_bound_set(inner->tasks);
	if (sethostname(inner->hostname, strlen(inner->hostname)) < 0 ||
		setdomainname("(none)", 6) < 0)
		status = error_set_errno(err, "cannot set the host name");
	if (status == STATUS_OK)
		status = network_prepare(inner, network, handouts, err);
	if (status == STATUS_OK && inner->has_listener)
		status = handout_listen(SANDBOX_PORT, listener, &ready->port, err);
	if (status == STATUS_OK)
		status = view_enter(inner->view, err);
	return status;
}

/* The first process of the namespaces. */
static _Noreturn void inside_main(const struct sandbox_inner *inner)
{
	struct sandbox_ready ready = {0};
	struct handouts handouts = {0};
	struct error ignored;
	int listener = -1, network = -1;

	if (inner->view && getpid() != 1) {
		error_set(&ready.error, STATUS_SANDBOX, "there is no PID namespace");
		give_up(inner, &ready.error);
	}
	/* The build must not look into this process: it may hold more capabilities. */
	prctl(PR_SET_DUMPABLE, 0);
	if (inside_prepare(inner, &listener, &network, &handouts, &ready) != STATUS_OK)
		give_up(inner, &ready.error);
	if (handout_send(inner->control, &ready, sizeof(ready), listener, &ignored) != STATUS_OK)
		_exit(EXIT_FAILURE);
	for (size_t i = 0; i < handouts.count; i++) {
		if (handout_send(inner->control, &ready, sizeof(ready), handouts.fds[i],
			    &ignored) != STATUS_OK)
			_exit(EXIT_FAILURE);
		close(handouts.fds[i]);
	}
	if (listener >= 0)
		close(listener);
	command_serve(inner, network);
	_exit(EXIT_SUCCESS);
}

/* The new ids come from outside: nobody may give them to himself. */
static enum status user_enter(const struct sandbox_inner *inner, struct error *err)
{
	struct sandbox_ready ready = {0};
	char mapped[8];
	size_t len;
	int fd;

	if (user_namespace_enter(err) < 0 ||
		handout_send(inner->control, &ready, sizeof(ready), -1, err) < 0)
		return err->status;
	/* Without an answer the outer side has gone, or says itself what is wrong. */
	if (handout_receive(inner->control, mapped, sizeof(mapped), &len, &fd, err) != STATUS_OK)
		_exit(EXIT_FAILURE);
	if (user_namespace_take_root(inner->map, err) < 0)
		return err->status;
	/* A change of ids takes it off (prctl(2)). */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != inner->parent)
		_exit(EXIT_FAILURE);
	return STATUS_OK;
}

_Noreturn void sandbox_keep(const struct sandbox_inner *inner)
{
	struct error err = {0};
	pid_t inside, pid;

	/*
	 * Without namespaces this process has to live to end the others: it notices the outer
	 * side's death by the control socket.
	 */
	if (inner->view && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != inner->parent))
		_exit(EXIT_FAILURE);
	if (surroundings_clear(inner, &err) != STATUS_OK)
		give_up(inner, &err);
	if (!inner->view) {
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		inside_main(inner);
	}
	if (inner->map && user_enter(inner, &err) != STATUS_OK)
		give_up(inner, &err);
	if (unshare(inner->network == NETWORK_HOST ? NAMESPACES & ~CLONE_NEWNET : NAMESPACES) < 0) {
		error_set(&err, STATUS_SANDBOX,
			"cannot make namespaces (%s): this needs root with CAP_SYS_ADMIN, which a "
			"container may withhold; --no-sandbox builds without isolation and marks "
			"the "
			"run",
			strerror(errno));
		give_up(inner, &err);
	}
	inside = fork();
	if (inside < 0) {
		error_set_errno(&err, "cannot fork");
		give_up(inner, &err);
	}
	if (inside == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		inside_main(inner);
	}
	close(inner->control);
	do {
		pid = waitpid(inside, NULL, 0);
	} while (pid < 0 && errno == EINTR);
	_exit(EXIT_SUCCESS);
}
