/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/number.h"
#include "base/path.h"
#include "snapshot/api_catalog.h"
#include "snapshot/archive_table.h"
#include "snapshot/checksums.h"
#include "snapshot/index_stream.h"
#include "snapshot/pin.h"

/* One index that is being read. */
struct load {
	struct catalog *catalog;
	const char *archive;
	char timestamp[CLOCK_TEXT_SIZE];
	int64_t listing; /* of Packages */
};

/* Text that need not end with a NUL. */
struct span {
	const char *text;
	size_t len;
};

static struct span span_of(const struct deb822_field *field)
{
	return (struct span){field->value, field->value_len};
}

static void bind_span(sqlite3_stmt *statement, int parameter, struct span span)
{
	/* Valid until the statement is run, which is before the stanza's text goes. */
	sqlite3_bind_text64(statement, parameter, span.text ? span.text : "", span.len,
		SQLITE_STATIC, SQLITE_UTF8);
}

/* The row that `find` names, or that `add` makes of the same parameters and more. */
static enum status row_find(
	struct catalog *catalog, sqlite3_stmt *find, int64_t *id, struct error *err)
{
	enum status status = sql_step(&catalog->sql, find, err);

	if (status == STATUS_OK)
		*id = sqlite3_column_int64(find, 0);
	sqlite3_reset(find);
	return status;
}

static enum status row_add(
	struct catalog *catalog, sqlite3_stmt *add, int64_t *id, struct error *err)
{
	enum status status = sql_run(&catalog->sql, add, err);

	*id = sqlite3_last_insert_rowid(catalog->sql.db);
	return status;
}

/* `directory` is below the archive's root, without slashes at its ends. */
static enum status file_add(const struct load *load, struct span directory, struct span name,
	const struct digest *digest, uint64_t size, int64_t *id, struct error *err)
{
	static const enum catalog_statement statements[] = {CATALOG_FILE_FIND, CATALOG_FILE_ADD};
	char *path = xasprintf("/%.*s", (int)directory.len, directory.text ? directory.text : "");
	enum status status = STATUS_END;

	for (size_t i = 0; i < ARRAY_SIZE(statements) && status == STATUS_END; i++) {
		sqlite3_stmt *statement = sql_statement(&load->catalog->sql, statements[i], err);

		if (!statement) {
			status = err->status;
			break;
		}
		bind_span(statement, 1, name);
		sql_bind_text(statement, 2, path);
		sql_bind_text(statement, 3, load->archive);
		sql_bind_blob(statement, 4, digest->bytes, SHA256_SIZE);
		if (i == 0) {
			status = row_find(load->catalog, statement, id, err);
			continue;
		}
		sql_bind_integer(statement, 5, (int64_t)size);
		sql_bind_text(statement, 6, load->timestamp);
		status = row_add(load->catalog, statement, id, err);
	}
	free(path);
	return status;
}

static enum status pair_add(const struct load *load, enum catalog_statement statement, int64_t left,
	int64_t right, struct error *err)
{
	sqlite3_stmt *prepared = sql_statement(&load->catalog->sql, statement, err);

	if (!prepared)
		return err->status;
	sql_bind_integer(prepared, 1, left);
	sql_bind_integer(prepared, 2, right);
	return sql_run(&load->catalog->sql, prepared, err);
}

/* The fields of a stanza that are wanted, by name. */
struct wanted {
	const char *name;
	struct deb822_field field;
};

/* *is_empty when there was no field at all. */
static enum status stanza_read(struct deb822 *reader, struct wanted *wanted, size_t count,
	bool *is_empty, struct error *err)
{
	struct deb822_field field;
	enum status status;

	*is_empty = true;
	for (size_t i = 0; i < count; i++)
		wanted[i].field = (struct deb822_field){0};
	while ((status = deb822_next(reader, &field, err)) == STATUS_OK) {
		*is_empty = false;
		for (size_t i = 0; i < count; i++) {
			if (deb822_is(&field, wanted[i].name))
				wanted[i].field = field;
		}
	}
	return status < 0 ? status : STATUS_OK;
}

