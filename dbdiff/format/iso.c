/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ISO 9660 (ECMA-119), with Rock Ridge and Joliet: members as libarchive reads them, the volume
 * descriptors from their own bytes. Directories and path tables belong to no region, so that a
 * difference there is counted as nobody's.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/libarchive.h"

#define SECTOR_SIZE	2048
#define FIRST_SECTOR	16 /* those before are the system's, which may boot from them */
#define DESCRIPTORS_MAX 64
#define TYPE_PRIMARY	1
#define TYPE_SECOND	2
#define TYPE_END	255

struct iso {
	struct members members;
	struct members *inner; /* libarchive's; it tells of contents alone */
	struct source *source; /* not owned */
	struct buffer fields;
	bool has_told;			      /* of the descriptors */
	unsigned char types[DESCRIPTORS_MAX]; /* of descriptors */
	size_t count;
};

/* Texts and times of a primary or supplementary descriptor (ECMA-119, 8.4 and 8.5). */
static const struct iso_field {
	const char *name;
	size_t at, len;
} iso_fields[] = {
	{"iso-system", 8, 32},
	{"iso-volume-id", 40, 32},
	{"iso-volume-set", 190, 128},
	{"iso-publisher", 318, 128},
	{"iso-preparer", 446, 128},
	{"iso-application", 574, 128},
	{"iso-created", 813, 17},
	{"iso-modified", 830, 17},
	{"iso-expires", 847, 17},
	{"iso-effective", 864, 17},
};

static bool has_fields(unsigned char type)
{
	return type == TYPE_PRIMARY || type == TYPE_SECOND;
}

static void add_fields(struct iso *iso, const unsigned char *sector)
{
	struct member member = {0};

	for (size_t i = 0; i < ARRAY_SIZE(iso_fields); i++) {
		const struct iso_field *field = &iso_fields[i];
		const unsigned char *value = sector + field->at;
		size_t len = field->len;

		while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\0'))
			len--;
		member_add_field_bytes(&member, field->name, value, len);
	}
	buffer_add(&iso->fields, buffer_text(&member.fields), member.fields.len);
	member_release(&member);
}

static enum status read_descriptors(struct iso *iso, struct error *err)
{
	for (;;) {
		uint64_t at = (FIRST_SECTOR + (uint64_t)iso->count) * SECTOR_SIZE;
		unsigned char sector[SECTOR_SIZE];

		if (iso->count == DESCRIPTORS_MAX)
			return error_set(
				err, STATUS_LIMIT, "more than %d descriptors", DESCRIPTORS_MAX);
		if (at + SECTOR_SIZE > iso->source->size)
			return error_set(err, STATUS_FORMAT, "short read: the descriptors");
		if (source_pread(iso->source, at, sector, sizeof(sector), err) < 0)
			return err->status;
		if (memcmp(sector + 1, "CD001", 5) != 0)
			return error_set(err, STATUS_FORMAT, "descriptor %zu is none", iso->count);
		if (sector[0] == TYPE_PRIMARY && iso->fields.len == 0)
			add_fields(iso, sector);
		iso->types[iso->count++] = sector[0];
		if (sector[0] == TYPE_END)
			return STATUS_OK;
	}
}

/* One descriptor: its fields, and what is between them. */
static void tell_descriptor(struct iso *iso, uint64_t base, unsigned char type)
{
	uint64_t at = 0;

	for (size_t i = 0; i < ARRAY_SIZE(iso_fields) && has_fields(type); i++) {
		const struct iso_field *field = &iso_fields[i];

		members_add_structure(&iso->members, base + at, field->at - at, "iso-descriptor");
		members_add_structure(&iso->members, base + field->at, field->len, field->name);
		at = field->at + field->len;
	}
	members_add_structure(&iso->members, base + at, SECTOR_SIZE - at, "iso-descriptor");
}

static void tell_descriptors(struct iso *iso)
{
	if (iso->has_told)
		return;
	iso->has_told = true;
	members_add_structure(
		&iso->members, 0, (uint64_t)FIRST_SECTOR * SECTOR_SIZE, "iso-system-area");
	for (size_t i = 0; i < iso->count; i++)
		tell_descriptor(iso, (FIRST_SECTOR + (uint64_t)i) * SECTOR_SIZE, iso->types[i]);
}

static enum status iso_next(struct members *members, struct member *member, struct error *err)
{
	struct iso *iso = (struct iso *)members;

	tell_descriptors(iso);
	iso->inner->regions = iso->members.regions;
	return iso->inner->ops->next(iso->inner, member, err);
}

static enum status iso_open_member(
	struct members *members, struct source **content, struct error *err)
{
	struct iso *iso = (struct iso *)members;

	return iso->inner->ops->open(iso->inner, content, err);
}

static void iso_describe(struct members *members, struct member *container)
{
	struct iso *iso = (struct iso *)members;

	buffer_add(&container->fields, buffer_text(&iso->fields), iso->fields.len);
}

static void iso_free(struct members *members)
{
	struct iso *iso = (struct iso *)members;

	if (iso->inner != NULL)
		iso->inner->ops->free(iso->inner);
	buffer_release(&iso->fields);
	free(iso);
}

static const struct members_ops iso_ops = {
	.next = iso_next,
	.open = iso_open_member,
	.describe = iso_describe,
	.free = iso_free,
};

static int prepare(struct archive *archive)
{
	return archive_read_support_format_iso9660(archive);
}

static const struct archive_kind kind = {
	.name = "iso9660",
	.prepare = prepare,
	.is_scattered = true,
};

static enum status iso_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct iso *iso = xcalloc(1, sizeof(*iso));
	enum status status;

	(void)limits;
	iso->members.ops = &iso_ops;
	iso->source = source;
	status = read_descriptors(iso, err);
	if (status == STATUS_OK)
		status = archive_members_open(&kind, source, name, &iso->inner, err);
	if (status < 0) {
		iso_free(&iso->members);
		return error_context(err, "ISO 9660");
	}
	*members = &iso->members;
	return STATUS_OK;
}

static unsigned iso_bid(const struct candidate *candidate)
{
	struct source *source = candidate->source;
	unsigned char start[7];
	struct error ignored = {0};

	if (source == NULL || source->size < (FIRST_SECTOR + 1) * SECTOR_SIZE ||
		source_pread(source, (uint64_t)FIRST_SECTOR * SECTOR_SIZE, start, sizeof(start),
			&ignored) < 0)
		return 0;
	return start[0] <= 3 && memcmp(start + 1, "CD001\1", 6) == 0 ? 56 : 0;
}

const struct format format_iso = {
	.name = "iso9660",
	.needs_seek = true,
	.bid_more = iso_bid,
	.open = iso_open,
};
