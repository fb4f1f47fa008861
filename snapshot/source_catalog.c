/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/source_catalog.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "snapshot/checksums.h"

static void chunks_free(struct text_chunk *chunk)
{
	while (chunk) {
		struct text_chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
}

/* The whole pages of it: what shares one with something else stays as it is. */
static void pages_advise(const void *data, size_t size, int advice)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t begin = ((uintptr_t)data + page - 1) / page * page;
	uintptr_t end = ((uintptr_t)data + size) / page * page;

	if (data && begin < end)
		(void)madvise((void *)begin, end - begin, advice);
}

void source_catalog_advise(const struct source_catalog *catalog, int advice)
{
	const struct text_chunk *const lists[] = {catalog->source_texts, catalog->binary_texts};

	pages_advise(
		catalog->sources, catalog->source_capacity * sizeof(catalog->sources[0]), advice);
	pages_advise(
		catalog->binaries, catalog->binary_capacity * sizeof(catalog->binaries[0]), advice);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (const struct text_chunk *chunk = lists[i]; chunk; chunk = chunk->next)
			pages_advise(chunk->data, chunk->size, advice);
}

void source_catalog_free(struct source_catalog *catalog)
{
	if (!catalog)
		return;
	source_catalog_advise(catalog, MADV_DOFORK);
	free(catalog->sources);
	free(catalog->binaries);
	chunks_free(catalog->source_texts);
	chunks_free(catalog->binary_texts);
	free(catalog);
}

/* Rows of `size` bytes that begin with their key. */
struct rows {
	const char *first;
	size_t count, size;
};

static const struct catalog_key *row_at(const struct rows *rows, size_t i)
{
	return (const struct catalog_key *)(rows->first + i * rows->size);
}

