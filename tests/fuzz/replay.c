/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/path.h"

#define INPUT_MOST ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Runs a fuzz target over files, as an ordinary test, without libFuzzer. */
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct error err;
		char *data = NULL;
		size_t len;

		if (path_read_file(argv[i], INPUT_MOST, &data, &len, &err) != STATUS_OK) {
			fprintf(stderr, "%s\n", err.text);
			return 1;
		}
		LLVMFuzzerTestOneInput((const uint8_t *)data, len);
		free(data);
	}
	return 0;
}
