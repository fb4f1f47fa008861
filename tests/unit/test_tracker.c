/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/data_fixture.h"

#include <sys/resource.h>

#include "base/clock.h"
#include "verifier/coverage/tracker.h"

static const char text[] =
	"{\"openssl\": {"
	"\"CVE-2023-0464\": {\"description\": \"x \\u00e9 {\\\"status\\\": \\\"open\\\"}\","
	" \"debianbug\": 1034720, \"scope\": \"remote\", \"releases\": {"
	"  \"bookworm\": {\"status\": \"resolved\", \"repositories\": {\"bookworm\": \"3.0.9-1\"},"
	"   \"fixed_version\": \"3.0.9-1\", \"urgency\": \"not yet assigned\"},"
	"  \"sid\": {\"status\": \"open\", \"repositories\": {}, \"urgency\": \"high\"}}},"
	"\"CVE-2010-0928\": {\"scope\": \"local\", \"releases\": {\"bookworm\": {\"status\": "
	"\"open\","
	" \"repositories\": {}, \"urgency\": \"unimportant\", \"nodsa\": \"Minor issue\","
	" \"nodsa_reason\": \"ignored\"}}},"
	"\"CVE-2000-1\": {\"releases\": {\"bookworm\": {\"status\": \"resolved\","
	" \"fixed_version\": \"0\", \"urgency\": \"low\"}}},"
	"\"TEMP-0000000-ABCDEF\": {\"releases\": {\"bookworm\": {\"status\": \"undetermined\"}}},"
	"\"CVE-2000-2\": {\"scope\": \"remote\", \"releases\": {\"sid\": {\"status\": \"open\"}}}"
	"}, \"zlib\": {\"CVE-2022-1\": {\"releases\": {\"bookworm\": {\"status\": \"open\"}}}},"
	" \"other\": {\"CVE-1\": {\"releases\": {\"bookworm\": {\"status\": 5}}}}}";

static struct data_file file;
static struct tracker tracker;

static enum status read_text(const char *data, const char *suite)
{
	static const char *const names[] = {"openssl", "zlib", "zzz"};
	struct text_list sources = {0};
	enum status status;

	names_of(&sources, names, ARRAY_SIZE(names));
	data_of_text(&file, "https://tracker.example/json", data);
	status = tracker_read(&tracker, &file, suite, &sources, &err);
	text_list_release(&sources);
	return status;
}

static void release(void)
{
	tracker_release(&tracker);
	data_file_release(&file);
	coverage_claims_release(&claims);
}

START_TEST(what_is_said_of_a_suite)
{
	const struct tracker_source *source;

	ck_assert_msg(read_text(text, "bookworm") == STATUS_OK, "%s", err.text);
	source = tracker_find(&tracker, "openssl");
	ck_assert_ptr_nonnull(source);
	ck_assert(source->is_named);
	ck_assert_uint_eq(source->issue_count, 4);
	ck_assert_uint_eq(source->unsaid, 1);
	ck_assert_str_eq(source->issues[0].id, "CVE-2000-1");
	ck_assert_int_eq(source->issues[0].state, TRACKER_NEVER);
	ck_assert_int_eq(source->issues[0].scope, TRACKER_SCOPE_UNKNOWN);
	ck_assert_str_eq(source->issues[1].id, "CVE-2010-0928");
	ck_assert_int_eq(source->issues[1].state, TRACKER_OPEN);
	ck_assert_int_eq(source->issues[1].scope, TRACKER_LOCAL);
	ck_assert_str_eq(source->issues[1].urgency, "unimportant");
	ck_assert_str_eq(source->issues[1].nodsa, "Minor issue");
	ck_assert_str_eq(source->issues[1].nodsa_reason, "ignored");
	ck_assert_str_eq(source->issues[2].id, "CVE-2023-0464");
	ck_assert_int_eq(source->issues[2].state, TRACKER_RESOLVED);
	ck_assert_int_eq(source->issues[2].scope, TRACKER_REMOTE);
	ck_assert_str_eq(source->issues[2].fixed_version, "3.0.9-1");
	ck_assert_str_eq(source->issues[3].id, "TEMP-0000000-ABCDEF");
	ck_assert_int_eq(source->issues[3].state, TRACKER_UNDETERMINED);
	ck_assert_str_eq(source->issues[3].place,
		"https://tracker.example/json#/openssl/TEMP-0000000-ABCDEF");
	ck_assert(!tracker_find(&tracker, "zzz")->is_named);
	ck_assert_ptr_null(tracker_find(&tracker, "other"));
	release();
}
END_TEST

