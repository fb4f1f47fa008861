/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deltas of rdiff (librsync's documentation, "Delta format"): commands that copy from a base that
 * is elsewhere, and bytes that stand in the delta itself. What comes out when they are applied is
 * dbdiff/delta.c's to say.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "dbdiff/format/formats.h"

#define MAGIC "rs\x02\x36"

enum {
	COMMAND_END = 0x00,
	COMMAND_LITERAL_LAST = 0x40,  /* 0x01 to here: that many bytes */
	COMMAND_LITERAL_SIZED = 0x41, /* and three more: the size in 1, 2, 4, 8 bytes */
	COMMAND_COPY = 0x45,	      /* and 15 more: position and size likewise */
	COMMAND_COPY_LAST = 0x54,
};

struct rdiff {
	struct members members;
	struct source *source;
	uint64_t literals, literal_bytes, copies, copy_bytes;
};

static uint64_t big(const unsigned char *at, unsigned bytes)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < bytes; i++)
		number = number << 8 | at[i];
	return number;
}

/* What one command says. */
struct command {
	unsigned len; /* bytes, without the literal's */
	uint64_t literal, copy;
	bool is_end;
};

/* False when it is none, or not all of it is there. */
static bool read_command(const unsigned char *data, size_t len, struct command *command)
{
	unsigned code = len > 0 ? data[0] : COMMAND_COPY_LAST + 1;
	unsigned first, second = 0;

	*command = (struct command){.len = 1, .is_end = code == COMMAND_END};
	if (code > COMMAND_COPY_LAST)
		return false;
	if (code <= COMMAND_LITERAL_LAST) {
		command->literal = code;
		return true;
	}
	if (code < COMMAND_COPY) {
		first = 1U << (code - COMMAND_LITERAL_SIZED);
	} else {
		first = 1U << ((code - COMMAND_COPY) / 4);
		second = 1U << ((code - COMMAND_COPY) % 4);
	}
	command->len += first + second;
	if (len < command->len)
		return false;
	if (second == 0)
		command->literal = big(data + 1, first);
	else
		command->copy = big(data + 1 + first, second);
	return true;
}

static enum status read_commands(struct rdiff *rdiff, struct error *err)
{
	struct source *source = rdiff->source;
	struct members *members = &rdiff->members;
	const unsigned char *data;
	struct command command = {0};
	enum status status;
	size_t len;

	while (!command.is_end) {
		status = source_peek(source, 17, &data, &len, err);
		if (status != STATUS_OK)
			return status;
		if (!read_command(data, len, &command))
			return error_set(
				err, STATUS_FORMAT, "no command at %" PRIu64, source->offset);
		members_add_structure(members, source->offset, command.len,
			command.is_end ? "delta-end" : "delta-command");
		rdiff->literals += command.literal > 0;
		rdiff->copies += command.copy > 0;
		if (command.literal > INT64_MAX || command.copy > INT64_MAX - rdiff->copy_bytes)
			return error_set(err, STATUS_FORMAT, "an impossible size at %" PRIu64,
				source->offset);
		status = source_skip(source, command.len, err);
		if (status != STATUS_OK)
			return status;
		members_add_structure(members, source->offset, command.literal, "delta-literal");
		status = source_skip(source, command.literal, err);
		if (status != STATUS_OK)
			return status;
		rdiff->literal_bytes += command.literal;
		rdiff->copy_bytes += command.copy;
	}
	return STATUS_OK;
}

/* What stands behind the end is in no command. */
static enum status read_rest(struct rdiff *rdiff, struct error *err)
{
	const unsigned char *data;
	enum status status;
	size_t len;

	do {
		status = source_peek(rdiff->source, 1, &data, &len, err);
		if (status == STATUS_OK && len > 0) {
			members_add_structure(
				&rdiff->members, rdiff->source->offset, len, "trailing-data");
			status = source_skip(rdiff->source, len, err);
		}
	} while (status == STATUS_OK && len > 0);
	return status;
}

static enum status rdiff_next(struct members *members, struct member *member, struct error *err)
{
	struct rdiff *rdiff = (struct rdiff *)members;
	enum status status = STATUS_OK;

	(void)member;
	if (rdiff->source->offset == strlen(MAGIC)) {
		members_add_structure(members, 0, strlen(MAGIC), "delta-header");
		status = read_commands(rdiff, err);
		if (status == STATUS_OK)
			status = read_rest(rdiff, err);
	}
	return status < 0 ? error_context(err, "rdiff") : STATUS_END;
}

static enum status rdiff_open_member(
	struct members *members, struct source **content, struct error *err)
{
	(void)members, (void)content;
	return error_set(err, STATUS_USAGE, "there is no content to open");
}

static void rdiff_describe(struct members *members, struct member *container)
{
	const struct rdiff *rdiff = (struct rdiff *)members;

	member_add_field(container, "delta-literals", "%" PRIu64 " with %" PRIu64 " bytes",
		rdiff->literals, rdiff->literal_bytes);
	member_add_field(container, "delta-copies", "%" PRIu64 " with %" PRIu64 " bytes",
		rdiff->copies, rdiff->copy_bytes);
}

static void rdiff_free(struct members *members)
{
	free(members);
}

static const struct members_ops rdiff_ops = {
	.next = rdiff_next,
	.open = rdiff_open_member,
	.describe = rdiff_describe,
	.free = rdiff_free,
};

static unsigned rdiff_bid(const unsigned char *data, size_t len)
{
	return len >= strlen(MAGIC) && memcmp(data, MAGIC, strlen(MAGIC)) == 0 ? 32 : 0;
}

static enum status rdiff_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct rdiff *rdiff;
	const unsigned char *data;
	enum status status;
	size_t len;

	(void)name, (void)limits;
	status = source_peek(source, strlen(MAGIC), &data, &len, err);
	if (status == STATUS_OK && rdiff_bid(data, len) == 0)
		status = error_set(err, STATUS_FORMAT, "no delta of rdiff");
	if (status == STATUS_OK)
		status = source_skip(source, strlen(MAGIC), err);
	if (status != STATUS_OK)
		return error_context(err, "rdiff");
	rdiff = xcalloc(1, sizeof(*rdiff));
	rdiff->members.ops = &rdiff_ops;
	rdiff->source = source;
	*members = &rdiff->members;
	return STATUS_OK;
}

const struct format format_rdiff = {
	.name = "rdiff",
	.bid_bytes = 16,
	.is_lazy = true,
	.bid = rdiff_bid,
	.open = rdiff_open,
};
