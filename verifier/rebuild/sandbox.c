/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/path.h"
#include "verifier/rebuild/cgroup.h"
#include "verifier/rebuild/handout.h"
#include "verifier/rebuild/left_tree.h"
#include "verifier/rebuild/loops.h"
#include "verifier/rebuild/sandbox_directory.h"
#include "verifier/rebuild/sandbox_init.h"
#include "verifier/rebuild/sandbox_outer.h"
#include "verifier/rebuild/tasks.h"
#include "verifier/rebuild/user_namespace.h"
#include "verifier/rebuild/view.h"

#define WRITTEN_MOST 8 /* directories that a build writes to */
#define THREADS	     4 /* for each process there may be */

struct sandbox {
	enum isolation isolation;
	bool has_listener;
	struct outer_network network;
	pid_t keeper; /* 0 when there is none (any more) */
	int control;
	char *root; /* where the view is put together */
	char *tmp, *var_tmp, *scratch;
	char *source, *output;	/* as the build sees them */
	char *output_directory; /* outside */
	char *work_tree;	/* outside, where a build with loop devices writes to it; or NULL */
	uid_t uid;
	gid_t gid;
	struct view view;
	bool is_user; /* in a user namespace, with these ids */
	struct user_map map;
	const char *written[WRITTEN_MOST + 1]; /* as the build sees it: what counts as its disk */
	struct build_limits_held held;
	struct cgroup *cgroup; /* NULL: none could be had */
	struct wanted_list wanted;
};

const char *isolation_word(enum isolation isolation)
{
	static const char *const words[] = {
		[ISOLATION_NONE] = "none",
		[ISOLATION_COOPERATIVE] = "cooperative",
		[ISOLATION_CONFINED] = "confined",
	};

	return words[isolation];
}

enum isolation sandbox_isolation_here(bool no_sandbox)
{
	if (no_sandbox)
		return ISOLATION_NONE;
	return geteuid() == 0 ? ISOLATION_COOPERATIVE : ISOLATION_CONFINED;
}

enum isolation sandbox_isolation(const struct sandbox *sandbox)
{
	return sandbox->isolation;
}

const char *sandbox_missing_ids(const struct sandbox *sandbox)
{
	return sandbox->is_user && !sandbox->map.has_range ? sandbox->map.missing : NULL;
}

const struct build_limits_held *sandbox_limits(const struct sandbox *sandbox)
{
	return &sandbox->held;
}

const struct wanted_list *sandbox_wanted(const struct sandbox *sandbox)
{
	return &sandbox->wanted;
}

enum status sandbox_each_copy(
	const struct sandbox *sandbox, sandbox_copy_visitor visit, void *context, struct error *err)
{
	const struct view *view = &sandbox->view;

	for (size_t i = view->copied_first; i < view->copied_end; i++) {
		const struct view_entry *entry = &view->entries[i];

		if ((entry->kind == VIEW_TEXT || entry->kind == VIEW_LINK) &&
			visit(context, entry->place, entry->from, err) != STATUS_OK)
			return err->status;
	}
	return STATUS_OK;
}

const char *sandbox_source_path(const struct sandbox *sandbox)
{
	return sandbox->source;
}

const char *sandbox_output_path(const struct sandbox *sandbox)
{
	return sandbox->output;
}

static enum status directories_make(
	struct sandbox *sandbox, const struct sandbox_spec *spec, struct error *err)
{
	enum status status;
	char *work = NULL;
	const char *disk;

	status = path_make_directories(spec->work_directory, 0700, err);
	if (status == STATUS_OK)
		status = path_resolve(spec->work_directory, &work, err);
	if (status == STATUS_OK)
		status = sandbox_output_make(spec->output_directory, err);
	disk = spec->disk ? build_disk_path(spec->disk) : work;
	if (status == STATUS_OK)
		status = path_resolve(spec->output_directory, &sandbox->output_directory, err);
	if (status == STATUS_OK && !spec->no_sandbox)
		status = sandbox_directory_make(work, "root", 0700, &sandbox->root, err);
	if (status == STATUS_OK && !spec->no_sandbox)
		status = sandbox_directory_make(disk, "tmp", 01777, &sandbox->tmp, err);
	if (status == STATUS_OK && !spec->no_sandbox)
		status = sandbox_directory_make(disk, "var-tmp", 01777, &sandbox->var_tmp, err);
	if (status == STATUS_OK && !spec->no_sandbox && spec->scratch)
		status = sandbox_directory_make(disk, "scratch", 0700, &sandbox->scratch, err);
	for (size_t i = 0; sandbox->scratch && i < spec->scratch->count && status == STATUS_OK;
		i++) {
		char name[24], *path;

		snprintf(name, sizeof(name), "%zu", i);
		status = sandbox_directory_make(sandbox->scratch, name, 01777, &path, err);
		free(path);
	}
	free(work);
	return status;
}

