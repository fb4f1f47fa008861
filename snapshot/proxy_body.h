/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_PROXY_BODY_H
#define SNAPSHOT_PROXY_BODY_H

#include "base/httpd.h"
#include "snapshot/snapshot.h"

/*
 * A stored file on its way to a client, hashed as it goes (trust T13). A small one is read into
 * memory and hashed there, and those bytes are sent. A larger one is hashed by store_read() first,
 * so that a damaged file is an honest 502 and not a cut connection; then it is hashed again while
 * it is sent, and the last block is held back until all of the file fits: it may have been written
 * to in between.
 */
struct proxy_body;

/* Files up to this size are sent from memory, one for each connection. */
#define PROXY_BODY_IN_MEMORY ((uint64_t)2 * 1024 * 1024)

/* STATUS_NOT_FOUND when the store lacks it; STATUS_IO when it was damaged (now in quarantine).
 */
enum status proxy_body_open(struct store *store, const struct archive_file *file,
	struct proxy_body **body, struct error *err);
void proxy_body_free(struct proxy_body *body);
uint64_t proxy_body_size(const struct proxy_body *body);

/*
 * As httpd_content.read says. False with an error when the bytes do not fit; the damaged file is
 * then in quarantine.
 */
bool proxy_body_read(struct proxy_body *body, uint64_t offset, void *data, size_t len, bool last,
	struct error *err);

#endif
