/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_HTTPD_FORM_H
#define BASE_HTTPD_FORM_H

#include <stdbool.h>
#include <stddef.h>

struct MHD_Connection;

/* The fields of a form that a client sends, taken apart by libmicrohttpd as they arrive. */
struct httpd_form;

/* NULL when the request's Content-Type is none of a form. At most `limit` bytes are taken. */
struct httpd_form *httpd_form_new(struct MHD_Connection *connection, size_t limit);
void httpd_form_free(struct httpd_form *form);

/* False once it is too long or malformed; nothing more is taken then. */
bool httpd_form_take(struct httpd_form *form, const char *data, size_t len);
/* False when it ended too early. */
bool httpd_form_finish(struct httpd_form *form);

/* NULL when it has no such field, or has it twice: it says nothing then. */
const char *httpd_form_value(const struct httpd_form *form, const char *name);

#endif