/* ---- Packages ---- */

enum {
	PACKAGE,
	VERSION,
	ARCHITECTURE,
	FILENAME,
	SIZE,
	SHA256,
	SOURCE,
	PACKAGES_FIELDS
};

/* "name (version)" or "name"; what it does not say is as the package's own. */
static void source_split(const struct wanted *fields, struct span *name, struct span *version)
{
	const struct deb822_field *source = &fields[SOURCE].field;
	const char *open;

	*name = span_of(source->value ? source : &fields[PACKAGE].field);
	*version = span_of(&fields[VERSION].field);
	open = source->value ? memchr(source->value, '(', source->value_len) : NULL;
	if (!open || source->value[source->value_len - 1] != ')')
		return;
	version->text = open + 1;
	version->len = (size_t)(source->value + source->value_len - 1 - version->text);
	name->len = (size_t)(open - source->value);
	while (name->len && name->text[name->len - 1] == ' ')
		name->len--;
}

static enum status binary_add(
	const struct load *load, const struct wanted *fields, int64_t file, struct error *err)
{
	static const enum catalog_statement statements[] = {
		CATALOG_BINARY_FIND, CATALOG_BINARY_ADD};
	struct span source, source_version;
	enum status status = STATUS_END;
	int64_t id = 0;

	source_split(fields, &source, &source_version);
	for (size_t i = 0; i < ARRAY_SIZE(statements) && status == STATUS_END; i++) {
		sqlite3_stmt *statement = sql_statement(&load->catalog->sql, statements[i], err);

		if (!statement)
			return err->status;
		bind_span(statement, 1, span_of(&fields[PACKAGE].field));
		bind_span(statement, 2, span_of(&fields[VERSION].field));
		bind_span(statement, 3, span_of(&fields[ARCHITECTURE].field));
		sql_bind_integer(statement, 4, file);
		if (i == 0) {
			status = row_find(load->catalog, statement, &id, err);
			continue;
		}
		bind_span(statement, 5, source);
		bind_span(statement, 6, source_version);
		status = row_add(load->catalog, statement, &id, err);
	}
	if (status < 0)
		return status;
	return pair_add(load, CATALOG_LISTED_ADD, id, load->listing, err);
}

static enum status package_add(
	const struct load *load, const struct wanted *fields, struct error *err)
{
	struct span path = span_of(&fields[FILENAME].field), name = path;
	const struct deb822_field *size_field = &fields[SIZE].field;
	const struct deb822_field *digest_field = &fields[SHA256].field;
	struct digest digest;
	uint64_t size = 0;
	int64_t file = 0;
	enum status status;

	if (!fields[PACKAGE].field.value || !fields[VERSION].field.value ||
		!fields[ARCHITECTURE].field.value || !path.text || !size_field->value ||
		!digest_field->value ||
		!number_parse(size_field->value, size_field->value_len, &size) ||
		!digest_parse(digest_field->value, digest_field->value_len, &digest))
		return error_set(err, STATUS_FORMAT,
			"a package has no proper Package, Version, Architecture, Filename, Size "
			"and SHA256 (%.*s)",
			(int)path.len, path.text ? path.text : "");
	while (path.len && path.text[path.len - 1] != '/')
		path.len--;
	name.text += path.len;
	name.len -= path.len;
	path.len -= path.len > 0;
	status = file_add(load, path, name, &digest, size, &file, err);
	return status < 0 ? status : binary_add(load, fields, file, err);
}

static enum status packages_read(void *context, struct deb822 *reader, struct error *err)
{
	struct wanted fields[PACKAGES_FIELDS] = {
		[PACKAGE] = {.name = "Package"},
		[VERSION] = {.name = "Version"},
		[ARCHITECTURE] = {.name = "Architecture"},
		[FILENAME] = {.name = "Filename"},
		[SIZE] = {.name = "Size"},
		[SHA256] = {.name = "SHA256"},
		[SOURCE] = {.name = "Source"},
	};

