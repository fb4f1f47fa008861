/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_SBOM_H
#define DBDIFF_FORMAT_SBOM_H

#include "dbdiff/format/json_path.h"
#include "dbdiff/members.h"

/*
 * Bills of materials in JSON: CycloneDX (ECMA-424) and SPDX 2 (specification 2.3, clause 6 on). A
 * package in one is a member, whose version is told as in other package lists.
 */
struct sbom;

/* By a key of the outermost object and its value, both with quotes; NULL: it makes no such file. */
const struct sbom *sbom_find(const char *key, size_t key_len, const char *value, size_t value_len);
/* Whether the object at this path is a package in such a file. */
bool sbom_is_package(const struct sbom *sbom, const struct json_path *path);
/* Whether this key of a package is its version. */
/* Whether the array at this path is a list that may be in any order. */
bool sbom_is_set(const struct sbom *sbom, const struct json_path *path);
bool sbom_is_version(const struct sbom *sbom, const char *key);
/* Tells a value, without quotes, that has a cause of its own; false when it has none. */
bool sbom_add_value(const struct sbom *sbom, struct member *member, const struct json_path *path,
	const char *value, size_t len);

#endif
