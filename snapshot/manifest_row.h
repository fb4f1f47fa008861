/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_MANIFEST_ROW_H
#define SNAPSHOT_MANIFEST_ROW_H

#include "snapshot/manifest.h"

/*
 * One line or stanza of a package list. The texts of the row are the caller's; after an error it
 * has none. Neither holds a NUL byte.
 */

/* A line without its newline and the blanks at its end; never empty. */
enum status manifest_row_read_line(
	const char *text, size_t len, struct manifest_package *row, struct error *err);

/*
 * A stanza of dpkg's status file. STATUS_END when it says that the package is not installed, or
 * when there is nothing in it.
 */
enum status manifest_row_read_stanza(
	const char *text, size_t len, struct manifest_package *row, struct error *err);

#endif
