/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/file_copy.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"

#define CHUNK_SIZE ((size_t)1 << 20)

/* By hand: copy_file_range(2) does not go from one file system to another. */
static enum status stretch_copy(
	int from, int to, off_t at, off_t end, char *chunk, struct error *err)
{
	while (at < end) {
		size_t most = end - at < (off_t)CHUNK_SIZE ? (size_t)(end - at) : CHUNK_SIZE;
		ssize_t got = pread(from, chunk, most, at), put = 0;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, "cannot read");
		if (got == 0)
			return error_set(err, STATUS_IO, "it ends before its size");
		for (ssize_t done = 0; done < got; done += put) {
			put = pwrite(to, chunk + done, (size_t)(got - done), at + done);
			if (put < 0 && errno == EINTR)
				put = 0;
			if (put < 0)
				return error_set_errno(err, "cannot write");
		}
		at += got;
	}
	return STATUS_OK;
}

enum status file_copy(int from, int to, off_t size, struct error *err)
{
	enum status status = STATUS_OK;
	char *chunk;
	off_t at = 0;

	if (ioctl(to, FICLONE, from) == 0)
		return STATUS_OK;
	if (ftruncate(to, size) < 0)
		return error_set_errno(err, "cannot write");
	chunk = xmalloc(CHUNK_SIZE);
	while (status == STATUS_OK && at < size && (at = lseek(from, at, SEEK_DATA)) >= 0) {
		off_t end = lseek(from, at, SEEK_HOLE);

		if (end < 0)
			status = error_set_errno(err, "cannot tell what is written");
		else
			status = stretch_copy(from, to, at, end < size ? end : size, chunk, err);
		at = end;
	}
	/* ENXIO: nothing but a hole is left. */
	if (status == STATUS_OK && at < 0 && errno != ENXIO)
		status = error_set_errno(err, "cannot read");
	free(chunk);
	return status;
}
