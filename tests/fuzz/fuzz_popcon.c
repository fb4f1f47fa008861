/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz_data.h"
#include "verifier/coverage/popcon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct claim_list claims = {0};
	struct text_list names = {0};
	struct popcon popcon;
	struct data_file file;
	struct error err = {0};

	if (!fuzz_data(&file, data, size))
		return 0;
	fuzz_names(&names);
	if (popcon_read(&popcon, &file, &names, &err) == STATUS_OK) {
		fuzz_accepted = true;
		popcon_find(&popcon, "zlib1g", &claims);
		popcon_release(&popcon);
	}
	coverage_claims_release(&claims);
	text_list_release(&names);
	data_file_release(&file);
	return 0;
}
