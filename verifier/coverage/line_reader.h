/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_LINE_READER_H
#define VERIFIER_COVERAGE_LINE_READER_H

#include <stdbool.h>

#include "base/buffer.h"
#include "verifier/coverage/data_file.h"

/* What is kept of one line; a longer one is cut, and said to be. */
#define LINE_READER_MAX ((size_t)16 * 1024)

/* The lines of a data file, unpacked, in bounded memory. A zeroed struct is safe to release. */
struct line_reader {
	struct data_content *content;
	const unsigned char *data; /* what is left of the piece at hand */
	size_t len;
	struct buffer text;
	size_t number; /* of the line that was given last, from 1 */
	bool is_cut;   /* it was longer than `text` is */
	bool has_end;  /* a newline is behind it; the last line of a file that is cut has none */
};

enum status line_reader_open(
	struct line_reader *reader, const struct data_file *file, struct error *err);
/*
 * The next line, NUL-terminated, without its newline or a carriage return before that; STATUS_END
 * behind the last. It may hold NUL bytes: `text.len` says how long it is.
 */
enum status line_reader_next(struct line_reader *reader, const char **line, struct error *err);
void line_reader_release(struct line_reader *reader);

#endif
