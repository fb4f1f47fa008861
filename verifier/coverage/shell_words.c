/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/shell_words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"

#define NESTING_MAX   64
#define FUNCTIONS_MAX 1000
#define DEPTH_MAX     4 /* of substitutions in each other */

struct shell {
	const char *at;
	size_t line;
	struct text_list documents; /* ends of here-documents that begin behind this line */
	struct shell_command last;  /* told when it is known what stands behind it */
	bool has_last;
	bool is_optional;	    /* behind "||" */
	char redirection;	    /* '<' or '>', and the next word is where it leads; or 0 */
	bool wants_pattern;	    /* the next is one of "case" */
	bool has_no_arithmetic;	    /* there is no "))" any more */
	unsigned cases;		    /* that are open */
	struct text_list functions; /* declared so far; what they do is told where it stands */
	struct shell_command now;
	int depth; /* of substitutions */
	void (*take)(void *context, const struct shell_command *command);
	void *context;
};

static void command_clear(struct shell_command *command)
{
	text_list_release(&command->words);
	text_list_release(&command->inputs);
	text_list_release(&command->outputs);
	*command = (struct shell_command){0};
}

/* Goes over "…(…)" or "…`" with all that is nested in it, from behind the opening character on. */
static void skip_nested(struct shell *shell, char close, struct buffer *word)
{
	char closing[NESTING_MAX];
	size_t depth = 0;

	closing[depth++] = close;
	while (*shell->at && depth) {
		char c = *shell->at++;

		buffer_add_char(word, c);
		shell->line += c == '\n';
		if (c == '\\' && *shell->at)
			buffer_add_char(word, *shell->at++);
		else if (c == closing[depth - 1])
			depth--;
		else if (closing[depth - 1] != '\'' && depth < NESTING_MAX) {
			if (c == '(' && closing[depth - 1] != '"')
				closing[depth++] = ')';
			else if (c == '$' && *shell->at == '(')
				closing[depth++] = ')', buffer_add_char(word, *shell->at++);
			else if (c == '\'' && closing[depth - 1] != '"')
				closing[depth++] = '\'';
			else if (c == '"')
				closing[depth++] = '"';
		}
	}
}

static void quoted(struct shell *shell, char quote, struct buffer *word)
{
	while (*shell->at && *shell->at != quote) {
		char c = *shell->at++;

		shell->line += c == '\n';
		buffer_add_char(word, c);
		if (quote == '"' && c == '\\' && *shell->at)
			buffer_add_char(word, *shell->at++);
		else if (quote == '"' && c == '$' && *shell->at == '(') {
			buffer_add_char(word, *shell->at++);
			skip_nested(shell, ')', word);
		}
	}
	shell->at += *shell->at == quote;
}

/* One word; false when there is none here. */
static bool word_read(struct shell *shell, struct buffer *word)
{
	const char *begin = shell->at;

	buffer_clear(word);
	while (*shell->at && !strchr(" \t\r\n;&|<>()", *shell->at)) {
		char c = *shell->at++;

		if (c == '\\' && *shell->at == '\n') {
			shell->at++;
			shell->line++;
		} else if (c == '\\' && *shell->at) {
			buffer_add_char(word, *shell->at++);
		} else if (c == '\'' || c == '"') {
			quoted(shell, c, word);
		} else if (c == '`') {
			buffer_add_char(word, c);
			skip_nested(shell, c, word);
		} else {
			buffer_add_char(word, c);
			if (c == '$' && *shell->at == '(') {
				buffer_add_char(word, *shell->at++);
				skip_nested(shell, ')', word);
			}
		}
	}
	return shell->at > begin;
}

static bool is_one_of(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, list[i]) == 0)
			return true;
	return false;
}

/* "A=b" and "A+=b" in front of a command. */
static bool is_assignment(const char *word)
{
	size_t len = 0;

	while (isalnum((unsigned char)word[len]) || word[len] == '_')
		len++;
	if (len && word[len] == '[')
		len += strcspn(word + len, "]") + (strchr(word + len, ']') != NULL);
	return len && !isdigit((unsigned char)word[0]) &&
		(word[len] == '=' || (word[len] == '+' && word[len + 1] == '='));
}

static void last_tell(struct shell *shell)
{
	if (shell->has_last)
		shell->take(shell->context, &shell->last);
	command_clear(&shell->last);
	shell->has_last = false;
}

