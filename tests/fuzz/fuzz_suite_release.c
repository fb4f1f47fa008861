/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "snapshot/suite_release.h"
#include "tests/fuzz/fuzz.h"

bool fuzz_accepted;

/* The text of a Release file; what it lists is found again under its path. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct suite_release release = {0};
	struct error err;

	fuzz_accepted = suite_release_parse((const char *)data, size, &release, &err) == STATUS_OK;
	for (size_t i = 0; fuzz_accepted && i < release.file_count; i++)
		if (suite_release_find(&release, release.files[i].path) != &release.files[i])
			abort();
	if (fuzz_accepted)
		suite_release_find_index(&release, "main/source/Sources");
	suite_release_release(&release);
	return 0;
}
