/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_FETCH_FORM_H
#define SNAPSHOT_FETCH_FORM_H

#include "snapshot/snapshot.h"

/* A field of a form. Borrowed. */
struct fetch_field {
	const char *name, *value;
};

struct fetch_form {
	const struct fetch_field *fields;
	size_t count;
};

/*
 * Posts a form (multipart/form-data) that asks something, so that it may be sent again, and takes
 * the answer into the store as fetcher_get() does. *code is 200, or 404 with the body that came
 * with it: what is not known is an answer as well. Each field goes as a file of its own name, as
 * debootsnap of devscripts sends it.
 */
enum status fetcher_post(struct fetcher *fetcher, struct store *store, const char *url,
	const struct fetch_form *form, uint64_t size_limit, struct digest *digest, long *code,
	struct error *err);

#endif
