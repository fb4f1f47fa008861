/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/gate.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/number.h"
#include "verifier/release/yaml_file.h"

#define PER_CENT  UINT64_C(100) /* hundredths */
#define COUNT_MAX UINT64_C(1000000)

static const char *const kind_words[] = {
	[GATE_DECISION] = "a decision",
	[GATE_CONFIRMED] = "results that confirm it",
	[GATE_BY_SHA256] = "known by SHA-256",
	[GATE_AT_MOST] = "at most",
	[GATE_AT_LEAST] = "at least",
};

/* A rule being read; each of the three ways to say what it asks is given once at most. */
struct reading {
	struct gate_rule *rule;
	unsigned asked;
};

static enum status read_classes(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct gate_rule *rule = ((struct reading *)context)->rule;
	struct text_list words = {0};

	if (yaml_texts(yaml, value, &words, err) < 0)
		goto out;
	for (size_t i = 0; i < words.count; i++) {
		enum evidence_class class;

		if (!evidence_class_parse(words.items[i], &class)) {
			yaml_error(yaml, value->items[i], err,
				"\"%s\" is no evidence class; they are S U A B C D E F",
				words.items[i]);
			goto out;
		}
		rule->classes |= 1u << class;
	}
	text_list_release(&words);
	return STATUS_OK;
out:
	text_list_release(&words);
	return err->status;
}

static enum status read_require(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct reading *reading = context;
	const char *text;

	if (yaml_text(yaml, value, &text, err) < 0)
		return err->status;
	reading->asked++;
	if (strcmp(text, "decision") == 0)
		reading->rule->kind = GATE_DECISION;
	else if (strcmp(text, "confirmed") == 0)
		reading->rule->kind = GATE_CONFIRMED;
	else if (strcmp(text, "by_sha256") == 0)
		reading->rule->kind = GATE_BY_SHA256;
	else
		return yaml_error(yaml, value, err,
			"\"%s\" cannot be required; that can be: decision, confirmed, by_sha256",
			text);
	return STATUS_OK;
}

/* "12" packages, or "60 %" or "62.5 %" of them. */
static enum status read_bound(const struct yaml *yaml, const struct yaml_node *value,
	enum gate_kind kind, struct reading *reading, struct error *err)
{
	struct gate_rule *rule = reading->rule;
	uint64_t whole = 0, part = 0;
	const char *text;

	if (yaml_text(yaml, value, &text, err) < 0)
		return err->status;
	reading->asked++;
	rule->kind = kind;
	size_t digits = strspn(text, "0123456789");
	const char *rest = text + digits;
	bool is_number = number_parse(text, digits, &whole) && whole <= COUNT_MAX;
	bool has_part = *rest == '.';

	if (has_part) {
		size_t places = strspn(++rest, "0123456789");

		is_number = is_number && places <= 2 && number_parse(rest, places, &part);
		part *= places == 1 ? 10 : 1;
		rest += places;
	}
	rest += *rest == ' ';
	rule->is_share = strcmp(rest, "%") == 0;
	if (rule->is_share)
		whole = whole * PER_CENT + part;
	if (!is_number || (!rule->is_share && (*rest || has_part || text[digits])) ||
		(rule->is_share && whole > 100 * PER_CENT))
		return yaml_error(yaml, value, err,
			"\"%s\" is no number of packages and no share; they look like 12 and 60 %%",
			text);
	rule->bound = whole;
	return STATUS_OK;
}

static enum status read_at_most(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	return read_bound(yaml, value, GATE_AT_MOST, context, err);
}

static enum status read_at_least(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	return read_bound(yaml, value, GATE_AT_LEAST, context, err);
}

static const struct yaml_key rule_keys[] = {
	{"classes", true, read_classes},
	{"require", false, read_require},
	{"at_most", false, read_at_most},
	{"at_least", false, read_at_least},
};

static char *rule_text(const struct gate_rule *rule)
{
	struct buffer text = {0};

	buffer_add_text(&text, "classes");
	for (unsigned class = 0; class <= CLASS_F; class ++)
		if (rule->classes & 1u << class)
			buffer_add_format(&text, " %s", evidence_class_word(class));
	buffer_add_format(&text, ": %s", kind_words[rule->kind]);
	if (rule->kind == GATE_AT_MOST || rule->kind == GATE_AT_LEAST) {
		uint64_t whole = rule->is_share ? rule->bound / PER_CENT : rule->bound;
		uint64_t part = rule->is_share ? rule->bound % PER_CENT : 0;

		buffer_add_format(&text, " %llu", (unsigned long long)whole);
		if (part)
			buffer_add_format(&text, ".%02llu", (unsigned long long)part);
		buffer_add_text(&text, rule->is_share ? " %" : "");
	}
	return buffer_detach(&text);
}

static enum status read_rules(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct gate *gate = context;

	if (yaml_list(yaml, value, err) < 0)
		return err->status;
	if (value->count == 0)
		return yaml_error(yaml, value, err, "a gate without a rule would let all through");
	for (size_t i = 0; i < value->count; i++) {
		ARRAY_GROW(gate->rules, gate->count, gate->capacity);
		struct gate_rule *rule = &gate->rules[gate->count++];
		struct reading reading = {.rule = rule};

		*rule = (struct gate_rule){.line = value->items[i]->line};
		if (yaml_read_map(yaml, value->items[i], rule_keys, ARRAY_SIZE(rule_keys), &reading,
			    err) < 0)
			return err->status;
		if (reading.asked != 1)
			return yaml_error(yaml, value->items[i], err,
				"a rule asks one thing: require, at_most or at_least");
		rule->text = rule_text(rule);
	}
	return STATUS_OK;
}

