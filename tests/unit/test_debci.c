/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/data_fixture.h"

#include "verifier/coverage/debci.h"

#define NAME "https://ci.example/data/status/bookworm/amd64/packages.json"

/* As debci 3 writes it. */
#define ENTRY(package, version, status, more)                                                      \
	"{\"trigger\": null, \"package\": \"" package "\", \"arch\": \"amd64\","                   \
	" \"suite\": \"bookworm\", \"version\": \"" version "\", \"status\": \"" status "\","      \
	" \"run_id\": 17" more "}"
#define PUBLIC ", \"is_private\": false, \"extra_apt_sources\": []"

static struct debci debci;
static struct debci_answer answer;
static struct text_list sources;

static void set_up(void)
{
	static const char *const names[] = {"zlib", "libcap2", "bash", "gone", "private"};

	names_of(&sources, names, ARRAY_SIZE(names));
}

static void tear_down(void)
{
	debci_answer_release(&answer);
	debci_release(&debci);
	coverage_claims_release(&claims);
	text_list_release(&sources);
}

static enum status read_text(struct data_file *file, const char *name, const char *text)
{
	data_of_text(file, name, text);
	return debci_read(&debci, file, &sources, &err);
}

static void must_read(struct data_file *file, const char *name, const char *text)
{
	ck_assert_msg(read_text(file, name, text) == STATUS_OK, "%s", err.text);
}

static void look_up(const char *source, const char *version)
{
	debci_answer_release(&answer);
	debci_look_up(&debci, source, version, "bookworm", "amd64", &answer, &claims);
}

START_TEST(exactly_what_ships)
{
	struct data_file file;

	must_read(&file, NAME,
		"[" ENTRY("bash", "5.2-1", "fail", PUBLIC) ",\n" ENTRY("zlib", "1:1.2-1", "pass",
			PUBLIC ", \"date\": \"2026-11-23T03:12:00.123Z\", \"duration_seconds\": 61") ",\n" ENTRY("unasked",
			"1", "pass", PUBLIC) "]");
	ck_assert_uint_eq(debci.run_count, 2);
	look_up("zlib", "1:1.2-1");
	ck_assert_int_eq(answer.match, DEBCI_EXACT);
	ck_assert(answer.is_evidence);
	ck_assert(!answer.is_disputed);
	ck_assert_int_eq(answer.run->result, DEBCI_PASS);
	ck_assert_int_eq(answer.run->when, 1795403520);
	ck_assert_uint_eq(answer.run->seconds, 61);
	ck_assert_str_eq(
		answer.log, "https://ci.example/data/autopkgtest/bookworm/amd64/z/zlib/17/log.gz");
	assert_claimed(
		&file, NAME "#/1", "pass of exactly 1:1.2-1 in bookworm on amd64, 2026-11-23");
	look_up("bash", "5.2-1");
	ck_assert_int_eq(answer.match, DEBCI_EXACT);
	ck_assert(!answer.is_evidence);
	ck_assert_int_eq(answer.run->result, DEBCI_FAIL);
	look_up("gone", "1");
	ck_assert_int_eq(answer.match, DEBCI_NONE);
	ck_assert_ptr_null(answer.run);
	ck_assert(!answer.is_evidence);
	data_file_release(&file);
}
END_TEST

