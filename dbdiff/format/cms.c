/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/cms.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "dbdiff/format/der.h"

#define OID(text) text, sizeof(text) - 1

#define OID_SIGNED_DATA	   OID("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02")
#define OID_DATA	   OID("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01")
#define OID_CONTENT_TYPE   OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03")
#define OID_MESSAGE_DIGEST OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04")
#define OID_SIGNING_TIME   OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05")

/* One certificate of the set, cut (RFC 5280, section 4.1). */
struct certificate {
	struct der whole;
	struct der serial;
	struct der issuer;
	struct der subject;
	X509 *x509;
};

/* The signer's, and its issuer's: see check_issuer(). */
#define CERTIFICATES_MAX 2

/* A SignedData with one SignerInfo, cut (RFC 5652, sections 5.1 and 5.3). */
struct signed_data {
	struct der_value type; /* of what was signed */
	bool has_content;
	struct der_value content;
	struct certificate certificates[CERTIFICATES_MAX];
	size_t certificate_count;
	struct der issuer; /* of the signer's certificate, with its serial number; or … */
	struct der serial;
	struct der key_id; /* … the identifier of its key */
	const EVP_MD *digest;
	bool has_attributes;
	struct der_value attributes;
	int signature_nid;
	struct der signature;
};

static enum status refuse(struct error *err, const char *why)
{
	return error_set(err, STATUS_TRUST, "%s", why);
}

static enum status malformed(struct error *err, const char *what)
{
	return error_set(err, STATUS_FORMAT, "no DER of a signature: %s", what);
}

enum status cms_fills(
	const void *data, size_t len, size_t align, size_t *der_len, struct error *err)
{
	struct der der = {data, len};
	struct der_value value;
	size_t zeros = 0;

	*der_len = 0;
	if (!der_next(&der, &value))
		return malformed(err, "no value at the beginning");
	*der_len = value.whole.len;
	while (zeros < der.len && der.data[zeros] == 0)
		zeros++;
	if (zeros == der.len && zeros < align)
		return STATUS_OK;
	return error_set(err, STATUS_FORMAT, "%zu bytes behind the signature's %zu", der.len,
		value.whole.len);
}

/* ---- taking it apart ---- */

/* An AlgorithmIdentifier whose parameters are absent or NULL: a place where nothing can hide. */
static bool read_algorithm(struct der *der, int *nid)
{
	struct der inner;
	struct der_value oid, null;
	const unsigned char *at;
	ASN1_OBJECT *object;

	if (!der_enter(der, DER_SEQUENCE, &inner) || !der_take(&inner, DER_OID, &oid))
		return false;
	if (inner.len > 0 &&
		(!der_take(&inner, DER_NULL, &null) || null.content.len > 0 || inner.len > 0))
		return false;
	at = oid.whole.data;
	object = d2i_ASN1_OBJECT(NULL, &at, (long)oid.whole.len);
	*nid = object != NULL ? OBJ_obj2nid(object) : NID_undef;
	ASN1_OBJECT_free(object);
	return true;
}

static const EVP_MD *strong_digest(int nid)
{
	switch (nid) {
	case NID_sha256:
		return EVP_sha256();
	case NID_sha384:
		return EVP_sha384();
	case NID_sha512:
		return EVP_sha512();
	default:
		return NULL;
	}
}

/* INTEGER 1 or 3, the versions that this reads. */
static bool read_version(struct der *der, unsigned *version)
{
	struct der number;

	if (!der_enter(der, DER_INTEGER, &number) || number.len != 1)
		return false;
	*version = number.data[0];
	return *version == 1 || *version == 3;
}

static enum status read_certificate(
	struct certificate *certificate, const struct der_value *value, struct error *err)
{
	const unsigned char *at = value->whole.data;
	struct der outer = value->content, inner;
	struct der_value skipped, serial, issuer, subject;
	unsigned char *encoded = NULL;
	int len;
	bool is_exact;

