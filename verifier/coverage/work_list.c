/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/work_list.h"

#include <inttypes.h>
#include <string.h>

#include "base/escape.h"

/* Of backquotes. */
static size_t longest_run(const struct buffer *text)
{
	size_t longest = 0, run = 0;

	for (size_t i = 0; i < text->len; i++) {
		run = text->data[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest;
}

static void put_fence(struct buffer *out, size_t length)
{
	for (size_t i = 0; i < length; i++)
		buffer_add_char(out, '`');
}

/* A code span whose fence is longer than any run of backquotes in the text (CommonMark 6.1). */
static void put_span(struct buffer *out, const char *text)
{
	struct buffer line = {0};
	size_t longest;

	escape_line(&line, text, strlen(text));
	longest = longest_run(&line);
	put_fence(out, longest + 1);
	buffer_add_format(
		out, "%s%s%s", longest ? " " : "", buffer_text(&line), longest ? " " : "");
	put_fence(out, longest + 1);
	buffer_release(&line);
}

/*
 * A fenced block inside a list item, whose fence is longer than any run of backquotes in the text
 * (CommonMark 4.5): nothing in it can end it.
 */
static void put_block(struct buffer *out, const char *text)
{
	struct buffer block = {0};
	size_t fence;

	escape_block(&block, text, strlen(text));
	fence = longest_run(&block) < 3 ? 3 : longest_run(&block) + 1;
	buffer_add_text(out, "\n  ");
	put_fence(out, fence);
	buffer_add_text(out, "diff\n");
	for (const char *at = buffer_text(&block); *at;) {
		size_t len = strcspn(at, "\n");

		buffer_add_text(out, "  ");
		buffer_add(out, at, len);
		buffer_add_char(out, '\n');
		at += len + (at[len] == '\n');
	}
	buffer_add_text(out, "  ");
	put_fence(out, fence);
	buffer_add_text(out, "\n\n");
	buffer_release(&block);
}

/* Where its debian/tests could be taken from. */
static void put_newer(struct buffer *out, const struct coverage_data *data)
{
	if (!data->newer_version)
		return;
	buffer_add_text(out, "  - autopkgtests are declared (");
	put_span(out, data->newer_testsuite);
	buffer_add_text(out, ") by version ");
	put_span(out, data->newer_version);
	buffer_add_text(out, " in ");
	put_span(out, data->newer_file);
	buffer_add_text(out, ": its debian/tests could be taken over, untested\n");
}

static void put_package(struct buffer *out, const struct coverage_package *package)
{
	const struct source_facts *facts = package->facts;

	buffer_add_text(out, "- ");
	put_span(out, package->source);
	buffer_add_char(out, ' ');
	put_span(out, package->version ? package->version : "");
	buffer_add_format(out, ", class %s: ", evidence_class_word(package->class));
	if (facts->suite_count == 0) {
		buffer_add_text(out,
			package->data.newer_version
				? "no upstream test was found.\n"
				: "no upstream test was found; an autopkgtest would have to be "
				  "written.\n");
		put_newer(out, &package->data);
		return;
	}
	buffer_add_format(out, "run at build %s, failure fatal %s, autopkgtest %s. Upstream has:\n",
		run_at_build_word(facts->run_at_build), failure_fatal_word(facts->failure_fatal),
		autopkgtest_quality_word(facts->autopkgtest_quality));
	for (size_t i = 0; i < facts->suite_count; i++) {
		buffer_add_format(out, "  - %" PRIu64 " of ", facts->suites[i].count);
		put_span(out, facts->suites[i].framework);
		buffer_add_text(out, " in ");
		put_span(out, facts->suites[i].where);
		buffer_add_char(out, '\n');
	}
	put_newer(out, &package->data);
	if (facts->patch) {
		buffer_add_text(out, "\n  This would run it, untested:\n");
		put_block(out, facts->patch);
	}
}

void work_list_write(const struct coverage *coverage, struct buffer *out)
{
	size_t count = 0;

	buffer_add_text(out, "# Tests that could be added\n\n");
	for (size_t i = 0; i < coverage->count; i++) {
		const struct coverage_package *package = &coverage->packages[i];

		if (!package->facts || package->class < CLASS_D)
			continue;
		put_package(out, package);
		count++;
	}
	if (count == 0)
		buffer_add_text(out, "Every package whose source was read has tests that count.\n");
}
