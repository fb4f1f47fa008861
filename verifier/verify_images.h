/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_IMAGES_H
#define VERIFIER_VERIFY_IMAGES_H

#include "base/error.h"
#include "base/hash.h"
#include "verifier/evidence/evidence.h"
#include "verifier/verify_files.h"

/*
 * Of a block map X.bmap the two files called X: what it says of them can be checked, so that its
 * differences depend on them too.
 */
struct map_images {
	bool are_there;		      /* both are open, and the run knows their digests */
	int fds[2];		      /* published, rebuilt; -1 where there is none */
	char digest[SHA256_HEX_SIZE]; /* SHA-256 of the two SHA-256, published first */
};

/*
 * Of any other artifact, and where a side has none or this run has not hashed them, there are none.
 * Closed by map_images_close, also after an error.
 */
enum status map_images_open(struct map_images *images, struct evidence *evidence, const char *run,
	const struct file_set *sets[2], const char *name, struct error *err);
void map_images_close(struct map_images *images);

#endif
