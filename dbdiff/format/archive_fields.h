/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_ARCHIVE_FIELDS_H
#define DBDIFF_FORMAT_ARCHIVE_FIELDS_H

#include <archive_entry.h>

#include "dbdiff/members.h"

/* All metadata that an entry of an archive carries, and whether it has content, and how much. */
void archive_fields_add(struct archive_entry *entry, struct member *member);

#endif
