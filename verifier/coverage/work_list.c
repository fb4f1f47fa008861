/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/work_list.h"

#include <inttypes.h>

#include "base/markdown.h"

/* Where its debian/tests could be taken from. */
static void put_newer(struct buffer *out, const struct coverage_data *data)
{
	if (!data->newer_version)
		return;
	buffer_add_text(out, "  - autopkgtests are declared (");
	markdown_code(out, data->newer_testsuite);
	buffer_add_text(out, ") by version ");
	markdown_code(out, data->newer_version);
	buffer_add_text(out, " in ");
	markdown_code(out, data->newer_file);
	buffer_add_text(out, ": its debian/tests could be taken over, untested\n");
}

static void put_package(struct buffer *out, const struct coverage_package *package)
{
	const struct source_facts *facts = package->facts;

	buffer_add_text(out, "- ");
	markdown_code(out, package->source);
	buffer_add_char(out, ' ');
	markdown_code(out, package->version ? package->version : "");
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
		markdown_code(out, facts->suites[i].framework);
		buffer_add_text(out, " in ");
		markdown_code(out, facts->suites[i].where);
		buffer_add_char(out, '\n');
	}
	put_newer(out, &package->data);
	if (facts->patch) {
		buffer_add_text(out, "\n  This would run it, untested:\n");
		markdown_block(out, "diff", facts->patch);
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
