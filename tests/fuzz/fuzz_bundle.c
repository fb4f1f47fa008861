/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/bundle_read.h"
#include "snapshot/bundle_zstd.h"
#include "tests/fuzz/fuzz.h"

bool fuzz_accepted;

static bool read_all(struct source *tar)
{
	struct bundle_reader reader;
	const struct bundle_entry *entry;
	struct error err;
	enum status status = bundle_reader_open(tar, &reader, &err);

	if (status < 0)
		return false;
	while ((status = bundle_reader_next(&reader, &entry, &err)) == STATUS_OK) {
		const unsigned char *data;
		size_t len = 1;

		while (status == STATUS_OK && len)
			status = bundle_reader_read(&reader, &data, &len, &err);
		if (status < 0)
			break;
	}
	bundle_reader_release(&reader);
	return status == STATUS_END;
}

/* As a bundle, or as the tar that is in one: behind a checksum a fuzzer finds little. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source *input = source_memory_new(data, size);
	bool is_packed = size > 0 && data[0] == 0x28;
	struct source *tar = input;
	struct hash hash;

	hash_init(&hash);
	if (is_packed)
		tar = bundle_unpack_new(input, &hash);
	fuzz_accepted = tar && read_all(tar);
	if (is_packed)
		source_free(tar);
	source_free(input);
	hash_release(&hash);
	return 0;
}