/* The command that was read is at its end, which `ending` is. */
static void command_end(struct shell *shell)
{
	static const char *const masks[] = {"true", ":", "echo", "printf"};
	struct text_list *words = &shell->now.words;

	/* "> file" makes it empty. */
	if (words->count == 0 && shell->now.outputs.count)
		text_list_add(words, ":");
	if (words->count && shell->is_optional && shell->has_last &&
		is_one_of(words->items[0], masks, ARRAY_SIZE(masks)))
		shell->last.is_masked = true;
	if (words->count) {
		shell->now.is_function = text_list_contains(&shell->functions, words->items[0]);
		last_tell(shell);
		shell->last = shell->now;
		shell->has_last = true;
		shell->now = (struct shell_command){0};
	} else {
		command_clear(&shell->now);
	}
	shell->is_optional = false;
	shell->redirection = '\0';
}

static void documents_skip(struct shell *shell)
{
	for (size_t i = 0; i < shell->documents.count; i++) {
		const char *end = shell->documents.items[i];
		bool is_end = false;

		while (*shell->at && !is_end) {
			size_t len = strcspn(shell->at, "\n"), tabs = strspn(shell->at, "\t");

			is_end = len - (tabs < len ? tabs : len) == strlen(end) &&
				strncmp(shell->at + tabs, end, strlen(end)) == 0;
			shell->at += len;
			if (*shell->at == '\n') {
				shell->at++;
				shell->line++;
			}
		}
	}
	text_list_release(&shell->documents);
}

static void redirection_read(struct shell *shell, struct buffer *word)
{
	if (strncmp(shell->at, "<<", 2) == 0 && shell->at[2] != '<') {
		shell->at += 2 + (shell->at[2] == '-');
		shell->at += strspn(shell->at, " \t");
		if (word_read(shell, word))
			text_list_add(&shell->documents, buffer_text(word));
		return;
	}
	shell->redirection = *shell->at;
	shell->at += strspn(shell->at, "<>&|");
}

/* A word that begins or ends a compound command: the next is a command again. */
static bool is_reserved(const char *word)
{
	static const char *const reserved[] = {
		"if", "then", "else", "elif", "while", "until", "do", "{", "!", "time"};
	static const char *const ends[] = {"fi", "done", "}", "esac"};

	return is_one_of(word, reserved, ARRAY_SIZE(reserved)) ||
		is_one_of(word, ends, ARRAY_SIZE(ends));
}

/* "name()": what follows is what it does. */
static bool function_declared(struct shell *shell, const char *word)
{
	const char *at = shell->at + strspn(shell->at, " \t");

	if (at[0] != '(' || at[1 + strspn(at + 1, " \t")] != ')')
		return false;
	if (shell->functions.count < FUNCTIONS_MAX)
		text_list_add(&shell->functions, word);
	shell->at = strchr(at, ')') + 1;
	return true;
}

/* "case $x in": each pattern goes to a ")" that nothing opened. */
static void case_begin(struct shell *shell)
{
	const struct text_list *words = &shell->now.words;

	if (words->count != 3 || strcmp(words->items[0], "case") != 0 ||
		strcmp(words->items[2], "in") != 0)
		return;
	command_clear(&shell->now);
	shell->cases++;
	shell->wants_pattern = true;
}

static void pattern_skip(struct shell *shell)
{
	while (*shell->at && strchr(" \t\r\n", *shell->at)) {
		shell->line += *shell->at == '\n';
		shell->at++;
	}
	if (*shell->at == '#') {
		shell->at += strcspn(shell->at, "\n");
		return;
	}
	shell->wants_pattern = false;
	/* The word itself is read as any other. */
	if (strncmp(shell->at, "esac", 4) == 0 && !isalnum((unsigned char)shell->at[4]))
		return;
	shell->at += strcspn(shell->at, ")\n");
	shell->at += *shell->at == ')';
}

/* In "[[ a && b ]]" and "(( a < b ))" operators are the expression's. */
static bool is_in_expression(const struct shell *shell)
{
	const struct text_list *words = &shell->now.words;

	return words->count && strcmp(words->items[0], "[[") == 0 &&
		strcmp(words->items[words->count - 1], "]]") != 0;
}

/* Where the "$(" that ends in front of `at` is closed, or the end. */
static const char *substitution_end(const char *at)
{
	for (size_t depth = 1; *at; at++) {
		depth += *at == '(';
		depth -= *at == ')';
		if (depth == 0)
			break;
	}
	return at;
}

static void commands_each(struct shell *shell);

