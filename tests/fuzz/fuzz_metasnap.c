/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "snapshot/find_range.h"
#include "tests/fuzz/fuzz.h"

bool fuzz_accepted;

/* What metasnap answers about three packages; behind a line "404" it is an answer of that status.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char list[] = "a:amd64=1\na:i386=1\nb=2:1.0~rc1-1\n";
	bool is_404 = size >= 4 && memcmp(data, "404\n", 4) == 0, asked[] = {true, true, true};
	bool answered[3] = {false};
	struct manifest manifest;
	struct find_ranges ranges = {0};
	const char *text = (const char *)data + (is_404 ? 4 : 0);
	struct error err;

	fuzz_accepted = false;
	if (manifest_parse("list", list, sizeof(list) - 1, &manifest, &err) == STATUS_OK) {
		find_ranges_init(&ranges, &manifest, "amd64");
		fuzz_accepted =
			find_read_metasnap(&ranges, "debian", asked, answered, is_404 ? 404 : 200,
				text, size - (is_404 ? 4 : 0), &err) == STATUS_OK;
	}
	find_ranges_release(&ranges);
	manifest_release(&manifest);
	return 0;
}
