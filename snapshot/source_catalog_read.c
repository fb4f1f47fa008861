/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "base/debversion.h"
#include "snapshot/pin_packages.h"
#include "snapshot/pin_stanzas.h"
#include "snapshot/source_catalog.h"

#define CHUNK_SIZE ((size_t)1 << 20)

static const char *const source_names[FIELDS] = {
	[FIELD_PACKAGE] = "Package",
	[FIELD_VERSION] = "Version",
	[FIELD_DIRECTORY] = "Directory",
	[FIELD_CHECKSUMS] = "Checksums-Sha256",
	[FIELD_BINARY] = "Binary",
	[FIELD_MAINTAINER] = "Maintainer",
	[FIELD_TESTSUITE] = "Testsuite",
	[FIELD_TRIGGERS] = "Testsuite-Triggers",
	[FIELD_BUILD_DEPENDS] = "Build-Depends",
	[FIELD_BUILD_DEPENDS_ARCH] = "Build-Depends-Arch",
	[FIELD_BUILD_DEPENDS_INDEP] = "Build-Depends-Indep",
	[FIELD_EXTRA] = "Extra-Source-Only",
};

/* Room for `len` bytes and a NUL. */
static char *text_room(struct text_chunk **chunks, size_t len)
{
	struct text_chunk *chunk = *chunks;
	char *room;

	if (!chunk || chunk->size - chunk->used < len + 1) {
		size_t size = len + 1 > CHUNK_SIZE ? len + 1 : CHUNK_SIZE;

		chunk = xmalloc(sizeof(*chunk) + size);
		*chunk = (struct text_chunk){.next = *chunks, .size = size};
		*chunks = chunk;
	}
	room = chunk->data + chunk->used;
	chunk->used += len + 1;
	room[len] = '\0';
	return room;
}

static const char *text_keep(struct text_chunk **chunks, const char *text, size_t len)
{
	char *kept;

	if (len == 0)
		return "";
	kept = text_room(chunks, len);
	memcpy(kept, text, len);
	return kept;
}

/* Folded fields on one line. */
static const char *field_keep(struct text_chunk **chunks, const struct deb822_field *field)
{
	char *kept = (char *)text_keep(chunks, field->value, field->value_len), *to = kept;

	if (!memchr(kept, '\n', field->value_len))
		return kept;
	for (const char *at = kept; *at; at++) {
		bool is_blank = *at == '\n' || *at == ' ' || *at == '\t';

		if (!is_blank)
			*to++ = *at;
		else if (to > kept && to[-1] != ' ')
			*to++ = ' ';
	}
	*to = '\0';
	return kept;
}

static bool is_sources(void *context, const struct pin_index *index)
{
	(void)context;
	return index->is_sources;
}

static enum status source_take(void *context, const struct pin_stanza *stanza, struct error *err)
{
	struct source_catalog *catalog = context;
	const struct deb822_field *fields = stanza->fields;
	struct source_row row = {
		.key = {.is_not_automatic = stanza->is_not_automatic,
			.order = catalog->source_count},
		.pin = stanza->pin,
		.suite = stanza->suite,
	};

	(void)err;
	if (package_field_is(&fields[FIELD_EXTRA], "yes"))
		return STATUS_OK;
	for (size_t i = 0; i < FIELD_EXTRA; i++) {
		/* A line of the checksums is one file. */
		row.texts[i] = i == FIELD_CHECKSUMS
			? text_keep(&catalog->source_texts, fields[i].value, fields[i].value_len)
			: field_keep(&catalog->source_texts, &fields[i]);
	}
	row.checksums_len = fields[FIELD_CHECKSUMS].value_len;
	row.key.name = row.texts[FIELD_PACKAGE];
	row.key.version = row.texts[FIELD_VERSION];
	ARRAY_GROW(catalog->sources, catalog->source_count, catalog->source_capacity);
	catalog->sources[catalog->source_count++] = row;
	return STATUS_OK;
}

/* How far it is to a character, from `from` on; to the end of the value when there is none. */
static size_t len_before(const struct deb822_field *field, size_t from, char c)
{
	while (from < field->value_len && field->value[from] != c)
		from++;
	return from;
}

