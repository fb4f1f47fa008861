/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/coverage_suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/buffer.h"

/* "bookworm" of "bookworm-security", "bookworm-updates", "buster/updates". */
static size_t release_len(const char *name)
{
	static const char *const ends[] = {"-security", "-updates", "-backports",
		"-backports-sloppy", "-proposed-updates", "/updates"};
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t end = strlen(ends[i]);

		if (len > end && strcmp(name + len - end, ends[i]) == 0)
			return len - end;
	}
	return len;
}

static bool is_release(const char *name, const char *release)
{
	size_t len = release_len(name);

	return strlen(release) == len && memcmp(name, release, len) == 0;
}

/* Of each suite, its codename without its end. */
static void codenames_list(const struct pin_list *pins, struct text_list *codenames)
{
	for (size_t p = 0; p < pins->count; p++)
		for (size_t s = 0; s < pins->items[p].suite_count; s++) {
			const char *name = pins->items[p].suites[s].codename;

			if (name && *name)
				text_list_addn(codenames, name, release_len(name));
		}
	text_list_sort(codenames);
	text_list_unique(codenames);
}

/* The codename of the pins that a name stands for, or NULL. */
static const char *codename_of(
	const struct pin_list *pins, const struct text_list *codenames, const char *name)
{
	for (size_t i = 0; i < codenames->count; i++)
		if (strcmp(codenames->items[i], name) == 0 ||
			(strcmp(name, "unstable") == 0 && strcmp(codenames->items[i], "sid") == 0))
			return codenames->items[i];
	for (size_t p = 0; p < pins->count; p++)
		for (size_t s = 0; s < pins->items[p].suite_count; s++) {
			const struct pin_suite *suite = &pins->items[p].suites[s];

			if (!suite->codename || !is_release(suite->suite, name))
				continue;
			for (size_t i = 0; i < codenames->count; i++)
				if (is_release(suite->codename, codenames->items[i]))
					return codenames->items[i];
		}
	return NULL;
}

static enum status refuse(const char *option, const struct text_list *codenames, struct error *err)
{
	struct buffer text = {0};

	for (size_t i = 0; i < codenames->count; i++)
		buffer_add_format(&text, "%s%s", i ? ", " : "", codenames->items[i]);
	if (option)
		error_set(err, STATUS_USAGE,
			"--suite: %s is no release of the pins (%s); where debci calls it "
			"otherwise, say CODENAME=NAME",
			option, text.len ? buffer_text(&text) : "they say none");
	else
		error_set(err, STATUS_USAGE,
			"the pins are of %s: say with --suite which of them debci and the tracker "
			"are asked about",
			buffer_text(&text));
	buffer_release(&text);
	return err->status;
}

enum status coverage_suite_choose(const struct pin_list *pins, const char *option,
	struct coverage_suite *suite, struct error *err)
{
	struct text_list codenames = {0};
	const char *equals = option ? strchr(option, '=') : NULL, *codename = NULL;
	char *name = option ? xstrndup(option, equals ? (size_t)(equals - option) : strlen(option))
			    : NULL;
	enum status status = STATUS_OK;

	*suite = (struct coverage_suite){0};
	codenames_list(pins, &codenames);
	if (name)
		codename = codename_of(pins, &codenames, name);
	else if (codenames.count == 1)
		codename = codenames.items[0];
	if ((option && (!codename || (equals && !equals[1]))) || (!option && codenames.count > 1))
		status = refuse(option, &codenames, err);
	if (status == STATUS_OK && codename) {
		suite->codename = xstrdup(codename);
		suite->ci_name = xstrdup(equals ? equals + 1 : name ? name : codename);
	}
	free(name);
	text_list_release(&codenames);
	return status;
}

void coverage_suite_release(struct coverage_suite *suite)
{
	free(suite->codename);
	free(suite->ci_name);
	*suite = (struct coverage_suite){0};
}

bool coverage_suite_is(const struct pin_list *pins, const char *suite, const char *codename)
{
	if (!codename)
		return false;
	for (size_t p = 0; p < pins->count; p++)
		for (size_t s = 0; s < pins->items[p].suite_count; s++) {
			const struct pin_suite *pinned = &pins->items[p].suites[s];

			if (strcmp(pinned->suite, suite) == 0)
				return pinned->codename && is_release(pinned->codename, codename);
		}
	return false;
}
