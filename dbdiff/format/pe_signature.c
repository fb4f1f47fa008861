/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/pe_signature.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/format/cms.h"
#include "dbdiff/format/der.h"

#define BLOCK_SIZE	 ((size_t)64 * 1024)
#define ENTRY_SIZE	 8 /* WIN_CERTIFICATE without its certificate */
#define ENTRY_ALIGN	 8
#define ENTRY_REVISION	 0x0200
#define ENTRY_PKCS	 0x0002
#define SIGNATURES_MAX	 8
#define EXTRAS_MAX	 (2 * SIGNATURES_MAX + 2) /* two a signature, and behind all */
#define CHECKSUM_SIZE	 4
#define DIRECTORY_SIZE	 8
#define SIGNATURE_REGION "authenticode-signature"

#define OID(text) text, sizeof(text) - 1

/* 1.3.6.1.4.1.311.2.1.4 (SpcIndirectDataContent), .15 (SpcPeImageData), and SHA-256. */
#define OID_INDIRECT OID("\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x04")
#define OID_PE_IMAGE OID("\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x0f")
#define OID_SHA256   OID("\x60\x86\x48\x01\x65\x03\x04\x02\x01")

struct signature {
	uint64_t offset;
	uint64_t len;
	struct cms_signature cms;
};

struct table {
	const struct pe *pe;
	struct source *source;
	uint64_t start; /* as far as it is in the file */
	uint64_t end;
	struct pe_sums sums;
	struct signature signatures[SIGNATURES_MAX];
	size_t count;
	/* Why it is not a wrapper; the first reason that was met. */
	struct error invalid;
	struct extra {
		uint64_t offset;
		uint64_t len;
		const char *where;
	} extras[EXTRAS_MAX]; /* bytes that no signature needs, in their order */
	size_t extra_count;
};

/* ---- what is signed ---- */

struct range {
	uint64_t from;
	uint64_t to;
};

/* The part of a block that is in none of the ranges, which are in order. */
static void hash_outside(struct hash *hash, const unsigned char *data, uint64_t at, size_t len,
	const struct range *ranges, size_t count)
{
	uint64_t end = at + len, next = at;

	for (size_t i = 0; i < count && ranges[i].from < end; i++) {
		if (ranges[i].to <= next)
			continue;
		if (ranges[i].from > next)
			hash_update(hash, data + (next - at), (size_t)(ranges[i].from - next));
		next = ranges[i].to < end ? ranges[i].to : end;
	}
	hash_update(hash, data + (next - at), (size_t)(end - next));
}

