/* SPDX-License-Identifier: Apache-2.0 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"

#define READ_SIZE ((size_t)256 * 1024)

/*
 * The least that comparing archives takes: libarchive goes through each, with the SHA-256 of every
 * member and of the file itself. Prints the members of each.
 *
 * usage: archive_loop FILE...
 */
struct input {
	int fd;
	struct hash hash;
	unsigned char data[READ_SIZE];
};

static la_ssize_t read_input(struct archive *archive, void *context, const void **data)
{
	struct input *input = context;
	ssize_t got = read(input->fd, input->data, READ_SIZE);

	if (got < 0) {
		archive_set_error(archive, errno, "read");
		return -1;
	}
	hash_update(&input->hash, input->data, (size_t)got);
	*data = input->data;
	return got;
}

static int hash_member(struct archive *archive, struct hash *hash)
{
	struct digest digest;
	const void *data;
	la_int64_t offset;
	size_t len;
	int result;

	while ((result = archive_read_data_block(archive, &data, &len, &offset)) == ARCHIVE_OK)
		hash_update(hash, data, len);
	hash_finish(hash, &digest);
	return result == ARCHIVE_EOF ? ARCHIVE_OK : result;
}

static long count_members(struct archive *archive)
{
	struct archive_entry *entry;
	struct hash hash;
	long members = 0;
	int result;

	hash_init(&hash);
	while ((result = archive_read_next_header(archive, &entry)) == ARCHIVE_OK ||
		result == ARCHIVE_WARN) {
		result = hash_member(archive, &hash);
		if (result < ARCHIVE_WARN)
			break;
		members++;
	}
	hash_release(&hash);
	return result == ARCHIVE_EOF ? members : -1;
}

static long hash_archive(const char *path)
{
	struct archive *archive = archive_read_new();
	struct input *input = malloc(sizeof(*input));
	struct digest digest;
	long members = -1;

	if (archive == NULL || input == NULL)
		abort();
	hash_init(&input->hash);
	input->fd = open(path, O_RDONLY | O_CLOEXEC);
	archive_read_support_filter_all(archive);
	archive_read_support_format_all(archive);
	if (input->fd >= 0 &&
		archive_read_open(archive, input, NULL, read_input, NULL) == ARCHIVE_OK)
		members = count_members(archive);
	hash_finish(&input->hash, &digest);
	hash_release(&input->hash);
	archive_read_free(archive);
	if (input->fd >= 0)
		close(input->fd);
	free(input);
	return members;
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	for (int i = 1; i < argc; i++) {
		long members = hash_archive(argv[i]);

		if (members < 0) {
			fprintf(stderr, "archive_loop: %s cannot be read\n", argv[i]);
			return 1;
		}
		printf("%ld %s\n", members, argv[i]);
	}
	return 0;
}
