/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/single.h"

#include <unistd.h>

#include "base/tempfile.h"
#include "dbdiff/index_file.h"

static enum status walk(struct pair *pair, struct error *err)
{
	struct pair_job job = {.pair = pair, .base_fd = -1};
	enum status status = tempfile_unlinked(&pair->index_fds[0], err);

	if (status == STATUS_OK)
		status = attempt_open(&pair->attempts[0], err);
	job.out_fd = pair->index_fds[0];
	if (status == STATUS_OK)
		status = pair_run(&job, 1, pair_job_index, &pair->trouble[0], err);
	if (status == STATUS_OK && pair->trouble[0].status != STATUS_OK) {
		*err = pair->trouble[0];
		status = err->status;
	}
	return status == STATUS_OK ? index_open(&pair->indexes[0], pair->index_fds[0], err)
				   : status;
}

static void single_init(
	struct single *single, const char *name, int fd, const struct limits *limits)
{
	*single = (struct single){.options = {.limits = *limits}, .side = {.fd = fd}};
	single->pair = (struct pair){.name = name,
		.sides = {&single->side},
		.options = &single->options,
		.index_fds = {-1, -1}};
	single->index = &single->pair.indexes[0];
}

enum status single_index(struct single *single, const char *name, int fd,
	const struct limits *limits, struct error *err)
{
	enum status status = STATUS_OK;

	single_init(single, name, fd, limits);
	if (lseek(fd, 0, SEEK_SET) < 0)
		status = error_set_errno(err, "reading");
	if (status == STATUS_OK)
		status = hash_fd(fd, &single->side.sha256, &single->side.size, err);
	return status == STATUS_OK ? walk(&single->pair, err) : status;
}

enum status single_load(struct single *single, const char *name, int fd,
	const struct limits *limits, struct error *err)
{
	struct index_head head = {0};
	enum status status;

	single_init(single, name, fd, limits);
	single->side.is_index = true;
	status = index_file_check(fd, &head, err);
	single->side.size = head.size;
	single->side.sha256 = head.sha256;
	index_head_release(&head);
	if (status == STATUS_OK)
		status = file_state_take(fd, &single->side.state, err);
	return status == STATUS_OK ? walk(&single->pair, err) : status;
}

void single_release(struct single *single)
{
	index_release(&single->pair.indexes[0]);
	attempt_release(&single->pair.attempts[0]);
	if (single->pair.index_fds[0] >= 0)
		close(single->pair.index_fds[0]);
}
