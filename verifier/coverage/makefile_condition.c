/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/makefile_internal.h"
#include "verifier/coverage/makefile_reader.h"

enum truth {
	TRUTH_NO,
	TRUTH_YES,
	TRUTH_UNKNOWN
};

static enum truth opposite(enum truth truth)
{
	return truth == TRUTH_UNKNOWN ? truth : truth == TRUTH_YES ? TRUTH_NO : TRUTH_YES;
}

/* Between two quotes of one kind, or up to the comma or bracket that is outside of others. */
static bool split_comparison(const char *text, char **left, char **right)
{
	const char *at = text, *end;

	if (*text == '(') {
		size_t depth = 0;

		for (at = text + 1; *at != '\0' && (*at != ',' || depth > 0); at++)
			depth += (*at == '(') - (size_t)(*at == ')' && depth > 0);
		end = makefile_closing(text, text + strlen(text));
		if (*at != ',' || end == NULL || end < at)
			return false;
		*left = xstrndup(text + 1, (size_t)(at - text - 1));
		at = reader_skip_blanks(at + 1);
		*right = xstrndup(at, (size_t)(end - 1 - at));
		return true;
	}
	if (*text != '"' && *text != '\'')
		return false;
	end = strchr(text + 1, *text);
	if (end == NULL)
		return false;
	at = reader_skip_blanks(end + 1);
	if ((*at != '"' && *at != '\'') || strchr(at + 1, *at) == NULL)
		return false;
	*left = xstrndup(text + 1, (size_t)(end - text - 1));
	*right = xstrndup(at + 1, (size_t)(strchr(at + 1, *at) - at - 1));
	return true;
}

static enum truth compare(struct reader *reader, const char *text)
{
	struct buffer a = {0}, b = {0};
	char *left, *right;
	enum truth truth;

	if (!split_comparison(text, &left, &right))
		return TRUTH_UNKNOWN;
	makefile_expand(reader->makefile, left, NULL, &a);
	makefile_expand(reader->makefile, right, NULL, &b);
	/* As make does: blanks at the end of the first are not compared. */
	while (a.len > 0 && *text == '(' && strchr(" \t", a.data[a.len - 1]) != NULL)
		buffer_truncate(&a, a.len - 1);
	if (!makefile_is_known(buffer_text(&a)) || !makefile_is_known(buffer_text(&b)))
		truth = TRUTH_UNKNOWN;
	else
		truth = strcmp(buffer_text(&a), buffer_text(&b)) == 0 ? TRUTH_YES : TRUTH_NO;
	free(left);
	free(right);
	buffer_release(&a);
	buffer_release(&b);
	return truth;
}

static enum truth is_defined(struct reader *reader, const char *text)
{
	const struct makefile_variable *variable;
	struct buffer name = {0}, value = {0};
	enum truth truth;

	makefile_expand(reader->makefile, text, NULL, &name);
	variable = makefile_variable(reader->makefile, buffer_text(&name), NULL);
	if (variable != NULL)
		buffer_add_text(&value, variable->value);
	else if (!makefile_environment(&reader->makefile->given, buffer_text(&name), &value) &&
		reader->makefile->given.is_unset_unknown)
		buffer_add_char(&value, MAKEFILE_UNKNOWN);
	if (!makefile_is_known(buffer_text(&name)) ||
		(variable == NULL && !makefile_is_known(buffer_text(&value)) &&
			reader->makefile->given.is_unset_unknown) ||
		(variable != NULL && variable->value[0] == MAKEFILE_UNKNOWN))
		truth = TRUTH_UNKNOWN;
	else
		truth = value.len > 0 ? TRUTH_YES : TRUTH_NO;
	buffer_release(&name);
	buffer_release(&value);
	return truth;
}

/* False when it is no such directive. */
static bool decide(struct reader *reader, const char *text, enum truth *truth)
{
	const char *at = text;
	bool is_deep = reader->state == READ_NOTHING;

	/* `ifeq(a,b)` without a blank is an error of make, but some write it. */
	if (strncmp(text, "ifeq", 4) == 0 && strchr(" \t(\"'", text[4]) != NULL && text[4] != '\0')
		*truth = is_deep ? TRUTH_NO : compare(reader, reader_skip_blanks(text + 4));
	else if (strncmp(text, "ifneq", 5) == 0 && strchr(" \t(\"'", text[5]) != NULL &&
		text[5] != '\0')
		*truth = is_deep ? TRUTH_NO
				 : opposite(compare(reader, reader_skip_blanks(text + 5)));
	else if (reader_takes(&at, "ifdef"))
		*truth = is_deep ? TRUTH_NO : is_defined(reader, at);
	else if (reader_takes(&at, "ifndef"))
		*truth = is_deep ? TRUTH_NO : opposite(is_defined(reader, at));
	else
		return false;
	return true;
}

static int add_condition(struct reader *reader, const char *text, size_t line, int outer)
{
	struct makefile *makefile = reader->makefile;

	ARRAY_GROW(makefile->conditions, makefile->condition_count, makefile->condition_capacity);
	makefile->conditions[makefile->condition_count] = (struct makefile_condition){
		.text = xstrdup(text),
		.line = line,
		.outer = outer,
	};
	return (int)makefile->condition_count++;
}

