/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/tar_header.h"

#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "dbdiff/format/bytes.h"

#define BLOCK	     512
#define RECORDS_MOST 64 /* told one by one */
#define KEY_MOST     100

static const char pax_family[] = "pax:", global_family[] = "pax-global:";

enum {
	MODE = 100,
	SIZE = 124,
	TIME = 136,
	SUM = 148,
	TYPE = 156,
	LINK = 157,
	MAGIC = 257,
	USER = 265,
	DEVICE = 329,
	PREFIX = 345,
	UNUSED = 500,
};

bool tar_header_number(const unsigned char *field, size_t len, uint64_t *number)
{
	size_t at = 0;

	*number = 0;
	if (field[0] & 0x80) {
		*number = field[0] & 0x7f;
		for (at = 1; at < len; at++) {
			if (*number > UINT64_MAX >> 8)
				return false;
			*number = *number << 8 | field[at];
		}
		return field[0] != 0xff;
	}
	while (at < len && field[at] == ' ')
		at++;
	for (; at < len && field[at] >= '0' && field[at] <= '7'; at++)
		*number = *number * 8 + (unsigned)(field[at] - '0');
	return at == len || field[at] == ' ' || field[at] == '\0';
}

/* What libarchive makes a field of byte for byte; it is lenient with other forms of it. */
static bool is_known(const char *key, size_t len)
{
	static const char family[] = "SCHILY.xattr.";

	return len >= strlen(family) && memcmp(family, key, strlen(family)) == 0;
}

/* Times have rows of their own in the field table, and nothing but a number is one. */
static bool is_odd_time(const char *key, size_t len, const char *value, size_t value_len)
{
	static const char digits[] = "0123456789.-";

	if (len != 5 || memcmp(key + 1, "time", 4) != 0 || strchr("mac", key[0]) == NULL)
		return false;
	for (size_t i = 0; i < value_len; i++) {
		if (value[i] == '\0' || strchr(digits, value[i]) == NULL)
			return true;
	}
	return value_len == 0;
}

static bool is_plain_key(const char *key, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = key[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
			c != '.' && c != '_' && c != '-')
			return false;
	}
	return len > 0 && len <= KEY_MOST;
}

/* The headers of one member. */
struct headers {
	struct member *member;
	unsigned in_front;
	bool has_time, has_size; /* in a pax record, that overrules the header's */
	/* Keys of records so far: the same one again may be what an extractor obeys. */
	struct {
		const char *family, *key;
		size_t len;
	} seen[RECORDS_MOST];
	size_t seen_count;
};

static unsigned count_seen(
	const struct headers *headers, const char *family, const char *key, size_t len)
{
	unsigned count = 0;

	for (size_t i = 0; i < headers->seen_count; i++)
		count += headers->seen[i].family == family && headers->seen[i].len == len &&
			memcmp(headers->seen[i].key, key, len) == 0;
	return count;
}

static bool key_is(const char *key, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(key, name, len) == 0;
}

static void tell_record(struct headers *headers, const char *family, const char *record, size_t len)
{
	const char *equals = memchr(record, '=', len);
	size_t key = equals != NULL ? (size_t)(equals - record) : 0;
	size_t value = len - key - (equals != NULL);
	unsigned before = count_seen(headers, family, record, key);
	char name[KEY_MOST + 48];

	headers->seen[headers->seen_count].family = family;
	headers->seen[headers->seen_count].key = record;
	headers->seen[headers->seen_count++].len = key;
	headers->has_time = headers->has_time || key_is(record, key, "mtime");
	headers->has_size = headers->has_size || memmem(record, key, "size", 4) != NULL;
	if (before == 0 && family == pax_family && is_known(record, key))
		return;
	if (!is_plain_key(record, key) || is_odd_time(record, key, equals + 1, value)) {
		snprintf(name, sizeof(name), "%s#%zu", family, headers->seen_count);
		member_add_field_bytes(headers->member, name, record, len);
		return;
	}
	snprintf(name, sizeof(name), "%s%.*s", family, (int)key, record);
	if (before > 0)
		snprintf(name, sizeof(name), "%s%.*s#%u", family, (int)key, record, before + 1);
	member_add_field_bytes(headers->member, name, equals + 1, value);
}

/* "27 mtime=1577934245.5\n": its length in decimal with itself and the newline. 0 for none. */
static size_t record_length(const char *text, size_t len, size_t *begin)
{
	size_t number = 0, at = 0;

	while (at < len && at < 7 && text[at] >= '0' && text[at] <= '9')
		number = number * 10 + (size_t)(text[at++] - '0');
	*begin = at + 1;
	return at > 0 && at < len && text[at] == ' ' && number > *begin && number <= len &&
			text[number - 1] == '\n'
		? number
		: 0;
}

/* What is no record, or more of them than are told one by one, is told as it is. */
static void tell_records(struct headers *headers, const char *family, const char *text, size_t len)
{
	char name[48];

	while (len > 0) {
		size_t begin, record = record_length(text, len, &begin);

		if (record == 0 || headers->seen_count == RECORDS_MOST) {
			snprintf(name, sizeof(name), "%s#rest-%u", family, headers->in_front);
			member_add_field_bytes(headers->member, name, text, len);
			return;
		}
		tell_record(headers, family, text + begin, record - begin - 1);
		text += record;
		len -= record;
	}
}