/* What the suite has may be newer than what ships. */
START_TEST(what_is_fixed_later_is_open_in_what_ships)
{
	struct tracker_count count;

	ck_assert_int_eq(read_text(text, "bookworm"), STATUS_OK);
	count = tracker_judge(&tracker, tracker_find(&tracker, "openssl"), "3.0.9-1", &claims);
	ck_assert_uint_eq(count.open, 2);
	ck_assert_uint_eq(count.open_remote, 0);
	ck_assert_uint_eq(count.past, 1);
	ck_assert_uint_eq(count.never, 1);
	ck_assert_uint_eq(count.unsaid, 1);
	coverage_claims_release(&claims);
	count = tracker_judge(&tracker, tracker_find(&tracker, "openssl"), "3.0.8-1", &claims);
	ck_assert_uint_eq(count.open, 3);
	ck_assert_uint_eq(count.open_remote, 1);
	ck_assert_uint_eq(count.past, 0);
	assert_claimed(&file, "https://tracker.example/json#/openssl/CVE-2023-0464",
		"open in 3.0.8-1, fixed in 3.0.9-1 only");
	assert_claimed(&file, "https://tracker.example/json#/openssl/CVE-2010-0928",
		"local, urgency unimportant; no advisory: Minor issue (ignored)");
	assert_claimed(&file, "https://tracker.example/json", "3 open, 0 past, 1 never affected");
	count = tracker_judge(&tracker, tracker_find(&tracker, "zzz"), "1", &claims);
	ck_assert_uint_eq(count.open, 0);
	assert_claimed(&file, "https://tracker.example/json", "no entry for zzz");
	release();
}
END_TEST

/* Cut anywhere, it is trouble, and nothing of it is there. */
START_TEST(a_cut_file_is_used_in_no_part)
{
	static const char *const names[] = {"openssl", "zlib"};
	struct text_list sources = {0};

	names_of(&sources, names, ARRAY_SIZE(names));
	for (size_t len = 1; len < sizeof(text) - 1; len++) {
		data_of(&file, "t.json", text, len);
		assert_refused(tracker_read(&tracker, &file, "bookworm", &sources, &err),
			STATUS_FORMAT, "t.json: byte ");
		ck_assert_ptr_nonnull(strstr(err.text, "nothing of it is used"));
		ck_assert_ptr_null(tracker.sources);
		ck_assert_uint_eq(tracker.source_count, 0);
		data_file_release(&file);
	}
	text_list_release(&sources);
}
END_TEST

/* Only what stands in the suite is looked at; a key twice is refused wherever it is. */
static const struct {
	const char *text, *words;
} bad[] = {
	{"{\"a\": {}, \"a\": {}}", "#/a: this key stands twice"},
	{"{\"openssl\": {\"CVE-1\": {}, \"CVE-1\": {}}}", "#/openssl/CVE-1: this key stands twice"},
	{"{\"openssl\": {\"CVE-1\": {\"releases\": {\"bookworm\": {\"status\": \"open\","
	 "\"status\": \"resolved\"}}}}}",
		"#/openssl/CVE-1/releases/bookworm/status: this key stands twice"},
	{"{\"openssl\": {\"CVE-1\": {\"releases\": {\"bookworm\": {}, \"bookworm\": {}}}}}",
		"stands twice"},
	{"{\"openssl\": {\"CVE-1\": {\"releases\": {\"bookworm\": {\"status\": \"fine\"}}}}}",
		"neither open"},
	{"{\"openssl\": {\"CVE-1\": {\"releases\": {\"bookworm\": {\"status\": \"resolved\"}}}}}",
		"neither open"},
	{"{\"openssl\": {\"CVE-1\": {\"releases\": {\"bookworm\": {}}}}}", "no status"},
	{"{\"openssl\": {\"CVE-1\": {\"releases\": {\"bookworm\": []}}}}", "no object"},
	{"{\"openssl\": {\"CVE-1\": {\"releases\": []}}}", "no object"},
	{"{\"openssl\": {\"CVE-1\": {\"releases\": {\"bookworm\": {\"status\": 1}}}}}", "no text"},
	{"{\"openssl\": {\"CVE-1\": []}}", "no object"},
	{"{\"openssl\": []}", "no object"},
	{"[]", "no object"},
	{"{} {}", "byte "},
	{"{}x", "byte "},
	{"{\"\xff\": {}}", "byte "},
	{"{\"openssl\": {\"CVE-1\": {\"releases\": {\"bookworm\": {\"status\": "
	 "\"open\\u0000\"}}}}}",
		"NUL"},
	{"{\"openssl\\u0000\": {}}", "NUL"},
};

