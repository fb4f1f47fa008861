/* SPDX-License-Identifier: Apache-2.0 */
#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/number.h"
#include "verifier/coverage/device.h"

#define DEPTH_MAX 16u
#define TEXT_MAX  ((size_t)4096)
#define FEED	  ((size_t)1 << 20)

struct suite {
	char *name;
	bool has_tests; /* it says how many */
	uint64_t tests;
	size_t first; /* which of the cases is its first */
};

struct reading {
	struct device_results *results;
	const struct data_file *file;
	XML_Parser parser;
	struct suite suites[DEPTH_MAX];
	unsigned suite_count;
	unsigned depth, case_depth; /* of the testcase that is open; 0 for none */
	bool is_junit;
	struct error *err;
	enum status status;
};

static void refuse(struct reading *reading, enum status status, const char *what)
{
	if (reading->status < 0)
		return;
	reading->status = error_set(reading->err, status, "%s:%lu: %s; nothing of the file is used",
		reading->file->name, XML_GetCurrentLineNumber(reading->parser), what);
	XML_StopParser(reading->parser, XML_FALSE);
}

/* What a document type can do to its reader is no part of JUnit. */
static void XMLCALL on_doctype(void *context, const XML_Char *name, const XML_Char *system,
	const XML_Char *public, int has_subset)
{
	(void)name;
	(void)system;
	(void)public;
	(void)has_subset;
	refuse(context, STATUS_UNSUPPORTED, "a DOCTYPE, which JUnit results do not have");
}

static const char *attribute(const XML_Char **attributes, const char *name)
{
	for (size_t i = 0; attributes[i]; i += 2) {
		if (strcmp(attributes[i], name) == 0)
			return attributes[i + 1];
	}
	return NULL;
}

static void begin_suite(struct reading *reading, const XML_Char **attributes)
{
	const char *name = attribute(attributes, "name");
	const char *tests = attribute(attributes, "tests");
	struct suite *suite;

	if (reading->suite_count == DEPTH_MAX || (name && strlen(name) > TEXT_MAX)) {
		refuse(reading, STATUS_LIMIT, "suites too deep, or a name too long");
		return;
	}
	suite = &reading->suites[reading->suite_count++];
	*suite = (struct suite){.name = xstrdup(name ? name : ""),
		.has_tests = tests != NULL,
		.first = reading->results->case_count};
	if (tests && !number_parse(tests, strlen(tests), &suite->tests))
		refuse(reading, STATUS_FORMAT, "the number of tests is none");
}

static void end_suite(struct reading *reading)
{
	struct suite *suite = &reading->suites[--reading->suite_count];

	if (suite->has_tests && suite->tests != reading->results->case_count - suite->first)
		refuse(reading, STATUS_FORMAT, "a suite does not have as many tests as it says");
	free(suite->name);
}

static void begin_case(struct reading *reading, const XML_Char **attributes)
{
	const char *name = attribute(attributes, "name");

	if (!name || !*name || reading->suite_count == 0) {
		refuse(reading, STATUS_FORMAT, "a testcase without a name, or outside a suite");
		return;
	}
	if (strlen(name) > TEXT_MAX || reading->results->case_count > DEVICE_CASES_MAX) {
		refuse(reading, STATUS_LIMIT, "a name too long, or too many testcases");
		return;
	}
	reading->case_depth = reading->depth;
	device_add(reading->results, name, reading->suites[reading->suite_count - 1].name,
		DEVICE_PASS, XML_GetCurrentLineNumber(reading->parser));
}

/* Of several the worst. */
static void mark_case(struct reading *reading, enum device_result result)
{
	struct device_case *last = &reading->results->cases[reading->results->case_count - 1];

	if (result > last->result)
		last->result = result;
}

static void XMLCALL on_begin(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct reading *reading = context;

	if (++reading->depth > DEPTH_MAX) {
		refuse(reading, STATUS_LIMIT, "elements too deep");
		return;
	}
	if (reading->depth == 1) {
		reading->is_junit =
			strcmp(name, "testsuites") == 0 || strcmp(name, "testsuite") == 0;
		if (!reading->is_junit)
			refuse(reading, STATUS_FORMAT, "this is XML, but no JUnit results");
	}
	if (reading->status < 0)
		return;
	if (reading->case_depth > 0) {
		if (strcmp(name, "failure") == 0 || strcmp(name, "error") == 0)
			mark_case(reading, DEVICE_FAIL);
		else if (strcmp(name, "skipped") == 0)
			mark_case(reading, DEVICE_SKIP);
		else if (strcmp(name, "testcase") == 0 || strcmp(name, "testsuite") == 0)
			refuse(reading, STATUS_FORMAT, "a testcase has tests inside it");
	} else if (strcmp(name, "testsuite") == 0) {
		begin_suite(reading, attributes);
	} else if (strcmp(name, "testcase") == 0) {
		begin_case(reading, attributes);
	}
}

static void XMLCALL on_end(void *context, const XML_Char *name)
{
	struct reading *reading = context;

	if (reading->case_depth == reading->depth)
		reading->case_depth = 0;
	else if (reading->case_depth == 0 && strcmp(name, "testsuite") == 0)
		end_suite(reading);
	reading->depth--;
}

static void feed(struct reading *reading, const char *text, size_t len)
{
	size_t fed = 0;
	bool is_last;

	do {
		size_t piece = len - fed < FEED ? len - fed : FEED;

		is_last = fed + piece == len;
		if (XML_Parse(reading->parser, text + fed, (int)piece, is_last) != XML_STATUS_OK &&
			reading->status == STATUS_OK)
			reading->status = error_set(reading->err, STATUS_FORMAT,
				"%s:%lu: %s; nothing of the file is used", reading->file->name,
				XML_GetCurrentLineNumber(reading->parser),
				XML_ErrorString(XML_GetErrorCode(reading->parser)));
		fed += piece;
	} while (!is_last && reading->status == STATUS_OK);
}

enum status device_read_junit(struct device_results *results, const struct data_file *file,
	const char *text, size_t len, struct error *err)
{
	struct reading reading = {.results = results, .file = file, .err = err};

	reading.parser = XML_ParserCreate(NULL);
	if (!reading.parser)
		return error_set(err, STATUS_LIMIT, "%s: no memory", file->name);
	XML_SetUserData(reading.parser, &reading);
	XML_SetElementHandler(reading.parser, on_begin, on_end);
	XML_SetStartDoctypeDeclHandler(reading.parser, on_doctype);
	feed(&reading, text, len);
	while (reading.suite_count > 0)
		free(reading.suites[--reading.suite_count].name);
	XML_ParserFree(reading.parser);
	return reading.status;
}
