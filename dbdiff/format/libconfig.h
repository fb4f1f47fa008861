/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_LIBCONFIG_H
#define DBDIFF_FORMAT_LIBCONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define LIBCONFIG_BYTES_MAX ((size_t)1 << 20)
#define LIBCONFIG_DEPTH_MAX 32
#define LIBCONFIG_PATH_MAX  4096

/*
 * The language of libconfig (its manual, "Configuration File Grammar") as far as SWUpdate writes
 * and reads it. It is our own because the library opens what @include names, on the machine that
 * reads; here an @include is an error, and nothing is opened.
 */
enum setting_kind {
	SETTING_STRING,
	SETTING_WORD,  /* a number or a boolean */
	SETTING_GROUP, /* a group begins; its settings follow, and then … */
	SETTING_END,   /* … this */
};

/* Texts are borrowed for the call. Offsets are in the text. */
struct setting {
	enum setting_kind kind;
	const char *path;  /* "software.images.[0].sha256"; of a group, its own */
	const char *name;  /* the last part of the path */
	unsigned depth;	   /* groups around it: 1 for what stands in "software" */
	const char *value; /* of a string without its quotes and escapes; may hold NUL bytes */
	size_t value_len;
	size_t start, end;	   /* with its name and what ends it */
	size_t offset, offset_len; /* of the value as written, between the quotes */
	bool is_verbatim;	   /* the value stands there as it is */
};

/*
 * Calls `take` for each setting in the order of the text. STATUS_FORMAT, with the line, for what
 * is not in the language, and for a name given twice in a group; STATUS_UNSUPPORTED for @include;
 * STATUS_LIMIT for a path of more than LIBCONFIG_PATH_MAX bytes, which each element below repeats.
 */
enum status libconfig_parse(const char *text, size_t len,
	void (*take)(void *context, const struct setting *setting), void *context,
	struct error *err);

#endif
