/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define REASON_SIZE 80

enum status error_set(struct error *err, enum status status, const char *format, ...)
{
	va_list arguments;

	err->status = status;
	va_start(arguments, format);
	vsnprintf(err->text, sizeof(err->text), format, arguments);
	va_end(arguments);
	return status;
}

enum status error_set_errno(struct error *err, const char *format, ...)
{
	int number = errno;
	va_list arguments;
	size_t len;

	err->status = number == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
	va_start(arguments, format);
	vsnprintf(err->text, sizeof(err->text), format, arguments);
	va_end(arguments);
	len = strlen(err->text);
	/* Of the two, why it went wrong is the part to keep. */
	if (len > sizeof(err->text) - REASON_SIZE)
		len = sizeof(err->text) - REASON_SIZE;
	snprintf(err->text + len, sizeof(err->text) - len, ": %s", strerror(number));
	return err->status;
}

enum status error_context(struct error *err, const char *format, ...)
{
	char inner[ERROR_TEXT_SIZE];
	va_list arguments;
	size_t len;

	memcpy(inner, err->text, sizeof(inner));
	va_start(arguments, format);
	vsnprintf(err->text, sizeof(err->text), format, arguments);
	va_end(arguments);
	len = strlen(err->text);
	/* What went wrong is at the end: a long context gives way to it. */
	if (len > sizeof(err->text) / 2)
		len = sizeof(err->text) / 2;
	snprintf(err->text + len, sizeof(err->text) - len, ": %.*s",
		(int)(sizeof(err->text) - len - 3), inner);
	return err->status;
}