/* What counts as the build's disk. */
static void written_list(struct sandbox *sandbox, const struct sandbox_spec *spec)
{
	size_t count = 0;

	sandbox->written[count++] = "/tmp";
	sandbox->written[count++] = "/var/tmp";
	sandbox->written[count++] = sandbox->output;
	if (spec->is_work_tree)
		sandbox->written[count++] = sandbox->source;
	for (size_t i = 0; spec->scratch && i < spec->scratch->count && count < WRITTEN_MOST; i++)
		sandbox->written[count++] = spec->scratch->items[i];
}

static enum status view_prepare(
	struct sandbox *sandbox, const struct sandbox_spec *spec, struct error *err)
{
	static const struct text_list nothing;
	const struct view_request request = {
		.root = sandbox->root,
		.source_directory = spec->source_directory,
		.output_directory = spec->output_directory,
		.tmp_directory = sandbox->tmp,
		.var_tmp_directory = sandbox->var_tmp,
		.scratch_directory = sandbox->scratch,
		.scratch = spec->scratch,
		.build_path = spec->build_path ? spec->build_path : SANDBOX_BUILD_PATH,
		.hostname = spec->hostname ? spec->hostname : SANDBOX_HOSTNAME,
		.hidden = spec->hidden ? spec->hidden : &nothing,
		.is_user = sandbox->is_user,
		.has_loops = spec->loop_devices,
		.has_tty = !sandbox->is_user || sandbox->map.has_range,
		.is_work_tree = spec->is_work_tree,
		.network = spec->network,
		.tools = spec->tools,
		.changed = spec->changed,
		.files = spec->files,
		.file_count = spec->file_count,
		.user = spec->user,
	};

	if (spec->no_sandbox) {
		enum status status = path_resolve(spec->source_directory, &sandbox->source, err);

		if (status == STATUS_OK)
			status = path_resolve(spec->output_directory, &sandbox->output, err);
		return status;
	}
	if (sandbox->is_user && spec->loop_devices)
		return error_set(err, STATUS_SANDBOX,
			"this build asks for loop devices, which only root can give it: run it as "
			"root, or without `loop_devices` of the descriptor's build");
	if (spec->is_work_tree && spec->loop_devices)
		sandbox->work_tree = xstrdup(spec->source_directory);
	if (spec->is_work_tree) {
		sandbox->source = xstrdup(request.build_path);
		sandbox->output = xstrdup(VIEW_OUTPUT_PATH);
	} else {
		sandbox->source = path_join(request.build_path, "source");
		sandbox->output = path_join(request.build_path, "output");
	}
	written_list(sandbox, spec);
	return view_plan(&request, &sandbox->view, err);
}

/* The keeper, in a process of its own; the outer side's end of the control socket is kept. */
static enum status keeper_start(
	struct sandbox *sandbox, const struct sandbox_spec *spec, struct error *err)
{
	const uint64_t *most = sandbox->held.limits.most;
	struct sandbox_inner inner = {
		.view = spec->no_sandbox ? NULL : &sandbox->view,
		.hostname = spec->hostname ? spec->hostname : SANDBOX_HOSTNAME,
		.network = spec->network,
		.has_listener = sandbox->has_listener,
		.openings = spec->openings,
		.opening_count = spec->opening_count,
		.parent = getpid(),
		.map = sandbox->is_user ? &sandbox->map : NULL,
		.limits = spec->limits,
		.tasks = tasks_bound(most[BUILD_PROCESSES]),
		.written = sandbox->written,
		.backing = spec->disk ? build_disk_backing(spec->disk) : -1,
		.door = sandbox->cgroup ? cgroup_door(sandbox->cgroup) : -1,
		.address_space = sandbox->held.has_address_space ? most[BUILD_MEMORY] : 0,
		/* It counts threads: a build that forks without end runs into it between two looks.
		 */
		.threads = sandbox->is_user ? THREADS * most[BUILD_PROCESSES] : 0,
	};
	int size = 2 * (int)HANDOUT_MESSAGE_SIZE;
	int ends[2];
	pid_t pid;

	/* The kernel counts better than the watch. */
	if (sandbox->cgroup)
		inner.limits.most[BUILD_MEMORY] = 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return error_set_errno(err, "cannot make a socket pair");
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	inner.control = ends[1];
	pid = fork();
	if (pid == 0)
		sandbox_keep(&inner);
	close(ends[1]);
	sandbox->control = ends[0];
	if (pid < 0)
		return error_set_errno(err, "cannot fork");
	sandbox->keeper = pid;
	return STATUS_OK;
}