/* Goes into a branch whose own test is `truth`. */
static void enter(
	struct reader *reader, struct reader_branch *branch, enum truth truth, const char *text)
{
	if (branch->before == READ_NOTHING || branch->was_taken || truth == TRUTH_NO) {
		reader->state = READ_NOTHING;
	} else if (truth == TRUTH_UNKNOWN || branch->was_maybe) {
		reader->state = READ_MAYBE;
		reader->condition = add_condition(reader, text, reader->line, branch->condition);
	} else {
		reader->state = branch->before;
		reader->condition = branch->condition;
	}
	if (truth == TRUTH_YES)
		branch->was_taken = true;
	if (truth == TRUTH_UNKNOWN)
		branch->was_maybe = true;
}

static void open_branch(struct reader *reader, const char *text, enum truth truth)
{
	struct reader_branch *branch;

	if (reader->branch_count == READER_NESTING) {
		reader->branches_ignored++;
		if (reader->makefile->trouble == NULL)
			reader->makefile->trouble =
				xasprintf("%s:%zu: its conditionals are nested too deep",
					reader->file, reader->line);
		return;
	}
	branch = &reader->branches[reader->branch_count++];
	*branch = (struct reader_branch){
		.before = reader->state,
		.condition = reader->condition,
		.text = xstrdup(text),
		.line = reader->line,
	};
	enter(reader, branch, truth, text);
}

static void next_branch(struct reader *reader, const char *rest)
{
	struct reader_branch *branch;
	enum truth truth = TRUTH_YES;
	char *text;

	if (reader->branches_ignored > 0 || reader->branch_count == 0)
		return;
	branch = &reader->branches[reader->branch_count - 1];
	reader->state = branch->before;
	reader->condition = branch->condition;
	if (branch->was_taken)
		truth = TRUTH_NO;
	else if (*rest != '\0')
		decide(reader, rest, &truth);
	text = xasprintf("else of %s%s%s", branch->text, *rest != '\0' ? ", " : "", rest);
	enter(reader, branch, truth, text);
	free(text);
}

static void close_branch(struct reader *reader)
{
	struct reader_branch *branch;

	if (reader->branches_ignored > 0) {
		reader->branches_ignored--;
		return;
	}
	if (reader->branch_count == 0)
		return;
	branch = &reader->branches[--reader->branch_count];
	reader->state = branch->before;
	reader->condition = branch->condition;
	free(branch->text);
}

bool reader_condition(struct reader *reader, const char *line)
{
	const char *text = reader_skip_blanks(line);
	enum truth truth;

	if (decide(reader, text, &truth))
		open_branch(reader, text, truth);
	else if (reader_takes(&text, "else"))
		next_branch(reader, text);
	else if (reader_takes(&text, "endif"))
		close_branch(reader);
	else
		return false;
	return true;
}

bool reader_define(struct reader *reader, const char *line)
{
	const char *text = reader_skip_blanks(line), *end;
	struct buffer name = {0};
	char *raw;

	reader->define_is_override = false;
	while (reader_takes(&text, "override") || reader_takes(&text, "export"))
		reader->define_is_override = strncmp(line, "override", 8) == 0;
	if (!reader_takes(&text, "define"))
		return false;
	end = text + strcspn(text, " \t=");
	if (end > text && strchr("?+:!", end[-1]) != NULL && *end == '=')
		end--;
	raw = xstrndup(text, (size_t)(end - text));
	makefile_expand(reader->makefile, raw, NULL, &name);
	free(raw);
	end = reader_skip_blanks(end);
	reader->define_operator = *end != '\0' ? *end : '=';
	reader->define_name = buffer_detach(&name);
	reader->define_line = reader->line;
	reader->in_define = 1;
	reader->has_rule = false;
	return true;
}

void reader_define_line(struct reader *reader, const char *raw)
{
	const char *text = reader_skip_blanks(raw);

	if (reader_takes(&text, "define"))
		reader->in_define++;
	else if (strncmp(text, "endef", 5) == 0 && strchr(" \t#", text[5]) != NULL)
		reader->in_define--;
	if (reader->in_define > 0) {
		if (reader->define_text.len > 0)
			buffer_add_char(&reader->define_text, '\n');
		buffer_add_text(&reader->define_text, raw);
		return;
	}
	reader->line = reader->define_line;
	if (reader->state != READ_NOTHING)
		reader_assign(reader, reader->define_name, reader->define_operator,
			buffer_text(&reader->define_text), NULL, reader->define_is_override);
	free(reader->define_name);
	reader->define_name = NULL;
	buffer_clear(&reader->define_text);
}

void reader_end(struct reader *reader)
{
	while (reader->branch_count > 0)
		close_branch(reader);
	if (reader->in_define > 0 && reader->makefile->trouble == NULL)
		reader->makefile->trouble = xasprintf(
			"%s:%zu: a define has no endef", reader->file, reader->define_line);
	free(reader->define_name);
	buffer_release(&reader->define_text);
}
