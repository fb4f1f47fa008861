/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz_data.h"
#include "verifier/coverage/newer.h"

/* A Sources index, plain or packed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text_list names = {0};
	struct newer newer = {0};
	struct data_file file;
	struct error err = {0};

	if (!fuzz_data(&file, data, size))
		return 0;
	fuzz_names(&names);
	if (newer_read(&newer, &file, &names, &err) == STATUS_OK) {
		fuzz_accepted = true;
		newer_find(&newer, "zlib");
	}
	newer_release(&newer);
	text_list_release(&names);
	data_file_release(&file);
	return 0;
}
