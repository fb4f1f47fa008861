/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/members.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/hash.h"
#include "dbdiff/regions.h"

#define FIELD_VALUE_SIZE 4096 /* longer values are kept as their SHA-256 */

void member_clear(struct member *member)
{
	buffer_clear(&member->path);
	buffer_clear(&member->fields);
	member->has_content = false;
	member->size = SOURCE_SIZE_UNKNOWN;
}

void member_release(struct member *member)
{
	buffer_release(&member->path);
	buffer_release(&member->fields);
}

static size_t name_front(const char *stored, size_t len)
{
	size_t at = 0;

	for (;;) {
		if (at < len && stored[at] == '/')
			at++;
		else if (at + 1 < len && stored[at] == '.' && stored[at + 1] == '/')
			at += 2;
		else
			break;
	}
	if (at + 1 == len && stored[at] == '.')
		at++;
	return at;
}

void member_set_name(struct member *member, const char *stored, size_t len)
{
	struct buffer *path = &member->path;

	buffer_clear(path);
	for (size_t i = name_front(stored, len); i < len; i++) {
		if (stored[i] == '\0')
			buffer_add_text(path, "\\x00");
		else if (stored[i] != '/' || (i + 1 < len && stored[i + 1] != '/'))
			buffer_add_char(path, stored[i]);
	}
	if (path->len == 0)
		buffer_add_char(path, '/');
	if (path->len == len && memcmp(path->data, stored, len) == 0)
		return;
	if (len <= FIELD_VALUE_SIZE && memchr(stored, '\0', len) == NULL)
		member_add_field(member, "name", "%.*s", (int)len, stored);
	else
		member_add_field_bytes(member, "name", stored, len);
}

void member_add_field(struct member *member, const char *name, const char *format, ...)
{
	va_list arguments;

	buffer_add(&member->fields, name, strlen(name) + 1);
	va_start(arguments, format);
	buffer_add_vformat(&member->fields, format, arguments);
	va_end(arguments);
	buffer_add_char(&member->fields, '\0');
}

void member_add_field_bytes(struct member *member, const char *name, const void *value, size_t len)
{
	struct digest digest;
	char hex[SHA256_HEX_SIZE];

	if (len > FIELD_VALUE_SIZE) {
		hash_memory(value, len, &digest);
		digest_hex(&digest, hex);
		member_add_field(member, name, "%zu bytes, sha256 %s", len, hex);
		return;
	}
	buffer_add(&member->fields, name, strlen(name) + 1);
	if (len > 0)
		escape_line(&member->fields, value, len);
	buffer_add_char(&member->fields, '\0');
}

void member_add_time(struct member *member, const char *name, int64_t seconds, long nanoseconds)
{
	char text[CLOCK_TEXT_SIZE];
	size_t len;

	clock_format(seconds, text);
	len = strlen(text);
	if (nanoseconds != 0 && text[len - 1] == 'Z')
		len--;
	if (nanoseconds != 0)
		member_add_field(member, name, "%.*s.%09ld%s", (int)len, text, nanoseconds,
			text[len] == 'Z' ? "Z" : "");
	else
		member_add_field(member, name, "%s", text);
}

enum status unpack_take_window(
	const struct unpack_room *room, uint64_t *taken, uint64_t bytes, struct error *err)
{
	struct unpack_costs *costs = room != NULL ? room->costs : NULL;

	if (costs == NULL || bytes <= *taken)
		return STATUS_OK;
	if (bytes - *taken > UNPACK_WINDOWS_MAX - costs->windows)
		return error_set(err, STATUS_LIMIT,
			"decoders inside each other want windows of more than %" PRIu64 " bytes",
			UNPACK_WINDOWS_MAX);
	costs->windows += bytes - *taken;
	*taken = bytes;
	return STATUS_OK;
}

void unpack_give_window(const struct unpack_room *room, uint64_t *taken)
{
	if (*taken > 0)
		room->costs->windows -= *taken;
	*taken = 0;
}

void members_add_region(struct members *members, const struct region *region)
{
	if (members->regions != NULL && region->len > 0)
		region_sink_take(members->regions, region);
}

void members_add_content(struct members *members, uint64_t offset, uint64_t len, int64_t owner,
	uint64_t content_offset)
{
	members_add_region(members,
		&(struct region){
			offset, len, REGION_CONTENT, "data", owner, content_offset, NULL, false});
}

void members_add_metadata(
	struct members *members, uint64_t offset, uint64_t len, const char *name, int64_t owner)
{
	members_add_region(members,
		&(struct region){
			offset, len, REGION_METADATA, name, owner, REGION_PACKED, NULL, false});
}

void members_add_structure(struct members *members, uint64_t offset, uint64_t len, const char *name)
{
	members_add_region(members,
		&(struct region){offset, len, REGION_STRUCTURE, name, REGION_NO_OWNER,
			REGION_PACKED, NULL, false});
}

void members_add_derived(struct members *members, uint64_t offset, uint64_t len, const char *name)
{
	members_add_region(members,
		&(struct region){offset, len, REGION_DERIVED, name, REGION_NO_OWNER, REGION_PACKED,
			NULL, false});
}
