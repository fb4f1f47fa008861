/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/index_stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/hash.h"
#include "snapshot/store.h"

#define READ_SIZE    ((size_t)256 * 1024)
#define STANZA_LIMIT ((size_t)16 * 1024 * 1024)

struct index_stream {
	struct archive *archive; /* NULL: the store has it unpacked, and `fd` is read as it is */
	int fd;
	bool is_empty; /* nothing in it, which libarchive has no entry for */
	bool is_ended;
	struct content_hash hash;
	struct store *store;
	struct store_part part; /* what is unpacked is put into it; closed: it is not kept */
	uint64_t size;		/* of what came out */
	uint64_t packed_size;	/* of the file */
	const char *path;
	const struct release_file *plain; /* the uncompressed form, or NULL */
};

static enum status archive_fail(
	const struct index_stream *stream, const char *what, struct error *err)
{
	const char *text = archive_error_string(stream->archive);

	return error_set(err, STATUS_FORMAT, "%s: %s: %s", stream->path, what,
		text ? text : "unknown error");
}

static const struct release_file *plain_of(
	const struct suite_release *release, const struct release_file *file)
{
	const char *dot = strrchr(file->path, '.');
	const char *slash = strrchr(file->path, '/');
	const struct release_file *plain;
	char *path;

	if (!dot || (slash && dot < slash))
		return file;
	path = xstrndup(file->path, (size_t)(dot - file->path));
	plain = suite_release_find(release, path);
	free(path);
	return plain;
}

/*
 * An earlier reading may have kept what is inside, under the digest that Release has for it. One
 * that is damaged is quarantined by then, and the packed file is still there.
 */
static bool plain_open(struct index_stream *stream)
{
	struct error ignored;
	uint64_t size;

	return stream->plain && store_has(stream->store, &stream->plain->digest) &&
		store_read(stream->store, &stream->plain->digest, &stream->fd, &size, &ignored) ==
		STATUS_OK;
}

static enum status packed_open(
	struct index_stream *stream, const struct release_file *file, struct error *err)
{
	struct archive_entry *entry;
	int code;

	if (store_read(stream->store, &file->digest, &stream->fd, &stream->packed_size, err) < 0)
		return error_context(err, "%s", file->path);
	stream->archive = archive_read_new();
	archive_read_support_filter_all(stream->archive);
	archive_read_support_format_raw(stream->archive);
	archive_read_support_format_empty(stream->archive);
	if (archive_read_open_fd(stream->archive, stream->fd, READ_SIZE) != ARCHIVE_OK)
		return archive_fail(stream, "cannot be read", err);
	code = archive_read_next_header(stream->archive, &entry);
	if (code == ARCHIVE_EOF)
		stream->is_empty = true;
	else if (code != ARCHIVE_OK)
		return archive_fail(stream, "cannot be decompressed", err);
	return STATUS_OK;
}

enum status index_stream_open(struct store *store, const struct suite_release *release,
	const struct release_file *file, struct index_stream **stream, struct error *err)
{
	struct index_stream *opened = xcalloc(1, sizeof(*opened));

	*stream = NULL;
	opened->store = store;
	opened->fd = opened->part.fd = -1;
	opened->path = file->path;
	opened->plain = plain_of(release, file);
	content_hash_init(&opened->hash);
	if (!plain_open(opened) && packed_open(opened, file, err) < 0) {
		index_stream_close(opened);
		return err->status;
	}
	*stream = opened;
	return STATUS_OK;
}

void index_stream_keep(struct index_stream *stream)
{
	struct error ignored;

	if (stream->archive && stream->plain && !store_has(stream->store, &stream->plain->digest))
		(void)store_part_open(stream->store, NULL, &stream->part, &ignored);
}

void index_stream_close(struct index_stream *stream)
{
	if (!stream)
		return;
	archive_read_free(stream->archive);
	if (stream->fd >= 0)
		close(stream->fd);
	store_part_discard(stream->store, &stream->part);
	content_hash_release(&stream->hash);
	free(stream);
}

/*
 * libarchive stops without a word at what it takes for no part of a compressed stream. Where
 * Release says what is inside, its digest decides; where not, all of the file has to have been
 * read.
 */
