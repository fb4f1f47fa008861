/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz_data.h"
#include "verifier/coverage/deb_marks.h"

/* A package; or the text of its marks, as a worker that was taken over may write it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct limits limits = limits_default;
	struct deb_marks marks;
	struct data_file file;
	struct error err = {0};

	limits.total_bytes = (uint64_t)16 << 20;
	if (!fuzz_data(&file, data, size))
		return 0;
	if (deb_marks_parse((const char *)data, size, &marks, &err) == STATUS_OK) {
		fuzz_accepted = true;
		deb_marks_release(&marks);
	}
	struct source *source = source_file_new(file.fd, file.size);

	if (deb_marks_read(source, &limits, &marks, &err) == STATUS_OK) {
		fuzz_accepted = true;
		deb_marks_release(&marks);
	}
	source_free(source);
	data_file_release(&file);
	return 0;
}
