/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

char *buffer_reserve(struct buffer *buffer, size_t len)
{
	if (len >= buffer->capacity - buffer->len) {
		size_t capacity = buffer->capacity ? buffer->capacity : 64;

		while (capacity <= SIZE_MAX / 2 && len >= capacity - buffer->len)
			capacity *= 2;
		/* Beyond half of the address space there is nothing to be had. */
		if (len >= capacity - buffer->len)
			capacity = SIZE_MAX;
		buffer->data = xrealloc(buffer->data, capacity);
		buffer->capacity = capacity;
	}
	return buffer->data + buffer->len;
}

void buffer_add(struct buffer *buffer, const void *data, size_t len)
{
	char *end = buffer_reserve(buffer, len);

	if (len)
		memcpy(end, data, len);
	end[len] = '\0';
	buffer->len += len;
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
	buffer_add(buffer, text, strlen(text));
}

void buffer_add_char(struct buffer *buffer, char c)
{
	buffer_add(buffer, &c, 1);
}

void buffer_add_vformat(struct buffer *buffer, const char *format, va_list arguments)
{
	char *text = xvasprintf(format, arguments);

	buffer_add_text(buffer, text);
	free(text);
}

void buffer_add_format(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	buffer_add_vformat(buffer, format, arguments);
	va_end(arguments);
}

void buffer_truncate(struct buffer *buffer, size_t len)
{
	if (len < buffer->len) {
		buffer->len = len;
		buffer->data[len] = '\0';
	}
}

void buffer_clear(struct buffer *buffer)
{
	buffer_truncate(buffer, 0);
}

const char *buffer_text(const struct buffer *buffer)
{
	return buffer->data ? buffer->data : "";
}

char *buffer_detach(struct buffer *buffer)
{
	char *text = buffer->data ? buffer->data : xstrdup("");

	*buffer = (struct buffer){0};
	return text;
}

void buffer_release(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){0};
}
