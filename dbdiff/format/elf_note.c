/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <inttypes.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/hash.h"
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/elf.h"

#define NOTES_COUNT_MAX 64
#define NOTE_HEAD	12
#define BUILD_ID_MAX	64
#define HEX_BYTES_MAX	1024
#define NAME_BYTES_MAX	64
#define TOOL_TEXTS_MAX	64
#define TOOL_BYTES_MAX	256
#define CRC_SIZE	4

static enum status load(
	struct elf *elf, uint64_t offset, uint64_t size, struct buffer *data, struct error *err)
{
	enum status status;

	/* Sections may overlap: without a bound of all, each could be the same 64 KiB. */
	if (!kept_add(&elf->parts->kept, size))
		return kept_check(&elf->parts->kept, err);
	status = source_pread(
		elf->parts->source, offset, buffer_reserve(data, (size_t)size), (size_t)size, err);
	if (status == STATUS_OK)
		data->len = (size_t)size;
	return status;
}

/* All of its bytes are fields now. */
static void lose_content(struct elf *elf, size_t owner, uint64_t offset, uint64_t size)
{
	elf->parts->items[owner].has_content = false;
	elf->parts->items[owner].len = 0;
	parts_add_metadata(elf->parts, ELF_PLACE, offset, size, owner);
}

static void add_hex(struct buffer *out, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buffer_add_format(out, "%02x", (unsigned)(unsigned char)data[i]);
}

static bool is_visible(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	}
	return true;
}

/* ---- notes (System V ABI, "Note Section") ---- */

struct note {
	size_t at, end; /* with its padding */
	const char *name;
	uint32_t type;
	size_t value, value_len;
};

static size_t align(size_t at, size_t alignment)
{
	return (at + alignment - 1) / alignment * alignment;
}

static bool are_pads_zero(const char *data, const struct note *note, size_t name_len)
{
	size_t named = note->at + NOTE_HEAD + name_len, end = note->value + note->value_len;

	return bytes_are_zero(data + named, note->value - named) &&
		bytes_are_zero(data + end, note->end - end);
}

/* False for what is not a note to its end, with zeros where it is padded. */
static bool cut_note(const struct elf *elf, const struct buffer *data, size_t at, size_t alignment,
	struct note *note)
{
	const unsigned char *head = (const unsigned char *)data->data + at;
	uint64_t name_len, value_len;

	if (data->len - at < NOTE_HEAD)
		return false;
	name_len = elf_number(elf, head, 4);
	value_len = elf_number(elf, head + 4, 4);
	if (name_len < 2 || name_len > data->len || value_len > data->len)
		return false;
	note->at = at;
	note->name = data->data + at + NOTE_HEAD;
	note->type = (uint32_t)elf_number(elf, head + 8, 4);
	note->value = align(at + NOTE_HEAD + (size_t)name_len, alignment);
	note->value_len = (size_t)value_len;
	note->end = align(note->value + note->value_len, alignment);
	/* The last one is often not padded. */
	if (note->end > data->len && note->value + note->value_len == data->len)
		note->end = data->len;
	return note->end <= data->len && are_pads_zero(data->data, note, (size_t)name_len) &&
		note->name[name_len - 1] == '\0' && is_visible(note->name, (size_t)name_len - 1);
}

static size_t cut_notes(const struct elf *elf, const struct buffer *data, size_t alignment,
	struct note notes[NOTES_COUNT_MAX])
{
	size_t count = 0;

	for (size_t at = 0; at < data->len; at = notes[count++].end) {
		if (count == NOTES_COUNT_MAX || !cut_note(elf, data, at, alignment, &notes[count]))
			return 0;
	}
	return count;
}

static bool is_same_kind(const struct note *one, const struct note *other)
{
	return one->type == other->type && strcmp(one->name, other->name) == 0;
}

/* "GNU 5", and "GNU 5#2" for the second of that name and type; of a long name with its SHA-256. */
static void add_kind(struct buffer *out, const struct note notes[], size_t number)
{
	const struct note *note = &notes[number];
	size_t same = 1, len = strlen(note->name);
	struct digest digest;
	char hex[SHA256_HEX_SIZE];

	for (size_t i = 0; i < number; i++)
		same += is_same_kind(&notes[i], note);
	buffer_add(out, note->name, len < NAME_BYTES_MAX ? len : NAME_BYTES_MAX);
	if (len > NAME_BYTES_MAX) {
		hash_memory(note->name, len, &digest);
		digest_hex(&digest, hex);
		buffer_add_format(out, "... (%zu bytes, SHA-256 %s)", len, hex);
	}
	buffer_add_format(out, " %" PRIu32, note->type);
	if (same > 1)
		buffer_add_format(out, "#%zu", same);
}

