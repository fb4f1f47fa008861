/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/entries.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static enum status entries_next(struct members *members, struct member *member, struct error *err)
{
	struct entries *entries = (struct entries *)members;
	enum status status;
	size_t end = 0;

	if (entries->at == entries->text.len)
		return STATUS_END;
	member_clear(member);
	status = entries->cut(entries, member, &end, err);
	if (status != STATUS_OK)
		return status;
	members_add_metadata(members, entries->at, end - entries->at, "layout", entries->given);
	entries->at = end;
	entries->given++;
	return STATUS_OK;
}

static enum status entries_open(struct members *members, struct source **content, struct error *err)
{
	(void)members, (void)content;
	return error_set(err, STATUS_USAGE, "there is no content to open");
}

static void entries_members_free(struct members *members)
{
	entries_free((struct entries *)members);
}

/* The fields of the members say it all, and where it counts their order. */
static void entries_describe(struct members *members, struct member *container)
{
	const struct entries *entries = (const struct entries *)members;

	if (entries->ordered != NULL)
		member_add_field(container, "ordered", "%s", entries->ordered);
}

static const struct members_ops entries_ops = {
	.next = entries_next,
	.open = entries_open,
	.describe = entries_describe,
	.free = entries_members_free,
};

void entries_free(struct entries *entries)
{
	if (entries->release != NULL)
		entries->release(entries);
	buffer_release(&entries->text);
	free(entries);
}

enum status entries_new(
	struct source *source, size_t most, size_t size, struct entries **out, struct error *err)
{
	struct entries *entries = xcalloc(1, size);
	const unsigned char *data;
	enum status status;
	size_t len;

	entries->members.ops = &entries_ops;
	buffer_reserve(&entries->text, 1);
	do {
		status = source_peek(source, 1, &data, &len, err);
		if (status == STATUS_OK && len > most - entries->text.len)
			status = error_set(
				err, STATUS_LIMIT, "more than %zu bytes of this text", most);
		if (status == STATUS_OK && len > 0) {
			buffer_add(&entries->text, data, len);
			status = source_skip(source, len, err);
		}
	} while (status == STATUS_OK && len > 0);
	if (status != STATUS_OK) {
		entries_free(entries);
		return status;
	}
	*out = entries;
	return STATUS_OK;
}

void entries_add_unusual(
	struct entries *entries, struct member *member, size_t end, const struct buffer *usual)
{
	const char *text = entries->text.data + entries->at;
	size_t len = end - entries->at;

	if (len != usual->len || memcmp(text, usual->data, len) != 0)
		member_add_field_bytes(member, "written-as", text, len);
}

size_t entries_line_end(const struct entries *entries, size_t at)
{
	const char *text = entries->text.data;
	const char *newline = memchr(text + at, '\n', entries->text.len - at);

	return newline != NULL ? (size_t)(newline - text) + 1 : entries->text.len;
}

void entries_set_end(struct entries *entries, struct member *member, size_t *end)
{
	*end = entries->text.len;
	buffer_add_text(&member->path, "(end)");
	member_add_field(member, "type", "text");
	member_add_field_bytes(
		member, "text", entries->text.data + entries->at, *end - entries->at);
}