static enum status end_check(struct index_stream *stream, struct error *err)
{
	struct digest digest;
	struct error ignored;
	struct sha1 sha1;
	int64_t left = 0;

	if (stream->is_ended)
		return STATUS_OK;
	stream->is_ended = true;
	content_hash_finish(&stream->hash, &digest, &sha1);
	if (stream->archive)
		left = (int64_t)stream->packed_size - archive_filter_bytes(stream->archive, -1);
	if (!stream->plain && left != 0)
		return error_set(err, STATUS_FORMAT,
			"%s: %jd bytes at its end are no part of what it unpacks to, and Release "
			"does not say what that is: refused",
			stream->path, (intmax_t)left);
	if (!stream->plain ||
		(digest_equal(&digest, &stream->plain->digest) &&
			stream->size == stream->plain->size)) {
		/* Without it the next reading unpacks again. */
		if (stream->part.fd >= 0)
			(void)store_part_commit(
				stream->store, &stream->part, &digest, &sha1, &ignored);
		return STATUS_OK;
	}
	return error_set(err, STATUS_TRUST,
		"%s: what is inside has another sha256 than Release says for %s: refused",
		stream->path, stream->plain->path);
}

static ssize_t plain_read(struct index_stream *stream, void *data, size_t len)
{
	ssize_t count;

	do
		count = read(stream->fd, data, len);
	while (count < 0 && errno == EINTR);
	return count;
}

enum status index_stream_read(
	struct index_stream *stream, void *data, size_t len, size_t *got, struct error *err)
{
	la_ssize_t count = 0;
	struct error ignored;

	*got = 0;
	if (!stream->archive && !stream->is_ended)
		count = plain_read(stream, data, len);
	else if (!stream->is_empty && !stream->is_ended)
		count = archive_read_data(stream->archive, data, len);
	if (count < 0 && !stream->archive)
		return error_set_errno(err, "%s: reading", stream->path);
	if (count < 0)
		return archive_fail(stream, "cannot be decompressed", err);
	if (count == 0)
		return end_check(stream, err);
	if (stream->part.fd < 0) {
		hash_update(&stream->hash.hash, data, (size_t)count);
	} else {
		content_hash_update(&stream->hash, data, (size_t)count);
		if (store_part_write(stream->store, &stream->part, data, (size_t)count, &ignored) <
			0)
			store_part_discard(stream->store, &stream->part);
	}
	stream->size += (uint64_t)count;
	*got = (size_t)count;
	return STATUS_OK;
}

/* Where the last whole stanza ends, from the start; 0 for none. */
static size_t stanzas_end(const struct buffer *text)
{
	for (size_t i = text->len; i >= 2; i--) {
		if (text->data[i - 1] == '\n' && text->data[i - 2] == '\n')
			return i;
	}
	return 0;
}

static enum status stanzas_parse(const struct buffer *text, size_t len,
	enum status (*stanzas)(void *context, struct deb822 *reader, struct error *err),
	void *context, struct error *err)
{
	struct deb822 reader;

	if (len == 0)
		return STATUS_OK;
	deb822_init(&reader, text->data, len);
	return stanzas(context, &reader, err);
}

enum status index_stream_parse(struct index_stream *stream,
	enum status (*stanzas)(void *context, struct deb822 *reader, struct error *err),
	void *context, struct error *err)
{
	struct buffer text = {0};
	enum status status = STATUS_OK;
	size_t got = 1;

	while (status == STATUS_OK && got) {
		size_t end;

		status = index_stream_read(
			stream, buffer_reserve(&text, READ_SIZE), READ_SIZE, &got, err);
		if (status < 0)
			break;
		text.len += got;
		end = got ? stanzas_end(&text) : text.len;
		status = stanzas_parse(&text, end, stanzas, context, err);
		if (end) {
			memmove(text.data, text.data + end, text.len - end);
			buffer_truncate(&text, text.len - end);
		}
		if (status == STATUS_OK && text.len > STANZA_LIMIT)
			status = error_set(err, STATUS_LIMIT, "a stanza is too long");
	}
	buffer_release(&text);
	return status < 0 ? error_context(err, "%s", stream->path) : STATUS_OK;
}