	if (value->tag != DER_SEQUENCE || !der_enter(&outer, DER_SEQUENCE, &inner))
		return malformed(err, "a certificate");
	der_take(&inner, DER_CONTEXT, &skipped);
	if (!der_take(&inner, DER_INTEGER, &serial) || !der_take(&inner, DER_SEQUENCE, &skipped) ||
		!der_take(&inner, DER_SEQUENCE, &issuer) ||
		!der_take(&inner, DER_SEQUENCE, &skipped) ||
		!der_take(&inner, DER_SEQUENCE, &subject))
		return malformed(err, "a certificate");
	certificate->whole = value->whole;
	certificate->serial = serial.content;
	certificate->issuer = issuer.whole;
	certificate->subject = subject.whole;
	certificate->x509 = d2i_X509(NULL, &at, (long)value->whole.len);
	len = certificate->x509 != NULL ? i2d_X509(certificate->x509, &encoded) : 0;
	is_exact = len > 0 && (size_t)len == value->whole.len &&
		memcmp(encoded, value->whole.data, value->whole.len) == 0;
	OPENSSL_free(encoded);
	return is_exact ? STATUS_OK : malformed(err, "a certificate");
}

static enum status read_certificates(
	struct signed_data *data, struct der certificates, struct error *err)
{
	enum status status;

	while (certificates.len > 0) {
		struct der_value value;

		if (!der_next(&certificates, &value))
			return malformed(err, "the certificates");
		if (data->certificate_count == CERTIFICATES_MAX)
			return refuse(err,
				"it carries more certificates than the signer's and its issuer's");
		status = read_certificate(
			&data->certificates[data->certificate_count++], &value, err);
		if (status < 0)
			return status;
	}
	return STATUS_OK;
}

static enum status read_signer(struct signed_data *data, struct der signer, struct error *err)
{
	struct der_value value, issuer, serial;
	struct der inner;
	unsigned version;
	int digest_nid;

	if (!read_version(&signer, &version))
		return malformed(err, "the signer's version");
	if (version == 3 && der_take(&signer, DER_CONTEXT_PRIMITIVE, &value)) {
		data->key_id = value.content;
	} else if (version == 1 && der_enter(&signer, DER_SEQUENCE, &inner) &&
		der_take(&inner, DER_SEQUENCE, &issuer) && der_take(&inner, DER_INTEGER, &serial) &&
		inner.len == 0) {
		data->issuer = issuer.whole;
		data->serial = serial.content;
	} else {
		return malformed(err, "the signer's identifier");
	}
	if (!read_algorithm(&signer, &digest_nid))
		return refuse(err, "its digest algorithm has parameters");
	if (strong_digest(digest_nid) != data->digest)
		return refuse(err, "the signer's digest is not the one that is announced");
	data->has_attributes = der_take(&signer, DER_CONTEXT, &data->attributes);
	if (!read_algorithm(&signer, &data->signature_nid))
		return refuse(err, "its signature algorithm has parameters");
	if (!der_enter(&signer, DER_OCTET_STRING, &data->signature))
		return malformed(err, "the signature's value");
	if (signer.len > 0)
		return refuse(err, "it has unsigned attributes");
	return STATUS_OK;
}

static enum status read_content(struct signed_data *data, struct der *from, struct error *err)
{
	struct der info, explicit;

	if (!der_enter(from, DER_SEQUENCE, &info) || !der_take(&info, DER_OID, &data->type))
		return malformed(err, "what was signed");
	data->has_content = der_enter(&info, DER_CONTEXT, &explicit);
	if (info.len > 0 ||
		(data->has_content && (!der_next(&explicit, &data->content) || explicit.len > 0)))
		return malformed(err, "what was signed");
	return STATUS_OK;
}

static enum status read_signed_data(struct signed_data *data, struct der from, struct error *err)
{
	struct der set, certificates;
	struct der_value signer;
	unsigned version;
	int digest_nid = NID_undef;
	enum status status;

	if (!read_version(&from, &version) || !der_enter(&from, DER_SET, &set))
		return malformed(err, "the version or the digests");
	if (!read_algorithm(&set, &digest_nid) || set.len > 0)
		return refuse(err, "it announces other than one digest without parameters");
	data->digest = strong_digest(digest_nid);
	if (data->digest == NULL)
		return refuse(err, "its digest is not SHA-256 or better");
	status = read_content(data, &from, err);
	if (status == STATUS_OK && der_enter(&from, DER_CONTEXT, &certificates))
		status = read_certificates(data, certificates, err);
	if (status < 0)
		return status;
	if (from.len > 0 && from.data[0] == DER_CONTEXT + 1)
		return refuse(err, "it has a revocation list");
	if (!der_enter(&from, DER_SET, &set) || from.len > 0)
		return malformed(err, "the signers");
	if (!der_take(&set, DER_SEQUENCE, &signer) || set.len > 0)
		return refuse(err, "it has other than one signer");
	return read_signer(data, signer.content, err);
}

static enum status read_all(struct signed_data *data, struct der der, struct error *err)
{
	struct der_value outer, type;
	struct der inner, explicit;

