/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/cpio.h"

#include <string.h>
#include <sys/stat.h>

#include "dbdiff/format/bytes.h"

#define MAGIC_SIZE 6
#define NEWC_SIZE  110
#define ODC_SIZE   76
#define TRAILER	   "TRAILER!!!" /* with its NUL */

static bool read_digits(const unsigned char *data, size_t len, unsigned bits, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned digit;

		if (data[i] >= '0' && data[i] <= '9')
			digit = data[i] - '0';
		else if ((data[i] | 0x20) >= 'a' && (data[i] | 0x20) <= 'f')
			digit = (data[i] | 0x20u) - 'a' + 10;
		else
			return false;
		if (digit >> bits != 0)
			return false;
		*value = *value << bits | digit;
	}
	return true;
}

static bool read_newc(const unsigned char *data, struct cpio_header *header)
{
	uint64_t values[13];

	for (size_t i = 0; i < 13; i++) {
		if (!read_digits(data + MAGIC_SIZE + 8 * i, 8, 4, &values[i]))
			return false;
	}
	*header = (struct cpio_header){
		.form = data[5] == '2' ? "crc" : "newc",
		.has_check = data[5] == '2',
		.alignment = 4,
		.size = NEWC_SIZE,
		.inode = (uint32_t)values[0],
		.mode = (uint32_t)values[1],
		.uid = (uint32_t)values[2],
		.gid = (uint32_t)values[3],
		.links = (uint32_t)values[4],
		.mtime = (uint32_t)values[5],
		.file_size = values[6],
		.major = (uint32_t)values[7],
		.minor = (uint32_t)values[8],
		.device_major = (uint32_t)values[9],
		.device_minor = (uint32_t)values[10],
		.name_size = (uint32_t)values[11],
		.check = (uint32_t)values[12],
	};
	return header->name_size > 0;
}

/* Fields of six digits but for the time and the size, which have eleven. */
static bool read_odc(const unsigned char *data, struct cpio_header *header)
{
	static const unsigned char sizes[] = {6, 6, 6, 6, 6, 6, 6, 11, 6, 11};
	uint64_t values[10];
	size_t at = MAGIC_SIZE;

	for (size_t i = 0; i < 10; i++) {
		if (!read_digits(data + at, sizes[i], 3, &values[i]))
			return false;
		at += sizes[i];
	}
	*header = (struct cpio_header){
		.form = "odc",
		.alignment = 1,
		.size = ODC_SIZE,
		.minor = (uint32_t)values[0],
		.inode = (uint32_t)values[1],
		.mode = (uint32_t)values[2],
		.uid = (uint32_t)values[3],
		.gid = (uint32_t)values[4],
		.links = (uint32_t)values[5],
		.device_minor = (uint32_t)values[6],
		.mtime = (uint32_t)values[7],
		.name_size = (uint32_t)values[8],
		.file_size = values[9],
	};
	return header->name_size > 0;
}

bool cpio_read_header(const unsigned char *data, size_t len, struct cpio_header *header)
{
	if (len >= NEWC_SIZE &&
		(memcmp(data, "070701", MAGIC_SIZE) == 0 ||
			memcmp(data, "070702", MAGIC_SIZE) == 0))
		return read_newc(data, header);
	return len >= ODC_SIZE && memcmp(data, "070707", MAGIC_SIZE) == 0 && read_odc(data, header);
}

unsigned cpio_padding(const struct cpio_header *header, uint64_t offset)
{
	return (header->alignment - (unsigned)(offset % header->alignment)) % header->alignment;
}

bool cpio_is_usual(const struct cpio_header *header, const unsigned char *data, size_t all)
{
	size_t digits = header->size - (header->has_check ? CPIO_CHECK_SIZE : 0);
	size_t name_end = header->size + header->name_size;
	uint32_t type = header->mode & S_IFMT;

	for (size_t i = 0; i < digits; i++) {
		if (data[i] >= 'a' && data[i] <= 'f')
			return false;
	}
	if (!header->has_check && header->check != 0)
		return false;
	if (type != S_IFCHR && type != S_IFBLK &&
		(header->device_major != 0 || header->device_minor != 0))
		return false;
	return data[name_end - 1] == '\0' && bytes_are_zero(data + name_end, all - name_end);
}

bool cpio_is_trailer(const struct cpio_header *header, const unsigned char *name, size_t len)
{
	return header->name_size == sizeof(TRAILER) && len >= sizeof(TRAILER) &&
		memcmp(name, TRAILER, sizeof(TRAILER)) == 0;
}
