/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz_data.h"
#include "verifier/coverage/debci.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct claim_list claims = {0};
	struct text_list names = {0};
	struct debci_answer answer;
	struct debci debci = {0};
	struct debci_log log;
	struct data_file file;
	struct error err = {0};

	if (!fuzz_data(&file, data, size))
		return 0;
	fuzz_names(&names);
	if (debci_read(&debci, &file, &names, &err) == STATUS_OK)
		fuzz_accepted = true;
	debci_look_up(&debci, "zlib", "1:1.2-1", "bookworm", "amd64", &answer, &claims);
	debci_answer_release(&answer);
	if (debci_log_read(&file, &log, &claims, &err) == STATUS_OK)
		fuzz_accepted = true;
	debci_log_release(&log);
	debci_release(&debci);
	coverage_claims_release(&claims);
	text_list_release(&names);
	data_file_release(&file);
	return 0;
}