START_TEST(other_forms_are_refused)
{
	assert_refused(read_text(bad[_i].text, "bookworm"), STATUS_FORMAT, bad[_i].words);
	ck_assert_ptr_null(tracker.sources);
	data_file_release(&file);
}
END_TEST

START_TEST(a_suite_that_is_nowhere_is_named)
{
	assert_refused(read_text(text, "bookwurm"), STATUS_NOT_FOUND, "\"bookwurm\"");
	ck_assert_ptr_null(tracker.sources);
	data_file_release(&file);
}
END_TEST

START_TEST(depth_and_length_are_bounded)
{
	struct buffer deep = {0};

	for (int i = 0; i < 100000; i++)
		buffer_add_text(&deep, "{\"a\":");
	assert_refused(read_text(deep.data, "sid"), STATUS_LIMIT, "too many containers");
	data_file_release(&file);
	buffer_clear(&deep);
	buffer_add_text(&deep, "{\"a\": \"");
	for (int i = 0; i < 300000; i++)
		buffer_add_text(&deep, "xxxxxxxxxx");
	buffer_add_text(&deep, "\"}");
	assert_refused(read_text(deep.data, "sid"), STATUS_LIMIT, "too long");
	data_file_release(&file);
	buffer_release(&deep);
}
END_TEST

/* As the real one: 80 MB, some 4,000 sources, one of them with thousands of issues. */
static void make_large(struct buffer *out)
{
	unsigned cve = 0;

	buffer_add_char(out, '{');
	for (unsigned source = 0; source < 4000; source++) {
		unsigned count = source == 2000 ? 9000 : 18;

		buffer_add_format(out, "%s\"source-%u\": {", source ? ", " : "", source);
		for (unsigned i = 0; i < count; i++) {
			buffer_add_format(out,
				"%s\"CVE-2020-%u\": {\"description\": \"A flaw was found in the "
				"way that this program, when it is given a file of another form, "
				"reads behind the end of what it has, which lets others end it or "
				"look at what is there; it is of interest where files come from "
				"the network.\", \"scope\": \"%s\", \"releases\": {",
				i ? ", " : "", cve++, i % 3 ? "remote" : "local");
			for (unsigned suite = 0; suite < 5; suite++) {
				static const char *const suites[] = {
					"bookworm", "bullseye", "forky", "sid", "trixie"};

				buffer_add_format(out,
					"%s\"%s\": {\"status\": \"%s\", \"repositories\": {\"%s\": "
					"\"1.%u-1\", \"%s-security\": \"1.%u-1+deb12u1\"}, "
					"%s\"urgency\": \"not yet assigned\"}",
					suite ? ", " : "", suites[suite],
					i % 2 ? "resolved" : "open", suites[suite], i,
					suites[suite], i,
					i % 2 ? "\"fixed_version\": \"1.2-1\", " : "");
			}
			buffer_add_text(out, "}}");
		}
		buffer_add_char(out, '}');
	}
	buffer_add_char(out, '}');
}

START_TEST(memory_does_not_grow_with_the_file)
{
	struct text_list sources = {0};
	struct buffer large = {0};
	struct rusage before, after;
	double begin;

	for (unsigned i = 0; i < 160; i++) {
		char *name = xasprintf("source-%u", i * 20);

		text_list_add(&sources, name);
		free(name);
	}
	text_list_sort(&sources);
	make_large(&large);
	ck_assert_uint_gt(large.len, 75000000);
	data_of(&file, "large.json", large.data, large.len);
	getrusage(RUSAGE_SELF, &before);
	begin = clock_monotonic();
	ck_assert_msg(tracker_read(&tracker, &file, "bookworm", &sources, &err) == STATUS_OK, "%s",
		err.text);
	printf("# %zu bytes in %.2f s\n", large.len, clock_monotonic() - begin);
	getrusage(RUSAGE_SELF, &after);
	ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 32 << 10);
	ck_assert_uint_eq(tracker_find(&tracker, "source-2000")->issue_count, 9000);
	ck_assert_uint_eq(tracker_find(&tracker, "source-0")->issue_count, 18);
	buffer_release(&large);
	text_list_release(&sources);
	release();
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_test(tcase, what_is_said_of_a_suite);
	tcase_add_test(tcase, what_is_fixed_later_is_open_in_what_ships);
	tcase_add_test(tcase, a_cut_file_is_used_in_no_part);
	tcase_add_loop_test(tcase, other_forms_are_refused, 0, ARRAY_SIZE(bad));
	tcase_add_test(tcase, a_suite_that_is_nowhere_is_named);
	tcase_add_test(tcase, depth_and_length_are_bounded);
	tcase_add_test(tcase, memory_does_not_grow_with_the_file);
}

int main(void)
{
	return run_data_suite("tracker", add_tests);
}
