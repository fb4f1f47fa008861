/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <string.h>

#include "dbdiff/pair.h"

enum status pair_say_changed(int side, struct error *err)
{
	return error_set(err, STATUS_CONFLICT, "the %s file changed while it was compared",
		side == PUBLISHED ? "published" : "rebuilt");
}

/* The artifact's own row, if it was hashed, must be what was hashed before, or said before. */
static enum status check_digest(struct pair *pair, int side, struct error *err)
{
	const struct comparison_side *expected = pair->sides[side];
	struct index_cursor cursor = {0};
	enum status status = index_cursor_open(&cursor, &pair->indexes[side], 0, err);

	if (status == STATUS_OK)
		status = index_cursor_next(&cursor, err);
	if (status == STATUS_END)
		status = error_set(err, expected->is_index ? STATUS_FORMAT : STATUS_DATABASE,
			"index: it is empty");
	if (status == STATUS_OK && expected->is_index) {
		if (!cursor.row.is_hashed || cursor.row.size != expected->size ||
			!digest_equal(&cursor.row.sha256, &expected->sha256))
			status = error_set(
				err, STATUS_FORMAT, "the index says two things of its artifact");
	} else if (status == STATUS_OK && cursor.row.is_hashed &&
		!digest_equal(&cursor.row.sha256, &expected->sha256)) {
		status = pair_say_changed(side, err);
	}
	index_cursor_release(&cursor);
	return status;
}

/* An index that cannot be read is refused: it is no finding about the artifact. */
static enum status refuse_index(const struct pair *pair, int side, struct error *err)
{
	return pair->sides[side]->is_index
		? error_context(err, "the %s index", side == PUBLISHED ? "published" : "rebuilt")
		: err->status;
}

struct opening {
	struct index *index;
	int fd;
	struct error *err;
};

static void *open_one(void *context)
{
	struct opening *opening = context;

	opening->err->status = index_open(opening->index, opening->fd, opening->err);
	return NULL;
}

/* Side by side, since each is checked page by page. What a dead worker left is opened in vain. */
static enum status open_both(struct pair *pair, struct error opened[SIDES], struct error *err)
{
	struct opening openings[SIDES];
	pthread_t thread;
	int result;

	for (int side = 0; side < SIDES; side++)
		openings[side] = (struct opening){
			&pair->indexes[side], pair->index_fds[side], &opened[side]};
	result = pthread_create(&thread, NULL, open_one, &openings[REBUILT]);
	if (result != 0)
		return error_set(err, STATUS_IO, "a thread cannot start: %s", strerror(result));
	open_one(&openings[PUBLISHED]);
	pthread_join(thread, NULL);
	return STATUS_OK;
}

enum status pair_make_indexes(struct pair *pair, struct error *err)
{
	struct pair_job jobs[SIDES];
	struct error opened[SIDES];
	enum status status;

	for (int side = 0; side < SIDES; side++)
		jobs[side] = (struct pair_job){pair, side, pair->index_fds[side], -1, NULL};
	status = pair_run(jobs, SIDES, pair_job_index, pair->trouble, err);
	if (status == STATUS_OK)
		status = open_both(pair, opened, err);
	for (int side = 0; side < SIDES && status == STATUS_OK; side++) {
		bool is_index = pair->sides[side]->is_index;

		/* A worker that was ended is a finding about what it read, the rest is trouble. */
		if (pair->trouble[side].status == STATUS_LIMIT && !is_index)
			continue;
		if (pair->trouble[side].status != STATUS_OK) {
			*err = pair->trouble[side];
			return refuse_index(pair, side, err);
		}
		status = opened[side].status;
		if (status == STATUS_OK)
			status = check_digest(pair, side, err);
		else
			*err = opened[side];
		if (status < 0 && is_index)
			return refuse_index(pair, side, err);
		/* Nor is what a worker wrote that was taken over. */
		if (status == STATUS_FORMAT || status == STATUS_LIMIT) {
			error_context(err, "what the process that read it wrote");
			pair->trouble[side] = *err;
			status = STATUS_OK;
		}
	}
	return status;
}
