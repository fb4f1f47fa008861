/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_FUZZ_DATA_H
#define TESTS_FUZZ_FUZZ_DATA_H

#include <sys/mman.h>
#include <unistd.h>

#include "base/array.h"
#include "tests/fuzz/fuzz.h"
#include "verifier/coverage/claim.h"
#include "verifier/coverage/data_file.h"

bool fuzz_accepted;

/* The input as a file of outside data; false for an empty one. */
static inline bool fuzz_data(struct data_file *file, const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct error err = {0};
	bool is_taken = fd >= 0 && write(fd, data, size) == (ssize_t)size &&
		data_take(fd, "fuzz", file, &err) == STATUS_OK;

	if (fd >= 0)
		close(fd);
	fuzz_accepted = false;
	return is_taken;
}

/* What the seeds are about. */
static inline void fuzz_names(struct text_list *names)
{
	text_list_add(names, "openssl");
	text_list_add(names, "zlib");
	text_list_add(names, "zlib1g");
}

#endif
