/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/array.h"
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/parts.h"

/*
 * Python's compiled modules (PEP 3147, PEP 552; Lib/importlib/_bootstrap_external.py): a header,
 * and the code of the module as marshal writes it.
 */

#define HEADER_SIZE_MAX 16
#define FLAG_HASHED	1u
#define FLAGS_KNOWN	3u

/* By the magic number, which goes up with each change of the bytecode. */
static const struct version {
	uint16_t first, last;
	size_t header;
} versions[] = {
	{62161, 62211, 8}, /* 2.6 and 2.7: time */
	{3000, 3189, 8},   /* 3.0 to 3.2 */
	{3190, 3391, 12},  /* 3.3 to 3.6: time and size of the source */
	{3392, 3999, 16},  /* 3.7 and later: flags; a hash may stand for time and size */
};

static const struct version *find_version(const unsigned char *data)
{
	if (data[2] != '\r' || data[3] != '\n')
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		if (bytes_le16(data) >= versions[i].first && bytes_le16(data) <= versions[i].last)
			return &versions[i];
	}
	return NULL;
}

static void add_time(struct parts *parts, uint32_t seconds)
{
	struct member member = {0};

	member_add_time(&member, "bytecode-mtime", seconds, 0);
	buffer_add(&parts->fields, member.fields.data, member.fields.len);
	member_release(&member);
}

static enum status read_header(struct parts *parts, struct error *err)
{
	unsigned char header[HEADER_SIZE_MAX];
	const struct version *version;
	struct source *source = parts->source;
	bool is_hashed = false;
	uint64_t at = 4;
	enum status status;

	if (source->size < 8)
		return error_set(err, STATUS_FORMAT, "short read: the header");
	status = source_pread(source, 0, header, 8, err);
	if (status < 0)
		return status;
	version = find_version(header);
	if (version == NULL)
		return error_set(err, STATUS_UNSUPPORTED, "a header of another version");
	status = source_pread(source, 0, header, version->header, err);
	if (status < 0)
		return status;
	parts_add_field(parts, NULL, "bytecode-version", "%u", bytes_le16(header));
	parts_add(parts, REGION_STRUCTURE, "bytecode-version", 0, at);
	if (version->header == 16) {
		uint32_t flags = bytes_le32(header + at);

		if (flags & ~FLAGS_KNOWN)
			return error_set(err, STATUS_UNSUPPORTED, "flags %08" PRIx32, flags);
		is_hashed = flags & FLAG_HASHED;
		parts_add_field(parts, NULL, "bytecode-flags", "%s",
			!is_hashed	     ? "checked by time"
				: flags & 2u ? "checked by hash"
					     : "not checked");
		parts_add(parts, REGION_STRUCTURE, "bytecode-flags", at, 4);
		at += 4;
	}
	if (is_hashed) {
		parts_add_field(parts, NULL, "bytecode-source-hash", "%016" PRIx64,
			bytes_le64(header + at));
		parts_add(parts, REGION_STRUCTURE, "bytecode-source-hash", at, 8);
	} else {
		add_time(parts, bytes_le32(header + at));
		parts_add(parts, REGION_STRUCTURE, "bytecode-mtime", at, 4);
		at += 4;
	}
	if (!is_hashed && at < version->header) {
		parts_add_field(
			parts, NULL, "bytecode-source-size", "%" PRIu32, bytes_le32(header + at));
		parts_add(parts, REGION_STRUCTURE, "bytecode-source-size", at, 4);
	}
	parts_add_member(parts, "code", version->header, source->size - version->header);
	return STATUS_OK;
}

static enum status python_bytecode_open(struct source *source, const char *name,
	const struct limits *limits, struct members **members, struct error *err)
{
	struct parts *parts = parts_new(source);
	enum status status = read_header(parts, err);

	(void)name, (void)limits;
	if (status < 0)
		parts_free(&parts->members);
	else
		status = parts_finish(parts, members, err);
	return status < 0 ? error_context(err, "Python bytecode") : STATUS_OK;
}

/* The code begins with the type of a code object, with or without the mark of a reference. */
static unsigned python_bytecode_bid(const unsigned char *data, size_t len)
{
	const struct version *version = len > HEADER_SIZE_MAX ? find_version(data) : NULL;

	return version != NULL && (data[version->header] & 0x7f) == 'c' ? 40 : 0;
}

const struct format format_python_bytecode = {
	.name = "python-bytecode",
	.bid_bytes = HEADER_SIZE_MAX + 1,
	.needs_seek = true,
	.is_lazy = true,
	.bid = python_bytecode_bid,
	.open = python_bytecode_open,
};
