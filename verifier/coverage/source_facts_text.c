/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "verifier/coverage/source_facts.h"

#define FACTS_FORMAT "reproof-source-facts-1"
#define ITEMS_MAX    ((size_t)100000) /* of one list */

/* null, false, true */
static void known_write(struct json *json, const char *key, enum known known)
{
	if (known == KNOWN_UNKNOWN)
		json_none(json, key);
	else
		json_bool(json, key, known == KNOWN_YES);
}

static void list_write(struct json *json, const char *key, const struct text_list *list)
{
	json_array_begin(json, key);
	for (size_t i = 0; i < list->count; i++)
		json_text(json, NULL, list->items[i]);
	json_array_end(json);
}

static const char *quality_word(enum autopkgtest_quality quality)
{
	return quality == AUTOPKGTEST_UNKNOWN ? NULL : autopkgtest_quality_word(quality);
}

static void autopkgtests_write(struct json *json, const struct source_facts *facts)
{
	json_array_begin(json, "autopkgtests");
	for (size_t i = 0; i < facts->autopkgtest_count; i++) {
		const struct autopkgtest *test = &facts->autopkgtests[i];

		json_object_begin(json, NULL);
		list_write(json, "names", &test->names);
		list_write(json, "restrictions", &test->restrictions);
		list_write(json, "architectures", &test->architectures);
		json_unsigned(json, "line", test->line);
		json_text(json, "quality", quality_word(test->quality));
		json_object_end(json);
	}
	json_array_end(json);
}

static void suites_write(struct json *json, const struct source_facts *facts)
{
	json_array_begin(json, "suites");
	for (size_t i = 0; i < facts->suite_count; i++) {
		const struct upstream_suite *suite = &facts->suites[i];

		json_object_begin(json, NULL);
		json_text(json, "framework", suite->framework);
		json_text(json, "where", suite->where);
		json_digest(json, "sha256", &suite->sha256);
		json_unsigned(json, "count", suite->count);
		json_object_end(json);
	}
	json_array_end(json);
}

static void languages_write(struct json *json, const struct source_facts *facts)
{
	json_array_begin(json, "languages");
	for (size_t i = 0; i < facts->language_count; i++) {
		const struct language_size *language = &facts->languages[i];

		json_object_begin(json, NULL);
		json_text(json, "name", language->name);
		json_unsigned(json, "files", language->files);
		json_unsigned(json, "bytes", language->bytes);
		json_object_end(json);
	}
	json_array_end(json);
}

static void claims_write(struct json *json, const struct source_facts *facts)
{
	json_array_begin(json, "claims");
	for (size_t i = 0; i < facts->claims.count; i++) {
		const struct claim *claim = &facts->claims.items[i];

		json_object_begin(json, NULL);
		json_text(json, "text", claim->text);
		json_text(json, "where", claim->where);
		if (claim->has_sha256)
			json_digest(json, "sha256", &claim->sha256);
		else
			json_none(json, "sha256");
		json_object_end(json);
	}
	json_array_end(json);
}

void source_facts_write(const struct source_facts *facts, struct buffer *text)
{
	struct json json;
	struct error ignored;

	json_init_buffer(&json, text);
	json.compact = true;
	json_object_begin(&json, NULL);
	json_text(&json, "format", FACTS_FORMAT);
	json_text(&json, "rules", COVERAGE_RULES);
	json_text(&json, "source", facts->source);
	json_text(&json, "version", facts->version);
	json_text(&json, "maintainer", facts->maintainer);
	json_signed(&json, "changed", facts->changed);
	json_text(&json, "compat", facts->compat);
	json_text(&json, "build_system", facts->build_system);
	known_write(&json, "has_autopkgtest", facts->has_autopkgtest);
	json_bool(&json, "is_testsuite_declared", facts->is_testsuite_declared);
	json_text(&json, "autopkgtest_quality", quality_word(facts->autopkgtest_quality));
	autopkgtests_write(&json, facts);
	list_write(&json, "triggers", &facts->triggers);
	known_write(&json, "has_upstream_tests", facts->has_upstream_tests);
	suites_write(&json, facts);
	json_text(&json, "run_at_build", run_at_build_word(facts->run_at_build));
	json_text(&json, "failure_fatal", failure_fatal_word(facts->failure_fatal));
	json_text(&json, "patch", facts->patch);
	languages_write(&json, facts);
	list_write(&json, "services", &facts->services);
	list_write(&json, "setuid", &facts->setuid);
	claims_write(&json, facts);
	json_text(&json, "trouble", facts->trouble);
	json_object_end(&json);
	json_finish(&json, &ignored);
}