	while (!deb822_at_end(reader)) {
		bool is_empty;
		enum status status = stanza_read(reader, fields, PACKAGES_FIELDS, &is_empty, err);

		if (status == STATUS_OK && !is_empty)
			status = package_add(context, fields, err);
		if (status < 0)
			return status;
	}
	return STATUS_OK;
}

/* ---- Sources ---- */

enum {
	SOURCE_PACKAGE,
	SOURCE_VERSION,
	DIRECTORY,
	CHECKSUMS,
	SOURCES_FIELDS
};

static enum status source_files_add(
	const struct load *load, const struct wanted *fields, int64_t source, struct error *err)
{
	struct span directory = span_of(&fields[DIRECTORY].field);
	struct checksum checksum;
	enum status status;
	size_t at = 0;

	while ((status = checksums_next(&fields[CHECKSUMS].field, &at, &checksum, err)) ==
		STATUS_OK) {
		struct span name = {checksum.name, checksum.name_len};
		int64_t file = 0;

		status = file_add(
			load, directory, name, &checksum.digest, checksum.size, &file, err);
		if (status == STATUS_OK)
			status = pair_add(load, CATALOG_SOURCE_FILE_ADD, source, file, err);
		if (status < 0)
			return status;
	}
	return status < 0 ? status : STATUS_OK;
}

