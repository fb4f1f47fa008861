/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz_data.h"
#include "verifier/coverage/tracker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct claim_list claims = {0};
	struct text_list names = {0};
	struct tracker tracker;
	struct data_file file;
	struct error err = {0};

	if (!fuzz_data(&file, data, size))
		return 0;
	fuzz_names(&names);
	if (tracker_read(&tracker, &file, "bookworm", &names, &err) == STATUS_OK) {
		fuzz_accepted = true;
		for (size_t i = 0; i < tracker.source_count; i++)
			tracker_judge(&tracker, &tracker.sources[i], "3.0-1", &claims);
		tracker_release(&tracker);
	}
	coverage_claims_release(&claims);
	text_list_release(&names);
	data_file_release(&file);
	return 0;
}
