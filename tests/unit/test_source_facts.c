/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests/unit/source_package.h"

static struct buffer text;
static size_t told, failed_at;

static void setup(void)
{
	package_setup();
	text = (struct buffer){0};
	told = 0;
}

static void teardown(void)
{
	buffer_release(&text);
	package_teardown();
}

static void make_facts(void)
{
	package("put x-1/tests/Makefile.am 'TESTS = a'; put x-1/a.c; orig\n"
		"put debian/rules '#!/usr/bin/make -f'; put debian/tests/control 'Tests: t'\n"
		"put debian/tests/t 'x run'; put debian/x.service\n"
		"debian; dsc '3.0 (quilt)' 'Testsuite: autopkgtest' 'Testsuite-Triggers: "
		"\"q\\u00e9'");
	package_read();
	source_facts_judge(&tree, "amd64", &facts);
}

START_TEST(text_and_back_is_the_same)
{
	struct source_facts again;
	struct buffer second = {0};

	make_facts();
	source_facts_write(&facts, &text);
	ck_assert_msg(source_facts_read(text.data, text.len, &again, &comparing.err) == STATUS_OK,
		"%s", comparing.err.text);
	source_facts_write(&again, &second);
	ck_assert_str_eq(buffer_text(&text), buffer_text(&second));
	ck_assert_str_eq(again.source, "x");
	ck_assert_int_eq(again.has_autopkgtest, KNOWN_YES);
	ck_assert_int_eq(again.autopkgtest_quality, AUTOPKGTEST_FUNCTIONAL);
	ck_assert_int_eq(again.has_upstream_tests, KNOWN_YES);
	ck_assert_uint_eq(again.suite_count, 1);
	ck_assert_uint_eq(again.claims.count, facts.claims.count);
	ck_assert_uint_eq(again.services.count, 1);
	source_facts_release(&again);
	buffer_release(&second);
}
END_TEST

/* The text with one place changed is refused, and says which key. */
static void refuse(const char *from, const char *to, const char *key)
{
	const char *at = strstr(buffer_text(&text), from);
	struct buffer changed = {0};
	struct source_facts again;

	ck_assert_msg(at != NULL, "%s is not in %s", from, buffer_text(&text));
	buffer_add(&changed, text.data, (size_t)(at - text.data));
	buffer_add_text(&changed, to);
	buffer_add_text(&changed, at + strlen(from));
	ck_assert_msg(source_facts_read(changed.data, changed.len, &again, &comparing.err) ==
			STATUS_FORMAT,
		"taken: %s", to);
	ck_assert_msg(strstr(comparing.err.text, key) != NULL, "%s: %s", to, comparing.err.text);
	ck_assert_ptr_null(again.source);
	buffer_release(&changed);
}

START_TEST(what_is_not_of_the_form_is_refused)
{
	make_facts();
	source_facts_write(&facts, &text);
	refuse("\"rules\":\"" COVERAGE_RULES "\"", "\"rules\":\"0\"", "rules");
	refuse("reproof-source-facts-1", "reproof-source-facts-2", "format");
	refuse("\"source\":\"x\"", "\"source\":null", "source");
	refuse("\"source\":\"x\",", "", "source");
	refuse("\"has_autopkgtest\":true", "\"has_autopkgtest\":1", "has_autopkgtest");
	refuse("\"has_autopkgtest\":true", "\"has_autopkgtest\":false", "autopkgtest_quality");
	refuse("\"has_upstream_tests\":true", "\"has_upstream_tests\":null", "has_upstream_tests");
	refuse("\"functional\"", "\"perfect\"", "quality");
	refuse("\"run_at_build\":\"no\"", "\"run_at_build\":\"always\"", "run_at_build");
	refuse("\"changed\":0", "\"changed\":\"0\"", "changed");
	refuse("\"count\":1", "\"count\":-1", "count");
	refuse("\"services\":[", "\"services\":[7,", "services");
	refuse("{\"format\"", "{\"source\":\"y\",\"format\"", "duplicate");
	refuse("\"trouble\":null}", "\"trouble\":null}x", "JSON");
	refuse("\"trouble\":null}", "\"trouble\":null", "JSON");
}
END_TEST

static enum status open_package(
	void *context, size_t index, struct source_opened *opened, struct error *err)
{
	(void)context;
	if (index == failed_at)
		return error_set(err, STATUS_NOT_FOUND, "not in the store");
	package_open(opened, NULL);
	return STATUS_OK;
}

static void facts_take(
	void *context, size_t index, struct source_facts *made, const struct error *err)
{
	struct buffer *to = context;

	told++;
	if (made)
		source_facts_write(made, to);
	else
		buffer_add_format(to, "%zu: %d %s\n", index, (int)err->status, err->text);
}

static const struct source_facts_work work = {
	.open = open_package, .done = facts_take, .context = &text};

START_TEST(workers_make_the_same_each_time)
{
	struct buffer here = {0};

	failed_at = SIZE_MAX;
	make_facts();
	for (int i = 0; i < 5; i++)
		source_facts_write(&facts, &here);
	source_facts_make(5, 2, "amd64", &package_limits, &work);
	ck_assert_uint_eq(told, 5);
	ck_assert_str_eq(buffer_text(&text), buffer_text(&here));
	buffer_release(&here);
}
END_TEST

START_TEST(one_that_fails_is_told_and_the_rest_is_made)
{
	failed_at = 1;
	make_facts();
	source_facts_make(3, 1, "amd64", &package_limits, &work);
	ck_assert_uint_eq(told, 3);
	ck_assert_ptr_nonnull(strstr(buffer_text(&text), "not in the store"));
	buffer_clear(&text);
	package("echo nonsense >x_1-1.dsc");
	failed_at = SIZE_MAX;
	source_facts_make(1, 1, "amd64", &package_limits, &work);
	ck_assert_ptr_nonnull(strstr(buffer_text(&text), "0: -5 x_1-1.dsc"));
}
END_TEST

START_TEST(a_bomb_is_trouble_and_not_an_answer)
{
	failed_at = SIZE_MAX;
	package("mkdir -p x-1; truncate -s 200M x-1/Makefile; orig; put debian/rules; debian\n"
		"dsc '3.0 (quilt)'");
	source_facts_make(1, 1, "amd64", &package_limits, &work);
	ck_assert_ptr_nonnull(strstr(buffer_text(&text), "bomb"));
	ck_assert_ptr_nonnull(strstr(buffer_text(&text), "\"has_upstream_tests\":null"));
	ck_assert_ptr_nonnull(strstr(buffer_text(&text), "\"has_autopkgtest\":false"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("source_facts");
	TCase *tcase = tcase_create("core");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, text_and_back_is_the_same);
	tcase_add_test(tcase, what_is_not_of_the_form_is_refused);
	tcase_add_test(tcase, workers_make_the_same_each_time);
	tcase_add_test(tcase, one_that_fails_is_told_and_the_rest_is_made);
	tcase_add_test(tcase, a_bomb_is_trouble_and_not_an_answer);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
