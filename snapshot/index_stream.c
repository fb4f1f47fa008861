/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/index_stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/hash.h"

#define READ_SIZE    ((size_t)256 * 1024)
#define STANZA_LIMIT ((size_t)16 * 1024 * 1024)

struct index_stream {
	struct archive *archive;
	int fd;
	bool is_empty; /* nothing in it, which libarchive has no entry for */
	bool is_ended;
	struct hash hash;
	uint64_t size;	      /* of what came out */
	uint64_t packed_size; /* of the file */
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

enum status index_stream_open(struct store *store, const struct suite_release *release,
	const struct release_file *file, struct index_stream **stream, struct error *err)
{
	struct index_stream *opened = xcalloc(1, sizeof(*opened));
	struct archive_entry *entry;
	int code;

	*stream = NULL;
	opened->fd = -1;
	opened->path = file->path;
	opened->plain = plain_of(release, file);
	hash_init(&opened->hash);
	opened->archive = archive_read_new();
	if (store_read(store, &file->digest, &opened->fd, &opened->packed_size, err) < 0) {
		error_context(err, "%s", file->path);
		goto fail;
	}
	archive_read_support_filter_all(opened->archive);
	archive_read_support_format_raw(opened->archive);
	archive_read_support_format_empty(opened->archive);
	if (archive_read_open_fd(opened->archive, opened->fd, READ_SIZE) != ARCHIVE_OK) {
		archive_fail(opened, "cannot be read", err);
		goto fail;
	}
	code = archive_read_next_header(opened->archive, &entry);
	if (code == ARCHIVE_EOF) {
		opened->is_empty = true;
	} else if (code != ARCHIVE_OK) {
		archive_fail(opened, "cannot be decompressed", err);
		goto fail;
	}
	*stream = opened;
	return STATUS_OK;
fail:
	index_stream_close(opened);
	return err->status;
}

void index_stream_close(struct index_stream *stream)
{
	if (!stream)
		return;
	archive_read_free(stream->archive);
	if (stream->fd >= 0)
		close(stream->fd);
	hash_release(&stream->hash);
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
	int64_t left;

	if (stream->is_ended)
		return STATUS_OK;
	stream->is_ended = true;
	hash_finish(&stream->hash, &digest);
	left = (int64_t)stream->packed_size - archive_filter_bytes(stream->archive, -1);
	if (!stream->plain && left != 0)
		return error_set(err, STATUS_FORMAT,
			"%s: %jd bytes at its end are no part of what it unpacks to, and Release "
			"does not say what that is: refused",
			stream->path, (intmax_t)left);
	if (!stream->plain ||
		(digest_equal(&digest, &stream->plain->digest) &&
			stream->size == stream->plain->size))
		return STATUS_OK;
	return error_set(err, STATUS_TRUST,
		"%s: what is inside has another sha256 than Release says for %s: refused",
		stream->path, stream->plain->path);
}

enum status index_stream_read(
	struct index_stream *stream, void *data, size_t len, size_t *got, struct error *err)
{
	la_ssize_t count = 0;

	*got = 0;
	if (!stream->is_empty && !stream->is_ended)
		count = archive_read_data(stream->archive, data, len);
	if (count < 0)
		return archive_fail(stream, "cannot be decompressed", err);
	if (count == 0)
		return end_check(stream, err);
	hash_update(&stream->hash, data, (size_t)count);
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
