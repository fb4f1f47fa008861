/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of directories. Short names are bytes of a code page that nothing names: they are given
 * as they are stored, but for the two flags that say which part is lower case.
 */
#include "dbdiff/format/fat.h"

#include <inttypes.h>
#include <string.h>

#include "base/array.h"
#include "dbdiff/format/bytes.h"

#define DELETED		    0xe5
#define DELETED_REAL	    0x05 /* stands for a name that begins with 0xe5 */
#define LONG_LAST	    0x40
#define LONG_UNITS	    13
#define ATTRIBUTE_LONG	    0x0f
#define ATTRIBUTE_LONG_MASK 0x3f
#define NT_LOWER_BASE	    0x08
#define NT_LOWER_EXTENSION  0x10

enum status fat_directory_open(struct fat *fat, uint32_t cluster, int64_t owner,
	struct fat_directory *directory, struct error *err)
{
	const struct fat_geometry *geometry = &fat->geometry;

	*directory = (struct fat_directory){
		.cluster = cluster, .is_root = owner == REGION_NO_OWNER, .owner = owner};
	if (cluster == 0) {
		directory->at = geometry->root;
		directory->end = geometry->root + geometry->root_len;
		return STATUS_OK;
	}
	if (fat_take_cluster(fat, cluster, err) < 0)
		return err->status;
	directory->at = fat_cluster_offset(fat, cluster);
	directory->end = directory->at + geometry->cluster;
	return STATUS_OK;
}

/* Goes on to the next cluster; STATUS_END behind the last. */
static enum status next_cluster(struct fat *fat, struct fat_directory *directory, struct error *err)
{
	enum fat_link link;
	uint32_t next;

	if (directory->cluster == 0)
		return STATUS_END;
	if (fat_link_read(fat, directory->cluster, &link, &next, err) < 0)
		return err->status;
	if (link == FAT_LINK_END)
		return STATUS_END;
	if (link != FAT_LINK_NEXT)
		return error_set(err, STATUS_FORMAT,
			"the chain of clusters of a directory breaks off at %" PRIu32,
			directory->cluster);
	if (fat_take_cluster(fat, next, err) < 0)
		return err->status;
	directory->cluster = next;
	directory->at = fat_cluster_offset(fat, next);
	directory->end = directory->at + fat->geometry.cluster;
	return STATUS_OK;
}

/* ---- names ---- */

