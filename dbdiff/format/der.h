/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_DER_H
#define DBDIFF_FORMAT_DER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A reader of DER (X.690) that knows where every byte went: one-byte tags, lengths in their
 * shortest form. What a library reads more kindly than that is a place to hide bytes in.
 */
enum der_tag {
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_CONTEXT = 0xa0,	      /* [0], constructed; [1] is one more */
	DER_CONTEXT_PRIMITIVE = 0x80, /* [0] IMPLICIT of a primitive */
};

/* What is still to be read of a value; the bytes are borrowed. */
struct der {
	const unsigned char *data;
	size_t len;
};

struct der_value {
	unsigned tag;
	struct der content; /* without tag and length */
	struct der whole;   /* with them */
};

/* The next value of any tag; false at the end and for what is not DER. */
bool der_next(struct der *der, struct der_value *value);
/* The same if it has this tag; otherwise false, and nothing was read. */
bool der_take(struct der *der, unsigned tag, struct der_value *value);
/* Reads a value that must have this tag, and gives what is in it. */
bool der_enter(struct der *der, unsigned tag, struct der *inner);
bool der_equal(const struct der *a, const struct der *b);
/* Whether `value` is the object identifier with these content bytes. */
bool der_is_oid(const struct der_value *value, const void *oid, size_t len);

#endif
