/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "dbdiff/format/cms.h"
#include "dbdiff/format/der.h"

/*
 * The form that scripts/sign-file of Linux writes, and that mod_verify_sig() takes: no attributes,
 * no certificates, and a bound to everything that cannot be checked without the signer's key.
 */

#define OID(text) text, sizeof(text) - 1

#define OID_SIGNED_DATA OID("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02")
#define OID_DATA	OID("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01")

#define ALGORITHM_MOST 16
#define SERIAL_MOST    21 /* RFC 5280, section 4.1.2.2, and a sign */
#define KEY_ID_MOST    64
#define ISSUER_MOST    512
#define SIGNATURE_MOST 1024 /* of RSA with 8192 bits */

static enum status refuse(struct error *err, const char *what)
{
	return error_set(err, STATUS_TRUST, "more than a bare signature, or less: %s", what);
}

static bool take_version(struct der *der)
{
	struct der number;

	return der_enter(der, DER_INTEGER, &number) && number.len == 1 &&
		(number.data[0] == 1 || number.data[0] == 3);
}

static bool take_algorithm(struct der *der)
{
	struct der inner;
	struct der_value value;

	if (!der_enter(der, DER_SEQUENCE, &inner) || !der_take(&inner, DER_OID, &value) ||
		value.content.len > ALGORITHM_MOST)
		return false;
	return inner.len == 0 ||
		(der_take(&inner, DER_NULL, &value) && value.content.len == 0 && inner.len == 0);
}

/* A string of visible text. */
static bool is_text(const struct der_value *value)
{
	static const unsigned tags[] = {0x0c, 0x13, 0x14, 0x16}; /* UTF-8, Printable, T61, IA5 */
	bool has_tag = false;

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		has_tag = has_tag || value->tag == tags[i];
	for (size_t i = 0; i < value->content.len; i++) {
		if (value->content.data[i] < ' ' || value->content.data[i] == 127)
			return false;
	}
	return has_tag;
}

/* A Name (RFC 5280, section 4.1.2.4). */
static bool take_name(struct der *der)
{
	struct der names, set, pair;
	struct der_value value;

	if (!der_enter(der, DER_SEQUENCE, &names) || names.len > ISSUER_MOST)
		return false;
	while (names.len > 0) {
		if (!der_enter(&names, DER_SET, &set) || !der_enter(&set, DER_SEQUENCE, &pair) ||
			set.len > 0 || !der_take(&pair, DER_OID, &value) ||
			value.content.len > ALGORITHM_MOST || !der_next(&pair, &value) ||
			!is_text(&value) || pair.len > 0)
			return false;
	}
	return true;
}

static bool take_signer_id(struct der *der)
{
	struct der inner;
	struct der_value value;

	if (der_take(der, DER_CONTEXT_PRIMITIVE, &value))
		return value.content.len <= KEY_ID_MOST;
	return der_enter(der, DER_SEQUENCE, &inner) && take_name(&inner) &&
		der_take(&inner, DER_INTEGER, &value) && value.content.len <= SERIAL_MOST &&
		inner.len == 0;
}

static enum status check_signer(struct der der, struct error *err)
{
	struct der_value value;

	if (!take_version(&der) || !take_signer_id(&der))
		return refuse(err, "who signed");
	if (!take_algorithm(&der))
		return refuse(err, "the digest's algorithm");
	if (!take_algorithm(&der))
		return refuse(err, "the signature's algorithm, or attributes");
	if (!der_take(&der, DER_OCTET_STRING, &value) || value.content.len > SIGNATURE_MOST)
		return refuse(err, "the signature's value");
	return der.len == 0 ? STATUS_OK : refuse(err, "unsigned attributes");
}

enum status cms_is_bare(const void *data, size_t len, struct error *err)
{
	struct der der = {data, len}, inner, set, info;
	struct der_value value;

	if (!der_enter(&der, DER_SEQUENCE, &inner) || der.len > 0 ||
		!der_take(&inner, DER_OID, &value) || !der_is_oid(&value, OID_SIGNED_DATA) ||
		!der_enter(&inner, DER_CONTEXT, &set) || inner.len > 0 ||
		!der_enter(&set, DER_SEQUENCE, &inner) || set.len > 0)
		return refuse(err, "not exactly one SignedData");
	if (!take_version(&inner) || !der_enter(&inner, DER_SET, &set) || !take_algorithm(&set) ||
		set.len > 0)
		return refuse(err, "not exactly one digest");
	if (!der_enter(&inner, DER_SEQUENCE, &info) || !der_take(&info, DER_OID, &value) ||
		!der_is_oid(&value, OID_DATA) || info.len > 0)
		return refuse(err, "content of its own");
	if (!der_enter(&inner, DER_SET, &set) || inner.len > 0)
		return refuse(err, "certificates or revocation lists");
	if (!der_take(&set, DER_SEQUENCE, &value) || set.len > 0)
		return refuse(err, "not exactly one signer");
	return check_signer(value.content, err);
}