/* "1.2" and "1.2-0" are the same for dpkg, and not the same text. */
START_TEST(another_version_is_never_evidence)
{
	struct data_file file;

	must_read(&file, NAME,
		"[" ENTRY("zlib", "1.2-2", "pass", PUBLIC) "," ENTRY("zlib", "1.2-9", "pass",
			PUBLIC) "," ENTRY("zlib", "1.1-1", "pass", PUBLIC) "]");
	look_up("zlib", "1.2-4");
	ck_assert_int_eq(answer.match, DEBCI_NEAREST);
	ck_assert(!answer.is_evidence);
	ck_assert_str_eq(answer.run->version, "1.2-2");
	assert_claimed(&file, NAME "#/0", "pass of 1.2-2, not of 1.2-4");
	look_up("zlib", "1.0-1");
	ck_assert_str_eq(answer.run->version, "1.1-1");
	look_up("zlib", "2");
	ck_assert_str_eq(answer.run->version, "1.2-9");
	look_up("zlib", "1.2-02");
	ck_assert_int_eq(answer.match, DEBCI_NEAREST);
	ck_assert(!answer.is_evidence);
	debci_answer_release(&answer);
	debci_look_up(&debci, "zlib", "1.2-2", "sid", "amd64", &answer, &claims);
	ck_assert_int_eq(answer.match, DEBCI_NONE);
	debci_look_up(&debci, "zlib", "1.2-2", "bookworm", "arm64", &answer, &claims);
	ck_assert_int_eq(answer.match, DEBCI_NONE);
	data_file_release(&file);
}
END_TEST

/* T19: public, and of Debian's archive alone. Whatever is not a plain no is a yes. */
static const char *const not_evidence[] = {
	", \"is_private\": true, \"extra_apt_sources\": []",
	", \"is_private\": \"false\"",
	", \"is_private\": 0",
	", \"is_private\": []",
	", \"is_private\": {}",
	", \"is_private\": false, \"extra_apt_sources\": [\"deb http://x.example/ ./\"]",
	", \"extra_apt_sources\": [[]]",
	", \"extra_apt_sources\": {}",
	", \"pin_packages\": [[\"src:x\", \"unstable\"]], \"extra_apt_sources\": []",
	", \"extra_apt_sources\": \"\"",
};

START_TEST(private_runs_are_no_evidence)
{
	char *text = xasprintf(
		"[{\"package\": \"private\", \"version\": \"1\", \"suite\": \"bookworm\", "
		"\"arch\": \"amd64\", \"status\": \"pass\", \"run_id\": 1%s}]",
		not_evidence[_i]);
	struct data_file file;

	must_read(&file, NAME, text);
	look_up("private", "1");
	ck_assert_int_eq(answer.match, DEBCI_NEAREST);
	ck_assert(!answer.is_evidence);
	assert_claimed(&file, NAME "#/0", "which is no evidence");
	data_file_release(&file);
	free(text);
}
END_TEST

START_TEST(what_is_absent_or_null_is_a_no)
{
	struct data_file file;

	must_read(&file, NAME,
		"[" ENTRY("zlib", "1", "pass", "") "," ENTRY("bash", "1", "pass",
			", \"is_private\": null, \"extra_apt_sources\": null") "]");
	look_up("zlib", "1");
	ck_assert(answer.is_evidence);
	look_up("bash", "1");
	ck_assert(answer.is_evidence);
	data_file_release(&file);
}
END_TEST

static const struct {
	const char *version, *status;
	enum debci_result result;
} words[] = {
	{"1", "pass", DEBCI_PASS},
	{"1", "fail", DEBCI_FAIL},
	{"1", "neutral", DEBCI_NEUTRAL},
	{"1", "tmpfail", DEBCI_TROUBLE},
	{"1", "PASS", DEBCI_TROUBLE},
	{"1", "", DEBCI_TROUBLE},
	{"n/a", "fail", DEBCI_TROUBLE},
	{"n/a", "pass", DEBCI_TROUBLE},
	{"n/a", "tmpfail", DEBCI_TROUBLE},
};

START_TEST(words_of_debci)
{
	char *text = xasprintf("[{\"package\": \"zlib\", \"version\": \"%s\", \"suite\": "
			       "\"bookworm\", \"arch\": \"amd64\", \"status\": \"%s\"}]",
		words[_i].version, words[_i].status);
	struct data_file file;

	must_read(&file, NAME, text);
	look_up("zlib", "1");
	ck_assert_int_eq(answer.run->result, words[_i].result);
	ck_assert_int_eq(answer.is_evidence, words[_i].result == DEBCI_PASS);
	ck_assert_int_eq(
		answer.match, strcmp(words[_i].version, "1") == 0 ? DEBCI_EXACT : DEBCI_NEAREST);
	data_file_release(&file);
	free(text);
}
END_TEST

