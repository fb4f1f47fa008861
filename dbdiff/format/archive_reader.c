/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/archive_reader.h"

#include <errno.h>

#include "base/alloc.h"

#define RECORD_SIZE 512 /* of tar; whole ones keep libarchive from copying across windows */

static void remember_tail(struct archive_reader *reader, const unsigned char *data, size_t len)
{
	size_t added = len < READER_TAIL_SIZE ? len : READER_TAIL_SIZE;
	size_t kept = READER_TAIL_SIZE - added;

	/* Windows may be small, and what was before the last is looked at too. */
	if (kept > reader->tail_len)
		kept = reader->tail_len;
	memmove(reader->tail, reader->tail + reader->tail_len - kept, kept);
	memcpy(reader->tail + kept, data + len - added, added);
	reader->tail_len = kept + added;
}

/* Leaves the window that libarchive had, keeping its end. */
static enum status leave_window(struct archive_reader *reader)
{
	const unsigned char *data;
	enum status status;
	size_t len;

	if (reader->given == 0)
		return STATUS_OK;
	status = source_peek(reader->source, reader->given, &data, &len, &reader->failure);
	if (status != STATUS_OK)
		return status;
	remember_tail(reader, data, reader->given);
	status = source_skip(reader->source, reader->given, &reader->failure);
	reader->given = 0;
	return status;
}

static la_ssize_t read_window(struct archive *archive, void *context, const void **window)
{
	struct archive_reader *reader = context;
	const unsigned char *data = NULL;
	size_t len = 0;

	if (reader->failure.status < 0 || leave_window(reader) != STATUS_OK ||
		source_peek(reader->source, RECORD_SIZE, &data, &len, &reader->failure) !=
			STATUS_OK) {
		archive_set_error(archive, EIO, "%s", "the container cannot be read");
		return -1;
	}
	if (len > RECORD_SIZE)
		len -= len % RECORD_SIZE;
	reader->given = len;
	*window = data;
	return (la_ssize_t)len;
}

/*
 * libarchive has read all it was given when it asks to go on by more. It asks again and again where
 * it is told of a failure: 0 makes it read, which fails for what failed here.
 */
static la_int64_t skip_bytes(struct archive *archive, void *context, la_int64_t request)
{
	struct archive_reader *reader = context;
	struct source *source = reader->source;
	uint64_t left;

	(void)archive;
	if (reader->failure.status < 0 || leave_window(reader) != STATUS_OK)
		return 0;
	if (source->size == SOURCE_SIZE_UNKNOWN || source->size < source->offset)
		return 0;
	left = source->size - source->offset;
	if (request <= 0 || left == 0)
		return 0;
	if ((uint64_t)request > left)
		request = (la_int64_t)left;
	reader->tail_len = 0;
	if (source_skip(source, (uint64_t)request, &reader->failure) != STATUS_OK)
		return 0;
	return request;
}

static bool are_zeros(const unsigned char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] != 0)
			return false;
	}
	return true;
}

bool archive_reader_copy(
	struct archive_reader *reader, uint64_t from, uint64_t to, unsigned char *data)
{
	uint64_t window = reader->source->offset;
	const unsigned char *seen;
	struct error ignored;
	size_t len;

	if (from > to)
		return false;
	if (from + reader->tail_len < window || to > window + reader->given)
		return source_can_seek(reader->source) &&
			source_pread(reader->source, from, data, (size_t)(to - from), &ignored) ==
			STATUS_OK;
	if (from < window) {
		uint64_t end = to < window ? to : window;

		memcpy(data, reader->tail + reader->tail_len - (window - from),
			(size_t)(end - from));
		data += end - from;
		from = end;
	}
	if (from == to)
		return true;
	if (source_peek(reader->source, reader->given, &seen, &len, &ignored) != STATUS_OK ||
		to - window > len)
		return false;
	memcpy(data, seen + (from - window), (size_t)(to - from));
	return true;
}

bool archive_reader_saw_zeros(struct archive_reader *reader, uint64_t from, uint64_t to)
{
	unsigned char data[4 * RECORD_SIZE];

	while (from < to) {
		uint64_t len = to - from < sizeof(data) ? to - from : sizeof(data);

		if (!archive_reader_copy(reader, from, from + len, data) ||
			!are_zeros(data, (size_t)len))
			return false;
		from += len;
	}
	return true;
}

