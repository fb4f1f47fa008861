/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_TELLING_H
#define TESTS_UNIT_TELLING_H

#include "tests/unit/opening.h"

/*
 * For texts whose members are told by their fields alone (dbdiff/format/entries.h): whatever is
 * changed in the text, either it cannot be read, or some member is not the same.
 */
static void tell(const struct format *format, const struct buffer *text, struct buffer *told)
{
	struct source *source = source_memory_new(buffer_text(text), text->len);
	struct members *members = NULL;
	struct member member = {0};
	struct error err = {0};
	enum status status;

	buffer_clear(told);
	status = format->open(source, "t", &limits_default, &members, &err);
	while (status == STATUS_OK) {
		member_clear(&member);
		status = members->ops->next(members, &member, &err);
		if (status != STATUS_OK)
			break;
		ck_assert(!member.has_content);
		buffer_add(told, member.path.data, member.path.len + 1);
		fields_sort(&member.fields, NULL);
		buffer_add(told, buffer_text(&member.fields), member.fields.len);
		buffer_add_char(told, '\n');
	}
	if (status < 0)
		buffer_add_format(told, "error: %s", err.text);
	if (members != NULL)
		members->ops->free(members);
	member_release(&member);
	source_free(source);
}

static bool tells_same(const struct buffer *a, const struct buffer *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

MAYBE void expect_every_byte_tells(const struct format *format, const char *text)
{
	static const char instead[] = {'\n', ' ', 'a', '0', ':', '"', '\\', '#', '\0', '\xff'};
	struct buffer whole = {0}, changed = {0}, before = {0}, after = {0};
	size_t len = strlen(text);

	buffer_add_text(&whole, text);
	open_memory(format, text, len);
	expect_whole();
	tell(format, &whole, &before);
	for (size_t at = 0; at <= len; at++) {
		for (size_t i = 0; i < 2 * sizeof(instead) + 1; i++) {
			bool is_put_in = i > sizeof(instead);
			char c = i > 0 ? instead[(i - 1) % sizeof(instead)] : '\0';

			if (at == len ? !is_put_in : !is_put_in && i > 0 && text[at] == c)
				continue;
			buffer_clear(&changed);
			buffer_add(&changed, text, at);
			if (i > 0) /* the first time, the byte is left out */
				buffer_add_char(&changed, c);
			buffer_add_text(&changed, text + at + (is_put_in ? 0 : 1));
			tell(format, &changed, &after);
			ck_assert_msg(!tells_same(&before, &after),
				"nothing tells byte %zu, way %zu, %02x: %s", at, i,
				(unsigned char)c, buffer_text(&changed));
		}
	}
	buffer_release(&whole);
	buffer_release(&changed);
	buffer_release(&before);
	buffer_release(&after);
}

/* Compares two texts as artifacts of that name, with their causes; no byte is nobody's. */
MAYBE void expect_texts(
	const char *name, const char *published, const char *rebuilt, const char *expected)
{
	comparing.with_causes = true;
	comparing.artifact = name;
	expect_fds(memory_file(published, strlen(published)), memory_file(rebuilt, strlen(rebuilt)),
		expected);
	ck_assert_int_eq(comparing.result.unattributed_bytes, 0);
}

#endif
