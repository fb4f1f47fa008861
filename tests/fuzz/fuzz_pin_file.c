/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "snapshot/lock.h"
#include "snapshot/pin_file.h"
#include "tests/fuzz/fuzz.h"

bool fuzz_accepted;

/* A pin as a store or a bundle has it, or a lock: what is read is written as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct buffer again = {0};
	struct lock lock = {0};
	struct pin pin = {0}, other = {0};
	struct error err;

	fuzz_accepted = lock_parse("lock", text, size, &lock, &err) == STATUS_OK;
	if (pin_file_parse("debian@20260711T101637Z", text, size, &pin, &err) == STATUS_OK) {
		fuzz_accepted = true;
		pin_file_format(&pin, &again);
		if (pin_file_parse(pin.name, again.data, again.len, &other, &err) != STATUS_OK)
			abort();
	}
	lock_release(&lock);
	pin_release(&pin);
	pin_release(&other);
	buffer_release(&again);
	return 0;
}
