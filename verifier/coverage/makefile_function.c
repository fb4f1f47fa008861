/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/number.h"
#include "verifier/coverage/makefile_internal.h"

enum {
	ARGUMENTS = 12
};

/* The arguments of a function, each already expanded unless it is of those that are not. */
struct arguments {
	const struct makefile_scope *scope;
	const char *raw[ARGUMENTS];
	size_t raw_len[ARGUMENTS];
	size_t count;
	char *text[ARGUMENTS]; /* expanded when asked for */
};

static const char *argument(struct arguments *a, size_t at)
{
	struct buffer out = {0};

	if (at >= a->count)
		return "";
	if (a->text[at] == NULL) {
		makefile_expand_part(a->scope, a->raw[at], a->raw_len[at], &out);
		a->text[at] = buffer_detach(&out);
	}
	return a->text[at];
}

static void split(struct arguments *a, const char *text, size_t len)
{
	const char *end = text + len, *from = text;
	size_t round = 0, curly = 0;

	for (; text < end; text++) {
		round += (*text == '(') - (size_t)(*text == ')' && round > 0);
		curly += (*text == '{') - (size_t)(*text == '}' && curly > 0);
		if (*text != ',' || round > 0 || curly > 0 || a->count + 1 >= ARGUMENTS)
			continue;
		a->raw[a->count] = from;
		a->raw_len[a->count++] = (size_t)(text - from);
		from = text + 1;
	}
	a->raw[a->count] = from;
	a->raw_len[a->count++] = (size_t)(end - from);
}

/* Puts a blank between words of a result. */
static void put_word(struct buffer *out, size_t begin, const char *word, size_t len)
{
	if (out->len > begin)
		buffer_add_char(out, ' ');
	buffer_add(out, word, len);
}

bool makefile_pattern_fits(const char *pattern, const char *word)
{
	const char *percent = strchr(pattern, '%');
	size_t before, after, len = strlen(word);

	if (percent == NULL)
		return strcmp(pattern, word) == 0;
	before = (size_t)(percent - pattern);
	after = strlen(percent + 1);
	return len >= before + after && strncmp(pattern, word, before) == 0 &&
		strcmp(word + len - after, percent + 1) == 0;
}

static bool fits_any(const char *patterns, const char *word)
{
	const char *at = patterns, *pattern;
	size_t len;

	while (makefile_word(&at, &pattern, &len)) {
		char *one = xstrndup(pattern, len);
		bool fits = makefile_pattern_fits(one, word);

		free(one);
		if (fits)
			return true;
	}
	return false;
}

/* A word that is not known whole may be what is looked for: it stays in both. */
static void filter(struct arguments *a, struct buffer *out, bool is_out)
{
	const char *patterns = argument(a, 0), *at = argument(a, 1), *word;
	size_t len, begin = out->len;

	while (makefile_word(&at, &word, &len)) {
		char *one = xstrndup(word, len);

		if (!makefile_is_known(one) || !makefile_is_known(patterns))
			put_word(out, begin, (char[]){MAKEFILE_UNKNOWN}, 1);
		else if (fits_any(patterns, one) != is_out)
			put_word(out, begin, word, len);
		free(one);
	}
}

static void function_filter(struct arguments *a, struct buffer *out)
{
	filter(a, out, false);
}

static void function_filter_out(struct arguments *a, struct buffer *out)
{
	filter(a, out, true);
}

static void function_findstring(struct arguments *a, struct buffer *out)
{
	const char *needle = argument(a, 0), *hay = argument(a, 1);

	if (!makefile_is_known(needle) || (strstr(hay, needle) == NULL && !makefile_is_known(hay)))
		buffer_add_char(out, MAKEFILE_UNKNOWN);
	else if (strstr(hay, needle) != NULL)
		buffer_add_text(out, needle);
}

static void function_subst(struct arguments *a, struct buffer *out)
{
	const char *from = argument(a, 0), *to = argument(a, 1), *text = argument(a, 2), *hit;
	size_t len = strlen(from);

	while (len > 0 && out->len < MAKEFILE_EXPANSION && (hit = strstr(text, from)) != NULL) {
		buffer_add(out, text, (size_t)(hit - text));
		buffer_add_text(out, to);
		text = hit + len;
	}
	buffer_add_text(out, text);
}

static void function_patsubst(struct arguments *a, struct buffer *out)
{
	const char *from = argument(a, 0), *to = argument(a, 1), *at = argument(a, 2), *word;
	const char *percent = strchr(from, '%'), *in = strchr(to, '%');
	size_t len, begin = out->len;

	while (out->len < MAKEFILE_EXPANSION && makefile_word(&at, &word, &len)) {
		char *one = xstrndup(word, len);

		if (!makefile_pattern_fits(from, one)) {
			put_word(out, begin, word, len);
		} else if (percent == NULL || in == NULL) {
			put_word(out, begin, to, strlen(to));
		} else {
			put_word(out, begin, to, (size_t)(in - to));
			buffer_add(out, word + (percent - from), len - (strlen(from) - 1));
			buffer_add_text(out, in + 1);
		}
		free(one);
	}
}

