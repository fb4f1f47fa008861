/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/data_fixture.h"

#include "verifier/coverage/rebuilderd.h"

/* As rebuilderd answers, and as the export is written (sorted keys). */
static const char list[] =
	"[{\"name\":\"zlib1g\",\"version\":\"1:1.2-1\",\"status\":\"GOOD\",\"distro\":\"debian\","
	"\"suite\":\"bookworm\",\"architecture\":\"amd64\",\"artifact_url\":\"x\",\"build_id\":7,"
	"\"built_at\":\"2026-11-23T03:12:00.1\",\"has_diffoscope\":false,\"has_attestation\":true},"
	"{\"name\":\"zlib1g\",\"version\":\"1:1.2-2\",\"status\":\"BAD\",\"distro\":\"debian\","
	"\"suite\":\"trixie\",\"architecture\":\"amd64\",\"artifact_url\":\"x\",\"build_id\":null,"
	"\"built_at\":null,\"has_diffoscope\":true,\"has_attestation\":false},"
	"{\"name\":\"zlib1g\",\"version\":\"1:1.2-1\",\"status\":\"BAD\",\"distro\":\"archlinux\","
	"\"suite\":\"extra\",\"architecture\":\"amd64\"},"
	"{\"name\":\"zlib-doc\",\"version\":\"1:1.2-1\",\"status\":\"UNKWN\",\"distro\":\"debian\","
	"\"suite\":\"bookworm\",\"architecture\":\"all\"}]";
static const char export[] =
	"[\n    {\n        \"architecture\": \"amd64\",\n        \"build_date\": \"2026-11-23 "
	"03:12\",\n"
	"        \"package\": \"zlib\",\n        \"status\": \"reproducible\",\n"
	"        \"suite\": \"bookworm\",\n        \"version\": \"1:1.2-1\"\n    },\n"
	"    {\"architecture\": \"arm64\", \"package\": \"zlib\", \"status\": \"FTBR\","
	" \"suite\": \"bookworm\", \"version\": \"1:1.2-1\"},\n"
	"    {\"architecture\": \"i386\", \"package\": \"zlib\", \"status\": \"FTBFS\","
	" \"suite\": \"bookworm\", \"version\": \"1:1.2-1\"}\n]\n";

static struct rebuilderd rebuilderd;
static struct data_file file;

static enum status read_text(const char *text)
{
	static const char *const names[] = {"zlib", "zlib1g", "zlib-doc"};
	struct text_list names_list = {0};
	enum status status;

	names_of(&names_list, names, ARRAY_SIZE(names));
	data_of_text(&file, "r.json", text);
	status = rebuilderd_read(&rebuilderd, &file, &names_list, &err);
	text_list_release(&names_list);
	return status;
}

static void release(void)
{
	rebuilderd_release(&rebuilderd);
	coverage_claims_release(&claims);
	data_file_release(&file);
}

static struct rebuilt_answer look_up(
	bool is_source, const char *name, const char *version, const char *architecture)
{
	return rebuilderd_look_up(
		&rebuilderd, is_source, name, version, NULL, architecture, &claims);
}

START_TEST(binaries_of_rebuilderd)
{
	struct rebuilt_answer answer;

	ck_assert_msg(read_text(list) == STATUS_OK, "%s", err.text);
	answer = look_up(false, "zlib1g", "1:1.2-1", "amd64");
	ck_assert(answer.is_known);
	ck_assert_int_eq(answer.rebuilt, REBUILT_GOOD);
	assert_claimed(&file, "r.json#/0", "zlib1g 1:1.2-1 on amd64 is GOOD, 2026-11-23");
	answer = look_up(false, "zlib1g", "1:1.2-2", "amd64");
	ck_assert_int_eq(answer.rebuilt, REBUILT_BAD);
	answer = look_up(false, "zlib-doc", "1:1.2-1", "amd64");
	ck_assert(answer.is_known);
	ck_assert_int_eq(answer.rebuilt, REBUILT_UNKNOWN);
	/* Of another version, architecture or kind nothing is said. */
	ck_assert(!look_up(false, "zlib1g", "1:1.2-3", "amd64").is_known);
	ck_assert(!look_up(false, "zlib1g", "1:1.2-1", "arm64").is_known);
	ck_assert(!look_up(true, "zlib1g", "1:1.2-1", "amd64").is_known);
	ck_assert(!rebuilderd_look_up(
		&rebuilderd, false, "zlib1g", "1:1.2-1", "trixie", "amd64", &claims)
			   .is_known);
	release();
}
END_TEST