static char to_lower(unsigned char byte)
{
	return (char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
}

static void add_part(struct buffer *name, const unsigned char *part, size_t len, bool lower)
{
	while (len > 0 && part[len - 1] == ' ')
		len--;
	for (size_t i = 0; i < len; i++)
		buffer_add_char(name, lower ? to_lower(part[i]) : (char)part[i]);
}

static void read_short_name(const unsigned char *raw, bool with_case, struct buffer *name)
{
	unsigned char base[8];
	size_t before;

	memcpy(base, raw, sizeof(base));
	if (base[0] == DELETED_REAL)
		base[0] = DELETED;
	add_part(name, base, sizeof(base), with_case && (raw[12] & NT_LOWER_BASE) != 0);
	buffer_add_char(name, '.');
	before = name->len;
	add_part(name, raw + 8, 3, with_case && (raw[12] & NT_LOWER_EXTENSION) != 0);
	if (name->len == before)
		buffer_truncate(name, before - 1);
}

static unsigned char short_checksum(const unsigned char *raw)
{
	unsigned char sum = 0;

	for (size_t i = 0; i < 11; i++)
		sum = (unsigned char)((sum >> 1) + (sum << 7) + raw[i]);
	return sum;
}

/* The parts of a long name that were met in front of its short one, the last part first. */
struct long_name {
	uint64_t offsets[FAT_LONG_PARTS];
	unsigned count;
	unsigned expected; /* the number of the next part; 0 when it is complete */
	unsigned char checksum;
	unsigned char units[FAT_LONG_PARTS * LONG_UNITS * 2];
	unsigned char reserved[FAT_LONG_PARTS][3]; /* of each part, which are to be zero */
	unsigned parts;				   /* in all */
};

static void drop_long_name(struct fat *fat, struct long_name *name)
{
	for (unsigned i = 0; i < name->count; i++)
		members_add_structure(
			&fat->members, name->offsets[i], FAT_ENTRY_SIZE, "orphan-long-names");
	name->count = 0;
}

static void take_long_part(
	struct fat *fat, struct long_name *name, const unsigned char *raw, uint64_t offset)
{
	unsigned number = raw[0] & 0x1f;
	unsigned char *to;

	if ((raw[0] & LONG_LAST) != 0) {
		drop_long_name(fat, name);
		*name = (struct long_name){
			.parts = number, .expected = number, .checksum = raw[13]};
	}
	if (number == 0 || number > FAT_LONG_PARTS || number != name->expected ||
		(name->count == 0 && (raw[0] & LONG_LAST) == 0) || raw[13] != name->checksum) {
		drop_long_name(fat, name);
		members_add_structure(&fat->members, offset, FAT_ENTRY_SIZE, "orphan-long-names");
		return;
	}
	to = name->units + (size_t)(number - 1) * LONG_UNITS * 2;
	memcpy(to, raw + 1, 10);
	memcpy(to + 10, raw + 14, 12);
	memcpy(to + 22, raw + 28, 4);
	name->reserved[number - 1][0] = raw[12];
	memcpy(name->reserved[number - 1] + 1, raw + 26, 2);
	name->offsets[name->count++] = offset;
	name->expected--;
}

/* What the parts hold besides the name: behind its NUL are units of ones. */
static void take_long_rest(const struct long_name *name, struct buffer *rest)
{
	size_t size = (size_t)name->parts * LONG_UNITS * 2, at = 0;
	bool is_plain = true;

	buffer_clear(rest);
	while (at < size && bytes_le16(name->units + at) != 0)
		at += 2;
	for (at += 2; at < size; at++) {
		buffer_add_char(rest, (char)name->units[at]);
		is_plain = is_plain && name->units[at] == 0xff;
	}
	for (unsigned i = 0; i < name->parts; i++) {
		buffer_add(rest, name->reserved[i], sizeof(name->reserved[i]));
		is_plain = is_plain && bytes_are_zero(name->reserved[i], sizeof(name->reserved[i]));
	}
	if (is_plain)
		buffer_clear(rest);
}

/* The long name, when its parts are complete and belong to this entry. */
static void finish_name(struct fat *fat, struct long_name *name, struct fat_entry *entry)
{
	buffer_clear(&entry->name);
	buffer_clear(&entry->short_name);
	buffer_clear(&entry->long_rest);
	entry->long_count = 0;
	if (name->count == 0 || name->expected != 0 ||
		name->checksum != short_checksum(entry->raw)) {
		drop_long_name(fat, name);
		read_short_name(entry->raw, true, &entry->name);
		return;
	}
	bytes_add_utf16(&entry->name, name->units, (size_t)name->parts * LONG_UNITS);
	read_short_name(entry->raw, false, &entry->short_name);
	take_long_rest(name, &entry->long_rest);
	memcpy(entry->long_offsets, name->offsets, sizeof(name->offsets));
	entry->long_count = name->count;
	name->count = 0;
}

/* ---- listing ---- */

struct entry_part {
	unsigned at, end;
	const char *name;
};

static void emit_parts(struct fat *fat, uint64_t offset, const struct entry_part *parts,
	size_t count, int64_t owner)
{
	for (size_t i = 0; i < count; i++)
		members_add_metadata(&fat->members, offset + parts[i].at,
			parts[i].end - parts[i].at, parts[i].name, owner);
}

static void take_label(struct fat *fat, const unsigned char *raw, uint64_t offset)
{
	if (!fat->has_label)
		memcpy(fat->label, raw, sizeof(fat->label));
	fat->has_label = true;
	members_add_structure(&fat->members, offset, 11, "filesystem-label");
	members_add_structure(
		&fat->members, offset + 11, FAT_ENTRY_SIZE - 11, "filesystem-label-time");
}

static bool is_dots(const struct fat_directory *directory, const unsigned char *raw)
{
	return !directory->is_root && raw[0] == '.' &&
		(memcmp(raw, ".          ", 11) == 0 || memcmp(raw, "..         ", 11) == 0);
}

/* The times in them are those of the directory, or of its making. */
static void emit_dots(struct fat *fat, uint64_t offset, int64_t owner)
{
	static const struct entry_part parts[] = {
		{0, 13, "dot-entries"},
		{13, 20, "dot-times"},
		{20, 22, "first-cluster"},
		{22, 26, "dot-times"},
		{26, 28, "first-cluster"},
		{28, 32, "dot-entries"},
	};

	emit_parts(fat, offset, parts, ARRAY_SIZE(parts), owner);
}

/* One entry; true when it is a member. */
static bool take_entry(struct fat *fat, struct fat_directory *directory, struct long_name *name,
	struct fat_entry *entry, uint64_t offset)
{
	const unsigned char *raw = entry->raw;

	if (directory->ended || raw[0] == 0) {
		directory->ended = true;
		drop_long_name(fat, name);
		members_add_structure(&fat->members, offset, FAT_ENTRY_SIZE, "directory-slack");
	} else if (raw[0] == DELETED) {
		drop_long_name(fat, name);
		members_add_structure(&fat->members, offset, FAT_ENTRY_SIZE, "deleted-entries");
	} else if ((raw[11] & ATTRIBUTE_LONG_MASK) == ATTRIBUTE_LONG) {
		take_long_part(fat, name, raw, offset);
	} else if ((raw[11] & FAT_ATTRIBUTE_LABEL) != 0) {
		drop_long_name(fat, name);
		take_label(fat, raw, offset);
	} else if (is_dots(directory, raw)) {
		drop_long_name(fat, name);
		emit_dots(fat, offset, directory->owner);
	} else {
		finish_name(fat, name, entry);
		entry->offset = offset;
		entry->size = bytes_le32(raw + 28);
		entry->cluster = bytes_le16(raw + 26);
		if (fat->geometry.bits == 32)
			entry->cluster |= (uint32_t)bytes_le16(raw + 20) << 16;
		return true;
	}
	return false;
}

enum status fat_directory_next(struct fat *fat, struct fat_directory *directory,
	struct fat_entry *entry, struct error *err)
{
	struct long_name name = {.count = 0};
	enum status status = STATUS_OK;

	for (;;) {
		uint64_t offset = directory->at;

		if (directory->end - offset < FAT_ENTRY_SIZE) {
			status = next_cluster(fat, directory, err);
			if (status != STATUS_OK)
				break;
			continue;
		}
		status = fat_read(fat, &fat->entries, offset, entry->raw, sizeof(entry->raw), err);
		if (status < 0)
			break;
		directory->at += FAT_ENTRY_SIZE;
		if (take_entry(fat, directory, &name, entry, offset))
			return STATUS_OK;
	}
	drop_long_name(fat, &name);
	return status;
}

/* ---- what is told of an entry ---- */

void fat_entry_emit(struct fat *fat, const struct fat_entry *entry, int64_t owner)
{
	static const struct entry_part parts[] = {
		{0, 20, "directory-entry"},
		{20, 22, "first-cluster"},
		{22, 26, "directory-entry"},
		{26, 28, "first-cluster"},
		{28, 32, "directory-entry"},
	};

	for (unsigned i = 0; i < entry->long_count; i++)
		members_add_metadata(&fat->members, entry->long_offsets[i], FAT_ENTRY_SIZE,
			"directory-entry", owner);
	emit_parts(fat, entry->offset, parts, ARRAY_SIZE(parts), owner);
}

void fat_add_time(struct member *member, const char *name, unsigned date, unsigned time,
	unsigned hundredths, bool has_time)
{
	struct buffer text = {0};

	if (date == 0 && time == 0 && hundredths == 0)
		return;
	buffer_add_format(&text, "%04u-%02u-%02u", 1980 + (date >> 9), date >> 5 & 15, date & 31);
	if (has_time)
		buffer_add_format(&text, "T%02u:%02u:%02u", time >> 11, time >> 5 & 63,
			(time & 31) * 2 + hundredths / 100);
	if (hundredths % 100 != 0)
		buffer_add_format(&text, ".%02u", hundredths % 100);
	member_add_field(member, name, "%s", buffer_text(&text));
	buffer_release(&text);
}

static void add_attributes(struct member *member, unsigned attributes)
{
	static const char *const words[] = {
		"read-only", "hidden", "system", "label", "directory", "archive", "0x40", "0x80"};
	struct buffer text = {0};

	for (unsigned bit = 0; bit < 8; bit++) {
		if ((attributes >> bit & 1) == 0 || 1u << bit == FAT_ATTRIBUTE_DIRECTORY)
			continue;
		if (text.len > 0)
			buffer_add_char(&text, ' ');
		buffer_add_text(&text, words[bit]);
	}
	member_add_field(member, "attributes", "%s", buffer_text(&text));
	buffer_release(&text);
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/*
 * Whether the short name is NAME~1.EXT, with the beginnings of the long name's two parts: one that
 * whoever writes the file makes up. Any other is a name by which the file can be meant.
 */
static bool is_made_up(const char *short_name, const char *long_name)
{
	const char *tilde = strchr(short_name, '~');
	const char *dot = strrchr(long_name, '.');
	const char *at = long_name;

	if (tilde == NULL || tilde == short_name)
		return false;
	for (const char *c = short_name; c < tilde; c++) {
		while (*at == ' ' || *at == '.')
			at++;
		/* What a short name cannot hold is an underscore in it. */
		if (*at == '\0' || (upper(*at) != *c && *c != '_'))
			return false;
		at++;
	}
	at = tilde + 1;
	at += strspn(at, "0123456789");
	if (at == tilde + 1 || (*at != '\0' && (*at != '.' || dot == NULL)))
		return false;
	for (at += *at == '.'; *at != '\0'; at++) {
		if (*++dot == '\0' || (upper(*dot) != *at && *at != '_'))
			return false;
	}
	return true;
}

void fat_entry_describe(const struct fat_entry *entry, struct member *member)
{
	const unsigned char *raw = entry->raw;
	bool is_directory = (raw[11] & FAT_ATTRIBUTE_DIRECTORY) != 0;

	member_add_field(member, "type", "%s", is_directory ? "directory" : "file");
	add_attributes(member, raw[11]);
	fat_add_time(member, "mtime", bytes_le16(raw + 24), bytes_le16(raw + 22), 0, true);
	fat_add_time(member, "atime", bytes_le16(raw + 18), 0, 0, false);
	fat_add_time(
		member, "birthtime", bytes_le16(raw + 16), bytes_le16(raw + 14), raw[13], true);
	if (entry->long_count > 0)
		member_add_field_bytes(member,
			is_made_up(buffer_text(&entry->short_name), buffer_text(&entry->name))
				? "short-name"
				: "short-name-own",
			buffer_text(&entry->short_name), entry->short_name.len);
	if (entry->long_rest.len > 0)
		member_add_field_bytes(
			member, "long-name-rest", entry->long_rest.data, entry->long_rest.len);
	if (raw[12] != 0)
		member_add_field(member, "name-case", "0x%02x", raw[12]);
	if (is_directory && entry->size != 0)
		member_add_field(member, "size", "%" PRIu32, entry->size);
}