static enum status read_format(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	(void)context;
	return yaml_format(yaml, value, "reproof-coverage-policy-1", err);
}

static const struct yaml_key file_keys[] = {
	{"format", true, read_format},
	{"rules", true, read_rules},
};

enum status gate_read(const char *path, struct gate *gate, struct error *err)
{
	*gate = (struct gate){.path = xstrdup(path)};
	return yaml_read_file(path, file_keys, ARRAY_SIZE(file_keys), gate, &gate->digest, err);
}

void gate_release(struct gate *gate)
{
	for (size_t i = 0; i < gate->count; i++)
		free(gate->rules[i].text);
	free(gate->rules);
	free(gate->path);
	*gate = (struct gate){0};
}

static struct buffer failure_begin(const struct gate *gate, const struct gate_rule *rule)
{
	struct buffer text = {0};

	buffer_add_format(&text, "%s:%u: %s: ", gate->path, rule->line, rule->text);
	return text;
}

static void failure_add(struct gate_failures *failures, const struct gate_rule *rule,
	const char *source, struct buffer *text)
{
	ARRAY_GROW(failures->items, failures->count, failures->capacity);
	failures->items[failures->count++] =
		(struct gate_failure){.rule = rule, .source = source, .text = buffer_detach(text)};
}

/* Why a package does not have what a rule asks of each; NULL when it does. */
static const char *lacking(const struct gate_rule *rule, const struct gate_subject *subject)
{
	switch (rule->kind) {
	case GATE_DECISION:
		return subject->is_decided ? NULL : "has no decision that holds";
	case GATE_BY_SHA256:
		return subject->is_by_name_only ? "is known by name only" : NULL;
	default:
		return subject->confirmed == KNOWN_YES	 ? NULL
			: subject->confirmed == KNOWN_NO ? "results say otherwise"
							 : "no results confirm it";
	}
}

static void judge_each(const struct gate *gate, const struct gate_rule *rule,
	const struct gate_subject *subjects, size_t count, struct gate_failures *failures)
{
	for (size_t i = 0; i < count; i++) {
		const struct gate_subject *subject = &subjects[i];
		const char *why = lacking(rule, subject);

		if (!(rule->classes & 1u << subject->class) || !why)
			continue;
		struct buffer text = failure_begin(gate, rule);

		buffer_add_format(&text, "%s is of class %s and %s", subject->source,
			evidence_class_word(subject->class), why);
		failure_add(failures, rule, subject->source, &text);
	}
}

static void judge_number(const struct gate *gate, const struct gate_rule *rule,
	const struct gate_subject *subjects, size_t count, struct gate_failures *failures)
{
	uint64_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += (rule->classes & 1u << subjects[i].class) != 0;
	/* Compared as whole numbers: 2 of 3 is not 66.67 %. */
	uint64_t have = rule->is_share ? found * 100 * PER_CENT : found;
	uint64_t bound = rule->is_share ? rule->bound * count : rule->bound;

	if (rule->kind == GATE_AT_MOST ? have <= bound : have >= bound)
		return;
	struct buffer text = failure_begin(gate, rule);

	buffer_add_format(&text, "%llu of %zu packages are", (unsigned long long)found, count);
	if (rule->kind == GATE_AT_MOST) {
		const char *between = ": ";

		for (size_t i = 0; i < count; i++)
			if (rule->classes & 1u << subjects[i].class) {
				buffer_add_format(&text, "%s%s", between, subjects[i].source);
				between = ", ";
			}
	}
	failure_add(failures, rule, NULL, &text);
}

void gate_judge(const struct gate *gate, const struct gate_subject *subjects, size_t count,
	bool is_log_unread, struct gate_failures *failures)
{
	static const unsigned by_logs =
		1u << CLASS_A | 1u << CLASS_B | 1u << CLASS_C | 1u << CLASS_D;

	*failures = (struct gate_failures){0};
	for (size_t i = 0; i < gate->count; i++) {
		const struct gate_rule *rule = &gate->rules[i];

		if (count == 0) {
			struct buffer text = failure_begin(gate, rule);

			buffer_add_text(&text, "there is no package to judge");
			failure_add(failures, rule, NULL, &text);
		} else if (is_log_unread && rule->classes & by_logs) {
			struct buffer text = failure_begin(gate, rule);

			buffer_add_text(&text,
				"a build log that may lower the class of a package was not read");
			failure_add(failures, rule, NULL, &text);
		} else if (rule->kind != GATE_AT_MOST && rule->kind != GATE_AT_LEAST) {
			judge_each(gate, rule, subjects, count, failures);
		} else {
			judge_number(gate, rule, subjects, count, failures);
		}
	}
}

void gate_failures_release(struct gate_failures *failures)
{
	for (size_t i = 0; i < failures->count; i++)
		free(failures->items[i].text);
	free(failures->items);
	*failures = (struct gate_failures){0};
}
