/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/sha1.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/number.h"

#define READ_SIZE ((size_t)128 * 1024)

bool sha1_equal(const struct sha1 *a, const struct sha1 *b)
{
	return memcmp(a->bytes, b->bytes, SHA1_SIZE) == 0;
}

void sha1_hex(const struct sha1 *sha1, char hex[SHA1_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < SHA1_SIZE; i++) {
		hex[2 * i] = digits[sha1->bytes[i] >> 4];
		hex[2 * i + 1] = digits[sha1->bytes[i] & 15];
	}
	hex[2 * SHA1_SIZE] = '\0';
}

bool sha1_parse(const char *hex, size_t len, struct sha1 *sha1)
{
	if (len != 2 * SHA1_SIZE)
		return false;
	for (size_t i = 0; i < SHA1_SIZE; i++) {
		int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		sha1->bytes[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static void start(struct content_hash *hash)
{
	hash_must_work(EVP_DigestInit_ex2(hash->sha1, EVP_sha1(), NULL));
}

void content_hash_init(struct content_hash *hash)
{
	hash_init(&hash->hash);
	hash->sha1 = EVP_MD_CTX_new();
	hash_must_work(hash->sha1 != NULL);
	start(hash);
}

void content_hash_update(struct content_hash *hash, const void *data, size_t len)
{
	hash_update(&hash->hash, data, len);
	if (len)
		hash_must_work(EVP_DigestUpdate(hash->sha1, data, len));
}

void content_hash_finish(struct content_hash *hash, struct digest *digest, struct sha1 *sha1)
{
	unsigned len = 0;

	hash_finish(&hash->hash, digest);
	hash_must_work(EVP_DigestFinal_ex(hash->sha1, sha1->bytes, &len));
	hash_must_work(len == SHA1_SIZE);
	start(hash);
}

void content_hash_release(struct content_hash *hash)
{
	hash_release(&hash->hash);
	EVP_MD_CTX_free(hash->sha1);
	hash->sha1 = NULL;
}

enum status content_hash_fd(
	int fd, struct digest *digest, struct sha1 *sha1, uint64_t *size, struct error *err)
{
	enum status status = STATUS_OK;
	unsigned char *block = xmalloc(READ_SIZE);
	struct content_hash hash;
	ssize_t got;

	*size = 0;
	content_hash_init(&hash);
	while ((got = read(fd, block, READ_SIZE)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			status = error_set_errno(err, "reading");
			break;
		}
		content_hash_update(&hash, block, (size_t)got);
		*size += (uint64_t)got;
	}
	content_hash_finish(&hash, digest, sha1);
	content_hash_release(&hash);
	free(block);
	return status;
}
