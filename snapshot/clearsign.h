/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_CLEARSIGN_H
#define SNAPSHOT_CLEARSIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * Holds when the file is one clear-signed block (RFC 4880, 7) from its first byte to its last, and
 * gives the text in it. STATUS_TRUST otherwise: gpgv passes over text around the block.
 */
enum status clearsign_split(const char *data, size_t len, struct buffer *text, struct error *err);

/*
 * Holds when the file is one or more armoured signatures (RFC 4880, 6.2) from its first byte to its
 * last; STATUS_TRUST otherwise.
 */
enum status armour_check(const char *data, size_t len, struct error *err);

/* Equal but for blanks at line ends, which the signature does not cover. */
bool clearsign_text_equal(const struct buffer *a, const struct buffer *b);

#endif