/* The package twice, as debci has done; anything else twice could hide a failure. */
START_TEST(the_last_package_counts)
{
	struct data_file file;

	must_read(&file, NAME,
		"[{\"package\": \"bash\", \"version\": \"1\", \"suite\": \"bookworm\", \"arch\": "
		"\"amd64\","
		" \"status\": \"pass\", \"package\": \"zlib\"}]");
	look_up("bash", "1");
	ck_assert_int_eq(answer.match, DEBCI_NONE);
	look_up("zlib", "1");
	ck_assert(answer.is_evidence);
	data_file_release(&file);
}
END_TEST

static const struct {
	const char *text, *words;
} bad[] = {
	{"[" ENTRY("zlib", "1", "fail", ", \"status\": \"pass\"") "]",
		"#/0/status: this key stands twice"},
	{"[" ENTRY("zlib", "1", "pass", PUBLIC) ",", "nothing of it is used"},
	{"[" ENTRY("zlib", "1", "pass", PUBLIC), "nothing of it is used"},
	{"{\"a\": 1}", "no array"},
	{"[1]", "no object"},
	{"[{\"version\": \"1\"}]", "without a package"},
	{"[{\"package\": \"zlib\", \"version\": \"1\", \"suite\": \"s\", \"arch\": \"a\"}]",
		"without status"},
	{"[{\"package\": \"zlib\", \"version\": \"1\", \"suite\": \"s\", \"status\": \"pass\"}]",
		"without status, suite or arch"},
	{"[{\"package\": \"zlib\", \"status\": [\"pass\"]}]", "#/0/status: this is no text"},
	{"[{\"package\": \"zlib\", \"status\": 1}]", "no text"},
	{"[{\"package\": \"zlib\\u0000\", \"status\": \"pass\"}]", "NUL"},
};

START_TEST(other_forms_are_refused)
{
	struct data_file file;

	assert_refused(read_text(&file, NAME, bad[_i].text), STATUS_FORMAT, bad[_i].words);
	ck_assert_uint_eq(debci.run_count, 0);
	ck_assert_uint_eq(debci.file_count, 0);
	data_file_release(&file);
}
END_TEST

/* A file that is refused leaves what other files said. */
START_TEST(several_instances)
{
	static const char other[] = "/srv/copy/data/status/bookworm/amd64/packages.json";
	struct data_file a, b, c, d;

	must_read(&a, NAME,
		"[" ENTRY("zlib", "1", "pass", PUBLIC ", \"date\": \"2026-01-02T00:00:00Z\"") "]");
	ck_assert_int_lt(read_text(&d, "bad", "[" ENTRY("zlib", "1", "fail", "") ","), 0);
	look_up("zlib", "1");
	ck_assert(answer.is_evidence);
	/* An older state of the same instance: the newer run supersedes it. */
	must_read(&b, NAME,
		"[" ENTRY("zlib", "1", "fail", PUBLIC ", \"date\": \"2026-01-01T00:00:00Z\"") "]");
	look_up("zlib", "1");
	ck_assert(answer.is_evidence);
	ck_assert(!answer.is_disputed);
	/* Another instance is not superseded by it, however old. */
	must_read(&c, other,
		"[" ENTRY("zlib", "1", "fail", PUBLIC ", \"date\": \"2020-01-01T00:00:00Z\"") "]");
	look_up("zlib", "1");
	ck_assert(!answer.is_evidence);
	ck_assert(answer.is_disputed);
	ck_assert_int_eq(answer.run->result, DEBCI_FAIL);
	ck_assert_str_eq(answer.log, "/srv/copy/data/autopkgtest/bookworm/amd64/z/zlib/17/log.gz");
	data_file_release(&a);
	data_file_release(&b);
	data_file_release(&c);
	data_file_release(&d);
}
END_TEST

