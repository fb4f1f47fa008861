/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/index_file.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/escape.h"
#include "base/number.h"
#include "dbdiff/dbdiff.h"

#define READ_SIZE ((size_t)256 * 1024)

static const char magic[] = "reproof index ";
static const char container_version[] = "1";

void index_head_release(struct index_head *head)
{
	free(head->name);
	*head = (struct index_head){0};
}

void index_head_lines(const struct index_head *head, struct buffer *out)
{
	char hex[SHA256_HEX_SIZE];

	digest_hex(&head->sha256, hex);
	buffer_add_format(
		out, "%s%s\ncomparer %s\nname ", magic, container_version, DBDIFF_VERSION);
	escape_line(out, head->name, strlen(head->name));
	buffer_add_format(out, "\nsize %" PRIu64 "\nsha256 %s\n", head->size, hex);
}

void index_head_checksum(const struct digest *checksum, struct buffer *out)
{
	char hex[SHA256_HEX_SIZE];

	digest_hex(checksum, hex);
	buffer_add_format(out, "checksum %s\n\n", hex);
}

static ssize_t read_at(int fd, void *data, size_t len, uint64_t offset)
{
	size_t done = 0;

	while (done < len) {
		ssize_t got = pread(fd, (char *)data + done, len - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

bool index_file_is(int fd)
{
	char data[sizeof(magic) - 1];

	return read_at(fd, data, sizeof(data), 0) == (ssize_t)sizeof(data) &&
		memcmp(data, magic, sizeof(data)) == 0;
}

size_t index_head_length(const char *data, size_t len)
{
	const char *end = memmem(data, len, "\n\n", 2);

	return end != NULL ? (size_t)(end - data) + 2 : 0;
}

/* Takes a line that begins with `key`; its rest is at *value. */
static bool take_line(
	const char **at, const char *end, const char *key, const char **value, size_t *len)
{
	const char *line_end = memchr(*at, '\n', (size_t)(end - *at));
	size_t key_len = strlen(key);

	if (line_end == NULL || (size_t)(line_end - *at) < key_len ||
		memcmp(*at, key, key_len) != 0)
		return false;
	*value = *at + key_len;
	*len = (size_t)(line_end - *value);
	*at = line_end + 1;
	return true;
}

static enum status damaged(struct error *err)
{
	return error_set(err, STATUS_FORMAT, "the index is damaged");
}

static enum status check_versions(
	const char **at, const char *end, const char **value, size_t *len, struct error *err)
{
	if (!take_line(at, end, magic, value, len))
		return error_set(err, STATUS_FORMAT, "it is no index of reproof");
	if (*len != strlen(container_version) || memcmp(*value, container_version, *len) != 0)
		return error_set(err, STATUS_UNSUPPORTED,
			"the index has a form that this version does not read");
	if (!take_line(at, end, "comparer ", value, len))
		return damaged(err);
	if (*len != strlen(DBDIFF_VERSION) || memcmp(*value, DBDIFF_VERSION, *len) != 0)
		return error_set(err, STATUS_UNSUPPORTED,
			"the index was made by another version (comparer %.*s, this is %s); "
			"make it again from the artifact",
			(int)(*len < 16 ? *len : 16), *value, DBDIFF_VERSION);
	return STATUS_OK;
}

/* *covered is the length of the lines that the checksum covers. */
static enum status parse_head(
	const char *data, size_t len, struct index_head *head, size_t *covered, struct error *err)
{
	const char *at = data, *end = data + len, *value;
	struct buffer name = {0};
	size_t value_len;
	bool is_good;

	if (check_versions(&at, end, &value, &value_len, err) < 0)
		return err->status;
	is_good = take_line(&at, end, "name ", &value, &value_len);
	if (is_good)
		escape_undo(&name, value, value_len);
	is_good = is_good && name.len > 0 && memchr(name.data, '/', name.len) == NULL &&
		strlen(buffer_text(&name)) == name.len &&
		take_line(&at, end, "size ", &value, &value_len) &&
		number_parse(value, value_len, &head->size) &&
		take_line(&at, end, "sha256 ", &value, &value_len) &&
		digest_parse(value, value_len, &head->sha256);
	*covered = (size_t)(at - data);
	is_good = is_good && take_line(&at, end, "checksum ", &value, &value_len) &&
		digest_parse(value, value_len, &head->checksum) && end - at == 1;
	head->name = buffer_detach(&name);
	return is_good ? STATUS_OK : damaged(err);
}

static enum status hash_rest(
	int fd, uint64_t offset, struct hash *hash, struct digest *checksum, struct error *err)
{
	unsigned char *data = xmalloc(READ_SIZE);
	ssize_t got;

	while ((got = read_at(fd, data, READ_SIZE, offset)) > 0) {
		hash_update(hash, data, (size_t)got);
		offset += (uint64_t)got;
	}
	hash_finish(hash, checksum);
	free(data);
	return got < 0 ? error_set_errno(err, "reading at %" PRIu64, offset) : STATUS_OK;
}

/* The lines are judged as they would be written, so that no two files say the same. */
static enum status check_bytes(int fd, const struct index_head *head, const char *data,
	size_t head_len, size_t covered, struct error *err)
{
	struct buffer lines = {0};
	struct digest checksum;
	struct hash hash;
	enum status status;

	index_head_lines(head, &lines);
	hash_init(&hash);
	hash_update(&hash, lines.data, lines.len);
	status = hash_rest(fd, head_len, &hash, &checksum, err);
	hash_release(&hash);
	if (status == STATUS_OK &&
		(lines.len != covered || memcmp(lines.data, data, covered) != 0 ||
			!digest_equal(&checksum, &head->checksum)))
		status = damaged(err);
	buffer_release(&lines);
	return status;
}

enum status index_file_check(int fd, struct index_head *head, struct error *err)
{
	char *data = xmalloc(INDEX_HEAD_MOST);
	ssize_t got = read_at(fd, data, INDEX_HEAD_MOST, 0);
	size_t head_len, covered = 0;
	enum status status;

	*head = (struct index_head){0};
	if (got < 0) {
		error_set_errno(err, "reading");
		free(data);
		return err->status;
	}
	head_len = index_head_length(data, (size_t)got);
	status = parse_head(data, head_len > 0 ? head_len : (size_t)got, head, &covered, err);
	if (status == STATUS_OK)
		status = check_bytes(fd, head, data, head_len, covered, err);
	free(data);
	if (status != STATUS_OK)
		index_head_release(head);
	return status;
}
