/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz_format.h"

static struct spool_pool pool;
static int fd = -1;

static void prepare(void)
{
	struct error err;

	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || spool_pool_open(&pool, 3, &err) < 0)
		abort();
}

/* By one decoder, and in a file by several, with two kinds of places for what comes out. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct limits limits = limits_default;

	limits.decoders = 3;
	limits.window_bytes = 64 << 20;
	limits.member_bytes = FUZZ_BYTES;
	if (fd < 0)
		prepare();
	fuzz_format(&format_xz, "x.xz", data, size);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	for (enum spool_place place = SPOOL_OUTERMOST; place <= SPOOL_AHEAD; place++) {
		const struct unpack_room room = {.pool = &pool, .place = place};
		struct source *source = source_file_new(fd, size);

		fuzz_open(&format_xz, "x.xz", source, &limits, &room);
		source_free(source);
	}
	return 0;
}
