/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tests/fuzz/fuzz.h"
#include "verifier/coverage/source_facts.h"

bool fuzz_accepted;

/* The input is debian/tests/control, and the script of the test "t" as well. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tree_file files[] = {
		{.path = (char *)"debian/tests/control", .container = "x"},
		{.path = (char *)"debian/tests/t", .container = "x"},
	};
	struct source_tree tree = {.files = files, .count = 2, .dsc = (char *)"x.dsc"};
	struct source_facts facts = {0};
	char *text = xstrndup((const char *)data, size);

	for (size_t i = 0; i < 2; i++) {
		files[i].text = text;
		files[i].len = strlen(text);
	}
	tree.is_packaging_whole = true;
	autopkgtest_judge(&tree, "amd64", &facts);
	fuzz_accepted = facts.has_autopkgtest == KNOWN_YES;
	source_facts_release(&facts);
	free(text);
	return 0;
}
