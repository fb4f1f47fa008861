/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_pair.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

static struct file_set published, rebuilt;
static struct pair_list pairs;

static void set_up(void)
{
	published = rebuilt = (struct file_set)FILE_SET_INIT;
	pairs = (struct pair_list){0};
}

static void tear_down(void)
{
	pair_list_release(&pairs);
	file_set_release(&published);
	file_set_release(&rebuilt);
}

/* Names with a blank between, in any order. */
static void fill(struct file_set *set, const char *names)
{
	while (*names) {
		size_t len = strcspn(names, " ");
		char *name = strndup(names, len);

		file_set_add(set, name, FILE_HASH_ONLY);
		free(name);
		names += len + (names[len] != '\0');
	}
	file_set_sort(set);
}

/* One line a pair: "NAME:pr", "p-" when it was not rebuilt; " optional"; " ! PROBLEM". */
static void expect(const char *expected)
{
	struct buffer text = {0};

	for (size_t i = 0; i < pairs.count; i++) {
		const struct artifact_pair *pair = &pairs.items[i];

		if (pair->published)
			ck_assert_str_eq(pair->published->name, pair->name);
		if (pair->rebuilt)
			ck_assert_str_eq(pair->rebuilt->name, pair->name);
		buffer_add_format(&text, "%s:%c%c%s%s%s\n", pair->name, pair->published ? 'p' : '-',
			pair->rebuilt ? 'r' : '-', pair->required ? "" : " optional",
			pair->problem ? " ! " : "", pair->problem ? pair->problem : "");
	}
	ck_assert_str_eq(buffer_text(&text), expected);
	buffer_release(&text);
}

static void pair_all(const struct release *release)
{
	pair_files(&published, &rebuilt, release, &pairs);
}

START_TEST(files_pair_one_to_one_by_name)
{
	fill(&published, "c a sub/a b");
	fill(&rebuilt, "b sub/a d a2 a");
	pair_all(NULL);
	expect("a:pr\na2:-r\nb:pr\nc:p-\nd:-r\nsub/a:pr\n");
}
END_TEST

START_TEST(one_side_or_both_may_be_empty)
{
	pair_all(NULL);
	expect("");
	fill(&published, "a");
	pair_all(NULL);
	expect("a:p-\n");
	pair_list_release(&pairs);
	file_set_release(&published);
	fill(&rebuilt, "a");
	pair_all(NULL);
	expect("a:-r\n");
}
END_TEST

static struct release_artifact entries[] = {
	{.name = (char *)"*.tar", .required = true},
	{.name = (char *)"log/*", .required = false},
	{.name = (char *)"boot.img", .required = true},
	{.name = (char *)"notes", .required = false},
};

static struct release release_of_entries(void)
{
	return (struct release){.artifacts = entries, .artifact_count = ARRAY_SIZE(entries)};
}

START_TEST(entries_say_what_is_required)
{
	struct release release = release_of_entries();

	fill(&published, "a.tar boot.img log/1 notes");
	fill(&rebuilt, "a.tar boot.img log/1 notes");
	pair_all(&release);
	expect("a.tar:pr\nboot.img:pr\nlog/1:pr optional\nnotes:pr optional\n");
}
END_TEST

START_TEST(a_glob_does_not_cross_a_slash)
{
	struct release release = release_of_entries();

	fill(&published, "boot.img log/1/2 sub/a.tar x.tar");
	fill(&rebuilt, "boot.img log/1/2 sub/a.tar x.tar");
	pair_all(&release);
	expect("boot.img:pr\n"
	       "log/1/2:pr ! no entry of the descriptor matches it; add one to artifacts, or "
	       "ignore it with a reason\n"
	       "sub/a.tar:pr ! no entry of the descriptor matches it; add one to artifacts, or "
	       "ignore it with a reason\n"
	       "x.tar:pr\n");
}
END_TEST

START_TEST(required_on_neither_side_is_a_pair_and_optional_is_none)
{
	struct release release = release_of_entries();

	fill(&published, "a.tar");
	fill(&rebuilt, "a.tar");
	pair_all(&release);
	expect("a.tar:pr\nboot.img:-- ! required, and on neither side\n");
	pair_list_release(&pairs);
	file_set_release(&published);
	file_set_release(&rebuilt);
	pair_all(&release);
	expect("*.tar:-- ! required, and on neither side\n"
	       "boot.img:-- ! required, and on neither side\n");
}
END_TEST

START_TEST(required_and_rebuilt_only_is_missing_from_what_was_published)
{
	struct release release = release_of_entries();

	fill(&published, "a.tar");
	fill(&rebuilt, "a.tar boot.img notes");
	pair_all(&release);
	expect("a.tar:pr\n"
	       "boot.img:-r ! required, and missing from what was published\n"
	       "notes:-r optional\n");
}
END_TEST

