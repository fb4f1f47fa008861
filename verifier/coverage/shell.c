/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/shell.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

enum {
	NODES = 4096,
	NESTING = 48
};

enum token {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_NEWLINE, /* also ; */
	TOKEN_AMPERSAND,
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_PIPE,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_BREAK, /* ;; */
};

struct parser {
	struct shell *shell;
	const char *at;
	enum token token;
	struct buffer word;
	bool is_quoted; /* the word has a quote: no reserved word */
	bool is_redirected;
	bool has_failed;
	unsigned depth;
};

static int parse_list(struct parser *parser);
static bool ends_list(const struct parser *parser);

/* Goes over $(…), ${…}, `…` as it stands, into the word. */
static void take_substitution(struct parser *parser)
{
	char open = parser->at[1], close = open == '(' ? ')' : '}';
	size_t depth = 0;
	char quote = '\0';

	buffer_add_char(&parser->word, *parser->at++);
	for (; *parser->at != '\0'; parser->at++) {
		char c = *parser->at;

		buffer_add_char(&parser->word, c);
		if (c == '\\' && parser->at[1] != '\0') {
			buffer_add_char(&parser->word, *++parser->at);
		} else if (quote != '\0') {
			quote = c == quote ? '\0' : quote;
		} else if (c == '\'' || c == '"') {
			quote = c;
		} else if (c == open) {
			depth++;
		} else if (c == close && --depth == 0) {
			parser->at++;
			return;
		}
	}
	parser->has_failed = true;
}

static void take_backquote(struct parser *parser)
{
	do
		buffer_add_char(&parser->word, *parser->at++);
	while (*parser->at != '\0' && *parser->at != '`');
	if (*parser->at == '\0')
		parser->has_failed = true;
	else
		buffer_add_char(&parser->word, *parser->at++);
}

static void take_double_quoted(struct parser *parser)
{
	parser->at++;
	while (*parser->at != '\0' && *parser->at != '"') {
		if (parser->at[0] == '\\' && parser->at[1] == '\n') {
			parser->at += 2;
		} else if (parser->at[0] == '\\' && parser->at[1] != '\0') {
			if (strchr("$`\"\\", parser->at[1]) == NULL)
				buffer_add_char(&parser->word, '\\');
			buffer_add_char(&parser->word, parser->at[1]);
			parser->at += 2;
		} else if (parser->at[0] == '$' && (parser->at[1] == '(' || parser->at[1] == '{')) {
			take_substitution(parser);
		} else if (parser->at[0] == '`') {
			take_backquote(parser);
		} else {
			buffer_add_char(&parser->word, *parser->at++);
		}
	}
	if (*parser->at == '\0')
		parser->has_failed = true;
	else
		parser->at++;
}

static void take_single_quoted(struct parser *parser)
{
	const char *close = strchr(parser->at + 1, '\'');

	if (close == NULL) {
		parser->has_failed = true;
		parser->at += strlen(parser->at);
		return;
	}
	buffer_add(&parser->word, parser->at + 1, (size_t)(close - parser->at - 1));
	parser->at = close + 1;
}

static void take_word(struct parser *parser)
{
	buffer_clear(&parser->word);
	parser->is_quoted = false;
	while (*parser->at != '\0' && strchr(" \t\n;&|()<>", *parser->at) == NULL) {
		char c = parser->at[0], next = parser->at[1];

		if (c == '\\' && next == '\n') {
			parser->at += 2;
		} else if (c == '\\' && next != '\0') {
			buffer_add_char(&parser->word, next);
			parser->at += 2;
		} else if (c == '\'' || c == '"') {
			parser->is_quoted = true;
			if (c == '"')
				take_double_quoted(parser);
			else
				take_single_quoted(parser);
		} else if (c == '$' && (next == '(' || next == '{')) {
			take_substitution(parser);
		} else if (c == '`') {
			take_backquote(parser);
		} else {
			buffer_add_char(&parser->word, c);
			parser->at++;
		}
	}
	buffer_add_text(&parser->word, "");
	parser->token = TOKEN_WORD;
}

static void skip_blanks(struct parser *parser)
{
	for (;;) {
		if (*parser->at == ' ' || *parser->at == '\t')
			parser->at++;
		else if (parser->at[0] == '\\' && parser->at[1] == '\n')
			parser->at += 2;
		else
			return;
	}
}

/* [n]<word, >word, >&n: where output goes changes nothing of what is followed here. */
static bool skip_redirection(struct parser *parser)
{
	const char *at = parser->at;

	while (isdigit((unsigned char)*at))
		at++;
	if (at[0] == '&' && at[1] == '>')
		at++;
	if (*at != '<' && *at != '>')
		return false;
	if (at[0] == '<' && at[1] == '<') {
		parser->has_failed = true;
		return false;
	}
	parser->at = at + 1;
	while (*parser->at == '>' || *parser->at == '&' || *parser->at == '|')
		parser->at++;
	skip_blanks(parser);
	take_word(parser);
	return true;
}

