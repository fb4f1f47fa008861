/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Environments of EFI Boot Guard, BGENV.DAT (its include/envdata.h and env/uservars.c): one struct
 * without a magic, so it is known by its name alone. It has no members; its values are fields.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/escape.h"
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/formats.h"

#define STRING_UNITS 255
#define AT_KERNEL    0
#define AT_ARGUMENTS 510
#define AT_PROGRESS  1020
#define AT_STATE     1021
#define AT_WATCHDOG  1022
#define AT_REVISION  1024
#define AT_USER	     1028
#define CRC_SIZE     4
#define USER_MIN     96 /* what its configure takes as the least */
#define SIZE_MIN     (AT_USER + USER_MIN + CRC_SIZE)
#define SIZE_MAX_    ((size_t)1 << 20) /* the usual one has 132104 bytes */

#define SURE 32

struct bgenv {
	struct members members;
	unsigned char *data;
	size_t size;
	bool crc_fits;
	bool is_emitted;
	struct error broken; /* of the user variables */
};

/* A variable of the user: its name, the length of the rest, a type, and a value. */
struct variable {
	const char *name;
	size_t begin, end; /* in the file */
	uint64_t type;
	const unsigned char *value;
	size_t value_len;
};

#define NAME_MAX_     255
#define VARIABLE_HEAD 12 /* the length, which counts itself, and the type */

/* The variable at *at; STATUS_END where there is none. */
static enum status next_variable(
	const struct bgenv *bgenv, size_t *at, struct variable *variable, struct error *err)
{
	size_t end = bgenv->size - CRC_SIZE;
	const unsigned char *name = bgenv->data + *at;
	const unsigned char *nul;
	size_t rest;

	if (*at >= end || *name == '\0')
		return STATUS_END;
	nul = memchr(name, '\0', end - *at);
	if (nul == NULL || end - (size_t)(nul + 1 - bgenv->data) < VARIABLE_HEAD)
		return error_set(err, STATUS_FORMAT, "a variable is longer than the environment");
	if (nul - name > NAME_MAX_)
		return error_set(
			err, STATUS_LIMIT, "a variable's name is longer than %d bytes", NAME_MAX_);
	rest = bytes_le32(nul + 1);
	if (rest < VARIABLE_HEAD || rest > end - (size_t)(nul + 1 - bgenv->data))
		return error_set(err, STATUS_FORMAT, "a variable has an impossible length");
	*variable = (struct variable){
		.name = (const char *)name,
		.begin = *at,
		.end = (size_t)(nul + 1 - bgenv->data) + rest,
		.type = bytes_le64(nul + 5),
		.value = nul + 1 + VARIABLE_HEAD,
		.value_len = rest - VARIABLE_HEAD,
	};
	*at = variable->end;
	return STATUS_OK;
}

/* ---- regions ---- */

static void add_region(struct bgenv *bgenv, size_t from, size_t end, const char *name)
{
	members_add_structure(&bgenv->members, from, end - from, name);
}

/* Where the text of the arguments ends, with the NUL behind it; no boot loader reads further. */
static size_t arguments_end(const struct bgenv *bgenv)
{
	size_t end = AT_ARGUMENTS;

	while (end < AT_PROGRESS && bytes_le16(bgenv->data + end) != 0)
		end += 2;
	return end < AT_PROGRESS ? end + 2 : end;
}

static bool has_tail(const struct bgenv *bgenv)
{
	size_t end = arguments_end(bgenv);

	return !bytes_are_zero(bgenv->data + end, AT_PROGRESS - end);
}

static char *variable_field(const struct variable *variable)
{
	struct buffer name = {0};

	buffer_add_text(&name, "variable:");
	escape_line(&name, variable->name, strlen(variable->name));
	return buffer_detach(&name);
}

static void emit(struct bgenv *bgenv)
{
	struct variable variable;
	size_t at = AT_USER;
	size_t crc = bgenv->size - CRC_SIZE;

	add_region(bgenv, AT_KERNEL, AT_ARGUMENTS, "boot-kernel");
	if (has_tail(bgenv)) {
		add_region(bgenv, AT_ARGUMENTS, arguments_end(bgenv), "boot-arguments");
		add_region(bgenv, arguments_end(bgenv), AT_PROGRESS, "boot-arguments-tail");
	} else {
		add_region(bgenv, AT_ARGUMENTS, AT_PROGRESS, "boot-arguments");
	}
	add_region(bgenv, AT_PROGRESS, AT_STATE, "boot-in-progress");
	add_region(bgenv, AT_STATE, AT_WATCHDOG, "boot-ustate");
	add_region(bgenv, AT_WATCHDOG, AT_REVISION, "boot-watchdog");
	add_region(bgenv, AT_REVISION, AT_USER, "boot-revision");
	while (next_variable(bgenv, &at, &variable, &bgenv->broken) == STATUS_OK) {
		char *name = variable_field(&variable);

		add_region(bgenv, variable.begin, variable.end, name);
		free(name);
	}
	add_region(bgenv, at, crc, "unused-variables");
	if (bgenv->crc_fits)
		members_add_derived(&bgenv->members, crc, CRC_SIZE, "checksum");
	else
		add_region(bgenv, crc, bgenv->size, "checksum-invalid");
}

