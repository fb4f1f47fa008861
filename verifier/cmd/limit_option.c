/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/cmd/limit_option.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/number.h"
#include "verifier/cmd/command.h"

/* No sum or product with one of these leaves 64 bits. */
#define COUNT_MOST (UINT64_C(1) << 40)
#define BYTES_MOST (UINT64_C(1) << 50)

/* A row is one limit of docs/limits.md. */
struct limit_row {
	const char *name;
	size_t offset; /* of its field in struct limits */
	bool is_wide;  /* the field is a uint64_t, otherwise an unsigned */
	uint64_t most;
};

#define NARROW(name, field, most)                                                                  \
	{                                                                                          \
		name, offsetof(struct limits, field), false, most                                  \
	}
#define WIDE(name, field, most)                                                                    \
	{                                                                                          \
		name, offsetof(struct limits, field), true, most                                   \
	}

static const struct limit_row rows[] = {
	/* As many as the way to a member that a worker died in can have. */
	NARROW("depth", depth, 64),
	WIDE("members", members, COUNT_MOST),
	WIDE("member-bytes", member_bytes, BYTES_MOST),
	WIDE("total-bytes", total_bytes, BYTES_MOST),
	NARROW("ratio", ratio, 1000000000),
	NARROW("name-bytes", name_bytes, 1000000000),
	NARROW("seconds", seconds, 1000000000),
};

static const struct limit_row *find_row(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0)
			return &rows[i];
	}
	return NULL;
}

static int take(const char *command, const char *text, struct limits *limits)
{
	size_t len = strcspn(text, "=");
	const struct limit_row *row = find_row(text, len);
	char *field;
	uint64_t number;
	unsigned narrow;

	if (row == NULL)
		return command_usage(command,
			"--limit %s: the limits are depth, members, member-bytes, total-bytes, "
			"ratio, name-bytes and seconds, each with =NUMBER",
			text);
	if (text[len] != '=' || !number_parse_size(text + len + 1, &number) || number == 0 ||
		number > row->most)
		return command_usage(command, "--limit %s: %s is a number from 1 to %" PRIu64, text,
			row->name, row->most);
	field = (char *)limits + row->offset;
	narrow = (unsigned)number;
	if (row->is_wide)
		memcpy(field, &number, sizeof(number));
	else
		memcpy(field, &narrow, sizeof(narrow));
	return EXIT_REPRODUCED;
}

int limit_options_take(const char *command, const struct text_list *values, struct limits *limits)
{
	int code = EXIT_REPRODUCED;

	*limits = limits_default;
	for (size_t i = 0; i < values->count && code == EXIT_REPRODUCED; i++)
		code = take(command, values->items[i], limits);
	return code;
}