/* Octal digits to the last byte, which is a NUL, as GNU tar writes them. */
static bool is_usual_number(const unsigned char *field, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		if (field[i] < '0' || field[i] > '7')
			return false;
	}
	return field[len - 1] == '\0';
}

/*
 * A header as it is, but for its sum, and for what another field tells: its time as one of its own,
 * when it is a usual number, and unless `with_size` its size.
 */
static void tell_raw(struct headers *headers, const char *name, const unsigned char *header,
	bool with_time, bool with_size)
{
	unsigned char rest[BLOCK];
	char time[32];

	memcpy(rest, header, BLOCK);
	memset(rest + SUM, 0, TYPE - SUM);
	if (!with_size)
		memset(rest + SIZE, 0, TIME - SIZE);
	if (is_usual_number(header + TIME, SUM - TIME)) {
		memset(rest + TIME, 0, SUM - TIME);
		snprintf(time, sizeof(time), "header-time:%u", headers->in_front);
		if (with_time)
			member_add_field(headers->member, time, "%s", (const char *)header + TIME);
	}
	member_add_field_bytes(headers->member, name, rest, BLOCK);
}

/* A header in front of the member's own, its payload and what fills the last block of that. */
static void tell_in_front(struct headers *headers, const unsigned char *header,
	const unsigned char *payload, size_t len)
{
	size_t fill = (BLOCK - len % BLOCK) % BLOCK;
	unsigned char type = header[TYPE];
	char name[48];

	headers->in_front++;
	snprintf(name, sizeof(name), "tar-record:%u%c", headers->in_front, type);
	/* Its size is that of what is told below. */
	tell_raw(headers, name, header, true, false);
	snprintf(name, sizeof(name), "tar-record:%u%c content", headers->in_front, type);
	if (strchr("gxX", type) != NULL)
		tell_records(headers, type == 'g' ? global_family : pax_family,
			(const char *)payload, len);
	else
		member_add_field_bytes(headers->member, name, payload, len);
	snprintf(name, sizeof(name), "tar-record:%u%c padding", headers->in_front, type);
	if (!bytes_are_zero(payload + len, fill))
		member_add_field_bytes(headers->member, name, payload + len, fill);
}

/* Nothing behind its end. */
static bool is_usual_text(const unsigned char *field, size_t len)
{
	size_t text = strnlen((const char *)field, len);

	return bytes_are_zero(field + text, len - text);
}

/*
 * Whether the header is exactly what its fields come to in one of the usual forms, so that nothing
 * can be in it that no field tells.
 */
static bool is_usual(const unsigned char *header)
{
	static const char marks[][9] = {"ustar  ",
		"ustar\0"
		"00"};
	bool is_gnu = memcmp(header + MAGIC, marks[0], 8) == 0;
	bool is_posix = memcmp(header + MAGIC, marks[1], 8) == 0;
	bool is_device = header[TYPE] == '3' || header[TYPE] == '4';

	if (!is_gnu && !is_posix)
		return false;
	if (header[TYPE] < '0' || header[TYPE] > '6')
		return false;
	for (size_t at = MODE; at < SIZE; at += 8) {
		if (!is_usual_number(header + at, 8))
			return false;
	}
	if (!is_usual_number(header + SIZE, 12) || !is_usual_number(header + TIME, 12) ||
		!is_usual_number(header + SUM, 7) || header[SUM + 7] != ' ')
		return false;
	if (!is_usual_text(header, MODE) || !is_usual_text(header + LINK, MAGIC - LINK) ||
		!is_usual_text(header + USER, 32) || !is_usual_text(header + USER + 32, 32) ||
		!is_usual_text(header + PREFIX, UNUSED - PREFIX) ||
		!bytes_are_zero(header + UNUSED, BLOCK - UNUSED))
		return false;
	/* GNU's format has times and the places of sparse files where the other has a prefix. */
	if (is_gnu && header[PREFIX] != '\0')
		return false;
	return is_device || bytes_are_zero(header + DEVICE, 16) ||
		(is_usual_number(header + DEVICE, 8) && is_usual_number(header + DEVICE + 8, 8) &&
			strspn((const char *)header + DEVICE, "0") == 7 &&
			strspn((const char *)header + DEVICE + 8, "0") == 7);
}

static bool is_in_front(unsigned char type)
{
	return type != '\0' && strchr("xgXLKVNM", type) != NULL;
}

bool tar_header_describe(const unsigned char *bytes, size_t len, struct member *member)
{
	struct headers headers = {.member = member};
	size_t at = 0;

	while (at + BLOCK <= len) {
		const unsigned char *header = bytes + at;
		uint64_t size, blocks;

		at += BLOCK;
		if (!is_in_front(header[TYPE])) {
			/* What stands in front overrules the header's own. */
			if (headers.in_front > 0 || !is_usual(header))
				tell_raw(&headers, "header-form", header, headers.has_time,
					headers.has_size);
			/* The map of a sparse file, in two of the formats. */
			if (at < len)
				member_add_field_bytes(
					member, "tar-record:behind", bytes + at, len - at);
			return true;
		}
		if (!tar_header_number(header + SIZE, 12, &size) || size > len - at)
			break;
		blocks = size / BLOCK + (size % BLOCK != 0);
		if (blocks * BLOCK > len - at)
			break;
		tell_in_front(&headers, header, bytes + at, (size_t)size);
		at += (size_t)blocks * BLOCK;
	}
	return false;
}
