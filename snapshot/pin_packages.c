/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/pin_packages.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "snapshot/pin_stanzas.h"

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
	const struct text_list *architectures;
};

bool package_field_is(const struct deb822_field *field, const char *text)
{
	return field->value && field->value_len == strlen(text) &&
		memcmp(field->value, text, field->value_len) == 0;
}

void package_source(const struct deb822_field *package, const struct deb822_field *version,
	const struct deb822_field *source, char **source_name, char **source_version)
{
	char *text = deb822_text(source->value ? source : package);
	char *open = strchr(text, '(');

	*source_name = xstrndup(text, strcspn(text, " ("));
	*source_version = open ? xstrndup(open + 1, strcspn(open + 1, ")")) : deb822_text(version);
	free(text);
}

static bool is_wanted(void *context, const struct pin_index *index)
{
	const struct visit *visit = context;

	return !index->is_sources &&
		(strcmp(index->architecture, "all") == 0 ||
			text_list_contains(visit->architectures, index->architecture));
}

static enum status package_take(void *context, const struct pin_stanza *stanza, struct error *err)
{
	const struct visit *visit = context;
	struct pin_package package = {
		.pin = stanza->pin,
		.suite = stanza->suite,
		.is_not_automatic = stanza->is_not_automatic,
	};

	memcpy(package.fields, stanza->fields, sizeof(package.fields));
	return visit->visit(visit->context, &package, err);
}

enum status pin_packages_visit(struct store *store, const struct pin_list *pins,
	const struct text_list *architectures, bool is_frequent, pin_package_visitor *visit,
	void *context, struct error *err)
{
	struct visit visiting = {
		.visit = visit, .context = context, .architectures = architectures};
	const struct stanza_reading reading = {
		.names = field_names,
		.count = PACKAGE_FIELDS,
		.needed = PACKAGE_ARCHITECTURE + 1,
		.what = "a package",
		.is_wanted = is_wanted,
		.take = package_take,
		.context = &visiting,
		.is_frequent = is_frequent,
	};

	for (size_t i = 0; i < pins->count; i++) {
		const struct pin *pin = &pins->items[i];

		for (size_t j = 0; j < architectures->count; j++) {
			if (!text_list_contains(&pin->architectures, architectures->items[j]))
				return error_set(err, STATUS_NOT_FOUND,
					"%s holds no packages for the architecture %s", pin->name,
					architectures->items[j]);
		}
	}
	return pin_stanzas_visit(store, pins, &reading, err);
}
