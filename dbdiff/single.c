/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/single.h"

#include <unistd.h>

#include "base/tempfile.h"

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

enum status single_index(struct single *single, const char *name, int fd,
	const struct limits *limits, struct error *err)
{
	enum status status = STATUS_OK;

	*single = (struct single){.options = {.limits = *limits}, .side = {.fd = fd}};
	single->pair = (struct pair){.name = name,
		.sides = {&single->side},
		.options = &single->options,
		.index_fds = {-1, -1}};
	single->index = &single->pair.indexes[0];
	if (lseek(fd, 0, SEEK_SET) < 0)
		status = error_set_errno(err, "reading");
	if (status == STATUS_OK)
		status = hash_fd(fd, &single->side.sha256, &single->side.size, err);
	return status == STATUS_OK ? walk(&single->pair, err) : status;
}

void single_release(struct single *single)
{
	index_release(&single->pair.indexes[0]);
	attempt_release(&single->pair.attempts[0]);
	if (single->pair.index_fds[0] >= 0)
		close(single->pair.index_fds[0]);
}
