/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/json_scan.h"
#include "tests/unit/telling.h"

#define CDX    "x.cdx.json"
#define SPDX   "x.spdx.json"
#define UUID_A "5d6bb0a2-7bb7-4b4c-8d0e-7a8f00112233"
#define UUID_B "6142f4ee-0c5b-4b5e-a2c5-51d6a7a1a1b1"

static const char pretty[] = "{\n"
			     "  \"a\": 1,\n"
			     "  \"b/c~\": {\n"
			     "    \"\": [\n"
			     "      \"x\",\n"
			     "      -2.5e3,\n"
			     "      true\n"
			     "    ],\n"
			     "    \"[d\": {},\n"
			     "    \"e\": []\n"
			     "  },\n"
			     "  \"f\": [\n"
			     "    {\n"
			     "      \"v\": null,\n"
			     "      \"name\": \"n\\u0041/\"\n"
			     "    },\n"
			     "    {\n"
			     "      \"v\": 2\n"
			     "    }\n"
			     "  ]\n"
			     "}\n";

static const char cyclonedx[] = "{\n"
				"  \"bomFormat\": \"CycloneDX\",\n"
				"  \"serialNumber\": \"urn:uuid:" UUID_A "\",\n"
				"  \"metadata\": {\n"
				"    \"timestamp\": \"2026-01-02T03:04:05Z\"\n"
				"  },\n"
				"  \"components\": [\n"
				"    {\n"
				"      \"name\": \"tar\",\n"
				"      \"version\": \"1.34\",\n"
				"      \"purl\": \"pkg:deb/debian/tar@1.34\",\n"
				"      \"hashes\": [\n"
				"        {\n"
				"          \"alg\": \"SHA-256\",\n"
				"          \"content\": \"00\"\n"
				"        }\n"
				"      ]\n"
				"    },\n"
				"    {\n"
				"      \"name\": \"zlib1g\",\n"
				"      \"version\": \"1:1.2.13\"\n"
				"    }\n"
				"  ],\n"
				"  \"dependencies\": [\n"
				"    {\n"
				"      \"ref\": \"tar\",\n"
				"      \"dependsOn\": [\n"
				"        \"libc6\",\n"
				"        \"zlib1g\"\n"
				"      ]\n"
				"    }\n"
				"  ]\n"
				"}\n";

static const char spdx[] = "{\"spdxVersion\": \"SPDX-2.3\", \"documentNamespace\": "
			   "\"https://example.invalid/image-" UUID_A "\", \"creationInfo\": "
			   "{\"created\": \"2026-01-02T03:04:05Z\"}, \"packages\": [{\"SPDXID\": "
			   "\"SPDXRef-tar\", \"name\": \"tar\", \"versionInfo\": \"1.34\"}], "
			   "\"relationships\": [{\"spdxElementId\": \"SPDXRef-DOCUMENT\", "
			   "\"relationshipType\": \"DESCRIBES\", \"relatedSpdxElement\": "
			   "\"SPDXRef-tar\"}]}";

/* A text in which one stretch is another; good for the two next calls. */
static const char *changed(const char *text, const char *from, const char *to)
{
	static struct buffer texts[2];
	static int turn;
	struct buffer *out = &texts[turn ^= 1];
	const char *at = strstr(text, from);

	ck_assert_msg(at != NULL, "no %s", from);
	buffer_clear(out);
	buffer_add(out, text, (size_t)(at - text));
	buffer_add_text(out, to);
	buffer_add_text(out, at + strlen(from));
	return buffer_text(out);
}

START_TEST(each_value_is_a_member_by_its_keys)
{
	open_memory(&format_json, pretty, strlen(pretty));
	expect_whole();
	ck_assert_str_eq(buffer_text(&opening.members),
		"a -\n"
		"b~1c~0/~e/[x] -\n"
		"b~1c~0/~e/[-2.5e3] -\n"
		"b~1c~0/~e/[true] -\n"
		"b~1c~0/~bd -\n"
		"b~1c~0/e -\n"
		"f/[n\\u0041~1]/v -\n"
		"f/[n\\u0041~1]/name -\n"
		"f/[1]/v -\n"
		"(end) -\n");
	expect_field("a: value", "1");
	expect_field("b~1c~0/e: value", "[]");
	expect_field("f/[n\\u0041~1]/v: value", "null");
	/* As a program lays it out, nothing needs to be said of blanks. */
	ck_assert_ptr_null(strstr(buffer_text(&opening.fields), "written-as"));
	ck_assert_ptr_null(strstr(buffer_text(&opening.fields), "json-style"));
}
END_TEST

