/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/data_fixture.h"

#include "verifier/coverage/device.h"

static const char lines[] = "runTest: TC_CR1.1: identification\r\n"
			    "TC_CR1.1-RE1_1+pass+11\r\n"
			    "[INFO] TC_CR1.1-RE1_1+fail+0 is what it is not\n"
			    "TC_CR1.5_1+fail+3\n"
			    "TC_CR2.8_1+skip+0\n"
			    "TC_CR2.8_2+pass+4\n"
			    "TC_CR9+pass+1";
static const char junit[] =
	"<?xml version=\"1.0\" ?>\n<testsuites>\n"
	"  <testsuite name=\"0_cip\" tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\">\n"
	"    <testcase name=\"TC_CR1.1-RE1_1\" classname=\"lava\" time=\"1.5\"/>\n"
	"    <testcase name=\"TC_CR1.5_1\"><failure type=\"failure\" "
	"message=\"failed\"/></testcase>\n"
	"    <testcase name=\"TC_CR2.8_1\"><skipped message=\"skipped\">x</skipped></testcase>\n"
	"    <testcase name=\"a &amp; b\"><system-out>text</system-out><error/></testcase>\n"
	"  </testsuite>\n</testsuites>\n";
static const char map_text[] = "format: reproof-device-map-1\n"
			       "cases:\n"
			       "  TC_CR1.1-RE1_1: [openssh, pam]\n"
			       "  TC_CR1.5_1: [pam]\n"
			       "  TC_CR2.*: [audit]\n"
			       "  TC_NONE: [zlib]\n";

static struct device_results results;
static struct device_map map;
static struct data_file file, map_file;

static enum status read_text(const char *text)
{
	data_of_text(&file, "device.log", text);
	return device_read(&results, &file, &err);
}

static enum status read_map(const char *text)
{
	data_of_text(&map_file, "map.yaml", text);
	return device_map_read(&map, &map_file, &err);
}

static void release(void)
{
	device_results_release(&results);
	device_map_release(&map);
	data_file_release(&file);
	data_file_release(&map_file);
	coverage_claims_release(&claims);
}

