/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/decision.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "verifier/release/yaml_file.h"

#define DAY_SECONDS ((int64_t)24 * 60 * 60)

static void decision_release(struct decision *decision)
{
	free(decision->source);
	free(decision->decision);
	free(decision->justification);
	free(decision->owner);
	free(decision->date);
	free(decision->until);
	free(decision->version);
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

/* Any other word might read as a yes: "todo", "rejeced". */
static const struct {
	const char *word;
	bool is_made;
} words[] = {
	{"accepted", true},  /* the risk is taken as it is */
	{"mitigated", true}, /* something else lowers it */
	{"tested", true},    /* by the assessor's own tests */
	{"open", false},
	{"rejected", false},
};

static enum status read_decision(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct decision *decision = context;

	if (read_text(yaml, value, &decision->decision, err) < 0)
		return err->status;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(decision->decision, words[i].word) == 0) {
			decision->is_made = words[i].is_made;
			return STATUS_OK;
		}
	return yaml_error(yaml, value, err,
		"\"%s\" is no decision; it is accepted, mitigated, tested, open or rejected",
		decision->decision);
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

static enum status read_day(const struct yaml *yaml, const struct yaml_node *value, char **text,
	int64_t *day, struct error *err)
{
	struct error inner;

	if (read_text(yaml, value, text, err) < 0)
		return err->status;
	if (clock_parse_day(value->text, day, &inner) < 0)
		return yaml_error(yaml, value, err, "%s", inner.text);
	return STATUS_OK;
}

static enum status read_date(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct decision *decision = context;

	return read_day(yaml, value, &decision->date, &decision->since, err);
}

static enum status read_until(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct decision *decision = context;

	if (read_day(yaml, value, &decision->until, &decision->end, err) < 0)
		return err->status;
	decision->end += DAY_SECONDS;
	return STATUS_OK;
}

static enum status read_version(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	return read_text(yaml, value, &((struct decision *)context)->version, err);
}

static const struct yaml_key decision_keys[] = {
	{"source", true, read_source},
	{"class", true, read_class},
	{"decision", true, read_decision},
	{"justification", true, read_justification},
	{"owner", true, read_owner},
	{"date", true, read_date},
	{"until", false, read_until},
	{"version", false, read_version},
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

static bool is_about(const struct decision *decision, const struct decision_subject *subject)
{
	return decision->class == subject->class &&
		(!decision->version ||
			(subject->version && strcmp(decision->version, subject->version) == 0));
}

static bool is_of_day(const struct decision *decision, int64_t now)
{
	return now >= decision->since && (decision->end == 0 || now < decision->end);
}

bool decision_counts(
	const struct decision *decision, const struct decision_subject *subject, int64_t now)
{
	return decision->is_made && is_about(decision, subject) && is_of_day(decision, now);
}

/* Of two versions of one source the decision may be about either. */
static bool is_about_any(const struct decision *decision, const struct decision_subject *subjects,
	size_t count, const struct decision_subject *found)
{
	size_t first = (size_t)(found - subjects);

	while (first > 0 && strcmp(subjects[first - 1].source, found->source) == 0)
		first--;
	for (size_t i = first; i < count && strcmp(subjects[i].source, found->source) == 0; i++)
		if (is_about(decision, &subjects[i]))
			return true;
	return false;
}

static void stale_reason(const struct decision *decision, const struct decision_subject *subject,
	int64_t now, struct buffer *text)
{
	if (!subject)
		buffer_add_text(text, "no more: the package is not in the list");
	else if (decision->class != subject->class)
		buffer_add_format(text,
			"no more: it was for class %s, and the package is of class %s",
			evidence_class_word(decision->class), evidence_class_word(subject->class));
	else if (decision->version &&
		(!subject->version || strcmp(decision->version, subject->version) != 0))
		buffer_add_format(text, "no more: it was for version %s, and the package is %s",
			decision->version, subject->version ? subject->version : "of none");
	else if (now < decision->since)
		buffer_add_format(text, "not yet: its date is %s", decision->date);
	else
		buffer_add_format(text, "no more: it was until %s", decision->until);
}

void decisions_stale(const struct decision_list *decisions, const struct decision_subject *subjects,
	size_t count, int64_t now, struct text_list *sentences)
{
	struct buffer text = {0};

	for (size_t i = 0; i < decisions->count; i++) {
		const struct decision *decision = &decisions->items[i];
		const struct decision_subject *subject = NULL;

		if (count > 0)
			subject = bsearch(decision->source, subjects, count, sizeof(subjects[0]),
				compare_subject);
		if (subject && is_about_any(decision, subjects, count, subject) &&
			is_of_day(decision, now))
			continue;
		buffer_clear(&text);
		buffer_add_format(&text, "%s:%u: the decision about %s holds ", decisions->path,
			decision->line, decision->source);
		stale_reason(decision, subject, now, &text);
		text_list_add(sentences, text.data);
	}
	buffer_release(&text);
}
