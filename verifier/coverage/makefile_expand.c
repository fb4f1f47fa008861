/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/makefile_internal.h"

bool makefile_step(struct makefile *makefile, struct buffer *out)
{
	if (makefile->depth < MAKEFILE_DEPTH && makefile->steps++ < MAKEFILE_STEPS &&
		out->len < MAKEFILE_EXPANSION)
		return true;
	buffer_add_char(out, MAKEFILE_UNKNOWN);
	if (makefile->trouble == NULL)
		makefile->trouble = xstrdup("its variables expand to more than is followed");
	return false;
}

bool makefile_word(const char **at, const char **word, size_t *len)
{
	*at += strspn(*at, " \t\n");
	*word = *at;
	*len = strcspn(*at, " \t\n");
	*at += *len;
	return *len > 0;
}

const char *makefile_closing(const char *at, const char *end)
{
	char open = *at, close = open == '(' ? ')' : '}';
	size_t depth = 0;

	for (; at < end; at++) {
		if (*at == open)
			depth++;
		else if (*at == close && --depth == 0)
			return at + 1;
	}
	return NULL;
}

bool makefile_is_known(const char *expanded)
{
	return strchr(expanded, MAKEFILE_UNKNOWN) == NULL;
}

const struct makefile_variable *makefile_variable(
	const struct makefile *makefile, const char *name, const char *target)
{
	const struct makefile_variable *found = NULL;

	for (size_t i = 0; i < makefile->variable_count; i++) {
		const struct makefile_variable *variable = &makefile->variables[i];

		if (strcmp(variable->name, name) != 0)
			continue;
		if (variable->target == NULL && found == NULL)
			found = variable;
		else if (variable->target != NULL && target != NULL &&
			makefile_pattern_fits(variable->target, target))
			found = variable;
	}
	return found;
}

/* $@, $*, $<, … : what only the files of a build would tell is unknown. */
static bool expand_automatic(
	const struct makefile_scope *scope, const char *name, size_t len, struct buffer *out)
{
	if (len == 0 || strchr("@%<?^+*|", name[0]) == NULL || len > 2)
		return false;
	if (len == 2 && name[1] != 'D' && name[1] != 'F')
		return false;
	if (name[0] == '@' && len == 1 && scope->target != NULL)
		buffer_add_text(out, scope->target);
	else
		buffer_add_char(out, MAKEFILE_UNKNOWN);
	return true;
}

static bool expand_binding(const struct makefile_scope *scope, const char *name, struct buffer *out)
{
	bool is_in_call = false;

	for (const struct makefile_binding *b = scope->bindings; b != NULL; b = b->next) {
		is_in_call = is_in_call || strcmp(b->name, "0") == 0;
		if (strcmp(b->name, name) != 0)
			continue;
		buffer_add_text(out, b->value);
		return true;
	}
	/* An argument that was not given is empty. */
	return is_in_call && name[0] >= '1' && name[0] <= '9' && name[1] == '\0';
}

static void expand_variable(
	const struct makefile_scope *scope, const char *name, struct buffer *out)
{
	struct makefile *makefile = scope->makefile;
	const struct makefile_variable *variable;

	if (expand_binding(scope, name, out) || expand_automatic(scope, name, strlen(name), out))
		return;
	variable = makefile_variable(makefile, name, scope->target);
	if (variable == NULL) {
		if (!makefile_environment(&makefile->given, name, out) &&
			makefile->given.is_unset_unknown)
			buffer_add_char(out, MAKEFILE_UNKNOWN);
		return;
	}
	if (variable->is_simple) {
		if (makefile_step(makefile, out))
			buffer_add_text(out, variable->value);
		return;
	}
	makefile->depth++;
	/* Its own text may change while it is expanded: $(eval). */
	char *value = xstrdup(variable->value);

	makefile_expand_part(scope, value, strlen(value), out);
	free(value);
	makefile->depth--;
}

/* $(NAME:a=b), $(NAME:%.c=%.o) */
static void expand_substitution(
	const struct makefile_scope *scope, const char *name, const char *colon, struct buffer *out)
{
	const char *equals = strchr(colon, '=');
	bool is_pattern = memchr(colon + 1, '%', (size_t)(equals - colon - 1)) != NULL;
	struct buffer call = {0};

	buffer_add_format(&call,
		is_pattern ? "patsubst %.*s,%s,$(%.*s)" : "patsubst %%%.*s,%%%s,$(%.*s)",
		(int)(equals - colon - 1), colon + 1, equals + 1, (int)(colon - name), name);
	scope->makefile->depth++;
	if (makefile_step(scope->makefile, out))
		makefile_function(scope, call.data, call.len, out);
	scope->makefile->depth--;
	buffer_release(&call);
}

static void expand_reference(
	const struct makefile_scope *scope, const char *text, size_t len, struct buffer *out)
{
	struct buffer name = {0};
	const char *colon;

	if (makefile_function(scope, text, len, out))
		return;
	makefile_expand_part(scope, text, len, &name);
	colon = strchr(buffer_text(&name), ':');
	if (!makefile_is_known(buffer_text(&name)))
		buffer_add_char(out, MAKEFILE_UNKNOWN);
	else if (colon != NULL && strchr(colon, '=') != NULL)
		expand_substitution(scope, name.data, colon, out);
	else
		expand_variable(scope, buffer_text(&name), out);
	buffer_release(&name);
}

void makefile_expand_part(
	const struct makefile_scope *scope, const char *text, size_t len, struct buffer *out)
{
	const char *end = text + len;

	if (!makefile_step(scope->makefile, out))
		return;
	scope->makefile->depth++;
	while (text < end) {
		const char *dollar = memchr(text, '$', (size_t)(end - text));
		const char *close;

		if (dollar == NULL || dollar + 1 >= end) {
			buffer_add(out, text, (size_t)(end - text));
			break;
		}
		buffer_add(out, text, (size_t)(dollar - text));
		text = dollar + 2;
		if (dollar[1] == '$') {
			buffer_add_char(out, '$');
		} else if (dollar[1] == '(' || dollar[1] == '{') {
			close = makefile_closing(dollar + 1, end);
			if (close == NULL) {
				buffer_add_char(out, MAKEFILE_UNKNOWN);
				break;
			}
			expand_reference(scope, text, (size_t)(close - 1 - text), out);
			text = close;
		} else {
			char name[2] = {dollar[1], '\0'};

			expand_variable(scope, name, out);
		}
		if (out->len >= MAKEFILE_EXPANSION) {
			makefile_step(scope->makefile, out);
			break;
		}
	}
	scope->makefile->depth--;
}

void makefile_expand(
	struct makefile *makefile, const char *text, const char *target, struct buffer *out)
{
	struct makefile_scope scope = {.makefile = makefile, .target = target};

	makefile_expand_part(&scope, text, strlen(text), out);
}

char *makefile_value(struct makefile *makefile, const char *name, const char *target)
{
	struct makefile_scope scope = {.makefile = makefile, .target = target};
	struct buffer out = {0};

	/* One that was asked for by name and is not set is empty, whatever was not read. */
	if (makefile_variable(makefile, name, target) == NULL)
		makefile_environment(&makefile->given, name, &out);
	else
		expand_variable(&scope, name, &out);
	return buffer_detach(&out);
}
