/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/der.h"

#include <string.h>

/* The bytes of tag and length; 0 when they are not DER or the value is longer than what is left. */
static size_t header_size(const struct der *der, size_t *content_len)
{
	size_t size = 2;
	size_t len;

	if (der->len < 2 || (der->data[0] & 0x1f) == 0x1f)
		return 0;
	len = der->data[1];
	if (len & 0x80) {
		size_t bytes = len & 0x7f;

		if (bytes == 0 || bytes > sizeof(size_t) || bytes > der->len - size ||
			der->data[size] == 0)
			return 0;
		len = 0;
		for (size_t i = 0; i < bytes; i++)
			len = len << 8 | der->data[size + i];
		if (len < 0x80)
			return 0;
		size += bytes;
	}
	if (len > der->len - size)
		return 0;
	*content_len = len;
	return size;
}

bool der_next(struct der *der, struct der_value *value)
{
	size_t len = 0;
	size_t header = header_size(der, &len);

	if (header == 0)
		return false;
	value->tag = der->data[0];
	value->content = (struct der){der->data + header, len};
	value->whole = (struct der){der->data, header + len};
	der->data += header + len;
	der->len -= header + len;
	return true;
}

bool der_take(struct der *der, unsigned tag, struct der_value *value)
{
	return der->len > 0 && der->data[0] == tag && der_next(der, value);
}

bool der_enter(struct der *der, unsigned tag, struct der *inner)
{
	struct der_value value;

	if (!der_take(der, tag, &value))
		return false;
	*inner = value.content;
	return true;
}

bool der_equal(const struct der *a, const struct der *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

bool der_is_oid(const struct der_value *value, const void *oid, size_t len)
{
	return value->tag == DER_OID && value->content.len == len &&
		memcmp(value->content.data, oid, len) == 0;
}
