/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_PACKAGES_PAGE_H
#define VERIFIER_PACKAGES_PAGE_H

#include <stdbool.h>

#include "base/array.h"
#include "base/buffer.h"

/*
 * What a person reads, written once and put out as text, Markdown or HTML. A page is made of lines
 * of words, which are ours, and of data, which is escaped for its reader (trust T20).
 */

enum page_line {
	PAGE_TITLE,
	PAGE_SECTION,
	PAGE_PARAGRAPH,
	PAGE_ITEM,
	PAGE_SUBITEM,
};

struct page_table {
	const char *const *titles;
	size_t columns;
	size_t numbers; /* bit i: column i has numbers */
	/* Cells by row, as put out by words() and data(). */
	struct text_list cells;
};

struct page {
	const struct page_format *format;
	struct buffer *out;
	struct buffer cell;
	bool is_in_cell;
	bool is_begun;	     /* something was put out */
	enum page_line last; /* the line at hand, or the one before */
	struct page_table table;
};

/* How one kind of page is put out. */
struct page_format {
	void (*open)(struct page *page, const char *title); /* the document; may be NULL */
	void (*close)(struct page *page);
	void (*begin)(struct page *page, enum page_line line);
	void (*end)(struct page *page, enum page_line line);
	void (*words)(struct page *page, struct buffer *out, const char *text);
	void (*data)(struct page *page, struct buffer *out, const char *text);
	void (*table)(struct page *page, const struct page_table *table);
};

extern const struct page_format page_text, page_markdown, page_html;

/* Writes into `out`, which is borrowed. `title` is words. */
void page_open(
	struct page *page, const struct page_format *format, struct buffer *out, const char *title);
void page_close(struct page *page);

void page_begin(struct page *page, enum page_line line);
void page_words(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
void page_data(struct page *page, const char *text);
void page_end(struct page *page);

/* Rows of `columns` cells; `numbers` has bit i set where column i is of numbers. */
void page_table_begin(struct page *page, const char *const *titles, size_t columns, size_t numbers);
void page_cell_begin(struct page *page);
void page_cell_end(struct page *page);
void page_table_end(struct page *page);

#endif
