/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "snapshot/archive_table.h"
#include "snapshot/snapshot.h"

struct index_part {
	char *archive;
	struct archive_table table;
};

/* One part a pin, in the order of the pins. */
struct archive_index {
	struct index_part *parts;
	size_t count;
};

static void file_fill(const struct index_part *part, size_t index, struct archive_file *file)
{
	const struct table_entry *entry = &part->table.entries[index];

	*file = (struct archive_file){
		.archive = part->archive,
		.path = archive_table_path(&part->table, index),
		.digest = entry->digest,
		.size = entry->size,
	};
}

/* Two times of one archive may share pool paths; both must mean the same bytes (trust T12). */
static enum status parts_agree(
	const struct index_part *a, const struct index_part *b, struct error *err)
{
	size_t i = 0, j = 0;

	if (strcmp(a->archive, b->archive) != 0)
		return STATUS_OK;
	while (i < a->table.count && j < b->table.count) {
		const char *path = archive_table_path(&a->table, i);
		int order = strcmp(path, archive_table_path(&b->table, j));

		if (order == 0 &&
			!digest_equal(&a->table.entries[i].digest, &b->table.entries[j].digest))
			return error_set(err, STATUS_TRUST,
				"%s: two digests for the one path %s: refused", a->archive, path);
		i += order <= 0;
		j += order >= 0;
	}
	return STATUS_OK;
}

enum status archive_index_open(struct store *store, const struct pin_list *pins,
	struct archive_index **index, struct error *err)
{
	struct archive_index *opened = xcalloc(1, sizeof(*opened));
	enum status status = STATUS_OK;

	*index = NULL;
	opened->parts = xcalloc(pins->count + 1, sizeof(opened->parts[0]));
	for (size_t i = 0; i < pins->count && status == STATUS_OK; i++) {
		struct index_part *part = &opened->parts[i];

		part->archive = xstrdup(pins->items[i].archive);
		opened->count++;
		status = archive_table_open(store, &pins->items[i], &part->table, err);
		for (size_t j = 0; j < i && status == STATUS_OK; j++)
			status = parts_agree(&opened->parts[j], part, err);
	}
	if (status < 0) {
		archive_index_free(opened);
		return status;
	}
	*index = opened;
	return STATUS_OK;
}

void archive_index_free(struct archive_index *index)
{
	if (!index)
		return;
	for (size_t i = 0; i < index->count; i++) {
		free(index->parts[i].archive);
		archive_table_release(&index->parts[i].table);
	}
	free(index->parts);
	free(index);
}

/* "DIRECTORY/by-hash/SHA256/HEX": a file of that directory by its digest. */
static bool by_hash_find(const struct index_part *part, const char *path, struct archive_file *file)
{
	static const char mark[] = "/by-hash/SHA256/";
	const char *at = strstr(path, mark);
	struct digest digest;
	size_t len;

	if (!at || strncmp(path, "dists/", 6) != 0)
		return false;
	if (!digest_parse(at + strlen(mark), strlen(at + strlen(mark)), &digest))
		return false;
	len = (size_t)(at - path) + 1;
	for (size_t i = archive_table_lower(&part->table, path, len); i < part->table.count; i++) {
		const char *name = archive_table_path(&part->table, i);

		if (strncmp(name, path, len) != 0)
			break;
		if (strchr(name + len, '/') ||
			!digest_equal(&part->table.entries[i].digest, &digest))
			continue;
		file_fill(part, i, file);
		return true;
	}
	return false;
}

bool archive_index_find_in(
	const struct archive_index *index, size_t pin, const char *path, struct archive_file *file)
{
	const struct index_part *part = &index->parts[pin];
	size_t at = archive_table_lower(&part->table, path, strlen(path) + 1);

	if (at == part->table.count || strcmp(archive_table_path(&part->table, at), path) != 0)
		return false;
	file_fill(part, at, file);
	return true;
}

const struct archive_table *archive_index_table(const struct archive_index *index, size_t pin)
{
	return &index->parts[pin].table;
}

void archive_index_each(const struct archive_index *index,
	void (*visit)(void *context, const struct digest *digest), void *context)
{
	for (size_t i = 0; i < index->count; i++)
		for (size_t j = 0; j < index->parts[i].table.count; j++)
			visit(context, &index->parts[i].table.entries[j].digest);
}

bool archive_index_find(const struct archive_index *index, const char *archive, const char *path,
	struct archive_file *file)
{
	for (size_t i = 0; i < index->count; i++) {
		if (strcmp(index->parts[i].archive, archive) == 0 &&
			(archive_index_find_in(index, i, path, file) ||
				by_hash_find(&index->parts[i], path, file)))
			return true;
	}
	return false;
}
