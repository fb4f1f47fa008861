/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_TRUST_H
#define SNAPSHOT_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "snapshot/snapshot.h"

#define INRELEASE_LIMIT ((size_t)16 * 1024 * 1024)

/* What the signature of an InRelease file vouches for. A zeroed struct is safe to release. */
struct signed_text {
	struct buffer text; /* as gpgv gave it out; the file itself is never parsed */
	char *signer;	    /* fingerprint of the primary key, upper case hex */
	int64_t signed_at;
	bool is_key_expired; /* the key has since expired or been retired, which was accepted */
};

/*
 * Verifies a clear-signed file with gpgv (trust T11). `digest_is_given` says that a lock or a
 * verified bundle names the SHA-256 of exactly these bytes: then a signature made in its key's life
 * is good though the key has expired since. STATUS_TRUST when it does not hold, STATUS_CLOCK when
 * key or signature lie in the future, STATUS_USAGE for a keyring that gpgv cannot read.
 */
enum status trust_verify(const char *inrelease, size_t len, const struct trust_options *options,
	bool digest_is_given, struct signed_text *result, struct error *err);
void signed_text_release(struct signed_text *result);

/* The present, for checks against Date and signature times. */
int64_t trust_now(const struct trust_options *options);

/* Adds a sentence for the user. */
void trust_note(const struct trust_options *options, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