/* The keeper is in its user namespace and waits for its ids. */
static enum status keeper_map(struct sandbox *sandbox, struct error *err)
{
	struct sandbox_ready ready;
	enum status status;
	int fd = -1;

	status = outer_ready_receive(sandbox->control, &ready, &fd, err);
	if (status == STATUS_OK)
		status = user_map_apply(&sandbox->map, sandbox->keeper, err);
	if (status == STATUS_OK)
		status = handout_send(sandbox->control, "mapped", 6, -1, err);
	return status;
}

/* The socket, when all is ready inside. */
static enum status listener_receive(
	struct sandbox *sandbox, int *listen_fd, unsigned short *port, struct error *err)
{
	struct sandbox_ready ready;
	enum status status;
	int fd = -1;

	status = outer_ready_receive(sandbox->control, &ready, &fd, err);
	if (status != STATUS_OK)
		return status;
	if (fd < 0 && sandbox->has_listener)
		return error_set(err, STATUS_SANDBOX, "the sandbox handed out no socket");
	if (ready.has_tasks_bound && !sandbox->cgroup)
		sandbox->held.mechanism[BUILD_PROCESSES] = "pid namespace and watcher";
	if (listen_fd)
		*listen_fd = fd;
	*port = ready.port;
	return STATUS_OK;
}

/* Without namespaces nobody knows which processes and files are the build's. */
static void limits_set(struct sandbox *sandbox, const struct sandbox_spec *spec)
{
	struct build_limits_held *held = &sandbox->held;

	held->limits = spec->limits;
	held->broken = BUILD_LIMIT_NONE;
	for (enum build_limit limit = 0; limit < BUILD_LIMIT_COUNT; limit++) {
		if (spec->no_sandbox && limit != BUILD_TIME)
			held->limits.most[limit] = 0;
		if (held->limits.most[limit])
			held->mechanism[limit] = limit == BUILD_TIME ? "clock" : "watcher";
	}
	if (held->limits.most[BUILD_DISK] && spec->disk)
		held->mechanism[BUILD_DISK] = LIMIT_BY_FILE_SYSTEM;
	held->has_address_space =
		held->limits.most[BUILD_MEMORY] && spec->limit_address_space && !sandbox->cgroup;
	if (held->has_address_space)
		held->mechanism[BUILD_MEMORY] = "rlimit and watcher";
	/* Root is not bound by it. */
	if (held->limits.most[BUILD_PROCESSES] && sandbox->is_user)
		held->mechanism[BUILD_PROCESSES] = "rlimit and watcher";
	if (sandbox->cgroup) {
		held->mechanism[BUILD_MEMORY] = LIMIT_BY_CGROUP;
		if (held->limits.most[BUILD_PROCESSES])
			held->mechanism[BUILD_PROCESSES] = "cgroup and watcher";
	}
}

enum status sandbox_prepare(const struct sandbox_spec *spec, struct sandbox **sandbox,
	int *listen_fd, unsigned short *port, struct error *err)
{
	struct sandbox *made = xcalloc(1, sizeof(*made));
	enum status status;

	made->control = -1;
	made->has_listener = listen_fd && spec->network != NETWORK_HOST;
	made->isolation = sandbox_isolation_here(spec->no_sandbox);
	made->is_user = made->isolation == ISOLATION_CONFINED;
	if (made->is_user)
		user_map_find(&made->map);
	if (spec->limits.most[BUILD_MEMORY] && !spec->no_sandbox)
		cgroup_new(spec->limits.most[BUILD_MEMORY],
			THREADS * spec->limits.most[BUILD_PROCESSES], &made->cgroup, err);
	limits_set(made, spec);
	status = directories_make(made, spec, err);
	if (status == STATUS_OK && spec->user && !spec->no_sandbox) {
		made->uid = spec->user->uid;
		made->gid = spec->user->gid;
		if (chown(spec->output_directory, made->uid, made->gid) < 0)
			status = error_set_errno(err, "%s", spec->output_directory);
	}
	if (status == STATUS_OK)
		status = view_prepare(made, spec, err);
	if (status == STATUS_OK)
		status = keeper_start(made, spec, err);
	if (status == STATUS_OK && made->is_user)
		status = keeper_map(made, err);
	if (status == STATUS_OK)
		status = listener_receive(made, listen_fd, port, err);
	if (status == STATUS_OK) {
		status = outer_network_begin(&made->network, made->control, spec, err);
		if (status != STATUS_OK && listen_fd) {
			close(*listen_fd);
			*listen_fd = -1;
		}
	}
	if (status != STATUS_OK) {
		sandbox_free(made);
		made = NULL;
	}
	*sandbox = made;
	return status;
}

