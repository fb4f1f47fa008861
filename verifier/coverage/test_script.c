/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/test_script.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/path.h"
#include "verifier/coverage/shell_words.h"
#include "verifier/coverage/test_command.h"

#define DEPTH_MAX    4
#define SCRIPTS_MAX  100 /* that are looked into for one test */
#define COMMAND_SHOW ((size_t)80)

struct judging {
	const struct source_tree *tree;
	const struct text_list *own;
	struct test_script *result;
	int depth, scripts;
	enum command_worth last; /* of the command before */
	size_t line;		 /* in the outermost script, while others are looked into */
};

static void text_judge(struct judging *judging, const char *text);

static enum autopkgtest_quality quality_of(enum command_worth worth)
{
	switch (worth) {
	case COMMAND_SUITE:
		return AUTOPKGTEST_UPSTREAM_SUITE;
	case COMMAND_TEST:
		return AUTOPKGTEST_FUNCTIONAL;
	case COMMAND_LOOK:
		return AUTOPKGTEST_WEAK;
	default:
		return AUTOPKGTEST_UNKNOWN;
	}
}

static void take(struct judging *judging, enum autopkgtest_quality quality, size_t line,
	const struct text_list *words)
{
	struct test_script *result = judging->result;
	struct buffer text = {0};

	if (quality <= result->quality)
		return;
	for (size_t i = 0; i < words->count; i++)
		buffer_add_format(&text, "%s%s", i ? " " : "", words->items[i]);
	if (text.len > COMMAND_SHOW)
		buffer_truncate(&text, COMMAND_SHOW);
	free(result->command);
	result->command = buffer_detach(&text);
	result->line = judging->depth ? judging->line : line;
	result->quality = quality;
}

/* A script of the package itself that the command runs; NULL for none. */
static const struct tree_file *script_of(const struct judging *judging, const char *word)
{
	const struct tree_file *file;
	const char *base = path_basename(word);
	char *path;

	if (strncmp(word, "./", 2) == 0)
		word += 2;
	file = source_tree_find(judging->tree, word);
	if (!file && strchr(word, '$') && strchr(word, '/')) {
		/* "$(dirname "$0")/common.sh", "$AUTOPKGTEST_ROOT/debian/tests/x" */
		path = path_join("debian/tests", base);
		file = source_tree_find(judging->tree, path);
		free(path);
	}
	file = file ? source_tree_follow(judging->tree, file) : NULL;
	return file && file->text ? file : NULL;
}

static void command_take(void *context, const struct shell_command *command)
{
	struct judging *judging = context;
	const struct text_list *words = &command->words;
	size_t first = command_first(words);
	enum command_worth worth = command_worth(command, judging->own);
	const struct tree_file *script = NULL;

	/* What reads a version only looks at it. */
	if (command->is_piped && judging->last == COMMAND_LOOK && worth > COMMAND_LOOK)
		worth = COMMAND_LOOK;
	judging->last = worth;
	/* An interpreter's script, or the program itself, may be one of the package's. */
	for (size_t i = first; i < words->count && i < first + 2 && !script; i++)
		script = worth == COMMAND_NOTHING && !command_is_sourcing(words, first)
			? NULL
			: script_of(judging, words->items[i]);
	if (script && judging->depth < DEPTH_MAX && judging->scripts < SCRIPTS_MAX &&
		worth != COMMAND_SUITE) {
		judging->scripts++;
		if (judging->depth == 0)
			judging->line = command->line;
		judging->depth++;
		text_judge(judging, script->text);
		judging->depth--;
		return;
	}
	if (worth == COMMAND_NOTHING)
		return;
	/* What it comes to is thrown away. */
	if (command->is_masked)
		worth = COMMAND_LOOK;
	take(judging, quality_of(worth), command->line, words);
}

/* Whether a line of a script that is no shell's does anything but load and tell. */
static bool is_idle_line(const char *line, size_t len)
{
	static const char *const idle[] = {"import ", "from ", "use ", "require ",
		"require_relative ", "print", "puts ", "no ", "1;", "exit", "sys.exit",
		"done_testing", "plan ", "use_ok", "require_ok", "package ", "\"\"\"", "'''", "#",
		"}", "{", "end", "BEGIN", "ok(1", "try:", "except", "else:", "pass", "def ",
		"class ", "if __name__", "raise", "return", "diag"};

	while (len && isspace((unsigned char)*line)) {
		line++;
		len--;
	}
	if (len == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
		if (len >= strlen(idle[i]) && memcmp(line, idle[i], strlen(idle[i])) == 0)
			return true;
	return false;
}

static void other_judge(struct judging *judging, const char *text)
{
	size_t line = 0;
	struct text_list words = {0};

	for (const char *at = text; *at; line++) {
		size_t len = strcspn(at, "\n");

		if (!is_idle_line(at, len)) {
			text_list_addn(&words, at, len < COMMAND_SHOW ? len : COMMAND_SHOW);
			take(judging, AUTOPKGTEST_FUNCTIONAL, line + 1, &words);
			break;
		}
		at += len;
		at += *at == '\n';
	}
	if (words.count == 0) {
		text_list_add(&words, "it loads and tells, and no more");
		take(judging, AUTOPKGTEST_WEAK, 1, &words);
	}
	text_list_release(&words);
}

/* "#!/bin/sh", and what has no such line. */
static bool is_shell(const char *text)
{
	char *line;
	bool is;

	if (strncmp(text, "#!", 2) != 0)
		return true;
	line = xstrndup(text, strcspn(text, "\n"));
	is = strstr(line, "sh") && !strstr(line, "tclsh") && !strstr(line, "wish");
	free(line);
	return is;
}

static void text_judge(struct judging *judging, const char *text)
{
	if (is_shell(text))
		shell_commands_each(text, command_take, judging);
	else
		other_judge(judging, text);
}

struct test_script test_script_judge(
	const struct source_tree *tree, const struct tree_file *file, const struct text_list *own)
{
	struct test_script result = {.quality = AUTOPKGTEST_UNKNOWN};
	struct judging judging = {.tree = tree, .own = own, .result = &result};

	file = source_tree_follow(tree, file);
	if (!file || !file->text)
		return result;
	text_judge(&judging, file->text);
	/* Only what any script has around its test: that it ran is all it shows. */
	if (result.quality == AUTOPKGTEST_UNKNOWN)
		result.quality = AUTOPKGTEST_WEAK;
	return result;
}

struct test_script test_command_judge(
	const struct source_tree *tree, const char *command, const struct text_list *own)
{
	struct test_script result = {.quality = AUTOPKGTEST_UNKNOWN};
	struct judging judging = {.tree = tree, .own = own, .result = &result};

	shell_commands_each(command, command_take, &judging);
	if (result.quality == AUTOPKGTEST_UNKNOWN)
		result.quality = AUTOPKGTEST_WEAK;
	return result;
}