	if (!der_take(&der, DER_SEQUENCE, &outer) || der.len > 0)
		return malformed(err, "other than one value");
	inner = outer.content;
	if (!der_take(&inner, DER_OID, &type) || !der_is_oid(&type, OID_SIGNED_DATA))
		return malformed(err, "it is not SignedData");
	if (!der_enter(&inner, DER_CONTEXT, &explicit) || inner.len > 0 ||
		!der_enter(&explicit, DER_SEQUENCE, &inner) || explicit.len > 0)
		return malformed(err, "other than one SignedData");
	return read_signed_data(data, inner, err);
}

/* ---- verifying ---- */

static bool names_signer(const struct signed_data *data, const struct certificate *certificate)
{
	const ASN1_OCTET_STRING *id;
	struct der key_id;

	if (data->key_id.data == NULL)
		return der_equal(&data->issuer, &certificate->issuer) &&
			der_equal(&data->serial, &certificate->serial);
	id = X509_get0_subject_key_id(certificate->x509);
	if (id == NULL)
		return false;
	key_id = (struct der){ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id)};
	return der_equal(&data->key_id, &key_id);
}

static bool is_issued_by(const struct certificate *certificate, const struct certificate *issuer)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer->x509);

	return key != NULL && der_equal(&certificate->issuer, &issuer->subject) &&
		X509_verify(certificate->x509, key) == 1;
}

/*
 * Every certificate beside the signer's is a place to hide bytes in, unless nobody but the
 * signer's own issuer can have made it: its key signed both it and the signer's. (With one more
 * step between them, anybody could make an issuer that bears the real one's key.)
 */
static enum status check_issuer(
	const struct signed_data *data, const struct certificate *signer, struct error *err)
{
	for (size_t i = 0; i < data->certificate_count; i++) {
		const struct certificate *other = &data->certificates[i];

		if (other != signer &&
			(!is_issued_by(signer, other) || !is_issued_by(other, other) ||
				der_equal(&signer->whole, &other->whole)))
			return refuse(err,
				"it carries a certificate that is not the self-signed issuer of"
				" the signer's");
	}
	return STATUS_OK;
}

static enum status find_signer(
	const struct signed_data *data, const struct certificate **signer, struct error *err)
{
	*signer = NULL;
	for (size_t i = 0; i < data->certificate_count && *signer == NULL; i++) {
		if (names_signer(data, &data->certificates[i]))
			*signer = &data->certificates[i];
	}
	if (*signer == NULL)
		return refuse(err, "the signer's certificate is not in it");
	return check_issuer(data, *signer, err);
}

static void read_time(const struct der_value *value, struct cms_signature *signature)
{
	const unsigned char *at = value->whole.data;
	ASN1_TIME *time = d2i_ASN1_TIME(NULL, &at, (long)value->whole.len);
	struct tm parts;

	signature->has_time = time != NULL && ASN1_TIME_to_tm(time, &parts) == 1;
	if (signature->has_time)
		signature->time = timegm(&parts);
	ASN1_TIME_free(time);
}

/* The attributes that are signed say what else was: both must be there once and fit. */
static enum status check_attributes(const struct signed_data *data, const struct der *content,
	struct cms_signature *signature, struct error *err)
{
	struct der left = data->attributes.content;
	unsigned char digest[EVP_MAX_MD_SIZE];
	struct der computed = {digest, 0};
	unsigned digest_len = 0, types = 0, digests = 0;

	if (EVP_Digest(content->data, content->len, digest, &digest_len, data->digest, NULL) != 1)
		return refuse(err, "its digest cannot be computed");
	computed.len = digest_len;
	while (left.len > 0) {
		struct der attribute, values;
		struct der_value oid, value;

		if (!der_enter(&left, DER_SEQUENCE, &attribute) ||
			!der_take(&attribute, DER_OID, &oid) ||
			!der_enter(&attribute, DER_SET, &values) || attribute.len > 0 ||
			!der_next(&values, &value))
			return malformed(err, "a signed attribute");
		if (der_is_oid(&oid, OID_CONTENT_TYPE)) {
			types++;
			if (values.len > 0 || !der_equal(&value.whole, &data->type.whole))
				return refuse(err, "another type of content was signed");
		} else if (der_is_oid(&oid, OID_MESSAGE_DIGEST)) {
			digests++;
			if (values.len > 0 || value.tag != DER_OCTET_STRING ||
				!der_equal(&value.content, &computed))
				return refuse(err, "other bytes were signed");
		} else if (der_is_oid(&oid, OID_SIGNING_TIME)) {
			read_time(&value, signature);
		}
	}
	return types == 1 && digests == 1
		? STATUS_OK
		: refuse(err, "its signed attributes do not say what was signed");
}