START_TEST(sources_of_the_export)
{
	ck_assert_msg(read_text(export) == STATUS_OK, "%s", err.text);
	ck_assert_int_eq(look_up(true, "zlib", "1:1.2-1", "amd64").rebuilt, REBUILT_GOOD);
	assert_claimed(&file, "r.json#/0", "is reproducible, 2026-11-23 03:12");
	ck_assert_int_eq(look_up(true, "zlib", "1:1.2-1", "arm64").rebuilt, REBUILT_BAD);
	ck_assert_int_eq(look_up(true, "zlib", "1:1.2-1", "i386").rebuilt, REBUILT_UNKNOWN);
	ck_assert(look_up(true, "zlib", "1:1.2-1", "i386").is_known);
	ck_assert(!look_up(true, "zlib", "1:1.2-1", "riscv64").is_known);
	release();
}
END_TEST

/* Whatever order they stand in, the worst counts. */
START_TEST(the_worst_counts)
{
	static const char *const texts[] = {"GOOD", "BAD", "UNKWN"};
	static const enum rebuilt worst[3][3] = {
		{REBUILT_GOOD, REBUILT_BAD, REBUILT_UNKNOWN},
		{REBUILT_BAD, REBUILT_BAD, REBUILT_BAD},
		{REBUILT_UNKNOWN, REBUILT_BAD, REBUILT_UNKNOWN},
	};

	for (int a = 0; a < 3; a++) {
		for (int b = 0; b < 3; b++) {
			char *text = xasprintf("[{\"name\": \"zlib1g\", \"version\": \"1\", "
					       "\"architecture\": \"amd64\", \"status\": \"%s\"},"
					       "{\"name\": \"zlib1g\", \"version\": \"1\", "
					       "\"architecture\": \"amd64\", \"status\": \"%s\"}]",
				texts[a], texts[b]);

			ck_assert_int_eq(read_text(text), STATUS_OK);
			ck_assert_int_eq(
				look_up(false, "zlib1g", "1", "amd64").rebuilt, worst[a][b]);
			release();
			free(text);
		}
	}
}
END_TEST

/* Words are of one form each: a word of the other, or in other letters, shows nothing. */
START_TEST(other_words_show_nothing)
{
	static const char *const words[] = {"good", "reproducible", "", "GOODx"};
	char *text = xasprintf("[{\"name\": \"zlib1g\", \"version\": \"1\", \"architecture\": "
			       "\"amd64\", \"status\": \"%s\"}]",
		words[_i]);

	ck_assert_int_eq(read_text(text), STATUS_OK);
	ck_assert_int_eq(look_up(false, "zlib1g", "1", "amd64").rebuilt, REBUILT_UNKNOWN);
	release();
	free(text);
}
END_TEST

static const struct {
	const char *text, *words;
} bad[] = {
	{"{}", "no array"},
	{"[[]]", "no object"},
	{"[{}]", "without one name"},
	{"[{\"name\": \"a\", \"package\": \"b\"}]", "without one name"},
	{"[{\"name\": \"zlib1g\", \"version\": \"1\", \"status\": \"GOOD\"}]", "without version"},
	{"[{\"name\": \"zlib1g\", \"status\": \"BAD\", \"status\": \"GOOD\"}]", "stands twice"},
	{"[{\"name\": \"zlib1g\", \"status\": {}}]", "no text"},
	{"[{\"name\": \"zlib1g\", \"version\": \"1\", \"architecture\": \"a\", \"status\": "
	 "\"GOOD\"}",
		"nothing of it is used"},
};

START_TEST(other_forms_are_refused)
{
	assert_refused(read_text(bad[_i].text), STATUS_FORMAT, bad[_i].words);
	ck_assert_ptr_null(rebuilderd.packages);
	data_file_release(&file);
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_test(tcase, binaries_of_rebuilderd);
	tcase_add_test(tcase, sources_of_the_export);
	tcase_add_test(tcase, the_worst_counts);
	tcase_add_loop_test(tcase, other_words_show_nothing, 0, 4);
	tcase_add_loop_test(tcase, other_forms_are_refused, 0, ARRAY_SIZE(bad));
}

int main(void)
{
	return run_data_suite("rebuilderd", add_tests);
}
