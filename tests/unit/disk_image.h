/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_DISK_IMAGE_H
#define TESTS_UNIT_DISK_IMAGE_H

#include "tests/unit/index_fields.h"

/* For tests of disks: images in comparing.h's directory that no partitioner would write. */

/* Overwrites `len` bytes of a file, which is made longer where it ends before. */
MAYBE void poke(const char *name, uint64_t offset, const void *data, size_t len)
{
	char *path = path_join(comparing.directory, name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, data, len, (off_t)offset), (ssize_t)len);
	close(fd);
	free(path);
}

#endif
