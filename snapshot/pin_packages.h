/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_PIN_PACKAGES_H
#define SNAPSHOT_PIN_PACKAGES_H

#include "base/deb822.h"
#include "snapshot/snapshot.h"

/* A field of a package's stanza that is read here. */
enum package_field {
	PACKAGE_NAME,
	PACKAGE_VERSION,
	PACKAGE_ARCHITECTURE,
	PACKAGE_SOURCE, /* "NAME" or "NAME (VERSION)" */
	PACKAGE_MULTI_ARCH,
	PACKAGE_ESSENTIAL,
	PACKAGE_PRIORITY,
	PACKAGE_PRE_DEPENDS,
	PACKAGE_DEPENDS,
	PACKAGE_RECOMMENDS,
	PACKAGE_CONFLICTS,
	PACKAGE_BREAKS,
	PACKAGE_PROVIDES,
	PACKAGE_SHA256,
	PACKAGE_FIELDS,
};

/* A binary package as one Packages file of a pin has it; valid during the call. */
struct pin_package {
	const struct pin *pin;
	const struct pin_suite *suite;
	bool is_not_automatic; /* apt takes nothing from that suite unasked */
	/* By enum package_field; the value is NULL where it has none. The first three have one. */
	struct deb822_field fields[PACKAGE_FIELDS];
};

typedef enum status pin_package_visitor(
	void *context, const struct pin_package *package, struct error *err);

/*
 * Calls `visit` with each package that the pins' indexes name for any of the architectures, and
 * "all", in the order of pins and suites; one that several suites have comes several times. Ends
 * with the first error of `visit`. STATUS_NOT_FOUND when a pin lacks one of the architectures.
 * `is_frequent`: see struct stanza_reading.
 */
enum status pin_packages_visit(struct store *store, const struct pin_list *pins,
	const struct text_list *architectures, bool is_frequent, pin_package_visitor *visit,
	void *context, struct error *err);

/*
 * The source package of a binary one, by its fields: "NAME (VERSION)" or "NAME" in Source, or no
 * Source, then what is not said is the binary package's own (Debian policy 5.6.1). The caller
 * frees.
 */
void package_source(const struct deb822_field *package, const struct deb822_field *version,
	const struct deb822_field *source, char **source_name, char **source_version);

/* True when the value is exactly that text. */
bool package_field_is(const struct deb822_field *field, const char *text);

#endif
