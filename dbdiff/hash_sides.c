/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>

#include "base/alloc.h"
#include "dbdiff/dbdiff.h"

#define READ_SIZE ((size_t)128 * 1024)

struct hashing {
	struct comparison_side *side;
	enum status status;
	struct error err;
};

/* From the start, whatever the descriptor's offset is, which stays as it is. */
static void *hash_side(void *context)
{
	struct hashing *hashing = context;
	unsigned char *block = xmalloc(READ_SIZE);
	uint64_t offset = 0;
	struct hash hash;

	hashing->status = file_state_take(hashing->side->fd, &hashing->side->state, &hashing->err);
	if (hashing->side->is_index) {
		free(block);
		return NULL;
	}
	posix_fadvise(hashing->side->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	hash_init(&hash);
	while (hashing->status == STATUS_OK) {
		ssize_t got = pread(hashing->side->fd, block, READ_SIZE, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			hashing->status =
				error_set_errno(&hashing->err, "reading at %" PRIu64, offset);
		if (got <= 0)
			break;
		hash_update(&hash, block, (size_t)got);
		offset += (uint64_t)got;
	}
	hash_finish(&hash, &hashing->side->sha256);
	hashing->side->size = offset;
	hash_release(&hash);
	free(block);
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
