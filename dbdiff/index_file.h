/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_INDEX_FILE_H
#define DBDIFF_INDEX_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/source.h"
#include "base/tempfile.h"
#include "dbdiff/index.h"

/*
 * An index that can be published beside its artifact. Lines of text say what it is, an empty line
 * ends them, and one zstd frame (RFC 8878) holds the rows, to the end of the file:
 *
 *	reproof index 1
 *	comparer 7		DBDIFF_VERSION: another one finds other members and fields
 *	name cip.wic		of the artifact, as escape_line() writes it
 *	size 780140544
 *	sha256 …		of the artifact
 *	checksum …		SHA-256 of the lines above and of the frame
 *
 * The rows are those of index.sql's tables in the order of their keys, which says nothing of how
 * they were stored: so the same artifact gives the same bytes under the same name. Each is the
 * number of its table (1 member, 2 block, 3 region) and its columns: 0 for NULL, 1 and a zigzag
 * LEB128 number, 2 for a text and 3 for a blob, each followed by its length as LEB128 and its
 * bytes. A 0 in place of a table ends them.
 */

/* Of the artifact. Zeroed is safe to release. */
struct index_head {
	char *name; /* no slash in it */
	uint64_t size;
	struct digest sha256;
	struct digest checksum; /* of the index itself; writing sets none */
};

void index_head_release(struct index_head *head);

/* `index` is whole and was committed. */
enum status index_file_write(struct tempfile *file, const struct index_head *head,
	struct index *index, struct error *err);

/* Whether a file begins as one; false too when it cannot be read. */
bool index_file_is(int fd);
/*
 * Reads the lines, and shows that no byte of the file is another than was written. STATUS_FORMAT
 * for a damaged or cut one, STATUS_UNSUPPORTED for one of another version. Whoever made it may
 * still have lied.
 */
enum status index_file_check(int fd, struct index_head *head, struct error *err);
/*
 * Fills an index that was created with the rows of a file: hostile input, for a worker.
 * STATUS_FORMAT, or STATUS_LIMIT for more than an artifact may have.
 */
enum status index_file_load(
	struct source *source, const struct limits *limits, struct index *index, struct error *err);

/* ---- what writing and reading share ---- */

#define INDEX_HEAD_MOST 8192 /* bytes of the lines; a name has 255 */

/* The lines that the checksum covers, and the one with it and the empty one behind it. */
void index_head_lines(const struct index_head *head, struct buffer *out);
void index_head_checksum(const struct digest *checksum, struct buffer *out);
/* The length of the lines with the empty one; 0 when `data` does not hold them all. */
size_t index_head_length(const char *data, size_t len);

#endif
