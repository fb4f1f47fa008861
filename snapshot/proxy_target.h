/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_PROXY_TARGET_H
#define SNAPSHOT_PROXY_TARGET_H

#include "base/error.h"

/* The target of an HTTP request, taken apart. A zeroed struct is safe to release. */
struct proxy_target {
	char *host; /* with its port, lower case, without user-info; "" in origin form */
	char *path; /* decoded; begins with a slash; no empty, "." or ".." component */
};

/*
 * Reads a target in origin form ("/debian/…") or absolute form ("http://HOST/debian/…"). Double
 * slashes and "." components go away, a query is passed over. STATUS_FORMAT for what cannot be a
 * file's path: "..", an encoded slash, control characters, a bad escape; STATUS_UNSUPPORTED for
 * another scheme. `host` is set whenever it could be read.
 */
enum status proxy_target_parse(const char *text, struct proxy_target *target, struct error *err);
void proxy_target_release(struct proxy_target *target);

/* Decodes and normalises a path of `len` bytes; the caller frees *path. */
enum status proxy_path_normalise(const char *text, size_t len, char **path, struct error *err);

/* The path of an http or https URL, in the text itself; NULL for any other URL. */
const char *proxy_url_path(const char *url);

#endif