static void each_word(struct arguments *a, size_t of, struct buffer *out, const char *before,
	const char *behind, size_t (*cut)(const char *word, size_t len, size_t *from))
{
	const char *at = argument(a, of), *word;
	size_t len, begin = out->len;

	while (out->len < MAKEFILE_EXPANSION && makefile_word(&at, &word, &len)) {
		size_t from = 0;

		if (cut != NULL)
			len = cut(word, len, &from);
		put_word(out, begin, before, strlen(before));
		buffer_add(out, word + from, len);
		buffer_add_text(out, behind);
	}
}

static size_t slash_behind(const char *word, size_t len)
{
	while (len > 0 && word[len - 1] != '/')
		len--;
	return len;
}

static size_t cut_notdir(const char *word, size_t len, size_t *from)
{
	*from = slash_behind(word, len);
	return len - *from;
}

static size_t cut_dir(const char *word, size_t len, size_t *from)
{
	*from = 0;
	return slash_behind(word, len);
}

static size_t cut_basename(const char *word, size_t len, size_t *from)
{
	size_t slash = slash_behind(word, len), end = len;

	*from = 0;
	while (end > slash && word[end - 1] != '.')
		end--;
	return end > slash ? end - 1 : len;
}

static void function_addprefix(struct arguments *a, struct buffer *out)
{
	each_word(a, 1, out, argument(a, 0), "", NULL);
}

static void function_addsuffix(struct arguments *a, struct buffer *out)
{
	each_word(a, 1, out, "", argument(a, 0), NULL);
}

static void function_notdir(struct arguments *a, struct buffer *out)
{
	each_word(a, 0, out, "", "", cut_notdir);
}

static void function_dir(struct arguments *a, struct buffer *out)
{
	each_word(a, 0, out, "", "", cut_dir);
}

static void function_basename(struct arguments *a, struct buffer *out)
{
	each_word(a, 0, out, "", "", cut_basename);
}

static void function_strip(struct arguments *a, struct buffer *out)
{
	each_word(a, 0, out, "", "", NULL);
}

static void function_sort(struct arguments *a, struct buffer *out)
{
	struct text_list words = {0};
	const char *at = argument(a, 0), *word;
	size_t len, begin = out->len;

	while (makefile_word(&at, &word, &len))
		text_list_addn(&words, word, len);
	text_list_sort(&words);
	text_list_unique(&words);
	for (size_t i = 0; i < words.count; i++)
		put_word(out, begin, words.items[i], strlen(words.items[i]));
	text_list_release(&words);
}

/* The n-th word, from 1; 0 for the last. */
static void put_nth(const char *text, uint64_t n, struct buffer *out)
{
	const char *word, *found = NULL;
	size_t len, found_len = 0;

	for (uint64_t i = 1; makefile_word(&text, &word, &len); i++) {
		if (n != 0 && i != n)
			continue;
		found = word;
		found_len = len;
	}
	if (found != NULL)
		buffer_add(out, found, found_len);
}

static void function_word(struct arguments *a, struct buffer *out)
{
	const char *at = argument(a, 0), *word;
	size_t len;
	uint64_t n;

	if (makefile_word(&at, &word, &len) && number_parse(word, len, &n) && n > 0)
		put_nth(argument(a, 1), n, out);
	else
		buffer_add_char(out, MAKEFILE_UNKNOWN);
}

static void function_firstword(struct arguments *a, struct buffer *out)
{
	put_nth(argument(a, 0), 1, out);
}

static void function_lastword(struct arguments *a, struct buffer *out)
{
	put_nth(argument(a, 0), 0, out);
}

static void function_words(struct arguments *a, struct buffer *out)
{
	const char *at = argument(a, 0), *word;
	size_t len, count = 0;

	if (!makefile_is_known(at)) {
		buffer_add_char(out, MAKEFILE_UNKNOWN);
		return;
	}
	while (makefile_word(&at, &word, &len))
		count++;
	buffer_add_format(out, "%zu", count);
}

/* Not empty, empty, or not known. */
static int truth(const char *text)
{
	text += strspn(text, " \t\n");
	if (*text == '\0')
		return 0;
	while (*text == MAKEFILE_UNKNOWN || isspace((unsigned char)*text))
		text++;
	return *text == '\0' ? -1 : 1;
}

static void function_if(struct arguments *a, struct buffer *out)
{
	int is = truth(argument(a, 0));

	if (is < 0)
		buffer_add_char(out, MAKEFILE_UNKNOWN);
	else
		buffer_add_text(out, argument(a, is > 0 ? 1 : 2));
}

static void function_or(struct arguments *a, struct buffer *out)
{
	for (size_t i = 0; i < a->count; i++) {
		if (truth(argument(a, i)) != 0) {
			buffer_add_text(out, argument(a, i));
			return;
		}
	}
}

static void function_and(struct arguments *a, struct buffer *out)
{
	int is = 1;

	for (size_t i = 0; i < a->count; i++) {
		int one = truth(argument(a, i));

		if (one == 0)
			return;
		is = one < 0 ? one : is;
	}
	if (is < 0)
		buffer_add_char(out, MAKEFILE_UNKNOWN);
	else
		buffer_add_text(out, argument(a, a->count - 1));
}