static bool is_build_id(const struct note *note)
{
	return strcmp(note->name, "GNU") == 0 && note->type == NT_GNU_BUILD_ID &&
		note->value_len > 0 && note->value_len <= BUILD_ID_MAX;
}

/* Only the first build id of a section is one. */
static void add_note(struct elf *elf, size_t owner, const struct buffer *data,
	const struct note notes[], size_t number)
{
	const struct note *note = &notes[number];
	const char *value = data->data + note->value;
	struct parts *parts = elf->parts;
	struct buffer text = {0}, name = {0};
	bool is_first = true;

	for (size_t i = 0; i < number; i++)
		is_first = is_first && !is_same_kind(&notes[i], note);
	if (note->value_len <= HEX_BYTES_MAX) {
		add_hex(&text, value, note->value_len);
	} else {
		/* What it is in front of is no hexadecimal text. */
		buffer_add_format(&text, "%zu bytes: ", note->value_len);
		buffer_add(&text, value, note->value_len);
	}
	if (is_first && is_build_id(note)) {
		if (elf->build_id.len == 0)
			buffer_add(&elf->build_id, value, note->value_len);
		parts_add_field(parts, &parts->items[owner], "build-id", "%s", buffer_text(&text));
	} else {
		buffer_add_text(&name, "note:");
		add_kind(&name, notes, number);
		parts_add_field_bytes(parts, &parts->items[owner], buffer_text(&name),
			buffer_text(&text), text.len);
	}
	buffer_release(&text);
	buffer_release(&name);
}

/* Which of several comes first is in no other field. */
static void add_order(struct elf *elf, size_t owner, const struct note notes[], size_t count)
{
	struct buffer kinds = {0};

	for (size_t i = 0; i < count; i++) {
		buffer_add_text(&kinds, i > 0 ? ", " : "");
		add_kind(&kinds, notes, i);
	}
	if (count > 1)
		parts_add_field_bytes(elf->parts, &elf->parts->items[owner], "note-order",
			buffer_text(&kinds), kinds.len);
	buffer_release(&kinds);
}

enum status elf_read_notes(struct elf *elf, size_t owner, uint64_t offset, uint64_t size,
	uint64_t alignment, struct error *err)
{
	struct note notes[NOTES_COUNT_MAX];
	struct buffer data = {0};
	size_t count = 0;
	enum status status = STATUS_OK;

	if (size == 0 || size > ELF_NOTES_MAX)
		return STATUS_OK;
	status = load(elf, offset, size, &data, err);
	if (status == STATUS_OK)
		count = cut_notes(elf, &data, alignment == 8 ? 8 : 4, notes);
	for (size_t i = 0; i < count; i++)
		add_note(elf, owner, &data, notes, i);
	add_order(elf, owner, notes, count);
	if (count > 0)
		lose_content(elf, owner, offset, size);
	buffer_release(&data);
	return status;
}

/* ---- what compilers and linkers say of themselves ---- */

static bool is_number(char c)
{
	return c >= '0' && c <= '9';
}

/* Up to the last digit group of "12.2.0", and nothing but a date or a mark behind it. */
static bool is_version(const char *text)
{
	return is_number(*text) && strlen(text) <= 64;
}

/*
 * "GCC: (Debian 12.2.0-14) 12.2.0", "Debian clang version 14.0.6", "Linker: LLD 14.0.6",
 * "rustc version 1.63.0 (...)": a known tool and its version. Anything else is content.
 */
static bool is_tool(const char *text)
{
	static const char *const tools[] = {"clang version ", "Linker: LLD ", "Linker: Debian LLD ",
		"rustc version ", "Debian clang version ", "GNU AS "};
	const char *end;

	if (strncmp(text, "GCC: (", 6) == 0) {
		end = strrchr(text, ')');
		/* "GCC: (GNU) 4.8.2 20140120 (Red Hat 4.8.2-15)" ends in one. */
		while (end != NULL && end > text && !(end[1] == ' ' && is_version(end + 2)))
			end = memrchr(text, ')', (size_t)(end - text));
		return end != NULL && end > text;
	}
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		if (strncmp(text, tools[i], strlen(tools[i])) == 0)
			return is_number(text[strlen(tools[i])]);
	}
	return false;
}

