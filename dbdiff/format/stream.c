/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/stream.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/path.h"
#include "dbdiff/pieces.h"

#define SKIPPABLE_MAGIC 0x184d2a50u /* its last four bits are free */

/* ---- for codecs ---- */

enum status stream_need(struct stream *stream, size_t want, const unsigned char **data, size_t *len,
	struct error *err)
{
	enum status status = source_peek(stream->source, want, data, len, err);

	if (status == STATUS_OK && *len < want)
		return error_set(err, STATUS_FORMAT, "%s: truncated at %" PRIu64,
			stream->codec->name, stream->source->offset);
	return status;
}

enum status stream_take(struct stream *stream, uint64_t len, enum region_kind kind,
	const char *name, struct error *err)
{
	struct region region = {
		.offset = stream->source->offset,
		.len = len,
		.kind = kind,
		.name = name,
		.owner = REGION_NO_OWNER,
		.content_offset = REGION_PACKED,
	};

	members_add_region(&stream->members, &region);
	return source_skip(stream->source, len, err);
}

enum status stream_take_window(struct stream *stream, uint64_t bytes, struct error *err)
{
	if (unpack_take_window(stream->members.room, &stream->window, bytes, err) < 0)
		return error_context(err, "%s", stream->codec->name);
	return STATUS_OK;
}

void stream_add_packed(struct stream *stream, uint64_t begin)
{
	members_add_content(
		&stream->members, begin, stream->source->offset - begin, 0, REGION_PACKED);
}

