/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_CMS_H
#define DBDIFF_FORMAT_CMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"

/*
 * Signatures by CMS (RFC 5652) and PKCS #7 (RFC 2315), as sw-description.sig and Authenticode
 * have them, judged as wrappers (trust rule T8): one that may be taken off has no byte in it that
 * is not needed to verify it, so that nothing can hide there. Refused, beside what does not
 * verify: more or less than one signer, a digest below SHA-256, an unsigned attribute (a time
 * stamp too), a certificate that is no verified part of the signer's chain, a revocation list,
 * any algorithm but RSA (PKCS #1 v1.5) and ECDSA, parameters of
 * algorithms, any encoding but DER. Whether the signer is to be trusted, and the
 * dates in certificates, are not looked at: that is the policy's, which names the fingerprint.
 */

/* More is not a signature; whoever reads one bounds it by this. */
#define CMS_BYTES_MAX ((size_t)1 << 20)

struct cms_signature {
	struct digest signer; /* SHA-256 of the certificate whose key verified */
	bool has_time;
	int64_t time; /* the signed attribute signingTime, seconds since 1970 */
};

/* What was signed, when the structure holds it: its type, and its octets. */
struct cms_content {
	const unsigned char *type; /* content bytes of the object identifier */
	size_t type_len;
	const unsigned char *data; /* without tag and length of the outermost value; borrowed */
	size_t len;
	unsigned tag; /* of that value: OCTET STRING in CMS, anything in PKCS #7 */
};

/*
 * How long the DER value at the beginning of `data` is. STATUS_FORMAT when there is none, or when
 * more than `align` - 1 bytes, or bytes other than zeros, follow it: `*der_len` is set then as
 * well (0 when there is no DER value) and the text says how many bytes there are and where.
 */
enum status cms_fills(
	const void *data, size_t len, size_t align, size_t *der_len, struct error *err);

/*
 * Whether exactly `len` bytes are a SignedData without anything in it but one signer and his
 * signature over content that is elsewhere, as the Linux kernel's build makes them (dbdiff/format/
 * cms_bare.c). Nothing is verified. STATUS_TRUST, with a text of what it has else or lacks.
 */
enum status cms_is_bare(const void *data, size_t len, struct error *err);

/*
 * Verifies a ContentInfo with SignedData, exactly `len` bytes, over detached `content`.
 * STATUS_TRUST when it does not verify or is refused as said above (the text says why), and
 * STATUS_FORMAT when it is not such a structure at all: neither may be taken off.
 */
enum status cms_verify(const void *der, size_t len, const void *content, size_t content_len,
	struct cms_signature *signature, struct error *err);

/* The same where the structure holds what was signed; gives it when STATUS_OK. */
enum status cms_verify_attached(const void *der, size_t len, struct cms_content *content,
	struct cms_signature *signature, struct error *err);

#endif
