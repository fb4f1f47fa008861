/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/archive_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"

void archive_table_release(struct archive_table *table)
{
	free(table->entries);
	free(table->pool);
	*table = (struct archive_table){0};
}

const char *archive_table_path(const struct archive_table *table, size_t index)
{
	return table->pool + table->entries[index].path;
}

size_t archive_table_lower(const struct archive_table *table, const char *path, size_t len)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strncmp(archive_table_path(table, middle), path, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void table_builder_release(struct table_builder *builder)
{
	free(builder->entries);
	free(builder->pool);
	*builder = (struct table_builder){0};
}

static enum status pool_reserve(struct table_builder *builder, size_t len, struct error *err)
{
	if (builder->pool_len + len > UINT32_MAX)
		return error_set(err, STATUS_LIMIT, "the indexes name too many files");
	if (builder->pool_len + len > builder->pool_capacity) {
		builder->pool_capacity = (builder->pool_capacity + len) * 3 / 2 + 65536;
		builder->pool = xrealloc(builder->pool, builder->pool_capacity);
	}
	return STATUS_OK;
}

enum status table_builder_add(struct table_builder *builder, const char *directory,
	size_t directory_len, const char *name, size_t name_len, const struct digest *digest,
	uint64_t size, struct error *err)
{
	size_t len = directory_len + (directory_len ? 1 : 0) + name_len;
	char *path;

	if (pool_reserve(builder, len + 1, err) < 0)
		return err->status;
	path = builder->pool + builder->pool_len;
	memcpy(path, directory, directory_len);
	if (directory_len)
		path[directory_len] = '/';
	memcpy(path + len - name_len, name, name_len);
	path[len] = '\0';
	if (memchr(path, '\0', len) || !path_is_contained(path))
		return error_set(err, STATUS_FORMAT, "the path %s leads out of the archive", path);
	ARRAY_GROW(builder->entries, builder->count, builder->capacity);
	builder->entries[builder->count++] = (struct table_entry){
		.digest = *digest, .size = size, .path = (uint32_t)builder->pool_len};
	builder->pool_len += len + 1;
	return STATUS_OK;
}

static int entry_compare(const void *a, const void *b, void *context)
{
	const char *pool = context;
	const struct table_entry *left = a, *right = b;

	return strcmp(pool + left->path, pool + right->path);
}

static enum status entries_unite(struct table_builder *builder, struct error *err)
{
	size_t kept = 0;

	qsort_r(builder->entries, builder->count, sizeof(builder->entries[0]), entry_compare,
		builder->pool);
	for (size_t i = 1; i < builder->count; i++) {
		struct table_entry *last = &builder->entries[kept], *entry = &builder->entries[i];

		if (entry_compare(last, entry, builder->pool) != 0) {
			builder->entries[++kept] = *entry;
			continue;
		}
		if (!digest_equal(&last->digest, &entry->digest) || last->size != entry->size)
			return error_set(err, STATUS_TRUST,
				"two digests for the one path %s: refused",
				builder->pool + last->path);
	}
	builder->count = builder->count ? kept + 1 : 0;
	return STATUS_OK;
}

enum status table_builder_append(
	struct table_builder *builder, const struct table_builder *other, struct error *err)
{
	if (other->count == 0)
		return STATUS_OK;
	if (pool_reserve(builder, other->pool_len, err) < 0)
		return err->status;
	memcpy(builder->pool + builder->pool_len, other->pool, other->pool_len);
	for (size_t i = 0; i < other->count; i++) {
		struct table_entry entry = other->entries[i];

		entry.path += (uint32_t)builder->pool_len;
		ARRAY_GROW(builder->entries, builder->count, builder->capacity);
		builder->entries[builder->count++] = entry;
	}
	builder->pool_len += other->pool_len;
	return STATUS_OK;
}

enum status table_builder_finish(
	struct table_builder *builder, struct archive_table *table, struct error *err)
{
	if (builder->count && entries_unite(builder, err) < 0)
		return err->status;
	*table = (struct archive_table){
		.entries = builder->entries, .count = builder->count, .pool = builder->pool};
	*builder = (struct table_builder){0};
	return STATUS_OK;
}

enum status archive_table_open(
	struct store *store, const struct pin *pin, struct archive_table *table, struct error *err)
{
	struct table_builder builder = {0};
	enum status status = archive_table_read(store, pin, &builder, err);

	*table = (struct archive_table){0};
	if (status == STATUS_OK)
		status = table_builder_finish(&builder, table, err);
	table_builder_release(&builder);
	return status < 0 ? error_context(err, "%s", pin->name) : STATUS_OK;
}
