/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/uplink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/process.h"

#define READY_SECONDS 20
#define WORDS	      400

bool uplink_exists(void)
{
	return process_exists(UPLINK_PROGRAM);
}

/* It writes one byte when the interface is up, and closes it without one when it gives up. */
static bool is_ready(int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};
	char byte;
	int ready;

	do {
		ready = poll(&polled, 1, READY_SECONDS * 1000);
	} while (ready < 0 && errno == EINTR);
	return ready > 0 && read(fd, &byte, 1) == 1;
}

/* What it said, as one line. */
static void last_words(int fd, struct buffer *words)
{
	char text[WORDS];
	ssize_t got = pread(fd, text, sizeof(text), 0);

	while (got > 0 && text[got - 1] == '\n')
		got--;
	for (ssize_t i = 0; i < got; i++)
		buffer_add_char(words, (unsigned char)text[i] < ' ' ? ' ' : text[i]);
}

/* The namespaces are opened before it confines itself, of this process's descriptors. */
static enum status run(
	int network, int user, int ready, int hold, int said, pid_t *pid, struct error *err)
{
	char network_at[48], user_at[64], ready_at[32];
	/*
	 * It parses the packets of whatever runs inside. Root's sees no file and drops what it
	 * holds; a user's would have to be root of a user namespace for that.
	 */
	const char *const as_root[] = {UPLINK_PROGRAM, "--configure", "--mtu=65520",
		"--disable-host-loopback", "--enable-sandbox", "--enable-seccomp", "--exit-fd=0",
		ready_at, "--netns-type=path", network_at, "tap0", NULL};
	const char *const as_user[] = {UPLINK_PROGRAM, "--configure", "--mtu=65520",
		"--disable-host-loopback", "--enable-seccomp", "--exit-fd=0", ready_at, user_at,
		"--netns-type=path", network_at, "tap0", NULL};
	struct process_spec spec = PROCESS_SPEC_INIT;

	snprintf(network_at, sizeof(network_at), "/proc/%d/fd/%d", (int)getpid(), network);
	snprintf(user_at, sizeof(user_at), "--userns-path=/proc/%d/fd/%d", (int)getpid(), user);
	snprintf(ready_at, sizeof(ready_at), "--ready-fd=%d", ready);
	spec.argv = geteuid() == 0 ? as_root : as_user;
	spec.stdin_fd = hold;
	spec.stdout_fd = said;
	spec.stderr_fd = said;
	spec.pass_fd = ready;
	return process_start(&spec, pid, err);
}

static enum status explain(int said, struct error *err)
{
	struct buffer words = {0};

	last_words(said, &words);
	error_set(err, STATUS_SANDBOX,
		UPLINK_PROGRAM
		" cannot give prepare a network of its own (\"%s\"): it needs /dev/net/tun (of a "
		"container: --device /dev/net/tun); without the package " UPLINK_PROGRAM
		" prepare runs in this host's network, and the run is marked",
		buffer_text(&words));
	buffer_release(&words);
	return err->status;
}

enum status uplink_start(int network, int user, struct uplink *uplink, struct error *err)
{
	int ready[2] = {-1, -1}, hold[2] = {-1, -1};
	int said = memfd_create("reproof-uplink", MFD_CLOEXEC);
	enum status status = STATUS_OK;

	*uplink = (struct uplink){0};
	if (said < 0 || pipe2(ready, O_CLOEXEC) < 0 || pipe2(hold, O_CLOEXEC) < 0)
		status = error_set_errno(err, "cannot make a pipe");
	if (status == STATUS_OK)
		status = run(network, user, ready[1], hold[0], said, &uplink->pid, err);
	close(ready[1]);
	close(hold[0]);
	if (status == STATUS_OK) {
		uplink->hold = hold[1];
		if (!is_ready(ready[0])) {
			uplink_stop(uplink);
			status = explain(said, err);
		}
	} else if (hold[1] >= 0) {
		close(hold[1]);
	}
	close(ready[0]);
	close(said);
	return status;
}

void uplink_stop(struct uplink *uplink)
{
	if (uplink->pid <= 0)
		return;
	close(uplink->hold);
	kill(uplink->pid, SIGKILL);
	while (waitpid(uplink->pid, NULL, 0) < 0 && errno == EINTR)
		;
	*uplink = (struct uplink){0};
}
