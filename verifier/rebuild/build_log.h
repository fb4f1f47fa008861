/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_BUILD_LOG_H
#define VERIFIER_REBUILD_BUILD_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/error.h"
#include "verifier/evidence/build_failure.h"

/*
 * The log of a build, of hostile origin: any bytes, lines of any length. It is read once, as a
 * stream, when the build is over; what is kept in memory does not grow with it.
 */

#define LOG_LINES    ((size_t)500)  /* of its end, in which a failure is looked for */
#define LOG_LINE_MAX ((size_t)1024) /* bytes kept of one line */
#define LOG_TAIL     ((size_t)20)   /* lines that a report shows */

struct log_line {
	char *text; /* at most LOG_LINE_MAX bytes; NUL bytes are "?" */
	bool is_cut;
};

/* The end of a log. A zeroed struct is empty and safe to release. */
struct log_end {
	struct log_line lines[LOG_LINES]; /* line N, from 1, is at (N - 1) % LOG_LINES */
	uint64_t count;			  /* lines of the whole log */
};

/* Line `number`, from 1; NULL when it is no longer kept. */
const struct log_line *log_end_line(const struct log_end *end, uint64_t number);
void log_end_release(struct log_end *end);
/* The end of a log that is in memory; `end` is empty before. */
void log_end_read(const char *data, size_t len, struct log_end *end);

/*
 * The values of variables ("NAME=value") whose name says that they are secret (TOKEN, PASSWORD, KEY
 * and the like) go into `secrets`; those of fewer than four bytes would hide half a log and do not.
 */
void log_secrets(const struct text_list *environment, struct text_list *secrets);

/*
 * Adds the end of a text to `clear`, with "…" in place of each of `secrets`: what begins in its
 * last `most` bytes, without the rest of a secret that begins before. For a secret to be known it
 * takes as many bytes more before as log_longest() says.
 */
void log_hide(const struct text_list *secrets, const char *data, size_t len, size_t most,
	struct buffer *clear);
size_t log_longest(const struct text_list *secrets);

/*
 * Compresses the log `plain` (zstd, one frame with a checksum) into `kept`, with "…" in place of
 * each of `secrets` (trust T20), removes `plain`, and gives its end. `kept` is whole or absent.
 */
enum status build_log_keep(const char *plain, const char *kept, const struct text_list *secrets,
	struct log_end *end, struct error *err);

/*
 * Why the build failed: by what is known of its end (a mask of enum build_fact, and in words) and
 * the end of its log. Sets all of `failure` but the log's name.
 */
void failure_classify(
	unsigned facts, const char *how, const struct log_end *end, struct build_failure *failure);

#endif
