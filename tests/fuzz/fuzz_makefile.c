/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"
#include "base/buffer.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/source_tree_fixture.h"
#include "verifier/coverage/makefile.h"
#include "verifier/coverage/source_facts.h"

bool fuzz_accepted;

/* Reads it as make text, expands all of it, and judges it as debian/rules of a package. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct makefile_given given = {.architecture = "amd64"};
	struct makefile makefile = {0};
	struct source_tree tree = {0};
	struct source_facts facts = {0};

	makefile_read(&makefile, &given, "debian/rules", (const char *)data, size);
	for (size_t i = 0; i < makefile.rule_count; i++) {
		struct makefile_rule *rule = &makefile.rules[i];

		for (size_t j = 0; j < rule->line_count; j++) {
			struct buffer out = {0};

			makefile_expand(&makefile, rule->lines[j].text, "build", &out);
			if (out.len > (size_t)64 << 20)
				abort();
			buffer_release(&out);
		}
	}
	fuzz_accepted = makefile.rule_count > 0 && makefile.trouble == NULL;
	makefile_release(&makefile);
	tree_add(&tree, "Makefile", (const char *)data, size);
	tree_add(&tree, "debian/rules", (const char *)data, size);
	tree.is_upstream_whole = true;
	rules_judge(&tree, "amd64", &facts);
	/* Nothing is said without a place. */
	if (facts.claims.count == 0)
		abort();
	coverage_claims_release(&facts.claims);
	free(facts.patch);
	source_tree_release(&tree);
	return 0;
}
