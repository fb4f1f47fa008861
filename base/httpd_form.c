/* SPDX-License-Identifier: Apache-2.0 */
#include "base/httpd_form.h"

#include <microhttpd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/buffer.h"

/* What the library holds while it looks for the end of a field. */
#define WINDOW ((size_t)16 * 1024)
/* Far more fields than a form has that anybody here asks for. */
#define FIELDS_MAX 64

struct field {
	char *name;
	struct buffer value;
};

struct httpd_form {
	struct MHD_PostProcessor *processor;
	size_t left; /* bytes that may still come */
	struct field *fields;
	size_t count, capacity;
	bool is_bad;
};

/* The library may begin a field with a piece of no bytes, and then gives its offset 0 again. */
static bool is_going_on(const struct httpd_form *form, const char *name)
{
	const struct field *last = form->count ? &form->fields[form->count - 1] : NULL;

	return last && last->value.len == 0 && strcmp(last->name, name) == 0;
}

/* Called with the pieces of a field's value, of which the one at offset 0 begins it. */
static enum MHD_Result piece_take(void *context, enum MHD_ValueKind kind, const char *name,
	const char *filename, const char *type, const char *encoding, const char *data,
	uint64_t offset, size_t len)
{
	struct httpd_form *form = context;

	(void)kind;
	(void)filename;
	(void)type;
	(void)encoding;
	if (!name || form->is_bad)
		return MHD_NO;
	if (offset == 0 && !is_going_on(form, name)) {
		if (form->count == FIELDS_MAX) {
			form->is_bad = true;
			return MHD_NO;
		}
		ARRAY_GROW(form->fields, form->count, form->capacity);
		form->fields[form->count++] = (struct field){.name = xstrdup(name)};
	}
	if (form->count)
		buffer_add(&form->fields[form->count - 1].value, data, len);
	return MHD_YES;
}

struct httpd_form *httpd_form_new(struct MHD_Connection *connection, size_t limit)
{
	struct httpd_form *form = xcalloc(1, sizeof(*form));

	form->left = limit;
	form->processor = MHD_create_post_processor(connection, WINDOW, piece_take, form);
	if (!form->processor) {
		free(form);
		return NULL;
	}
	return form;
}

void httpd_form_free(struct httpd_form *form)
{
	if (!form)
		return;
	if (form->processor)
		MHD_destroy_post_processor(form->processor);
	for (size_t i = 0; i < form->count; i++) {
		free(form->fields[i].name);
		buffer_release(&form->fields[i].value);
	}
	free(form->fields);
	free(form);
}

bool httpd_form_take(struct httpd_form *form, const char *data, size_t len)
{
	if (form->is_bad || len > form->left)
		form->is_bad = true;
	else if (MHD_post_process(form->processor, data, len) != MHD_YES)
		form->is_bad = true;
	else
		form->left -= len;
	return !form->is_bad;
}

bool httpd_form_finish(struct httpd_form *form)
{
	/* The last field comes only now, when nothing ends it. */
	if (MHD_destroy_post_processor(form->processor) != MHD_YES)
		form->is_bad = true;
	form->processor = NULL;
	return !form->is_bad;
}

const char *httpd_form_value(const struct httpd_form *form, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < form->count; i++) {
		if (strcmp(form->fields[i].name, name) != 0)
			continue;
		/* What a NUL ends is not what was sent. */
		if (value ||
			strlen(buffer_text(&form->fields[i].value)) != form->fields[i].value.len)
			return NULL;
		value = buffer_text(&form->fields[i].value);
	}
	return value;
}
