/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Bytes that grow. `data` is NUL-terminated behind `len` (the NUL is not counted), and NULL only
 * while nothing was ever added. A zeroed struct is an empty buffer and safe to release.
 */
struct buffer {
	char *data;
	size_t len;
	size_t capacity;
};

void buffer_add(struct buffer *buffer, const void *data, size_t len);
void buffer_add_text(struct buffer *buffer, const char *text);
void buffer_add_char(struct buffer *buffer, char c);
void buffer_add_format(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void buffer_add_vformat(struct buffer *buffer, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

/* Room for `len` more bytes; the caller writes there and adds to `len` himself. */
char *buffer_reserve(struct buffer *buffer, size_t len);

/* Drops everything behind the first `len` bytes. */
void buffer_truncate(struct buffer *buffer, size_t len);

/* Empties it and keeps the memory. */
void buffer_clear(struct buffer *buffer);

/* The text so far, "" when empty; valid until the next change. */
const char *buffer_text(const struct buffer *buffer);

/* Hands the text to the caller, who frees it; never NULL. The buffer is empty afterwards. */
char *buffer_detach(struct buffer *buffer);

void buffer_release(struct buffer *buffer);

#endif