static void advance(struct parser *parser)
{
	static const struct {
		const char *text;
		enum token token;
	} operators[] = {
		{";;", TOKEN_BREAK},
		{"&&", TOKEN_AND},
		{"||", TOKEN_OR},
		{"|&", TOKEN_PIPE},
		{"|", TOKEN_PIPE},
		{"&", TOKEN_AMPERSAND},
		{";", TOKEN_NEWLINE},
		{"\n", TOKEN_NEWLINE},
		{"(", TOKEN_OPEN},
		{")", TOKEN_CLOSE},
	};

	do
		skip_blanks(parser);
	while (skip_redirection(parser));
	if (*parser->at == '#')
		parser->at += strcspn(parser->at, "\n");
	if (*parser->at == '\0' || parser->has_failed) {
		parser->token = TOKEN_END;
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
		size_t len = strlen(operators[i].text);

		if (strncmp(parser->at, operators[i].text, len) != 0)
			continue;
		parser->at += len;
		parser->token = operators[i].token;
		return;
	}
	take_word(parser);
}

static bool is_reserved(const struct parser *parser, const char *word)
{
	return parser->token == TOKEN_WORD && !parser->is_quoted &&
		strcmp(buffer_text(&parser->word), word) == 0;
}

static void expect(struct parser *parser, const char *word)
{
	if (is_reserved(parser, word))
		advance(parser);
	else
		parser->has_failed = true;
}

static void skip_newlines(struct parser *parser)
{
	while (parser->token == TOKEN_NEWLINE)
		advance(parser);
}

static int add_node(struct parser *parser, enum shell_kind kind, int first, int second)
{
	struct shell *shell = parser->shell;

	if (shell->count >= NODES) {
		parser->has_failed = true;
		return -1;
	}
	ARRAY_GROW(shell->nodes, shell->count, shell->capacity);
	shell->nodes[shell->count] =
		(struct shell_node){.kind = kind, .first = first, .second = second, .third = -1};
	return (int)shell->count++;
}

static void add_word(struct parser *parser, int node)
{
	if (node >= 0)
		text_list_add(&parser->shell->nodes[node].words, buffer_text(&parser->word));
	advance(parser);
}

static void set_third(struct parser *parser, int node, int third)
{
	if (node >= 0)
		parser->shell->nodes[node].third = third;
}

/* Behind `if` or `elif`. */
static int parse_if(struct parser *parser)
{
	int condition = parse_list(parser), body, other = -1, node;

	expect(parser, "then");
	body = parse_list(parser);
	if (is_reserved(parser, "elif")) {
		advance(parser);
		other = ++parser->depth < NESTING ? parse_if(parser) : -1;
		parser->has_failed = parser->has_failed || parser->depth >= NESTING;
		parser->depth--;
	} else {
		if (is_reserved(parser, "else")) {
			advance(parser);
			other = parse_list(parser);
		}
		expect(parser, "fi");
	}
	node = add_node(parser, SHELL_IF, condition, body);
	set_third(parser, node, other);
	return node;
}

static int parse_loop(struct parser *parser)
{
	int condition = parse_list(parser), body;

	expect(parser, "do");
	body = parse_list(parser);
	expect(parser, "done");
	return add_node(parser, SHELL_LOOP, condition, body);
}

static int parse_for(struct parser *parser)
{
	int node = add_node(parser, SHELL_FOR, -1, -1), body;

	if (parser->token != TOKEN_WORD) {
		parser->has_failed = true;
		return node;
	}
	add_word(parser, node);
	skip_newlines(parser);
	if (is_reserved(parser, "in")) {
		advance(parser);
		while (parser->token == TOKEN_WORD)
			add_word(parser, node);
	}
	skip_newlines(parser);
	expect(parser, "do");
	body = parse_list(parser);
	expect(parser, "done");
	if (node >= 0)
		parser->shell->nodes[node].second = body;
	return node;
}

static int parse_branches(struct parser *parser)
{
	int first = -1, last = -1;

	for (;;) {
		int node, body;

		skip_newlines(parser);
		if (parser->has_failed || is_reserved(parser, "esac") || parser->token == TOKEN_END)
			return first;
		if (parser->token == TOKEN_OPEN)
			advance(parser);
		node = add_node(parser, SHELL_BRANCH, -1, -1);
		while (parser->token == TOKEN_WORD || parser->token == TOKEN_PIPE) {
			if (parser->token == TOKEN_WORD)
				add_word(parser, node);
			else
				advance(parser);
		}
		if (parser->token != TOKEN_CLOSE || node < 0) {
			parser->has_failed = true;
			return first;
		}
		advance(parser);
		body = parse_list(parser);
		parser->shell->nodes[node].first = body;
		if (parser->token == TOKEN_BREAK)
			advance(parser);
		if (last >= 0)
			parser->shell->nodes[last].second = node;
		else
			first = node;
		last = node;
	}
}

static int parse_case(struct parser *parser)
{
	int node = add_node(parser, SHELL_CASE, -1, -1), branches;

	if (parser->token == TOKEN_WORD)
		add_word(parser, node);
	else
		parser->has_failed = true;
	skip_newlines(parser);
	expect(parser, "in");
	branches = parse_branches(parser);
	expect(parser, "esac");
	if (node >= 0)
		parser->shell->nodes[node].second = branches;
	return node;
}

