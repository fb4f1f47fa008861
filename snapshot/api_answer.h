/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_API_ANSWER_H
#define SNAPSHOT_API_ANSWER_H

#include "base/buffer.h"
#include "snapshot/api_catalog.h"

/*
 * The machine-usable interface of snapshot.debian.org (the file API of its source, and what it
 * answers): JSON with the keys in the order of their bytes, as there. What is known by its SHA-256
 * alone has no place in it, and is listed behind the key "_sha256_only".
 */
struct api_question {
	struct catalog *catalog;
	const struct pin_list *pins;
	const char *path;  /* "/mr/…", normalised (snapshot/proxy_target.h) */
	const char *query; /* what stands behind "?", undecoded; "" for none */
};

/*
 * STATUS_NOT_FOUND: there is no such thing; STATUS_UNSUPPORTED: no such question;
 * STATUS_CONFLICT: a SHA-1 that names two files.
 */
enum status api_answer(
	const struct api_question *question, struct buffer *answer, struct error *err);

/* True when the query has `name` with `value`. */
bool api_query_has(const char *query, const char *name, const char *value);

#endif
