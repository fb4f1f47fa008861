/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_SOURCE_CATALOG_H
#define SNAPSHOT_SOURCE_CATALOG_H

#include "snapshot/snapshot.h"

/* Texts that live as long as the catalog. */
struct text_chunk {
	struct text_chunk *next;
	size_t used, size;
	char data[];
};

/* Fields of Sources that are read; all but the last are kept. */
enum source_field {
	FIELD_PACKAGE,
	FIELD_VERSION,
	FIELD_DIRECTORY,
	FIELD_CHECKSUMS,
	FIELD_BINARY,
	FIELD_MAINTAINER,
	FIELD_TESTSUITE,
	FIELD_TRIGGERS,
	FIELD_BUILD_DEPENDS,
	FIELD_BUILD_DEPENDS_ARCH,
	FIELD_BUILD_DEPENDS_INDEP,
	FIELD_EXTRA,
	FIELDS,
};

/* What both tables are sorted by: the first two fields of their rows. */
struct catalog_key {
	const char *name, *version;
	bool is_not_automatic;
	size_t order; /* in which the indexes had them */
};

struct source_row {
	struct catalog_key key;
	const struct pin *pin;
	const struct pin_suite *suite;
	const char *texts[FIELD_EXTRA]; /* but that of the checksums, on one line */
	size_t checksums_len;
};

struct binary_row {
	struct catalog_key key;
	const char *source, *source_version;
	const char *depends, *pre_depends; /* "" for none */
	bool has_sha256;
	struct digest sha256;
};

struct source_catalog {
	struct source_row *sources;
	size_t source_count, source_capacity;
	struct binary_row *binaries;
	size_t binary_count, binary_capacity;
	struct text_chunk *source_texts, *binary_texts; /* apart: two threads fill them */
};

/* MADV_DONTFORK or MADV_DOFORK for all that is large in it; before it is freed the latter. */
void source_catalog_advise(const struct source_catalog *catalog, int advice);

#endif