static int parse_simple(struct parser *parser)
{
	int node = add_node(parser, SHELL_COMMAND, -1, -1);

	while (parser->token == TOKEN_WORD) {
		add_word(parser, node);
		/* name() { … } */
		if (parser->token == TOKEN_OPEN && node >= 0 &&
			parser->shell->nodes[node].words.count == 1) {
			advance(parser);
			if (parser->token != TOKEN_CLOSE) {
				parser->has_failed = true;
				return node;
			}
			advance(parser);
			skip_newlines(parser);
			parser->shell->nodes[node].kind = SHELL_FUNCTION;
			expect(parser, "{");
			parse_list(parser);
			expect(parser, "}");
			return node;
		}
	}
	return node;
}

static int parse_compound(struct parser *parser)
{
	int list;

	if (parser->token == TOKEN_OPEN) {
		advance(parser);
		list = parse_list(parser);
		if (parser->token != TOKEN_CLOSE)
			parser->has_failed = true;
		else
			advance(parser);
		return add_node(parser, SHELL_SUBSHELL, list, -1);
	}
	if (is_reserved(parser, "{")) {
		advance(parser);
		list = parse_list(parser);
		expect(parser, "}");
		return add_node(parser, SHELL_GROUP, list, -1);
	}
	if (is_reserved(parser, "if")) {
		advance(parser);
		return parse_if(parser);
	}
	if (is_reserved(parser, "while") || is_reserved(parser, "until")) {
		advance(parser);
		return parse_loop(parser);
	}
	if (is_reserved(parser, "for")) {
		advance(parser);
		return parse_for(parser);
	}
	if (is_reserved(parser, "case")) {
		advance(parser);
		return parse_case(parser);
	}
	return parse_simple(parser);
}

static int parse_command(struct parser *parser)
{
	int node = -1;

	if (++parser->depth >= NESTING || ends_list(parser))
		parser->has_failed = true;
	if (!parser->has_failed) {
		node = parse_compound(parser);
		/* Behind a compound only redirections may stand. */
		if (parser->token == TOKEN_WORD && !is_reserved(parser, "then") &&
			!is_reserved(parser, "do") && !is_reserved(parser, "fi") &&
			!is_reserved(parser, "done") && !is_reserved(parser, "}") &&
			!is_reserved(parser, "else") && !is_reserved(parser, "elif") &&
			!is_reserved(parser, "esac"))
			parser->has_failed = true;
	}
	parser->depth--;
	return node;
}

static int parse_pipeline(struct parser *parser)
{
	bool is_negated = false;
	int node;

	while (is_reserved(parser, "!")) {
		is_negated = !is_negated;
		advance(parser);
	}
	node = parse_command(parser);
	while (parser->token == TOKEN_PIPE && !parser->has_failed) {
		advance(parser);
		skip_newlines(parser);
		node = add_node(parser, SHELL_PIPE, node, parse_command(parser));
	}
	return is_negated ? add_node(parser, SHELL_NOT, node, -1) : node;
}

static int parse_and_or(struct parser *parser)
{
	int node = parse_pipeline(parser);

	while ((parser->token == TOKEN_AND || parser->token == TOKEN_OR) && !parser->has_failed) {
		enum shell_kind kind = parser->token == TOKEN_AND ? SHELL_AND : SHELL_OR;

		advance(parser);
		skip_newlines(parser);
		node = add_node(parser, kind, node, parse_pipeline(parser));
	}
	return node;
}

static bool ends_list(const struct parser *parser)
{
	static const char *const words[] = {
		"then", "do", "done", "fi", "elif", "else", "esac", "}"};

	if (parser->token == TOKEN_END || parser->token == TOKEN_CLOSE ||
		parser->token == TOKEN_BREAK || parser->has_failed)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (is_reserved(parser, words[i]))
			return true;
	}
	return false;
}

static int parse_list(struct parser *parser)
{
	int list = -1;

	skip_newlines(parser);
	while (!ends_list(parser)) {
		int node = parse_and_or(parser);

		if (parser->token == TOKEN_AMPERSAND) {
			node = add_node(parser, SHELL_BACKGROUND, node, -1);
			advance(parser);
		} else if (parser->token != TOKEN_NEWLINE && !ends_list(parser)) {
			parser->has_failed = true;
		}
		list = list < 0 ? node : add_node(parser, SHELL_SEQUENCE, list, node);
		skip_newlines(parser);
	}
	return list;
}

bool shell_parse(struct shell *shell, const char *text)
{
	struct parser parser = {.shell = shell, .at = text};

	advance(&parser);
	shell->root = parse_list(&parser);
	if (parser.token != TOKEN_END)
		parser.has_failed = true;
	buffer_release(&parser.word);
	return !parser.has_failed;
}

void shell_release(struct shell *shell)
{
	for (size_t i = 0; i < shell->count; i++)
		text_list_release(&shell->nodes[i].words);
	free(shell->nodes);
	*shell = (struct shell){0};
}
