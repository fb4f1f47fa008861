/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/relay.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/array.h"
#include "verifier/rebuild/opening.h"

#define BLOCK ((size_t)32 * 1024)

struct door {
	int fd;
	struct sockaddr_storage target;
};

/* What came from one end and has not gone to the other yet. */
struct lane {
	char *block;
	size_t at, end;
	bool is_over; /* nothing more comes */
	bool is_told; /* and the other end knows */
};

/* lane[i] is filled from ends[i] and emptied into the other. */
struct flow {
	int ends[2];
	struct lane lanes[2];
};

struct relay {
	struct door *doors;
	size_t door_count, door_capacity;
	struct flow flows[RELAY_CONNECTIONS];
	size_t flow_count;
	struct pollfd *polled; /* the stop, each door, two of each flow */
	int stop;
	pthread_t thread;
	bool is_running;
};

struct relay *relay_new(void)
{
	struct relay *relay = xcalloc(1, sizeof(*relay));

	relay->stop = -1;
	return relay;
}

void relay_add(struct relay *relay, int listen_fd, const struct sockaddr_storage *target)
{
	ARRAY_GROW(relay->doors, relay->door_count, relay->door_capacity);
	relay->doors[relay->door_count++] = (struct door){listen_fd, *target};
}

static void flow_end(struct flow *flow)
{
	for (int i = 0; i < 2; i++) {
		close(flow->ends[i]);
		free(flow->lanes[i].block);
	}
}

static void flow_begin(struct relay *relay, const struct door *door)
{
	struct flow *flow = &relay->flows[relay->flow_count];
	int inner, outer;

	inner = accept4(door->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (inner < 0) {
		/* Out of descriptors: the poll would return at once, again and again. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			poll(NULL, 0, 100);
		return;
	}
	outer = socket(door->target.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (outer < 0 ||
		(connect(outer, (const struct sockaddr *)&door->target,
			 opening_address_size(&door->target)) < 0 &&
			errno != EINPROGRESS)) {
		close(inner);
		if (outer >= 0)
			close(outer);
		return;
	}
	*flow = (struct flow){.ends = {inner, outer}};
	for (int i = 0; i < 2; i++)
		flow->lanes[i].block = xmalloc(BLOCK);
	relay->flow_count++;
}

/* False when the connection is broken. */
static bool lane_fill(struct lane *lane, int from)
{
	ssize_t got = recv(from, lane->block, BLOCK, 0);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	lane->at = 0;
	lane->end = (size_t)got;
	lane->is_over = got == 0;
	return true;
}

static bool lane_empty(struct lane *lane, int into)
{
	if (lane->at < lane->end) {
		ssize_t sent =
			send(into, lane->block + lane->at, lane->end - lane->at, MSG_NOSIGNAL);

		if (sent < 0)
			return errno == EAGAIN || errno == EINTR;
		lane->at += (size_t)sent;
	}
	if (lane->at == lane->end && lane->is_over && !lane->is_told) {
		lane->is_told = true;
		shutdown(into, SHUT_WR);
	}
	return true;
}

static bool lane_is_empty(const struct lane *lane)
{
	return lane->at == lane->end;
}

/* False when it is over, for good or ill. */
static bool flow_move(struct flow *flow, const struct pollfd polled[2])
{
	for (int i = 0; i < 2; i++) {
		struct lane *lane = &flow->lanes[i];

		if (polled[i].revents & (POLLERR | POLLNVAL))
			return false;
		if (lane_is_empty(lane) && !lane->is_over && polled[i].revents & (POLLIN | POLLHUP))
			if (!lane_fill(lane, flow->ends[i]))
				return false;
		if (!lane_empty(lane, flow->ends[!i]))
			return false;
	}
	return !flow->lanes[0].is_told || !flow->lanes[1].is_told;
}

static void flow_ask(const struct flow *flow, struct pollfd polled[2])
{
	for (int i = 0; i < 2; i++) {
		const struct lane *in = &flow->lanes[i], *out = &flow->lanes[!i];

		polled[i] = (struct pollfd){.fd = flow->ends[i]};
		if (lane_is_empty(in) && !in->is_over)
			polled[i].events |= POLLIN;
		if (!lane_is_empty(out))
			polled[i].events |= POLLOUT;
		/* Otherwise one that has hung up would wake this thread for nothing. */
		if (!polled[i].events)
			polled[i].fd = -1;
	}
}

static void *relay_run(void *context)
{
	struct relay *relay = context;

	for (;;) {
		struct pollfd *polled = relay->polled, *of_flows = polled + 1 + relay->door_count;
		bool has_room = relay->flow_count < RELAY_CONNECTIONS;
		size_t count = relay->flow_count;

		polled[0] = (struct pollfd){.fd = relay->stop, .events = POLLIN};
		for (size_t i = 0; i < relay->door_count; i++)
			polled[1 + i] = (struct pollfd){
				.fd = has_room ? relay->doors[i].fd : -1, .events = POLLIN};
		for (size_t i = 0; i < count; i++)
			flow_ask(&relay->flows[i], of_flows + 2 * i);
		if (poll(polled, 1 + relay->door_count + 2 * count, -1) < 0) {
			if (errno == EINTR)
				continue;
			return NULL;
		}
		if (polled[0].revents)
			return NULL;
		for (size_t i = count; i-- > 0;) {
			if (flow_move(&relay->flows[i], of_flows + 2 * i))
				continue;
			flow_end(&relay->flows[i]);
			relay->flows[i] = relay->flows[--relay->flow_count];
		}
		for (size_t i = 0; i < relay->door_count; i++)
			if (polled[1 + i].revents && relay->flow_count < RELAY_CONNECTIONS)
				flow_begin(relay, &relay->doors[i]);
	}
}

enum status relay_start(struct relay *relay, struct error *err)
{
	sigset_t all, before;

	relay->polled = xcalloc(
		1 + relay->door_count + 2 * (size_t)RELAY_CONNECTIONS, sizeof(*relay->polled));
	relay->stop = eventfd(0, EFD_CLOEXEC);
	if (relay->stop < 0)
		return error_set_errno(err, "cannot make an event");
	/* Signals are for the thread that waits for the build. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&relay->thread, NULL, relay_run, relay);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (errno != 0)
		return error_set_errno(err, "cannot start a thread");
	relay->is_running = true;
	return STATUS_OK;
}

void relay_free(struct relay *relay)
{
	if (!relay)
		return;
	if (relay->is_running) {
		eventfd_write(relay->stop, 1);
		pthread_join(relay->thread, NULL);
	}
	for (size_t i = 0; i < relay->flow_count; i++)
		flow_end(&relay->flows[i]);
	for (size_t i = 0; i < relay->door_count; i++)
		close(relay->doors[i].fd);
	if (relay->stop >= 0)
		close(relay->stop);
	free(relay->doors);
	free(relay->polled);
	free(relay);
}
