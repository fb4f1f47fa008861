/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/release/yaml.h"

#include <check.h>
#include <sys/stat.h>

#include "base/tempfile.h"

/* libfyaml must say nothing by itself. */
static int errors_fd;

static void set_up(void)
{
	struct error err;

	ck_assert_int_eq(tempfile_unlinked(&errors_fd, &err), STATUS_OK);
	ck_assert_int_eq(dup2(errors_fd, STDERR_FILENO), STDERR_FILENO);
}

static void tear_down(void)
{
	struct stat st;

	ck_assert_int_eq(fstat(errors_fd, &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	close(errors_fd);
}

static void refused(const char *text, size_t len, const char *expected)
{
	struct yaml yaml;
	struct error err = {0};
	/* A copy of the exact size, so that reading behind it is seen. */
	char *copy = malloc(len ? len : 1);

	memcpy(copy, text, len);
	enum status status = yaml_parse(&yaml, "r.yaml", copy, len, &err);
	ck_assert_msg(status == STATUS_USAGE, "taken: %s", text);
	ck_assert_msg(strcmp(err.text, expected) == 0, "\n%s\ngives    %s\nexpected %s", text,
		err.text, expected);
	yaml_release(&yaml);
	free(copy);
}

#define REFUSED(text, expected) refused(text, sizeof(text) - 1, expected)

static void parse(struct yaml *yaml, const char *text)
{
	struct error err = {0};

	ck_assert_msg(
		yaml_parse(yaml, "r.yaml", text, strlen(text), &err) == STATUS_OK, "%s", err.text);
}

START_TEST(values_know_their_place)
{
	struct yaml yaml;

	parse(&yaml,
		"# comment\n"
		"a: 1\n"
		"list:\n"
		"  - x y\n"
		"  - \"q\\n\"\n"
		"  - {k: 'v'}\n"
		"none:\n"
		"tilde: ~\n"
		"quoted: \"~\"\n");
	const struct yaml_node *root = yaml.root;
	ck_assert_int_eq(root->kind, YAML_MAP);
	ck_assert_uint_eq(root->count, 5);
	const struct yaml_node *a = yaml_get(root, "a");
	ck_assert_str_eq(a->text, "1");
	ck_assert(a->is_plain);
	ck_assert_uint_eq(a->line, 2);
	ck_assert_uint_eq(a->column, 4);
	const struct yaml_node *list = yaml_get(root, "list");
	ck_assert_int_eq(list->kind, YAML_LIST);
	ck_assert_uint_eq(list->count, 3);
	ck_assert_str_eq(list->items[0]->text, "x y");
	ck_assert_uint_eq(list->items[0]->line, 4);
	ck_assert_uint_eq(list->items[0]->column, 5);
	ck_assert_str_eq(list->items[1]->text, "q\n");
	ck_assert(!list->items[1]->is_plain);
	ck_assert_uint_eq(list->items[1]->column, 5);
	ck_assert_str_eq(yaml_get(list->items[2], "k")->text, "v");
	ck_assert_uint_eq(list->items[2]->keys[0]->column, 6);
	ck_assert_int_eq(yaml_get(root, "none")->kind, YAML_NULL);
	ck_assert_uint_eq(yaml_get(root, "none")->line, 7);
	ck_assert_int_eq(yaml_get(root, "tilde")->kind, YAML_NULL);
	ck_assert_int_eq(yaml_get(root, "quoted")->kind, YAML_TEXT);
	ck_assert_ptr_null(yaml_get(root, "absent"));
	yaml_release(&yaml);
	yaml_release(&yaml);
}
END_TEST

START_TEST(ordinary_forms_are_read)
{
	static const char *const texts[] = {"a: 1\n", "a: 1", "a: 1\r\nb: 2\r\n", "---\na: 1\n",
		"---\na: 1\n...\n", "{a: 1, b: [c, d]}", "{\"a\": \"1\"}", "a: >-\n  x\n  y\n",
		"a: x\n  y\n", "a: 'it''s'\n", "a: \"\\u00e4\"\n", "\n\n# c\na: ä # c\n"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct yaml yaml;

		parse(&yaml, texts[i]);
		ck_assert_ptr_nonnull(yaml_get(yaml.root, "a"));
		yaml_release(&yaml);
	}
}
END_TEST

START_TEST(what_can_mislead_is_refused)
{
	REFUSED("a: 1\nb: 2\na: 3\n",
		"r.yaml:3:1: the key \"a\" stands here twice, first in line 1");
	REFUSED("a: 1\n\"a\": 3\n", "r.yaml:2:1: the key \"a\" stands here twice, first in line 1");
	REFUSED("{a: {x: 1, x: 1}}",
		"r.yaml:1:12: the key \"x\" stands here twice, first in line 1");
	REFUSED("a: &x 1\n", "r.yaml:1:4: anchors are not allowed here");
	REFUSED("a: &x [1]\n", "r.yaml:1:4: anchors are not allowed here");
	REFUSED("a: &x {b: 1}\n", "r.yaml:1:4: anchors are not allowed here");
	REFUSED("&x a: 1\n", "r.yaml:1:1: anchors are not allowed here");
	REFUSED("a: *x\n", "r.yaml:1:4: aliases are not allowed here");
	REFUSED("a: 1\n*x : 2\n", "r.yaml:2:1: aliases are not allowed here");
	REFUSED("a: !!str 1\n", "r.yaml:1:4: tags are not allowed here");
	REFUSED("a: !x [1]\n", "r.yaml:1:4: tags are not allowed here");
	REFUSED("a: ! 1\n", "r.yaml:1:4: tags are not allowed here");
	REFUSED("a: !!binary aGk=\n", "r.yaml:1:4: tags are not allowed here");
	REFUSED("--- !!map\na: 1\n", "r.yaml:1:5: tags are not allowed here");
	REFUSED("<<: {a: 1}\n", "r.yaml:1:1: merges (<<) are not allowed here");
	REFUSED("\"<<\": {a: 1}\n", "r.yaml:1:1: merges (<<) are not allowed here");
	REFUSED("? [a]\n: 1\n", "r.yaml:1:3: a key must be a text");
	REFUSED("? {a: b}\n: 1\n", "r.yaml:1:3: a key must be a text");
	REFUSED("~: 1\n", "r.yaml:1:1: a key must be a text");
	REFUSED(": 1\n", "r.yaml:1:1: a key must be a text");
	REFUSED("a: 1\n---\nb: 2\n", "r.yaml:2:1: a second document is not allowed here");
	REFUSED("a: 1\n---\n", "r.yaml:2:1: a second document is not allowed here");
	REFUSED("%YAML 1.1\n---\na: 1\n",
		"r.yaml:2:1: directives (%YAML, %TAG) are not allowed here");
	REFUSED("%TAG ! tag:example.org,2026:\n---\na: 1\n",
		"r.yaml:2:1: directives (%YAML, %TAG) are not allowed here");
}
END_TEST

START_TEST(what_is_not_seen_is_refused)
{
	REFUSED("a: 1\n# x\u202ey\n", "r.yaml:2:4: the invisible character U+202E is not allowed");
	REFUSED("\ufeffa: 1\n", "r.yaml:1:1: the invisible character U+FEFF is not allowed");
	REFUSED("a: x\0y\n", "r.yaml:1:5: the invisible character U+0000 is not allowed");
	REFUSED("a: \033[2J\n", "r.yaml:1:4: the invisible character U+001B is not allowed");
	REFUSED("a: 1\rb: 2\n", "r.yaml:1:5: the invisible character U+000D is not allowed");
	REFUSED("a: 1\xc2\x85"
		"b: 2\n",
		"r.yaml:1:5: the invisible character U+0085 is not allowed");
	REFUSED("a: 1\u2028b: 2\n", "r.yaml:1:5: the invisible character U+2028 is not allowed");
	REFUSED("ä: \xff\n", "r.yaml:1:4: this is not UTF-8");
	REFUSED("a\0:\0 \0", "r.yaml:1:2: the invisible character U+0000 is not allowed");
	REFUSED("a: \"\\0\"\n", "r.yaml:1:4: a NUL character is not allowed");
	REFUSED("\"a\\0\": 1\n", "r.yaml:1:1: a NUL character is not allowed");
}
END_TEST

/* Wrong syntax is told with its place; what is said is libfyaml's. */
START_TEST(what_is_no_yaml_is_refused)
{
	static const char *const texts[] = {"a: [1\nb: }\n", "a:\n\tb: 1\n", "a: \"x\n",
		"a: b: c\n", "a: 1\n  b: 2\n", "[a", "- a\nb: 1\n", "a: @x\n", "a: `x\n", "}", "%",
		"a: \"\\q\"\n", "a: 'x\n", "{a: 1", "a: |\nb\n  c: {", "a: 1\n...\nb: 2\n%X",
		"a: \"\\ud800\"\n"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct yaml yaml;
		struct error err = {0};
		unsigned line = 0, column = 0;

		ck_assert_msg(yaml_parse(&yaml, "r.yaml", texts[i], strlen(texts[i]), &err) ==
				STATUS_USAGE,
			"taken: %s", texts[i]);
		ck_assert_msg(sscanf(err.text, "r.yaml:%u:%u: ", &line, &column) == 2 && line > 0 &&
				column > 0,
			"%s", err.text);
		yaml_release(&yaml);
	}
	REFUSED("", "r.yaml:1:1: there is nothing in this file");
	REFUSED("# only a comment\n", "r.yaml:1:1: there is nothing in this file");
}
END_TEST

START_TEST(depth_is_bounded)
{
	char text[200001];
	struct yaml yaml;
	struct error err = {0};

	memset(text, '[', 16);
	memset(text + 16, ']', 16);
	ck_assert_int_eq(yaml_parse(&yaml, "r", text, 32, &err), STATUS_OK);
	yaml_release(&yaml);
	memset(text, '[', 200000);
	ck_assert_int_eq(yaml_parse(&yaml, "r", text, 200000, &err), STATUS_USAGE);
	ck_assert_str_eq(err.text, "r:1:17: this is nested too deeply");
	yaml_release(&yaml);
	for (size_t i = 0; i < 200000; i += 2)
		memcpy(text + i, "- ", 2);
	ck_assert_int_eq(yaml_parse(&yaml, "r", text, 200000, &err), STATUS_USAGE);
	yaml_release(&yaml);
}
END_TEST

/* Any beginning of a good descriptor, and any of its bytes replaced, is taken or refused. */
START_TEST(damage_is_survived)
{
	static const char good[] = "name: v1\nlist:\n  - {a: \"x\\t\", b: 'y'}\n  - >-\n    z\n"
				   "map: {k: [1, ~]}\n";
	static const char replaced[] = "\0\n\t :-{}[]&*!|>'\"%@\xff\\#";
	char text[sizeof(good)];

	for (size_t len = 0; len < sizeof(good); len++) {
		struct yaml yaml;
		struct error err;

		memcpy(text, good, sizeof(good));
		yaml_parse(&yaml, "r", text, len, &err);
		yaml_release(&yaml);
		for (size_t r = 0; len < sizeof(good) - 1 && r < sizeof(replaced) - 1; r++) {
			text[len] = replaced[r];
			yaml_parse(&yaml, "r", text, sizeof(good) - 1, &err);
			yaml_release(&yaml);
		}
	}
}
END_TEST

/* The answer of one of the typed readers to a value, "" when it takes it. */
#define ANSWER(input, call)                                                                        \
	parse(&yaml, input);                                                                       \
	node = yaml_get(yaml.root, "a");                                                           \
	answer[0] = '\0';                                                                          \
	if ((call) != STATUS_OK)                                                                   \
		snprintf(answer, sizeof(answer), "%.*s", (int)sizeof(answer) - 1, err.text);       \
	yaml_release(&yaml)

START_TEST(texts_are_checked)
{
	struct yaml yaml;
	const struct yaml_node *node;
	struct error err;
	char answer[ERROR_TEXT_SIZE];
	const char *value;

	ANSWER("a: 1.8\n", yaml_text(&yaml, node, &value, &err));
	ck_assert_str_eq(answer, "");
	ANSWER("a: no\n", yaml_text(&yaml, node, &value, &err));
	ck_assert_str_eq(answer, "");
	ANSWER("a:\n", yaml_text(&yaml, node, &value, &err));
	ck_assert_str_eq(answer, "r.yaml:1:1: this must be a text, and is nothing");
	ANSWER("a: null\n", yaml_text(&yaml, node, &value, &err));
	ck_assert_str_eq(answer, "r.yaml:1:4: this must be a text, and is nothing");
	ANSWER("a: \"\"\n", yaml_text(&yaml, node, &value, &err));
	ck_assert_str_eq(answer, "r.yaml:1:4: this text must not be empty");
	ANSWER("a: \"\"\n", yaml_text_or_empty(&yaml, node, &value, &err));
	ck_assert_str_eq(answer, "");
	ANSWER("a: [x]\n", yaml_text(&yaml, node, &value, &err));
	ck_assert_str_eq(answer, "r.yaml:1:4: this must be a text, and is a list");
	ANSWER("a: {x: y}\n", yaml_text(&yaml, node, &value, &err));
	ck_assert_str_eq(answer, "r.yaml:1:4: this must be a text, and is a map");
	ANSWER("a: \"x\\e[2J\"\n", yaml_text(&yaml, node, &value, &err));
	ck_assert_str_eq(
		answer, "r.yaml:1:4: this text holds the character U+001B, which is not allowed");
	ANSWER("a: \"\\u202e\"\n", yaml_text_or_empty(&yaml, node, &value, &err));
	ck_assert_str_eq(
		answer, "r.yaml:1:4: this text holds the character U+202E, which is not allowed");
	ANSWER("a: |\n  x\n", yaml_text(&yaml, node, &value, &err));
	ck_assert_str_eq(
		answer, "r.yaml:2:1: this text holds the character U+000A, which is not allowed");
	ANSWER("a: x\n", yaml_list(&yaml, node, &err));
	ck_assert_str_eq(answer, "r.yaml:1:4: this must be a list, and is a text");
	ANSWER("a: [x]\n", yaml_map(&yaml, node, &err));
	ck_assert_str_eq(answer, "r.yaml:1:4: this must be a map, and is a list");
}
END_TEST

START_TEST(booleans_are_true_or_false)
{
	static const char *const wrong[] = {"yes", "no", "True", "FALSE", "on", "0", "1",
		"\"true\"", "~", "[true]", "truely", "", "{}"};
	struct yaml yaml;
	const struct yaml_node *node;
	struct error err;
	char answer[ERROR_TEXT_SIZE];
	bool value = false;

	ANSWER("a: true\n", yaml_bool(&yaml, node, &value, &err));
	ck_assert_str_eq(answer, "");
	ck_assert(value);
	ANSWER("a: false\n", yaml_bool(&yaml, node, &value, &err));
	ck_assert_str_eq(answer, "");
	ck_assert(!value);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		char text[50];

		snprintf(text, sizeof(text), "a: %s\n", wrong[i]);
		ANSWER(text, yaml_bool(&yaml, node, &value, &err));
		ck_assert_msg(strstr(answer, ": this must be true or false"), "%s", text);
	}
}
END_TEST

START_TEST(numbers_are_whole_and_bounded)
{
	static const char *const wrong[] = {"-1", "+1", "1.0", "1e3", "0x10", "0o7", "010", "1_000",
		"\"5\"", "~", "", "[5]", "1001", "99999999999999999999999", "5 5", "5x", "٥"};
	struct yaml yaml;
	const struct yaml_node *node;
	struct error err;
	char answer[ERROR_TEXT_SIZE];
	int64_t value = -1;

	ANSWER("a: 0\n", yaml_integer(&yaml, node, 0, 1000, &value, &err));
	ck_assert_str_eq(answer, "");
	ck_assert_int_eq(value, 0);
	ANSWER("a: 1000\n", yaml_integer(&yaml, node, 0, 1000, &value, &err));
	ck_assert_str_eq(answer, "");
	ck_assert_int_eq(value, 1000);
	ANSWER("a: 0\n", yaml_integer(&yaml, node, 1, 1000, &value, &err));
	ck_assert_str_eq(answer, "r.yaml:1:4: this must be a whole number from 1 to 1000");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		char text[50];

		snprintf(text, sizeof(text), "a: %s\n", wrong[i]);
		ANSWER(text, yaml_integer(&yaml, node, 0, 1000, &value, &err));
		ck_assert_msg(strstr(answer, ": this must be a whole number"), "%s", text);
	}
}
END_TEST

