/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/makefile.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/makefile_internal.h"
#include "verifier/coverage/makefile_reader.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void give_up(struct reader *reader, const char *why)
{
	if (reader->makefile->trouble == NULL)
		reader->makefile->trouble =
			xasprintf("%s:%zu: %s", reader->file, reader->line, why);
}

/* The physical lines up to one that does not end in a backslash, as they are. */
static bool next_line(struct reader *reader, struct buffer *raw)
{
	buffer_clear(raw);
	if (reader->at >= reader->end)
		return false;
	reader->line = reader->next;
	for (;;) {
		const char *newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
		const char *stop = newline != NULL ? newline : reader->end;
		size_t slashes = 0;

		buffer_add(raw, reader->at, (size_t)(stop - reader->at));
		while (slashes < (size_t)(stop - reader->at) &&
			stop[-1 - (ptrdiff_t)slashes] == '\\')
			slashes++;
		reader->at = newline != NULL ? newline + 1 : reader->end;
		reader->next += !reader->is_expanded;
		if (slashes % 2 == 0 || reader->at >= reader->end)
			return true;
		buffer_add_char(raw, '\n');
	}
}

/* Outside of recipes: continued lines become one, and a comment ends it. */
void reader_join(const char *raw, struct buffer *line)
{
	size_t depth = 0;

	buffer_clear(line);
	for (; *raw != '\0'; raw++) {
		if (raw[0] == '\\' && raw[1] == '\n') {
			while (line->len > 0 && is_blank(line->data[line->len - 1]))
				buffer_truncate(line, line->len - 1);
			buffer_add_char(line, ' ');
			raw++;
			while (is_blank(raw[1]))
				raw++;
			continue;
		}
		if (raw[0] == '\\' && raw[1] == '#') {
			buffer_add_char(line, '#');
			raw++;
			continue;
		}
		if (*raw == '#' && depth == 0)
			break;
		if (raw[0] == '$' && (raw[1] == '(' || raw[1] == '{'))
			depth++;
		else if (depth > 0 && (*raw == ')' || *raw == '}'))
			depth--;
		buffer_add_char(line, *raw);
	}
	while (line->len > 0 && isspace((unsigned char)line->data[line->len - 1]))
		buffer_truncate(line, line->len - 1);
}

const char *reader_skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Whether `*text` begins with that word; then goes on behind it. */
bool reader_takes(const char **text, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*text, word, len) != 0 || ((*text)[len] != '\0' && !is_blank((*text)[len])))
		return false;
	*text = reader_skip_blanks(*text + len);
	return true;
}

/* The first of these characters that stands outside of $(…); NULL for none. */
static const char *find_outside(const char *text, const char *wanted)
{
	const char *end = text + strlen(text);

	while (text < end) {
		if (text[0] == '$' && (text[1] == '(' || text[1] == '{')) {
			const char *close = makefile_closing(text + 1, end);

			text = close != NULL ? close : end;
		} else if (text[0] == '$' && text[1] == '$') {
			text += 2;
		} else if (strchr(wanted, *text) != NULL) {
			return text;
		} else {
			text++;
		}
	}
	return NULL;
}

struct assignment {
	char *name;
	char operator; /* '=', ':', '?', '+', '!' */
	const char *value;
};

/* NAME = value, with each of make's operators; false when it is no assignment. */
static bool parse_assignment(
	struct reader *reader, const char *text, const char *target, struct assignment *assignment)
{
	const char *at = find_outside(text, "=:"), *end;
	struct buffer name = {0};

	if (at == NULL)
		return false;
	end = at;
	assignment->operator= '=';
	if (*at == ':') {
		while (*at == ':')
			at++;
		if (*at != '=')
			return false;
		assignment->operator= ':';
	} else if (at > text && strchr("?+!", at[-1]) != NULL) {
		assignment->operator= at[-1];
		end--;
	}
	while (end > text && is_blank(end[-1]))
		end--;
	assignment->value = reader_skip_blanks(at + 1);
	char *raw = xstrndup(text, (size_t)(end - text));

	makefile_expand(reader->makefile, raw, target, &name);
	free(raw);
	assignment->name = buffer_detach(&name);
	/* More than one word is no name: a rule whose recipe has a `=`. */
	if (assignment->name[0] != '\0' && strpbrk(assignment->name, " \t\n") == NULL)
		return true;
	free(assignment->name);
	return false;
}

