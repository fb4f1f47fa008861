/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/coverage/rules.h"

/*
 * The tests of CMake and Meson, whose files are read line by line from the top on, with the
 * conditions that a line stands in.
 */
enum {
	NESTING = 24,
	ENTERED = 2000
};

struct gate {
	char *name; /* the option it asks for; "" for none that matters */
	bool is_else;
};

struct scan {
	struct rules *rules;
	struct gate gates[32];
	size_t depth;
	enum effect effect; /* of the best test that was seen */
	bool is_enabled;    /* enable_testing() */
	bool has_unknown;   /* a folder is entered whose name is not known */
	const char *directory;
	unsigned nesting;
	struct text_list entered;  /* folders and included files, each once */
	struct text_list defaults; /* of cmake_default(): "0NAME" */
};

/* What `option(NAME "…" DEFAULT)` or meson's option('name', value : …) says. */
static enum effect cmake_option_default(const struct rules *rules, const char *name)
{
	for (size_t i = 0; i < rules->tree->count; i++) {
		const struct tree_file *file = &rules->tree->files[i];
		const char *at = file->text;
		size_t len = strlen(name);

		if (at == NULL ||
			(strcmp(path_basename(file->path), "CMakeLists.txt") != 0 &&
				!path_has_suffix(file->path, ".cmake")))
			continue;
		while ((at = strstr(at, name)) != NULL) {
			const char *begin = at, *close = strchr(at, ')'), *word;

			at += len;
			while (begin > file->text && isspace((unsigned char)begin[-1]))
				begin--;
			if (begin - file->text < 7 || strncasecmp(begin - 7, "option(", 7) != 0 ||
				isalnum((unsigned char)*at) || *at == '_' || close == NULL)
				continue;
			while (close > at && isspace((unsigned char)close[-1]))
				close--;
			for (word = close; word > at && !isspace((unsigned char)word[-1]); word--)
				;
			while (word < close && strchr("\"{$", *word) != NULL)
				word++;
			/* On for a build of its own, as this is. */
			if (memmem(word, (size_t)(close - word), "MASTER", 6) != NULL ||
				memmem(word, (size_t)(close - word), "MAIN_PROJECT", 12) != NULL ||
				memmem(word, (size_t)(close - word), "BUILD_TESTING", 13) != NULL ||
				memmem(word, (size_t)(close - word), "TOP", 3) != NULL)
				return EFFECT_RUNS;
			if (rules_is_off(word, (size_t)(close - word)) || word == close ||
				*word == '"')
				return EFFECT_NOTHING;
			if (word[-1] == '{' || word[-1] == '$')
				return EFFECT_UNKNOWN;
			return EFFECT_RUNS;
		}
	}
	/* That of CTest is on. */
	return strcmp(name, "BUILD_TESTING") == 0 ? EFFECT_RUNS : EFFECT_UNKNOWN;
}

static enum effect cmake_default(struct scan *scan, const char *name)
{
	enum effect effect;
	char *item;

	for (size_t i = 0; i < scan->defaults.count; i++) {
		if (strcmp(scan->defaults.items[i] + 1, name) == 0)
			return (enum effect)(scan->defaults.items[i][0] - '0');
	}
	effect = cmake_option_default(scan->rules, name);
	item = xasprintf("%d%s", (int)effect, name);
	text_list_add(&scan->defaults, item);
	free(item);
	return effect;
}

static enum effect meson_default(const struct rules *rules, const char *name)
{
	static const char *const files[] = {"meson_options.txt", "meson.options"};
	char *quoted = xasprintf("'%s'", name);
	enum effect effect = EFFECT_UNKNOWN;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *text = rules_text(rules, files[i]);
		const char *at = text != NULL ? strstr(text, quoted) : NULL;
		const char *value = at != NULL ? strstr(at, "value") : NULL;
		const char *next = at != NULL ? strstr(at, "option(") : NULL;

		if (at == NULL)
			continue;
		if (value == NULL || (next != NULL && value > next)) {
			effect = EFFECT_UNKNOWN;
			continue;
		}
		value += strlen("value");
		value += strspn(value, " \t:");
		if (rules_is_off(value, strcspn(value, " \t,)\n")))
			effect = EFFECT_NOTHING;
		else if (strncmp(value, "true", 4) == 0 || strncmp(value, "'enabled'", 9) == 0 ||
			strncmp(value, "'true'", 6) == 0)
			effect = EFFECT_RUNS;
	}
	free(quoted);
	return effect;
}

static enum effect gate_effect(struct scan *scan, bool is_cmake)
{
	enum effect effect = EFFECT_RUNS;