/* ---- reading: every key must be there, in its order, and be what it is ---- */

struct reading {
	const char *wrong; /* the first key that was */
};

static void refuse(struct reading *reading, const char *key)
{
	if (!reading->wrong)
		reading->wrong = key;
}

static json_t *get(struct reading *reading, json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (!value)
		refuse(reading, key);
	return value;
}

/* NULL for null; anything else but a text is refused. */
static char *text_get(struct reading *reading, json_t *object, const char *key, bool is_needed)
{
	json_t *value = get(reading, object, key);

	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	if (!json_is_null(value) || is_needed)
		refuse(reading, key);
	return NULL;
}

static int64_t number_get(struct reading *reading, json_t *object, const char *key, int64_t least)
{
	json_t *value = get(reading, object, key);

	if (!json_is_integer(value) || json_integer_value(value) < least) {
		refuse(reading, key);
		return 0;
	}
	return json_integer_value(value);
}

static bool bool_get(struct reading *reading, json_t *object, const char *key)
{
	json_t *value = get(reading, object, key);

	if (!json_is_boolean(value))
		refuse(reading, key);
	return json_is_true(value);
}

static enum known known_get(struct reading *reading, json_t *object, const char *key)
{
	json_t *value = get(reading, object, key);

	if (json_is_null(value))
		return KNOWN_UNKNOWN;
	return bool_get(reading, object, key) ? KNOWN_YES : KNOWN_NO;
}

static bool digest_get(
	struct reading *reading, json_t *object, const char *key, struct digest *digest)
{
	json_t *value = get(reading, object, key);

	if (json_is_null(value))
		return false;
	if (!json_is_string(value) ||
		!digest_parse(json_string_value(value), json_string_length(value), digest))
		refuse(reading, key);
	return true;
}

/* An array of at most so many; NULL, which has no items, for anything else. */
static json_t *array_get(struct reading *reading, json_t *object, const char *key)
{
	json_t *value = get(reading, object, key);

	if (json_is_array(value) && json_array_size(value) <= ITEMS_MAX)
		return value;
	refuse(reading, key);
	return NULL;
}

static void list_get(
	struct reading *reading, json_t *object, const char *key, struct text_list *list)
{
	json_t *array = array_get(reading, object, key), *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		if (json_is_string(item))
			text_list_add(list, json_string_value(item));
		else
			refuse(reading, key);
	}
}

static enum autopkgtest_quality quality_get(
	struct reading *reading, json_t *object, const char *key)
{
	json_t *value = get(reading, object, key);
	enum autopkgtest_quality quality = AUTOPKGTEST_UNKNOWN;

	if (!json_is_null(value) &&
		(!json_is_string(value) ||
			!autopkgtest_quality_parse(json_string_value(value), &quality)))
		refuse(reading, key);
	return quality;
}

static void autopkgtests_get(struct reading *reading, json_t *object, struct source_facts *facts)
{
	json_t *array = array_get(reading, object, "autopkgtests"), *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		struct autopkgtest test = {0};

		list_get(reading, item, "names", &test.names);
		list_get(reading, item, "restrictions", &test.restrictions);
		list_get(reading, item, "architectures", &test.architectures);
		test.line = (size_t)number_get(reading, item, "line", 0);
		test.quality = quality_get(reading, item, "quality");
		ARRAY_GROW(
			facts->autopkgtests, facts->autopkgtest_count, facts->autopkgtest_capacity);
		facts->autopkgtests[facts->autopkgtest_count++] = test;
	}
}

static void suites_get(struct reading *reading, json_t *object, struct source_facts *facts)
{
	json_t *array = array_get(reading, object, "suites"), *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		struct upstream_suite suite = {
			.framework = text_get(reading, item, "framework", true),
			.where = text_get(reading, item, "where", true),
			.count = (uint64_t)number_get(reading, item, "count", 0),
		};

		if (!digest_get(reading, item, "sha256", &suite.sha256))
			refuse(reading, "sha256");
		ARRAY_GROW(facts->suites, facts->suite_count, facts->suite_capacity);
		facts->suites[facts->suite_count++] = suite;
	}
}

