/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_MARKDOWN_H
#define BASE_MARKDOWN_H

#include "base/buffer.h"

/*
 * Markdown (CommonMark, and the tables of GFM) in which data stands in code alone, where nothing of
 * it acts: no link, mention, HTML or emphasis (trust T20). Data is first escaped as escape_line()
 * or, in blocks, escape_block() does.
 */

/* A code span whose fence is longer than any run of backquotes in the text (CommonMark 6.1). */
void markdown_code(struct buffer *out, const char *text);
/* The same inside a cell of a table, where a bar would end the cell (GFM 4.10). */
void markdown_cell_code(struct buffer *out, const char *text);
/*
 * A fenced block inside a list item, whose fence is longer than any run of backquotes in the text
 * (CommonMark 4.5): nothing in it can end it. `language` is a word such as "diff".
 */
void markdown_block(struct buffer *out, const char *language, const char *text);
/* Words of our own: what Markdown would take for its own is escaped (CommonMark 2.4). */
void markdown_words(struct buffer *out, const char *text);

#endif