/* Parts of the log's path are words of the file. */
START_TEST(a_log_is_where_debci_puts_it)
{
	static const char *const ids[] = {"", "..", "../../x", "17/../18", "17?x=1", "17 18"};
	struct data_file file;

	must_read(&file, NAME, "[" ENTRY("libcap2", "1", "pass", "") "]");
	look_up("libcap2", "1");
	ck_assert_str_eq(answer.log,
		"https://ci.example/data/autopkgtest/bookworm/amd64/libc/libcap2/17/log.gz");
	data_file_release(&file);
	debci_release(&debci);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		char *text = xasprintf(
			"[{\"package\": \"zlib\", \"version\": \"1\", \"suite\": \"bookworm\", "
			"\"arch\": \"amd64\", \"status\": \"pass\", \"run_id\": \"%s\"}]",
			ids[i]);

		must_read(&file, NAME, text);
		look_up("zlib", "1");
		ck_assert(answer.is_evidence);
		ck_assert_ptr_null(answer.log);
		data_file_release(&file);
		debci_release(&debci);
		free(text);
	}
	must_read(&file, "packages.json", "[" ENTRY("zlib", "1", "pass", "") "]");
	look_up("zlib", "1");
	ck_assert(answer.is_evidence);
	ck_assert_ptr_null(answer.log);
	data_file_release(&file);
}
END_TEST

static const char log_text[] =
	"autopkgtest [03:12:00]: starting date\n"
	"fake                 PASS\n"
	"autopkgtest [03:12:01]: @@@@@@@@@@@@@@@@@@@@ summary\n" /* a test prints that */
	"all                  PASS\n"
	"autopkgtest [03:13:00]: test three: [-----------------------\n"
	"autopkgtest [03:14:00]: @@@@@@@@@@@@@@@@@@@@ summary\n"
	"one                  PASS\n"
	"two                  PASS (superficial)\n"
	"three                SKIP exit status 77 and marked as skippable\n"
	"four                 FAIL non-zero exit status 1\n"
	"five                 FLAKY non-zero exit status 2\n"
	"a-name-that-is-longer-than-twenty PASS\n";

