/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_PE_SIGNATURE_H
#define DBDIFF_FORMAT_PE_SIGNATURE_H

#include "base/hash.h"
#include "dbdiff/format/pe.h"

/*
 * Signatures of a PE ("Windows Authenticode Portable Executable Signature Format"; PE Format, "The
 * Attribute Certificate Table"). What is hashed here is all of the file but the checksum, the
 * table and its directory entry, in the order of the file: for a file without gaps that is what
 * firmware hashes, and nothing is left out that a reader of gaps could use.
 */

/* Everything that is computed over the whole file, in one pass. */
struct pe_sums {
	struct digest digest; /* Authenticode's */
	uint32_t checksum;    /* what the header's field should be */
};

enum status pe_sum(
	struct source *source, const struct pe *pe, struct pe_sums *sums, struct error *err);

/*
 * After all other parts: adds regions and fields of checksum, directory entry and table. They are
 * REGION_WRAPPER called "authenticode-signature" only if every signature in the table verifies over
 * everything else, nothing but signatures is in it, it ends the file, and the checksum is right;
 * otherwise they are structure, and a field signature-invalid or wrapper-extra-bytes says why.
 */
enum status pe_add_signatures(struct parts *parts, const struct pe *pe, struct error *err);

#endif
