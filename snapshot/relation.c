/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/relation.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/buffer.h"
#include "base/debversion.h"

static const char *const operators[] = {
	[RELATION_ANY] = "",
	[RELATION_EARLIER] = "<<",
	[RELATION_EARLIER_EQUAL] = "<=",
	[RELATION_EQUAL] = "=",
	[RELATION_LATER_EQUAL] = ">=",
	[RELATION_LATER] = ">>",
};

/* A field's value being read. */
struct scan {
	const char *at, *end;
};

static void blanks_skip(struct scan *scan)
{
	while (scan->at < scan->end && strchr(" \t\r\n", *scan->at) && *scan->at)
		scan->at++;
}

static bool taken(struct scan *scan, char c)
{
	blanks_skip(scan);
	if (scan->at == scan->end || *scan->at != c)
		return false;
	scan->at++;
	return true;
}

/* Letters, digits and a few others; NULL when there are none. */
static char *word_take(struct scan *scan, const char *others)
{
	const char *from;

	blanks_skip(scan);
	from = scan->at;
	while (scan->at < scan->end && *scan->at &&
		((*scan->at >= 'a' && *scan->at <= 'z') || (*scan->at >= 'A' && *scan->at <= 'Z') ||
			(*scan->at >= '0' && *scan->at <= '9') || strchr(others, *scan->at)))
		scan->at++;
	return scan->at > from ? xstrndup(from, (size_t)(scan->at - from)) : NULL;
}

/* "<" and ">" are what dpkg takes for "<=" and ">=". */
static enum relation_operator operator_take(struct scan *scan)
{
	bool has_less = taken(scan, '<'), has_more = !has_less && taken(scan, '>');
	bool is_twice = scan->at < scan->end && *scan->at == (has_less ? '<' : '>');

	if (!has_less && !has_more)
		return taken(scan, '=') ? RELATION_EQUAL : RELATION_ANY;
	if (is_twice || (scan->at < scan->end && *scan->at == '='))
		scan->at++;
	if (has_less)
		return is_twice ? RELATION_EARLIER : RELATION_EARLIER_EQUAL;
	return is_twice ? RELATION_LATER : RELATION_LATER_EQUAL;
}

static bool term_take(struct scan *scan, struct relation_term *term)
{
	term->name = word_take(scan, "+-.");
	if (!term->name)
		return false;
	if (scan->at < scan->end && *scan->at == ':') {
		scan->at++;
		term->qualifier = word_take(scan, "-");
		if (!term->qualifier)
			return false;
	}
	if (!taken(scan, '('))
		return true;
	term->comparison = operator_take(scan);
	if (term->comparison == RELATION_ANY)
		return false;
	term->version = word_take(scan, ".+-~:");
	return term->version && debversion_is_valid(term->version, strlen(term->version)) &&
		taken(scan, ')');
}

enum status relation_parse(
	const char *text, size_t len, struct relation *relation, struct error *err)
{
	struct scan scan = {text, text + len};
	size_t group = relation->count ? relation->terms[relation->count - 1].group + 1 : 0;

	for (blanks_skip(&scan); scan.at < scan.end; blanks_skip(&scan)) {
		struct relation_term *term;

		if (taken(&scan, ','))
			continue;
		ARRAY_GROW(relation->terms, relation->count, relation->capacity);
		term = &relation->terms[relation->count++];
		*term = (struct relation_term){.group = group};
		if (!term_take(&scan, term))
			break;
		if (taken(&scan, '|'))
			continue;
		group++;
		if (!taken(&scan, ',')) {
			blanks_skip(&scan);
			if (scan.at < scan.end)
				break;
		}
	}
	/* All of it was read, and no alternative is still to come. */
	if (scan.at < scan.end ||
		(relation->count && relation->terms[relation->count - 1].group == group))
		return error_set(err, STATUS_FORMAT, "\"%.*s\" is no relationship of packages",
			(int)(len < 200 ? len : 200), text);
	return STATUS_OK;
}

void relation_release(struct relation *relation)
{
	for (size_t i = 0; i < relation->count; i++) {
		free(relation->terms[i].name);
		free(relation->terms[i].qualifier);
		free(relation->terms[i].version);
	}
	free(relation->terms);
	*relation = (struct relation){0};
}

bool relation_term_takes(const struct relation_term *term, const char *version)
{
	int order;

	if (term->comparison == RELATION_ANY)
		return true;
	order = debversion_compare(version, term->version);
	switch (term->comparison) {
	case RELATION_EARLIER:
		return order < 0;
	case RELATION_EARLIER_EQUAL:
		return order <= 0;
	case RELATION_EQUAL:
		return order == 0;
	case RELATION_LATER_EQUAL:
		return order >= 0;
	case RELATION_LATER:
		return order > 0;
	case RELATION_ANY:
		break;
	}
	return true;
}

char *relation_group_text(const struct relation *relation, size_t at)
{
	size_t group = relation->terms[at].group;
	struct buffer text = {0};

	for (; at < relation->count && relation->terms[at].group == group; at++) {
		const struct relation_term *term = &relation->terms[at];

		buffer_add_format(&text, "%s%s%s%s", text.len ? " | " : "", term->name,
			term->qualifier ? ":" : "", term->qualifier ? term->qualifier : "");
		if (term->version)
			buffer_add_format(
				&text, " (%s %s)", operators[term->comparison], term->version);
	}
	return buffer_detach(&text);
}
