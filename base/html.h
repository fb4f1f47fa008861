/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_HTML_H
#define BASE_HTML_H

#include <stdbool.h>

#include "base/buffer.h"

/*
 * HTML as it is written here: tags as they are, everything else through one of these, by where it
 * stands (trust T20). Bytes that are not UTF-8, and characters that act on a reader, are escaped as
 * escape_line() does; the rest by character references.
 */

/* Between tags. */
void html_text(struct buffer *out, const char *text);
/* An attribute's value, with the quotes around it. */
void html_attribute(struct buffer *out, const char *text);
/*
 * The value of href, with the quotes: an http or https URL, or a name of a file beside the page.
 * False, and nothing is written, for anything else, such as "javascript:".
 */
bool html_url(struct buffer *out, const char *url);

#endif