static enum status request_send(
	struct sandbox *sandbox, const struct sandbox_command *command, struct error *err)
{
	struct sandbox_request request = {
		.umask = command->umask,
		.uid = sandbox->uid,
		.gid = sandbox->gid,
	};
	char *program = path_join(sandbox->source, command->argv[0]);
	struct buffer message = {0}, texts = {0};
	enum status status;
	size_t len = strlen(sandbox->source);

	buffer_add(&texts, program, strlen(program) + 1);
	for (request.argc = 1; command->argv[request.argc]; request.argc++)
		buffer_add(&texts, command->argv[request.argc],
			strlen(command->argv[request.argc]) + 1);
	for (; command->environment[request.envc]; request.envc++)
		buffer_add(&texts, command->environment[request.envc],
			strlen(command->environment[request.envc]) + 1);
	if (len >= sizeof(request.directory)) {
		status = error_set(err, STATUS_LIMIT, "%s: the path is too long", sandbox->source);
	} else {
		memcpy(request.directory, sandbox->source, len);
		buffer_add(&message, &request, sizeof(request));
		buffer_add(&message, texts.data, texts.len);
		status = handout_send(sandbox->control, message.data, message.len,
			command->log_fd >= 0 ? command->log_fd : STDERR_FILENO, err);
	}
	buffer_release(&message);
	buffer_release(&texts);
	free(program);
	return status;
}

/* Lets go of the control socket, which ends whatever is left, and waits for that. */
static void keeper_end(struct sandbox *sandbox)
{
	pid_t pid;

	if (sandbox->control >= 0)
		close(sandbox->control);
	sandbox->control = -1;
	if (sandbox->keeper <= 0)
		return;
	do {
		pid = waitpid(sandbox->keeper, NULL, 0);
	} while (pid < 0 && errno == EINTR);
	sandbox->keeper = 0;
	outer_network_end(&sandbox->network);
}

enum status sandbox_run(struct sandbox *sandbox, const struct sandbox_command *command,
	struct process_result *result, struct error *err)
{
	struct sandbox_outcome outcome;
	enum status status;
	uint64_t most;
	size_t len;
	int fd;

	if (sandbox->control < 0)
		return error_set(err, STATUS_CONFLICT, "a sandbox runs one build");
	status = request_send(sandbox, command, err);
	if (status != STATUS_OK)
		return status;
	status = handout_receive(sandbox->control, &outcome, sizeof(outcome), &len, &fd, err);
	keeper_end(sandbox);
	if (status == STATUS_END || (status == STATUS_OK && len != sizeof(outcome)))
		return error_set(err, STATUS_SANDBOX,
			"the sandbox was killed from outside while the build ran (is there memory "
			"enough?)");
	if (status != STATUS_OK)
		return status;
	if (outcome.error.status != STATUS_OK) {
		*err = outcome.error;
		return err->status;
	}
	*result = outcome.supervised.result;
	sandbox->held.broken = outcome.supervised.broken;
	sandbox->held.seen = outcome.supervised.seen;
	sandbox->wanted = outcome.supervised.wanted;
	if (sandbox->cgroup && cgroup_was_ended(sandbox->cgroup, &most)) {
		sandbox->held.broken = BUILD_MEMORY;
		sandbox->held.seen = most ? most : sandbox->held.limits.most[BUILD_MEMORY];
	}
	return sandbox->is_user ? left_tree_take(sandbox->output_directory, err) : STATUS_OK;
}

void sandbox_free(struct sandbox *sandbox)
{
	struct error ignored;

	if (!sandbox)
		return;
	keeper_end(sandbox);
	cgroup_free(sandbox->cgroup);
	if (sandbox->output_directory && geteuid() == 0)
		loops_detach(sandbox->output_directory, &ignored);
	if (sandbox->work_tree && geteuid() == 0)
		loops_detach(sandbox->work_tree, &ignored);
	if (sandbox->tmp)
		sandbox_remove_tree(sandbox->tmp, &ignored);
	if (sandbox->var_tmp)
		sandbox_remove_tree(sandbox->var_tmp, &ignored);
	if (sandbox->scratch)
		sandbox_remove_tree(sandbox->scratch, &ignored);
	if (sandbox->root)
		sandbox_remove_tree(sandbox->root, &ignored);
	free(sandbox->root);
	free(sandbox->tmp);
	free(sandbox->var_tmp);
	free(sandbox->scratch);
	free(sandbox->source);
	free(sandbox->output);
	free(sandbox->output_directory);
	free(sandbox->work_tree);
	view_release(&sandbox->view);
	free(sandbox);
}