static void function_foreach(struct arguments *a, struct buffer *out)
{
	const char *name = argument(a, 0), *at = argument(a, 1), *word;
	size_t len, begin = out->len;

	while (out->len < MAKEFILE_EXPANSION && a->count > 2 && makefile_word(&at, &word, &len)) {
		char *value = xstrndup(word, len);
		struct makefile_binding binding = {name, value, a->scope->bindings};
		struct makefile_scope inner = *a->scope;

		inner.bindings = &binding;
		if (out->len > begin)
			buffer_add_char(out, ' ');
		makefile_expand_part(&inner, a->raw[2], a->raw_len[2], out);
		free(value);
	}
}

static void function_call(struct arguments *a, struct buffer *out)
{
	static const char *const names[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
	struct makefile_binding bindings[ARRAY_SIZE(names)];
	struct makefile_scope inner = *a->scope;
	struct buffer name = {0};
	const struct makefile_variable *variable;
	const char *at = argument(a, 0), *word;
	size_t len;

	inner.bindings = NULL;
	for (size_t i = ARRAY_SIZE(names); i-- > 0;) {
		bindings[i] = (struct makefile_binding){names[i], argument(a, i), inner.bindings};
		inner.bindings = &bindings[i];
	}
	if (makefile_word(&at, &word, &len))
		buffer_add(&name, word, len);
	variable = makefile_variable(a->scope->makefile, buffer_text(&name), a->scope->target);
	if (variable != NULL) {
		char *value = xstrdup(variable->value);

		makefile_expand_part(&inner, value, strlen(value), out);
		free(value);
	}
	buffer_release(&name);
}

static void function_eval(struct arguments *a, struct buffer *out)
{
	struct buffer *evaluated = &a->scope->makefile->evaluated;

	(void)out;
	for (size_t i = 0; i < a->count && evaluated->len < MAKEFILE_EXPANSION; i++)
		buffer_add_format(evaluated, "%s%s", i > 0 ? "," : "", argument(a, i));
	buffer_add_char(evaluated, '\n');
}

static void function_shell(struct arguments *a, struct buffer *out)
{
	struct buffer command = {0};

	for (size_t i = 0; i < a->count; i++)
		buffer_add_format(&command, "%s%s", i > 0 ? "," : "", argument(a, i));
	makefile_shell(&a->scope->makefile->given, buffer_text(&command), out);
	buffer_release(&command);
}

static void function_value(struct arguments *a, struct buffer *out)
{
	const struct makefile_variable *variable =
		makefile_variable(a->scope->makefile, argument(a, 0), NULL);

	if (variable != NULL)
		buffer_add_text(out, variable->value);
}

static void function_unknown(struct arguments *a, struct buffer *out)
{
	(void)a;
	buffer_add_char(out, MAKEFILE_UNKNOWN);
}

static void function_nothing(struct arguments *a, struct buffer *out)
{
	(void)a;
	(void)out;
}

static const struct {
	const char *name;
	void (*run)(struct arguments *a, struct buffer *out);
} functions[] = {
	{"filter", function_filter},
	{"filter-out", function_filter_out},
	{"findstring", function_findstring},
	{"subst", function_subst},
	{"patsubst", function_patsubst},
	{"strip", function_strip},
	{"sort", function_sort},
	{"word", function_word},
	{"words", function_words},
	{"firstword", function_firstword},
	{"lastword", function_lastword},
	{"addprefix", function_addprefix},
	{"addsuffix", function_addsuffix},
	{"notdir", function_notdir},
	{"dir", function_dir},
	{"basename", function_basename},
	{"if", function_if},
	{"or", function_or},
	{"and", function_and},
	{"foreach", function_foreach},
	{"call", function_call},
	{"eval", function_eval},
	{"shell", function_shell},
	{"value", function_value},
	{"info", function_nothing},
	{"warning", function_nothing},
	/* What they give rests on files, or is rare enough. */
	{"wildcard", function_unknown},
	{"abspath", function_unknown},
	{"realpath", function_unknown},
	{"origin", function_unknown},
	{"flavor", function_unknown},
	{"wordlist", function_unknown},
	{"join", function_unknown},
	{"suffix", function_unknown},
	{"file", function_unknown},
	{"guile", function_unknown},
	{"error", function_unknown},
};

bool makefile_function(
	const struct makefile_scope *scope, const char *text, size_t len, struct buffer *out)
{
	struct arguments a = {.scope = scope};
	size_t name = 0;

	while (name < len && (islower((unsigned char)text[name]) || text[name] == '-'))
		name++;
	if (name == len || (text[name] != ' ' && text[name] != '\t'))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		if (strlen(functions[i].name) != name ||
			strncmp(functions[i].name, text, name) != 0)
			continue;
		while (name < len && (text[name] == ' ' || text[name] == '\t'))
			name++;
		split(&a, text + name, len - name);
		functions[i].run(&a, out);
		for (size_t j = 0; j < ARGUMENTS; j++)
			free(a.text[j]);
		return true;
	}
	return false;
}