/* The commands of "$(…)" and "`…`" in a word are told first. */
static void substitutions_tell(const struct shell *shell, const char *word)
{
	for (const char *at = word; shell->depth < DEPTH_MAX && *at; at++) {
		struct shell inner = {.line = shell->line,
			.take = shell->take,
			.context = shell->context,
			.depth = shell->depth + 1};
		const char *end = NULL;
		char *text;

		if (at[0] == '$' && at[1] == '(' && at[2] != '(') {
			at += 2;
			end = substitution_end(at);
		} else if (at[0] == '`') {
			at++;
			end = at + strcspn(at, "`");
		}
		if (!end)
			continue;
		text = xstrndup(at, (size_t)(end - at));
		inner.at = text;
		commands_each(&inner);
		free(text);
		at = *end ? end : end - 1;
	}
}

static void word_take(struct shell *shell, const char *word)
{
	struct text_list *words = &shell->now.words;
	size_t len = strlen(word);

	substitutions_tell(shell, word);
	if (shell->redirection) {
		text_list_add(
			shell->redirection == '<' ? &shell->now.inputs : &shell->now.outputs, word);
		shell->redirection = '\0';
		return;
	}
	/* "2>": the number is no word, and goes with the redirection. */
	if ((*shell->at == '<' || *shell->at == '>') && len == 1 && isdigit((unsigned char)*word))
		return;
	if (words->count == 0 && is_assignment(word)) {
		/* "A=(b c)" */
		if (*shell->at == '(') {
			struct buffer ignored = {0};

			shell->at++;
			skip_nested(shell, ')', &ignored);
			buffer_release(&ignored);
		}
		return;
	}
	if (words->count == 0 && is_reserved(word)) {
		/* "|| { echo …; exit 1; }" is no mask. */
		shell->is_optional = false;
		shell->cases -= strcmp(word, "esac") == 0 && shell->cases > 0;
		return;
	}
	if (words->count == 0 && function_declared(shell, word))
		return;
	if (words->count == 0)
		shell->now.line = shell->line;
	text_list_add(words, word);
	case_begin(shell);
}

static void operator_read(struct shell *shell)
{
	bool is_or = strncmp(shell->at, "||", 2) == 0, is_double = is_or;
	bool is_pipe = *shell->at == '|' && !is_or;

	if (strncmp(shell->at, "((", 2) == 0 && shell->now.words.count == 0 &&
		!shell->has_no_arithmetic) {
		const char *end = strstr(shell->at, "))");

		shell->has_no_arithmetic = !end;
		shell->at = end ? end + 2 : shell->at + 2;
		return;
	}
	if (strncmp(shell->at, ";;", 2) == 0 && shell->cases)
		shell->wants_pattern = true;
	is_double |= strncmp(shell->at, "&&", 2) == 0 || strncmp(shell->at, ";;", 2) == 0;
	shell->at += is_double ? 2 : 1;
	command_end(shell);
	shell->is_optional = is_or;
	shell->now.is_piped = is_pipe;
}

static void commands_each(struct shell *shell)
{
	struct buffer word = {0};

	while (*shell->at) {
		char c = *shell->at;

		if (shell->wants_pattern) {
			pattern_skip(shell);
		} else if (is_in_expression(shell) && strchr("&|<>()", c)) {
			shell->at++;
		} else if (c == '\n') {
			/* "a ||" goes on below. */
			bool is_optional = shell->is_optional && shell->now.words.count == 0;

			shell->at++;
			shell->line++;
			command_end(shell);
			shell->is_optional = is_optional;
			documents_skip(shell);
		} else if (c == '#') {
			shell->at += strcspn(shell->at, "\n");
		} else if (c == '<' || c == '>') {
			redirection_read(shell, &word);
		} else if (strchr(";&|()", c)) {
			operator_read(shell);
		} else if (strchr(" \t\r", c)) {
			shell->at++;
		} else if (c == '\\' && shell->at[1] == '\n') {
			shell->at += 2;
			shell->line++;
		} else if (word_read(shell, &word)) {
			word_take(shell, buffer_text(&word));
		}
	}
	command_end(shell);
	last_tell(shell);
	command_clear(&shell->now);
	text_list_release(&shell->documents);
	text_list_release(&shell->functions);
	buffer_release(&word);
}

void shell_commands_each(const char *text,
	void (*take)(void *context, const struct shell_command *command), void *context)
{
	struct shell shell = {.at = text, .line = 1, .take = take, .context = context};

	commands_each(&shell);
}
