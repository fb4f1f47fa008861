/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_ARCHIVE_TABLE_H
#define SNAPSHOT_ARCHIVE_TABLE_H

#include "snapshot/snapshot.h"

/* A file below the archive's root, in a table. */
struct table_entry {
	struct digest digest;
	uint64_t size;
	uint32_t path; /* offset of the text in the table's pool */
};

/* All files that one pin names, sorted by path. A zeroed struct is safe to release. */
struct archive_table {
	struct table_entry *entries;
	size_t count;
	char *pool;
};

void archive_table_release(struct archive_table *table);
const char *archive_table_path(const struct archive_table *table, size_t index);
/* The first entry whose path is not less than `path` (of `len` bytes). */
size_t archive_table_lower(const struct archive_table *table, const char *path, size_t len);

/*
 * The table of a pin, from its Release, Packages and Sources as the store has them. All of them are
 * hashed and read each time (a second or two for one of Debian's): what is kept of them elsewhere
 * would be believed without a signature. STATUS_TRUST for two digests of one path.
 */
enum status archive_table_open(
	struct store *store, const struct pin *pin, struct archive_table *table, struct error *err);

/* A table that is being built. */
struct table_builder {
	struct table_entry *entries;
	size_t count, capacity;
	char *pool;
	size_t pool_len, pool_capacity;
};

enum status table_builder_add(struct table_builder *builder, const char *directory,
	size_t directory_len, const char *name, size_t name_len, const struct digest *digest,
	uint64_t size, struct error *err);
/* Adds all that `other` has. */
enum status table_builder_append(
	struct table_builder *builder, const struct table_builder *other, struct error *err);
/* Sorts, checks, and gives the table; the builder is empty then. */
enum status table_builder_finish(
	struct table_builder *builder, struct archive_table *table, struct error *err);
void table_builder_release(struct table_builder *builder);

/*
 * As archive_index_find(), but in what one pin of the list names, and by no other name than its
 * path there.
 */
bool archive_index_find_in(
	const struct archive_index *index, size_t pin, const char *path, struct archive_file *file);

/* What one pin of the list names; lives as long as the index. */
const struct archive_table *archive_index_table(const struct archive_index *index, size_t pin);

struct suite_release;
struct release_file;

/* Adds all that one index names; it is one of `release`. */
enum status archive_table_read_index(struct store *store, const struct suite_release *release,
	const struct release_file *file, bool is_sources, struct table_builder *builder,
	struct error *err);
/*
 * Adds what can still be read of them, when something of the pin is lost: good for what a file was
 * called, not for what it has to be.
 */
void archive_table_read_rest(
	struct store *store, const struct pin *pin, struct table_builder *builder);
/* Adds all that the pin's Release, Packages and Sources files name. */
enum status archive_table_read(struct store *store, const struct pin *pin,
	struct table_builder *builder, struct error *err);

#endif
