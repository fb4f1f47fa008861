/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/ssh_key.h"

#include <string.h>

#include "base/array.h"
#include "base/buffer.h"

#define KEY_MOST     ((size_t)16384)
#define COMMENT_MOST 256

static const char *const types[] = {"ssh-ed25519", "ssh-rsa", "ssh-dss", "ecdsa-sha2-nistp256",
	"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"};

static int base64_value(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c != '\0' ? strchr(digits, c) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

/* Whole groups, "=" only at the end. Newlines are left out where `with_lines`. */
static bool decode(const char *data, size_t len, bool with_lines, struct buffer *out)
{
	unsigned bits = 0, count = 0, padding = 0;

	for (size_t i = 0; i < len; i++) {
		int value = base64_value(data[i]);

		if (with_lines && data[i] == '\n')
			continue;
		if (data[i] == '=' && ++padding <= 2)
			value = 0;
		else if (value < 0 || padding > 0)
			return false;
		bits = bits << 6 | (unsigned)value;
		if (++count % 4 == 0) {
			for (int shift = 16; shift >= 0; shift -= 8)
				buffer_add_char(out, (char)(bits >> shift & 0xff));
			bits = 0;
		}
	}
	if (count == 0 || count % 4 != 0)
		return false;
	buffer_truncate(out, out->len - padding);
	return true;
}

/* ---- the wire form: strings behind their lengths (RFC 4251, section 5) ---- */

struct wire {
	const char *at;
	size_t left;
};

static bool take_number(struct wire *wire, size_t *number)
{
	if (wire->left < 4)
		return false;
	*number = 0;
	for (int i = 0; i < 4; i++)
		*number = *number << 8 | (unsigned char)wire->at[i];
	wire->at += 4;
	wire->left -= 4;
	return true;
}

static bool take_string(struct wire *wire, struct wire *string)
{
	size_t len;

	if (!take_number(wire, &len) || len > wire->left)
		return false;
	*string = (struct wire){wire->at, len};
	wire->at += len;
	wire->left -= len;
	return true;
}

static bool is_text(const struct wire *string, const char *text)
{
	return string->left == strlen(text) && memcmp(string->at, text, string->left) == 0;
}

/* A public key: its type and the numbers of such a key, to the end. */
static bool read_public(struct wire wire, char type[32])
{
	struct wire name, part;
	size_t i = 0, parts = 0, wanted;

	if (!take_string(&wire, &name))
		return false;
	while (i < ARRAY_SIZE(types) && !is_text(&name, types[i]))
		i++;
	if (i == ARRAY_SIZE(types))
		return false;
	wanted = i == 0 ? 1 : i == 2 ? 4 : 2;
	while (wire.left > 0 && take_string(&wire, &part) && part.left > 0)
		parts++;
	memcpy(type, types[i], strlen(types[i]) + 1);
	return wire.left == 0 && parts == wanted;
}

static bool is_comment(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	}
	return len <= COMMENT_MOST;
}

/* "TYPE BASE64[ COMMENT]\n" */
static bool read_public_file(const char *data, size_t len, char type[32])
{
	const char *end = data + len - 1;
	const char *space = memchr(data, ' ', len);
	const char *comment;
	struct buffer blob = {0};
	bool is_key;

	if (*end != '\n' || space == NULL)
		return false;
	comment = memchr(space + 1, ' ', (size_t)(end - space - 1));
	if (comment == NULL)
		comment = end;
	is_key = decode(space + 1, (size_t)(comment - space - 1), false, &blob) &&
		read_public((struct wire){blob.data, blob.len}, type) &&
		strlen(type) == (size_t)(space - data) && memcmp(type, data, strlen(type)) == 0 &&
		(comment == end || is_comment(comment + 1, (size_t)(end - comment - 1)));
	buffer_release(&blob);
	return is_key;
}

/* The private half, unencrypted: two equal numbers, type, numbers, comment, padding 1, 2, 3, … */
static bool read_private_part(struct wire wire, const char *type)
{
	struct wire part, last = {0};
	size_t check[2], parts = 0;

	if (!take_number(&wire, &check[0]) || !take_number(&wire, &check[1]) ||
		check[0] != check[1] || !take_string(&wire, &part) || !is_text(&part, type))
		return false;
	while (parts < 8) {
		struct wire before = wire;

		if (!take_string(&wire, &part)) {
			wire = before;
			break;
		}
		last = part;
		parts++;
	}
	if (parts < 3 || !is_comment(last.at, last.left) || wire.left >= 8)
		return false;
	for (size_t i = 0; i < wire.left; i++) {
		if ((unsigned char)wire.at[i] != i + 1)
			return false;
	}
	return true;
}

static bool read_private_blob(struct wire wire, char type[32])
{
	static const char magic[] = "openssh-key-v1";
	struct wire cipher, kdf, options, public_key, private_key;
	size_t count;

	if (wire.left < sizeof(magic) || memcmp(wire.at, magic, sizeof(magic)) != 0)
		return false;
	wire.at += sizeof(magic);
	wire.left -= sizeof(magic);
	return take_string(&wire, &cipher) && is_text(&cipher, "none") &&
		take_string(&wire, &kdf) && is_text(&kdf, "none") && take_string(&wire, &options) &&
		options.left == 0 && take_number(&wire, &count) && count == 1 &&
		take_string(&wire, &public_key) && take_string(&wire, &private_key) &&
		wire.left == 0 && read_public(public_key, type) &&
		read_private_part(private_key, type);
}

static bool read_private_file(const char *data, size_t len, char type[32])
{
	static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
	static const char end[] = "-----END OPENSSH PRIVATE KEY-----\n";
	size_t begin_len = strlen(begin), end_len = strlen(end);
	struct buffer blob = {0};
	bool is_key;

	if (len < begin_len + end_len || memcmp(data, begin, begin_len) != 0 ||
		memcmp(data + len - end_len, end, end_len) != 0)
		return false;
	is_key = decode(data + begin_len, len - begin_len - end_len, true, &blob) &&
		read_private_blob((struct wire){blob.data, blob.len}, type);
	buffer_release(&blob);
	return is_key;
}

bool ssh_key_read(const char *data, size_t len, struct ssh_key *key)
{
	if (len == 0 || len > KEY_MOST)
		return false;
	key->is_private = data[0] == '-';
	return key->is_private ? read_private_file(data, len, key->type)
			       : read_public_file(data, len, key->type);
}