/* An entry that stands twice, and an optional one beside a required one: neither may decide. */
START_TEST(two_entries_for_one_file_are_a_problem_and_it_is_required)
{
	struct release_artifact twice[] = {
		{.name = (char *)"a", .required = false},
		{.name = (char *)"a", .required = false},
		{.name = (char *)"b", .required = true},
		{.name = (char *)"?", .required = false},
	};
	struct release release = {.artifacts = twice, .artifact_count = 4};

	fill(&published, "a b c");
	fill(&rebuilt, "a b c");
	pair_all(&release);
	expect("a:pr ! 3 artifact entries of the descriptor match it; exactly one must\n"
	       "b:pr ! 2 artifact entries of the descriptor match it; exactly one must\n"
	       "c:pr optional\n");
}
END_TEST

START_TEST(what_is_ignored_is_in_no_pair_unless_an_entry_names_it)
{
	struct release_ignore ignores[] = {{.name = (char *)"*.log"}, {.name = (char *)"boot.img"}};
	struct release release = release_of_entries();

	release.ignores = ignores;
	release.ignore_count = ARRAY_SIZE(ignores);
	fill(&published, "a.tar build.log boot.img");
	fill(&rebuilt, "a.tar other.log boot.img sub/x.log");
	pair_all(&release);
	expect("a.tar:pr\n"
	       "boot.img:pr ! an artifact entry and an ignore of the descriptor match it; only "
	       "one may\n"
	       "sub/x.log:-r ! no entry of the descriptor matches it; add one to artifacts, or "
	       "ignore it with a reason\n");
}
END_TEST

static enum status choose(const char *first, const char *second, struct error *err)
{
	struct text_list globs = {0};
	enum status status;

	if (first)
		text_list_add(&globs, first);
	if (second)
		text_list_add(&globs, second);
	status = pair_select(&pairs, &globs, err);
	text_list_release(&globs);
	return status;
}

START_TEST(globs_choose_pairs)
{
	struct error err;

	fill(&published, "a.tar b.tar c sub/d.tar");
	fill(&rebuilt, "a.tar c e.tar");
	pair_all(NULL);
	ck_assert_int_eq(choose(NULL, NULL, &err), STATUS_OK);
	ck_assert_uint_eq(pairs.count, 5);
	ck_assert_int_eq(choose("*.tar", "a*", &err), STATUS_OK);
	expect("a.tar:pr\nb.tar:p-\ne.tar:-r\n");
}
END_TEST

START_TEST(a_glob_that_chooses_nothing_is_an_error)
{
	struct error err;

	fill(&published, "a.tar sub/d.img");
	pair_all(NULL);
	ck_assert_int_eq(choose("a.tar", "*.img", &err), STATUS_USAGE);
	ck_assert_str_eq(err.text, "--artifact *.img matches nothing on either side");
	pair_list_release(&pairs);
	ck_assert_int_eq(choose("*", NULL, &err), STATUS_USAGE);
}
END_TEST

START_TEST(the_sides_alone_decide_some_verdicts)
{
	struct file file = {.name = (char *)"a"};
	const struct {
		struct artifact_pair pair;
		bool decided;
		enum verdict verdict;
	} cases[] = {
		{{.published = &file, .rebuilt = &file}, false, VERDICT_COUNT},
		{{.published = &file}, true, VERDICT_MISSING},
		{{.rebuilt = &file}, true, VERDICT_EXTRA},
		{{.problem = (char *)"neither"}, true, VERDICT_MISSING},
		{{.published = &file, .rebuilt = &file, .problem = (char *)"no entry"}, true,
			VERDICT_MISSING},
		{{.rebuilt = &file, .problem = (char *)"no entry"}, true, VERDICT_EXTRA},
		{{.published = &file, .problem = (char *)"no entry"}, true, VERDICT_MISSING},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enum verdict verdict = VERDICT_COUNT;

		ck_assert_msg(pair_is_decided(&cases[i].pair, &verdict) == cases[i].decided,
			"case %zu", i);
		ck_assert_msg(verdict == cases[i].verdict, "case %zu: %d", i, verdict);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pair");
	TCase *tcase = tcase_create("pair");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, files_pair_one_to_one_by_name);
	tcase_add_test(tcase, one_side_or_both_may_be_empty);
	tcase_add_test(tcase, entries_say_what_is_required);
	tcase_add_test(tcase, a_glob_does_not_cross_a_slash);
	tcase_add_test(tcase, required_on_neither_side_is_a_pair_and_optional_is_none);
	tcase_add_test(tcase, required_and_rebuilt_only_is_missing_from_what_was_published);
	tcase_add_test(tcase, two_entries_for_one_file_are_a_problem_and_it_is_required);
	tcase_add_test(tcase, what_is_ignored_is_in_no_pair_unless_an_entry_names_it);
	tcase_add_test(tcase, globs_choose_pairs);
	tcase_add_test(tcase, a_glob_that_chooses_nothing_is_an_error);
	tcase_add_test(tcase, the_sides_alone_decide_some_verdicts);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