static void languages_get(struct reading *reading, json_t *object, struct source_facts *facts)
{
	json_t *array = array_get(reading, object, "languages"), *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		struct language_size language = {
			.name = text_get(reading, item, "name", true),
			.files = (uint64_t)number_get(reading, item, "files", 0),
			.bytes = (uint64_t)number_get(reading, item, "bytes", 0),
		};

		ARRAY_GROW(facts->languages, facts->language_count, facts->language_capacity);
		facts->languages[facts->language_count++] = language;
	}
}

static void claims_get(struct reading *reading, json_t *object, struct claim_list *claims)
{
	json_t *array = array_get(reading, object, "claims"), *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		struct claim claim = {
			.text = text_get(reading, item, "text", true),
			.where = text_get(reading, item, "where", true),
		};

		claim.has_sha256 = digest_get(reading, item, "sha256", &claim.sha256);
		ARRAY_GROW(claims->items, claims->count, claims->capacity);
		claims->items[claims->count++] = claim;
	}
}

static void build_get(struct reading *reading, json_t *object, struct source_facts *facts)
{
	char *run = text_get(reading, object, "run_at_build", true);
	char *fatal = text_get(reading, object, "failure_fatal", true);

	if (run && !run_at_build_parse(run, &facts->run_at_build))
		refuse(reading, "run_at_build");
	if (fatal && !failure_fatal_parse(fatal, &facts->failure_fatal))
		refuse(reading, "failure_fatal");
	free(run);
	free(fatal);
}

static void facts_get(struct reading *reading, json_t *object, struct source_facts *facts)
{
	char *format = text_get(reading, object, "format", true);
	char *rules = text_get(reading, object, "rules", true);

	if (format && strcmp(format, FACTS_FORMAT) != 0)
		refuse(reading, "format");
	if (rules && strcmp(rules, COVERAGE_RULES) != 0)
		refuse(reading, "rules");
	free(format);
	free(rules);
	facts->source = text_get(reading, object, "source", true);
	facts->version = text_get(reading, object, "version", true);
	facts->maintainer = text_get(reading, object, "maintainer", false);
	facts->changed = number_get(reading, object, "changed", INT64_MIN);
	facts->compat = text_get(reading, object, "compat", false);
	facts->build_system = text_get(reading, object, "build_system", false);
	facts->has_autopkgtest = known_get(reading, object, "has_autopkgtest");
	facts->is_testsuite_declared = bool_get(reading, object, "is_testsuite_declared");
	facts->autopkgtest_quality = quality_get(reading, object, "autopkgtest_quality");
	autopkgtests_get(reading, object, facts);
	list_get(reading, object, "triggers", &facts->triggers);
	facts->has_upstream_tests = known_get(reading, object, "has_upstream_tests");
	suites_get(reading, object, facts);
	build_get(reading, object, facts);
	facts->patch = text_get(reading, object, "patch", false);
	languages_get(reading, object, facts);
	list_get(reading, object, "services", &facts->services);
	list_get(reading, object, "setuid", &facts->setuid);
	claims_get(reading, object, &facts->claims);
	facts->trouble = text_get(reading, object, "trouble", false);
}

/* Facts that cannot be of any tree: what a wrong green would be made of. */
static const char *contradiction(const struct source_facts *facts)
{
	if (facts->has_autopkgtest != KNOWN_YES && facts->autopkgtest_quality > AUTOPKGTEST_NONE)
		return "autopkgtest_quality";
	if ((facts->suite_count > 0) != (facts->has_upstream_tests == KNOWN_YES))
		return "has_upstream_tests";
	return NULL;
}

enum status source_facts_read(
	const char *text, size_t len, struct source_facts *facts, struct error *err)
{
	struct reading reading = {0};
	json_error_t problem;
	json_t *value;

	*facts = (struct source_facts){0};
	if (len > SOURCE_FACTS_MAX)
		return error_set(err, STATUS_FORMAT, "facts of a source package are over %zu bytes",
			SOURCE_FACTS_MAX);
	value = json_loadb(text, len, JSON_REJECT_DUPLICATES, &problem);
	if (!value)
		return error_set(err, STATUS_FORMAT,
			"facts of a source package are no JSON: line %d: %s", problem.line,
			problem.text);
	if (!json_is_object(value))
		refuse(&reading, "format");
	else
		facts_get(&reading, value, facts);
	json_decref(value);
	if (!reading.wrong)
		reading.wrong = contradiction(facts);
	if (!reading.wrong)
		return STATUS_OK;
	source_facts_release(facts);
	return error_set(err, STATUS_FORMAT,
		"facts of a source package: \"%s\" is not what it has to be", reading.wrong);
}
