/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/number.h"
#include "snapshot/archive_table.h"
#include "snapshot/checksums.h"
#include "snapshot/index_stream.h"
#include "snapshot/pin.h"

/* The value of a field that must come once. */
static enum status value_take(
	struct deb822_field *to, const struct deb822_field *field, struct error *err)
{
	if (to->value)
		return error_set(err, STATUS_FORMAT, "the field %.*s comes twice in a stanza",
			(int)field->name_len, field->name);
	*to = *field;
	return STATUS_OK;
}

static enum status package_add(struct table_builder *builder, const struct deb822_field *filename,
	const struct deb822_field *size, const struct deb822_field *sha256, struct error *err)
{
	struct digest digest;
	uint64_t bytes;

	if (!filename->value || !size->value || !sha256->value ||
		!number_parse(size->value, size->value_len, &bytes) ||
		!digest_parse(sha256->value, sha256->value_len, &digest))
		return error_set(err, STATUS_FORMAT,
			"a package has no proper Filename, Size and SHA256 (%.*s)",
			(int)(filename->value ? filename->value_len : 0),
			filename->value ? filename->value : "");
	return table_builder_add(
		builder, "", 0, filename->value, filename->value_len, &digest, bytes, err);
}

static enum status packages_read(void *context, struct deb822 *reader, struct error *err)
{
	while (!deb822_at_end(reader)) {
		struct deb822_field field, filename = {0}, size = {0}, sha256 = {0};
		bool is_empty = true;
		enum status status;

		while ((status = deb822_next(reader, &field, err)) == STATUS_OK) {
			is_empty = false;
			if (deb822_is(&field, "Filename"))
				status = value_take(&filename, &field, err);
			else if (deb822_is(&field, "Size"))
				status = value_take(&size, &field, err);
			else if (deb822_is(&field, "SHA256"))
				status = value_take(&sha256, &field, err);
			if (status < 0)
				break;
		}
		if (status >= 0 && !is_empty)
			status = package_add(context, &filename, &size, &sha256, err);
		if (status < 0)
			return status;
	}
	return STATUS_OK;
}

static enum status source_add(struct table_builder *builder, const struct deb822_field *directory,
	const struct deb822_field *checksums, struct error *err)
{
	size_t directory_len = directory->value_len, at = 0;
	struct checksum checksum;
	enum status status;

	if (!directory->value || !checksums->value)
		return error_set(err, STATUS_FORMAT,
			"a source package has no Directory and Checksums-Sha256");
	if (directory_len == 1 && directory->value[0] == '.')
		directory_len = 0;
	while ((status = checksums_next(checksums, &at, &checksum, err)) == STATUS_OK) {
		status = table_builder_add(builder, directory->value, directory_len, checksum.name,
			checksum.name_len, &checksum.digest, checksum.size, err);
		if (status < 0)
			return status;
	}
	return status < 0 ? error_context(err, "%.*s", (int)directory->value_len, directory->value)
			  : STATUS_OK;
}

static enum status sources_read(void *context, struct deb822 *reader, struct error *err)
{
	while (!deb822_at_end(reader)) {
		struct deb822_field field, directory = {0}, checksums = {0};
		bool is_empty = true;
		enum status status;

		while ((status = deb822_next(reader, &field, err)) == STATUS_OK) {
			is_empty = false;
			if (deb822_is(&field, "Directory"))
				status = value_take(&directory, &field, err);
			else if (deb822_is(&field, "Checksums-Sha256"))
				status = value_take(&checksums, &field, err);
			if (status < 0)
				break;
		}
		if (status >= 0 && !is_empty)
			status = source_add(context, &directory, &checksums, err);
		if (status < 0)
			return status;
	}
	return STATUS_OK;
}

enum status archive_table_read_index(struct store *store, const struct suite_release *release,
	const struct release_file *file, bool is_sources, struct table_builder *builder,
	struct error *err)
{
	struct index_stream *stream;
	enum status status = index_stream_open(store, release, file, &stream, err);

	if (status == STATUS_OK)
		status = index_stream_parse(
			stream, is_sources ? sources_read : packages_read, builder, err);
	index_stream_close(stream);
	return status;
}

/* A signed file of the suite, which no index names. */
static enum status signed_file_add(struct store *store, const char *directory, const char *name,
	const struct digest *digest, struct table_builder *builder, struct error *err)
{
	uint64_t size;
	int fd;
	enum status status = store_read(store, digest, &fd, &size, err);

	if (status < 0)
		return status;
	close(fd);
	return table_builder_add(
		builder, directory, strlen(directory), name, strlen(name), digest, size, err);
}

/* The signed files themselves, and all that Release lists. */
static enum status release_add(struct store *store, const struct pin_suite *suite,
	const struct suite_release *release, struct table_builder *builder, struct error *err)
{
	char *directory = xasprintf("dists/%s", suite->suite);
	size_t len = strlen(directory);
	enum status status;

	if (!suite->is_detached) {
		status = signed_file_add(
			store, directory, "InRelease", &suite->inrelease, builder, err);
	} else {
		status =
			signed_file_add(store, directory, "Release", &suite->release, builder, err);
		if (status == STATUS_OK)
			status = signed_file_add(
				store, directory, "Release.gpg", &suite->release_gpg, builder, err);
	}
	for (size_t i = 0; i < release->file_count && status == STATUS_OK; i++) {
		const struct release_file *file = &release->files[i];

		status = table_builder_add(builder, directory, len, file->path, strlen(file->path),
			&file->digest, file->size, err);
	}
	free(directory);
	return status;
}

static enum status suite_read(struct store *store, const struct pin *pin,
	const struct pin_suite *suite, struct table_builder *builder, struct error *err)
{
	struct suite_release release = {0};
	struct pin_index *indexes = NULL;
	size_t count = 0;
	enum status status = pin_suite_release_read(store, suite, &release, err);

	if (status == STATUS_OK)
		status = release_add(store, suite, &release, builder, err);
	if (status == STATUS_OK)
		status = pin_indexes(pin, &release, &indexes, &count, err);
	for (size_t i = 0; i < count && status == STATUS_OK; i++)
		status = archive_table_read_index(
			store, &release, indexes[i].file, indexes[i].is_sources, builder, err);
	free(indexes);
	suite_release_release(&release);
	return status < 0 ? error_context(err, "%s", suite->suite) : STATUS_OK;
}

enum status archive_table_read(struct store *store, const struct pin *pin,
	struct table_builder *builder, struct error *err)
{
	for (size_t i = 0; i < pin->suite_count; i++) {
		if (suite_read(store, pin, &pin->suites[i], builder, err) < 0)
			return err->status;
	}
	return STATUS_OK;
}