/* Of the elements of an array, or the values of an object. */
START_TEST(an_order_counts_but_for_sets)
{
	static const struct {
		const char *form, *one, *other, *told;
	} cases[] = {
		{"{\"a\": {%s, %s}}", "\"x\": 1", "\"y\": 2", "order"},
		{"{\"a\": {%s, %s}}", "\"x\": [1]", "\"y\": 2", "order"},
		{"{\"a\": [%s, %s]}", "1", "2", "value-order"},
		{"[%s, %s]", "{\"name\": \"x\", \"v\": 1}", "{\"name\": \"y\", \"v\": 2}",
			"value-order"},
		{"{\"a\": {%s, %s}}", "\"x\": {\"m\": 1}", "\"x\": {\"n\": 1}", "value-order"},
		{"{\"a\": {%s, %s}}", "\"x\": {\"m\": 1}", "\"\\u0078\": 1", "value-order"},
		{"{\"bomFormat\": \"CycloneDX\", \"components\": [%s, %s]}",
			"{\"name\": \"x\", \"tags\": [1, 2]}", "{\"name\": \"y\"}", "order"},
		{"{\"bomFormat\": \"CycloneDX\", \"dependencies\": [{\"ref\": \"x\", "
		 "\"dependsOn\": [%s, %s]}]}",
			"1", "2", "order"},
		{"{\"bomFormat\": \"CycloneDX\", \"relationships\": [%s, %s]}", "1", "2",
			"value-order"},
		{"{\"spdxVersion\": \"SPDX-2.3\", \"relationships\": [%s, %s]}", "1", "2", "order"},
		{"{\"spdxVersion\": \"SPDX-2.3\", \"creationInfo\": {\"creators\": [%s, %s]}}", "1",
			"2", "order"},
		{"{\"relationships\": [%s, %s]}", "1", "2", "value-order"},
	};
	struct buffer a = {0}, b = {0}, expected = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *end = strstr(cases[i].form, "%s, %s");
		int begin = (int)(end - cases[i].form);

		end += strlen("%s, %s");
		buffer_clear(&a);
		buffer_clear(&b);
		buffer_clear(&expected);
		buffer_add_format(&a, "%.*s%s, %s%s\n", begin, cases[i].form, cases[i].one,
			cases[i].other, end);
		buffer_add_format(&b, "%.*s%s, %s%s\n", begin, cases[i].form, cases[i].other,
			cases[i].one, end);
		buffer_add_format(&expected, "order x.json %s ", cases[i].told);
		comparing.with_causes = true;
		comparing.artifact = "x.json";
		buffer_clear(&comparing.text);
		ck_assert_int_eq(
			compare_fds(memory_file(a.data, a.len), memory_file(b.data, b.len)),
			STATUS_OK);
		expect_has(buffer_text(&comparing.text), buffer_text(&expected));
		ck_assert_msg((comparing.result.unexplained_bytes > 0) ==
				(strcmp(cases[i].told, "value-order") == 0),
			"case %zu", i);
	}
	buffer_release(&a);
	buffer_release(&b);
	buffer_release(&expected);
}
END_TEST

/* The last of two versions is what readers take. */
START_TEST(keys_that_are_there_twice_are_two)
{
	static const char form[] =
		"{\"spdxVersion\": \"SPDX-2.3\", \"packages\": [{\"name\": \"x\", "
		"\"%s\": \"%d\", \"%s\": \"%d\"}]}\n";
	static const char *const keys[] = {"versionInfo", "sourceInfo"};
	struct buffer texts[4] = {{0}};

	for (int i = 0; i < 4; i++)
		buffer_add_format(&texts[i], form, keys[i / 2], 1 + i % 2, keys[i / 2], 2 - i % 2);
	expect_texts("x.json", buffer_text(&texts[0]), buffer_text(&texts[1]),
		"metadata x.json//packages/[x] package-version package-version#2 "
		"(package-version) (unexplained)\n");
	expect_texts("x.json", buffer_text(&texts[2]), buffer_text(&texts[3]),
		"metadata x.json//packages/[x] package-field:sourceInfo "
		"package-field:sourceInfo#2 (unexplained)\n");
	for (int i = 0; i < 4; i++)
		buffer_release(&texts[i]);
}
END_TEST

START_TEST(a_value_alone_is_one_too)
{
	static const char *const texts[] = {"5", " \"x\" \n", "[]", "{ }", "[[],[[1]]]"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		open_memory(&format_json, texts[i], strlen(texts[i]));
		expect_whole();
		expect_every_byte_tells(&format_json, texts[i]);
	}
}
END_TEST

START_TEST(every_byte_tells)
{
	expect_every_byte_tells(&format_json, pretty);
	expect_every_byte_tells(&format_json, cyclonedx);
	expect_every_byte_tells(&format_json, spdx);
	/* Keys that stand twice, elements of one name, and blanks that nobody would write. */
	expect_every_byte_tells(&format_json,
		"{\"a\":[{\"id\":\"x\",\"b\":1},{\"id\":\"x\",\"b\":2}],\"a\":{\"a\":{}},"
		"\"[x]\":[\"x\",\"x\",[1],[1]],  \"b\" :\t[ ]}");
}
END_TEST