static size_t rows_lower(const struct rows *rows, const char *name)
{
	size_t low = 0, high = rows->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(row_at(rows, middle)->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The row asked for; SIZE_MAX for none. */
static size_t rows_find(const struct rows *rows, const char *name, const char *version)
{
	size_t found = SIZE_MAX;
	bool is_automatic = false;

	for (size_t i = rows_lower(rows, name);
		i < rows->count && strcmp(row_at(rows, i)->name, name) == 0; i++) {
		const struct catalog_key *key = row_at(rows, i);

		if (version && strcmp(key->version, version) == 0)
			return i;
		if (version || (is_automatic && key->is_not_automatic))
			continue;
		/* Of one version the first that an index had. */
		if (found != SIZE_MAX && strcmp(row_at(rows, found)->version, key->version) == 0 &&
			is_automatic == !key->is_not_automatic)
			continue;
		found = i;
		is_automatic = !key->is_not_automatic;
	}
	return found;
}

static void versions_add(const struct rows *rows, const char *name, struct text_list *versions)
{
	for (size_t i = rows_lower(rows, name);
		i < rows->count && strcmp(row_at(rows, i)->name, name) == 0; i++) {
		const char *version = row_at(rows, i)->version;

		if (versions->count == 0 ||
			strcmp(versions->items[versions->count - 1], version) != 0)
			text_list_add(versions, version);
	}
}

static enum status not_found(const struct rows *rows, const char *what, const char *name,
	const char *version, struct error *err)
{
	struct text_list versions = {0};

	versions_add(rows, name, &versions);
	if (versions.count == 0)
		error_set(err, STATUS_NOT_FOUND, "the pins list no %s package %s", what, name);
	else
		error_set(err, STATUS_NOT_FOUND,
			"the pins list %s package %s not in version %s: %zu other, the newest is "
			"%s",
			what, name, version, versions.count, versions.items[versions.count - 1]);
	text_list_release(&versions);
	return err->status;
}

static struct rows source_rows(const struct source_catalog *catalog)
{
	return (struct rows){
		(const char *)catalog->sources, catalog->source_count, sizeof(catalog->sources[0])};
}

static struct rows binary_rows(const struct source_catalog *catalog)
{
	return (struct rows){(const char *)catalog->binaries, catalog->binary_count,
		sizeof(catalog->binaries[0])};
}

void pin_source_release(struct pin_source *source)
{
	for (size_t i = 0; i < source->file_count; i++)
		free((char *)source->files[i].path);
	free(source->files);
	free((char *)source->build_depends);
	*source = (struct pin_source){0};
}

static bool is_dsc(const struct archive_file *file)
{
	size_t len = strlen(file->path);

	return len > 4 && strcmp(file->path + len - 4, ".dsc") == 0;
}

static enum status files_read(
	const struct source_row *row, struct pin_source *source, struct error *err)
{
	const struct deb822_field field = {
		.value = row->texts[FIELD_CHECKSUMS], .value_len = row->checksums_len};
	const char *directory = row->texts[FIELD_DIRECTORY];
	size_t at = 0, capacity = 0;
	struct checksum checksum;
	enum status status;

	while ((status = checksums_next(&field, &at, &checksum, err)) == STATUS_OK) {
		struct archive_file file = {
			.archive = row->pin->archive,
			.path = xasprintf("%s%s%.*s", strcmp(directory, ".") == 0 ? "" : directory,
				strcmp(directory, ".") == 0 ? "" : "/", (int)checksum.name_len,
				checksum.name),
			.digest = checksum.digest,
			.size = checksum.size,
		};

		ARRAY_GROW(source->files, source->file_count, capacity);
		source->files[source->file_count++] = file;
		if (!path_is_contained(file.path))
			return error_set(
				err, STATUS_FORMAT, "%s leads out of the archive", file.path);
		if (is_dsc(&file)) {
			source->files[source->file_count - 1] = source->files[0];
			source->files[0] = file;
		}
	}
	if (status < 0)
		return status;
	if (source->file_count == 0 || !is_dsc(&source->files[0]))
		return error_set(err, STATUS_FORMAT, "Checksums-Sha256 lists no .dsc");
	return STATUS_OK;
}

enum status source_catalog_find(const struct source_catalog *catalog, const char *name,
	const char *version, struct pin_source *source, struct error *err)
{
	struct rows rows = source_rows(catalog);
	size_t found = rows_find(&rows, name, version);
	const struct source_row *row;
	const char *const *texts;

	*source = (struct pin_source){0};
	if (found == SIZE_MAX)
		return not_found(&rows, "source", name, version, err);
	row = &catalog->sources[found];
	texts = row->texts;
	*source = (struct pin_source){
		.name = row->key.name,
		.version = row->key.version,
		.maintainer = texts[FIELD_MAINTAINER],
		.binary = texts[FIELD_BINARY],
		.testsuite = texts[FIELD_TESTSUITE],
		.triggers = texts[FIELD_TRIGGERS],
		.suite = row->suite->suite,
	};
	source->build_depends = xasprintf("%s%s%s%s%s", texts[FIELD_BUILD_DEPENDS],
		texts[FIELD_BUILD_DEPENDS_ARCH][0] ? ", " : "", texts[FIELD_BUILD_DEPENDS_ARCH],
		texts[FIELD_BUILD_DEPENDS_INDEP][0] ? ", " : "", texts[FIELD_BUILD_DEPENDS_INDEP]);
	if (files_read(row, source, err) == STATUS_OK)
		return STATUS_OK;
	pin_source_release(source);
	return error_context(err, "source package %s %s", row->key.name, row->key.version);
}

void source_catalog_versions(
	const struct source_catalog *catalog, const char *name, struct text_list *versions)
{
	struct rows rows = source_rows(catalog);

	versions_add(&rows, name, versions);
}

enum status source_catalog_of_binary(const struct source_catalog *catalog, const char *name,
	const char *version, struct binary_source *source, struct error *err)
{
	struct rows rows = binary_rows(catalog);
	size_t found = rows_find(&rows, name, version);

	*source = (struct binary_source){0};
	if (found == SIZE_MAX)
		return not_found(&rows, "binary", name, version, err);
	source->name = catalog->binaries[found].source;
	source->version = catalog->binaries[found].source_version;
	source->binary_version = catalog->binaries[found].key.version;
	return STATUS_OK;
}

void source_catalog_each_binary(const struct source_catalog *catalog, const char *name,
	void (*visit)(void *context, const struct catalog_binary *binary), void *context)
{
	struct rows rows = binary_rows(catalog);

	for (size_t i = rows_lower(&rows, name);
		i < rows.count && strcmp(row_at(&rows, i)->name, name) == 0; i++) {
		const struct binary_row *row = &catalog->binaries[i];
		const struct catalog_binary binary = {.name = row->key.name,
			.version = row->key.version,
			.source = row->source,
			.source_version = row->source_version,
			.depends = row->depends,
			.pre_depends = row->pre_depends,
			.sha256 = row->has_sha256 ? &row->sha256 : NULL};

		visit(context, &binary);
	}
}
