/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/line_reader.h"

#include <string.h>

enum status line_reader_open(
	struct line_reader *reader, const struct data_file *file, struct error *err)
{
	*reader = (struct line_reader){0};
	return data_content_open(file, &reader->content, err);
}

static void line_add(struct line_reader *reader, size_t len)
{
	size_t room = LINE_READER_MAX - reader->text.len;

	reader->is_cut = reader->is_cut || len > room;
	buffer_add(&reader->text, reader->data, len < room ? len : room);
}

enum status line_reader_next(struct line_reader *reader, const char **line, struct error *err)
{
	bool has_any = false;

	buffer_clear(&reader->text);
	reader->is_cut = reader->has_end = false;
	while (!reader->has_end) {
		const unsigned char *newline;
		size_t len;

		if (reader->len == 0) {
			enum status status = data_content_next(
				reader->content, &reader->data, &reader->len, err);

			if (status < 0)
				return status;
			if (reader->len == 0)
				break;
		}
		has_any = true;
		newline = memchr(reader->data, '\n', reader->len);
		len = newline ? (size_t)(newline - reader->data) : reader->len;
		line_add(reader, len);
		reader->has_end = newline != NULL;
		len += reader->has_end;
		reader->data += len;
		reader->len -= len;
	}
	if (!has_any)
		return STATUS_END;
	reader->number++;
	if (reader->text.len > 0 && reader->text.data[reader->text.len - 1] == '\r')
		buffer_truncate(&reader->text, reader->text.len - 1);
	*line = buffer_text(&reader->text);
	return STATUS_OK;
}

void line_reader_release(struct line_reader *reader)
{
	data_content_free(reader->content);
	buffer_release(&reader->text);
	*reader = (struct line_reader){0};
}
