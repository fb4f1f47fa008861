/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/outcome.h"

#include <unistd.h>

#include "dbdiff/compare_fields.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/residue.h"

/* The bytes that differences are counted in, of one side. */
struct counted {
	struct side_bytes bytes;
	struct buffer stream;  /* the format of the stream that was taken off, or empty */
	bool is_plain;	       /* trust T7 lets it be taken off */
	struct digest content; /* of what it holds */
};

/* The artifact's own row: its format, when it is a stream. */
static enum status find_stream(
	const struct outcome_side *side, struct counted *counted, struct error *err)
{
	struct index_cursor cursor = {0};
	enum status status = index_cursor_open(&cursor, side->index, 0, err);

	if (status == STATUS_OK)
		status = index_cursor_next(&cursor, err);
	if (status == STATUS_OK && cursor.row.format != NULL) {
		const struct format *format = format_named(cursor.row.format);

		if (format != NULL && format->is_stream)
			buffer_add_text(&counted->stream, cursor.row.format);
		counted->is_plain = cursor.row.inspected && row_is_plain_stream(&cursor.row);
	}
	index_cursor_release(&cursor);
	return status < 0 ? status : STATUS_OK;
}

/* What the outermost stream holds, which the walk left in the first spool if it went so far. */
static enum status find_content(
	const struct outcome_side *side, struct counted *counted, bool *is_found, struct error *err)
{
	struct index_cursor cursor = {0};
	enum status status = index_cursor_open(&cursor, side->index, INDEX_ARTIFACT_ID, err);

	*is_found = false;
	while (status == STATUS_OK && (status = index_cursor_next(&cursor, err)) == STATUS_OK) {
		if (cursor.row.position != 0 || !cursor.row.is_hashed ||
			lseek(side->spool_fd, 0, SEEK_END) != (off_t)cursor.row.size)
			continue;
		*is_found = true;
		counted->content = cursor.row.sha256;
		counted->bytes.fd = side->spool_fd;
		counted->bytes.size = cursor.row.size;
		counted->bytes.container = INDEX_ARTIFACT_ID;
		counted->bytes.sameness = NULL;
	}
	index_cursor_release(&cursor);
	return status < 0 ? status : STATUS_OK;
}

static void count_whole(const struct outcome_side *side, struct counted *counted)
{
	counted->bytes = (struct side_bytes){
		.fd = side->fd,
		.size = side->size,
		.index = side->index,
		.sameness = side->sameness,
	};
}

/* Both streams are taken off, or none. */
static enum status find_bytes(
	const struct outcome_side sides[SIDES], struct counted counted[SIDES], struct error *err)
{
	bool are_streams = true;

	for (int side = 0; side < SIDES; side++) {
		bool is_found = false;

		count_whole(&sides[side], &counted[side]);
		if (find_stream(&sides[side], &counted[side], err) < 0)
			return err->status;
		if (counted[side].stream.len > 0 &&
			find_content(&sides[side], &counted[side], &is_found, err) < 0)
			return err->status;
		are_streams = are_streams && is_found;
	}
	if (are_streams &&
		strcmp(buffer_text(&counted[PUBLISHED].stream),
			buffer_text(&counted[REBUILT].stream)) == 0)
		return STATUS_OK;
	for (int side = 0; side < SIDES; side++) {
		count_whole(&sides[side], &counted[side]);
		buffer_clear(&counted[side].stream);
	}
	return STATUS_OK;
}

/* A stream that may be taken off is the first wrapper, and what it holds is judged behind it. */
static enum status judge(const char *name, const struct counted counted[SIDES],
	const struct attributed *attributed, struct findings *findings, bool *is_content_equal,
	struct error *err)
{
	const struct side_bytes bytes[SIDES] = {counted[PUBLISHED].bytes, counted[REBUILT].bytes};
	bool is_stream = counted[PUBLISHED].stream.len > 0;
	struct buffer path = {0};
	enum status status = STATUS_OK;

	if (!findings->inspected || attributed->unattributed > 0 ||
		attributed->wrapped != attributed->differing)
		return STATUS_OK;
	if (is_stream && (!counted[PUBLISHED].is_plain || !counted[REBUILT].is_plain))
		return STATUS_OK;
	if (attributed->differing > 0)
		status = residue_is_equal(bytes, findings, is_content_equal, err);
	else
		*is_content_equal = is_stream &&
			digest_equal(&counted[PUBLISHED].content, &counted[REBUILT].content);
	if (status == STATUS_OK && *is_content_equal && is_stream) {
		buffer_add_text(&path, name);
		status = findings_add_wrapper(
			findings, &path, buffer_text(&counted[PUBLISHED].stream), NULL, err);
		buffer_release(&path);
	}
	return status;
}

enum status outcome_measure(const char *name, const struct outcome_side sides[SIDES],
	struct findings *findings, struct comparison *result, struct error *err)
{
	struct counted counted[SIDES] = {0};
	struct attributed attributed = {0};
	enum status status = find_bytes(sides, counted, err);

	if (status == STATUS_OK)
		status = attribute_bytes((const struct side_bytes[SIDES]){counted[PUBLISHED].bytes,
						 counted[REBUILT].bytes},
			findings, &attributed, err);
	if (status == STATUS_OK) {
		result->differing_bytes = (int64_t)attributed.differing;
		result->unattributed_bytes = (int64_t)attributed.unattributed;
		result->unexplained_bytes = (int64_t)attributed.unexplained;
		status =
			judge(name, counted, &attributed, findings, &result->is_content_equal, err);
	}
	for (int side = 0; side < SIDES; side++)
		buffer_release(&counted[side].stream);
	return status;
}
