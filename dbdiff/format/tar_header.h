/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_TAR_HEADER_H
#define DBDIFF_FORMAT_TAR_HEADER_H

#include "dbdiff/members.h"

/*
 * What the headers of a member of a tar say besides what libarchive tells of it, as fields: pax
 * records ("pax Interchange Format", POSIX.1-2017), other headers in front of the member's own,
 * and that one where it is not exactly what its fields come to in the usual form. Extractors obey
 * some of what libarchive passes over. `bytes` are from the first header on to the content. False
 * when they are not what they should be, so that not all of them is told.
 */
bool tar_header_describe(const unsigned char *bytes, size_t len, struct member *member);
/* A number as headers store it, in octal digits or in base 256; false for what is none. */
bool tar_header_number(const unsigned char *field, size_t len, uint64_t *number);

#endif
