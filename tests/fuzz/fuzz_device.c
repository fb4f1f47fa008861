/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz_data.h"
#include "verifier/coverage/device.h"

/* Results of both forms, and the file that maps them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct device_results results = {0};
	struct claim_list claims = {0};
	struct text_list loose = {0};
	struct device_map map = {0};
	struct data_file file;
	struct error err = {0};

	if (!fuzz_data(&file, data, size))
		return 0;
	if (device_read(&results, &file, &err) == STATUS_OK)
		fuzz_accepted = true;
	if (device_map_read(&map, &file, &err) == STATUS_OK)
		fuzz_accepted = true;
	device_look_up(&results, &map, "zlib", &claims);
	device_loose_ends(&results, &map, &loose);
	device_results_release(&results);
	device_map_release(&map);
	coverage_claims_release(&claims);
	text_list_release(&loose);
	data_file_release(&file);
	return 0;
}
