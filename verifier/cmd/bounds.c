/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/cmd/bounds.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/array.h"
#include "base/number.h"
#include "dbdiff/memory.h"
#include "dbdiff/way.h"

const struct bounds bounds_default = {.memory = MEMORY_DEFAULT, .limits = LIMITS_DEFAULT};

static const struct limit_name {
	const char *name;
	uint64_t most;
	size_t offset; /* in struct limits */
	bool is_wide;  /* a uint64_t */
} limit_names[] = {
	{"depth", WAY_DEPTH_MOST, offsetof(struct limits, depth), false},
	{"members", UINT32_MAX, offsetof(struct limits, members), true},
	{"member-bytes", INT64_MAX, offsetof(struct limits, member_bytes), true},
	{"total-bytes", INT64_MAX, offsetof(struct limits, total_bytes), true},
	{"ratio", UINT32_MAX, offsetof(struct limits, ratio), false},
	{"name-bytes", 1 << 20, offsetof(struct limits, name_bytes), false},
	{"seconds", 7 * 24 * 3600, offsetof(struct limits, seconds), false},
};

static const struct limit_name *find_limit(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(limit_names); i++) {
		if (len == strlen(limit_names[i].name) &&
			memcmp(name, limit_names[i].name, len) == 0)
			return &limit_names[i];
	}
	return NULL;
}

/* "NAME=N", of a name above and from 1 to the most there may be. */
static bool set_limit(struct limits *limits, const char *text)
{
	const char *value = strchr(text, '=');
	const struct limit_name *row =
		value != NULL ? find_limit(text, (size_t)(value - text)) : NULL;
	unsigned narrow;
	uint64_t number;

	if (row == NULL || !number_parse_size(value + 1, &number) || number == 0 ||
		number > row->most)
		return false;
	narrow = (unsigned)number;
	if (row->is_wide)
		memcpy((char *)limits + row->offset, &number, sizeof(number));
	else
		memcpy((char *)limits + row->offset, &narrow, sizeof(narrow));
	return true;
}

static bool set_bound(struct bounds *bounds, int option, const char *value)
{
	if (option == BOUNDS_LIMIT)
		return set_limit(&bounds->limits, value);
	return number_parse_size(value, &bounds->memory) && bounds->memory >= MEMORY_LEAST;
}

static int refuse_limit(const char *command, const char *text)
{
	const struct limit_name *row = find_limit(text, strcspn(text, "="));

	if (row == NULL)
		return command_usage(command,
			"--limit %s: there is no such limit; it is one of depth, members, "
			"member-bytes, total-bytes, ratio, name-bytes and seconds, as members=5000 "
			"is",
			text);
	return command_usage(command,
		"--limit %s: %s=N is needed, with a number from 1 to %" PRIu64, text, row->name,
		row->most);
}

bool bounds_take(struct bounds *bounds, int option, const char *value)
{
	if (option != BOUNDS_LIMIT && option != BOUNDS_MEMORY)
		return false;
	if (!set_bound(bounds, option, value) && bounds->refused == NULL) {
		bounds->refused = value;
		bounds->refused_option = option;
	}
	return true;
}

int bounds_check(const char *command, const struct bounds *bounds)
{
	if (bounds->refused == NULL)
		return EXIT_REPRODUCED;
	if (bounds->refused_option == BOUNDS_MEMORY)
		return command_usage(command,
			"--memory %s: a size is needed, as 512M or 1G is, and %uM at least",
			bounds->refused, (unsigned)(MEMORY_LEAST >> 20));
	return refuse_limit(command, bounds->refused);
}
