/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/sbom.h"

#include <string.h>

#include "base/array.h"
#include "dbdiff/format/shapes.h"

static const char urn[] = "urn:uuid:";
#define UUID_SIZE 36

struct sbom {
	const char *key, *value; /* of the outermost object; a NULL value: any */
	const char *packages;	 /* the array that they are in */
	const char *version;	 /* the key of a package's */
	const char *time[2];	 /* where the time of its making is: one key in the other */
	const char *id;		 /* the key of its own identity */
	/*
	 * Lists in any order: a key of the outermost object, or "KEY/[]" and a key of that list's
	 * elements. CycloneDX says of these that items are unique; SPDX has them as properties of
	 * RDF, which know no order.
	 */
	const char *sets[12];
};

static const struct sbom sboms[] = {
	{"\"bomFormat\"", "\"CycloneDX\"", "components", "version", {"metadata", "timestamp"},
		"serialNumber",
		{"components", "services", "dependencies", "vulnerabilities", "externalReferences",
			"dependencies/[]/dependsOn", "dependencies/[]/provides"}},
	{"\"spdxVersion\"", NULL, "packages", "versionInfo", {"creationInfo", "created"},
		"documentNamespace",
		{"packages", "files", "snippets", "relationships", "annotations",
			"externalDocumentRefs", "hasExtractedLicensingInfos", "documentDescribes",
			"creationInfo/creators", "files/[]/checksums", "files/[]/fileTypes",
			"files/[]/licenseInfoInFiles"}},
};

static bool is_text(const char *text, size_t len, const char *expected)
{
	return len == strlen(expected) && memcmp(text, expected, len) == 0;
}

const struct sbom *sbom_find(const char *key, size_t key_len, const char *value, size_t value_len)
{
	for (size_t i = 0; i < ARRAY_SIZE(sboms); i++) {
		if (is_text(key, key_len, sboms[i].key) &&
			(sboms[i].value == NULL || is_text(value, value_len, sboms[i].value)))
			return &sboms[i];
	}
	return NULL;
}

bool sbom_is_package(const struct sbom *sbom, const struct json_path *path)
{
	return path->count == 2 && json_path_part_is(path, 0, sbom->packages) &&
		json_path_is_element(path, 1);
}

/* "[]" stands for any element. */
static bool is_path(const struct json_path *path, const char *expected)
{
	for (size_t at = 0; at < path->count; at++) {
		size_t len = strcspn(expected, "/"), part_len;
		const char *part = json_path_part(path, at, &part_len);
		bool is_any = len == 2 && memcmp(expected, "[]", 2) == 0 &&
			json_path_is_element(path, at);

		if (!is_any && (len != part_len || memcmp(part, expected, len) != 0))
			return false;
		expected += len;
		if ((*expected == '/') != (at + 1 < path->count))
			return false;
		expected += *expected == '/';
	}
	return path->count > 0;
}

bool sbom_is_set(const struct sbom *sbom, const struct json_path *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(sbom->sets) && sbom->sets[i] != NULL; i++) {
		if (is_path(path, sbom->sets[i]))
			return true;
	}
	return false;
}

bool sbom_is_version(const struct sbom *sbom, const char *key)
{
	return strcmp(key, sbom->version) == 0;
}

/* A serial number is nothing but an id; a namespace ends in one, behind the maker's part. */
static bool add_id(struct member *member, const char *value, size_t len)
{
	size_t front = len > UUID_SIZE ? len - UUID_SIZE : 0;

	if (front == 0 || !is_uuid(value + front, UUID_SIZE))
		return false;
	if (!is_text(value, front, urn)) {
		if (value[front - 1] != '-' && value[front - 1] != '/')
			return false;
		member_add_field_bytes(member, "document-namespace", value, front);
	}
	member_add_field_bytes(member, "document-id", value + front, UUID_SIZE);
	return true;
}

bool sbom_add_value(const struct sbom *sbom, struct member *member, const struct json_path *path,
	const char *value, size_t len)
{
	if (path->count == 1 && json_path_part_is(path, 0, sbom->id))
		return add_id(member, value, len);
	if (path->count != 2 || !json_path_part_is(path, 0, sbom->time[0]) ||
		!json_path_part_is(path, 1, sbom->time[1]) || !is_time(value, len))
		return false;
	member_add_field_bytes(member, "document-time", value, len);
	return true;
}