static enum status source_add(
	const struct load *load, const struct wanted *fields, struct error *err)
{
	static const enum catalog_statement statements[] = {
		CATALOG_SOURCE_FIND, CATALOG_SOURCE_ADD};
	enum status status = STATUS_END;
	int64_t id = 0;

	for (size_t i = 0; i < SOURCES_FIELDS; i++) {
		if (!fields[i].field.value)
			return error_set(err, STATUS_FORMAT, "a source has no %s", fields[i].name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(statements) && status == STATUS_END; i++) {
		sqlite3_stmt *statement = sql_statement(&load->catalog->sql, statements[i], err);

		if (!statement)
			return err->status;
		bind_span(statement, 1, span_of(&fields[SOURCE_PACKAGE].field));
		bind_span(statement, 2, span_of(&fields[SOURCE_VERSION].field));
		status = i == 0 ? row_find(load->catalog, statement, &id, err)
				: row_add(load->catalog, statement, &id, err);
	}
	return status < 0 ? status : source_files_add(load, fields, id, err);
}

static enum status sources_read(void *context, struct deb822 *reader, struct error *err)
{
	struct wanted fields[SOURCES_FIELDS] = {
		[SOURCE_PACKAGE] = {.name = "Package"},
		[SOURCE_VERSION] = {.name = "Version"},
		[DIRECTORY] = {.name = "Directory"},
		[CHECKSUMS] = {.name = "Checksums-Sha256"},
	};

	while (!deb822_at_end(reader)) {
		bool is_empty;
		enum status status = stanza_read(reader, fields, SOURCES_FIELDS, &is_empty, err);

		if (status == STATUS_OK && !is_empty)
			status = source_add(context, fields, err);
		if (status < 0)
			return status;
	}
	return STATUS_OK;
}

/* ---- a pin ---- */

/* "main/binary-amd64/Packages.xz" and "updates/main/binary-amd64/…" are of main. */
static char *component_of(const char *path)
{
	char *directory = path_directory(path), *parent = path_directory(directory);
	char *component = xstrdup(path_basename(parent));

	free(directory);
	free(parent);
	return component;
}

static enum status listing_add(struct load *load, const struct pin_suite *suite,
	const struct pin_index *index, struct error *err)
{
	char *component = component_of(index->file->path);
	const char *const arguments[] = {
		load->archive, suite->suite, component, index->architecture, load->timestamp};
	sqlite3_stmt *add = catalog_ask(
		load->catalog, CATALOG_LISTING_ADD, arguments, ARRAY_SIZE(arguments), err);
	enum status status = add ? row_add(load->catalog, add, &load->listing, err) : err->status;

	free(component);
	return status;
}

static enum status index_load(struct load *load, const struct pin_suite *suite,
	const struct suite_release *release, const struct pin_index *index, struct error *err)
{
	struct index_stream *stream = NULL;
	enum status status = STATUS_OK;

	if (!index->is_sources)
		status = listing_add(load, suite, index, err);
	if (status == STATUS_OK)
		status =
			index_stream_open(load->catalog->store, release, index->file, &stream, err);
	if (status == STATUS_OK)
		status = index_stream_parse(
			stream, index->is_sources ? sources_read : packages_read, load, err);
	index_stream_close(stream);
	return status;
}

/* What stands below dists/ and is in the store has its name as well. */
static enum status signed_file_add(const struct load *load, const char *suite, const char *path,
	const struct digest *digest, uint64_t size, struct error *err)
{
	char *directory, *whole;
	enum status status;
	int64_t id;

	if (!store_has(load->catalog->store, digest))
		return STATUS_OK;
	whole = xasprintf("dists/%s/%s", suite, path);
	directory = path_directory(whole);
	status = file_add(load, (struct span){directory, strlen(directory)},
		(struct span){path_basename(whole), strlen(path_basename(whole))}, digest, size,
		&id, err);
	free(directory);
	free(whole);
	return status;
}

/* What is signed, or signs: by its own digest, which no Release can name. */
static enum status signature_add(struct load *load, const struct pin_suite *suite, const char *name,
	const struct digest *digest, struct error *err)
{
	uint64_t size = 0;
	int fd = -1;
	enum status status = store_read(load->catalog->store, digest, &fd, &size, err);

	if (status != STATUS_OK)
		return error_context(err, "%s", name);
	close(fd);
	return signed_file_add(load, suite->suite, name, digest, size, err);
}

static enum status signatures_add(
	struct load *load, const struct pin_suite *suite, struct error *err)
{
	if (!suite->is_detached)
		return signature_add(load, suite, "InRelease", &suite->inrelease, err);
	if (signature_add(load, suite, "Release", &suite->release, err) < 0)
		return err->status;
	return signature_add(load, suite, "Release.gpg", &suite->release_gpg, err);
}

static enum status suite_load(
	struct load *load, const struct pin *pin, const struct pin_suite *suite, struct error *err)
{
	struct suite_release release = {0};
	struct pin_index *indexes = NULL;
	size_t count = 0;
	enum status status = pin_suite_release_read(load->catalog->store, suite, &release, err);

	if (status == STATUS_OK)
		status = pin_indexes(pin, &release, &indexes, &count, err);
	if (status == STATUS_OK)
		status = signatures_add(load, suite, err);
	for (size_t i = 0; i < release.file_count && status == STATUS_OK; i++)
		status = signed_file_add(load, suite->suite, release.files[i].path,
			&release.files[i].digest, release.files[i].size, err);
	for (size_t i = 0; i < count && status == STATUS_OK; i++)
		status = index_load(load, suite, &release, &indexes[i], err);
	free(indexes);
	suite_release_release(&release);
	return status < 0 ? error_context(err, "%s", suite->suite) : STATUS_OK;
}

enum status catalog_load(struct catalog *catalog, const struct pin *pin, struct error *err)
{
	struct load load = {.catalog = catalog, .archive = pin->archive};
	enum status status = sql_begin(&catalog->sql, err);

	clock_format_snapshot(pin->timestamp, load.timestamp);
	for (size_t i = 0; i < pin->suite_count && status == STATUS_OK; i++)
		status = suite_load(&load, pin, &pin->suites[i], err);
	if (status == STATUS_OK)
		status = sql_commit(&catalog->sql, err);
	return status < 0 ? error_context(err, "%s", pin->name) : STATUS_OK;
}
