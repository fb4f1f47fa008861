/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_TRUST_H
#define SNAPSHOT_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "snapshot/snapshot.h"

#define INRELEASE_LIMIT	  ((size_t)16 * 1024 * 1024) /* of Release as well */
#define RELEASE_GPG_LIMIT ((size_t)1024 * 1024)

/* What the signature of an InRelease or Release.gpg file vouches for. A zeroed struct is safe to
 * release. */
struct signed_text {
	struct buffer text; /* as gpgv gave it out, or what it was given beside Release.gpg */
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
/*
 * The same for a file with its detached signature in another: Release and Release.gpg, of which the
 * latter is one armoured block or several, and nothing else (as apt has it). result->text is
 * `release`, byte for byte. `digest_is_given` speaks of both files.
 */
enum status trust_verify_detached(const struct buffer *release, const struct buffer *release_gpg,
	const struct trust_options *options, bool digest_is_given, struct signed_text *result,
	struct error *err);
void signed_text_release(struct signed_text *result);

/* The present, for checks against Date and signature times. */
int64_t trust_now(const struct trust_options *options);

/* Adds a sentence for the user. */
void trust_note(const struct trust_options *options, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
