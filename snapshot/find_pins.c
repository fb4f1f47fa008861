/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "snapshot/find_range.h"
#include "snapshot/index_stream.h"
#include "snapshot/pin.h"

/* An index that was read, and which packages of the list it has. Pins share most of theirs. */
struct index_seen {
	struct digest digest;
	size_t first, count; /* in packages[] */
};

struct pins_reader {
	struct store *store;
	struct find_ranges *ranges;
	struct index_seen *seen;
	size_t seen_count, seen_capacity;
	size_t *packages;
	size_t package_count, package_capacity;
};

static void stanza_note(struct pins_reader *reader, const struct deb822_field *name,
	const struct deb822_field *version, const struct deb822_field *architecture)
{
	struct find_ranges *ranges = reader->ranges;
	size_t first, count;

	find_ranges_named(ranges, name->value, name->value_len, &first, &count);
	for (size_t i = first; i < first + count; i++) {
		size_t package = ranges->by_name[i];
		const char *own = ranges->manifest->items[package].version;

		find_known_note(ranges, package, version->value, version->value_len,
			architecture->value, architecture->value_len);
		if (!own || strlen(own) != version->value_len ||
			memcmp(own, version->value, version->value_len) != 0 ||
			!find_architecture_fits(
				ranges, package, architecture->value, architecture->value_len))
			continue;
		ARRAY_GROW(reader->packages, reader->package_count, reader->package_capacity);
		reader->packages[reader->package_count++] = package;
	}
}

static enum status stanzas_read(void *context, struct deb822 *reader, struct error *err)
{
	while (!deb822_at_end(reader)) {
		struct deb822_field field, name = {0}, version = {0}, architecture = {0};
		bool is_empty = true;
		enum status status;

		while ((status = deb822_next(reader, &field, err)) == STATUS_OK) {
			is_empty = false;
			if (deb822_is(&field, "Package"))
				name = field;
			else if (deb822_is(&field, "Version"))
				version = field;
			else if (deb822_is(&field, "Architecture"))
				architecture = field;
		}
		if (status < 0)
			return status;
		if (is_empty)
			continue;
		if (!name.value || !version.value || !architecture.value)
			return error_set(err, STATUS_FORMAT,
				"a package has no Package, Version and Architecture (%.*s)",
				(int)name.value_len, name.value ? name.value : "");
		stanza_note(context, &name, &version, &architecture);
	}
	return STATUS_OK;
}

/* NULL when it was not read yet. */
static const struct index_seen *index_find(
	const struct pins_reader *reader, const struct digest *digest)
{
	for (size_t i = 0; i < reader->seen_count; i++) {
		if (digest_equal(&reader->seen[i].digest, digest))
			return &reader->seen[i];
	}
	return NULL;
}

static enum status index_read(struct pins_reader *reader, const struct suite_release *release,
	const struct release_file *file, struct error *err)
{
	struct index_seen seen = {.digest = file->digest, .first = reader->package_count};
	struct index_stream *stream;
	enum status status = index_stream_open(reader->store, release, file, &stream, err);

	if (status == STATUS_OK)
		status = index_stream_parse(stream, stanzas_read, reader, err);
	index_stream_close(stream);
	if (status < 0)
		return status;
	seen.count = reader->package_count - seen.first;
	ARRAY_GROW(reader->seen, reader->seen_count, reader->seen_capacity);
	reader->seen[reader->seen_count++] = seen;
	return STATUS_OK;
}

static bool is_wanted(const struct find_ranges *ranges, const struct pin_index *index)
{
	if (index->is_sources)
		return false;
	if (strcmp(index->architecture, ranges->architecture) == 0 ||
		strcmp(index->architecture, "all") == 0)
		return true;
	for (size_t i = 0; i < ranges->manifest->count; i++) {
		const char *own = ranges->manifest->items[i].architecture;

		if (own && strcmp(own, index->architecture) == 0)
			return true;
	}
	return false;
}

static enum status suite_read(struct pins_reader *reader, const struct pin *pin,
	const struct pin_suite *suite, struct error *err)
{
	struct suite_release release = {0};
	struct pin_index *indexes = NULL;
	size_t count = 0;
	enum status status = pin_suite_release_read(reader->store, suite, &release, err);

	if (status == STATUS_OK)
		status = pin_indexes(pin, &release, &indexes, &count, err);
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		const struct index_seen *seen;

		if (!is_wanted(reader->ranges, &indexes[i]))
			continue;
		if (!index_find(reader, &indexes[i].file->digest))
			status = index_read(reader, &release, indexes[i].file, err);
		seen = index_find(reader, &indexes[i].file->digest);
		for (size_t j = 0; status == STATUS_OK && j < seen->count; j++)
			status = find_ranges_add(reader->ranges, reader->packages[seen->first + j],
				pin->archive, suite->suite, pin->timestamp, pin->timestamp, err);
	}
	free(indexes);
	suite_release_release(&release);
	return status < 0 ? error_context(err, "%s %s", pin->name, suite->suite) : STATUS_OK;
}

static enum status pin_read(struct pins_reader *reader, const struct pin *pin,
	struct text_list *notes, struct error *err)
{
	struct find_ranges *ranges = reader->ranges;
	enum status status = STATUS_OK;

	if (!text_list_contains(&pin->architectures, ranges->architecture)) {
		char *note =
			xasprintf("%s is left out: it holds no packages for the architecture %s",
				pin->name, ranges->architecture);

		text_list_add(notes, note);
		free(note);
		return STATUS_OK;
	}
	for (size_t i = 0; i < pin->suite_count && status == STATUS_OK; i++)
		status = suite_read(reader, pin, &pin->suites[i], err);
	if (status == STATUS_OK)
		text_list_add(&ranges->pins, pin->name);
	return status;
}

enum status find_in_pins(struct store *store, const struct text_list *archives,
	struct find_ranges *ranges, struct text_list *notes, struct error *err)
{
	struct pins_reader reader = {.store = store, .ranges = ranges};
	struct text_list names = {0};
	enum status status = pin_file_list(store, &names, err);

	for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
		struct pin pin;

		status = pin_file_read(store, names.items[i], &pin, err);
		if (status < 0)
			break;
		if (archives->count == 0 || text_list_contains(archives, pin.archive))
			status = pin_read(&reader, &pin, notes, err);
		pin_release(&pin);
	}
	text_list_release(&names);
	free(reader.seen);
	free(reader.packages);
	return status;
}
