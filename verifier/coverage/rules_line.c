/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/rules_line.h"

#include <ctype.h>
#include <string.h>

#include "base/array.h"
#include "base/path.h"
#include "verifier/coverage/test_runner.h"

struct line line_from(struct line line, size_t skip)
{
	skip = skip < line.count ? skip : line.count;
	return (struct line){line.words + skip, line.count - skip};
}

/* A variable set in front of a command, or alone. */
static bool is_assignment(const char *word)
{
	const char *equals = strchr(word, '=');

	if (equals == NULL || equals == word)
		return false;
	for (; word < equals; word++) {
		if (!isalnum((unsigned char)*word) && *word != '_')
			return false;
	}
	return true;
}

/* Programs that run the command behind their own options. */
static const struct {
	const char *name;
	size_t operands;	 /* that stand before the command */
	const char *with_values; /* options that take the next word */
} wrappers[] = {
	{"env", 0, "-u -C"},
	{"time", 0, "-o -f"},
	{"nice", 0, "-n"},
	{"ionice", 0, "-c -n"},
	{"setsid", 0, ""},
	{"nohup", 0, ""},
	{"exec", 0, ""},
	{"command", 0, ""},
	{"timeout", 1, "-s -k"},
	{"xvfb-run", 0, "-s -n -e -f -p -w --server-args --server-num"},
	{"dbus-run-session", 0, "--config-file"},
	{"dbus-launch", 0, ""},
	{"dbus-test-runner", 0, ""},
	{"eatmydata", 0, ""},
	{"fakeroot", 0, "-s -i"},
	{"faketime", 1, "-f"},
	{"linux32", 0, ""},
	{"linux64", 0, ""},
	{"setarch", 1, ""},
	{"stdbuf", 0, "-i -o -e"},
	{"unshare", 0, ""},
	{"catchsegv", 0, ""},
	{"valgrind", 0, ""},
	{"xargs", 0, "-n -P -I"},
	{"dh_run", 0, ""},
	{"uidmapshift", 0, ""},
	{"unbuffer", 0, ""},
	{"flock", 1, "-w"},
	{"libtool", 0, "--mode"},
};

static bool takes_value(const char *with_values, const char *option)
{
	const char *hit = strstr(with_values, option);
	size_t len = strlen(option);

	return hit != NULL && (hit[len] == '\0' || hit[len] == ' ');
}

bool line_is_make(const char *name)
{
	static const char *const names[] = {"make", "gmake", "bmake", "pmake", "colormake"};

	return rules_is_one_of(name, names, ARRAY_SIZE(names));
}

/* "debian/with-locales --generate x -- meson test": a wrapper of the package's own. */
static struct line behind_dashes(struct line line)
{
	struct test_run run;

	for (size_t i = 1; i + 1 < line.count; i++) {
		struct line rest = line_from(line, i + 1);

		if (strcmp(line.words[i], "--") != 0)
			continue;
		if (strchr(line.words[0], '/') != NULL &&
			(line_is_make(path_basename(rest.words[0])) ||
				test_runner_read(rest.words, rest.count, &run)))
			return rest;
		break;
	}
	return line;
}

struct line line_unwrap(struct line line)
{
	for (;;) {
		size_t i = 0, at = 1, operands;

		while (line.count > 0 && is_assignment(line.words[0]))
			line = line_from(line, 1);
		if (line.count == 0)
			return line;
		/* "./run dh $@" */
		if (line.count > 1 && strcmp(line.words[1], "dh") == 0 &&
			strchr(line.words[0], '/') != NULL)
			return line_from(line, 1);
		while (i < ARRAY_SIZE(wrappers) &&
			strcmp(path_basename(line.words[0]), wrappers[i].name) != 0)
			i++;
		if (i == ARRAY_SIZE(wrappers))
			return behind_dashes(line);
		operands = wrappers[i].operands;
		while (at < line.count) {
			if (line.words[at][0] == '-') {
				if (takes_value(wrappers[i].with_values, line.words[at]))
					at++;
				at++;
			} else if (operands > 0) {
				operands--;
				at++;
			} else {
				break;
			}
		}
		line = line_from(line, at);
	}
}
