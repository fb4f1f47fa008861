/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/cms.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/parts.h"

/*
 * Kernel modules with a signature behind them (Documentation/admin-guide/module-signing.rst,
 * include/linux/module_signature.h): the ELF, PKCS #7 in DER, twelve bytes, a text.
 *
 * The certificate is in the kernel and not in the signature, so nothing here can tell whose it is
 * or whether it verifies: it is never a wrapper, and a difference in it is one. What is no bare
 * signature, or not only one, is signature-invalid as a whole.
 */

#define MAGIC	   "~Module signature appended~\n"
#define MAGIC_SIZE (sizeof(MAGIC) - 1)
#define INFO_SIZE  12
#define TAIL_SIZE  (INFO_SIZE + MAGIC_SIZE)
#define HEAD_SIZE  18 /* of an ELF header, up to its type */

/* A relocatable one (e_type ET_REL), of either byte order: Linux loads no other as a module. */
static bool is_relocatable(const unsigned char *data, size_t len)
{
	return len >= HEAD_SIZE && memcmp(data, "\177ELF", 4) == 0 && data[16] + data[17] == 1;
}

static unsigned kernel_module_bid(const struct candidate *candidate)
{
	struct source *source = candidate->source;
	char magic[MAGIC_SIZE];
	struct error ignored;

	if (!is_relocatable(candidate->data, candidate->len) || source == NULL ||
		source->size < TAIL_SIZE)
		return 0;
	if (source_pread(source, source->size - MAGIC_SIZE, magic, MAGIC_SIZE, &ignored) < 0)
		return 0;
	return memcmp(magic, MAGIC, MAGIC_SIZE) == 0 ? 32 + 8 * MAGIC_SIZE : 0;
}

/* With all that stands behind it. */
static enum status add_signature(
	struct parts *parts, uint64_t offset, uint64_t len, struct error *err)
{
	const char *region = "module-signature";
	unsigned char *data;
	struct digest digest;
	char hex[SHA256_HEX_SIZE];
	struct error why;
	enum status status;

	if (len > CMS_BYTES_MAX)
		return error_set(err, STATUS_LIMIT, "a signature of %" PRIu64 " bytes", len);
	data = xmalloc((size_t)len + 1);
	status = source_pread(parts->source, offset, data, (size_t)len, err);
	if (status < 0)
		goto out;
	hash_memory(data, (size_t)len, &digest);
	digest_hex(&digest, hex);
	if (cms_is_bare(data, (size_t)len, &why) < 0) {
		region = "signature-invalid";
		parts_add_field(parts, NULL, region, "%s; %" PRIu64 " bytes, SHA-256 %s", why.text,
			len, hex);
	} else {
		parts_add_field(parts, NULL, region, "%" PRIu64 " bytes, SHA-256 %s", len, hex);
	}
	parts_add(parts, REGION_STRUCTURE, region, offset, len + TAIL_SIZE);
out:
	free(data);
	return status;
}

static enum status read_module(struct parts *parts, struct error *err)
{
	/* The ids are of PKCS #7 (2); what it says itself is zero. */
	static const unsigned char info_expected[8] = {0, 0, 2};
	uint64_t size = parts->source->size, end, len;
	unsigned char tail[TAIL_SIZE];
	enum status status;

	if (size < TAIL_SIZE)
		return error_set(err, STATUS_FORMAT, "no signature behind it");
	end = size - TAIL_SIZE;
	status = source_pread(parts->source, end, tail, TAIL_SIZE, err);
	if (status < 0)
		return status;
	if (memcmp(tail + INFO_SIZE, MAGIC, MAGIC_SIZE) != 0)
		return error_set(err, STATUS_FORMAT, "no signature behind it");
	len = bytes_be32(tail + 8);
	if (len > end)
		return error_set(err, STATUS_FORMAT, "short read: the signature");
	parts_add_field(parts, NULL, "kind", "signed kernel module");
	if (memcmp(tail, info_expected, sizeof(info_expected)) != 0)
		parts_add_field_bytes(
			parts, NULL, "module-signature-form", tail, sizeof(info_expected));
	parts_add_member(parts, "module", 0, end - len);
	return add_signature(parts, end - len, len, err);
}

static enum status kernel_module_open(struct source *source, const char *name,
	const struct limits *limits, struct members **members, struct error *err)
{
	struct parts *parts = parts_new(source);
	enum status status = read_module(parts, err);

	(void)name, (void)limits;
	if (status < 0)
		parts_free(&parts->members);
	else
		status = parts_finish(parts, members, err);
	return status < 0 ? error_context(err, "kernel module") : STATUS_OK;
}

const struct format format_kernel_module = {
	.name = "kernel-module",
	.bid_bytes = HEAD_SIZE,
	.needs_seek = true,
	.is_lazy = true,
	.bid_more = kernel_module_bid,
	.open = kernel_module_open,
};
