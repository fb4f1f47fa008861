/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_ENTRIES_H
#define DBDIFF_FORMAT_ENTRIES_H

#include "base/buffer.h"
#include "dbdiff/members.h"

/*
 * A text that is read whole and cut into entries, one behind the other, each a member that its
 * fields alone tell of: it has no content. What is the same in all fields must be the same in all
 * bytes, so that where an entry did not change but moved, its bytes are a matter of the layout.
 *
 * Formats embed it as their first field; entries_new() makes it.
 */
struct entries {
	struct members members;
	struct buffer text;
	size_t at;     /* where the next entry begins */
	int64_t given; /* how many there were */
	/* Why another order of entries may say something else; NULL where it cannot. Static. */
	const char *ordered;
	/*
	 * Fills in the member that begins at entries->at, and says where it ends: behind `at`,
	 * not behind the text. Not called at the end of the text.
	 */
	enum status (*cut)(
		struct entries *entries, struct member *member, size_t *end, struct error *err);
	/* Frees what the format added; may be NULL. */
	void (*release)(struct entries *entries);
};

/*
 * Reads all of `source` into a new struct of `size` bytes that begins with a struct entries; more
 * than `most` bytes is STATUS_LIMIT. It is freed as members, or with entries_free(). A bid leaves
 * the size alone: what its name says could be opened is then listed as not opened, with this limit.
 */
enum status entries_new(struct source *source, size_t most, size_t size, struct entries **entries,
	struct error *err);
void entries_free(struct entries *entries);

/*
 * Adds the field "written-as" with all bytes of [at, end) when they are not `usual`, the bytes
 * that the other fields would be written as. This is what makes the rule above hold.
 */
void entries_add_unusual(
	struct entries *entries, struct member *member, size_t end, const struct buffer *usual);

/* The end of the line that begins at `at`, behind its newline if it has one. */
size_t entries_line_end(const struct entries *entries, size_t at);

/* The member "(end)": what stands behind the last entry, up to the end, with the field "text". */
void entries_set_end(struct entries *entries, struct member *member, size_t *end);

#endif
