/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/bundle_read.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Of a tar header (POSIX ustar), for what is said of one that does not belong here. */
#define TYPE_OFFSET 156
#define SIZE_OFFSET 124
#define NAME_BYTES  100

static const char *type_name(unsigned char type)
{
	switch (type) {
	case '1':
		return "a hard link";
	case '2':
		return "a symbolic link";
	case '3':
	case '4':
		return "a device";
	case '5':
		return "a directory";
	case '6':
		return "a FIFO";
	case '0':
	case '\0':
		return "a file";
	default:
		return "no plain file";
	}
}

/* Why a block is not what must stand there. */
static enum status header_refuse(
	const unsigned char *block, size_t len, const char *expected, struct error *err)
{
	static const unsigned char zeros[BUNDLE_BLOCK];

	if (len < BUNDLE_BLOCK)
		return error_set(
			err, STATUS_FORMAT, "it is cut off before %s: get it again", expected);
	if (memcmp(block, zeros, BUNDLE_BLOCK) == 0)
		return error_set(err, STATUS_FORMAT,
			"it ends before %s, which its manifest lists: get it again", expected);
	if (block[TYPE_OFFSET] != '0' && block[TYPE_OFFSET] != 'x')
		return error_set(err, STATUS_FORMAT,
			"where %s must stand there is %s, \"%.*s\": a bundle holds plain files "
			"only; refused",
			expected, type_name(block[TYPE_OFFSET]), NAME_BYTES, (const char *)block);
	return error_set(err, STATUS_FORMAT,
		"where %s must stand there is another header, of \"%.*s\": a bundle holds just "
		"what "
		"its manifest lists, in that order and as docs/bundle.md says; refused",
		expected, NAME_BYTES, (const char *)block);
}

static enum status blocks_expect(
	struct source *tar, const char *name, uint64_t size, struct error *err)
{
	struct buffer blocks = {0};
	const unsigned char *data;
	size_t len;
	enum status status;

	bundle_header(name, size, &blocks);
	status = source_peek(tar, blocks.len, &data, &len, err);
	if (status == STATUS_OK && (len < blocks.len || memcmp(data, blocks.data, blocks.len) != 0))
		status = header_refuse(data, len, name, err);
	if (status == STATUS_OK)
		status = source_skip(tar, blocks.len, err);
	buffer_release(&blocks);
	return status;
}

/* Behind a member's bytes, and twice a block at the end. */
static enum status zeros_expect(
	struct source *tar, size_t count, const char *where, struct error *err)
{
	const unsigned char *data;
	size_t len;

	if (source_peek(tar, count, &data, &len, err) < 0)
		return err->status;
	if (len < count)
		return error_set(
			err, STATUS_FORMAT, "it is cut off behind %s: get it again", where);
	for (size_t i = 0; i < count; i++) {
		if (data[i])
			return error_set(err, STATUS_TRUST,
				"there are bytes behind %s which nothing vouches for: refused",
				where);
	}
	return source_skip(tar, count, err);
}

static enum status manifest_read(struct bundle_reader *reader, uint64_t size, struct error *err)
{
	char *text = xmalloc((size_t)size + 1);
	enum status status;
	size_t got;

	status = source_read(reader->tar, text, (size_t)size, &got, err);
	if (status == STATUS_OK && got < size)
		status = error_set(
			err, STATUS_FORMAT, "it is cut off in its manifest: get it again");
	text[got] = '\0';
	if (status == STATUS_OK)
		status = zeros_expect(reader->tar, bundle_padding(size), BUNDLE_MANIFEST_NAME, err);
	if (status == STATUS_OK)
		status = bundle_manifest_parse(text, got, &reader->manifest, err);
	free(text);
	return status;
}

/* The manifest's size stands nowhere but in its own header. */
static enum status manifest_size(struct source *tar, uint64_t *size, struct error *err)
{
	const unsigned char *data;
	size_t len;

