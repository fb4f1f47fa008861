/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/archive_table.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/path.h"
#include "base/tempfile.h"

/* Changes whenever the same pin gives another table. The cache knows the old ones no more. */
#define TABLE_FORMAT "reproof-archive-table-1"
#define TABLE_CACHE  "cache"
#define TABLE_PREFIX "table-"
#define TABLE_LIMIT  ((size_t)1024 * 1024 * 1024)
#define TABLE_MAGIC  0x7265706f61743031ULL /* of this machine's byte order */

struct table_head {
	uint64_t magic;
	uint64_t count;
	uint64_t pool_len;
	uint64_t entry_size;
};

void archive_table_release(struct archive_table *table)
{
	free(table->memory);
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

enum status archive_table_take(
	struct archive_table *table, char *memory, size_t size, struct error *err)
{
	const struct table_head *head = (const void *)memory;

	*table = (struct archive_table){.memory = memory, .size = size};
	if (size < sizeof(*head) || head->magic != TABLE_MAGIC ||
		head->entry_size != sizeof(struct table_entry) ||
		head->count > size / sizeof(struct table_entry) || head->pool_len > size ||
		size != sizeof(*head) + head->count * sizeof(struct table_entry) + head->pool_len)
		goto damaged;
	table->count = head->count;
	table->entries = (const void *)(memory + sizeof(*head));
	table->pool = memory + size - head->pool_len;
	if (head->pool_len == 0 ? table->count > 0 : table->pool[head->pool_len - 1] != '\0')
		goto damaged;
	for (size_t i = 0; i < table->count; i++) {
		if (table->entries[i].path >= head->pool_len)
			goto damaged;
	}
	return STATUS_OK;
damaged:
	archive_table_release(table);
	return error_set(err, STATUS_FORMAT, "a cached index is damaged");
}

void table_builder_release(struct table_builder *builder)
{
	free(builder->entries);
	free(builder->pool);
	*builder = (struct table_builder){0};
}

enum status table_builder_add(struct table_builder *builder, const char *directory,
	size_t directory_len, const char *name, size_t name_len, const struct digest *digest,
	uint64_t size, struct error *err)
{
	size_t len = directory_len + (directory_len ? 1 : 0) + name_len;
	char *path;

	if (builder->pool_len + len + 1 > UINT32_MAX)
		return error_set(err, STATUS_LIMIT, "the indexes name too many files");
	if (builder->pool_len + len + 1 > builder->pool_capacity) {
		builder->pool_capacity = (builder->pool_capacity + len) * 3 / 2 + 65536;
		builder->pool = xrealloc(builder->pool, builder->pool_capacity);
	}
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

enum status table_builder_finish(
	struct table_builder *builder, struct archive_table *table, struct error *err)
{
	struct table_head head = {.magic = TABLE_MAGIC, .entry_size = sizeof(struct table_entry)};
	size_t size, at = sizeof(head);
	uint32_t pool_at = 0;
	char *memory, *pool;

	if (builder->count && entries_unite(builder, err) < 0)
		return err->status;
	head.count = builder->count;
	for (size_t i = 0; i < builder->count; i++)
		head.pool_len += strlen(builder->pool + builder->entries[i].path) + 1;
	size = sizeof(head) + head.count * sizeof(struct table_entry) + head.pool_len;
	memory = xmalloc(size);
	memcpy(memory, &head, sizeof(head));
	pool = memory + size - head.pool_len;
	for (size_t i = 0; i < builder->count; i++) {
		struct table_entry entry = builder->entries[i];
		const char *path = builder->pool + entry.path;
		size_t len = strlen(path) + 1;

		entry.path = pool_at;
		memcpy(pool + pool_at, path, len);
		pool_at += (uint32_t)len;
		memcpy(memory + at, &entry, sizeof(entry));
		at += sizeof(entry);
	}
	return archive_table_take(table, memory, size, err);
}

/* The name of a pin's table in the cache: all that it is made from, and the form it has. */
static void cache_key(const struct pin *pin, char key[SHA256_HEX_SIZE])
{
	struct buffer text = {0};
	struct digest digest;
	char hex[SHA256_HEX_SIZE], state[SUITE_STATE_SIZE];

	buffer_add_format(&text, "%s\n%s\n", TABLE_FORMAT, pin->archive);
	for (size_t i = 0; i < pin->components.count; i++)
		buffer_add_format(&text, "component %s\n", pin->components.items[i]);
	for (size_t i = 0; i < pin->architectures.count; i++)
		buffer_add_format(&text, "architecture %s\n", pin->architectures.items[i]);
	for (size_t i = 0; i < pin->suite_count; i++) {
		struct suite_state of = pin_suite_state(&pin->suites[i]);

		suite_state_format(&of, state);
		buffer_add_format(&text, "suite %s %s", pin->suites[i].suite, state);
		digest_hex(&pin->suites[i].release, hex);
		buffer_add_format(&text, " %s\n", hex);
	}
	hash_memory(text.data, text.len, &digest);
	digest_hex(&digest, key);
	buffer_release(&text);
}

/* The cache is a directory of small files, "table-KEY", each of which holds a table's digest. */
static char *cache_path(struct store *store, const struct pin *pin)
{
	char key[SHA256_HEX_SIZE];

	cache_key(pin, key);
	return xasprintf("%s/" TABLE_CACHE "/" TABLE_PREFIX "%s", store_directory(store), key);
}

static bool cached_digest(const char *path, struct digest *digest)
{
	struct error ignored;
	char *text = NULL;
	bool is_there;
	size_t len;

	is_there = path_read_file(path, 256, &text, &len, &ignored) == STATUS_OK &&
		digest_parse(text, strcspn(text, "\n"), digest);
	free(text);
	return is_there;
}

bool archive_table_cached(struct store *store, const struct pin *pin, struct digest *digest)
{
	char *path = cache_path(store, pin);
	bool is_there = cached_digest(path, digest);

	free(path);
	return is_there;
}

/* The cache names the table by its digest, and the store hashes what it gives out. */
static enum status cache_read(struct store *store, const char *path, struct archive_table *table)
{
	struct digest digest;
	struct error ignored;
	char *memory = NULL;
	enum status status = STATUS_FORMAT;
	size_t size;

	if (cached_digest(path, &digest))
		status = store_read_all(store, &digest, TABLE_LIMIT, &memory, &size, &ignored);
	if (status == STATUS_OK)
		status = archive_table_take(table, memory, size, &ignored);
	return status;
}

static enum status cache_write(
	struct store *store, const char *path, const struct archive_table *table, struct error *err)
{
	char *directory = path_directory(path);
	char hex[SHA256_HEX_SIZE + 1];
	struct digest digest;
	enum status status = store_add_memory(store, table->memory, table->size, &digest, err);

	if (status == STATUS_OK)
		status = path_make_directories(directory, 0700, err);
	if (status == STATUS_OK) {
		digest_hex(&digest, hex);
		hex[SHA256_HEX_SIZE - 1] = '\n';
		status = tempfile_write_all(path, hex, SHA256_HEX_SIZE, 0644, err);
	}
	free(directory);
	return status;
}

enum status archive_table_open(
	struct store *store, const struct pin *pin, struct archive_table *table, struct error *err)
{
	struct table_builder builder = {0};
	char *path = cache_path(store, pin);
	enum status status;

	*table = (struct archive_table){0};
	if (cache_read(store, path, table) == STATUS_OK) {
		free(path);
		return STATUS_OK;
	}
	status = archive_table_read(store, pin, &builder, err);
	if (status == STATUS_OK)
		status = table_builder_finish(&builder, table, err);
	table_builder_release(&builder);
	if (status == STATUS_OK)
		status = cache_write(store, path, table, err);
	if (status < 0) {
		archive_table_release(table);
		error_context(err, "%s", pin->name);
	}
	free(path);
	return status;
}

enum status archive_tables_forget(struct store *store, struct error *err)
{
	char *path = xasprintf("%s/" TABLE_CACHE, store_directory(store));
	DIR *directory = opendir(path);
	enum status status = STATUS_OK;
	struct dirent *entry;

	while (directory && (entry = readdir(directory)) != NULL && status == STATUS_OK) {
		char *file = path_join(path, entry->d_name);
		struct digest digest;

		if (strncmp(entry->d_name, TABLE_PREFIX, strlen(TABLE_PREFIX)) == 0 &&
			(!cached_digest(file, &digest) || !store_has(store, &digest)) &&
			unlink(file) != 0 && errno != ENOENT)
			status = error_set_errno(err, "store: cannot remove %s", file);
		free(file);
	}
	if (directory)
		closedir(directory);
	free(path);
	return status;
}