static enum status package_take(void *context, const struct pin_package *package, struct error *err)
{
	struct source_catalog *catalog = context;
	const struct deb822_field *fields = package->fields;
	struct binary_row row = {
		.key = {.is_not_automatic = package->is_not_automatic,
			.order = catalog->binary_count},
	};
	struct text_chunk **texts = &catalog->binary_texts;
	const struct deb822_field *source = &fields[PACKAGE_SOURCE];
	size_t name_len = len_before(source, 0, ' '), open = len_before(source, 0, '(') + 1;

	(void)err;
	row.key.name = field_keep(texts, &fields[PACKAGE_NAME]);
	row.key.version = field_keep(texts, &fields[PACKAGE_VERSION]);
	row.source = row.key.name;
	row.source_version = row.key.version;
	/* As package_source(), and without copies of what most have not. */
	if (source->value)
		row.source = text_keep(texts, source->value, name_len);
	if (open < source->value_len)
		row.source_version = text_keep(
			texts, source->value + open, len_before(source, open, ')') - open);
	row.depends = field_keep(texts, &fields[PACKAGE_DEPENDS]);
	row.pre_depends = field_keep(texts, &fields[PACKAGE_PRE_DEPENDS]);
	row.has_sha256 = fields[PACKAGE_SHA256].value &&
		digest_parse(fields[PACKAGE_SHA256].value, fields[PACKAGE_SHA256].value_len,
			&row.sha256);
	ARRAY_GROW(catalog->binaries, catalog->binary_count, catalog->binary_capacity);
	catalog->binaries[catalog->binary_count++] = row;
	return STATUS_OK;
}

static int key_compare(const void *a, const void *b)
{
	const struct catalog_key *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	if (order == 0)
		order = debversion_compare(left->version, right->version);
	if (order == 0)
		order = strcmp(left->version, right->version);
	if (order == 0)
		order = left->order < right->order ? -1 : left->order > right->order;
	return order;
}

/* One of the two halves, which differ in what they read and where they put it. */
struct half {
	struct store *store;
	const struct pin_list *pins;
	const struct text_list *architectures; /* NULL: Sources */
	struct source_catalog *catalog;
	struct error err;
};

static void *half_read(void *context)
{
	struct half *half = context;
	struct source_catalog *catalog = half->catalog;
	const struct stanza_reading reading = {
		.names = source_names,
		.count = FIELDS,
		.needed = FIELD_CHECKSUMS + 1,
		.what = "a source package",
		.is_wanted = is_sources,
		.take = source_take,
		.context = catalog,
		.is_frequent = true,
	};
	enum status status = half->architectures
		? pin_packages_visit(half->store, half->pins, half->architectures, true,
			  package_take, catalog, &half->err)
		: pin_stanzas_visit(half->store, half->pins, &reading, &half->err);

	half->err.status = status;
	if (half->architectures && catalog->binary_count)
		qsort(catalog->binaries, catalog->binary_count, sizeof(catalog->binaries[0]),
			key_compare);
	if (!half->architectures && catalog->source_count)
		qsort(catalog->sources, catalog->source_count, sizeof(catalog->sources[0]),
			key_compare);
	return NULL;
}

enum status source_catalog_open(struct store *store, const struct pin_list *pins,
	const struct text_list *architectures, struct source_catalog **catalog, struct error *err)
{
	struct source_catalog *made = xcalloc(1, sizeof(*made));
	struct half sources = {.store = store, .pins = pins, .catalog = made};
	struct half packages = sources;
	pthread_t thread;
	bool has_thread;

	*catalog = NULL;
	packages.architectures = architectures;
	has_thread = pthread_create(&thread, NULL, half_read, &packages) == 0;
	half_read(&sources);
	if (has_thread)
		pthread_join(thread, NULL);
	else
		half_read(&packages);
	if (sources.err.status < 0)
		*err = sources.err;
	else if (packages.err.status < 0)
		*err = packages.err;
	else if (made->source_count == 0)
		error_set(err, STATUS_NOT_FOUND,
			"the pins list no source package: take pins whose apt sources have "
			"deb-src");
	else
		*catalog = made;
	/* Most of what starting a worker takes would be copying the page tables of this. */
	if (*catalog) {
		source_catalog_advise(made, MADV_DONTFORK);
		return STATUS_OK;
	}
	source_catalog_free(made);
	return err->status;
}