/* The layouts of Python's json.dumps and of jq. */
START_TEST(usual_layouts_are_known)
{
	static const char *const commands[] = {
		"cat in.json", /* as of Python's json */
		"jq --indent 4 . in.json",
		"jq . in.json",
		"jq -c . in.json",
		"jq --tab . in.json",
	};

	shell("printf '%s\\n' '{\"a\": [1, {\"b\": [], \"c\": \"x\"}, [true, [2]]], \"d\": {\"e\": "
	      "{}}}' >in.json");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		struct buffer command = {0};

		buffer_add_format(&command, "%s >out.json", commands[i]);
		shell(buffer_text(&command));
		buffer_release(&command);
		open_file(&format_json, "out.json");
		expect_whole();
		ck_assert_msg(strstr(buffer_text(&opening.fields), "written-as") == NULL, "%s: %s",
			commands[i], buffer_text(&opening.fields));
	}
}
END_TEST

START_TEST(another_value_is_one_difference)
{
	expect_texts("x.json", pretty, changed(pretty, "\"v\": 2", "\"v\": 3"),
		"metadata x.json//f/[1]/v value (unexplained)\n");
	expect_texts("x.json", pretty, changed(pretty, "\"x\",\n      ", ""),
		"metadata x.json layout (layout)\n"
		"removed x.json//b~1c~0/~e/[x] (unexplained)\n");
	/* Another layout changes every value. */
	expect_texts("x.json", "{\"a\":1}", "{\"a\": 1}",
		"metadata x.json//(end) json-style (unexplained)\n"
		"metadata x.json//a json-style (unexplained)\n");
	expect_texts("x.json", "{\"a\":1}\n", "{\"a\":1}",
		"metadata x.json//(end) written-as (unexplained)\n");
}
END_TEST

START_TEST(what_identifies_a_bill_has_causes)
{
	expect_texts(CDX, cyclonedx, changed(cyclonedx, UUID_A, UUID_B),
		"metadata " CDX "//serialNumber document-id (document-id)\n");
	ck_assert_int_eq(comparing.result.unexplained_bytes, 0);
	expect_texts(CDX, cyclonedx, changed(cyclonedx, "05Z", "06Z"),
		"metadata " CDX "//metadata/timestamp document-time (embedded-timestamp)\n");
	expect_texts(SPDX, spdx, changed(spdx, UUID_A, UUID_B),
		"metadata " SPDX "//documentNamespace document-id (document-id)\n");
	expect_texts(SPDX, spdx, changed(spdx, "05Z", "06Z"),
		"metadata " SPDX "//creationInfo/created document-time (embedded-timestamp)\n");
	/* Another namespace, no UUID, no time: those are not (trust T9). */
	expect_texts(SPDX, spdx, changed(spdx, "example", "elpmaxe"),
		"metadata " SPDX "//documentNamespace document-namespace (unexplained)\n");
	expect_texts(CDX, cyclonedx, changed(cyclonedx, "urn:uuid:" UUID_A, "urn:uuid:" UUID_A "x"),
		"metadata " CDX " layout (layout)\n"
		"metadata " CDX "//serialNumber value document-id (unexplained)\n");
	expect_texts(CDX, cyclonedx, changed(cyclonedx, "05Z", "05X"),
		"metadata " CDX "//metadata/timestamp value document-time (unexplained)\n");
	/* The same keys elsewhere say nothing. */
	expect_texts("x.json", "{\"serialNumber\":\"urn:uuid:" UUID_A "\"}",
		"{\"serialNumber\":\"urn:uuid:" UUID_B "\"}",
		"metadata x.json//serialNumber value (unexplained)\n");
}
END_TEST

