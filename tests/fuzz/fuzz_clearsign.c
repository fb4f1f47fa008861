/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "snapshot/clearsign.h"
#include "tests/fuzz/fuzz.h"

bool fuzz_accepted;

/* An InRelease, or the Release.gpg of a Release: nothing may stand around what is signed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer text = {0};
	struct error err;

	fuzz_accepted = clearsign_split((const char *)data, size, &text, &err) == STATUS_OK;
	if (fuzz_accepted && !clearsign_text_equal(&text, &text))
		abort();
	fuzz_accepted |= armour_check((const char *)data, size, &err) == STATUS_OK;
	buffer_release(&text);
	return 0;
}