static uint32_t add_words(uint32_t sum, const unsigned char *data, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += bytes_le16(data + i), sum = (sum & 0xffff) + (sum >> 16);
	if (len % 2)
		sum += data[len - 1], sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint64_t limit(uint64_t value, uint64_t most)
{
	return value < most ? value : most;
}

enum status pe_sum(
	struct source *source, const struct pe *pe, struct pe_sums *sums, struct error *err)
{
	uint64_t size = source->size;
	uint64_t table = limit(pe->certificates, size);
	const struct range ranges[] = {
		{pe->checksum, pe->checksum + CHECKSUM_SIZE},
		{pe->security, pe->security != 0 ? pe->security + DIRECTORY_SIZE : 0},
		{table, size}, /* and what is behind it, which is told apart */
	};
	static const unsigned char zeros[ENTRY_ALIGN];
	unsigned char *block = xmalloc(BLOCK_SIZE);
	enum status status = STATUS_OK;
	struct hash hash;
	uint32_t sum = 0;

	hash_init(&hash);
	for (uint64_t at = 0; at < size && status == STATUS_OK; at += BLOCK_SIZE) {
		size_t len = (size_t)limit(BLOCK_SIZE, size - at);

		status = source_pread(source, at, block, len, err);
		if (status < 0)
			break;
		hash_outside(&hash, block, at, len, ranges,
			pe->certificates_len > 0 ? ARRAY_SIZE(ranges) : ARRAY_SIZE(ranges) - 1);
		for (uint64_t i = pe->checksum; i < pe->checksum + CHECKSUM_SIZE; i++) {
			if (i >= at && i - at < len)
				block[i - at] = 0;
		}
		sum = add_words(sum, block, len);
	}
	/* A file without a table is filled up to where one would begin. */
	if (pe->certificates_len == 0 && size % ENTRY_ALIGN != 0)
		hash_update(&hash, zeros, ENTRY_ALIGN - (size_t)(size % ENTRY_ALIGN));
	hash_finish(&hash, &sums->digest);
	sums->checksum = sum + (uint32_t)size;
	hash_release(&hash);
	free(block);
	return status;
}

/* ---- judging ---- */

static void invalidate(struct table *table, const char *why)
{
	if (table->invalid.status == STATUS_OK)
		error_set(&table->invalid, STATUS_TRUST, "%s", why);
}

/* Called in the order of the offsets. */
static void find_extra(struct table *table, uint64_t offset, uint64_t len, const char *where)
{
	struct extra *last = table->extra_count > 0 ? &table->extras[table->extra_count - 1] : NULL;

	if (len == 0)
		return;
	if (last != NULL && last->offset + last->len == offset && strcmp(last->where, where) == 0)
		last->len += len;
	else if (table->extra_count < EXTRAS_MAX)
		table->extras[table->extra_count++] = (struct extra){offset, len, where};
	else
		invalidate(table, "more than signatures are");
}

/* The digest in the SpcIndirectDataContent is SHA-256, and that of the file. */
static bool signs_this(const struct table *table, const struct cms_content *content)
{
	struct der_value type = {.tag = DER_OID, .content = {content->type, content->type_len}};
	struct der der = {content->data, content->len};
	struct der data, info, algorithm;
	struct der_value oid, null, digest;

	if (!der_is_oid(&type, OID_INDIRECT) || content->tag != DER_SEQUENCE ||
		!der_enter(&der, DER_SEQUENCE, &data) || !der_enter(&der, DER_SEQUENCE, &info) ||
		der.len > 0 || !der_take(&data, DER_OID, &oid) || !der_is_oid(&oid, OID_PE_IMAGE))
		return false;
	if (!der_enter(&info, DER_SEQUENCE, &algorithm) || !der_take(&algorithm, DER_OID, &oid) ||
		!der_is_oid(&oid, OID_SHA256))
		return false;
	der_take(&algorithm, DER_NULL, &null);
	return algorithm.len == 0 && der_take(&info, DER_OCTET_STRING, &digest) && info.len == 0 &&
		digest.content.len == SHA256_SIZE &&
		memcmp(digest.content.data, table->sums.digest.bytes, SHA256_SIZE) == 0;
}

/* One certificate of the table; `data` is `len` bytes at `offset`. */
static void check_signature(
	struct table *table, const unsigned char *data, size_t len, uint64_t offset)
{
	struct signature *signature = &table->signatures[table->count];
	struct cms_content content;
	struct error err = {0};
	size_t der_len;

	if (cms_fills(data, len, ENTRY_ALIGN, &der_len, &err) < 0 && der_len > 0)
		find_extra(table, offset + der_len, len - der_len, "behind a signature");
	if (der_len == 0)
		invalidate(table, err.text);
	else if (cms_verify_attached(data, der_len, &content, &signature->cms, &err) < 0)
		invalidate(table, err.text);
	else if (!signs_this(table, &content))
		invalidate(table, "the digest in it is not that of this file");
	else
		table->count++;
}

/* Reads the entry at `*at`, and goes on behind it; false when that makes no sense. */
static enum status check_entry(struct table *table, uint64_t *at, bool *goes_on, struct error *err)
{
	static const unsigned char zeros[ENTRY_ALIGN];
	unsigned char header[ENTRY_SIZE], *data;
	uint64_t left = table->end - *at, len, padded;
	enum status status = STATUS_OK;

	*goes_on = false;
	if (left >= ENTRY_SIZE)
		status = source_pread(table->source, *at, header, ENTRY_SIZE, err);
	if (status < 0)
		return status;
	len = left >= ENTRY_SIZE ? bytes_le32(header) : 0;
	if (len <= ENTRY_SIZE || len > left || bytes_le16(header + 4) != ENTRY_REVISION ||
		bytes_le16(header + 6) != ENTRY_PKCS) {
		if (table->count == 0 && table->extra_count == 0)
			invalidate(table, "the table holds no PKCS #7 signature");
		find_extra(table, *at, left, "that are no signature");
		return STATUS_OK;
	}
	if (len - ENTRY_SIZE > CMS_BYTES_MAX || table->count == SIGNATURES_MAX) {
		invalidate(table, "more than signatures are");
		return STATUS_OK;
	}
	padded = limit((len + ENTRY_ALIGN - 1) / ENTRY_ALIGN * ENTRY_ALIGN, left);
	data = xmalloc(padded);
	status = source_pread(table->source, *at, data, padded, err);
	if (status == STATUS_OK) {
		struct signature *signature = &table->signatures[table->count];
		size_t count = table->count;

		signature->offset = *at;
		signature->len = padded;
		check_signature(
			table, data + ENTRY_SIZE, (size_t)len - ENTRY_SIZE, *at + ENTRY_SIZE);
		if (memcmp(data + len, zeros, padded - len) != 0)
			find_extra(table, *at + len, padded - len, "behind a signature");
		*goes_on = table->count > count;
		*at += padded;
	}
	free(data);
	return status;
}

/* Whether headers and sections follow each other: firmware does not hash what is between them. */
static bool has_gap(const struct pe *pe)
{
	uint64_t at = pe->headers_len;

	for (size_t i = 0; i < pe->section_count; i++) {
		const struct pe_section *next = NULL;

		for (size_t j = 0; j < pe->section_count; j++) {
			const struct pe_section *section = &pe->sections[j];

			if (section->raw_size > 0 && section->raw_offset >= at &&
				(next == NULL || section->raw_offset < next->raw_offset))
				next = section;
		}
		if (next == NULL)
			break;
		if (next->raw_offset > at)
			return true;
		at += next->raw_size;
	}
	return at > pe->certificates;
}

static enum status check_table(struct table *table, struct error *err)
{
	const struct pe *pe = table->pe;
	uint64_t size = table->source->size;
	uint64_t stated_end = (uint64_t)pe->certificates + pe->certificates_len;
	uint64_t at = table->start;
	bool goes_on = true;

	if (pe->certificates % ENTRY_ALIGN != 0 || pe->certificates < pe->table_end)
		invalidate(table, "the table is not where one may be");
	if (stated_end > size)
		invalidate(table, "the table is cut short");
	if (has_gap(pe))
		invalidate(table, "there is a gap that firmware does not hash");
	while (goes_on && at < table->end && table->invalid.status == STATUS_OK) {
		enum status status = check_entry(table, &at, &goes_on, err);

		if (status < 0)
			return status;
	}
	if (stated_end < size)
		find_extra(table, stated_end, size - stated_end, "behind the table");
	if (pe->checksum_value != table->sums.checksum)
		invalidate(table, "the checksum in the header is not right");
	return STATUS_OK;
}

/* ---- telling ---- */

static void add_wrapper(
	struct parts *parts, uint64_t offset, uint64_t len, const struct cms_signature *cms)
{
	char hex[SHA256_HEX_SIZE];

	digest_hex(&cms->signer, hex);
	parts_add(parts, REGION_WRAPPER, SIGNATURE_REGION, offset, len)->detail = xstrdup(hex);
}

/* Whoever signs fills the file up to where the table may begin; those zeros go with it. */
static enum status add_alignment(struct parts *parts, const struct table *table, struct error *err)
{
	unsigned char filled[ENTRY_ALIGN] = {0};
	uint64_t end = 0;
	size_t len;
	enum status status;

	for (size_t i = 0; i < parts->count; i++) {
		const struct part *part = &parts->items[i];

		if (part->offset < table->start && part->offset + part->len > end)
			end = part->offset + part->len;
	}
	if (end >= table->start || table->start - end >= ENTRY_ALIGN)
		return STATUS_OK;
	len = (size_t)(table->start - end);
	status = source_pread(table->source, end, filled, len, err);
	for (size_t i = 0; i < len && status == STATUS_OK; i++) {
		if (filled[i] != 0)
			return STATUS_OK;
	}
	if (status == STATUS_OK)
		add_wrapper(parts, end, len, &table->signatures[0].cms);
	return status;
}

static enum status tell_signers(struct parts *parts, const struct table *table, struct error *err)
{
	const struct pe *pe = table->pe;
	const struct cms_signature *first = &table->signatures[0].cms;
	struct member member = {0};

	add_wrapper(parts, pe->checksum, CHECKSUM_SIZE, first);
	add_wrapper(parts, pe->security, DIRECTORY_SIZE, first);
	for (size_t i = 0; i < table->count; i++) {
		const struct signature *signature = &table->signatures[i];
		char hex[SHA256_HEX_SIZE];

		add_wrapper(parts, signature->offset, signature->len, &signature->cms);
		digest_hex(&signature->cms.signer, hex);
		member_add_field(&member, "authenticode-signer", "%s", hex);
		if (signature->cms.has_time)
			member_add_time(&member, "authenticode-time", signature->cms.time, 0);
	}
	buffer_add(&parts->fields, member.fields.data, member.fields.len);
	member_release(&member);
	return add_alignment(parts, table, err);
}

static void tell_checksum(struct parts *parts, const struct table *table)
{
	const struct pe *pe = table->pe;

	if (pe->checksum_value == table->sums.checksum) {
		parts_add(parts, REGION_DERIVED, "checksum", pe->checksum, CHECKSUM_SIZE);
	} else if (pe->checksum_value == 0) {
		parts_add(parts, REGION_STRUCTURE, "checksum", pe->checksum, CHECKSUM_SIZE);
	} else {
		parts_add(parts, REGION_STRUCTURE, "checksum-invalid", pe->checksum, CHECKSUM_SIZE);
		parts_add_field(
			parts, NULL, "checksum-invalid", "0x%08" PRIx32, pe->checksum_value);
	}
}

/* Every byte of the table and behind it, under the name of what is wrong with it. */
static void tell_invalid(struct parts *parts, const struct table *table, uint64_t end)
{
	const char *name = table->invalid.status < 0 ? "signature-invalid" : SIGNATURE_REGION;
	uint64_t at = table->start;

	tell_checksum(parts, table);
	if (table->pe->security != 0)
		parts_add(parts, REGION_STRUCTURE, name, table->pe->security, DIRECTORY_SIZE);
	if (table->invalid.status < 0)
		parts_add_field(parts, NULL, "signature-invalid", "%s", table->invalid.text);
	for (size_t i = 0; i < table->extra_count; i++) {
		const struct extra *extra = &table->extras[i];

		parts_add_field(parts, NULL, "wrapper-extra-bytes",
			"%" PRIu64 " bytes at %" PRIu64 " %s", extra->len, extra->offset,
			extra->where);
		parts_add(parts, REGION_STRUCTURE, name, at, extra->offset - at);
		parts_add(
			parts, REGION_STRUCTURE, "wrapper-extra-bytes", extra->offset, extra->len);
		at = extra->offset + extra->len;
	}
	parts_add(parts, REGION_STRUCTURE, name, at, end - at);
}

/*
 * The place of a signature that is not there: a wrapper of nobody, so that a rebuilder without the
 * key can be held against a signed file. A sum of 0 says that there is none, which is as right as
 * the sum, and is told where it is not a signature that brought one along.
 */
static void tell_unsigned(struct parts *parts, const struct table *table)
{
	const struct pe *pe = table->pe;

	if (pe->checksum_value == 0) {
		parts_add(parts, REGION_DERIVED, "pe-checksum", pe->checksum, CHECKSUM_SIZE);
		parts_add_field(parts, NULL, "pe-checksum", "none");
	} else {
		tell_checksum(parts, table);
	}
	if (pe->security != 0)
		parts_add(parts, pe->certificates == 0 ? REGION_WRAPPER : REGION_STRUCTURE,
			SIGNATURE_REGION, pe->security, DIRECTORY_SIZE);
}

enum status pe_add_signatures(struct parts *parts, const struct pe *pe, struct error *err)
{
	struct source *source = parts->source;
	struct table table = {.pe = pe, .source = source};
	char hex[SHA256_HEX_SIZE];
	enum status status = pe_sum(source, pe, &table.sums, err);

	if (status < 0)
		return status;
	digest_hex(&table.sums.digest, hex);
	parts_add_field(parts, NULL, "authenticode-digest", "%s", hex);
	if (pe->certificates_len == 0) {
		tell_unsigned(parts, &table);
		return STATUS_OK;
	}
	table.start = limit(pe->certificates, source->size);
	table.end = limit((uint64_t)pe->certificates + pe->certificates_len, source->size);
	status = check_table(&table, err);
	if (status < 0)
		return status;
	if (table.invalid.status == STATUS_OK && table.extra_count == 0 && table.count > 0)
		return tell_signers(parts, &table, err);
	if (table.count == 0)
		invalidate(&table, "no signature was verified");
	tell_invalid(parts, &table, source->size);
	return STATUS_OK;
}