/* Whether the algorithm is one for this key and, where it names one, this digest. */
static bool algorithm_fits(const struct signed_data *data, const EVP_PKEY *key)
{
	int digest_nid = NID_undef, key_nid = NID_undef;

	if (data->signature_nid == NID_rsaEncryption)
		return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	if (!OBJ_find_sigid_algs(data->signature_nid, &digest_nid, &key_nid) ||
		strong_digest(digest_nid) != data->digest)
		return false;
	return (key_nid == NID_rsaEncryption || key_nid == NID_X9_62_id_ecPublicKey) &&
		EVP_PKEY_get_base_id(key) == key_nid;
}

static bool verifies(const struct signed_data *data, EVP_PKEY *key, const struct der *bytes)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool result = context != NULL &&
		EVP_DigestVerifyInit(context, NULL, data->digest, NULL, key) == 1 &&
		EVP_DigestVerify(context, data->signature.data, data->signature.len, bytes->data,
			bytes->len) == 1;

	EVP_MD_CTX_free(context);
	return result;
}

static enum status check_signature(const struct signed_data *data, const struct certificate *signer,
	const struct der *content, struct error *err)
{
	EVP_PKEY *key = X509_get0_pubkey(signer->x509);
	unsigned char *attributes = NULL;
	struct der bytes = *content;
	bool result;

	if (key == NULL || !algorithm_fits(data, key))
		return error_set(err, STATUS_TRUST, "the algorithm %s is not read here",
			OBJ_nid2sn(data->signature_nid));
	if (data->has_attributes) {
		/* Signed as the SET that they are, not as the [0] they are stored as. */
		attributes =
			OPENSSL_memdup(data->attributes.whole.data, data->attributes.whole.len);
		if (attributes == NULL)
			return refuse(err, "no memory");
		attributes[0] = DER_SET;
		bytes = (struct der){attributes, data->attributes.whole.len};
	}
	result = verifies(data, key, &bytes);
	OPENSSL_free(attributes);
	return result ? STATUS_OK
		      : refuse(err, "the key of the certificate it names did not sign this");
}

static enum status check_all(const struct signed_data *data, const struct der *content,
	struct cms_signature *signature, struct error *err)
{
	const struct certificate *signer;
	enum status status = find_signer(data, &signer, err);

	if (status == STATUS_OK && data->has_attributes)
		status = check_attributes(data, content, signature, err);
	else if (status == STATUS_OK && !der_is_oid(&data->type, OID_DATA))
		status = refuse(err, "its type of content is not signed");
	if (status == STATUS_OK)
		status = check_signature(data, signer, content, err);
	if (status == STATUS_OK)
		hash_memory(signer->whole.data, signer->whole.len, &signature->signer);
	return status;
}

static enum status verify(const void *der, size_t len, const struct der *detached,
	struct cms_content *content, struct cms_signature *signature, struct error *err)
{
	struct signed_data data = {0};
	enum status status;

	*signature = (struct cms_signature){0};
	if (len > CMS_BYTES_MAX)
		return error_set(err, STATUS_FORMAT, "%zu bytes are too many for a signature", len);
	status = read_all(&data, (struct der){der, len}, err);
	if (status == STATUS_OK && data.has_content != (detached == NULL))
		status = refuse(err,
			detached == NULL ? "it does not hold what was signed"
					 : "it holds content of its own");
	if (status == STATUS_OK)
		status = check_all(
			&data, detached != NULL ? detached : &data.content.content, signature, err);
	if (status == STATUS_OK && content != NULL)
		*content = (struct cms_content){data.type.content.data, data.type.content.len,
			data.content.content.data, data.content.content.len, data.content.tag};
	for (size_t i = 0; i < data.certificate_count; i++)
		X509_free(data.certificates[i].x509);
	ERR_clear_error();
	return status;
}

enum status cms_verify(const void *der, size_t len, const void *content, size_t content_len,
	struct cms_signature *signature, struct error *err)
{
	struct der detached = {content, content_len};

	return verify(der, len, &detached, NULL, signature, err);
}

enum status cms_verify_attached(const void *der, size_t len, struct cms_content *content,
	struct cms_signature *signature, struct error *err)
{
	return verify(der, len, NULL, content, signature, err);
}
