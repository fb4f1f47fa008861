/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/source_tree_fixture.h"
#include "verifier/coverage/source_facts.h"

bool fuzz_accepted;

/* Judges a package by the text as the file of one build system. */
static void judge(const char *path, const char *options, const uint8_t *data, size_t size)
{
	static const char control[] = "Source: x\nBuild-Depends: libgtest-dev\n\n"
				      "Package: x\nArchitecture: any\n";
	static const char rules[] = "%:\n\tdh $@\n";
	struct source_tree tree = {0};
	struct source_facts facts = {0};

	tree_add(&tree, path, (const char *)data, size);
	if (options)
		tree_add(&tree, options, (const char *)data, size);
	tree_add(&tree, "configure.ac", "", 0);
	tree_add(&tree, "debian/control", control, sizeof(control) - 1);
	tree_add(&tree, "debian/rules", rules, sizeof(rules) - 1);
	/* Without it the makefile is no automake's, and CMake is preferred to Meson. */
	if (strcmp(path, "Makefile.am") != 0)
		for (size_t i = 0; i < tree.count; i++)
			if (strcmp(tree.files[i].path, "configure.ac") == 0)
				tree.files[i].path[0] = 'x';
	tree_sort(&tree);
	tree.is_upstream_whole = true;
	rules_judge(&tree, "amd64", &facts);
	fuzz_accepted |= facts.run_at_build == RUN_YES;
	coverage_claims_release(&facts.claims);
	free(facts.patch);
	source_tree_release(&tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_accepted = false;
	judge("CMakeLists.txt", NULL, data, size);
	judge("meson.build", "meson_options.txt", data, size);
	judge("Makefile.am", NULL, data, size);
	return 0;
}
