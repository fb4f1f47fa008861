/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_FIND_FIXTURE_H
#define TESTS_UNIT_FIND_FIXTURE_H

/* A package list and what is found out about it, for test_metasnap.c and test_machine_api.c. */
#include "snapshot/find_range.h"
#include "tests/unit/fetch_fixture.h"

static struct manifest manifest;
static struct find_ranges ranges;
static struct text_list archives;
static char *base;

/* The list, one package a line as manifest_parse() reads them; asked about for amd64. */
static inline void list_set(const char *list)
{
	ck_assert_msg(manifest_parse("list", list, strlen(list), &manifest, &err) == STATUS_OK,
		"%s", err.text);
	find_ranges_init(&ranges, &manifest, "amd64");
	base = xasprintf("http://127.0.0.1:%u", server.port);
}

static inline void list_release(void)
{
	find_ranges_release(&ranges);
	manifest_release(&manifest);
	text_list_release(&archives);
	free(base);
}

/* "name archive suite first-last" a range, lines sorted; the caller frees. */
static inline char *ranges_text(void)
{
	struct text_list lines = {0};
	struct buffer text = {0};

	for (size_t i = 0; i < ranges.count; i++) {
		const struct find_range *range = &ranges.items[i];
		const struct find_suite *suite = &ranges.suites[range->suite];
		char *line = xasprintf("%s %s %s %jd-%jd\n", manifest.items[range->package].name,
			ranges.archives.items[suite->archive], suite->suite, (intmax_t)range->first,
			(intmax_t)range->last);

		text_list_add(&lines, line);
		free(line);
	}
	text_list_sort(&lines);
	for (size_t i = 0; i < lines.count; i++)
		buffer_add_text(&text, lines.items[i]);
	text_list_release(&lines);
	return buffer_detach(&text);
}

#endif