static uint32_t read_u32(const unsigned char *data)
{
	return data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

bool stream_is_skippable(const unsigned char *data, size_t len)
{
	return len >= SKIPPABLE_HEADER_SIZE && (read_u32(data) & ~15u) == SKIPPABLE_MAGIC;
}

enum status stream_skip_frame(struct stream *stream, struct error *err)
{
	const unsigned char *data;
	enum status status;
	uint64_t left;
	size_t len;

	status = stream_need(stream, SKIPPABLE_HEADER_SIZE, &data, &len, err);
	if (status != STATUS_OK)
		return status;
	left = SKIPPABLE_HEADER_SIZE + (uint64_t)read_u32(data + 4);
	if (stream->skipped_units++ == 0)
		hash_init(&stream->skipped);
	while (left > 0) {
		status = stream_need(stream, 1, &data, &len, err);
		if (status != STATUS_OK)
			return status;
		if (len > left)
			len = (size_t)left;
		hash_update(&stream->skipped, data, len);
		stream->skipped_bytes += len;
		left -= len;
		status = stream_take(stream, len, REGION_STRUCTURE, "skippable-frame", err);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

void stream_look_behind_skippable(
	const struct candidate *candidate, unsigned char *next, size_t want, size_t *got)
{
	const struct source *source = candidate->source;
	unsigned char header[SKIPPABLE_HEADER_SIZE];
	struct error ignored;
	uint64_t at = 0;

	*got = 0;
	for (unsigned frames = 0; frames < 64; frames++) {
		bool is_seen = at + want <= candidate->len;

		if (!is_seen && (source == NULL || source->size < want || at > source->size - want))
			return;
		if (is_seen)
			memcpy(header, candidate->data + at, sizeof(header));
		else if (source_pread(candidate->source, at, header, sizeof(header), &ignored) < 0)
			return;
		if (!stream_is_skippable(header, sizeof(header)))
			break;
		at += SKIPPABLE_HEADER_SIZE + (uint64_t)read_u32(header + 4);
	}
	if (at == 0)
		return;
	if (at + want <= candidate->len)
		memcpy(next, candidate->data + at, want);
	else if (source == NULL || source_pread(candidate->source, at, next, want, &ignored) < 0)
		return;
	*got = want;
}

/* ---- the one member's content ---- */

struct stream_content {
	struct pieces pieces;
	struct stream *stream;
};

static enum status decode(
	struct stream *stream, const unsigned char **data, size_t *len, struct error *err)
{
	enum status status;

	*len = 0;
	if (stream->is_read)
		return STATUS_END;
	if (stream->failure.status < 0) {
		*err = stream->failure;
		return err->status;
	}
	status = stream->codec->decode(stream, data, len, err);
	stream->is_read = status == STATUS_END;
	if (status < 0) {
		err->status = status;
		stream->failure = *err;
	}
	if (status != STATUS_OK && stream->codec->end != NULL) {
		stream->codec->end(stream);
		unpack_give_window(stream->members.room, &stream->window);
	}
	return status;
}

static enum status content_next(struct pieces *pieces, struct error *err)
{
	struct stream *stream = ((struct stream_content *)pieces)->stream;

	return decode(stream, &pieces->data, &pieces->len, err);
}

static void content_free(struct source *source)
{
	struct stream_content *content = (struct stream_content *)source;

	content->stream->is_open = false;
	pieces_release(&content->pieces);
	free(content);
}

static int content_file(const struct source *source, uint64_t *offset)
{
	const struct stream *stream = ((const struct stream_content *)source)->stream;

	*offset = 0;
	return stream->codec->file != NULL ? stream->codec->file(stream) : -1;
}

static const struct source_ops content_ops = {
	.peek = pieces_peek,
	.skip = pieces_skip,
	.free = content_free,
	.file = content_file,
};

/* ---- members ---- */

/* Nobody wanted the content, or it was too much for somebody. */
static enum status read_to_end(struct stream *stream, struct error *err)
{
	const unsigned char *data;
	enum status status = STATUS_OK;
	uint64_t total = 0;
	size_t len;

	if (!stream->is_read && stream->was_opened && stream->failure.status == STATUS_OK)
		return error_set(
			err, STATUS_LIMIT, "what the stream holds was not read to its end");
	while (status == STATUS_OK) {
		status = decode(stream, &data, &len, err);
		total += len;
		if (status == STATUS_OK && total > stream->limits->member_bytes)
			return error_set(err, STATUS_LIMIT,
				"more than %" PRIu64 " bytes in one member (--limit member-bytes)",
				stream->limits->member_bytes);
	}
	return status;
}

static enum status stream_next(struct members *members, struct member *member, struct error *err)
{
	struct stream *stream = (struct stream *)members;
	enum status status = STATUS_OK;

	if (stream->is_open || stream->behind.is_open)
		return error_set(err, STATUS_USAGE, "the member before is still open");
	stream->has_content = false;
	if (stream->position == 0) {
		member_clear(member);
		member_set_name(member, stream->name, strlen(stream->name));
		member_add_field(member, "type", "stream");
		member->has_content = stream->has_content = true;
		stream->position++;
		return STATUS_OK;
	}
	if (stream->behind.source == NULL) {
		status = read_to_end(stream, err);
		if (status < 0)
			return status;
		stream->behind.members = members;
		stream->behind.source = stream->source;
	}
	status = behind_next(&stream->behind, stream->position, member, err);
	if (status == STATUS_OK)
		stream->position++;
	return status;
}

static enum status stream_content(
	struct members *members, struct source **content, struct error *err)
{
	struct stream *stream = (struct stream *)members;
	struct stream_content *new;

	if (stream->behind.source != NULL)
		return behind_open(&stream->behind, content, err);
	if (!stream->has_content || stream->is_open)
		return error_set(err, STATUS_USAGE, "there is no content to open");
	new = xcalloc(1, sizeof(*new));
	new->pieces.source = (struct source){.ops = &content_ops, .size = SOURCE_SIZE_UNKNOWN};
	new->pieces.next = content_next;
	new->stream = stream;
	stream->has_content = false;
	stream->was_opened = true;
	stream->is_open = true;
	*content = &new->pieces.source;
	return STATUS_OK;
}

static void add_part(struct buffer *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_part(struct buffer *text, const char *format, ...)
{
	va_list arguments;

	if (text->len > 0)
		buffer_add_text(text, ", ");
	va_start(arguments, format);
	buffer_add_vformat(text, format, arguments);
	va_end(arguments);
}

/* What T7 asks of a stream, in words when it is not so. */
static void say_form(const struct stream *stream, struct buffer *text)
{
	if (!stream->is_read || !stream->behind.is_done)
		add_part(text, "not read to its end");
	if (stream->units != 1)
		add_part(text, "%" PRIu64 " streams", stream->units);
	if (stream->extra > 0)
		add_part(text, "%" PRIu64 " bytes of optional header fields", stream->extra);
	if (stream->skipped_units > 0)
		add_part(text, "%" PRIu64 " skippable frames", stream->skipped_units);
	if (stream->padding + stream->behind.padding > 0)
		add_part(text, "%" PRIu64 " bytes of padding",
			stream->padding + stream->behind.padding);
	if (stream->behind.has_trailing)
		add_part(text, "bytes behind its end");
	if (text->len == 0)
		buffer_add_text(text, "plain");
}

static void stream_describe(struct members *members, struct member *container)
{
	struct stream *stream = (struct stream *)members;
	char hex[SHA256_HEX_SIZE];
	struct buffer text = {0};
	struct digest digest;

	say_form(stream, &text);
	member_add_field(container, "stream", "%s", buffer_text(&text));
	buffer_release(&text);
	if (stream->skipped_units > 0) {
		hash_finish(&stream->skipped, &digest);
		digest_hex(&digest, hex);
		member_add_field(container, "skippable-frame", "%" PRIu64 " bytes, sha256 %s",
			stream->skipped_bytes, hex);
	}
	buffer_add(
		&container->fields, buffer_text(&stream->fields.fields), stream->fields.fields.len);
}

static void stream_free(struct members *members)
{
	struct stream *stream = (struct stream *)members;

	stream->codec->free(stream);
	unpack_give_window(stream->members.room, &stream->window);
	if (stream->skipped_units > 0)
		hash_release(&stream->skipped);
	member_release(&stream->fields);
	free(stream->state);
	free(stream->out);
	free(stream->name);
	free(stream);
}

static const struct members_ops stream_ops = {
	.next = stream_next,
	.open = stream_content,
	.describe = stream_describe,
	.free = stream_free,
};

/* "rootfs.tar.gz" holds "rootfs.tar", "x.tgz" holds "x.tar". */
char *stream_name(const char *path)
{
	const char *name = path_basename(path);
	const char *dot = strrchr(name, '.');
	static const struct {
		const char *suffix;
		const char *instead;
	} suffixes[] = {
		{".gz", ""},
		{".bz2", ""},
		{".xz", ""},
		{".lzma", ""},
		{".zst", ""},
		{".lz4", ""},
		{".lz", ""},
		{".lzo", ""},
		{".Z", ""},
		{".z", ""},
		{".tgz", ".tar"},
		{".tbz", ".tar"},
		{".tbz2", ".tar"},
		{".txz", ".tar"},
		{".tlz", ".tar"},
		{".tzst", ".tar"},
		{".svgz", ".svg"},
		{NULL, NULL},
	};

	for (size_t i = 0; dot != NULL && dot != name && suffixes[i].suffix != NULL; i++) {
		if (strcmp(dot, suffixes[i].suffix) == 0)
			return xasprintf("%.*s%s", (int)(dot - name), name, suffixes[i].instead);
	}
	return xasprintf("%s.decompressed", name);
}

enum status stream_open(const struct codec *codec, struct source *source, const char *name,
	const struct limits *limits, struct members **members, struct error *err)
{
	struct stream *stream = xcalloc(1, sizeof(*stream));

	(void)err;
	stream->members.ops = &stream_ops;
	stream->codec = codec;
	stream->source = source;
	stream->limits = limits;
	stream->state = xcalloc(1, codec->state_size);
	stream->out = xmalloc(STREAM_OUT_SIZE);
	stream->name = stream_name(name);
	*members = &stream->members;
	return STATUS_OK;
}
