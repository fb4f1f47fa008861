/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "dbdiff/dbdiff.h"

struct hashing {
	struct comparison_side *side;
	enum status status;
	struct error err;
};

static void *hash_side(void *context)
{
	struct hashing *hashing = context;
	struct comparison_side *side = hashing->side;

	hashing->status = file_state_take(side->fd, &side->state, &hashing->err);
	if (hashing->status != STATUS_OK || side->is_index)
		return NULL;
	posix_fadvise(side->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	if (lseek(side->fd, 0, SEEK_SET) < 0)
		hashing->status = error_set_errno(&hashing->err, "reading");
	else
		hashing->status = hash_fd(side->fd, &side->sha256, &side->size, &hashing->err);
	return NULL;
}

enum status dbdiff_hash(
	struct comparison_side *published, struct comparison_side *rebuilt, struct error *err)
{
	struct hashing first = {.side = published}, second = {.side = rebuilt};
	pthread_t thread;
	int result = pthread_create(&thread, NULL, hash_side, &second);

	if (result != 0)
		return error_set(err, STATUS_IO, "a thread cannot start: %s", strerror(result));
	hash_side(&first);
	pthread_join(thread, NULL);
	if (first.status != STATUS_OK || second.status != STATUS_OK)
		*err = first.status != STATUS_OK ? first.err : second.err;
	return first.status != STATUS_OK ? first.status : second.status;
}