	for (size_t i = 0; i < scan->depth; i++) {
		const struct gate *gate = &scan->gates[i];
		const char *value;
		enum effect one;

		if (gate->name[0] == '\0' || gate->is_else)
			continue;
		value = rules_told(scan->rules, gate->name);
		if (value != NULL)
			one = rules_is_off(value, strlen(value)) ? EFFECT_NOTHING
				: strcasecmp(value, "auto") == 0 ? EFFECT_UNKNOWN
								 : EFFECT_RUNS;
		else
			one = is_cmake ? cmake_default(scan, gate->name)
				       : meson_default(scan->rules, gate->name);
		effect = one < effect ? one : effect;
	}
	return effect;
}

static void open_gate(struct scan *scan, char *name)
{
	if (scan->depth < ARRAY_SIZE(scan->gates))
		scan->gates[scan->depth++] = (struct gate){.name = name};
	else
		free(name);
}

static void close_gate(struct scan *scan)
{
	if (scan->depth > 0)
		free(scan->gates[--scan->depth].name);
}

/*
 * The word of a CMake condition that decides whether tests are made: one that speaks of tests, or
 * an option that is off unless it is asked for.
 */
static char *cmake_option(struct scan *scan, const char *line, size_t len)
{
	size_t at = 0;
	bool is_either = memmem(line, len, " OR ", 4) != NULL;

	while (at < len) {
		size_t end = at;
		char *word;

		while (end < len && (isalnum((unsigned char)line[end]) || line[end] == '_'))
			end++;
		word = xstrndup(line + at, end - at);
		if (end - at > 3 && strstr(word, "TEST") != NULL)
			return word;
		if (end - at > 3 && isupper((unsigned char)word[0]) && !is_either &&
			strchr(word, '_') != NULL && cmake_default(scan, word) == EFFECT_NOTHING)
			return word;
		free(word);
		at = end + 1;
	}
	return xstrdup("");
}

/* get_option('tests') */
static char *meson_option(const char *line, size_t len)
{
	const char *at = memmem(line, len, "get_option('", 12);
	size_t name;

	if (at == NULL)
		return xstrdup("");
	at += 12;
	name = strcspn(at, "'\n");
	if (memmem(at, name, "test", 4) == NULL)
		return xstrdup("");
	return xstrndup(at, name);
}

static bool begins(const char *line, size_t len, const char *word)
{
	size_t n = strlen(word);

	if (len < n || strncasecmp(line, word, n) != 0)
		return false;
	line += n;
	len -= n;
	while (len > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	return len > 0 && *line == '(';
}

static void seen(struct scan *scan, bool is_cmake)
{
	enum effect effect = gate_effect(scan, is_cmake);

	scan->effect = effect > scan->effect ? effect : scan->effect;
}

static void scan_text(struct scan *scan, const char *text,
	void (*read)(struct scan *scan, const char *line, size_t len));

/* Goes into another file, in the place where it is named. */
static void scan_file(struct scan *scan, const char *directory, const char *path,
	void (*read)(struct scan *scan, const char *line, size_t len))
{
	const char *outer = scan->directory;
	const char *text = rules_text(scan->rules, path);

	if (text == NULL || scan->nesting >= NESTING || scan->entered.count >= ENTERED ||
		text_list_contains(&scan->entered, path))
		return;
	text_list_add(&scan->entered, path);
	scan->nesting++;
	scan->directory = directory;
	scan_text(scan, text, read);
	scan->directory = outer;
	scan->nesting--;
}

/* The first argument of a call, without quotes; NULL when it is not known. */
static char *argument_of(const char *line, size_t len)
{
	const char *open = memchr(line, '(', len), *end = line + len;
	size_t n;

	if (open == NULL)
		return NULL;
	open++;
	while (open < end && strchr(" \t'\"", *open) != NULL)
		open++;
	n = strcspn(open, " \t'\"),\n");
	if (n == 0 || open + n > end || memchr(open, '$', n) != NULL)
		return NULL;
	return xstrndup(open, n);
}

static void scan_directory(struct scan *scan, const char *line, size_t len, bool is_cmake,
	void (*read)(struct scan *scan, const char *line, size_t len))
{
	char *name = argument_of(line, len), *directory, *path;
	bool is_open = gate_effect(scan, is_cmake) != EFFECT_NOTHING;

	if (name == NULL) {
		scan->has_unknown = scan->has_unknown || is_open;
		return;
	}
	directory =
		xasprintf("%s%s%s", scan->directory, scan->directory[0] != '\0' ? "/" : "", name);
	path = xasprintf("%s/%s", directory, is_cmake ? "CMakeLists.txt" : "meson.build");
	scan_file(scan, directory, path, read);
	free(path);
	free(directory);
	free(name);
}

static void cmake_line(struct scan *scan, const char *line, size_t len);

/* include(cmake/Testing.cmake), include(Testing) */
static void cmake_include(struct scan *scan, const char *line, size_t len)
{
	char *name = argument_of(line, len), *file;

	if (name == NULL)
		return;
	file = path_has_suffix(name, ".cmake") ? xstrdup(path_basename(name))
					       : xasprintf("%s.cmake", path_basename(name));
	for (size_t i = 0; i < scan->rules->tree->count; i++) {
		const char *path = scan->rules->tree->files[i].path;

		if (strcmp(path_basename(path), file) == 0)
			scan_file(scan, scan->directory, path, cmake_line);
	}
	free(file);
	free(name);
}

static void cmake_line(struct scan *scan, const char *line, size_t len)
{
	static const char *const adds[] = {"add_test", "gtest_discover_tests", "gtest_add_tests",
		"catch_discover_tests", "doctest_discover_tests", "ecm_add_test", "ecm_add_tests",
		"qt_add_test", "add_cmocka_test"};

	if (begins(line, len, "if")) {
		open_gate(scan,
			memmem(line, len, "NOT ", 4) != NULL ? xstrdup("")
							     : cmake_option(scan, line, len));
	} else if (begins(line, len, "else") || begins(line, len, "elseif")) {
		if (scan->depth > 0)
			scan->gates[scan->depth - 1].is_else = true;
	} else if (begins(line, len, "endif")) {
		close_gate(scan);
	} else if (begins(line, len, "enable_testing")) {
		scan->is_enabled = scan->is_enabled || gate_effect(scan, true) != EFFECT_NOTHING;
	} else if (begins(line, len, "include")) {
		if (memmem(line, len, "CTest", 5) != NULL)
			scan->is_enabled =
				scan->is_enabled || gate_effect(scan, true) != EFFECT_NOTHING;
		else
			cmake_include(scan, line, len);
	} else if (begins(line, len, "add_subdirectory") || begins(line, len, "subdirs")) {
		scan_directory(scan, line, len, true, cmake_line);
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(adds); i++) {
			if (begins(line, len, adds[i]))
				seen(scan, true);
		}
	}
}

