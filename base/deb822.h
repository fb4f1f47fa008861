/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_DEB822_H
#define BASE_DEB822_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Stanzas of fields as Debian writes them (deb822(5), Debian policy 5.1): read in place from
 * memory, nothing copied. Used for Release files, Packages, Sources, dpkg status.
 */
struct deb822 {
	const char *at; /* what is still to be read */
	const char *end;
	size_t line;	    /* of `at`, from 1 */
	const char *stanza; /* where the present one begins */
	uint64_t names;	    /* a bit for each name it had so far */
};

/* One field of the stanza. Not NUL-terminated; they point into the text that was given. */
struct deb822_field {
	const char *name;
	size_t name_len;
	const char *value; /* without the leading blank; continuation lines as they are */
	size_t value_len;  /* without the last newline */
};

void deb822_init(struct deb822 *reader, const char *data, size_t len);

/*
 * The next field of the stanza: STATUS_OK, or STATUS_END at the stanza's end (the next call then
 * begins the next stanza) and at the end of the text (deb822_at_end() tells which). A line that is
 * no field, a name that stands twice in a stanza, and a NUL byte are STATUS_FORMAT with the line's
 * number.
 */
enum status deb822_next(struct deb822 *reader, struct deb822_field *field, struct error *err);
bool deb822_at_end(const struct deb822 *reader);

/* Case-insensitive, as deb822 says. */
bool deb822_is(const struct deb822_field *field, const char *name);

/* A copy of the value's first line, for the caller to free. */
char *deb822_text(const struct deb822_field *field);

#endif