/* The name as it is kept by the makefile: files live as long as it. */
static const char *keep_file(struct makefile *makefile, const char *file)
{
	for (size_t i = 0; i < makefile->files.count; i++) {
		if (strcmp(makefile->files.items[i], file) == 0)
			return makefile->files.items[i];
	}
	text_list_add(&makefile->files, file);
	return makefile->files.items[makefile->files.count - 1];
}

static struct makefile_variable *own_variable(
	struct makefile *makefile, const char *name, const char *target)
{
	struct makefile_variable *variable;

	for (size_t i = 0; i < makefile->variable_count; i++) {
		variable = &makefile->variables[i];
		if (strcmp(variable->name, name) == 0 &&
			(target == NULL ? variable->target == NULL
					: variable->target != NULL &&
						strcmp(variable->target, target) == 0))
			return variable;
	}
	return NULL;
}

static struct makefile_variable *add_variable(
	struct reader *reader, const char *name, const char *target)
{
	struct makefile *makefile = reader->makefile;
	struct makefile_variable *variable;

	ARRAY_GROW(makefile->variables, makefile->variable_count, makefile->variable_capacity);
	variable = &makefile->variables[makefile->variable_count++];
	*variable = (struct makefile_variable){
		.name = xstrdup(name),
		.target = target != NULL ? xstrdup(target) : NULL,
		.value = xstrdup(""),
		.file = reader->file,
		.line = reader->line,
	};
	return variable;
}

static void append_value(
	struct reader *reader, struct makefile_variable *variable, const char *value)
{
	char *joined;

	if (strlen(variable->value) + strlen(value) > MAKEFILE_EXPANSION) {
		give_up(reader, "a variable grows without end");
		return;
	}
	joined = xasprintf("%s%s%s", variable->value, variable->value[0] != '\0' ? " " : "", value);
	free(variable->value);
	variable->value = joined;
}

/* What the operator makes of `text`: expanded now, run by a shell, or as it is. */
static char *new_value(struct reader *reader, char operator, const char * text, const char *target,
	bool was_simple)
{
	struct buffer out = {0}, command = {0};

	if (operator== '!') {
		makefile_expand(reader->makefile, text, target, &command);
		makefile_shell(&reader->makefile->given, buffer_text(&command), &out);
		buffer_release(&command);
	} else if (operator== ':' ||(operator== '+' && was_simple)) {
		makefile_expand(reader->makefile, text, target, &out);
	} else {
		return xstrdup(text);
	}
	return buffer_detach(&out);
}

void reader_assign(struct reader *reader, const char *name, char operator, const char * text,
	const char *target, bool is_override)
{
	static const char unknown[] = {MAKEFILE_UNKNOWN, '\0'};
	struct makefile *makefile = reader->makefile;
	struct makefile_variable *variable = own_variable(makefile, name, target);
	struct buffer given = {0};
	bool is_given = variable == NULL && makefile_environment(&makefile->given, name, &given);
	char *value;

	if (operator== '?' &&(variable != NULL || is_given)) {
		buffer_release(&given);
		return;
	}
	if (variable != NULL && variable->is_override && !is_override) {
		buffer_release(&given);
		return;
	}
	value = reader->state == READ_MAYBE ? xstrdup(unknown)
					    : new_value(reader, operator, text, target,
						      variable != NULL && variable->is_simple);
	if (variable == NULL) {
		variable = add_variable(reader, name, target);
		if (operator== '+' && target != NULL) {
			free(variable->value);
			variable->value = makefile_value(makefile, name, NULL);
		} else if (operator== '+' && is_given) {
			append_value(reader, variable, given.data);
		}
	}
	buffer_release(&given);
	if (operator== '+') {
		append_value(reader, variable, value);
	} else {
		free(variable->value);
		variable->value = xstrdup(value);
		variable->is_simple = operator== ':' || operator== '!';
	}
	free(value);
	variable->is_override = variable->is_override || is_override;
	variable->file = reader->file;
	variable->line = reader->line;
}

static void add_words(struct text_list *list, const char *text)
{
	const char *word;
	size_t len;

	while (makefile_word(&text, &word, &len)) {
		if (len != 1 || *word != '|')
			text_list_addn(list, word, len);
	}
}

static struct makefile_rule *present_rule(struct reader *reader)
{
	return reader->has_rule ? &reader->makefile->rules[reader->makefile->rule_count - 1] : NULL;
}

static void add_recipe(struct reader *reader, const char *text)
{
	struct makefile_rule *rule = present_rule(reader);
	struct makefile_line *line;

	rule->has_recipe = true;
	if (text[strspn(text, " \t\n")] == '\0')
		return;
	ARRAY_GROW(rule->lines, rule->line_count, rule->line_capacity);
	line = &rule->lines[rule->line_count++];
	*line = (struct makefile_line){
		.text = xstrdup(text),
		.file = reader->file,
		.line = reader->line,
		.condition = reader->condition,
	};
}

