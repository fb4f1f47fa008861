/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/pin_packages.h"

#include <stdlib.h>
#include <string.h>

#include "snapshot/index_stream.h"
#include "snapshot/pin.h"

static const char *const field_names[PACKAGE_FIELDS] = {
	[PACKAGE_NAME] = "Package",
	[PACKAGE_VERSION] = "Version",
	[PACKAGE_ARCHITECTURE] = "Architecture",
	[PACKAGE_SOURCE] = "Source",
	[PACKAGE_MULTI_ARCH] = "Multi-Arch",
	[PACKAGE_ESSENTIAL] = "Essential",
	[PACKAGE_PRIORITY] = "Priority",
	[PACKAGE_PRE_DEPENDS] = "Pre-Depends",
	[PACKAGE_DEPENDS] = "Depends",
	[PACKAGE_RECOMMENDS] = "Recommends",
	[PACKAGE_CONFLICTS] = "Conflicts",
	[PACKAGE_BREAKS] = "Breaks",
	[PACKAGE_PROVIDES] = "Provides",
	[PACKAGE_SHA256] = "SHA256",
};

struct visit {
	pin_package_visitor *visit;
	void *context;
	struct pin_package package;
};

bool package_field_is(const struct deb822_field *field, const char *text)
{
	return field->value && field->value_len == strlen(text) &&
		memcmp(field->value, text, field->value_len) == 0;
}

static enum status stanza_visit(struct visit *visit, struct deb822 *reader, struct error *err)
{
	struct deb822_field field, *fields = visit->package.fields;
	bool is_empty = true;
	enum status status;

	memset(fields, 0, sizeof(visit->package.fields));
	while ((status = deb822_next(reader, &field, err)) == STATUS_OK) {
		is_empty = false;
		for (size_t i = 0; i < PACKAGE_FIELDS; i++) {
			if (deb822_is(&field, field_names[i])) {
				fields[i] = field;
				break;
			}
		}
	}
	if (status < 0 || is_empty)
		return status < 0 ? status : STATUS_OK;
	for (size_t i = PACKAGE_NAME; i <= PACKAGE_ARCHITECTURE; i++) {
		if (!fields[i].value || fields[i].value_len == 0)
			return error_set(err, STATUS_FORMAT, "a package (%.*s) has no %s",
				(int)fields[PACKAGE_NAME].value_len,
				fields[PACKAGE_NAME].value ? fields[PACKAGE_NAME].value : "",
				field_names[i]);
	}
	return visit->visit(visit->context, &visit->package, err);
}

static enum status stanzas_visit(void *context, struct deb822 *reader, struct error *err)
{
	while (!deb822_at_end(reader)) {
		if (stanza_visit(context, reader, err) < 0)
			return err->status;
	}
	return STATUS_OK;
}

static enum status index_visit(struct visit *visit, struct store *store,
	const struct suite_release *release, const struct release_file *file, struct error *err)
{
	struct index_stream *stream;
	enum status status = index_stream_open(store, release, file, &stream, err);

	if (status < 0)
		return status;
	status = index_stream_parse(stream, stanzas_visit, visit, err);
	index_stream_close(stream);
	return status < 0 ? error_context(err, "%s", file->path) : STATUS_OK;
}

static bool is_wanted(const struct pin_index *index, const struct text_list *architectures)
{
	return !index->is_sources &&
		(strcmp(index->architecture, "all") == 0 ||
			text_list_contains(architectures, index->architecture));
}

static enum status suite_visit(struct visit *visit, struct store *store,
	const struct text_list *architectures, struct error *err)
{
	const struct pin_suite *suite = visit->package.suite;
	struct suite_release release = {0};
	struct pin_index *indexes = NULL;
	size_t count = 0;
	enum status status = pin_suite_release_read(store, suite, &release, err);

	visit->package.is_not_automatic = release.is_not_automatic;
	if (status == STATUS_OK)
		status = pin_indexes(visit->package.pin, &release, &indexes, &count, err);
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		if (is_wanted(&indexes[i], architectures))
			status = index_visit(visit, store, &release, indexes[i].file, err);
	}
	free(indexes);
	suite_release_release(&release);
	return status < 0 ? error_context(err, "%s %s", visit->package.pin->name, suite->suite)
			  : STATUS_OK;
}

enum status pin_packages_visit(struct store *store, const struct pin_list *pins,
	const struct text_list *architectures, pin_package_visitor *visit, void *context,
	struct error *err)
{
	struct visit visiting = {.visit = visit, .context = context};

	for (size_t i = 0; i < pins->count; i++) {
		const struct pin *pin = &pins->items[i];

		for (size_t j = 0; j < architectures->count; j++) {
			if (!text_list_contains(&pin->architectures, architectures->items[j]))
				return error_set(err, STATUS_NOT_FOUND,
					"%s holds no packages for the architecture %s", pin->name,
					architectures->items[j]);
		}
		visiting.package.pin = pin;
		for (size_t j = 0; j < pin->suite_count; j++) {
			visiting.package.suite = &pin->suites[j];
			if (suite_visit(&visiting, store, architectures, err) < 0)
				return err->status;
		}
	}
	return STATUS_OK;
}