START_TEST(packages_of_a_bill_are_told_as_packages)
{
	const char *newer = changed(cyclonedx, "\"1.34\"", "\"1.35\"");

	expect_texts(CDX, cyclonedx, changed(newer, "tar@1.34", "tar@1.35"),
		"metadata " CDX "//components/[tar] package-version package-field:purl"
		" (package-version)\n");
	ck_assert_int_eq(comparing.result.unexplained_bytes, 0);
	expect_texts(CDX, cyclonedx, changed(cyclonedx, "tar@1.34", "tar@1.35"),
		"metadata " CDX "//components/[tar] package-field:purl (unexplained)\n");
	expect_texts(CDX, cyclonedx,
		changed(cyclonedx, "    {\n      \"name\": \"zlib1g\"",
			"    {\n      \"name\": \"new\",\n      \"version\": \"1\"\n    },\n"
			"    {\n      \"name\": \"zlib1g\""),
		"metadata " CDX " layout (layout)\n"
		"added " CDX "//components/[new] (package-added)\n");
	ck_assert_int_eq(comparing.result.unexplained_bytes, 0);
	expect_texts(SPDX, spdx, changed(spdx, "\"1.34\"", "\"1.35\""),
		"metadata " SPDX "//packages/[tar] package-version (package-version)\n");
	expect_texts(SPDX, spdx, changed(spdx, "DESCRIBES", "CONTAINS"),
		"metadata " SPDX " layout (layout)\n"
		"added " SPDX "//relationships/[SPDXRef-DOCUMENT CONTAINS SPDXRef-tar]/"
		"relatedSpdxElement (unexplained)\n"
		"added " SPDX "//relationships/[SPDXRef-DOCUMENT CONTAINS SPDXRef-tar]/"
		"relationshipType (unexplained)\n"
		"added " SPDX "//relationships/[SPDXRef-DOCUMENT CONTAINS SPDXRef-tar]/"
		"spdxElementId (unexplained)\n"
		"removed " SPDX "//relationships/[SPDXRef-DOCUMENT DESCRIBES SPDXRef-tar]/"
		"relatedSpdxElement (unexplained)\n"
		"removed " SPDX "//relationships/[SPDXRef-DOCUMENT DESCRIBES SPDXRef-tar]/"
		"relationshipType (unexplained)\n"
		"removed " SPDX "//relationships/[SPDXRef-DOCUMENT DESCRIBES SPDXRef-tar]/"
		"spdxElementId (unexplained)\n");
}
END_TEST

START_TEST(what_is_no_json_is_an_error)
{
	static const char *const bad[] = {"", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "[1 2]",
		"{a:1}", "[01]", "[1.]", "[.5]", "[1e]", "[-]", "[tru]", "[\"\\x\"]",
		"[\"\\u12g4\"]", "[\"\n\"]", "[\"a]", "[1]]", "[1}", "{\"a\":1]", "[1] x", "'a'",
		"[\"\\"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		open_memory(&format_json, bad[i], strlen(bad[i]));
		ck_assert_msg(opening.status == STATUS_FORMAT, "%s: %d %s", bad[i], opening.status,
			opening.err.text);
	}
}
END_TEST

START_TEST(hostile_texts_are_bounded)
{
	struct buffer text = {0};

	for (int i = 0; i < 100000; i++)
		buffer_add_char(&text, '[');
	open_memory(&format_json, text.data, text.len);
	ck_assert_int_eq(opening.status, STATUS_LIMIT);
	/* As deep as it may be, with keys as long as they may be. */
	for (int keys = 1; keys < 200; keys += 180) {
		buffer_clear(&text);
		for (int i = 0; i < JSON_DEPTH_MAX; i++) {
			buffer_add_text(&text, "{\"");
			for (int j = 0; j < keys; j++)
				buffer_add_char(&text, 'k');
			buffer_add_text(&text, "\":");
		}
		buffer_add_char(&text, '1');
		for (int i = 0; i < JSON_DEPTH_MAX; i++)
			buffer_add_char(&text, '}');
		open_memory(&format_json, text.data, text.len);
		ck_assert_int_eq(opening.status, keys == 1 ? STATUS_END : STATUS_LIMIT);
	}
	buffer_clear(&text);
	buffer_add_format(&text, "[%*s]", 33 << 20, "");
	open_memory(&format_json, text.data, text.len);
	ck_assert_int_eq(opening.status, STATUS_LIMIT);
	buffer_release(&text);
	shell("true");
	char *path = path_join(comparing.directory, "s.json");
	ck_assert_int_eq(tempfile_write_all(path, cyclonedx, strlen(cyclonedx), 0600, &opening.err),
		STATUS_OK);
	free(path);
	survive_damage(&format_json, "s.json", 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("JSON by key");
	TCase *tcase = tcase_create("JSON");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 300);
	tcase_add_checked_fixture(tcase, comparing_setup, comparing_teardown);
	tcase_add_test(tcase, each_value_is_a_member_by_its_keys);
	tcase_add_test(tcase, an_order_counts_but_for_sets);
	tcase_add_test(tcase, keys_that_are_there_twice_are_two);
	tcase_add_test(tcase, a_value_alone_is_one_too);
	tcase_add_test(tcase, every_byte_tells);
	tcase_add_test(tcase, usual_layouts_are_known);
	tcase_add_test(tcase, another_value_is_one_difference);
	tcase_add_test(tcase, what_identifies_a_bill_has_causes);
	tcase_add_test(tcase, packages_of_a_bill_are_told_as_packages);
	tcase_add_test(tcase, what_is_no_json_is_an_error);
	tcase_add_test(tcase, hostile_texts_are_bounded);
	return run_suite(suite);
}
