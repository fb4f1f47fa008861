/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz_data.h"
#include "verifier/coverage/rebuilderd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rebuilderd rebuilderd;
	struct claim_list claims = {0};
	struct text_list names = {0};
	struct data_file file;
	struct error err = {0};

	if (!fuzz_data(&file, data, size))
		return 0;
	fuzz_names(&names);
	if (rebuilderd_read(&rebuilderd, &file, &names, &err) == STATUS_OK) {
		fuzz_accepted = true;
		rebuilderd_look_up(
			&rebuilderd, true, "zlib", "1:1.2-1", "bookworm", "amd64", &claims);
		rebuilderd_look_up(&rebuilderd, false, "zlib1g", "1", NULL, "amd64", &claims);
		rebuilderd_release(&rebuilderd);
	}
	coverage_claims_release(&claims);
	text_list_release(&names);
	data_file_release(&file);
	return 0;
}