START_TEST(a_line_a_case)
{
	struct text_list loose = {0};
	struct device_count count;

	ck_assert_msg(read_text(lines) == STATUS_OK, "%s", err.text);
	ck_assert_msg(read_map(map_text) == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(results.case_count, 5);
	count = device_look_up(&results, &map, "pam", &claims);
	ck_assert_uint_eq(count.passed, 1);
	ck_assert_uint_eq(count.failed, 1);
	ck_assert_uint_eq(count.skipped, 0);
	assert_claimed(&file, "device.log:2",
		"TC_CR1.1-RE1_1 passed; that it tests pam is said by map.yaml:3");
	assert_claimed(&file, "device.log:4", "TC_CR1.5_1 failed");
	count = device_look_up(&results, &map, "audit", &claims);
	ck_assert_uint_eq(count.passed, 1);
	ck_assert_uint_eq(count.skipped, 1);
	count = device_look_up(&results, &map, "bash", &claims);
	ck_assert_uint_eq(count.passed + count.failed + count.skipped, 0);
	device_loose_ends(&results, &map, &loose);
	ck_assert_uint_eq(loose.count, 2);
	ck_assert_str_eq(
		loose.items[0], "device.log:7: TC_CR9 is mapped to no package by map.yaml");
	ck_assert_str_eq(loose.items[1], "map.yaml:6: TC_NONE has no result in any file given");
	text_list_release(&loose);
	release();
}
END_TEST

START_TEST(junit_of_lava)
{
	static const enum device_result expected[] = {
		DEVICE_PASS, DEVICE_FAIL, DEVICE_SKIP, DEVICE_FAIL};

	ck_assert_msg(read_text(junit) == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(results.case_count, 4);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(results.cases[i].result, expected[i]);
		ck_assert_str_eq(results.cases[i].suite, "0_cip");
		ck_assert_uint_eq(results.cases[i].line, 4 + i);
	}
	ck_assert_str_eq(results.cases[3].name, "a & b");
	ck_assert_int_eq(read_map(map_text), STATUS_OK);
	ck_assert_uint_eq(device_look_up(&results, &map, "pam", &claims).failed, 1);
	assert_claimed(&file, "device.log:5", "0_cip/TC_CR1.5_1 failed");
	release();
}
END_TEST

/* Until it passes is not a pass. */
START_TEST(of_several_runs_the_worst_counts)
{
	struct device_count count;

	ck_assert_int_eq(read_text("TC_CR1.5_1+pass+3\nTC_CR1.5_1+fail+3\nTC_CR1.5_1+pass+3\n"
				   "TC_CR2.1+skip+0\nTC_CR2.1+pass+0\n"),
		STATUS_OK);
	ck_assert_int_eq(read_map(map_text), STATUS_OK);
	count = device_look_up(&results, &map, "pam", &claims);
	ck_assert_uint_eq(count.failed, 1);
	ck_assert_uint_eq(count.passed, 0);
	ck_assert_uint_eq(claims.count, 3);
	count = device_look_up(&results, &map, "audit", &claims);
	ck_assert_uint_eq(count.skipped, 1);
	ck_assert_uint_eq(count.passed, 0);
	release();
}
END_TEST

static const struct {
	enum status status;
	const char *text, *words;
} bad[] = {
	{STATUS_FORMAT, "nothing\n", "no result of a test"},
	{STATUS_FORMAT, "TC_A+pass\n", "device.log:1: not of the form"},
	{STATUS_FORMAT, "TC_A+pass+1\nTC_B+pass+\n", "device.log:2: not of the form"},
	{STATUS_FORMAT, "TC_A+pass+1x\n", "not of the form"},
	{STATUS_FORMAT, "TC_A+passed+1\n", "\"passed\" is none of"},
	{STATUS_FORMAT, "TC_A++1\n", "\"\" is none of"},
	{STATUS_FORMAT, "<html/>", "no JUnit"},
	{STATUS_FORMAT, "<testsuites/>", "no result of a test"},
	{STATUS_FORMAT, "<testsuite><testcase name='a'/>", "nothing of the file is used"},
	{STATUS_FORMAT, "<testsuite tests='2'><testcase name='a'/></testsuite>",
		"as many tests as it says"},
	{STATUS_FORMAT, "<testsuite tests='x'><testcase name='a'/></testsuite>", "number of tests"},
	{STATUS_FORMAT, "<testsuite><testcase/></testsuite>", "without a name"},
	{STATUS_FORMAT, "<testsuites><testcase name='a'/></testsuites>", "outside a suite"},
	{STATUS_FORMAT, "<testsuite><testcase name='a'><testcase name='b'/></testcase></testsuite>",
		"tests inside it"},
	{STATUS_UNSUPPORTED,
		"<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>"
		"<testsuite><testcase name='&a;'/></testsuite>",
		"DOCTYPE"},
	{STATUS_LIMIT,
		"<testsuites><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a/></a></a></a></a></a>"
		"</a></a></a></a></a></a></a></a></a></a></testsuites>",
		"too deep"},
};

START_TEST(other_forms_are_refused)
{
	assert_refused(read_text(bad[_i].text), bad[_i].status, bad[_i].words);
	ck_assert_uint_eq(results.case_count, 0);
	ck_assert_uint_eq(results.file_count, 0);
	release();
}
END_TEST

static const struct {
	const char *text, *words;
} bad_maps[] = {
	{"format: reproof-device-map-2\ncases: {a: [b]}\n",
		"map.yaml:1:9: \"reproof-device-map-2\""},
	{"format: reproof-device-map-1\n", "cases"},
	{"cases: {a: [b]}\n", "format"},
	{"format: reproof-device-map-1\ncases: {}\n", "no case is mapped"},
	{"format: reproof-device-map-1\ncases: {'*': [b]}\n", "map.yaml:2:"},
	{"format: reproof-device-map-1\ncases: {a: []}\n", "map.yaml:2:"},
	{"format: reproof-device-map-1\ncases: {a: b}\n", "map.yaml:2:"},
	{"format: reproof-device-map-1\ncases: {a: [b], a: [c]}\n", "map.yaml:2:"},
	{"format: reproof-device-map-1\ncases: {a: [b]}\nx: 1\n", "unknown key"},
};

START_TEST(other_maps_are_refused)
{
	assert_refused(read_map(bad_maps[_i].text), STATUS_USAGE, bad_maps[_i].words);
	ck_assert_ptr_null(map.rows);
	release();
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_test(tcase, a_line_a_case);
	tcase_add_test(tcase, junit_of_lava);
	tcase_add_test(tcase, of_several_runs_the_worst_counts);
	tcase_add_loop_test(tcase, other_forms_are_refused, 0, ARRAY_SIZE(bad));
	tcase_add_loop_test(tcase, other_maps_are_refused, 0, ARRAY_SIZE(bad_maps));
}

int main(void)
{
	return run_data_suite("device", add_tests);
}
