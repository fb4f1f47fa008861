/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz_data.h"
#include "verifier/coverage/buildlog.h"

/* A log, plain or packed, which is its own .buildinfo as well. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shipped_deb deb = {.name = (char[]){"a"}, .version = (char[]){"1"}};
	bool belongs;
	struct claim_list claims = {0};
	struct buildlog log;
	struct data_file file;
	struct error err = {0};

	if (!fuzz_data(&file, data, size))
		return 0;
	if (buildlog_read(&log, &file, &err) == STATUS_OK) {
		fuzz_accepted = true;
		buildlog_judge(&log, &claims);
		buildlog_add_buildinfo(&log, &file, &err);
		buildlogs_belong(&log, 1, "hello", "2.10-3", "amd64", &deb, 1, &belongs, &claims);
		buildlog_release(&log);
	}
	coverage_claims_release(&claims);
	data_file_release(&file);
	return 0;
}