static void special_targets(struct makefile *makefile, const struct text_list *targets)
{
	if (text_list_contains(targets, ".ONESHELL"))
		makefile->is_oneshell = true;
	if (text_list_contains(targets, ".POSIX"))
		makefile->is_posix = true;
	if (text_list_contains(targets, ".EXPORT_ALL_VARIABLES"))
		makefile->exports_all = true;
}

static void set_exported(struct reader *reader, const char *names)
{
	struct text_list words = {0};

	add_words(&words, names);
	for (size_t i = 0; i < words.count; i++) {
		struct makefile_variable *variable =
			own_variable(reader->makefile, words.items[i], NULL);

		if (variable != NULL)
			variable->is_exported = true;
	}
	text_list_release(&words);
}

/* [override|export|private]… NAME = value */
static bool read_assignment(struct reader *reader, const char *text, const char *target)
{
	struct assignment assignment;
	bool is_override = false, is_exported = false;

	for (;;) {
		if (reader_takes(&text, "override"))
			is_override = true;
		else if (reader_takes(&text, "export"))
			is_exported = true;
		else if (!reader_takes(&text, "private"))
			break;
	}
	if (!parse_assignment(reader, text, target, &assignment)) {
		if (!is_exported || target != NULL)
			return false;
		if (*text == '\0')
			reader->makefile->exports_all = true;
		set_exported(reader, text);
		return true;
	}
	reader_assign(reader, assignment.name, assignment.operator, assignment.value, target,
		is_override);
	if (is_exported && target == NULL)
		set_exported(reader, assignment.name);
	free(assignment.name);
	return true;
}

static void read_prerequisites(
	struct reader *reader, struct makefile_rule *rule, const char *text, const char *semicolon)
{
	char *raw = xstrndup(text, semicolon != NULL ? (size_t)(semicolon - text) : strlen(text));
	struct buffer words = {0};
	const char *colon;

	makefile_expand(reader->makefile, raw, NULL, &words);
	/* A static pattern rule has its pattern before a second colon. */
	colon = strchr(buffer_text(&words), ':');
	add_words(&rule->prerequisites, colon != NULL ? colon + 1 : buffer_text(&words));
	if (colon != NULL) {
		const char *at = words.data, *word;
		size_t len;

		if (makefile_word(&at, &word, &len) && word < colon)
			rule->pattern =
				xstrndup(word, word + len > colon ? (size_t)(colon - word) : len);
	}
	buffer_release(&words);
	free(raw);
}

/* targets : prerequisites ; recipe, or targets : NAME = value */
static bool read_rule(struct reader *reader, const char *line)
{
	struct makefile *makefile = reader->makefile;
	const char *colon = find_outside(line, ":"), *rest, *semicolon;
	struct makefile_rule rule = {.file = reader->file, .line = reader->line};
	struct buffer targets = {0};
	bool is_assigned = false;
	char *raw;

	if (colon == NULL)
		return false;
	raw = xstrndup(line, (size_t)(colon - line));
	rest = colon + 1;
	if (*rest == ':') {
		rule.is_double_colon = true;
		rest++;
	}
	makefile_expand(makefile, raw, NULL, &targets);
	free(raw);
	add_words(&rule.targets, buffer_text(&targets));
	buffer_release(&targets);
	rest = reader_skip_blanks(rest);
	for (size_t i = 0; i < rule.targets.count; i++)
		is_assigned = read_assignment(reader, rest, rule.targets.items[i]) || is_assigned;
	if (is_assigned || rule.targets.count == 0) {
		text_list_release(&rule.targets);
		return is_assigned;
	}
	semicolon = find_outside(rest, ";");
	read_prerequisites(reader, &rule, rest, semicolon);
	rule.condition = reader->condition;
	special_targets(makefile, &rule.targets);
	ARRAY_GROW(makefile->rules, makefile->rule_count, makefile->rule_capacity);
	makefile->rules[makefile->rule_count++] = rule;
	reader->has_rule = true;
	if (semicolon != NULL)
		add_recipe(reader, semicolon + 1);
	return true;
}