enum status elf_read_comment(
	struct elf *elf, size_t owner, uint64_t offset, uint64_t size, struct error *err)
{
	struct buffer data = {0}, texts = {0};
	unsigned count = 0;
	bool are_tools = true;
	enum status status;

	if (size == 0 || size > TOOL_TEXTS_MAX * TOOL_BYTES_MAX)
		return STATUS_OK;
	status = load(elf, offset, size, &data, err);
	if (status < 0 || data.data[data.len - 1] != '\0')
		goto out;
	for (size_t at = 0; at < data.len && are_tools; at += strlen(data.data + at) + 1) {
		const char *text = data.data + at;

		if (*text == '\0')
			continue; /* compilers of old put one in front */
		are_tools = ++count <= TOOL_TEXTS_MAX && strlen(text) <= TOOL_BYTES_MAX &&
			is_visible(text, strlen(text)) && is_tool(text);
		buffer_add_format(&texts, "%s%s", texts.len > 0 ? ", " : "", text);
	}
	if (are_tools && count > 0) {
		parts_add_field_bytes(elf->parts, &elf->parts->items[owner], "toolchain-version",
			buffer_text(&texts), texts.len);
		lose_content(elf, owner, offset, size);
	}
out:
	buffer_release(&data);
	buffer_release(&texts);
	return status;
}

/* ---- where debug information is (gdb: "Separate Debug Files") ---- */

/* "1234….debug" without the two digits that name its directory. */
static bool is_of_build_id(const struct elf *elf, const char *name)
{
	struct buffer text = {0};
	bool is_equal;

	if (elf->build_id.len == 0)
		return false;
	add_hex(&text, elf->build_id.data + 1, elf->build_id.len - 1);
	buffer_add_text(&text, ".debug");
	is_equal = strcmp(buffer_text(&text), name) == 0;
	buffer_release(&text);
	return is_equal;
}

enum status elf_read_debug_link(
	struct elf *elf, size_t owner, uint64_t offset, uint64_t size, struct error *err)
{
	struct buffer data = {0}, build_id = {0};
	struct part *part;
	size_t len;
	enum status status;

	if (size < CRC_SIZE + 2 || size > ELF_NOTES_MAX)
		return STATUS_OK;
	status = load(elf, offset, size, &data, err);
	if (status < 0)
		goto out;
	len = strnlen(data.data, data.len);
	if (len == 0 || align(len + 1, 4) + CRC_SIZE != data.len ||
		!bytes_are_zero(data.data + len, data.len - CRC_SIZE - len))
		goto out;
	part = &elf->parts->items[owner];
	parts_add_field_bytes(elf->parts, part,
		is_of_build_id(elf, data.data) ? "build-id-link" : "debug-link", data.data, len);
	parts_add_field(elf->parts, part, "debug-link-crc", "%08" PRIx64,
		elf_number(elf, (const unsigned char *)data.data + data.len - CRC_SIZE, CRC_SIZE));
	if (elf->build_id.len > 0) {
		add_hex(&build_id, elf->build_id.data, elf->build_id.len);
		parts_add_field(elf->parts, part, "debug-link-of", "%s", buffer_text(&build_id));
	}
	lose_content(elf, owner, offset, size);
out:
	buffer_release(&data);
	buffer_release(&build_id);
	return status;
}

enum status elf_read_alternate_link(
	struct elf *elf, size_t owner, uint64_t offset, uint64_t size, struct error *err)
{
	struct buffer data = {0}, text = {0};
	struct part *part;
	enum status status;
	size_t len;

	if (size == 0 || size > ELF_NOTES_MAX)
		return STATUS_OK;
	status = load(elf, offset, size, &data, err);
	if (status < 0)
		goto out;
	len = strnlen(data.data, data.len);
	if (len == 0 || len + 1 >= data.len || data.len - len - 1 > BUILD_ID_MAX)
		goto out;
	add_hex(&text, data.data + len + 1, data.len - len - 1);
	part = &elf->parts->items[owner];
	parts_add_field_bytes(elf->parts, part, "debug-alternate", data.data, len);
	parts_add_field(elf->parts, part, "debug-alternate-id", "%s", buffer_text(&text));
	lose_content(elf, owner, offset, size);
out:
	buffer_release(&data);
	buffer_release(&text);
	return status;
}
