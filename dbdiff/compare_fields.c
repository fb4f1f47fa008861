/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/compare_fields.h"

#include <inttypes.h>

#include "dbdiff/fields.h"
#include "dbdiff/format/formats.h"

#define SIZE_TEXT_SIZE 24

static const char absent[] = "(none)";

void fields_add_difference(
	struct buffer *out, const char *name, const char *published, const char *rebuilt)
{
	buffer_add(out, name, strlen(name) + 1);
	buffer_add(out, published, strlen(published) + 1);
	buffer_add(out, rebuilt, strlen(rebuilt) + 1);
}

static const char *size_text(const struct index_row *row, char text[SIZE_TEXT_SIZE])
{
	if (!row->has_content)
		return absent;
	if (!row->is_read)
		return "unknown";
	snprintf(text, SIZE_TEXT_SIZE, "%" PRIu64, row->size);
	return text;
}

static void add_size(
	const struct index_row *published, const struct index_row *rebuilt, struct buffer *out)
{
	char texts[2][SIZE_TEXT_SIZE];
	const char *text_published = size_text(published, texts[0]);
	const char *text_rebuilt = size_text(rebuilt, texts[1]);

	if (strcmp(text_published, text_rebuilt) != 0)
		fields_add_difference(out, "size", text_published, text_rebuilt);
}

void fields_compare(const struct index_row *published, const struct index_row *rebuilt,
	bool with_size, struct buffer *out)
{
	struct field_cursor a, b;
	bool has_size_row = with_size;
	bool has_a, has_b;

	/* As those of nearly all members are. */
	if (!with_size && published->fields_len == rebuilt->fields_len &&
		memcmp(published->fields, rebuilt->fields, rebuilt->fields_len) == 0)
		return;
	field_cursor_init(&a, published->fields, published->fields_len);
	field_cursor_init(&b, rebuilt->fields, rebuilt->fields_len);
	has_a = field_cursor_next(&a);
	has_b = field_cursor_next(&b);
	while (has_a || has_b) {
		int key = !has_a ? 1 : !has_b ? -1 : field_compare(a.name, b.name);

		if (with_size && field_compare("size", key <= 0 ? a.name : b.name) <= 0) {
			add_size(published, rebuilt, out);
			with_size = false;
		}
		if (has_size_row && field_compare("size", key <= 0 ? a.name : b.name) == 0)
			; /* said already, of the bytes */
		else if (strcmp(key <= 0 ? a.name : b.name, "ordered") == 0)
			; /* what makes its order count is a difference by itself */
		else if (key < 0)
			fields_add_difference(out, a.name, a.value, absent);
		else if (key > 0)
			fields_add_difference(out, b.name, absent, b.value);
		else if (strcmp(a.value, b.value) != 0)
			fields_add_difference(out, a.name, a.value, b.value);
		if (key <= 0)
			has_a = field_cursor_next(&a);
		if (key >= 0)
			has_b = field_cursor_next(&b);
	}
	if (with_size)
		add_size(published, rebuilt, out);
}

bool row_is_plain_stream(const struct index_row *row)
{
	const struct format *format = row->format != NULL ? format_named(row->format) : NULL;
	const char *stream = fields_value(row->fields, row->fields_len, "stream");

	return format != NULL && format->is_stream && stream != NULL &&
		strcmp(stream, "plain") == 0;
}
