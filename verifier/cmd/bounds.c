/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/cmd/bounds.h"

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

/* "NAME=N", of a name above and from 1 on. */
static bool set_limit(struct limits *limits, const char *text)
{
	const char *value = strchr(text, '=');
	uint64_t number;

	if (value == NULL || !number_parse_size(value + 1, &number) || number == 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(limit_names); i++) {
		const struct limit_name *row = &limit_names[i];
		size_t len = strlen(row->name);
		unsigned narrow = (unsigned)number;

		if (len != (size_t)(value - text) || memcmp(text, row->name, len) != 0)
			continue;
		if (number > row->most)
			return false;
		if (row->is_wide)
			memcpy((char *)limits + row->offset, &number, sizeof(number));
		else
			memcpy((char *)limits + row->offset, &narrow, sizeof(narrow));
		return true;
	}
	return false;
}

static bool set_bound(struct bounds *bounds, int option, const char *value)
{
	if (option == BOUNDS_LIMIT)
		return set_limit(&bounds->limits, value);
	return number_parse_size(value, &bounds->memory) && bounds->memory >= MEMORY_LEAST;
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
	return command_usage(command,
		"--limit %s: NAME=N is needed, as members=500000 or member-bytes=8G is, with a "
		"name "
		"and a number that --help and docs/limits.md have",
		bounds->refused);
}
