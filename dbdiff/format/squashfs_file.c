/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/squashfs.h"

#include "base/array.h"

static int file_read_at(sqfs_file_t *base, sqfs_u64 offset, void *buffer, size_t size)
{
	struct squashfs_file *file = (struct squashfs_file *)base;

	return source_pread(file->source, offset, buffer, size, &file->error) < 0 ? SQFS_ERROR_IO
										  : 0;
}

static int file_write_at(sqfs_file_t *base, sqfs_u64 offset, const void *buffer, size_t size)
{
	(void)base;
	(void)offset;
	(void)buffer;
	(void)size;
	return SQFS_ERROR_UNSUPPORTED;
}

static sqfs_u64 file_get_size(const sqfs_file_t *base)
{
	return ((const struct squashfs_file *)base)->source->size;
}

static int file_truncate(sqfs_file_t *base, sqfs_u64 size)
{
	(void)base;
	(void)size;
	return SQFS_ERROR_UNSUPPORTED;
}

void squashfs_file_init(struct squashfs_file *file, struct source *source)
{
	*file = (struct squashfs_file){
		.base =
			{
				.read_at = file_read_at,
				.write_at = file_write_at,
				.get_size = file_get_size,
				.truncate = file_truncate,
			},
		.source = source,
	};
}

enum status squashfs_error_set(struct squashfs_file *file, int number, struct error *err)
{
	static const struct {
		int number;
		enum status status;
		const char *text;
	} errors[] = {
		{SQFS_ERROR_ALLOC, STATUS_LIMIT, "it asks for more memory than there is"},
		{SQFS_ERROR_COMPRESSOR, STATUS_FORMAT, "a block does not unpack"},
		{SQFS_ERROR_CORRUPTED, STATUS_FORMAT, "a structure is damaged"},
		{SQFS_ERROR_UNSUPPORTED, STATUS_UNSUPPORTED, "a form that cannot be read here"},
		{SQFS_ERROR_OVERFLOW, STATUS_FORMAT, "a number is out of range"},
		{SQFS_ERROR_OUT_OF_BOUNDS, STATUS_FORMAT, "short read: a table ends too early"},
		{SFQS_ERROR_SUPER_MAGIC, STATUS_FORMAT, "not a squashfs"},
		{SFQS_ERROR_SUPER_VERSION, STATUS_UNSUPPORTED, "not version 4.0"},
		{SQFS_ERROR_SUPER_BLOCK_SIZE, STATUS_FORMAT, "an impossible block size"},
		{SQFS_ERROR_NOT_DIR, STATUS_FORMAT, "not a directory"},
	};

	if (file->error.status < 0) {
		*err = file->error;
		return file->error.status;
	}
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].number == number)
			return error_set(err, errors[i].status, "%s", errors[i].text);
	return error_set(err, STATUS_FORMAT, "libsquashfs error %d", number);
}
