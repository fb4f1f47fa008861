/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/decision.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "verifier/release/yaml_file.h"

static void decision_release(struct decision *decision)
{
	free(decision->source);
	free(decision->decision);
	free(decision->justification);
	free(decision->owner);
	free(decision->date);
}

void decision_list_release(struct decision_list *decisions)
{
	for (size_t i = 0; i < decisions->count; i++)
		decision_release(&decisions->items[i]);
	free(decisions->items);
	free(decisions->path);
	*decisions = (struct decision_list){0};
}

static enum status read_text(
	const struct yaml *yaml, const struct yaml_node *value, char **to, struct error *err)
{
	const char *text;

	if (yaml_text(yaml, value, &text, err) < 0)
		return err->status;
	*to = xstrdup(text);
	return STATUS_OK;
}

static enum status read_source(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	return read_text(yaml, value, &((struct decision *)context)->source, err);
}

static enum status read_class(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	const char *text;

	if (yaml_text(yaml, value, &text, err) < 0)
		return err->status;
	if (!evidence_class_parse(text, &((struct decision *)context)->class))
		return yaml_error(yaml, value, err,
			"\"%s\" is no evidence class; they are S U A B C D E F", text);
	return STATUS_OK;
}

static enum status read_decision(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	return read_text(yaml, value, &((struct decision *)context)->decision, err);
}

static enum status read_justification(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	return read_text(yaml, value, &((struct decision *)context)->justification, err);
}

static enum status read_owner(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	return read_text(yaml, value, &((struct decision *)context)->owner, err);
}

static enum status read_date(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct error inner;
	int64_t day;

	if (read_text(yaml, value, &((struct decision *)context)->date, err) < 0)
		return err->status;
	if (clock_parse_day(value->text, &day, &inner) < 0)
		return yaml_error(yaml, value, err, "%s", inner.text);
	return STATUS_OK;
}

static const struct yaml_key decision_keys[] = {
	{"source", true, read_source},
	{"class", true, read_class},
	{"decision", true, read_decision},
	{"justification", true, read_justification},
	{"owner", true, read_owner},
	{"date", true, read_date},
};

static int compare_decisions(const void *a, const void *b)
{
	const struct decision *left = a, *right = b;
	int order = strcmp(left->source, right->source);

	return order ? order : (left->line > right->line) - (left->line < right->line);
}

static enum status read_decisions(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct decision_list *list = context;

	if (yaml_list(yaml, value, err) < 0)
		return err->status;
	for (size_t i = 0; i < value->count; i++) {
		ARRAY_GROW(list->items, list->count, list->capacity);
		struct decision *decision = &list->items[list->count++];

		*decision = (struct decision){.line = value->items[i]->line};
		if (yaml_read_map(yaml, value->items[i], decision_keys, ARRAY_SIZE(decision_keys),
			    decision, err) < 0)
			return err->status;
	}
	return STATUS_OK;
}

static enum status read_format(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	(void)context;
	return yaml_format(yaml, value, "reproof-decisions-1", err);
}

static const struct yaml_key file_keys[] = {
	{"format", true, read_format},
	{"decisions", true, read_decisions},
};

enum status decisions_read(const char *path, struct decision_list *decisions, struct error *err)
{
	*decisions = (struct decision_list){.path = xstrdup(path)};
	if (yaml_read_file(
		    path, file_keys, ARRAY_SIZE(file_keys), decisions, &decisions->digest, err) < 0)
		return err->status;
	if (decisions->count > 0)
		qsort(decisions->items, decisions->count, sizeof(decisions->items[0]),
			compare_decisions);
	for (size_t i = 1; i < decisions->count; i++) {
		const struct decision *a = &decisions->items[i - 1], *b = &decisions->items[i];

		if (strcmp(a->source, b->source) == 0)
			return error_set(err, STATUS_USAGE,
				"%s:%u: %s has a decision in line %u already", path, b->line,
				b->source, a->line);
	}
	return STATUS_OK;
}

static int compare_source(const void *key, const void *item)
{
	return strcmp(key, ((const struct decision *)item)->source);
}

const struct decision *decision_find(const struct decision_list *decisions, const char *source)
{
	if (decisions->count == 0)
		return NULL;
	return bsearch(source, decisions->items, decisions->count, sizeof(decisions->items[0]),
		compare_source);
}

static int compare_subject(const void *key, const void *item)
{
	return strcmp(key, ((const struct decision_subject *)item)->source);
}

/* Of two versions of one source the decision may be about either. */
static bool is_of_class(const struct decision_subject *subjects, size_t count,
	const struct decision_subject *found, enum evidence_class class)
{
	size_t first = (size_t)(found - subjects);

	while (first > 0 && strcmp(subjects[first - 1].source, found->source) == 0)
		first--;
	for (size_t i = first; i < count && strcmp(subjects[i].source, found->source) == 0; i++)
		if (subjects[i].class == class)
			return true;
	return false;
}

void decisions_stale(const struct decision_list *decisions, const struct decision_subject *subjects,
	size_t count, struct text_list *sentences)
{
	struct buffer text = {0};

	for (size_t i = 0; i < decisions->count; i++) {
		const struct decision *decision = &decisions->items[i];
		const struct decision_subject *subject = NULL;

		if (count > 0)
			subject = bsearch(decision->source, subjects, count, sizeof(subjects[0]),
				compare_subject);
		if (subject && is_of_class(subjects, count, subject, decision->class))
			continue;
		buffer_clear(&text);
		buffer_add_format(&text,
			"%s:%u: the decision about %s holds no more: ", decisions->path,
			decision->line, decision->source);
		if (subject)
			buffer_add_format(&text,
				"it was for class %s, and the package is of class %s",
				evidence_class_word(decision->class),
				evidence_class_word(subject->class));
		else
			buffer_add_format(&text, "the package is not in the list");
		text_list_add(sentences, text.data);
	}
	buffer_release(&text);
}