static enum status bgenv_next(struct members *members, struct member *member, struct error *err)
{
	struct bgenv *bgenv = (struct bgenv *)members;

	member_clear(member);
	if (!bgenv->is_emitted)
		emit(bgenv);
	bgenv->is_emitted = true;
	if (bgenv->broken.status < 0) {
		*err = bgenv->broken;
		return error_context(err, "environment");
	}
	return STATUS_END;
}

static enum status bgenv_open_member(
	struct members *members, struct source **content, struct error *err)
{
	(void)members;
	(void)content;
	return error_set(err, STATUS_USAGE, "environment: it has no members");
}

/* ---- fields ---- */

static void add_text(struct member *container, const char *name, const unsigned char *text)
{
	struct buffer value = {0};

	bytes_add_utf16(&value, text, STRING_UNITS);
	member_add_field_bytes(container, name, buffer_text(&value), value.len);
	buffer_release(&value);
}

static void add_state(struct member *container, unsigned state)
{
	static const char *const words[] = {"OK", "INSTALLED", "TESTING", "FAILED", "UNKNOWN"};

	member_add_field(container, "boot-ustate", "%u (%s)", state,
		state < ARRAY_SIZE(words) ? words[state] : "?");
}

static void add_variables(const struct bgenv *bgenv, struct member *container)
{
	struct variable variable;
	struct error err;
	size_t at = AT_USER;

	while (next_variable(bgenv, &at, &variable, &err) == STATUS_OK) {
		size_t len = variable.value_len;
		struct buffer value = {0};
		char *name = variable_field(&variable);

		/* bg_setenv ends texts in a NUL byte. */
		if (len > 0 && variable.value[len - 1] == '\0')
			len--;
		buffer_add_format(&value, "type %" PRIu64 ": ", variable.type);
		buffer_add(&value, variable.value, len);
		member_add_field_bytes(container, name, buffer_text(&value), value.len);
		buffer_release(&value);
		free(name);
	}
}

static void bgenv_describe(struct members *members, struct member *container)
{
	const struct bgenv *bgenv = (const struct bgenv *)members;
	const unsigned char *data = bgenv->data;

	add_text(container, "boot-kernel", data + AT_KERNEL);
	add_text(container, "boot-arguments", data + AT_ARGUMENTS);
	if (has_tail(bgenv))
		member_add_field_bytes(container, "boot-arguments-tail",
			data + arguments_end(bgenv), AT_PROGRESS - arguments_end(bgenv));
	member_add_field(container, "boot-in-progress", "%u", data[AT_PROGRESS]);
	add_state(container, data[AT_STATE]);
	member_add_field(container, "boot-watchdog", "%u", bytes_le16(data + AT_WATCHDOG));
	member_add_field(container, "boot-revision", "%" PRIu32, bytes_le32(data + AT_REVISION));
	add_variables(bgenv, container);
	if (!bgenv->crc_fits)
		member_add_field(container, "checksum-invalid", "0x%08" PRIx32,
			bytes_le32(data + bgenv->size - CRC_SIZE));
}

/* ---- opening ---- */

static void bgenv_free(struct members *members)
{
	free(((struct bgenv *)members)->data);
	free(members);
}

static const struct members_ops bgenv_ops = {
	.next = bgenv_next,
	.open = bgenv_open_member,
	.describe = bgenv_describe,
	.free = bgenv_free,
};

static enum status bgenv_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct bgenv *bgenv;
	enum status status;

	(void)name;
	(void)limits;
	if (source->size < SIZE_MIN || source->size > SIZE_MAX_)
		return error_set(err, STATUS_FORMAT,
			"environment: %" PRIu64 " bytes, not %d to %zu", source->size, SIZE_MIN,
			SIZE_MAX_);
	bgenv = xcalloc(1, sizeof(*bgenv));
	bgenv->members.ops = &bgenv_ops;
	bgenv->size = (size_t)source->size;
	bgenv->data = xmalloc(bgenv->size);
	status = source_pread(source, 0, bgenv->data, bgenv->size, err);
	if (status < 0) {
		bgenv_free(&bgenv->members);
		return error_context(err, "environment");
	}
	bgenv->crc_fits = crc32(0, bgenv->data, (uInt)(bgenv->size - CRC_SIZE)) ==
		bytes_le32(bgenv->data + bgenv->size - CRC_SIZE);
	*members = &bgenv->members;
	return STATUS_OK;
}

static unsigned bgenv_bid(const struct candidate *candidate)
{
	const char *slash = strrchr(candidate->path, '/');
	const char *base = slash != NULL ? slash + 1 : candidate->path;

	return strcasecmp(base, "BGENV.DAT") == 0 && candidate->len >= SIZE_MIN ? SURE : 0;
}

const struct format format_bgenv = {
	.name = "bgenv",
	.bid_bytes = SIZE_MIN,
	.needs_seek = true,
	.is_lazy = true,
	.bid_more = bgenv_bid,
	.open = bgenv_open,
};