START_TEST(lists_of_texts_are_checked)
{
	struct yaml yaml;
	const struct yaml_node *node;
	struct error err;
	char answer[ERROR_TEXT_SIZE];
	struct text_list list = {0};

	ANSWER("a: [x, y]\n", yaml_texts(&yaml, node, &list, &err));
	ck_assert_str_eq(answer, "");
	ck_assert_uint_eq(list.count, 2);
	text_list_release(&list);
	ANSWER("a: []\n", yaml_texts(&yaml, node, &list, &err));
	ck_assert_str_eq(answer, "r.yaml:1:4: this list must not be empty");
	ANSWER("a: [x, y, x]\n", yaml_texts(&yaml, node, &list, &err));
	ck_assert_str_eq(answer, "r.yaml:1:11: \"x\" stands here twice");
	text_list_release(&list);
	ANSWER("a: [x, [y]]\n", yaml_texts(&yaml, node, &list, &err));
	ck_assert_str_eq(answer, "r.yaml:1:8: this must be a text, and is a list");
	text_list_release(&list);
	ANSWER("a: x\n", yaml_texts(&yaml, node, &list, &err));
	ck_assert_str_eq(answer, "r.yaml:1:4: this must be a list, and is a text");
	text_list_release(&list);
}
END_TEST

