/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/pread.h"
#include "base/tempfile.h"
#include "dbdiff/worker.h"
#include "verifier/coverage/source_facts.h"

/* One package that is being read. */
struct slot {
	size_t index;
	struct source_opened opened;
	int out_fd; /* the facts, as text */
	const char *architecture;
	const struct limits *limits;
};

struct making {
	struct slot *slots;
	struct worker *workers; /* as many; pid 0 is free */
	unsigned count;
	unsigned busy;
	size_t next, total;
	const struct source_facts_work *work;
};

/* In the worker: everything from hostile bytes to the text of the facts. */
static enum status read_facts(void *context, struct error *err)
{
	const struct slot *slot = context;
	struct source_tree tree;
	struct source_facts facts;
	struct buffer text = {0};
	size_t done = 0;

	if (source_tree_read(slot->opened.inputs, slot->opened.count, slot->limits, &tree, err) < 0)
		return err->status;
	source_facts_judge(&tree, slot->architecture, &facts);
	source_facts_write(&facts, &text);
	while (done < text.len) {
		ssize_t written = write(slot->out_fd, text.data + done, text.len - done);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return error_set_errno(err, "the facts cannot be written");
		done += (size_t)written;
	}
	return STATUS_OK;
}

static void slot_release(struct slot *slot)
{
	source_opened_release(&slot->opened);
	if (slot->out_fd >= 0)
		close(slot->out_fd);
	slot->out_fd = -1;
}

static enum status slot_start(
	struct making *making, unsigned at, const struct slot *template, struct error *err)
{
	struct slot *slot = &making->slots[at];
	struct worker_job job = {
		.run = read_facts,
		.context = slot,
		.out_fds = &slot->out_fd,
		.out_count = 1,
		.limits = template->limits,
	};
	int *fds;
	enum status status;

	*slot = *template;
	slot->index = making->next;
	slot->out_fd = -1;
	status = making->work->open(making->work->context, slot->index, &slot->opened, err);
	if (status == STATUS_OK)
		status = tempfile_unlinked(&slot->out_fd, err);
	if (status == STATUS_OK) {
		fds = xcalloc(slot->opened.count + 1, sizeof(fds[0]));
		for (size_t i = 0; i < slot->opened.count; i++)
			fds[i] = slot->opened.inputs[i].fd;
		job.fds = fds;
		job.fd_count = slot->opened.count;
		status = worker_start(&making->workers[at], &job, err);
		free(fds);
	}
	if (status < 0)
		slot_release(slot);
	else
		making->busy++;
	return status;
}

/* What the worker left, which is believed only as far as source_facts_read() goes. */
static enum status slot_facts(
	const struct slot *slot, struct source_facts *facts, struct error *err)
{
	off_t size = lseek(slot->out_fd, 0, SEEK_END);
	enum status status;
	char *text;

	if (size < 0 || (size_t)size > SOURCE_FACTS_MAX)
		return error_set(
			err, STATUS_LIMIT, "the facts are over %zu bytes", SOURCE_FACTS_MAX);
	text = xmalloc((size_t)size + 1);
	status = pread_exactly(slot->out_fd, text, (size_t)size, 0, err);
	if (status == STATUS_END)
		status = error_set(err, STATUS_IO, "the facts cannot be read back");
	if (status == STATUS_OK)
		status = source_facts_read(text, (size_t)size, facts, err);
	free(text);
	return status;
}

static void slot_finish(struct making *making, unsigned at)
{
	struct slot *slot = &making->slots[at];
	struct source_facts facts = {0};
	struct error err = {0};
	enum status status = worker_wait(&making->workers[at], &err);

	if (status == STATUS_OK)
		status = slot_facts(slot, &facts, &err);
	making->work->done(
		making->work->context, slot->index, status == STATUS_OK ? &facts : NULL, &err);
	source_facts_release(&facts);
	worker_release(&making->workers[at]);
	slot_release(slot);
	making->busy--;
}

static unsigned free_slot(const struct making *making)
{
	unsigned at = 0;

	while (making->workers[at].pid != 0)
		at++;
	return at;
}

void source_facts_make(size_t count, unsigned workers, const char *architecture,
	const struct limits *limits, const struct source_facts_work *work)
{
	struct slot template = {.architecture = architecture, .limits = limits};
	struct making making = {.count = workers ? workers : 1, .total = count, .work = work};

	making.slots = xcalloc(making.count, sizeof(making.slots[0]));
	making.workers = xcalloc(making.count, sizeof(making.workers[0]));
	while (making.next < making.total || making.busy) {
		struct error failure = {0};

		if (making.next == making.total || making.busy == making.count) {
			slot_finish(&making, (unsigned)worker_next(making.workers, making.count));
			continue;
		}
		if (slot_start(&making, free_slot(&making), &template, &failure) < 0)
			work->done(work->context, making.next, NULL, &failure);
		making.next++;
	}
	free(making.slots);
	free(making.workers);
}