START_TEST(the_summary_of_a_log)
{
	struct debci_log log;
	struct data_file file;

	data_of_text(&file, "log", log_text);
	ck_assert_msg(debci_log_read(&file, &log, &claims, &err) == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(log.passed, 2);
	ck_assert_uint_eq(log.superficial, 1);
	ck_assert_uint_eq(log.skipped, 1);
	ck_assert_uint_eq(log.failed, 1);
	ck_assert_uint_eq(log.flaky, 1);
	ck_assert_uint_eq(log.line, 6);
	ck_assert_uint_eq(log.passed_tests.count, 2);
	ck_assert_str_eq(log.passed_tests.items[0], "a-name-that-is-longer-than-twenty");
	ck_assert_str_eq(log.passed_tests.items[1], "one");
	assert_claimed(&file, "log:6",
		"3 passed, 1 of them superficial only; 1 skipped, 1 failed, 1 flaky");
	debci_log_release(&log);
	data_file_release(&file);
	data_of_text(&file, "log",
		" 60s autopkgtest [03:14:00]: @@@@@@@@@@@@@@@@@@@@ summary\n 60s one  PASS\n 61s * "
		"   SKIP no tests in this package\n");
	ck_assert_int_eq(debci_log_read(&file, &log, &claims, &err), STATUS_OK);
	ck_assert_uint_eq(log.passed, 1);
	ck_assert_uint_eq(log.skipped, 1);
	debci_log_release(&log);
	data_file_release(&file);
}
END_TEST

START_TEST(a_summary_without_end)
{
	struct buffer text = {0};
	struct debci_log log;
	struct data_file file;

	buffer_add_text(&text, "autopkgtest [03:14:00]: @@@@@@@@@@@@@@@@@@@@ summary\n");
	for (size_t i = 0; i <= DEBCI_TESTS_MAX; i++)
		buffer_add_text(&text, "one  PASS\n");
	data_of(&file, "log", text.data, text.len);
	assert_refused(debci_log_read(&file, &log, &claims, &err), STATUS_LIMIT, "10000 tests");
	ck_assert_uint_eq(log.passed_tests.count, 0);
	data_file_release(&file);
	buffer_release(&text);
}
END_TEST

/* What hundreds of runs of one package would cost is not paid. */
START_TEST(of_one_package_not_without_end)
{
	struct buffer text = {0};
	struct data_file file;

	buffer_add_text(&text, "[");
	for (size_t i = 0; i < DEBCI_RUNS_MAX; i++)
		buffer_add_format(&text, "%s%s", i ? "," : "", ENTRY("zlib", "1", "pass", PUBLIC));
	buffer_add_text(&text, "]");
	must_read(&file, "a.json", text.data);
	ck_assert_uint_eq(debci.run_count, DEBCI_RUNS_MAX);
	data_file_release(&file);
	assert_refused(read_text(&file, "b.json", "[" ENTRY("zlib", "2", "pass", PUBLIC) "]"),
		STATUS_LIMIT, "more than 64 runs of zlib");
	ck_assert_uint_eq(debci.run_count, DEBCI_RUNS_MAX);
	data_file_release(&file);
	buffer_release(&text);
}
END_TEST

START_TEST(a_file_of_another_suite_or_architecture)
{
	struct data_file file;

	debci.suite = "bookworm";
	debci.architecture = "arm64";
	assert_refused(read_text(&file, "a.json", "[" ENTRY("zlib", "1", "pass", PUBLIC) "]"),
		STATUS_NOT_FOUND, "a.json has no run in bookworm on arm64");
	data_file_release(&file);
	assert_refused(read_text(&file, "a.json", "[]"), STATUS_NOT_FOUND, "has no run");
	ck_assert_uint_eq(debci.file_count, 0);
	data_file_release(&file);
	debci.architecture = "amd64";
	must_read(&file, "a.json", "[" ENTRY("unasked", "1", "pass", PUBLIC) "]");
	data_file_release(&file);
}
END_TEST

START_TEST(a_log_without_a_summary)
{
	static const char *const texts[] = {"one   PASS\n", "summary\none PASS\n",
		"autopkgtest [03:14:00]: @@@@@@@@@@@@@@@@@@@@ summary\n",
		"x autopkgtest [03:14:00]: @@@@@@@@@@@@@@@@@@@@ summary\none PASS\n"};
	struct debci_log log;
	struct data_file file;

	data_of_text(&file, "log", texts[_i]);
	assert_refused(debci_log_read(&file, &log, &claims, &err), STATUS_NOT_FOUND, "no summary");
	ck_assert_uint_eq(claims.count, 0);
	data_file_release(&file);
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, exactly_what_ships);
	tcase_add_test(tcase, another_version_is_never_evidence);
	tcase_add_loop_test(tcase, private_runs_are_no_evidence, 0, ARRAY_SIZE(not_evidence));
	tcase_add_test(tcase, what_is_absent_or_null_is_a_no);
	tcase_add_loop_test(tcase, words_of_debci, 0, ARRAY_SIZE(words));
	tcase_add_test(tcase, the_last_package_counts);
	tcase_add_loop_test(tcase, other_forms_are_refused, 0, ARRAY_SIZE(bad));
	tcase_add_test(tcase, several_instances);
	tcase_add_test(tcase, a_log_is_where_debci_puts_it);
	tcase_add_test(tcase, the_summary_of_a_log);
	tcase_add_test(tcase, a_summary_without_end);
	tcase_add_test(tcase, of_one_package_not_without_end);
	tcase_add_test(tcase, a_file_of_another_suite_or_architecture);
	tcase_add_loop_test(tcase, a_log_without_a_summary, 0, 4);
}

int main(void)
{
	return run_data_suite("debci", add_tests);
}
