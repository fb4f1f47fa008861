/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/cmd/build_options.h"

#include <string.h>

#include "base/array.h"
#include "base/number.h"

static const struct {
	int option;
	enum build_limit limit;
	uint64_t least, most;
	bool is_size;
	const char *needed;
} rows[] = {
	{BUILD_OPTION_TIME, BUILD_TIME, 1, 7 * 24 * 3600, false,
		"a number of seconds from 1 to 604800 is needed"},
	{BUILD_OPTION_MEMORY, BUILD_MEMORY, UINT64_C(1) << 20, INT64_MAX, true,
		"a size is needed, as 4G is, and 1M at least"},
	{BUILD_OPTION_DISK, BUILD_DISK, UINT64_C(1) << 20, INT64_MAX, true,
		"a size is needed, as 20G is, and 1M at least"},
	{BUILD_OPTION_PROCESSES, BUILD_PROCESSES, 1, 4194304, false,
		"a number from 1 to 4194304 is needed"},
};

bool build_options_take(struct build_options *options, int option, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t number = 0;
		bool is_good;

		if (rows[i].option != option)
			continue;
		is_good = rows[i].is_size ? number_parse_size(value, &number)
					  : number_parse(value, strlen(value), &number);
		if (is_good && number >= rows[i].least && number <= rows[i].most) {
			options->limits.most[rows[i].limit] = number;
		} else if (!options->refused) {
			options->refused = value;
			options->refused_limit = rows[i].limit;
		}
		return true;
	}
	return false;
}

int build_options_check(const char *command, const struct build_options *options)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows) && options->refused; i++)
		if (rows[i].limit == options->refused_limit)
			return command_usage(command, "--build-%s %s: %s",
				build_limit_word(rows[i].limit), options->refused, rows[i].needed);
	return EXIT_REPRODUCED;
}
