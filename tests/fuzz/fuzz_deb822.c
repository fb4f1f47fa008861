/* SPDX-License-Identifier: Apache-2.0 */
#include "base/deb822.h"
#include "snapshot/checksums.h"
#include "snapshot/relation.h"
#include "tests/fuzz/fuzz.h"

bool fuzz_accepted;

static bool field_read(const struct deb822_field *field, struct error *err)
{
	struct relation relation = {0};
	struct checksum checksum;
	enum status status = STATUS_OK;
	size_t at = 0;

	if (deb822_is(field, "Checksums-Sha256")) {
		while ((status = checksums_next(field, &at, &checksum, err)) == STATUS_OK)
			;
		return status == STATUS_END;
	}
	if (deb822_is(field, "Depends")) {
		status = relation_parse(field->value, field->value_len, &relation, err);
		for (size_t i = 0; status == STATUS_OK && i < relation.count; i++) {
			relation_term_takes(&relation.terms[i], "1:2.0-1~bpo1");
			free(relation_group_text(&relation, i));
		}
		relation_release(&relation);
	}
	return status == STATUS_OK;
}

/* Stanzas as Packages, Sources and a control file have them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct deb822 reader;
	struct deb822_field field;
	struct error err;
	enum status status = STATUS_OK;

	fuzz_accepted = true;
	deb822_init(&reader, (const char *)data, size);
	while (status >= 0 && !deb822_at_end(&reader)) {
		while ((status = deb822_next(&reader, &field, &err)) == STATUS_OK)
			fuzz_accepted &= field_read(&field, &err);
	}
	fuzz_accepted &= status >= 0 && size > 0;
	return 0;
}