static void read_include(struct reader *reader, const char *text, bool is_optional)
{
	struct makefile *makefile = reader->makefile;
	struct buffer paths = {0};
	const char *at, *word;
	size_t len;

	reader->has_rule = false;
	makefile_expand(makefile, text, NULL, &paths);
	at = buffer_text(&paths);
	while (makefile_word(&at, &word, &len) && makefile->include_count < 1000) {
		char *path = xstrndup(word, len);
		const char *name = path, *found = NULL;
		struct makefile_include *include;
		size_t found_len = 0;

		if (strncmp(name, "/CURDIR/", 8) == 0)
			name += 8;
		while (strncmp(name, "./", 2) == 0)
			name += 2;
		if (makefile->given.find != NULL && makefile_is_known(name))
			found = makefile->given.find(makefile->given.context, name, &found_len);
		ARRAY_GROW(makefile->includes, makefile->include_count, makefile->include_capacity);
		include = &makefile->includes[makefile->include_count++];
		*include = (struct makefile_include){
			.path = xstrdup(name),
			.file = reader->file,
			.line = reader->line,
			.was_read = found != NULL,
			.is_optional = is_optional,
		};
		if (found != NULL)
			reader_include(reader, name, found, found_len);
		free(path);
	}
	buffer_release(&paths);
}

/* What a line that is neither rule nor assignment expands to is read in its place. */
static void read_expanded(struct reader *reader, const char *line)
{
	struct makefile *makefile = reader->makefile;
	struct buffer out = {0}, evaluated = makefile->evaluated;

	if (strchr(line, '$') == NULL)
		return;
	makefile->evaluated = (struct buffer){0};
	makefile_expand(makefile, line, NULL, &out);
	if (makefile->evaluated.len > 0)
		reader_include(
			reader, reader->file, makefile->evaluated.data, makefile->evaluated.len);
	buffer_release(&makefile->evaluated);
	makefile->evaluated = evaluated;
	if (makefile_is_known(buffer_text(&out)) && strpbrk(buffer_text(&out), ":=") != NULL)
		reader_include(reader, reader->file, out.data, out.len);
	buffer_release(&out);
}

static void read_statement(struct reader *reader, const char *line)
{
	const char *text = reader_skip_blanks(line);

	if (*text == '\0')
		return;
	if (reader_takes(&text, "include")) {
		read_include(reader, text, false);
	} else if (reader_takes(&text, "-include") || reader_takes(&text, "sinclude")) {
		read_include(reader, text, true);
	} else if (reader_takes(&text, "unexport") || reader_takes(&text, "vpath") ||
		reader_takes(&text, "undefine")) {
		return;
	} else if (read_assignment(reader, text, NULL)) {
		reader->has_rule = false;
	} else {
		reader->has_rule = false;
		if (!read_rule(reader, text))
			read_expanded(reader, text);
	}
}

void reader_run(struct reader *reader)
{
	struct buffer raw = {0}, line = {0};

	while (next_line(reader, &raw)) {
		const char *text = buffer_text(&raw);

		if (reader->in_define) {
			reader_define_line(reader, text);
			continue;
		}
		if (text[0] == '\t' && reader->has_rule) {
			if (reader->state != READ_NOTHING)
				add_recipe(reader, text + 1);
			continue;
		}
		reader_join(text, &line);
		if (reader_condition(reader, buffer_text(&line)) ||
			reader_define(reader, buffer_text(&line)))
			continue;
		if (reader->state != READ_NOTHING)
			read_statement(reader, buffer_text(&line));
	}
	reader_end(reader);
	buffer_release(&raw);
	buffer_release(&line);
}

void reader_include(struct reader *outer, const char *file, const char *text, size_t len)
{
	struct makefile *makefile = outer->makefile;
	struct reader reader = {
		.makefile = makefile,
		.file = keep_file(makefile, file),
		.at = text,
		.end = text + len,
		.next = 1,
		.outer_state = outer->state,
		.state = outer->state,
		.condition = outer->condition,
	};

	/* What a macro gave stands where the macro is used. */
	if (reader.file == outer->file) {
		reader.next = outer->line;
		reader.is_expanded = true;
	}
	if (!makefile_step(makefile, &(struct buffer){0})) {
		give_up(outer, "it is included too deep");
		return;
	}
	makefile->depth++;
	reader_run(&reader);
	makefile->depth--;
}

void makefile_read(struct makefile *makefile, const struct makefile_given *given, const char *file,
	const char *text, size_t len)
{
	struct reader reader = {
		.makefile = makefile,
		.file = keep_file(makefile, file),
		.at = text,
		.end = text + strnlen(text, len),
		.next = 1,
		.outer_state = READ_SURE,
		.state = READ_SURE,
		.condition = -1,
	};

	makefile->given = *given;
	reader_run(&reader);
}