	*size = 0;
	if (source_peek(tar, BUNDLE_BLOCK, &data, &len, err) < 0)
		return err->status;
	if (len < BUNDLE_BLOCK)
		return error_set(err, STATUS_FORMAT, "this is no bundle: it holds %zu bytes", len);
	for (size_t i = 0; i < 11; i++) {
		unsigned char digit = data[SIZE_OFFSET + i];

		if (digit < '0' || digit > '7')
			return error_set(err, STATUS_FORMAT,
				"this is no bundle: it does not begin with " BUNDLE_MANIFEST_NAME);
		*size = *size * 8 + (digit - '0');
	}
	if (*size > BUNDLE_MANIFEST_LIMIT)
		return error_set(err, STATUS_LIMIT,
			"its manifest is said to have %ju bytes: refused", (uintmax_t)*size);
	return STATUS_OK;
}

enum status bundle_reader_open(struct source *tar, struct bundle_reader *reader, struct error *err)
{
	uint64_t size;

	*reader = (struct bundle_reader){.tar = tar};
	hash_init(&reader->hash);
	if (manifest_size(tar, &size, err) < 0 ||
		blocks_expect(tar, BUNDLE_MANIFEST_NAME, size, err) < 0 ||
		manifest_read(reader, size, err) < 0)
		bundle_reader_release(reader);
	return reader->tar ? STATUS_OK : err->status;
}

void bundle_reader_release(struct bundle_reader *reader)
{
	if (reader->tar)
		hash_release(&reader->hash);
	bundle_manifest_release(&reader->manifest);
	*reader = (struct bundle_reader){0};
}

/* Two blocks of zeros, and then nothing, neither in the tar nor behind the frame. */
static enum status end_expect(struct bundle_reader *reader, struct error *err)
{
	const unsigned char *data;
	size_t len;

	if (zeros_expect(reader->tar, (size_t)2 * BUNDLE_BLOCK, "its last member", err) < 0 ||
		source_peek(reader->tar, 1, &data, &len, err) < 0)
		return err->status;
	if (len)
		return error_set(err, STATUS_TRUST,
			"there is more in it behind its end mark, which nothing vouches for: "
			"refused");
	return STATUS_END;
}

enum status bundle_reader_next(
	struct bundle_reader *reader, const struct bundle_entry **entry, struct error *err)
{
	*entry = NULL;
	if (reader->next == reader->manifest.count)
		return end_expect(reader, err);
	reader->entry = &reader->manifest.entries[reader->next];
	if (blocks_expect(reader->tar, reader->entry->name, reader->entry->size, err) < 0)
		return err->status;
	reader->next++;
	reader->left = reader->entry->size;
	*entry = reader->entry;
	return STATUS_OK;
}

static enum status entry_end(struct bundle_reader *reader, struct error *err)
{
	char is_hex[SHA256_HEX_SIZE], said_hex[SHA256_HEX_SIZE];
	struct digest digest;

	hash_finish(&reader->hash, &digest);
	if (!digest_equal(&digest, &reader->entry->digest)) {
		digest_hex(&digest, is_hex);
		digest_hex(&reader->entry->digest, said_hex);
		return error_set(err, STATUS_TRUST,
			"%s has sha256 %s, its manifest says %s: refused", reader->entry->name,
			is_hex, said_hex);
	}
	return zeros_expect(
		reader->tar, bundle_padding(reader->entry->size), reader->entry->name, err);
}

enum status bundle_reader_read(
	struct bundle_reader *reader, const unsigned char **data, size_t *len, struct error *err)
{
	*len = 0;
	if (reader->left == 0)
		return entry_end(reader, err);
	if (source_peek(reader->tar, 1, data, len, err) < 0)
		return err->status;
	if (*len == 0)
		return error_set(err, STATUS_FORMAT, "it is cut off in %s: get it again",
			reader->entry->name);
	if (*len > reader->left)
		*len = (size_t)reader->left;
	hash_update(&reader->hash, *data, *len);
	reader->left -= *len;
	return source_skip(reader->tar, *len, err);
}
