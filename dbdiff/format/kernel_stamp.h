/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_KERNEL_STAMP_H
#define DBDIFF_FORMAT_KERNEL_STAMP_H

#include "dbdiff/format/parts.h"

/*
 * The version text of a Linux kernel, "6.1.0 (user@host) #1 SMP Mon Jan 5 12:00:00 UTC 2026", with
 * or without "Linux version " in front, and a compiler in the middle. Adds all of it as the field
 * kernel-version, and what in it is no stamp of a build as kernel-release and kernel-flavour: only
 * where these are the same on both sides is another text another stamp. Adds nothing, and is
 * false, for a text that is none.
 */
bool kernel_stamp_add(struct parts *parts, const char *text, size_t len);

#endif