static void meson_line(struct scan *scan, const char *line, size_t len)
{
	bool is_else = len >= 4 && strncmp(line, "else", 4) == 0;

	if (len > 3 && (strncmp(line, "if ", 3) == 0 || strncmp(line, "if(", 3) == 0)) {
		open_gate(scan,
			memmem(line, len, " not ", 5) != NULL ? xstrdup("")
							      : meson_option(line, len));
	} else if (is_else || (len >= 5 && strncmp(line, "elif ", 5) == 0)) {
		if (scan->depth > 0)
			scan->gates[scan->depth - 1].is_else = true;
	} else if (len >= 5 && strncmp(line, "endif", 5) == 0) {
		close_gate(scan);
	} else if (begins(line, len, "subdir")) {
		scan_directory(scan, line, len, false, meson_line);
	} else if (begins(line, len, "test")) {
		seen(scan, false);
	}
}

static void scan_text(struct scan *scan, const char *text,
	void (*read)(struct scan *scan, const char *line, size_t len))
{
	size_t depth = scan->depth;

	while (*text != '\0') {
		size_t len = strcspn(text, "\n"), blank = strspn(text, " \t");

		blank = blank < len ? blank : len;
		if (text[blank] != '#')
			read(scan, text + blank, len - blank);
		text += len + (text[len] == '\n');
	}
	while (scan->depth > depth)
		close_gate(scan);
}

/* What was seen; a folder that may have been any leaves it open. */
static enum effect scanned(struct scan *scan)
{
	enum effect effect = scan->effect;

	if (effect != EFFECT_RUNS && scan->has_unknown)
		effect = EFFECT_UNKNOWN;
	text_list_release(&scan->entered);
	text_list_release(&scan->defaults);
	return effect;
}

enum effect rules_cmake_effect(struct rules *rules, const char *directory)
{
	struct scan scan = {.rules = rules, .effect = EFFECT_NOTHING};
	char *path = xasprintf("%s%sCMakeLists.txt", directory, directory[0] != '\0' ? "/" : "");
	enum effect effect;

	scan_file(&scan, directory, path, cmake_line);
	effect = scanned(&scan);
	if (!scan.is_enabled && rules_has(rules, path))
		effect = EFFECT_MISSING;
	free(path);
	return effect;
}

enum effect rules_meson_effect(struct rules *rules, const char *directory)
{
	struct scan scan = {.rules = rules, .effect = EFFECT_NOTHING};
	char *path = xasprintf("%s%smeson.build", directory, directory[0] != '\0' ? "/" : "");
	bool has = rules_has(rules, path);

	scan_file(&scan, directory, path, meson_line);
	free(path);
	return has ? scanned(&scan) : EFFECT_MISSING;
}
