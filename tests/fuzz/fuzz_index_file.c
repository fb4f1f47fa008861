/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include "dbdiff/index_file.h"
#include "tests/fuzz/fuzz.h"

bool fuzz_accepted;

static void walk(struct index *index, int64_t container, struct error *err)
{
	struct index_cursor cursor = {0};

	if (index_cursor_open(&cursor, index, container, err) == STATUS_OK)
		while (index_cursor_next(&cursor, err) == STATUS_OK)
			;
	index_cursor_release(&cursor);
}

/* The input as a file, and as the rows of one, which it would not find its way into. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("file", 0), rows_fd = memfd_create("rows", 0);
	size_t bound = ZSTD_compressBound(size), packed_size;
	char *packed = malloc(bound + 2);
	struct index_head head;
	struct index index = {0};
	struct source *source;
	struct error err;

	if (packed == NULL || write(fd, data, size) != (ssize_t)size)
		abort();
	fuzz_accepted = index_file_check(fd, &head, &err) == STATUS_OK;
	if (fuzz_accepted)
		index_head_release(&head);
	close(fd);
	fd = memfd_create("index", 0);
	packed[0] = packed[1] = '\n';
	packed_size = 2 + ZSTD_compress(packed + 2, bound, data, size, 1);
	if (write(rows_fd, packed, packed_size) != (ssize_t)packed_size)
		abort();
	source = source_file_new(rows_fd, packed_size);
	if (index_create(&index, fd, &err) < 0)
		abort();
	if (index_file_load(source, &limits_default, &index, &err) == STATUS_OK)
		fuzz_accepted = true;
	index_commit(&index, &err);
	index_release(&index);
	if (index_open(&index, fd, &err) == STATUS_OK) {
		walk(&index, 0, &err);
		walk(&index, 1, &err);
	}
	index_release(&index);
	source_free(source);
	close(fd);
	close(rows_fd);
	free(packed);
	return 0;
}
