/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "verifier/coverage/source_facts.h"

bool fuzz_accepted;

/* The input is the tarball of a native package: all that is read of one is in it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char dsc[] =
		"Format: 3.0 (native)\nSource: x\nVersion: 1\nTestsuite: autopkgtest\n"
		"Checksums-Sha256:\n 0 0 x_1.tar.xz\n";
	struct source_input inputs[] = {{.name = "x_1.dsc"}, {.name = "x_1.tar.xz"}};
	struct limits limits = limits_default;
	struct source_tree tree;
	struct source_facts facts = {0};
	struct error err;

	limits.total_bytes = 64 << 20;
	inputs[0].fd = memfd_create("dsc", MFD_CLOEXEC);
	inputs[1].fd = memfd_create("tar", MFD_CLOEXEC);
	fuzz_accepted = false;
	if (write(inputs[0].fd, dsc, sizeof(dsc) - 1) == (ssize_t)sizeof(dsc) - 1 &&
		write(inputs[1].fd, data, size) == (ssize_t)size &&
		source_tree_read(inputs, 2, &limits, &tree, &err) == STATUS_OK) {
		fuzz_accepted = tree.is_packaging_whole;
		upstream_judge(&tree, &facts);
		autopkgtest_judge(&tree, "amd64", &facts);
		source_marks(&tree, &facts);
		source_facts_release(&facts);
		source_tree_release(&tree);
	}
	close(inputs[0].fd);
	close(inputs[1].fd);
	return 0;
}