enum status archive_reader_error(struct archive_reader *reader, struct error *err)
{
	const char *text;

	if (reader->failure.status < 0) {
		*err = reader->failure;
		return err->status;
	}
	text = archive_error_string(reader->archive);
	return error_set(err, STATUS_FORMAT, "%s", text != NULL ? text : "libarchive gives up");
}

enum status archive_reader_open(struct archive_reader *reader, struct source *source,
	int (*prepare)(struct archive *archive), struct error *err)
{
	locale_t before;
	int result;

	reader->source = source;
	reader->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (reader->locale == (locale_t)0)
		return error_set_errno(err, "the locale C.UTF-8");
	reader->archive = archive_read_new();
	if (reader->archive == NULL)
		return error_set(err, STATUS_IO, "libarchive cannot start");
	archive_read_set_read_callback(reader->archive, read_window);
	archive_read_set_skip_callback(reader->archive, skip_bytes);
	archive_read_set_callback_data(reader->archive, reader);
	/* A filter that is not built in would be run as a program: ARCHIVE_WARN says so. */
	if (prepare(reader->archive) != ARCHIVE_OK)
		return error_set(
			err, STATUS_UNSUPPORTED, "libarchive is built without this format");
	before = uselocale(reader->locale);
	result = archive_read_open1(reader->archive);
	uselocale(before);
	/* A filter that fails while formats bid only leaves its text: nothing would be "empty". */
	if (result < ARCHIVE_WARN || reader->failure.status < 0 ||
		archive_errno(reader->archive) != 0)
		return archive_reader_error(reader, err);
	return STATUS_OK;
}

void archive_reader_release(struct archive_reader *reader)
{
	if (reader->archive != NULL)
		archive_read_free(reader->archive);
	if (reader->locale != (locale_t)0)
		freelocale(reader->locale);
	*reader = (struct archive_reader){0};
}

/* ---- what libarchive did not take ---- */

struct rest {
	struct pieces pieces;
	struct source *inner;
	size_t taken; /* of the inner window that is the piece in hand */
	unsigned char *tail;
};

static enum status rest_next(struct pieces *pieces, struct error *err)
{
	struct rest *rest = (struct rest *)pieces;
	enum status status = source_skip(rest->inner, rest->taken, err);

	rest->taken = 0;
	if (status != STATUS_OK)
		return status;
	status = source_peek(rest->inner, 1, &pieces->data, &pieces->len, err);
	if (status != STATUS_OK)
		return status;
	rest->taken = pieces->len;
	return rest->taken > 0 ? STATUS_OK : STATUS_END;
}

static void rest_free(struct source *source)
{
	struct rest *rest = (struct rest *)source;

	pieces_release(&rest->pieces);
	free(rest->tail);
	free(rest);
}

static const struct source_ops rest_ops = {
	.peek = pieces_peek,
	.skip = pieces_skip,
	.free = rest_free,
};

enum status archive_reader_rest(
	struct archive_reader *reader, struct source **out, struct error *err)
{
	la_int64_t taken = archive_filter_bytes(reader->archive, -1);
	uint64_t window = reader->source->offset;
	struct rest *rest;

	*out = NULL;
	if (taken < 0 || (uint64_t)taken + reader->tail_len < window ||
		(uint64_t)taken > window + reader->given)
		return error_set(err, STATUS_UNSUPPORTED,
			"cannot tell whether all of the container was read");
	rest = xcalloc(1, sizeof(*rest));
	rest->pieces.source = (struct source){.ops = &rest_ops, .size = SOURCE_SIZE_UNKNOWN};
	rest->pieces.next = rest_next;
	rest->inner = reader->source;
	*out = &rest->pieces.source;
	if ((uint64_t)taken >= window)
		return source_skip(reader->source, (uint64_t)taken - window, err);
	rest->pieces.len = (size_t)(window - (uint64_t)taken);
	rest->tail = xmalloc(rest->pieces.len);
	memcpy(rest->tail, reader->tail + reader->tail_len - rest->pieces.len, rest->pieces.len);
	rest->pieces.data = rest->tail;
	return STATUS_OK;
}