START_TEST(the_nearest_word_is_named)
{
	static const char *const words[] = {"artifacts", "name", "pin", "source_date_epoch"};

	ck_assert_str_eq(yaml_nearest("artefacts", words, 4), "artifacts");
	ck_assert_str_eq(yaml_nearest("artifact", words, 4), "artifacts");
	ck_assert_str_eq(yaml_nearest("nam", words, 4), "name");
	ck_assert_str_eq(yaml_nearest("pins", words, 4), "pin");
	ck_assert_str_eq(yaml_nearest("source-date-epoch", words, 4), "source_date_epoch");
	ck_assert_ptr_null(yaml_nearest("x", words, 4));
	ck_assert_ptr_null(yaml_nearest("abc", words, 4));
	ck_assert_ptr_null(yaml_nearest("", words, 4));
	ck_assert_ptr_null(yaml_nearest("name", words, 0));
	char *large = malloc(100001);
	memset(large, 'a', 100000);
	large[100000] = '\0';
	ck_assert_ptr_null(yaml_nearest(large, words, 4));
	free(large);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("yaml");
	TCase *test = tcase_create("yaml");

	tcase_set_timeout(test, 60);
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, values_know_their_place);
	tcase_add_test(test, ordinary_forms_are_read);
	tcase_add_test(test, what_can_mislead_is_refused);
	tcase_add_test(test, what_is_not_seen_is_refused);
	tcase_add_test(test, what_is_no_yaml_is_refused);
	tcase_add_test(test, depth_is_bounded);
	tcase_add_test(test, damage_is_survived);
	tcase_add_test(test, texts_are_checked);
	tcase_add_test(test, booleans_are_true_or_false);
	tcase_add_test(test, numbers_are_whole_and_bounded);
	tcase_add_test(test, lists_of_texts_are_checked);
	tcase_add_test(test, the_nearest_word_is_named);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
